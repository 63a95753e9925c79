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
import type { ActorAddress, ErrorRecord } from '@cambium/base'
import { BELL_BUSY, BELL_RUNG, inspectRing } from '@cambium/ring'
import {
  CallbackTimer,
  CORE_DOWN,
  CORE_STARTING,
  CORE_STOPPING,
  CORE_UP,
  deadLane,
  endsMessage,
  readBooks,
  recoverBooks,
} from '@cambium/scheduler'
import type { Core, CoreBlock, SystemMemory } from '@cambium/scheduler'
import { addRestart, createRestartWindow } from '@cambium/supervision'
import type { CheckedOptions } from './system-options.ts'
import type { CoreHandle, SystemPlatform } from './system-platform.ts'

export interface CorePoolHost {
  readonly core: Core
  /** The core's successor is told of the supervised actors that live there. */
  adopt(core: number): void
  /** The core is gone; its requests have to be failed. */
  coreLost(loss: CoreLoss): void
  /** Supervisors may put their children back now. */
  restoreChildren(core: number): void
  coreUp(core: number, tookMs: number | undefined): void
  /** A core could not be kept alive: the system cannot go on. */
  failed(error: CambiumError): void
}

export interface CoreLoss {
  readonly core: number
  readonly error: ErrorRecord
  readonly inHand: readonly ActorAddress[]
  /** Messages lost with the heap, besides those in hand. */
  readonly lost: number
}

interface CoreRecord {
  readonly number: number
  readonly block: CoreBlock
  state: number
  handle: CoreHandle | undefined
  downSinceMs: number | undefined
  startTimer: CallbackTimer | undefined
  /** Why the root ended it. */
  verdict: CambiumError | undefined
  onStopped: (() => void) | undefined
  beat: number
  beatSinceMs: number
}

/** The thread is abandoned when it has not ended this long after it was killed, in milliseconds. */
const KILL_TIMEOUT_MS = 2000
const WATCH_INTERVAL_MS_MAX = 1000

