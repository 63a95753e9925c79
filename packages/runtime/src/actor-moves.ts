/**
 * Moves of actors between cores, as the root orders them (what the cores do is in `scheduler/src/moves.ts`). The root remembers where an actor may be besides at home, so that the
 * successor of a home has it ended there before it starts it anew. An entry, all of it in the root's thread:
 *
 * 1. *Asked.* A request for a move to a core is under way; there may be several. From then on, and not only from the answer on, the actor may be there.
 * 2. *Hosts.* Home answers where it is (`started`): its place for certain, and the only host. A request that was refused changes nothing: what home says of a
 *    host that it left meanwhile is 3.
 * 3. *Settled.* Home says that it is on these cores no more, as it is back, or has ended: they are hosts no more.
 * 4. *Adopted.* Home's core has died and its successor takes the slot over. It is told the hosts, those that were asked for among them: their requests fail with the core that they were
 *    made to, after this, and may have been carried out. It has the actor evicted there, then says what 3 needs.
 * 5. *Ended.* Home's core has died and nobody takes the slot over, or the actor was to stop for good: the root itself has the hosts end it, and whoever stops it is told only then (`endGuest`).
 * 6. An entry with neither hosts, nor requests, nor an end that the root has asked for goes, whichever came last. What comes for one that has gone changes nothing.
 */
import { isRef } from '@cambium/actor'
import {
  CambiumError,
  checkDuration,
  checkFields,
  formatAddress,
  fromErrorRecord,
  optionError,
  sameAddress,
  slotKey,
} from '@cambium/base'
import type { ActorAddress } from '@cambium/base'
import { checkHosted } from '@cambium/scheduler'
import type { AdoptedSlot, Core, CoreRequests, StartSpec } from '@cambium/scheduler'

export interface ActorMovesRoot {
  readonly core: Pick<Core, 'coreCount' | 'sender' | 'requestTurn'> & { readonly requests: Pick<CoreRequests, 'send'> }
  readonly pool: { started(core: number, module: string): void; thread(core: number): unknown }
  readonly roster: { find(address: ActorAddress): { readonly start: StartSpec } | undefined }
  now(): number
}

export interface MigrateOptions {
  /** How long the actor may take to come to rest, in milliseconds; it goes on as ever meanwhile. @default 5000 */
  readonly timeoutMs?: number
}

const TIMEOUT_MS_DEFAULT = 5000
const TIMEOUT_MS_MAX = 86_400_000

export interface ActorMove {
  readonly actor: ActorAddress
  readonly name: string | undefined
  readonly from: number
  readonly to: number
  readonly tookMs: number
  /** Who wanted it. */
  readonly by: 'request' | 'balancer'
}

interface Whereabouts {
  readonly home: ActorAddress
  /** Where it is for certain: the place that its home told of. */
  place: ActorAddress
  /** Other cores than its home where it may be, and those to which it was asked to go: requests that have no answer yet. */
  readonly hosts: Set<number>
  readonly asked: Map<number, number>
  /** The root has it ended on its hosts, and tells these when it is. */
  ending: (() => void)[] | undefined
}

export class ActorMoves {
  readonly #root: ActorMovesRoot
  readonly #moved: (move: ActorMove) => void
  readonly #byHome = new Map<number, Whereabouts>()

  constructor(root: ActorMovesRoot, moved: (move: ActorMove) => void) {
    this.#root = root
    this.#moved = moved
  }

  /** Where the actor of that ref is now, as far as is known. */
  placeOf(home: ActorAddress): ActorAddress {
    return this.#find(home)?.place ?? home
  }

