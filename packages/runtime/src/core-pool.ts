/**
 * The cores of one system as the root sees them: start, watch, replace (D3, D10).
 *
 * Replacement of core k, in this order:
 * 1. k's thread has ended: nothing of k writes any more. Its last signals to the root are taken.
 * 2. Of each data ring into k: the record in hand and the position where a successor goes on are read. k's books give what its heap held;
 *    both become dead letters there. Its congestion table is cleared, its bell set to busy.
 * 3. k's epoch is counted up: signals of the old epoch still in k's control rings will be dropped, and the root fails its open requests itself.
 * 4. Every other core is told, and fails the asks whose messages k had taken.
 * 5. `adopt`, `kept`, `open` and the restarts decided by the supervisors are written to k's control ring, in this order.
 * 6. A successor starts under the same number, on the same rings. Peers have seen a slow consumer.
 */
import { CambiumError, fromErrorRecord, toErrorRecord } from '@cambium/base'
import type { ErrorRecord } from '@cambium/base'
import { CallbackTimer, CORE_DOWN, CORE_STARTING, CORE_STOPPING, CORE_UP } from '@cambium/scheduler'
import type { Core, CoreBlock, SystemMemory } from '@cambium/scheduler'
import { addRestart, createRestartWindow } from '@cambium/supervision'
import { settleCore } from './core-settlement.ts'
import type { CoreLoss } from './core-settlement.ts'
import { CoreWatch } from './core-watch.ts'
import { SparePool } from './spare-pool.ts'
import type { SpareLoss } from './spare-pool.ts'
import type { CheckedOptions } from './system-options.ts'
import type { CoreThread, SystemPlatform, ThreadEvents } from './system-platform.ts'

export interface CorePoolHost {
  readonly core: Core
  /** The core's successor is told of the supervised actors that live there. */
  adopt(core: number): void
  /** The core is gone; its requests have to be failed. */
  coreLost(loss: CoreLoss): void
  /** Supervisors may put their children back now. */
  restoreChildren(loss: CoreLoss): void
  coreUp(core: number, tookMs: number | undefined, isFromSpare: boolean): void
  /** The main thread did not get to look at the cores for so long. */
  mainBlocked(forMs: number): void
  /** A spare can take over at once. */
  spareReady(): void
  /** A spare ended before it was needed. */
  spareLost(loss: SpareLoss): void
  /** A core could not be kept alive: the system cannot go on. */
  failed(error: CambiumError): void
}

interface CoreRecord {
  readonly number: number
  readonly block: CoreBlock
  state: number
  thread: CoreThread | undefined
  downSinceMs: number | undefined
  /** A warm spare has become this core. */
  isFromSpare: boolean
  startTimer: CallbackTimer | undefined
  /** Why the root ended it. */
  verdict: CambiumError | undefined
  onStopped: (() => void) | undefined
}

/** The thread is abandoned when it has not ended this long after it was killed, in milliseconds. */
const KILL_TIMEOUT_MS = 2000

export class CorePool {
  readonly #host: CorePoolHost
  readonly #platform: SystemPlatform
  readonly #memory: SystemMemory
  readonly #options: CheckedOptions
  readonly #records: CoreRecord[]
  readonly #window = createRestartWindow()
  readonly #spares: SparePool
  readonly #watch: CoreWatch
  #isStopping = false

