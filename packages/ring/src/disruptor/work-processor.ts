/**
 * Drives a handler with the records that one worker takes from its pool. Each record is a batch of its own: `endOfBatch` is true, the
 * size 1, and those behind the pool learn of it at once. After the work processor of the LMAX Disruptor.
 */
import { checkFields, checkInteger, optionError } from '@cambium/base'
import type { Doorbell } from '../doorbell.ts'
import { ringHandlerError, ringPlaceError } from '../errors.ts'
import { checkLimit } from '../poll-limit.ts'
import type { WaitStrategy } from '../wait-strategy.ts'
import { batchHandlerOf, checkSlots } from './batch-processor.ts'
import type { ProcessorOptions } from './batch-processor.ts'
import { checkWaiting, RUN_TIMEOUT_MS, runLoop } from './processor.ts'
import type { BatchHandler, EventHandler, Processor, ProcessorState } from './processor.ts'
import type { SlotSource } from './slot-consumer.ts'
import { PlacedWorker } from './slot-worker.ts'
import type { SlotWorker } from './slot-worker.ts'

/** Records of one poll, unless the caller or `maxBatch` says less. */
const POLL_MAX = 256

/**
 * A processor for a worker. The worker is the processor's from now on. `maxBatch` limits the records of one poll (default 256); `onBatchStart`
 * is not called.
 *
 * @throws `ERR_OPTION`
 */
export function createWorkProcessor<S>(
  worker: SlotWorker,
  slots: SlotSource<S>,
  handler: EventHandler<S> | BatchHandler<S>,
  options: ProcessorOptions = {},
): Processor {
  checkFields('options', options, ['maxBatch'])
  if (!(worker instanceof PlacedWorker)) throw optionError('worker', worker, 'a worker from joinSlotPool or attachSlotWorker')
  checkSlots(slots)
  const maxBatch = checkInteger('maxBatch', options.maxBatch, { default: POLL_MAX, min: 1, max: 2 ** 30 })
  return new WorkProcessor(worker, slots, batchHandlerOf(handler), maxBatch)
}

class WorkProcessor<S> implements Processor {
  state: ProcessorState = 'idle'
  handled = 0
  failed = 0
  skipped = 0
  readonly #worker: SlotWorker
  readonly #slots: SlotSource<S>
  readonly #handler: BatchHandler<S>
  readonly #maxBatch: number
  #isHalting = false
  #isInPoll = false
  /** Its handler leaves: when the record is finished. */
  #isLeaving = false
  #fault: Error | undefined

  constructor(worker: SlotWorker, slots: SlotSource<S>, handler: BatchHandler<S>, maxBatch: number) {
    this.#worker = worker
    this.#slots = slots
    this.#handler = handler
    this.#maxBatch = maxBatch
  }

  get place(): number {
    return this.#worker.place
  }

  get sequence(): number {
    return this.#worker.sequence
  }

  get bell(): Doorbell {
    return this.#worker.bell
  }

  get hasWork(): boolean {
    return this.#worker.hasWork
  }

  get isHalted(): boolean {
    return this.#worker.isHalted
  }

  poll(limit: number = this.#maxBatch): number {
    if (this.state === 'ended') this.#refuse()
    const worker = this.#worker
    checkLimit(limit)
    const most = limit < this.#maxBatch ? limit : this.#maxBatch
    let count = 0
    this.#isInPoll = true
    try {
      while (count < most && !this.#isLeaving && worker.take()) {
        count += 1
        if (worker.isAborted) this.skipped += 1
        else this.#handle(worker.sequence)
        worker.done()
      }
    } finally {
      this.#isInPoll = false
      if (this.#isLeaving) this.#depart()
    }
    return count
  }

  run(strategy: WaitStrategy, timeoutMs: number = RUN_TIMEOUT_MS): void {
    if (this.state === 'ended') this.#refuse()
    checkWaiting(strategy, timeoutMs)
    const handler = this.#handler
    const worker = this.#worker
    this.state = 'running'
    this.#isHalting = false
    try {
      handler.onStart?.()
      const steps = {
        isHalting: () => this.#isHalting,
        isHalted: () => worker.isHalted,
        hasWork: () => worker.hasWork,
        poll: () => this.poll(),
        onTimeout: () => handler.onTimeout?.(worker.sequence),
      }
      runLoop(steps, strategy, timeoutMs)
    } finally {
      // Not when it has ended.
      if (this.state === 'running') this.state = 'idle'
      if (this.#isLeaving) this.#depart()
      handler.onShutdown?.()
    }
  }

  halt(): void {
    this.#isHalting = true
  }

  leave(): void {
    if (!this.#isInPoll && this.state !== 'running') return this.#depart()
    this.#isLeaving = true
    this.#isHalting = true
  }

  #depart(): void {
    this.state = 'ended'
    this.#worker.leave()
  }

  #handle(sequence: number): void {
    this.handled += 1
    try {
      this.#handler.onEvent(this.#slots.at(sequence), sequence, true, 1)
    } catch (error) {
      this.#decide(error, sequence)
    }
  }

  #decide(error: unknown, sequence: number): void {
    this.failed += 1
    let cause = error
    if (this.#handler.onError !== undefined) {
      try {
        this.#handler.onError(error, sequence, this.#slots.at(sequence))
        return
      } catch (second) {
        cause = second
      }
    }
    this.state = 'ended'
    this.#fault = ringHandlerError(this.place, sequence, cause)
    throw this.#fault
  }

  #refuse(): never {
    throw this.#fault ?? ringPlaceError('the processor has left the ring', { place: this.place })
  }
}
