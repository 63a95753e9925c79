/**
 * Drives one core on a thread's event loop and parks it when there is nothing to do (D12).
 *
 * 1. A run calls turns until one finds nothing to do, for at most SLICE_MS; then the event loop has its share.
 * 2. After an ask has settled the continuations of its promise come first: the run goes on in a microtask behind them, and behind those that they add,
 *    as long as its SLICE_MS last. An event loop's round for each answer would cost more than the ask.
 * 3. Nothing to do: look on for SPIN_MS, as long as no more cores are awake than the machine has and looking has paid (`spin-policy.ts`); peers
 *    publish at once meanwhile.
 * 4. Still nothing: one more round of the event loop, for what its callbacks may bring, then park on the bell until it is rung or a timer is due.
 *    A thread that has nothing pending but our own port blocks; any other waits without blocking, and so does the main thread.
 *
 * Lost wake-ups: see ring's doorbell. The last look is `core.hasWork`. The control plane rings too, with the attention word set: the
 * messages of a port arrive only in the event loop, which a blocked thread does not run.
 */
import { BELL_PARKED, BELL_RUNG } from '@cambium/ring'
import type { Core, SystemMemory } from '@cambium/scheduler'
import { SpinPolicy } from './spin-policy.ts'

/** How long one run may take before the event loop has its share, in milliseconds. */
const SLICE_MS = 4
/** So many microtasks in a row may find nothing to do after an ask has settled: `async` functions that wait for each other continue one after the other. */
const HOPS_MAX = 8
/** About what waking a parked thread costs, in milliseconds: looking longer than that is never cheaper. */
const SPIN_MS = 0.05
/**
 * Longest block of a thread, in milliseconds. What is begun without being awaited and cannot be seen from here (zlib, an unref'd handle) waits at
 * most as long again as it took, since blocks begin at 1 ms and double while nothing happens.
 */
const BLOCK_MS_MAX = 500
/** Longest delay that Node's timers take. */
const TIMEOUT_MS_MAX = 2 ** 31 - 1
const DONE: Promise<void> = Promise.resolve()

export interface CoreLoopOptions {
  readonly core: Core
  readonly memory: SystemMemory
  /** Hardware threads of the machine. */
  readonly parallelism: number
  /** False on the main thread. */
  readonly mayBlock: boolean
  /** Pending resources of the thread that are the runtime's own. @default 0 */
  readonly ownResources?: number
  /** Called when the loop was stopped and will not call the core again. */
  readonly onStopped?: () => void
}