  constructor(host: CorePoolHost, platform: SystemPlatform, memory: SystemMemory, options: CheckedOptions) {
    this.#host = host
    this.#platform = platform
    this.#memory = memory
    this.#options = options
    this.#records = memory.blocks.map((block, number) => ({
      number,
      block,
      state: number === 0 ? CORE_UP : CORE_DOWN,
      thread: undefined,
      downSinceMs: undefined,
      isFromSpare: false,
      startTimer: undefined,
      verdict: undefined,
      onStopped: undefined,
    }))
    const records = this.#records
    this.#watch = new CoreWatch(
      {
        wheel: host.core.wheel,
        now: () => this.#now(),
        watched: () => records.filter(({ number, state }) => number !== 0 && state === CORE_UP),
        kill: (core, verdict) => {
          this.kill(core, verdict)
        },
        mainBlocked: (forMs) => {
          host.mainBlocked(forMs)
        },
      },
      options.turnTimeoutMs,
    )
    this.#spares = new SparePool(
      {
        startThread: (events) => this.#startThread(events, true),
        after: (delayMs, run) => this.#after(delayMs, run),
        spareReady: () => {
          host.spareReady()
        },
        spareLost: (loss) => {
          host.spareLost(loss)
        },
      },
      options.workers === 0 ? 0 : options.spares,
      options.coreStartTimeoutMs,
      (what) =>
        toErrorRecord(
          new CambiumError(
            'ERR_CORE_START_TIMEOUT',
            `spare did not get ready in time: step=${what}, timeoutMs=${options.coreStartTimeoutMs}`,
            { severity: 'crash' },
          ),
        ),
    )
  }

  get workers(): readonly number[] {
    return this.#records.slice(1).map((record) => record.number)
  }

  isUp(core: number): boolean {
    return this.#records[core]?.state === CORE_UP
  }

  thread(core: number): CoreThread | undefined {
    return this.#records[core]?.thread
  }

  /** Imports a module on a core, or once more on its successor: a module that ends its core must not end one after the other. */
  async load(core: number, module: string): Promise<void> {
    const thread = this.thread(core)
    try {
      await thread?.load(module)
    } catch (error) {
      const successor = this.thread(core)
      if (successor === undefined || successor === thread) throw error
      await successor.load(module)
    }
    this.learn(module)
  }

  /** A module that behaviours in use come from: spares load it ahead. */
  learn(module: string): void {
    this.#spares.learn(module)
  }

  /** An actor has been started on a core. */
  started(core: number, module: string): void {
    if (core === 0) return
    this.learn(module)
    this.#watch.hurryFor((this.#records[core] as CoreRecord).block)
  }

  /** Spares that could take over at once. */
  get warmSpares(): number {
    return this.#spares.warmCount
  }

  startAll(): void {
    for (const record of this.#records.slice(1)) this.#start(record, true)
    if (this.#records.length > 1) this.#watch.start()
  }

  /** The core says that it runs. */
  hello(core: number): void {
    const record = this.#records[core] as CoreRecord
    if (record.state !== CORE_STARTING) return
    this.#setState(record, CORE_UP)
    this.#disarm(record)
    this.#watch.forget(core)
    const tookMs = record.downSinceMs === undefined ? undefined : this.#now() - record.downSinceMs
    record.downSinceMs = undefined
    this.#host.coreUp(core, tookMs, record.isFromSpare)
    if (this.#records.every(({ state }) => state === CORE_UP)) this.#spares.fill()
  }

  /** Ends a core from outside; it is replaced. */
  kill(core: number, verdict: CambiumError): void {
    const record = this.#records[core] as CoreRecord
    if (record.thread === undefined) return
    record.verdict = verdict
    record.thread.kill()
  }

  /** Ends all cores but core 0: first they are asked to, after `timeoutMs` they are killed. Answers the numbers of those that did not end. */
  async stopAll(timeoutMs: number): Promise<number[]> {
    this.#isStopping = true
    this.#watch.stop()
    const running = this.#records.filter((record) => record.thread !== undefined)
    const abandoned: number[] = []
    await Promise.all([
      this.#endSpares(),
      ...running.map(
        (record) =>
          new Promise<void>((resolve) => {
            this.#setState(record, CORE_STOPPING)
            this.#disarm(record)
            record.onStopped = () => {
              this.#disarm(record)
              resolve()
            }
            this.#arm(record, timeoutMs, () => {
              record.thread?.kill()
              this.#arm(record, KILL_TIMEOUT_MS, () => {
                abandoned.push(record.number)
                resolve()
              })
            })
            record.thread?.stop()
          }),
      ),
    ])
    return abandoned
  }

  #start(record: CoreRecord, isOpen: boolean): void {
    this.#setState(record, CORE_STARTING)
    this.#arm(record, this.#options.coreStartTimeoutMs, () => {
      this.kill(
        record.number,
        new CambiumError(
          'ERR_CORE_START_TIMEOUT',
          `core did not start in time: core=${record.number}, timeoutMs=${this.#options.coreStartTimeoutMs}`,
          { severity: 'crash' },
        ),
      )
    })
    let isOver = false
    const onEnd = (cause: ErrorRecord | undefined): void => {
      if (isOver) return
      isOver = true
      this.#ended(record, cause)
    }
    const spare = isOpen ? undefined : this.#spares.take(onEnd)
    record.isFromSpare = spare?.isWarm === true
    record.thread = spare?.thread ?? this.#startThread({ onReady: () => {}, onEnd }, false)
    record.thread.run({
      number: record.number,
      memory: this.#memory.memory,
      limits: this.#options.limits,
      isStrict: this.#options.isStrict,
      isOpen,
    })
  }

  #startThread(events: ThreadEvents, isSpare: boolean): CoreThread {
    return this.#platform.startThread({ memory: this.#memory.memory, heapMb: this.#options.heapMb, isSpare }, events)
  }

  /** A spare holds nothing: one that does not end is left to the end of the process. */
  #endSpares(): Promise<void> {
    return new Promise((resolve) => {
      const disarm = this.#after(KILL_TIMEOUT_MS, resolve)
      void this.#spares.stop().then(() => {
        disarm()
        resolve()
      })
    })
  }

  #ended(record: CoreRecord, cause: ErrorRecord | undefined): void {
    record.thread = undefined
    this.#disarm(record)
    if (this.#isStopping) {
      this.#setState(record, CORE_DOWN)
      record.onStopped?.()
      return
    }
    const error =
      record.verdict === undefined
        ? (cause ??
          toErrorRecord(new CambiumError('ERR_CORE_EXIT', `core ended unasked: core=${record.number}`, { severity: 'crash' })))
        : toErrorRecord(record.verdict)
    const isBlameless = record.verdict?.code === 'ERR_CORE_KILLED'
    record.verdict = undefined
    record.downSinceMs ??= this.#now()
    this.#setState(record, CORE_DOWN)
    this.#spares.hold()
    this.#host.core.takeAllSignals()
    const { loss, positions } = settleCore(this.#memory, record.number, error, isBlameless)
    this.#host.coreLost(loss)
    for (const other of this.#records) {
      if (other.number === record.number) continue
      const epoch = Atomics.load(record.block.epoch, 0)
      const signal = { type: 'core_lost', core: record.number, epoch, error, positions, blamed: loss.blamed } as const
      if (other.number === 0) this.#host.core.handleSignal(signal)
      else this.#host.core.signal(other.number, signal)
    }
    const restarts = addRestart(this.#window, this.#now(), this.#options.corePeriodMs)
    if (restarts > this.#options.coreIntensity) {
      const message = `cores died too often: restarts=${restarts}, intensity=${this.#options.coreIntensity}, periodMs=${this.#options.corePeriodMs}, last=${error.message}`
      this.#host.failed(new CambiumError('ERR_CORE_INTENSITY', message, { severity: 'crash', cause: fromErrorRecord(error) }))
      return
    }
    this.#host.adopt(record.number)
    this.#host.core.signal(record.number, { type: 'open' })
    this.#host.restoreChildren(loss)
    this.#start(record, false)
  }

  #setState(record: CoreRecord, state: number): void {
    record.state = state
    Atomics.store(record.block.state, 0, state)
  }

  #arm(record: CoreRecord, timeoutMs: number, expire: () => void): void {
    this.#disarm(record)
    record.startTimer = new CallbackTimer(expire)
    this.#host.core.wheel.start(record.startTimer, this.#now() + timeoutMs)
    this.#host.core.requestTurn()
  }

  #after(delayMs: number, run: () => void): () => void {
    const { core } = this.#host
    const timer = new CallbackTimer(run)
    core.wheel.start(timer, this.#now() + delayMs)
    core.requestTurn()
    return () => {
      core.wheel.cancel(timer)
    }
  }

  #disarm(record: CoreRecord): void {
    if (record.startTimer !== undefined) this.#host.core.wheel.cancel(record.startTimer)
    record.startTimer = undefined
  }

  #now(): number {
    return this.#platform.corePlatform.now()
  }
}
