/**
 * The cores of one system as the root sees them: start, watch, replace (D3, D10).
 *
 * Replacement of core k, in this order:
 * 1. The JavaScript of k's thread is over (`thread-life.ts`), or it has been abandoned (see below): nothing of k writes any more. Its last signals to the
 *    root are taken. The thread itself ends while its successor runs.
 * 2. Of each data ring into k: the record in hand and the position where a successor goes on are read. k's books give what its heap held;
 *    both become dead letters there. Its congestion table is cleared, its bell set to busy.
 * 3. k's epoch is counted up: signals of the old epoch still in k's control rings will be dropped, and the root fails its open requests itself.
 * 4. Every other core is told, and fails the asks whose messages k had taken.
 * 5. `adopt`, `kept`, `open` and the restarts decided by the supervisors are written to k's control ring, in this order.
 * 6. A successor starts under the same number, on the same rings. Peers have seen a slow consumer.
 *
 * A thread that is told to end may not do so, as it is in a native call (`terminate` only interrupts JavaScript). After `terminateTimeoutMs` it is
 * abandoned: its number goes to a successor, and it is counted until it does end. What it cannot write any more, and why, says `scheduler/src/fence.ts`.
 */
import { CambiumError, fromErrorRecord, toErrorRecord } from '@cambium/base'
import type { ErrorRecord } from '@cambium/base'
import { CallbackTimer, CORE_DOWN, CORE_STARTING, CORE_STOPPING, CORE_UP } from '@cambium/scheduler'
import type { Core, SystemMemory } from '@cambium/scheduler'
import { addRestart, createRestartWindow } from '@cambium/supervision'
import { AbandonedThreads } from './abandoned-threads.ts'
import type { AbandonedThreadsHost } from './abandoned-threads.ts'
import { countEpochUp, settleCore } from './core-settlement.ts'
import type { CoreLoss } from './core-settlement.ts'
import { createCoreRecord } from './core-record.ts'
import type { CoreRecord } from './core-record.ts'
import { CoreWatch } from './core-watch.ts'
import { SparePool } from './spare-pool.ts'
import type { SpareLoss } from './spare-pool.ts'
import type { CheckedOptions } from './system-options.ts'
import type { CoreThread, SystemPlatform, ThreadEvents } from './system-platform.ts'

/** `failed`: cores, or their threads, could not be kept in order, and the system cannot go on. */
export interface CorePoolHost extends AbandonedThreadsHost {
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
}

/**
 * How long the root waits between fencing a thread off and reading what it leaves, in milliseconds: three times what a thread waits for its turn where twenty
 * want two processors, and each has three milliseconds.
 */
const FENCE_MS = 100

export class CorePool {
  readonly #host: CorePoolHost
  readonly #platform: SystemPlatform
  readonly #memory: SystemMemory
  readonly #options: CheckedOptions
  readonly #records: CoreRecord[]
  readonly #window = createRestartWindow()
  readonly #spares: SparePool
  readonly #watch: CoreWatch
  readonly abandoned: AbandonedThreads
  #isStopping = false

  constructor(host: CorePoolHost, platform: SystemPlatform, memory: SystemMemory, options: CheckedOptions) {
    this.#host = host
    this.#platform = platform
    this.#memory = memory
    this.#options = options
    this.abandoned = new AbandonedThreads(host, options.abandonedMax, options.terminateTimeoutMs, (delayMs, run) =>
      this.#after(delayMs, run),
    )
    this.#records = memory.blocks.map((block, number) => createCoreRecord(number, block))
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
        leave: (thread, error) => {
          this.abandoned.leave(thread, undefined, error)
        },
        abandon: (thread, error) => {
          this.abandoned.add(thread, undefined, error)
        },
        abandonedEnded: (thread) => {
          this.abandoned.ended(thread)
        },
      },
      options.workers === 0 ? 0 : options.spares,
      options.coreStartTimeoutMs,
      options.terminateTimeoutMs,
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
    if (record.state !== CORE_STARTING || record.isEnding) return
    this.#setState(record, CORE_UP)
    this.#disarm(record)
    this.#watch.forget(core)
    // Not before: the way for parcels is made by messages that a successor would have to take before its first turn.
    record.thread?.connect()
    const tookMs = record.downSinceMs === undefined ? undefined : this.#now() - record.downSinceMs
    record.downSinceMs = undefined
    this.#host.coreUp(core, tookMs, record.isFromSpare)
    if (!this.#records.every(({ state }) => state === CORE_UP)) return
    if (tookMs === undefined) this.#spares.fill()
    else this.#spares.recovered()
  }

