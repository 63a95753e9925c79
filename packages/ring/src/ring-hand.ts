/**
 * What the hand word says about a ring whose consumer has ended: which record it had in hand, and where reading goes on.
 *
 * 1. Bit 0 clear: nothing was in hand; reading goes on at the hand.
 * 2. Bit 0 set: the record at the hand's position may be half processed; reading goes on at its end.
 *
 * 3. Between the end of a consumer's thread and the attachment of its successor the hand is the owner's, who finishes what was in it: a successor that ends before it attaches leaves nothing in hand.
 *
 * Memory order: the hand is written by plain stores, so this is only true after the consumer's thread has ended.
 */
import { ringCorruptError } from './errors.ts'
import { alignRecord, HEADER_BYTES, RECORD_ALIGNMENT } from './record-layout.ts'
import { CONSUMER_INDEX, HAND_INDEX, IN_HAND_BIT, PRODUCER_INDEX } from './spsc-layout.ts'
import { openSpscRing } from './spsc-ring.ts'
import type { SpscRingDescriptor, SpscViews } from './spsc-ring.ts'

/** The record that a consumer had in hand when it ended. Its bytes stay in place until a successor calls `release()`. */
export interface RecordInHand {
  readonly position: number
  readonly type: number
  /** Byte offset of the payload in `buffer`. */
  readonly payloadOffset: number
  readonly payloadBytes: number
  readonly buffer: Buffer
}

/** A look at a ring from outside. Positions are Int32 and wrap. */
export interface RingInspection {
  readonly producer: number
  readonly consumer: number
  /** Position of the hand, without its bit. */
  readonly hand: number
  /** Bytes not yet given back: unread ones, and read ones whose room was not released. */
  readonly used: number
  readonly inHand: RecordInHand | undefined
  /** Where a successor goes on: after the record in hand, if there is one. */
  readonly resume: number
}

/**
 * Looks at a ring for its owner: after the consumer's thread has ended, and before a successor attaches.
 *
 * @throws `ERR_RING_CAPACITY`, `ERR_RING_MEMORY`, `ERR_RING_MAGIC`, `ERR_RING_VERSION`, `ERR_RING_CORRUPT`
 */
export function inspectRing(descriptor: SpscRingDescriptor): RingInspection {
  const views = openSpscRing(descriptor)
  const { producer, consumer, start, end, type, payloadBytes } = readHand(views, descriptor.capacity)
  const payloadOffset = (start & (descriptor.capacity - 1)) + HEADER_BYTES
  return {
    producer,
    consumer,
    hand: start,
    used: (producer - consumer) | 0,
    inHand: start === end ? undefined : { position: start, type, payloadOffset, payloadBytes, buffer: views.buffer },
    resume: end,
  }
}

/**
 * For the owner of a ring whose consumer has ended, before a successor attaches: the record in hand is finished. Its bytes stay in place all the same.
 *
 * @throws `ERR_RING_CAPACITY`, `ERR_RING_MEMORY`, `ERR_RING_MAGIC`, `ERR_RING_VERSION`, `ERR_RING_CORRUPT`
 */
export function finishHand(descriptor: SpscRingDescriptor): void {
  const views = openSpscRing(descriptor)
  Atomics.store(views.control, HAND_INDEX, readHand(views, descriptor.capacity).end)
}

/**
 * For an observer in the consumer's own thread: the returned function answers the position where the record in hand ends, undefined when none is.
 *
 * @throws `ERR_RING_CAPACITY`, `ERR_RING_MEMORY`, `ERR_RING_MAGIC`, `ERR_RING_VERSION`
 */
export function watchHand(descriptor: SpscRingDescriptor): () => number | undefined {
  const { control, int32 } = openSpscRing(descriptor)
  const mask = descriptor.capacity - 1
  return () => {
    // Plain reads of what this very thread has stored or checked.
    const word = control[HAND_INDEX]!
    if ((word & IN_HAND_BIT) === 0) return undefined
    const start = word & ~IN_HAND_BIT
    return (start + alignRecord(int32[(start & mask) >> 2]!)) | 0
  }
}

/** How far a ring is written and given back, for an observer in any thread who may look often: by Atomics.load of what its two ends have stored. */
export function watchPositions(descriptor: SpscRingDescriptor): { readonly producer: number; readonly consumer: number } {
  const { control } = openSpscRing(descriptor)
  return {
    get producer() {
      return Atomics.load(control, PRODUCER_INDEX)
    },
    get consumer() {
      return Atomics.load(control, CONSUMER_INDEX)
    },
  }
}

/** The positions of a ring, checked against each other. `start === end` when nothing is in hand. Internal. */
export interface HandReading {
  readonly producer: number
  readonly consumer: number
  readonly start: number
  readonly end: number
  readonly type: number
  readonly payloadBytes: number
}

export function readHand(views: SpscViews, capacity: number): HandReading {
  const producer = Atomics.load(views.control, PRODUCER_INDEX)
  const consumer = Atomics.load(views.control, CONSUMER_INDEX)
  const word = Atomics.load(views.control, HAND_INDEX)
  const start = word & ~IN_HAND_BIT
  const used = (producer - consumer) | 0
  const unread = (producer - start) | 0
  const unaligned = (producer | consumer | start) & (RECORD_ALIGNMENT - 1)
  if (used < 0 || used > capacity || unread < 0 || unread > used || unaligned !== 0) {
    throw ringCorruptError('positions contradict each other', { producer, consumer, hand: start, capacity })
  }
  if (word === start) return { producer, consumer, start, end: start, type: 0, payloadBytes: 0 }

  const index = start & (capacity - 1)
  const room = Math.min(unread, capacity - index)
  // Plain reads, published by the Atomics.store of the producer position loaded above.
  const length = views.int32[index >> 2]!
  const type = views.int32[(index >> 2) + 1]!
  if (length < HEADER_BYTES || length > room || type < 0) {
    throw ringCorruptError('record in hand is impossible', { position: start, length, type, room })
  }
  return { producer, consumer, start, end: (start + alignRecord(length)) | 0, type, payloadBytes: length - HEADER_BYTES }
}