  /** The ref of the actor that has that place: its own, unless it is a guest there. */
  homeAt(place: ActorAddress): ActorAddress {
    for (const known of this.#byHome.values()) if (sameAddress(known.place, place)) return known.home
    return place
  }

  /** The actors that are guests of that core, by their places there. */
  guestsOn(core: number): { readonly place: ActorAddress; readonly home: ActorAddress }[] {
    return [...this.#byHome.values()].filter(({ place, home }) => place.core === core && home.core !== core)
  }

  /** Actors that are, or may be, on other cores than their own: for reports and tests. */
  get count(): number {
    return this.#byHome.size
  }

  /** For code outside actors: checks what it is given. Throws `ERR_OPTION`, `ERR_FOREIGN_REF`, `ERR_NO_SUCH_CORE`. */
  async migrateFromOutside(ref: unknown, to: unknown, options: MigrateOptions): Promise<void> {
    checkFields('options', options, ['timeoutMs'])
    const range = { default: TIMEOUT_MS_DEFAULT, min: 0, max: TIMEOUT_MS_MAX }
    const timeoutMs = checkDuration('options.timeoutMs', options.timeoutMs, range)
    const { coreCount, sender } = this.#root.core
    if (typeof to !== 'number' || !Number.isInteger(to) || to < 0 || to >= coreCount)
      throw optionError('core', to, `a core from 0 to ${coreCount - 1}`)
    if (!isRef(ref)) throw optionError('ref', ref, 'a ref')
    checkHosted(ref, sender)
    if (ref.core >= coreCount)
      throw new CambiumError('ERR_NO_SUCH_CORE', `ref names no core of this system: ref=${formatAddress(ref)}`)
    await this.migrate(ref, to, timeoutMs, 'request')
  }

  /** Resolves when the actor runs there. Rejects with what its home said. */
  migrate(ref: ActorAddress, to: number, timeoutMs: number, by: ActorMove['by']): Promise<void> {
    const home = { core: ref.core, slot: ref.slot, generation: ref.generation }
    const startedMs = this.#root.now()
    const from = this.placeOf(home).core
    const known = this.#note(home)
    this.#ask(known, to, 1)
    return new Promise((resolve, reject) => {
      const { slot, generation } = home
      this.#root.core.requests.send(
        home.core,
        false,
        (request) => ({ type: 'migrate', request, slot, generation, to, timeoutMs }),
        (answer) => {
          this.#ask(known, to, -1)
          if (answer.type === 'started') {
            this.#arrived(known, { core: to, slot: answer.slot, generation: answer.generation })
            const name = this.#root.roster.find(home)?.start.name
            if (from !== to) this.#moved({ actor: home, name, from, to, tookMs: this.#root.now() - startedMs, by })
            resolve()
          } else {
            reject(
              answer.type === 'start_failed'
                ? fromErrorRecord(answer.error)
                : new CambiumError('ERR_SIGNAL', `answer is none to a move: type=${answer.type}`, { severity: 'bug' }),
            )
          }
          this.#tidy(known)
        },
      )
      this.#root.core.requestTurn()
    })
  }

  /** Its home says that it is on these cores no more; it may be on its way to one of them again. */
  settled(home: ActorAddress, hosts: readonly number[]): void {
    const known = this.#find(home)
    if (known === undefined) return
    for (const host of hosts) known.hosts.delete(host)
    if (hosts.includes(known.place.core)) known.place = known.home
    this.#tidy(known)
  }

  /** A core has died, and its successor takes these slots over. Answers what it is told of them; what else was at home there is nobody's any more, and ends where it is. */
  adopted(core: number, slots: readonly AdoptedSlot[]): AdoptedSlot[] {
    const kept = new Set<Whereabouts>()
    const told = slots.map((each): AdoptedSlot => {
      const known = this.#find({ core, slot: each.slot, generation: each.generation })
      if (known === undefined) return each
      kept.add(known)
      for (const to of known.asked.keys()) known.hosts.add(to)
      return { ...each, hosts: [...known.hosts] }
    })
    for (const known of this.#byHome.values())
      if (known.home.core === core && !kept.has(known)) this.endGuest(known.home, () => {})
    return told
  }

  /** Its home has died, and it is not to start again: whoever may have it ends it. Calls back when all have; a host that dies has. */
  endGuest(home: ActorAddress | undefined, done: () => void): void {
    const known = home === undefined ? undefined : this.#find(home)
    if (known === undefined) done()
    else if (known.ending === undefined) this.#end(known, done)
    else known.ending.push(done)
  }

  #end(known: Whereabouts, done: () => void): void {
    const { core, pool } = this.#root
    const { home } = known
    const ending = [done]
    known.ending = ending
    const hosts = [...new Set([...known.hosts, ...known.asked.keys()])]
    const alive = hosts.filter((host) => host === 0 || pool.thread(host) !== undefined)
    let left = alive.length
    const ended = (): void => {
      left -= 1
      if (left > 0) return
      known.ending = undefined
      this.settled(home, hosts)
      for (const each of ending) each()
    }
    if (left === 0) ended()
    for (const host of alive)
      core.requests.send(host, false, (request) => ({ type: 'evict', request, home, incarnation: undefined }), ended)
    core.requestTurn()
  }

  #arrived(known: Whereabouts, place: ActorAddress): void {
    known.place = place
    known.hosts.clear()
    if (place.core === known.home.core) return
    known.hosts.add(place.core)
    const actor = this.#root.roster.find(known.home)
    if (actor !== undefined) this.#root.pool.started(place.core, actor.start.module)
  }

  /** A request for a move to that core begins, or has been answered. */
  #ask(known: Whereabouts, to: number, change: 1 | -1): void {
    if (to === known.home.core) return
    const count = (known.asked.get(to) ?? 0) + change
    if (count > 0) known.asked.set(to, count)
    else known.asked.delete(to)
  }

  #tidy(known: Whereabouts): void {
    const isNowhereElse = known.hosts.size + known.asked.size === 0 && known.ending === undefined
    if (isNowhereElse && this.#find(known.home) === known) this.#byHome.delete(slotKey(known.home))
  }

  #note(home: ActorAddress): Whereabouts {
    const known = this.#find(home)
    if (known !== undefined) return known
    const fresh: Whereabouts = { home, place: home, hosts: new Set(), asked: new Map(), ending: undefined }
    this.#byHome.set(slotKey(home), fresh)
    return fresh
  }

  #find(home: ActorAddress): Whereabouts | undefined {
    const known = this.#byHome.get(slotKey(home))
    return known !== undefined && sameAddress(known.home, home) ? known : undefined
  }
}
