/**
 * The batch event processor: hands a consumer's records to a handler, and tells those behind once per batch. After the processor of
 * that name of the LMAX Disruptor.
 *
 * 1. A batch is what is there when it begins, `maxBatch` at most. Slots that were given up are passed over; when the last ones of a
 *    batch are such, the last record before them is told that it is the end.
 * 2. A handler that throws is asked what to do (`onError`); the batch goes on behind the record, and the sequence passes all of it.
 * 3. Without an answer everything before the record is released, the record stays in hand, and the processor has ended.
 * 4. A handler that leaves is called no more: `leave` puts a function that throws where the loop over the batch looks up whom to call, so that the
 *    loop itself asks nothing. The throw comes in place of the next record, which was noted as in hand and is so no longer; it goes to nobody. What was
 *    handled is finished and released, and only then is the place given up. Nothing is written to a place that is free.
 */
import { checkFields, checkInteger, optionError } from '@cambium/base'
import type { Doorbell } from '../doorbell.ts'
import { ringHandlerError, ringPlaceError } from '../errors.ts'
import { checkLimit } from '../poll-limit.ts'
import type { WaitStrategy } from '../wait-strategy.ts'
import { checkWaiting, RUN_TIMEOUT_MS, runLoop } from './processor.ts'
import type { BatchHandler, EventHandler, Processor, ProcessorState } from './processor.ts'
import { PlacedConsumer } from './slot-consumer.ts'
import type { RecordTaker, SlotConsumer, SlotSource } from './slot-consumer.ts'

export interface ProcessorOptions {
  /** Sequences in one batch at most; those behind learn of progress so often. @default the ring's capacity */
  readonly maxBatch?: number
}

/**
 * A processor for a consumer. The consumer is the processor's from now on.
 *
 * @throws `ERR_OPTION`
 */
export function createBatchProcessor<S>(
  consumer: SlotConsumer,
  slots: SlotSource<S>,
  handler: EventHandler<S> | BatchHandler<S>,
  options: ProcessorOptions = {},
): Processor {
  checkFields('options', options, ['maxBatch'])
  if (!(consumer instanceof PlacedConsumer))
    throw optionError('consumer', consumer, 'a consumer from joinSlotRing or attachSlotConsumer')
  checkSlots(slots)
  const maxBatch = checkInteger('maxBatch', options.maxBatch, { default: consumer.capacity, min: 1, max: consumer.capacity })
  return new BatchProcessor(consumer, slots, batchHandlerOf(handler), maxBatch)
}

/** @throws `ERR_OPTION` Internal. */
export function checkSlots<S>(slots: SlotSource<S>): void {
  if (typeof slots?.at !== 'function') throw optionError('slots', slots, 'a view from attachSlots, or sequencesOnly')
}

/** What a handler may be told besides its records. */
const HOOKS = ['onBatchStart', 'onTimeout', 'onStart', 'onShutdown', 'onError'] as const

/** A function as the handler it stands for. @throws `ERR_OPTION` Internal. */
export function batchHandlerOf<S>(handler: EventHandler<S> | BatchHandler<S>): BatchHandler<S> {
  checkHandler('handler', handler)
  return typeof handler === 'function' ? { onEvent: handler } : handler
}

/** @throws `ERR_OPTION` Internal. */
export function checkHandler(option: string, handler: unknown): void {
  if (typeof handler === 'function') return
  const fields = handler as Readonly<Record<string, unknown>> | null | undefined
  if (typeof fields?.['onEvent'] !== 'function') throw optionError(option, handler, 'a function, or an object with onEvent')
  for (const name of HOOKS) {
    const hook = fields[name]
    if (hook !== undefined && typeof hook !== 'function') throw optionError(`${option}.${name}`, hook, 'a function, or nothing')
  }
}

/** What is thrown in place of a record to a handler that has left. One for all: it does not get out of here. */
const HAS_LEFT = new Error('the handler has left')

function takeNoMore(): never {
  throw HAS_LEFT
}

/** Whom the loop over a batch calls: of the processor's own, for it is changed when the handler leaves. */
function takerOf<S>(handler: BatchHandler<S>): RecordTaker<S> {
  return { onEvent: (slot, sequence, endOfBatch, batchSize) => handler.onEvent(slot, sequence, endOfBatch, batchSize) }
}

