/**
 * A lossy reader of a broadcast ring: it never holds the producer back; when it is too slow it is lapped, counts it, and goes on at the last
 * record.
 *
 * Protocol
 * 1. Copy what is published, as far as the copy has room, out of the ring. Then look at the intent: if it is not beyond the begin of
 *    what was copied plus the capacity, not a byte of it was being written over. Overwriting goes from old to new, so the begin
 *    decides for all.
 * 2. Only then is the copy read; handlers get records from the copy, so none ever sees a torn one.
 * 3. Lapped: count it, go on at *latest*, the begin of the last record. The numbers of the records tell how many were missed.
 * 4. A distance in 32 bits says nothing about a reader that slept through 2^31 bytes. So the intent has an epoch: the reader knows its own, and
 *    is lapped when the other is more than one ahead; if not, the distance is exact. The epoch is stored before the intent and
 *    loaded after it.
 * 5. A header that no producer can have written is counted as corrupt; reading goes on at the tail, the begin of a record.
 *
 * Memory order: the copy is made by plain loads. The load of the intent must not be made before them: an Atomics.store to a word of its
 * own in between keeps the order, since what comes before such a store stays before it, and a load by Atomics behind it stays behind. The
 * language has no fence; this holds on every processor that V8 runs on.
 */
import { ringCorruptError } from '../errors.ts'
import { leftPlace } from '../places/left-place.ts'
import { createPlaceBell } from '../places/place-bell.ts'
import type { PlaceBell } from '../places/place-bell.ts'
import { bitOf } from '../places/place-bits.ts'
import { BELL, PARKED_READERS } from '../places/place-layout.ts'
import type { PlaceTable } from '../places/place-table.ts'
import { checkPoll, LIMIT_MAX } from '../poll-limit.ts'
import type { SharedWords } from '../shared-words.ts'
import type { RecordHandler } from '../spsc-consumer.ts'
import {
  alignRecord,
  EPOCH,
  EPOCH_SHIFT,
  epochAfter,
  HEADER_BYTES,
  INTENT,
  LATEST,
  RECORDS_PER_RING_MIN,
  TAIL,
} from './broadcast-layout.ts'
import type { BroadcastReader } from './broadcast-reader.ts'
import type { AttachedBroadcast } from './broadcast-ring.ts'
import { checkHeader, IS_CORRUPT, IS_RECORD } from './record-check.ts'

/** First size of the copy, unless the ring is smaller. It grows to what a record needs. */
const COPY_BYTES = 65_536
/** Steps of one `next`: a producer that laps the reader between each two looks is let go for the moment. */
const STEPS_MAX = 8

const FILLED = 0
const NOTHING = 1
const LAPPED = 2

/** Internal. */
export class LossyReader implements BroadcastReader {
  readonly mode = 'lossy'
  readonly place: number
  readonly bell: PlaceBell
  buffer: Buffer
  int32: Int32Array
  type = 0
  offset = 0
  length = 0
  lapped = 0
  lost = 0
  corrupt = 0
  #words: SharedWords
  readonly #table: PlaceTable
  readonly #data: Buffer
  readonly #capacity: number
  readonly #base: number
  readonly #fence: Int32Array = new Int32Array(1)
  /** Where the next record lies in the ring, and the epoch of that position. */
  #position = 0
  #epoch = 0
  /** Where it lies in the copy, and the end of the copy. Equal: nothing is copied. */
  #read = 0
  #copied = 0
  /** The copy ends where it has no more room, perhaps in the middle of a record. */
  #isCut = false
  /** Number that the next record must have, once one has been read. */
  #number: number | undefined
  /** Records of the `poll` under way at most. Its handler leaves by making it 0, so that nothing has to be asked for each record. */
  #limit = 0
  #isPolling = false
  /** Its handler leaves: when the record is finished. */
  #isLeaving = false
  #hasLeft = false

  constructor(ring: AttachedBroadcast, place: number) {
    const { words, int32, table, placeBlock } = ring
    this.place = place
    this.bell = createPlaceBell(int32, table.wordOf(place) + BELL, placeBlock + PARKED_READERS, bitOf(place))
    this.#words = words
    this.#table = table
    this.#data = ring.buffer
    this.#capacity = ring.capacity
    this.#base = ring.base
    const memory = new ArrayBuffer(Math.min(COPY_BYTES, ring.capacity))
    this.buffer = Buffer.from(memory)
    this.int32 = new Int32Array(memory)
    this.#goToTail()
  }