export class CoreLoop {
  readonly #core: Core
  readonly #memory: SystemMemory
  readonly #parallelism: number
  readonly #mayBlock: boolean
  readonly #onStopped: (() => void) | undefined
  #state: 'scheduled' | 'running' | 'parked' | 'stopped' = 'stopped'
  #timer: NodeJS.Timeout | undefined = undefined
  /** A parked wait that is no longer this one is over. */
  #parking = 0
  #hasYielded = false
  /** How long the next block may last: the longer nothing has happened, the longer. */
  #blockMs = 1
  /** When the run began that may go on in microtasks, and how many of those may still find nothing. */
  #startedMs = 0
  #hops = 0
  /** It has looked on, or decided not to, since it last had work. */
  #hasLooked = false
  readonly #spins = new SpinPolicy()
  readonly #ownResources: number
  readonly #run = (): void => {
    this.#runTurns()
  }
  readonly #goOn = (): void => {
    try {
      this.#runTurns(true)
    } catch (error) {
      // As from any other callback: out of a promise it would be a rejection that nobody handles.
      queueMicrotask(() => {
        throw error
      })
    }
  }
  readonly #hasWork = (): boolean => this.#core.hasWork()

  constructor(options: CoreLoopOptions) {
    this.#core = options.core
    this.#memory = options.memory
    this.#parallelism = options.parallelism
    this.#mayBlock = options.mayBlock
    this.#onStopped = options.onStopped
    this.#ownResources = options.ownResources ?? 0
  }

  start(): void {
    this.#state = 'scheduled'
    setImmediate(this.#run)
  }

  stop(): void {
    if (this.#state === 'stopped') return
    const wasParked = this.#state === 'parked'
    this.#state = 'stopped'
    if (wasParked) this.#leavePark()
    this.#onStopped?.()
  }

  /** Something outside the core's turns gave it work. */
  requestTurn(): void {
    if (this.#state !== 'parked') return
    this.#leavePark()
    this.#schedule()
  }

  #schedule(): void {
    this.#state = 'scheduled'
    setImmediate(this.#run)
  }

  #leavePark(): void {
    this.#parking += 1
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#core.bell.busy()
  }

  #runTurns(isGoingOn = false): void {
    if (this.#state === 'stopped') return
    this.#state = 'running'
    if (!isGoingOn) {
      this.#startedMs = this.#core.now()
      this.#hops = 0
    }
    try {
      this.#turns()
    } finally {
      // A throw out of a turn ends a worker. The main thread may go on, if whoever catches it there lets it: then so does its core.
      if (this.#state === 'running') this.#schedule()
    }
  }

  /** The same, behind the microtasks that are due. By a promise: `queueMicrotask` makes an async resource for each call. */
  #goOnSoon(): void {
    this.#state = 'scheduled'
    void DONE.then(this.#goOn)
  }

  #turns(): void {
    const { core } = this
    let didWork = false
    for (;;) {
      const done = core.turn()
      this.#spins.worked(done)
      if (this.#isStopped()) return
      if (done > 0) {
        didWork = true
        this.#hasYielded = false
        this.#hasLooked = false
        this.#blockMs = 1
      }
      const hasSettled = core.sender.hasSettled
      if (hasSettled) {
        core.sender.hasSettled = false
        this.#hops = HOPS_MAX
      }
      if (done > 0 || hasSettled || this.#hops > 0) {
        if (core.budget.lookedMs - this.#startedMs >= SLICE_MS) {
          this.#schedule()
          return
        }
        if (hasSettled || done === 0) {
          this.#hops -= 1
          this.#goOnSoon()
          return
        }
        continue
      }
      if (this.#spin()) continue
      break
    }
    if (didWork || !this.#hasYielded) {
      this.#hasYielded = true
      this.#schedule()
      return
    }
    this.#park()
  }

  /** Looks on for a while, once in each idle period; true when there is work. */
  #spin(): boolean {
    const { core } = this
    if (this.#hasLooked) return false
    this.#hasLooked = true
    // What an asynchronous callback waits for comes by the event loop, unless it waits for an answer.
    if (core.dispatcher.asyncInFlight > 0 && core.asks.size === 0) return false
    if (!this.#mayLookOn() || !this.#spins.begin()) return false
    core.bell.idle()
    const untilMs = core.now() + SPIN_MS
    let found = false
    do {
      for (let i = 0; i < 32 && !found; i += 1) found = core.hasWork()
    } while (!found && core.now() < untilMs)
    core.bell.busy()
    this.#spins.looked(found, core.now())
    return found
  }

  /** Never more lookers than the machine has room for: a looker would take the time of the core it looks for. */
  #mayLookOn(): boolean {
    let awake = 0
    for (const block of this.#memory.blocks) {
      const state = Atomics.load(block.bell, 0)
      if (state !== BELL_PARKED && state !== BELL_RUNG) awake += 1
    }
    return awake <= this.#parallelism
  }

  #park(): void {
    const { core } = this
    const timeoutMs = core.msToNextTimer()
    if (timeoutMs <= 0) {
      this.#schedule()
      return
    }
    if (this.#mayBlock && this.#hasNothingPending()) {
      core.bell.park(this.#hasWork, Math.min(timeoutMs, this.#blockMs))
      this.#blockMs = Math.min(this.#blockMs * 2, BLOCK_MS_MAX)
      this.#parkEnded()
      // Straight on if there is work; the run ends with a round of the event loop in any case.
      if (Atomics.load(core.block.attention, 0) === 0) this.#runTurns()
      else {
        Atomics.store(core.block.attention, 0, 0)
        this.#state = 'scheduled'
        // Two rounds: the port's message lies in the queue that the next round of the loop polls.
        setImmediate(() => {
          if (this.#state !== 'stopped') this.#schedule()
        })
      }
      return
    }
    const wait = core.bell.parkAsync(this.#hasWork, Infinity)
    if (wait === 'work') {
      this.#schedule()
      return
    }
    this.#state = 'parked'
    this.#parking += 1
    const parking = this.#parking
    const wake = (): void => {
      if (this.#state !== 'parked' || this.#parking !== parking) return
      this.#leavePark()
      this.#parkEnded()
      this.#state = 'running'
      this.#runTurns()
    }
    if (timeoutMs !== Infinity) this.#timer = setTimeout(wake, Math.min(Math.ceil(timeoutMs), TIMEOUT_MS_MAX))
    void wait.then(wake)
  }

  #parkEnded(): void {
    this.#hasYielded = false
    this.#hasLooked = false
    this.#spins.parkEnded(this.#core.now())
  }

  #hasNothingPending(): boolean {
    const { dispatcher, outstandingCount } = this.#core
    return (
      dispatcher.asyncInFlight === 0 && outstandingCount === 0 && process.getActiveResourcesInfo().length <= this.#ownResources
    )
  }

  #isStopped(): boolean {
    return this.#state === 'stopped'
  }

  get core(): Core {
    return this.#core
  }
}
