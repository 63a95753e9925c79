/**
 * Reverse order of stops: who was started later ends first, since it may rely on who was there before.
 *
 * 1. When an actor ends, its children end one by one, the youngest first. Not those that it stopped itself, nor those that ended unasked; and more of
 *    them than the runtime stops in line (`scheduler/src/actor-end.ts`) may end together.
 * 2. When a system is shut down, an actor ends after all that were asked for when it was there already, and after those behind it in its group. Unless
 *    the younger one has had its share of the time (`runtime/src/stop-actors.ts`), or the time is nearly up.
 *
 * In what order a supervisor stops its children is for `supervision.ts` to see. An end is seen at its context: there the incarnation is over.
 */
import { isRef } from '@cambium/actor'
import type { ActorAddress } from '@cambium/base'
import { formatAddress } from '@cambium/base'
import type { System } from '@cambium/runtime'
import type { Core } from '@cambium/scheduler'
import { isOver } from './incarnations.ts'
import type { Incarnations } from './supervision.ts'
import { violation } from './violation.ts'

type Cell = Core['slots']['cells'][number] & object

/** Of an actor that code outside has asked for. Places in the order of what was asked for and what was answered. */
interface Tenure {
  readonly address: string
  readonly askedFor: number
  readonly settled: number
  readonly group: number
  /** In its group. */
  readonly index: number
}

interface Shutdown {
  readonly beganMs: number
  readonly timeoutMs: number
  /** Incarnations that had begun before. */
  readonly begun: number
}

export interface StopOrderOptions {
  readonly incarnations: Incarnations
  readonly now: () => number
  readonly report: (error: Error) => void
}

const STOPPING = 4
const CHILDREN_IN_LINE_MAX = 256
/** The least time that the next one waits for one before. */
const SHARE_MS_MIN = 50
/** Of the time for a shutdown: in what is left after it all may be stopped at once. */
const IN_TURN_SHARE = 0.7
const TENURES_MAX = 10_000

export class StopOrderOracle {
  readonly #options: StopOrderOptions
  readonly #stoppedByParent = new WeakSet<Cell>()
  /** They have had more children than are stopped in line. */
  readonly #crowded = new WeakSet<Cell>()
  /** In the order in which they were settled. */
  readonly #tenures: Tenure[] = []
  readonly #byAddress = new Map<string, Tenure>()
  readonly #stoppedByUser = new Set<string>()
  /** When a stop for good was ordered. */
  readonly #orderedMs = new Map<string, number>()
  #isLate = false
  #places = 0
  #begun = 0
  #shutdown: Shutdown | undefined = undefined
  /** The system has begun to shut down. */
  isClosing = false

  constructor(options: StopOrderOptions) {
    this.#options = options
  }

