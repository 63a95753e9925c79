/**
 * The children of one supervisor that is an actor itself, on whichever cores: started, stopped and restarted by request, like the root's.
 *
 * 1. A child's slot stays its own from its first start until it is released, through its restarts and the loss of its core (D8).
 * 2. When the supervisor's incarnation ends, the slots of its static children wait, by id, for its next one; whoever of them still runs is ended. What the
 *    next incarnation has not taken when its start is over is released, and everything is when the supervisor's own slot is freed.
 * 3. The keeper ends with its core. Its children elsewhere go down with it (`lifecycle.ownerLost`), and the root, who was told of each kept
 *    slot, tells the successor which they were.
 */
import type { ExitReason } from '@cambium/actor'
import { assert, fromErrorRecord } from '@cambium/base'
import type { ActorAddress } from '@cambium/base'
import type { CoreRequests } from './core-requests.ts'
import type { Ownership } from './ownership.ts'
import type { Signal, StartSpec } from './signals.ts'

export interface ChildKeeperHost {
  readonly coreNumber: number
  /** Epoch of this core. */
  readonly life: number
  readonly coreCount: number
  readonly requests: CoreRequests
  /** To another core, or to this one. */
  order(core: number, signal: Signal): void
}

/** What the supervisor is told. */
export interface ChildListener {
  exited(id: string, reason: ExitReason): void
  /** All these were on a core that died. */
  coreLost(ids: readonly string[]): void
}

export interface ChildStart {
  readonly id: string
  readonly spec: StartSpec
  /** Where it goes if it has no slot yet. */
  readonly core: number
  /** Its slot waits for the next incarnation of its supervisor. */
  readonly isStatic: boolean
  /** Its slot waits for it when its core dies. */
  readonly isKept: boolean
}

interface KeptChild {
  readonly id: string
  readonly core: number
  readonly isStatic: boolean
  address: ActorAddress | undefined
  isUp: boolean
}

/** How long children may take that are ended because their supervisor is not there any more, in milliseconds. */
export const ORPHAN_TIMEOUT_MS = 5000

export class ChildKeeper {
  readonly #host: ChildKeeperHost
  readonly #self: ActorAddress
  readonly #children = new Map<string, KeptChild>()
  readonly #bySlot = new Map<number, KeptChild>()
  /** Slots of the incarnation before, by child. */
  readonly #waiting = new Map<string, ActorAddress>()
  #listener: ChildListener | undefined = undefined

  constructor(host: ChildKeeperHost, self: ActorAddress) {
    this.#host = host
    this.#self = self
  }

  get core(): number {
    return this.#host.coreNumber
  }

  /** Cores of the system, the main thread included. */
  get coreCount(): number {
    return this.#host.coreCount
  }

  /** An incarnation of the supervisor begins. */
  begin(listener: ChildListener): void {
    assert(this.#listener === undefined, 'one incarnation of a supervisor keeps its children at a time')
    this.#listener = listener
  }

  /** Its start is over: what has waited for a child that there is no more is released. */
  settle(): void {
    for (const address of this.#waiting.values()) this.#release(address)
    this.#waiting.clear()
  }

  /** Starts a child, in its slot if it has one; `done` gets its address. Not called when the core dies under a child that has a slot: see {@link ChildListener}. */
  start(child: ChildStart, done: (error: Error | undefined, address: ActorAddress | undefined) => void): void {
    const kept = this.#children.get(child.id) ?? this.#take(child)
    const { address } = kept
    const owner: Ownership = { supervisor: this.#self, id: child.id, isKept: child.isKept, life: this.#host.life }
    const make = (request: number): Signal =>
      address === undefined
        ? { type: 'spawn', request, spec: child.spec, owner }
        : { type: 'restart', request, slot: address.slot, generation: address.generation, spec: child.spec, owner }
    this.#host.requests.send(kept.core, address !== undefined, make, (answer) => {
      if (this.#children.get(child.id) !== kept) {
        // The incarnation that asked is over. Who had a slot before was taken care of by it.
        if (address === undefined && answer.type === 'started')
          this.#endOrphan({ core: kept.core, slot: answer.slot, generation: answer.generation }, false, false)
        return
      }
      if (answer.type === 'started') {
        kept.isUp = true
        kept.address = { core: kept.core, slot: answer.slot, generation: answer.generation }
        this.#bySlot.set(slotKey(kept.address), kept)
        done(undefined, kept.address)
      } else if (answer.type === 'start_failed') {
        if (kept.address === undefined) this.#children.delete(child.id)
        done(fromErrorRecord(answer.error), undefined)
      }
    })
  }

  /** Ends the incarnation of a child and keeps its slot. */
  stop(id: string, timeoutMs: number, done: (reason: ExitReason) => void): void {
    const kept = this.#children.get(id)
    if (kept?.address === undefined) {
      done({ kind: 'shutdown' })
      return
    }
    const { slot, generation } = kept.address
    const make = (request: number): Signal => ({ type: 'stop', request, slot, generation, timeoutMs, keepsSlot: true })
    this.#host.requests.send(kept.core, true, make, (answer) => {
      if (this.#children.get(id) !== kept) return
      kept.isUp = false
      if (answer.type === 'stopped') done(answer.reason)
    })
  }

