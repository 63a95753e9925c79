/**
 * The children of one supervisor that is an actor itself, on whichever cores: started, stopped and restarted by request, like the root's.
 *
 * 1. A child's slot stays its own from its first start until it is released, through its restarts and the loss of its core (D8).
 * 2. When the supervisor's incarnation ends, the slots of its static children wait, by id, for its next one; whoever of them still runs is ended. What the
 *    next incarnation has not taken when its start is over is released, and everything is when the supervisor's own slot is freed.
 * 3. A supervisor may be told of a slot that was free by then: the incarnation before had released it, and died before the root knew. The child's core makes that slot
 *    anew; where another actor has it by now, the child gets a new one, as at its first start: whoever knows the old ref knows it as that of an actor that has ended.
 * 4. The keeper ends with its core. Its children elsewhere go down with it (`lifecycle.ownersLost`), and the root, who was told of each kept
 *    slot, tells the successor which they were.
 */
import type { ExitReason } from '@cambium/actor'
import { assert, fromErrorRecord, sameAddress, slotKey } from '@cambium/base'
import type { ActorAddress } from '@cambium/base'
import type { ActorCell } from './actor-cell.ts'
import type { CoreRequests } from './core-requests.ts'
import type { Ownership } from './ownership.ts'
import type { BlamedActor, Signal, StartSpec, SupervisionNews } from './signals.ts'
import { CallbackTimer } from './timer-wheel.ts'
import type { TimerWheel } from './timer-wheel.ts'

export interface ChildKeeperHost {
  readonly coreNumber: number
  /** Epoch of this core. */
  readonly life: number
  readonly coreCount: number
  readonly requests: CoreRequests
  readonly wheel: TimerWheel
  now(): number
  /** To another core, or to this one. */
  order(core: number, signal: Signal): void
  toRoot(signal: Signal): void
  /** What `value` would be on another core. Throws `ERR_CANNOT_TRAVEL`. */
  copy(value: unknown): unknown
}

/** What the supervisor is told. */
export interface ChildListener {
  exited(id: string, reason: ExitReason): void
  /** All these were on a core that died. `blamed` are those whose callback was running, if it is one of them. */
  coreLost(ids: readonly string[], blamed: readonly string[]): void
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
/** Of a supervisor's child no other restart is refused so: one that is running, ending or being freed is waited for. */
const SLOT_TAKEN = 'ERR_NOT_RESTARTABLE'

export class ChildKeeper {
  readonly #host: ChildKeeperHost
  readonly #self: ActorCell
  readonly #children = new Map<string, KeptChild>()
  readonly #bySlot = new Map<number, KeptChild>()
  /** Slots of the incarnation before, by child. */
  readonly #waiting = new Map<string, ActorAddress>()
  readonly #timers = new Set<CallbackTimer>()
  #listener: ChildListener | undefined = undefined

