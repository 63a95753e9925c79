/**
 * The reading side of a single-producer ring.
 *
 * Protocol
 * 1. `next` stores `start | 1` in the hand word before it hands a record out; `done` stores the record's end. So the hand
 *    names at every moment the one record that may have been half processed.
 * 2. `release` stores as consumer position the begin of the record in hand, or the end of the last one: room that is given
 *    back holds nothing that is still in use, and the consumer position is never beyond the hand.
 * 3. Every length is checked before it is believed: a record ends inside what was published and before the end of the
 *    data area, or reading stops with an error, at the same place however often it is tried.
 *
 * Memory order: records are plain loads, ordered behind the Atomics.load of the producer position that covers them, which
 * is kept and read anew only at an apparent empty. The Atomics.store of the consumer position is ordered behind the last
 * read of what it gives back. The hand is a plain store; its reader comes after the end of this thread.
 */
import { ringCorruptError } from './errors.ts'
import { checkPoll, LIMIT_MAX } from './poll-limit.ts'
import { alignRecord, HEADER_BYTES, PADDING_TYPE, RECORD_ALIGNMENT } from './record-layout.ts'
import { readHand } from './ring-hand.ts'
import { CONSUMER_INDEX, HAND_INDEX, IN_HAND_BIT, PRODUCER_INDEX } from './spsc-layout.ts'
import { openSpscRing } from './spsc-ring.ts'
import type { SpscRingDescriptor, SpscViews } from './spsc-ring.ts'

/** Gets a record in place: the bytes are the ring's, and are valid until the handler returns. */
export type RecordHandler = (type: number, buffer: Buffer, offset: number, length: number) => void

/** The reading side of a ring. One at a time per ring; not to be shared between threads. */
export interface RingConsumer {
  readonly capacity: number
  /** The data area. */
  readonly buffer: Buffer
  /** The same bytes as `buffer`; payloads begin at multiples of 8. */
  readonly int32: Int32Array
  /**
   * Finishes the record in hand, if any, and takes the next one. False when nothing more is published.
   *
   * @throws `ERR_RING_CORRUPT`; every later call throws it again.
   */
  next(): boolean
  /** The record in hand is finished. Without one it does nothing. */
  done(): void
  /** Gives the room of finished records back by one store. False when there was none: then nobody needs to be told. */
  release(): boolean
  /** Of the record in hand, after `next()` returned true and until `done()`. */
  readonly type: number
  /** Byte offset of the payload in `buffer`. */
  readonly offset: number
  /** Bytes of the payload. */
  readonly length: number
  /** Begin of the record in hand, or of what is read next: what `release()` would store. An Int32 that wraps. */
  readonly position: number
  /** Whether nothing is published beyond the record in hand, from a fresh look. */
  readonly isEmpty: boolean
  /** All that {@link look} or `next` has seen was taken: the next `next()` looks at the producer's position again. */
  readonly isSpent: boolean
  /**
   * Looks at the producer's position; answers whether there is more. What the producer had stored elsewhere before it published that is visible from
   * here on, and up to there `next()` does not look again.
   */
  look(): boolean
  /**
   * Hands up to `limit` records to `handler`, then gives their room back by one store. Without a limit it ends after one
   * lap at the latest, for the producer gets no room meanwhile. A record whose handler throws is finished; its room is
   * given back, the error goes on to the caller, and the next call goes on behind it. Not to be called by its handler.
   *
   * @returns how many records were handled.
   * @throws `ERR_OPTION` when `handler` is no function, or `limit` neither an integer of 0 or more nor Infinity; and as {@link next}
   */
  poll(handler: RecordHandler, limit?: number): number
}

/**
 * Attaches the reading side. A successor goes on behind the record that its predecessor had in hand, if there was one:
 * look with `inspectRing` before, it is forgotten here. Its first `release()` gives back what the predecessor had
 * finished, so call it even when there is nothing to read; and tell a waiting producer once, for the predecessor may have
 * ended between its release and the telling.
 *
 * Only after the predecessor's thread has ended.
 *
 * @throws `ERR_RING_CAPACITY`, `ERR_RING_MEMORY`, `ERR_RING_MAGIC`, `ERR_RING_VERSION`, `ERR_RING_CORRUPT`
 */