class BatchProcessor<S> implements Processor {
  state: ProcessorState = 'idle'
  failed = 0
  /** Sequences passed, given up ones included. */
  #passed = 0
  readonly #consumer: PlacedConsumer
  readonly #slots: SlotSource<S>
  readonly #handler: BatchHandler<S>
  readonly #taker: RecordTaker<S>
  readonly #maxBatch: number
  #isHalting = false
  #isInBatch = false
  /** Its handler leaves: when the record is finished. */
  #isLeaving = false
  #fault: Error | undefined

  constructor(consumer: PlacedConsumer, slots: SlotSource<S>, handler: BatchHandler<S>, maxBatch: number) {
    this.#consumer = consumer
    this.#slots = slots
    this.#handler = handler
    this.#taker = takerOf(handler)
    this.#maxBatch = maxBatch
  }

  get place(): number {
    return this.#consumer.place
  }

  get sequence(): number {
    return this.#consumer.sequence
  }

  get handled(): number {
    return this.#passed - this.#consumer.skipped
  }

  get skipped(): number {
    return this.#consumer.skipped
  }

  get bell(): Doorbell {
    return this.#consumer.bell
  }

  get hasWork(): boolean {
    return this.#consumer.available(1) > 0
  }

  get isHalted(): boolean {
    return this.#consumer.isHalted
  }

  poll(limit: number = this.#maxBatch): number {
    if (this.state === 'ended') this.#refuse()
    const consumer = this.#consumer
    checkLimit(limit)
    const most = limit < this.#maxBatch ? limit : this.#maxBatch
    const available = consumer.available(most)
    if (available <= 0 || most <= 0 || this.#isLeaving) return 0
    this.#isInBatch = true
    try {
      return this.#handle(available < most ? available : most, available)
    } finally {
      this.#isInBatch = false
      if (this.#isLeaving) this.#depart()
    }
  }

  run(strategy: WaitStrategy, timeoutMs: number = RUN_TIMEOUT_MS): void {
    if (this.state === 'ended') this.#refuse()
    checkWaiting(strategy, timeoutMs)
    const handler = this.#handler
    const consumer = this.#consumer
    this.state = 'running'
    this.#isHalting = false
    try {
      handler.onStart?.()
      const steps = {
        isHalting: () => this.#isHalting,
        isHalted: () => consumer.isHalted,
        hasWork: () => consumer.available(1) > 0,
        poll: () => this.poll(),
        onTimeout: () => handler.onTimeout?.(consumer.sequence),
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
    if (!this.#isInBatch && this.state !== 'running') return this.#depart()
    this.#isLeaving = true
    this.#isHalting = true
    this.#taker.onEvent = takeNoMore
  }

  #depart(): void {
    if (this.state !== 'ended') this.#consumer.release()
    this.state = 'ended'
    this.#consumer.leave()
  }

  #handle(count: number, available: number): number {
    const consumer = this.#consumer
    const first = consumer.sequence
    const last = (first + count) | 0
    this.#handler.onBatchStart?.(count, available)
    let end = last
    while (consumer.isAborted(end) && end !== consumer.sequence) end = (end - 1) | 0
    // Each turn ends the batch, passes one record that failed, or finds that the handler has left.
    while (consumer.sequence !== end && !this.#isLeaving) {
      try {
        consumer.handleUpTo(end, count, this.#slots, this.#taker)
      } catch (error) {
        consumer.stopAtStarted()
        if (error === HAS_LEFT) consumer.done(consumer.sequence)
        else this.#decide(error, first)
      }
    }
    if (end !== last && !this.#isLeaving) consumer.skipTo(last)
    consumer.release()
    const passed = (consumer.sequence - first) | 0
    this.#passed += passed
    return passed
  }

  /** The record behind the consumer's sequence failed; the batch began behind `first`. */
  #decide(error: unknown, first: number): void {
    const consumer = this.#consumer
    const sequence = (consumer.sequence + 1) | 0
    this.failed += 1
    let cause = error
    if (this.#handler.onError !== undefined) {
      try {
        this.#handler.onError(error, sequence, this.#slots.at(sequence))
        consumer.done()
        return
      } catch (second) {
        cause = second
      }
    }
    consumer.release()
    this.#passed += (sequence - first) | 0
    this.state = 'ended'
    this.#fault = ringHandlerError(consumer.place, sequence, cause)
    throw this.#fault
  }

  #refuse(): never {
    throw this.#fault ?? ringPlaceError('the processor has left the ring', { place: this.place })
  }
}