  /** The child will not be started again in its slot. */
  release(id: string): void {
    const kept = this.#children.get(id)
    if (kept === undefined) return
    this.#forget(kept)
    if (kept.address !== undefined) this.#release(kept.address)
  }

  addressOf(id: string): ActorAddress | undefined {
    return this.#children.get(id)?.address
  }

  /** A child has ended unasked. Nobody's slot is released. */
  exited(address: ActorAddress, reason: ExitReason): void {
    const kept = this.#bySlot.get(slotKey(address))
    if (kept?.address?.generation === address.generation && this.#listener !== undefined) {
      kept.isUp = false
      this.#listener.exited(kept.id, reason)
      return
    }
    for (const waiting of this.#waiting.values())
      if (waiting.core === address.core && waiting.slot === address.slot && waiting.generation === address.generation) return
    this.#release(address)
  }

  coreLost(core: number): void {
    const ids: string[] = []
    for (const kept of this.#children.values()) {
      if (kept.core !== core || kept.address === undefined) continue
      kept.isUp = false
      ids.push(kept.id)
    }
    if (ids.length > 0) this.#listener?.coreLost(ids)
  }

  /** The slots that a predecessor of this keeper had, on a core that died. */
  remember(children: readonly { readonly id: string; readonly address: ActorAddress }[]): void {
    for (const { id, address } of children) this.#waiting.set(id, address)
  }

  /** The incarnation of the supervisor is over. Children that still run are ended, at once after a kill. */
  end(isKilled: boolean): void {
    if (this.#listener === undefined) return
    this.#listener = undefined
    for (const kept of this.#children.values()) {
      const { address, id, isStatic } = kept
      if (address === undefined) continue // its first start is under way: its answer finds nobody
      if (kept.isUp) this.#endOrphan(address, isKilled, isStatic)
      else if (!isStatic) this.#release(address)
      if (isStatic) this.#waiting.set(id, address)
    }
    this.#children.clear()
    this.#bySlot.clear()
  }

  /** The supervisor's slot is freed. */
  close(): void {
    this.settle()
  }

  #take(child: ChildStart): KeptChild {
    const address = this.#waiting.get(child.id)
    this.#waiting.delete(child.id)
    const kept: KeptChild = {
      id: child.id,
      core: address?.core ?? child.core,
      isStatic: child.isStatic,
      address,
      isUp: false,
    }
    this.#children.set(child.id, kept)
    if (address !== undefined) this.#bySlot.set(slotKey(address), kept)
    return kept
  }

  #forget(kept: KeptChild): void {
    this.#children.delete(kept.id)
    if (kept.address !== undefined) this.#bySlot.delete(slotKey(kept.address))
  }

  #endOrphan({ core, slot, generation }: ActorAddress, isKilled: boolean, keepsSlot: boolean): void {
    this.#host.order(core, {
      type: 'stop',
      request: 0,
      slot,
      generation,
      timeoutMs: isKilled ? 0 : ORPHAN_TIMEOUT_MS,
      keepsSlot,
    })
  }

  #release({ core, slot, generation }: ActorAddress): void {
    this.#host.order(core, { type: 'release', slot, generation })
  }
}

function slotKey(address: { readonly core: number; readonly slot: number }): number {
  return address.core * 2 ** 24 + address.slot
}
