/**
 * The writing side of a ring of slots: what single and multi producers have in common.
 *
 * `next` claims, `publish` shows. Between the two the claimed slots are the producer's. A claim of several slots gives the highest
 * of their sequences: the claim of `next(3)` that returns 9 is 7, 8 and 9.
 */
import { optionError } from '@cambium/base'
import type { Doorbell } from '../doorbell.ts'
import { ringClaimError } from '../errors.ts'
import { checkTimeout } from '../wait-strategy.ts'
import type { WaitStrategy } from '../wait-strategy.ts'

/** What a claim returns when the ring is full: 2^31, which is no Int32 and so no sequence. */
export const NO_ROOM: number = 2 ** 31

/** The writing side of a ring of slots. Not to be shared between threads. */
export interface SlotProducer {
  readonly capacity: number
  /** Its number among the ring's producers; the root needs it to evict a dead one. 0 for a single producer. */
  readonly place: number
  /** Rung when there may be room; for a caller with an event loop (`parkAsync`). */
  readonly bell: Doorbell
  /**
   * Claims `count` slots (1 to the capacity), waits for them if need be, and returns the highest of their sequences.
   * {@link NO_ROOM} when there was no room within `timeoutMs`, which is the producer's own limit by default, or when the whole ring was
   * halted meanwhile.
   *
   * @throws `ERR_RING_CLAIM` for a count that the ring can never take; `ERR_OPTION` without a wait strategy, or when it has to wait and
   * `timeoutMs` is no number
   */
  next(count?: number, timeoutMs?: number): number
  /**
   * The same beside the event loop of the thread, and without a wait strategy: for the main thread above all. The promise does not keep a
   * process alive.
   */
  nextAsync(count?: number, timeoutMs?: number): Promise<number>
  /** Claims `count` slots, or returns {@link NO_ROOM} at once. Never blocks. @throws `ERR_RING_CLAIM`, `ERR_RING_CORRUPT` */
  tryNext(count?: number): number
  /**
   * Shows all that is claimed up to this sequence, by one store, and wakes who waits for it.
   *
   * @throws `ERR_RING_CLAIM` for a sequence that is not claimed, or published already
   */
  publish(sequence: number): void
  /**
   * Gives up what is claimed and not published. With one producer it is as if it had never been claimed; with several, consumers pass
   * over those slots.
   */
  abort(): void
  /** Whether a claim of this size would find room now. @throws `ERR_RING_CLAIM` for what is no size: an integer of 1 or more */
  hasRoom(count: number): boolean
  /** Free slots, from a fresh look. */
  readonly remaining: number
  /** Whether somebody called `haltRing`: what is published from now on is handled by nobody. */
  readonly isHalted: boolean
  /**
   * Gives its place back to other producers. From then on nothing is claimed, another `leave` does nothing, and whatever looks at the ring
   * throws `ERR_RING_PLACE`.
   *
   * @throws `ERR_RING_CLAIM` while a claim is open
   */
  leave(): void
}

export interface SlotProducerOptions {
  /** How `next` waits, made from the producer's doorbell: `(bell) => adaptive(bell, clock)`. Without it only `tryNext` claims. */
  readonly wait?: (bell: Doorbell) => WaitStrategy
  /** Longest wait of one `next`, in milliseconds; Infinity allowed. @default 5000 */
  readonly timeoutMs?: number
  /** A number by which the root finds what a dead thread leaves behind: 0 to 2^29 - 1. @default 0 */
  readonly owner?: number
}

/** How a producer waits. Internal. */
export interface ProducerWaiting {
  readonly wait: ((bell: Doorbell) => WaitStrategy) | undefined
  readonly timeoutMs: number
}

/** Turns of `next` that found room and then lost it to another producer. Each of them is somebody else's success. */
const LOST_MAX = 10_000

/** Waits for room and claims it. Internal; the slow path of `next`. */
export function waitForRoom(producer: SlotProducer, strategy: WaitStrategy, count: number, timeoutMs: number): number {
  checkTimeout(timeoutMs)
  const hasRoom = (): boolean => producer.hasRoom(count) || producer.isHalted
  for (let lost = 0; lost < LOST_MAX && strategy.waitFor(hasRoom, timeoutMs); lost++) {
    const sequence = producer.tryNext(count)
    if (sequence !== NO_ROOM || producer.isHalted) return sequence
  }
  return NO_ROOM
}

/** Waits for room beside the event loop, and claims it. Internal; `nextAsync`. */
export async function awaitRoom(producer: SlotProducer, count: number, timeoutMs: number): Promise<number> {
  const hasRoom = (): boolean => producer.hasRoom(count) || producer.isHalted
  checkTimeout(timeoutMs)
  for (let lost = 0; lost < LOST_MAX; lost++) {
    const sequence = producer.tryNext(count)
    if (sequence !== NO_ROOM || producer.isHalted) return sequence
    if ((await producer.bell.parkAsync(hasRoom, timeoutMs)) === 'timeout') return NO_ROOM
  }
  return NO_ROOM
}

/**
 * What the user's function makes; undefined when there is none.
 *
 * @throws `ERR_OPTION`, and what the function throws. Internal.
 */
export function strategyOf(wait: ProducerWaiting['wait'], bell: Doorbell): WaitStrategy | undefined {
  if (wait === undefined) return undefined
  const strategy = wait(bell)
  if (typeof strategy?.waitFor !== 'function') throw optionError('wait(bell)', strategy, 'a wait strategy')
  return strategy
}

/** Internal. */
export function noStrategyError(): Error {
  return optionError('wait', undefined, 'a wait strategy, for next() waits; tryNext() does not')
}

/** @throws `ERR_RING_CLAIM` for a count that the ring can never take. Internal. */
export function checkCount(count: number, capacity: number): void {
  // Unsigned, so that one test rejects zero, negative and too many.
  if ((count | 0) !== count || (count - 1) >>> 0 >= capacity) {
    throw ringClaimError('count is out of range', { count, max: capacity })
  }
}
