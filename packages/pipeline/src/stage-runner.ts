/**
 * One seat of a pipeline over the lives of its threads: a consumer, one worker of a pool, or a consumer that joined while it ran.
 *
 * 1. `starting` → `running` when its thread says that it is ready, `ended` after its exit. Nothing of the ring is touched for a thread before
 *    its exit: until then it may still be writing.
 * 2. An exit that was asked for (`end`) is no death, unless the thread failed at it.
 * 3. What a thread did is what it said last. One that was terminated said nothing: then it is how far the ring says that a consumer came. Of a
 *    worker the ring does not say it, so the records of a worker's thread that was terminated are not counted.
 * 4. A thread that has failed may be kept by what its handler left open. It is given the time of a halt to end, then it is terminated.
 * 5. A thread has an owner's number of its own in the ring, so what it leaves behind is found by that.
 */
import { fromErrorRecord, toErrorRecord } from '@cambium/base'
import type { ErrorRecord } from '@cambium/base'
import { evictOwner, evictPlace, haltPlace, inspectSlotRing } from '@cambium/ring'
import type { SequenceInHand, SlotReaderInspection, SlotRingDescriptor } from '@cambium/ring'
import { pipelineStageError, stageExitError, stageStartError, stageStuckError } from './errors.ts'
import type { StageProgress, StageSeat, StageSetting, StageTally } from './stage-setting.ts'
import type { StagePlatform, StageThread } from './stage-threads.ts'

export interface SeatPlan {
  readonly stage: string
  readonly worker: number
  readonly seat: StageSeat
  readonly ring: SlotRingDescriptor
  /** All of a setting that does not change from life to life. */
  readonly setting: Omit<StageSetting, 'owner' | 'seat'>
}

export interface RunnerLimits {
  readonly startTimeoutMs: number
  readonly haltTimeoutMs: number
  /** The next number that nobody has. */
  readonly nextOwner: () => number
}

export type RunnerState = 'starting' | 'running' | 'ended'

const NO_TALLY: StageTally = { handled: 0, failed: 0, skipped: 0 }

export class StageRunner {
  readonly plan: SeatPlan
  state: RunnerState = 'ended'
  place: number | undefined
  tally: StageTally = NO_TALLY
  /** Whether it had to be ended where it was. */
  isTerminated = false
  /** What it died of, or failed with at its end; undefined after an end without a fault. */
  error: ErrorRecord | undefined
  /** Whether its end was asked for. */
  isEnding = false
  readonly #platform: StagePlatform
  readonly #limits: RunnerLimits
  readonly #onDeath: (runner: StageRunner, error: ErrorRecord) => void
  #thread: StageThread | undefined
  #owner = 0
  #failure: ErrorRecord | undefined
  /** What its present thread said last. */
  #progress: StageProgress | undefined
  /** Whether that was its last word. */
  #hasEnded = false
  #exited: Promise<void> = Promise.resolve()

  /** @param onDeath called after the exit of a thread that was running and was not asked to end, or failed at it */
  constructor(
    plan: SeatPlan,
    platform: StagePlatform,
    limits: RunnerLimits,
    onDeath: (runner: StageRunner, error: ErrorRecord) => void,
  ) {
    this.plan = plan
    this.#platform = platform
    this.#limits = limits
    this.#onDeath = onDeath
  }