export class CorePool {
  readonly #host: CorePoolHost
  readonly #platform: SystemPlatform
  readonly #memory: SystemMemory
  readonly #options: CheckedOptions
  readonly #records: CoreRecord[]
  readonly #window = createRestartWindow()
  #watch: CallbackTimer | undefined = undefined
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
      handle: undefined,
      downSinceMs: undefined,
      startTimer: undefined,
      verdict: undefined,
      onStopped: undefined,
      beat: 0,
      beatSinceMs: 0,
    }))
  }

  get workers(): readonly number[] {
    return this.#records.slice(1).map((record) => record.number)
  }

  isUp(core: number): boolean {
    return this.#records[core]?.state === CORE_UP
  }

  handle(core: number): CoreHandle | undefined {
    return this.#records[core]?.handle
  }

  /** Imports a module on a core, or once more on its successor: a module that ends its core must not end one after the other. */
  async load(core: number, module: string): Promise<void> {
    const handle = this.handle(core)
    try {
      await handle?.load(module)
    } catch (error) {
      const successor = this.handle(core)
      if (successor === undefined || successor === handle) throw error
      await successor.load(module)
    }
  }

  startAll(): void {
    for (const record of this.#records.slice(1)) this.#start(record, true)
    this.#scheduleWatch()
  }

  /** The core says that it runs. */
  hello(core: number): void {
    const record = this.#records[core] as CoreRecord
    if (record.state !== CORE_STARTING) return
    this.#setState(record, CORE_UP)
    this.#disarm(record)
    record.beatSinceMs = this.#now()
    const tookMs = record.downSinceMs === undefined ? undefined : this.#now() - record.downSinceMs
    record.downSinceMs = undefined
    this.#host.coreUp(core, tookMs)
  }

  /** Ends a core from outside; it is replaced. */
  kill(core: number, verdict: CambiumError): void {
    const record = this.#records[core] as CoreRecord
    if (record.handle === undefined) return
    record.verdict = verdict
    record.handle.kill()
  }

  /** Ends all cores but core 0: first they are asked to, after `timeoutMs` they are killed. Answers the numbers of those that did not end. */
  async stopAll(timeoutMs: number): Promise<number[]> {
    this.#isStopping = true
    if (this.#watch !== undefined) this.#host.core.wheel.cancel(this.#watch)
    const running = this.#records.filter((record) => record.handle !== undefined)
    const abandoned: number[] = []
    await Promise.all(
      running.map(
        (record) =>
          new Promise<void>((resolve) => {
            this.#setState(record, CORE_STOPPING)
            this.#disarm(record)
            record.onStopped = () => {
              this.#disarm(record)
              resolve()
            }
            this.#arm(record, timeoutMs, () => {
              record.handle?.kill()
              this.#arm(record, KILL_TIMEOUT_MS, () => {
                abandoned.push(record.number)
                resolve()
              })
            })
            record.handle?.stop()
          }),
      ),
    )
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
    record.handle = this.#platform.startCore(
      {
        number: record.number,
        memory: this.#memory.memory,
        limits: this.#options.limits,
        isStrict: this.#options.isStrict,
        isOpen,
      },
      {
        onEnd: (cause) => {
          if (isOver) return // `error` comes, then `exit`: the first one counts
          isOver = true
          this.#ended(record, cause)
        },
      },
    )
  }

  #ended(record: CoreRecord, cause: ErrorRecord | undefined): void {
    record.handle = undefined
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
    record.verdict = undefined
    record.downSinceMs ??= this.#now()
    this.#setState(record, CORE_DOWN)
    this.#host.core.takeAllSignals()
    const { loss, positions } = this.#settleMemory(record, error)
    this.#host.coreLost(loss)
    for (const other of this.#records) {
      if (other.number === record.number) continue
      const epoch = Atomics.load(record.block.epoch, 0)
      const signal = { type: 'core_lost', core: record.number, epoch, error, positions } as const
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
    this.#host.restoreChildren(record.number)
    this.#start(record, false)
  }

  /** Steps 2 and 3. */
  #settleMemory(record: CoreRecord, error: ErrorRecord): { loss: CoreLoss; positions: number[] } {
    const { block, number } = record
    recoverBooks(this.#memory, number)
    const inHand: ActorAddress[] = []
    const positions = this.#records.map((source) => {
      if (source.number === number) return 0
      const inspection = inspectRing(this.#memory.dataRing(source.number, number))
      const held = inspection.inHand
      if (held !== undefined && held.payloadBytes >= 8 && endsMessage(held)) {
        inHand.push({
          core: number,
          slot: held.buffer.readInt32LE(held.payloadOffset),
          generation: held.buffer.readInt32LE(held.payloadOffset + 4),
        })
      }
      return inspection.resume
    })
    const queued = Math.max(0, readBooks(block.books).queued)
    const handCount = Math.min(inHand.length, queued)
    const lost = queued - handCount
    inHand.length = handCount // one that the books have already was finished, only not yet marked so in its ring
    const lane = (reason: 'in_hand' | 'lost_with_core', count: number): void => {
      const at = deadLane(reason)
      block.books[at] = (block.books[at] as number) + count
    }
    lane('in_hand', handCount)
    lane('lost_with_core', lost)
    for (let bucket = 0; bucket < block.congestion.length; bucket += 1) Atomics.store(block.congestion, bucket, 0)
    Atomics.store(block.bell, 0, BELL_BUSY)
    Atomics.store(block.attention, 0, 0)
    Atomics.store(block.epoch, 0, Atomics.load(block.epoch, 0) + 1)
    return { loss: { core: number, error, inHand, lost }, positions }
  }

  /** A core that is neither parked nor beginning new turns is stuck in one. */
  #scheduleWatch(): void {
    const { turnTimeoutMs } = this.#options
    if (turnTimeoutMs === Infinity || this.#records.length === 1) return
    const timer = new CallbackTimer(() => {
      if (this.#isStopping) return
      for (const record of this.#records.slice(1)) this.#look(record, turnTimeoutMs)
      this.#host.core.wheel.start(timer, this.#now() + Math.min(WATCH_INTERVAL_MS_MAX, turnTimeoutMs / 4))
    })
    this.#watch = timer
    this.#host.core.wheel.start(timer, this.#now() + Math.min(WATCH_INTERVAL_MS_MAX, turnTimeoutMs / 4))
  }

  #look(record: CoreRecord, turnTimeoutMs: number): void {
    if (record.state !== CORE_UP) return
    const now = this.#now()
    const beat = record.block.beat[0] as number // a plain read: it is only compared with the one before
    const bell = Atomics.load(record.block.bell, 0)
    if (beat !== record.beat || (bell !== BELL_BUSY && bell !== BELL_RUNG)) {
      record.beat = beat
      record.beatSinceMs = now
    } else if (now - record.beatSinceMs > turnTimeoutMs) {
      record.beatSinceMs = now
      this.kill(
        record.number,
        new CambiumError(
          'ERR_CORE_STUCK',
          `core did not end its turn in time: core=${record.number}, turnTimeoutMs=${turnTimeoutMs}`,
          { severity: 'crash' },
        ),
      )
    }
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

  #disarm(record: CoreRecord): void {
    if (record.startTimer !== undefined) this.#host.core.wheel.cancel(record.startTimer)
    record.startTimer = undefined
  }

  #now(): number {
    return this.#platform.corePlatform.now()
  }
}