  /** Looks at what code outside asks the system for. */
  watchSystem(system: System, shutdownTimeoutMs: number): void {
    const asked = system as { -readonly [K in 'spawn' | 'supervise' | 'stop' | 'shutdown']: System[K] }
    const [spawn, supervise, stop, shutdown] = [
      system.spawn.bind(system),
      system.supervise.bind(system),
      system.stop.bind(system) as (what: never, options?: never) => Promise<never>,
      system.shutdown.bind(system),
    ]
    asked.spawn = async (behaviour, argument, options) => {
      const askedFor = this.#nextPlace()
      const ref = await spawn(behaviour, argument, options)
      this.#settled([ref], askedFor)
      return ref
    }
    asked.supervise = async (children, options) => {
      const askedFor = this.#nextPlace()
      const refs = await supervise(children, options)
      this.#settled(Object.values(refs) as ActorAddress[], askedFor)
      return refs
    }
    asked.stop = ((what: object | undefined, options: never) => {
      for (const ref of isRef(what) ? [what] : Object.values(what ?? {}))
        if (isRef(ref)) this.#stoppedByUser.add(formatAddress(ref))
      return stop(what as never, options)
    }) as unknown as System['stop']
    asked.shutdown = (options) => {
      const timeoutMs = options?.timeoutMs ?? shutdownTimeoutMs
      if (this.#shutdown === undefined && !this.isClosing && typeof timeoutMs === 'number')
        this.#shutdown = { beganMs: this.#options.now(), timeoutMs, begun: this.#begun }
      return shutdown(options)
    }
  }

  /** A core begins. */
  watchCore(core: Core): void {
    const { lifecycle, slots } = core
    const stopChild = lifecycle.stopChild.bind(lifecycle)
    lifecycle.stopChild = (parent, child) => {
      const cell = child?.core === core.coreNumber ? slots.cells[child.slot] : undefined
      if (cell !== undefined && cell.generation === child.generation) this.#stoppedByParent.add(cell)
      return stopChild(parent, child)
    }
    const handleSignal = core.handleSignal.bind(core)
    core.handleSignal = (signal) => {
      if (signal.type === 'close') this.isClosing = true
      handleSignal(signal)
    }
    const { router } = core
    const order = router.order.bind(router)
    router.order = (to, signal) => {
      if (signal.type === 'stop' && !signal.keepsSlot) {
        const address = formatAddress({ core: to, slot: signal.slot, generation: signal.generation })
        if (!this.#orderedMs.has(address)) this.#orderedMs.set(address, this.#options.now())
      }
      return order(to, signal)
    }
  }

  /** Whether code outside has asked for the end of that actor. */
  wasStopped(address: string): boolean {
    return this.#stoppedByUser.has(address)
  }

  /** Whether the shutdown has had to go on without an actor that took its time, as it may; also when nobody knows how much time it had. */
  get hasGivenUp(): boolean {
    if (this.#isLate || this.#shutdown === undefined) return true
    const { beganMs, timeoutMs } = this.#shutdown
    const nowMs = this.#options.now()
    if (nowMs - beganMs >= timeoutMs * IN_TURN_SHARE) return true
    for (const [address, orderedMs] of this.#orderedMs)
      if (nowMs - orderedMs >= SHARE_MS_MIN && this.#options.incarnations.latest(address)?.isAlive === true) return true
    return false
  }

  /** An incarnation begins; `number` counts all of the run. */
  starting(number: number): void {
    this.#begun = number
  }

  /** An incarnation is over. */
  ended(cell: Cell): void {
    // Asked for, and in good order: a core that dies takes its actors all at once.
    if (cell.afterEnd === undefined || cell.status !== STOPPING) return
    if (this.#shutdown !== undefined && cell.parent === undefined) {
      const orderedMs = this.#orderedMs.get(formatAddress(cell))
      if (orderedMs !== undefined && this.#options.now() - orderedMs >= SHARE_MS_MIN) this.#isLate = true
    }
    try {
      if (cell.parent !== undefined) this.#checkSiblings(cell, cell.parent)
      else if (this.#shutdown !== undefined && !cell.keepsSlot) this.#checkShutdown(formatAddress(cell), this.#shutdown)
    } catch (error) {
      this.#options.report(error as Error)
    }
  }

  #checkSiblings(cell: Cell, parent: Cell): void {
    const siblings = parent.children
    if (siblings === undefined || parent.status !== STOPPING || this.#stoppedByParent.has(cell)) return
    if (siblings.size > CHILDREN_IN_LINE_MAX) this.#crowded.add(parent)
    if (this.#crowded.has(parent)) return
    for (let sibling = cell.younger; sibling !== undefined; sibling = sibling.younger) {
      if (sibling.context !== undefined && !isOver(sibling.context))
        throw violation('ERR_ORACLE_STOP_ORDER', 'a child was stopped while a younger one of its parent runs', {
          parent: parent.label,
          child: cell.label,
          younger: sibling.label,
        })
    }
  }

  #checkShutdown(address: string, { beganMs, timeoutMs, begun }: Shutdown): void {
    const tenure = this.#byAddress.get(address)
    if (tenure === undefined) return
    this.#byAddress.delete(address)
    const at = this.#tenures.lastIndexOf(tenure)
    const younger = this.#tenures.slice(at + 1)
    this.#tenures.splice(at, 1)
    const nowMs = this.#options.now()
    if (this.#stoppedByUser.has(address) || nowMs - beganMs >= timeoutMs * IN_TURN_SHARE) return
    for (const other of younger) {
      const comesLater = other.group === tenure.group ? other.index > tenure.index : other.askedFor > tenure.settled
      if (!comesLater) continue
      const latest = this.#options.incarnations.latest(other.address)
      // One that began during the shutdown came too late for its turn.
      if (latest?.isAlive !== true || latest.number > begun) continue
      const orderedMs = this.#orderedMs.get(other.address)
      if (orderedMs !== undefined && nowMs - orderedMs >= SHARE_MS_MIN) continue
      throw violation('ERR_ORACLE_STOP_ORDER', 'a shutdown ended an actor while a younger one runs', {
        actor: address,
        younger: other.address,
        isOrderedToStop: orderedMs !== undefined,
      })
    }
  }

  #settled(refs: readonly ActorAddress[], askedFor: number): void {
    const settled = this.#nextPlace()
    refs.forEach((ref, index) => {
      if (this.#tenures.length >= TENURES_MAX) return
      const tenure: Tenure = { address: formatAddress(ref), askedFor, settled, group: askedFor, index }
      this.#tenures.push(tenure)
      this.#byAddress.set(tenure.address, tenure)
    })
  }

  #nextPlace(): number {
    this.#places += 1
    return this.#places
  }
}