  /** Starts a thread, the first one or a successor. Rejects after the exit of one that does not get ready. */
  async start(): Promise<void> {
    const { stage } = this.plan
    const { startTimeoutMs, nextOwner } = this.#limits
    const seat = this.#seat()
    if (seat.kind !== 'succeed') this.#owner = nextOwner()
    this.state = 'starting'
    this.#failure = undefined
    this.#progress = undefined
    this.#hasEnded = false
    const ready = Promise.withResolvers<void>()
    const exited = Promise.withResolvers<void>()
    this.#exited = exited.promise
    try {
      const thread = this.#platform.start(
        { ...this.plan.setting, seat, owner: this.#owner },
        {
          onMessage: (message) => {
            if (message.type === 'ready') {
              this.state = 'running'
              this.place = message.place
              this.#progress = message.progress
              ready.resolve()
            } else if (message.type === 'ended') {
              this.#progress = message.progress
              this.#hasEnded = true
            } else {
              this.#failure ??= message.error
              this.#platform.later(this.#limits.haltTimeoutMs, () => thread.terminate())
            }
          },
          onExit: (exitCode, error) => {
            const wasRunning = this.state === 'running'
            const cause = this.#failure ?? error ?? toErrorRecord(stageExitError(stage, exitCode))
            const isAsked = this.isEnding && this.#failure === undefined && error === undefined
            const isDeath = wasRunning && !(isAsked && (exitCode === 0 || this.isTerminated))
            this.state = 'ended'
            this.#thread = undefined
            this.#count()
            if (isDeath) this.error = cause
            exited.resolve()
            ready.reject(fromErrorRecord(cause))
            if (isDeath) this.#onDeath(this, cause)
          },
        },
      )
      this.#thread = thread
    } catch (cause) {
      this.state = 'ended'
      exited.resolve()
      throw pipelineStageError(`its argument cannot be cloned (${String(cause)})`, stage)
    }
    const callOff = this.#platform.later(startTimeoutMs, () => {
      this.#failure ??= toErrorRecord(stageStartError(stage, startTimeoutMs))
      this.#thread?.terminate()
    })
    try {
      await ready.promise
    } finally {
      callOff()
    }
  }

  /** Halts its thread and waits for its exit; ends it where it is when that takes too long. */
  async end(): Promise<void> {
    this.isEnding = true
    if (this.state === 'running' && this.place !== undefined) haltPlace(this.plan.ring, this.place)
    else this.#thread?.terminate()
    await this.exitInTime()
  }

  /** Waits for the exit of a thread that was halted. */
  async exitInTime(): Promise<void> {
    this.isEnding = true
    const { haltTimeoutMs } = this.#limits
    const callOff = this.#platform.later(haltTimeoutMs, () => {
      this.isTerminated = true
      this.#thread?.terminate()
    })
    await this.#exited
    callOff()
  }

  /** Its thread is at `sequence` for too long: it dies of that. */
  giveUp(sequence: number, stuckMs: number): void {
    this.#failure ??= toErrorRecord(stageStuckError(this.plan.stage, sequence, stuckMs))
    this.#thread?.terminate()
  }

  get reader(): SlotReaderInspection | undefined {
    if (this.place === undefined) return undefined
    return inspectSlotRing(this.plan.ring).readers.find(({ place }) => place === this.place)
  }

  /** After its end: the record that it may have half handled. */
  get inHand(): SequenceInHand | undefined {
    return this.reader?.inHand
  }

  /** After its end, before a successor: a worker's successor is another worker, a consumer's takes its place. */
  makeRoom(): void {
    if (this.#isSucceeded) return
    evictOwner(this.plan.ring, this.#owner)
    this.place = undefined
  }

  /** After its end: nobody waits for it any more. */
  evict(): void {
    const { seat, ring } = this.plan
    if (seat.kind === 'node' && seat.node.kind === 'consumer') evictPlace(ring, seat.node.place)
    else if (this.#owner !== 0) evictOwner(ring, this.#owner)
    this.place = undefined
  }

  /** Whether a successor goes on at its very place. */
  get #isSucceeded(): boolean {
    const { seat } = this.plan
    return seat.kind === 'node' ? seat.node.kind === 'consumer' : this.place !== undefined
  }

  #seat(): StageSeat {
    const { seat, ring } = this.plan
    return seat.kind === 'join' && this.place !== undefined ? { kind: 'succeed', ring, place: this.place } : seat
  }

  /** After its exit, before anybody else is at its place. */
  #count(): void {
    if (this.#progress === undefined) return
    const { tally } = this
    const { sequence } = this.#progress
    const { failed, skipped } = this.#progress.tally
    const handled = this.#progress.tally.handled + this.#handledBehind(sequence)
    this.tally = { handled: tally.handled + handled, failed: tally.failed + failed, skipped: tally.skipped + skipped }
  }

  /** Records finished behind those that its thread spoke of: the batch that it ended in, or all when it was terminated. Modulo 2^32. */
  #handledBehind(sequence: number): number {
    const { reader } = this
    if (reader === undefined) return 0
    const { kind, inHand } = reader
    // A worker's count has the record in hand, unless it was terminated; a record that failed is told by the failure.
    if (kind !== 'consumer') return inHand !== undefined && this.#failure === undefined && this.#hasEnded ? -1 : 0
    const finished = inHand === undefined ? reader.sequence : inHand.sequence - 1
    return (finished - sequence) >>> 0
  }
}