export function attachConsumer(descriptor: SpscRingDescriptor): RingConsumer {
  return new SpscConsumer(openSpscRing(descriptor), descriptor.capacity)
}

class SpscConsumer implements RingConsumer {
  readonly capacity: number
  readonly buffer: Buffer
  readonly int32: Int32Array
  type = 0
  offset = 0
  length = 0
  position: number
  readonly #control: Int32Array
  readonly #mask: number
  /** End of the record in hand; equal to `position` when there is none. */
  #end: number
  /** Producer position last seen. */
  #published: number
  /** Consumer position last stored. */
  #released: number

  constructor(views: SpscViews, capacity: number) {
    this.capacity = capacity
    this.buffer = views.buffer
    this.int32 = views.int32
    this.#control = views.control
    this.#mask = capacity - 1
    const hand = readHand(views, capacity)
    this.position = hand.end
    this.#end = hand.end
    this.#published = hand.end // an apparent empty: the first next() looks
    this.#released = hand.consumer
    // One store, so a successor that ends before or after it leaves either the old hand or this one.
    this.#control[HAND_INDEX] = hand.end
  }

  next(): boolean {
    let start = this.#end
    // Twice at most: padding is always followed by a record.
    for (;;) {
      let available = (this.#published - start) | 0
      if (available === 0) {
        available = this.#refresh(start)
        if (available === 0) {
          this.#settle(start)
          return false
        }
      }
      const index = start & this.#mask
      const toEnd = this.capacity - index
      const room = available < toEnd ? available : toEnd
      // Plain reads, published by the Atomics.store of the producer position that #refresh loaded.
      const length = this.int32[index >> 2]!
      const type = this.int32[(index >> 2) + 1]!
      // Unsigned, so that one test rejects zero, negative, shorter than a header, and beyond what is there. `room` is a
      // multiple of 8: what fits into it fits with its alignment.
      if ((length - HEADER_BYTES) >>> 0 > room - HEADER_BYTES) this.#refuse('record length', start, length, type, room)
      if (type >= 0) {
        this.#control[HAND_INDEX] = start | IN_HAND_BIT
        this.position = start
        this.#end = (start + alignRecord(length)) | 0
        this.type = type
        this.offset = index + HEADER_BYTES
        this.length = length - HEADER_BYTES
        return true
      }
      if (type !== PADDING_TYPE || length !== toEnd) this.#refuse('record type', start, length, type, room)
      start = (start + toEnd) | 0
    }
  }

  done(): void {
    this.position = this.#end
    this.#control[HAND_INDEX] = this.#end
  }

  release(): boolean {
    if (this.position === this.#released) return false
    Atomics.store(this.#control, CONSUMER_INDEX, this.position)
    this.#released = this.position
    return true
  }

  get isSpent(): boolean {
    return this.#end === this.#published
  }

  look(): boolean {
    return this.#refresh(this.#end) > 0
  }

  get isEmpty(): boolean {
    return this.#end === this.#published && this.#end === Atomics.load(this.#control, PRODUCER_INDEX)
  }

  poll(handler: RecordHandler, limit: number = LIMIT_MAX): number {
    checkPoll(handler, limit)
    let count = 0
    try {
      while (count < limit && this.next()) {
        count++
        handler(this.type, this.buffer, this.offset, this.length)
        this.done()
      }
    } finally {
      this.done()
      this.release()
    }
    return count
  }

  /** Looks at the producer position and returns the bytes published beyond `start`. */
  #refresh(start: number): number {
    const producer = Atomics.load(this.#control, PRODUCER_INDEX)
    const available = (producer - start) | 0
    if (available < 0 || available > this.capacity || producer % RECORD_ALIGNMENT !== 0) {
      this.#settle(start)
      throw ringCorruptError('producer position is out of range', { producer, position: start, capacity: this.capacity })
    }
    this.#published = producer
    return available
  }

  #refuse(cause: string, start: number, length: number, type: number, room: number): never {
    this.#settle(start)
    throw ringCorruptError(`${cause} is impossible`, { position: start, length, type, room })
  }

  /** Nothing is in hand; reading goes on at `start`. */
  #settle(start: number): void {
    this.#end = start
    this.done()
  }
}
