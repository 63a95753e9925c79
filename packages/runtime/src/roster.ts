/** The supervised actors of one system: by slot, with their names, and how many each core has. */
import { EXIT_SHUTDOWN } from '@cambium/actor'
import { slotKey } from '@cambium/base'
import type { ActorAddress } from '@cambium/base'
import type { AdoptedSlot, DirectoryOffice } from '@cambium/scheduler'
import type { SupervisorFlags } from '@cambium/supervision'
import { Placement } from './placement.ts'
import type { CheckedActor } from './spawn-options.ts'
import type { SupervisedActor } from './supervised-actor.ts'

export class Roster {
  /** By core and slot, while the actor has a slot. */
  readonly #bySlot = new Map<number, SupervisedActor>()
  readonly #placement: Placement
  /** Where the names of this system are. */
  readonly #office: DirectoryOffice
  #order = 0

  constructor(cores: number, workers: readonly number[], office: DirectoryOffice) {
    this.#office = office
    this.#placement = new Placement(cores, workers)
  }

  /** All that have a slot, in the order of their first start. */
  get actors(): SupervisedActor[] {
    return [...this.#bySlot.values()].sort((a, b) => a.order - b.order)
  }

  on(core: number): SupervisedActor[] {
    return this.actors.filter((actor) => actor.core === core)
  }

  find(address: ActorAddress): SupervisedActor | undefined {
    const actor = this.#bySlot.get(slotKey(address))
    return actor?.address?.generation === address.generation ? actor : undefined
  }

  /** Makes the record of an actor and takes its name. Throws `ERR_NAME_TAKEN`. */
  enlist(id: string, checked: CheckedActor, limits: SupervisorFlags): SupervisedActor {
    this.#order += 1
    const actor: SupervisedActor = {
      id,
      start: checked.start,
      layouts: checked.layouts,
      isBalanced: checked.isBalanced,
      restart: checked.restart,
      shutdown: checked.shutdown,
      limits,
      core: this.#placement.choose(checked.core, checked.key),
      address: undefined,
      lastAddress: undefined,
      supervisor: undefined,
      isEnlisted: false,
      isEnding: false,
      downSinceMs: undefined,
      onGone: undefined,
      lastEnd: undefined,
      order: this.#order,
    }
    this.takeName(actor)
    return actor
  }

  /** Takes the name back that a release gave up. Throws `ERR_NAME_TAKEN`. */
  takeName(actor: SupervisedActor): void {
    if (actor.isEnlisted) return
    const { name } = actor.start
    if (name !== undefined) this.#office.giveName(name)
    actor.isEnlisted = true
    this.#placement.added(actor.core)
  }

  /** Undoes {@link enlist}; the actor has no slot any more. */
  discharge(actor: SupervisedActor): void {
    if (!actor.isEnlisted) return
    actor.isEnlisted = false
    this.#placement.removed(actor.core)
    if (actor.start.name !== undefined) this.#office.takeNameBack(actor.start.name)
  }

  /** The actor has got its slot. */
  settle(actor: SupervisedActor, address: ActorAddress): void {
    actor.address = address
    actor.lastAddress = address
    this.#bySlot.set(slotKey(address), actor)
    if (actor.start.name !== undefined) this.#office.settleName(actor.start.name, address)
  }

  /** Its slot and its name are free. */
  forget(actor: SupervisedActor): void {
    if (actor.address !== undefined) {
      this.#bySlot.delete(slotKey(actor.address))
      actor.address = undefined
    }
    this.discharge(actor)
    const { onGone } = actor
    actor.onGone = undefined
    onGone?.(actor.lastEnd ?? EXIT_SHUTDOWN)
  }

  /** What the successor of a dead core has to keep slots for. */
  adoptedSlots(core: number): AdoptedSlot[] {
    return this.on(core).map((actor) => {
      const { slot, generation } = actor.address as ActorAddress
      return { slot, generation, name: actor.start.name, mailbox: actor.start.mailbox }
    })
  }
}
