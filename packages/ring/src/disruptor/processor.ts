/**
 * Drives a handler with the records of one place: in steps that never block (`poll`), or in a loop of its own (`run`).
 *
 * The loop
 * 1. Polls as long as there is something. After a batch of a few records it pauses for a microsecond before it looks again, for each
 *    look takes the cursor's cache line away from a producer that writes it with every record. One producer, one consumer, a record a
 *    publish, measured: 40 M/s without the pause, 57 M/s with half a microsecond, 66 M/s with one. A stream that gives one record a
 *    look is not held up, and one that gives many needs no pause.
 * 2. Then waits by its strategy, for `timeoutMs` at most, and tells the handler when nothing came.
 * 3. Ends when it is halted: by its handler, or by another thread through `haltPlace` or `haltRing`. That is the only thing that ends it, so whoever
 *    starts a loop keeps the means to halt it.
 */
import type { Doorbell } from '../doorbell.ts'
import { pause } from '../pause.ts'
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

/** `idle` it can be polled or run, `running` its loop runs, `ended` a handler failed or it left the ring. */
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
   * @throws `ERR_RING_HANDLER` when a handler threw and nobody decides about it, and at every later call
   */
  poll(limit?: number): number
  /**
   * Handles until it is halted; blocks the thread.
   *
   * @param timeoutMs longest wait before the handler is told (`onTimeout`). @default 1000
   * @throws `ERR_RING_HANDLER`, and what `onBatchStart`, `onTimeout` or `onStart` throw
   */
  run(strategy: WaitStrategy, timeoutMs?: number): void
  /** Ends the loop after the batch it is at. For its own thread, the handler above all; others call `haltPlace`, or `haltRing`. */
  halt(): void
  /** Leaves the ring: nobody waits for it any more. @throws `ERR_RING_LOCKED` */
  leave(): void
}

export const RUN_TIMEOUT_MS = 1000
/** A microsecond on the processors it was measured on: 32 pauses of 31 ns. */
const PAUSES_MAX = 192
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
    } else if (count > 1 && count < BATCH_MIN) for (let i = Math.min(PAUSES_MAX, 2 * count); i > 0; i--) pause()
    if (polls % POLLS_PER_LOOK === 0 && isHalted()) return
  }
}
