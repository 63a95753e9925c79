/**
 * The writing side of a broadcast ring: claim, commit, publish, as in the ring for one reader.
 *
 * Protocol
 * 1. `claim` finds room behind the private cursor, no further than the lossless readers allow, and announces the intent to write there
 *    before it returns the place. The intent runs ahead of the claim, so most claims need no announcement.
 * 2. `commit` writes the header and moves the private cursor.
 * 3. `publish` stores where the last record begins, then the tail, then looks whether a reader is parked.
 *
 * Memory order: an Atomics.store is not enough to keep later plain stores behind it on every processor; a load by Atomics after it is.
 * So the intent is stored and then loaded before a byte is written. Records are plain stores, ordered before the store of the tail.
 */
import type { Doorbell } from '../doorbell.ts'
import { ringClaimError, ringCorruptError } from '../errors.ts'
import { GATES, PARKED_READERS } from '../places/place-layout.ts'
import { Progress } from '../places/progress.ts'
import type { Waker } from '../places/waker.ts'
import type { SharedWords } from '../shared-words.ts'
import { RING_FULL } from '../spsc-producer.ts'
import {
  alignRecord,
  CHECK_SALT,
  EPOCH,
  epochAfter,
  HEADER_BYTES,
  INTENT,
  INTENT_SHARE,
  LATEST,
  PADDING_TYPE,
  RECORD_ALIGNMENT,
  RECORDS_PER_RING_MIN,
  TAIL,
} from './broadcast-layout.ts'
import { attachBroadcast } from './broadcast-ring.ts'
import type { AttachedBroadcast, BroadcastDescriptor } from './broadcast-ring.ts'
import { checkHeader, IS_CORRUPT } from './record-check.ts'

/** The writing side of a broadcast ring. One at a time per ring; not to be shared between threads. */
export interface BroadcastProducer {
  readonly capacity: number
  /** Largest payload in bytes: an eighth of the capacity less the header. */
  readonly recordBytesMax: number
  /** The data area. Fill the payload in place between {@link claim} and {@link commit}. */
  readonly buffer: Buffer
  /** The same bytes as `buffer`; payloads begin at multiples of 8, so `offset >> 2` is an exact index. */
  readonly int32: Int32Array
  /**
   * Opens a claim; one at a time. Never blocks.
   *
   * @param type Int32, 0 or more; readers get it with the record.
   * @param payloadBytes 0 to `recordBytesMax`.
   * @returns the byte offset of the payload in `buffer`, or `RING_FULL` when a lossless reader has not yet read what lies there.
   * @throws `ERR_RING_CLAIM` for what the ring can never take, or while a claim is open.
   */
  claim(type: number, payloadBytes: number): number
  /** Finishes the claim; fewer bytes than were claimed may be kept. @throws `ERR_RING_CLAIM` */
  commit(payloadBytes?: number): void
  /** Drops the open claim: as if it had never been. Without one it does nothing. */
  abort(): void
  /** Makes everything committed visible by one store and wakes who is parked. False when there was nothing new. */
  publish(): boolean
  /** Whether a claim of this size would succeed now. @throws `ERR_RING_CLAIM` for a size that the ring can never take */
  hasRoom(payloadBytes: number): boolean
  /** Records committed and not yet published. */
  readonly unpublished: number
  /** The private cursor, an Int32 byte position that wraps. */
  readonly position: number
  /** Free bytes behind the cursor, from a fresh look at the lossless readers. */
  readonly free: number
  /** Rung when there may be room again, if it is parked. */
  readonly bell: Doorbell
  /** Number of the record that the next `commit` makes; an Int32 that wraps. */
  readonly recordNumber: number
}

/**
 * Attaches the writing side. A successor, after the end of its predecessor's thread, goes on at the published tail: what was not published
 * does not exist.
 *
 * @throws `ERR_RING_MEMORY`, `ERR_RING_MAGIC`, `ERR_RING_VERSION`, `ERR_RING_CORRUPT`
 */