  next(): boolean {
    for (let step = 0; step < STEPS_MAX; step++) {
      if (this.#read === this.#copied) {
        const filled = this.#fill()
        if (filled === NOTHING) return false
        if (filled === LAPPED) continue
      }
      const at = this.#read
      const toEnd = this.#toEnd()
      const room = this.#copied - at
      if (room < HEADER_BYTES && toEnd >= HEADER_BYTES) {
        this.#copied = at
        continue
      }
      const found = checkHeader(this.int32, at >> 2, this.#isCut ? toEnd : room, toEnd)
      const bytes = found === IS_RECORD ? alignRecord(this.int32[at >> 2]!) : toEnd
      if (found === IS_CORRUPT || (found === IS_RECORD && bytes > this.#capacity / RECORDS_PER_RING_MIN)) {
        this.corrupt += 1
        this.#goToTail()
      } else if (found !== IS_RECORD) {
        this.#copied = at
        this.#advance(bytes)
      } else if (bytes > room) {
        this.#copied = at
        if (bytes > this.buffer.length) this.#enlarge(bytes)
      } else {
        this.#take(at, bytes)
        return true
      }
    }
    return false
  }

  done(): void {
    // The copy is its own: nobody waits for it.
  }

  release(): boolean {
    return false
  }

  get isEmpty(): boolean {
    return this.#read === this.#copied && this.#words.load(this.#base + TAIL) === this.#position
  }

  poll(handler: RecordHandler, limit: number = LIMIT_MAX): number {
    checkPoll(handler, limit)
    let count = 0
    this.#isPolling = true
    this.#limit = limit
    try {
      while (count < this.#limit && this.next()) {
        count++
        handler(this.type, this.buffer, this.offset, this.length)
      }
    } finally {
      this.#isPolling = false
      if (this.#isLeaving) this.leave()
    }
    return count
  }

  leave(): void {
    if (this.#hasLeft) return
    if (this.#isPolling) {
      this.#isLeaving = true
      this.#limit = 0
      return
    }
    this.bell.busy()
    this.#table.leave(this.place)
    this.#hasLeft = true
    this.bell.leave(this.place)
    this.#words = leftPlace(this.place)
    // Nothing is copied: so every call looks at the ring.
    this.#read = 0
    this.#copied = 0
  }

  #take(at: number, bytes: number): void {
    this.type = this.int32[(at >> 2) + 1]!
    this.offset = at + HEADER_BYTES
    this.length = this.int32[at >> 2]! - HEADER_BYTES
    const number = this.int32[(at >> 2) + 2]!
    if (this.#number !== undefined) this.lost += (number - this.#number) >>> 0
    this.#number = (number + 1) | 0
    this.#read = at + bytes
    this.#advance(bytes)
  }

  /** Copies from the next record on. */
  #fill(): number {
    const tail = this.#words.load(this.#base + TAIL)
    // First of all: only of a reader that is not lapped is the distance to the tail what it seems to be.
    if (!this.#isIntact()) return this.#lap()
    const available = (tail - this.#position) | 0
    if (available <= 0) return NOTHING
    // The intent, which was looked at later, is not beyond that, and the tail is never beyond the intent.
    if (available > this.#capacity) {
      throw ringCorruptError('tail is beyond the intent', { tail, position: this.#position, capacity: this.#capacity })
    }
    const index = this.#position & (this.#capacity - 1)
    const there = Math.min(available, this.#toEnd())
    const bytes = Math.min(there, this.buffer.length)
    this.#data.copy(this.buffer, 0, index, index + bytes)
    // Keeps the copy before the look at the intent; see the header.
    Atomics.store(this.#fence, 0, bytes)
    if (!this.#isIntact()) return this.#lap()
    this.#read = 0
    this.#copied = bytes
    this.#isCut = bytes < there
    return FILLED
  }

  /** Whether nothing from the next record on is being written over. */
  #isIntact(): boolean {
    const intent = this.#words.load(this.#base + INTENT)
    const ahead = (this.#words.load(this.#base + EPOCH) - this.#epoch) | 0
    return ahead <= 1 && ((intent - this.#position) | 0) <= this.#capacity
  }

  /** Goes on at the last record; at the tail if the producer is just about to publish, for then *latest* is already ahead of it. */
  #lap(): number {
    this.lapped += 1
    this.#goTo(() => {
      const latest = this.#words.load(this.#base + LATEST)
      const tail = this.#words.load(this.#base + TAIL)
      return ((latest - tail) | 0) < 0 ? latest : tail
    })
    return LAPPED
  }

  #goToTail(): void {
    this.#goTo(() => this.#words.load(this.#base + TAIL))
  }

  /** Goes on at a position that is looked at now, and forgets the copy. */
  #goTo(look: () => number): void {
    for (let step = 0; step < STEPS_MAX; step++) {
      const epoch = this.#words.load(this.#base + EPOCH)
      const position = look()
      this.#position = position
      // The epoch is that of the intent, at most two ahead of this position's, of which the low two bits are known.
      this.#epoch = (epoch - ((epoch - (position >>> EPOCH_SHIFT)) & 3)) | 0
      if (this.#words.load(this.#base + EPOCH) === epoch) break
    }
    this.#read = 0
    this.#copied = 0
  }

  #advance(bytes: number): void {
    const position = (this.#position + bytes) | 0
    this.#epoch = epochAfter(this.#epoch, this.#position, position)
    this.#position = position
  }

  #enlarge(bytes: number): void {
    const memory = new ArrayBuffer(bytes)
    this.buffer = Buffer.from(memory)
    this.int32 = new Int32Array(memory)
    this.#read = 0
    this.#copied = 0
  }

  #toEnd(): number {
    return this.#capacity - (this.#position & (this.#capacity - 1))
  }
}
