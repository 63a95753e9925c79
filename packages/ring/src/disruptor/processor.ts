/**
 * Drives a handler with the records of one place: in steps that never block (`poll`), or in a loop of its own (`run`).
 *
 * The loop
 * 1. Polls as long as there is something. After a small batch it pauses before it looks again, for each look takes the cursor's cache line
 *    away from a producer that writes it with every record. It pauses in proportion to what it found, for 4 µs at most: a stream of fewer than
 *    some 15 M/s finds less each time and is soon not held up at all, a faster one finds more until looks are rare. One producer, one consumer, a
 *    record a publish, measured in turn: 41 M/s without a pause, 25 to 42 M/s with a fixed microsecond, 46 to 68 M/s so.
 * 2. Then waits by its strategy, for `timeoutMs` at most, and tells the handler when nothing came.
 * 3. Ends when it is halted: by its handler, or by another thread through `haltPlace` or `haltRing`. That is the only thing that ends it, so whoever
 *    starts a loop keeps the means to halt it.
 */
import { optionError } from '@cambium/base'
import type { Doorbell } from '../doorbell.ts'
import { pause } from '../pause.ts'
import { checkTimeout } from '../wait-strategy.ts'
import type { WaitStrategy } from '../wait-strategy.ts'

/**
 * Handles one record in place. `slot` is moved on to the next record afterwards: copy what must outlive the call.
 *
 * @param endOfBatch whether nothing more was there when the batch began: a good moment to flush
 * @param batchSize sequences in this batch, given up ones included
 */
export type EventHandler<S> = (slot: S, sequence: number, endOfBatch: boolean, batchSize: number) => void

/** A handler with everything it can be told. */
export interface BatchHandler<S> {
  onEvent(slot: S, sequence: number, endOfBatch: boolean, batchSize: number): void
  /** Before each batch. `queueDepth` is what was there, which a limit may have cut to `batchSize`. */
  onBatchStart?(batchSize: number, queueDepth: number): void
  /** The loop waited in vain. `sequence` is the last one finished. */
  onTimeout?(sequence: number): void
  /** The loop begins, ends. */
  onStart?(): void
  onShutdown?(): void
  /**
   * `onEvent` threw at this record. When this returns the record counts as finished, and the next one follows. Without it, or when it
   * throws, the processor ends with `ERR_RING_HANDLER`: the record stays in hand, and the producer is held back once the ring is full.
   * It is so by default because nobody but the user knows whether what comes next makes sense without that record.
   */
  onError?(error: unknown, sequence: number, slot: S): void
}

/** `idle` it can be polled or run, `running` its loop runs, `ended` a handler failed and nobody decided about it, or it left the ring. */
export type ProcessorState = 'idle' | 'running' | 'ended'

/** A handler at its place in a ring. Not to be shared between threads. */
export interface Processor {
  readonly place: number
  readonly state: ProcessorState
  /** The last sequence finished. */
  readonly sequence: number
  /** Records handled, failed ones included. */
  readonly handled: number
  /** Records whose handler threw. */
  readonly failed: number
  /** Slots passed over because their producer gave them up. */
  readonly skipped: number
  /** Whether a poll would find something, from a fresh look. */
  readonly hasWork: boolean
  /** Whether another thread called `haltPlace` for it, or `haltRing`. `run` looks by itself; a loop of one's own does here. */
  readonly isHalted: boolean
  /** Rung when there is something to handle; for a caller with an event loop: `bell.parkAsync(() => processor.hasWork, …)`. */
  readonly bell: Doorbell
  /**
   * Handles what is there, `limit` sequences at most (and never more than `maxBatch`), and returns how many sequences that were. Never
   * waits. Not to be called by its handler.
   *
   * @throws `ERR_OPTION` for a limit that is neither an integer of 0 or more nor Infinity, `ERR_RING_HANDLER` when a handler threw and nobody
   * decides about it, and at every later call
   */
  poll(limit?: number): number
  /**
   * Handles until it is halted; blocks the thread.
   *
   * @param timeoutMs longest wait before the handler is told (`onTimeout`). @default 1000
   * @throws `ERR_RING_HANDLER`, `ERR_OPTION`, and what `onBatchStart`, `onTimeout` or `onStart` throw
   */
  run(strategy: WaitStrategy, timeoutMs?: number): void
  /** Ends the loop after the batch it is at. For its own thread, the handler above all; others call `haltPlace`, or `haltRing`. */
  halt(): void
  /**
   * Leaves the ring: nobody waits for it any more. For good: a second `leave` does nothing, and whatever looks at the ring throws `ERR_RING_PLACE`.
   * Called by its own handler it takes effect when the record is finished, without the rest of the batch, and ends the loop.
   *
   * @throws `ERR_RING_LOCKED`; of a handler's leave, `poll` and `run` do
   */
  leave(): void
}

export const RUN_TIMEOUT_MS = 1000
/** Pauses for each record that the last look found, and at most: one takes 31 ns on the processors it was measured on. */
const PAUSES_PER_RECORD = 2
const PAUSES_MAX = 128
/** A batch of so many is worth a look at the cursor. */
const BATCH_MIN = 512
/** Polls between two looks whether another thread has halted the loop, as long as there is always something to do. */
const POLLS_PER_LOOK = 32

/** What the loop drives. Internal. */
export interface Steps {
  /** Whether its own handler has halted it: a look at a variable. */
  readonly isHalting: () => boolean
  /** Whether anybody has: a look at shared memory. */
  readonly isHalted: () => boolean
  readonly hasWork: () => boolean
  readonly poll: () => number
  readonly onTimeout: () => void
}

/** Before a loop begins. @throws `ERR_OPTION` Internal. */
export function checkWaiting(strategy: WaitStrategy, timeoutMs: number): void {
  if (typeof strategy?.waitFor !== 'function') throw optionError('strategy', strategy, 'a wait strategy')
  checkTimeout(timeoutMs)
}

/** The loop of `run`. Internal. */
export function runLoop(steps: Steps, strategy: WaitStrategy, timeoutMs: number): void {
  const { isHalting, isHalted, poll, onTimeout } = steps
  const hasWork = (): boolean => steps.hasWork() || isHalted()
  // Ends when it is halted, and only then; see the header.
  for (let polls = 1; ; polls++) {
    const count = poll()
    if (isHalting()) return
    if (count === 0) {
      if (isHalted()) return
      if (!strategy.waitFor(hasWork, timeoutMs)) onTimeout()
    } else if (count > 1 && count < BATCH_MIN) pauseFor(count)
    if (polls % POLLS_PER_LOOK === 0 && isHalted()) return
  }
}

function pauseFor(count: number): void {
  for (let left = Math.min(PAUSES_MAX, PAUSES_PER_RECORD * count); left > 0; left--) pause()
}