export function attachBroadcastProducer(descriptor: BroadcastDescriptor): BroadcastProducer {
  return new RecordBroadcaster(attachBroadcast(descriptor))
}

const NO_CLAIM = -1

class RecordBroadcaster implements BroadcastProducer {
  readonly capacity: number
  readonly recordBytesMax: number
  readonly buffer: Buffer
  readonly int32: Int32Array
  readonly bell: Doorbell
  position: number
  unpublished = 0
  recordNumber: number
  readonly #words: SharedWords
  /** Words of the whole memory. */
  readonly #control: Int32Array
  readonly #base: number
  readonly #parkedWord: number
  readonly #gates: Progress
  readonly #waker: Waker
  readonly #mask: number
  readonly #ahead: number
  #published: number
  /** Position that the cursor may reach. */
  #limit: number
  #intent: number
  #epoch: number
  #latest: number
  #claimed: number = NO_CLAIM
  #claimStart = 0
  #claimType = 0

  constructor(ring: AttachedBroadcast) {
    const { words, int32, base, capacity, placeBlock } = ring
    this.capacity = capacity
    this.recordBytesMax = capacity / RECORDS_PER_RING_MIN - HEADER_BYTES
    this.buffer = ring.buffer
    this.int32 = ring.data
    this.bell = ring.producerBell()
    this.#words = words
    this.#control = int32
    this.#base = base
    this.#parkedWord = placeBlock + PARKED_READERS
    this.#gates = new Progress(words, placeBlock, placeBlock + GATES, ring)
    this.#waker = ring.waker
    this.#mask = capacity - 1
    this.#ahead = Math.max(capacity / INTENT_SHARE, RECORD_ALIGNMENT)
    this.#published = words.load(base + TAIL)
    if (this.#published % RECORD_ALIGNMENT !== 0) throw ringCorruptError('tail is not aligned', { tail: this.#published })
    this.position = this.#published
    this.#limit = this.#published
    this.#intent = words.load(base + INTENT)
    this.#epoch = words.load(base + EPOCH)
    this.#latest = words.load(base + LATEST)
    this.recordNumber = this.#nextNumber()
    // Ahead of the tail it is the begin of a record that never came to be.
    if (((this.#latest - this.#published) | 0) >= 0) this.#latest = this.#published
    words.store(base + LATEST, this.#latest)
    // A predecessor may have ended between its publish and its wake-up.
    this.#waker.all()
  }

  claim(type: number, payloadBytes: number): number {
    // One test for negative, fractional, NaN and 2^32 and above: none of them survives the conversion.
    if (payloadBytes >>> 0 !== payloadBytes || payloadBytes > this.recordBytesMax || this.#claimed !== NO_CLAIM) {
      this.#refuseClaim(payloadBytes)
    }
    if ((type & 0x7fff_ffff) !== type) throw ringClaimError('type is not an Int32 of 0 or more', { type })
    const bytes = alignRecord(payloadBytes + HEADER_BYTES)
    let start = this.position
    let index = start & this.#mask
    const toEnd = this.capacity - index
    const needed = bytes > toEnd ? bytes + toEnd : bytes
    if (((this.#limit - start) | 0) < needed && this.#look() < needed) return RING_FULL
    const end = (start + needed) | 0
    if (((end - this.#intent) | 0) > 0) this.#announce(end)
    if (bytes > toEnd) {
      // Behind the cursor like the record itself: an abort or a successor writes over it. Too short for a header, it has none.
      if (toEnd >= HEADER_BYTES) this.#writeHeader(index >> 2, toEnd, PADDING_TYPE)
      else this.int32.fill(PADDING_TYPE, index >> 2, this.capacity >> 2)
      start = (start + toEnd) | 0
      index = 0
    }
    this.#claimStart = start
    this.#claimType = type
    this.#claimed = payloadBytes
    return index + HEADER_BYTES
  }

  commit(payloadBytes: number = this.#claimed): void {
    const claimed = this.#claimed
    if (claimed === NO_CLAIM || payloadBytes >>> 0 !== payloadBytes || payloadBytes > claimed) this.#refuseCommit(payloadBytes)
    const length = payloadBytes + HEADER_BYTES
    const start = this.#claimStart
    this.#writeHeader((start & this.#mask) >> 2, length, this.#claimType)
    this.#latest = start
    this.position = (start + alignRecord(length)) | 0
    this.recordNumber = (this.recordNumber + 1) | 0
    this.#claimed = NO_CLAIM
    this.unpublished++
  }

  abort(): void {
    this.#claimed = NO_CLAIM
  }

  publish(): boolean {
    if (this.position === this.#published) return false
    this.#control[this.#base + LATEST] = this.#latest
    this.#published = this.position
    this.unpublished = 0
    if (this.#words.publish(this.#base + TAIL, this.position, this.#parkedWord) !== 0) this.#waker.readers()
    return true
  }

  hasRoom(payloadBytes: number): boolean {
    if (payloadBytes >>> 0 !== payloadBytes || payloadBytes > this.recordBytesMax) this.#refuseSize(payloadBytes)
    const bytes = alignRecord(payloadBytes + HEADER_BYTES)
    const toEnd = this.capacity - (this.position & this.#mask)
    const needed = bytes > toEnd ? bytes + toEnd : bytes
    return ((this.#limit - this.position) | 0) >= needed || this.#look() >= needed
  }

  get free(): number {
    return this.#look()
  }

  /** Looks at the lossless readers and returns the free bytes behind the cursor. @throws `ERR_RING_CORRUPT` */
  #look(): number {
    const least = this.#gates.least(this.#published, this.capacity)
    if (((this.#published - least) | 0) > this.capacity) {
      throw ringCorruptError('readers are more than the capacity behind', {
        tail: this.#published,
        least,
        capacity: this.capacity,
      })
    }
    this.#limit = (least + this.capacity) | 0
    return (this.#limit - this.position) | 0
  }

  #announce(end: number): void {
    const intent = (end + this.#ahead) & -RECORD_ALIGNMENT
    const epoch = epochAfter(this.#epoch, this.#intent, intent)
    if (epoch !== this.#epoch) this.#words.store(this.#base + EPOCH, epoch)
    this.#words.store(this.#base + INTENT, intent)
    this.#words.load(this.#base + INTENT)
    this.#epoch = epoch
    this.#intent = intent
  }

  #writeHeader(at: number, length: number, type: number): void {
    const number = this.recordNumber
    this.int32[at] = length
    this.int32[at + 1] = type
    this.int32[at + 2] = number
    this.int32[at + 3] = length ^ type ^ number ^ CHECK_SALT
  }

  /**
   * What its predecessor would have given to the next record. If that ended in the middle of a publish, *latest* is ahead of the tail:
   * then what lies at the tail was committed, and has the number.
   */
  #nextNumber(): number {
    const isAhead = ((this.#latest - this.#published) | 0) >= 0
    const index = (isAhead ? this.#published : this.#latest) & this.#mask
    const toEnd = this.capacity - index
    // Plain reads: published by the store of the tail that was loaded before, or by the end of the predecessor's thread.
    const number = this.int32[(index >> 2) + 2]!
    if (!isAhead) return (number + 1) | 0
    if (toEnd < HEADER_BYTES) return this.int32[2]!
    return checkHeader(this.int32, index >> 2, toEnd, toEnd) === IS_CORRUPT ? 0 : number
  }

  #refuseClaim(payloadBytes: number): never {
    if (this.#claimed !== NO_CLAIM) throw ringClaimError('a claim is open', { claimed: this.#claimed })
    this.#refuseSize(payloadBytes)
  }

  #refuseSize(payloadBytes: number): never {
    throw ringClaimError('payload size is out of range', { bytes: payloadBytes, max: this.recordBytesMax })
  }

  #refuseCommit(payloadBytes: number): never {
    if (this.#claimed === NO_CLAIM) throw ringClaimError('no claim is open', { position: this.position })
    throw ringClaimError('commit is larger than its claim or no size', { bytes: payloadBytes, claimed: this.#claimed })
  }
}