  constructor(host: ChildKeeperHost, self: ActorCell) {
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
    const { core, slot, generation, path } = this.#self
    const owner: Ownership = {
      supervisor: { core, slot, generation },
      id: child.id,
      path,
      isKept: child.isKept,
      life: this.#host.life,
    }
    // To another core it travels as bytes anyway; here, what an incarnation does to its argument must not reach the next one.
    const spec = kept.core === core && isObject(child.spec.argument) ? this.#copied(child.spec) : child.spec
    const make = (request: number): Signal =>
      address === undefined
        ? { type: 'spawn', request, spec, owner }
        : { type: 'restart', request, slot: address.slot, generation: address.generation, spec, owner }
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
        if (address !== undefined && answer.error.code === SLOT_TAKEN) {
          this.#vacate(kept)
          this.start(child, done)
          return
        }
        if (kept.address === undefined) this.#children.delete(child.id)
        done(fromErrorRecord(answer.error), undefined)
      }
    })
  }

  /** Ends the incarnation of a child and keeps its slot, unless the supervisor's own will be freed. */
  stop(id: string, timeoutMs: number, done: (reason: ExitReason) => void): void {
    const kept = this.#children.get(id)
    if (kept?.address === undefined) {
      done({ kind: 'shutdown' })
      return
    }
    const { slot, generation } = kept.address
    const keepsSlot = !this.#isFinal
    const make = (request: number): Signal => ({ type: 'stop', request, slot, generation, timeoutMs, keepsSlot })
    this.#host.requests.send(kept.core, true, make, (answer) => {
      if (this.#children.get(id) !== kept) return
      kept.isUp = false
      if (answer.type !== 'stopped') return
      if (!keepsSlot) this.#vacate(kept)
      done(answer.reason)
    })
  }

  /** When the supervisor's own slot will be freed: frees those of the children that were down already. `done` is called when they are. */
  freeRest(done: () => void): void {
    const rest = this.#isFinal ? [...this.#children.values()].filter(({ address }) => address !== undefined) : []
    let left = rest.length
    if (left === 0) {
      done()
      return
    }
    for (const kept of rest) {
      const { slot, generation } = kept.address as ActorAddress
      this.#vacate(kept)
      const make = (request: number): Signal => ({ type: 'stop', request, slot, generation, timeoutMs: 0, keepsSlot: false })
      this.#host.requests.send(kept.core, false, make, () => {
        left -= 1
        if (left === 0) done()
      })
    }
  }

  /** Calls back after so many milliseconds, unless the incarnation ends first or what is returned is called. */
  wait(delayMs: number, callback: () => void): () => void {
    const timer = new CallbackTimer(() => {
      this.#timers.delete(timer)
      callback()
    })
    this.#timers.add(timer)
    this.#host.wheel.start(timer, this.#host.now() + delayMs)
    return () => {
      if (this.#timers.delete(timer)) this.#host.wheel.cancel(timer)
    }
  }

  /** For the system's events. */
  tell(news: SupervisionNews): void {
    this.#host.toRoot({ type: 'supervision', path: this.#self.path, ...news })
  }

  /** The child will not be started again in its slot. */
  release(id: string): void {
    const kept = this.#children.get(id)
    if (kept === undefined) return
    this.#forget(kept)
    if (kept.address !== undefined) this.#release(kept.address)
  }

  /** Where the supervisor stands in its tree. */
  get path(): string {
    return this.#self.path
  }

  isUp(id: string): boolean {
    return this.#children.get(id)?.isUp === true
  }

  idOf(address: ActorAddress): string | undefined {
    const kept = this.#bySlot.get(slotKey(address))
    return kept?.address?.generation === address.generation ? kept.id : undefined
  }

  addressOf(id: string): ActorAddress | undefined {
    return this.#children.get(id)?.address
  }

  /** A child has ended unasked. Nobody's slot is released. */
  exited(address: ActorAddress, reason: ExitReason): void {
    const kept = this.#bySlot.get(slotKey(address))
    if (kept?.address?.generation === address.generation && this.#listener !== undefined) {
      // Its core tells of a start before it tells of the end. Before that, it is the end of one that the incarnation before had started.
      if (!kept.isUp) return
      kept.isUp = false
      this.#listener.exited(kept.id, reason)
      return
    }
    if (!this.#knows(address)) this.#release(address)
  }

  /** A child was the guest of a core that has died: a loss, as that of its own core would be. */
  hostLost(address: ActorAddress, isBlamed: boolean): void {
    const id = this.idOf(address)
    const kept = id === undefined ? undefined : this.#children.get(id)
    if (id === undefined || kept === undefined || this.#listener === undefined) {
      if (!this.#knows(address)) this.#release(address)
      return
    }
    if (!kept.isUp) return
    kept.isUp = false
    this.#listener.coreLost([id], isBlamed ? [id] : [])
  }

  coreLost(core: number, blamed: BlamedActor | undefined): void {
    const ids: string[] = []
    const guilty: string[] = []
    for (const kept of this.#children.values()) {
      if (kept.core !== core || kept.address === undefined) continue
      kept.isUp = false
      ids.push(kept.id)
      if (kept.address.slot === blamed?.slot && kept.address.generation === blamed.generation) guilty.push(kept.id)
    }
    if (ids.length > 0) this.#listener?.coreLost(ids, guilty)
  }

  /** The slots that a predecessor of this keeper had, on a core that died, in the order of their first start. */
  remember(children: readonly { readonly id: string; readonly address: ActorAddress }[]): void {
    for (const { id, address } of children) {
      const earlier = this.#waiting.get(id)
      this.#waiting.set(id, address)
      // Its core died before its start was told, and the child was given another slot.
      if (earlier !== undefined) this.#release(earlier)
    }
  }

  /** The successor of a dead core keeps these slots for this supervisor. One whose start was never told is nobody's. */
  adopted(addresses: readonly ActorAddress[]): void {
    for (const address of addresses) if (!this.#knows(address)) this.#release(address)
  }

  /** The incarnation of the supervisor is over. Children that still run are ended, at once after a kill. */
  end(isKilled: boolean): void {
    if (this.#listener === undefined) return
    this.#listener = undefined
    for (const timer of this.#timers) this.#host.wheel.cancel(timer)
    this.#timers.clear()
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

  /** Whether the supervisor was told to end for good. */
  get #isFinal(): boolean {
    return this.#self.afterEnd !== undefined && !this.#self.keepsSlot
  }

  /** Its slot has been freed, or will be. */
  #vacate(kept: KeptChild): void {
    if (kept.address !== undefined) this.#bySlot.delete(slotKey(kept.address))
    kept.address = undefined
  }

  #knows(address: ActorAddress): boolean {
    if (this.idOf(address) !== undefined) return true
    for (const waiting of this.#waiting.values()) if (sameAddress(waiting, address)) return true
    return false
  }

  #copied(spec: StartSpec): StartSpec {
    return { ...spec, argument: this.#host.copy(spec.argument) }
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

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null
}