  /** Ends a core from outside; it is replaced, once its thread has ended or is abandoned. */
  kill(core: number, verdict: CambiumError): void {
    const record = this.#records[core] as CoreRecord
    if (record.thread === undefined || record.isEnding) return
    record.verdict ??= toErrorRecord(verdict)
    this.#end(record)
  }

  /** Ends all cores but core 0: first they are asked to, after `timeoutMs` they are killed. Answers the numbers of those that did not end. */
  async stopAll(timeoutMs: number): Promise<number[]> {
    this.#isStopping = true
    this.#watch.stop()
    const running = this.#records.filter((record) => record.thread !== undefined)
    const abandoned: number[] = []
    await Promise.all([
      this.#endSpares(),
      this.abandoned.allGone(),
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
              this.#arm(record, this.#options.terminateTimeoutMs, () => {
                abandoned.push(record.number)
                if (record.thread !== undefined) this.abandoned.note(record.thread, record.number)
                record.thread = undefined
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
    const onSilent = (cause: ErrorRecord): void => {
      if (record.thread !== thread || this.#isStopping) return
      this.abandoned.leave(thread, record.number, record.verdict ?? cause)
      this.#ended(record, cause)
    }
    const onEnd = (cause: ErrorRecord | undefined): void => {
      if (record.thread === thread) this.#ended(record, cause)
      else this.abandoned.ended(thread)
    }
    const onFailing = (cause: ErrorRecord): void => {
      if (record.thread !== thread || record.isEnding || this.#isStopping) return
      this.#arm(record, this.#options.terminateTimeoutMs, () => {
        record.verdict ??= cause
        this.#end(record)
      })
    }
    const spare = isOpen ? undefined : this.#spares.take({ onSilent, onEnd, onFailing })
    record.isFromSpare = spare?.isWarm === true
    const thread = spare?.thread ?? this.#startThread({ onReady: () => {}, onSilent, onEnd, onFailing }, false)
    record.thread = thread
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
      const disarm = this.#after(this.#options.terminateTimeoutMs, () => {
        for (const thread of this.#spares.threads) this.abandoned.note(thread, undefined)
        resolve()
      })
      void this.#spares.stop().then(() => {
        disarm()
        resolve()
      })
    })
  }

  #end(record: CoreRecord): void {
    record.isEnding = true
    record.thread?.kill()
    if (this.#isStopping) return
    this.#arm(record, this.#options.terminateTimeoutMs, () => {
      countEpochUp(record.block)
      record.isFenced = true
      this.#arm(record, FENCE_MS, () => {
        this.#abandon(record)
      })
    })
  }

  #abandon(record: CoreRecord): void {
    const { thread } = record
    const error = record.verdict ?? unasked(record.number)
    if (thread !== undefined) this.abandoned.add(thread, record.number, error)
    this.#ended(record, error)
  }

  #ended(record: CoreRecord, cause: ErrorRecord | undefined): void {
    record.thread = undefined
    record.isEnding = false
    this.#disarm(record)
    if (this.#isStopping) {
      this.#setState(record, CORE_DOWN)
      record.onStopped?.()
      return
    }
    const error = record.verdict ?? cause ?? unasked(record.number)
    const isBlameless = error.code === 'ERR_CORE_KILLED'
    record.verdict = undefined
    record.downSinceMs ??= this.#now()
    this.#setState(record, CORE_DOWN)
    this.#spares.hold()
    this.#host.core.takeAllSignals()
    const { loss, positions } = settleCore(this.#memory, record.number, error, isBlameless)
    if (!record.isFenced) countEpochUp(record.block)
    record.isFenced = false
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

function unasked(core: number): ErrorRecord {
  return toErrorRecord(new CambiumError('ERR_CORE_EXIT', `core ended unasked: core=${core}`, { severity: 'crash' }))
}
