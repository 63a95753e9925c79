/**
 * A lossless reader of a broadcast ring: gets every record, in place, and holds the producer back. It may come after others: then it gets
 * what all of them have given back, and may read what they have written into the records.
 *
 * Protocol
 * 1. `next` stores `start | 1` in the hand before it hands a record out, `done` its end; so the hand names the one record that may be half
 *    handled. `release` gives the room of what is finished back, by one store.
 * 2. A header that no producer can have written is counted as corrupt, and reading goes on at the tail, which is always the begin of a
 *    record. What lay between is lost; the numbers of the records tell how many.
 *
 * 3. The end of what it may read is the tail, or behind others the least of their positions, which lie where records begin.
 *
 * Memory order: records are plain loads behind the Atomics.load of the tail, or of the position, that covers them. The store of the position comes after
 * the last read of what it gives back. The hand is plain; its reader comes after the end of this thread.
 */
import { ringCorruptError } from '../errors.ts'
import { leftPlace } from '../places/left-place.ts'
import { createPlaceBell } from '../places/place-bell.ts'
import type { PlaceBell } from '../places/place-bell.ts'
import { bitOf } from '../places/place-bits.ts'
import { AFTER, BELL, PARKED_READERS, SEQUENCE, STARTED } from '../places/place-layout.ts'
import type { PlaceTable } from '../places/place-table.ts'
import { Progress } from '../places/progress.ts'
import type { Waker } from '../places/waker.ts'
import { checkPoll, LIMIT_MAX } from '../poll-limit.ts'
import type { SharedWords } from '../shared-words.ts'
import type { RecordHandler } from '../spsc-consumer.ts'
import { alignRecord, HEADER_BYTES, TAIL } from './broadcast-layout.ts'
import type { BroadcastReader } from './broadcast-reader.ts'
import type { AttachedBroadcast } from './broadcast-ring.ts'
import { checkHeader, IS_CORRUPT, IS_RECORD } from './record-check.ts'

const IN_HAND_BIT = 1
/** Looks at a header in one `next`: padding, corrupt, padding, record. */
const LOOKS_MAX = 4

/** Internal. */
export class GatedReader implements BroadcastReader {
  readonly mode = 'lossless'
  readonly place: number
  readonly buffer: Buffer
  readonly int32: Int32Array
  readonly bell: PlaceBell
  type = 0
  offset = 0
  length = 0
  lapped = 0
  lost = 0
  corrupt = 0
  position: number
  #words: SharedWords
  #control: Int32Array
  readonly #table: PlaceTable
  readonly #waker: Waker
  /** Those that it comes after. */
  readonly #before: Progress
  readonly #capacity: number
  readonly #tailWord: number
  readonly #positionWord: number
  readonly #handWord: number
  readonly #parkedWord: number
  /** End of the record in hand; equal to `position` when there is none. */
  #end: number
  /** End of what it may read, as last seen. */
  #published: number
  #released: number
  /** Number that the next record must have, once one has been read. */
  #number: number | undefined
  /** Records of the `poll` under way at most. Its handler leaves by making it 0, so that nothing has to be asked for each record. */
  #limit = 0
  #isPolling = false
  /** Its handler leaves: when the record is finished. */
  #isLeaving = false
  #hasLeft = false

  constructor(ring: AttachedBroadcast, place: number) {
    const { words, int32, table } = ring
    const word = table.wordOf(place)
    this.place = place
    this.buffer = ring.buffer
    this.int32 = ring.data
    this.#words = words
    this.#control = int32
    this.#table = table
    this.#waker = ring.waker
    this.#before = new Progress(words, ring.placeBlock, word + AFTER, ring)
    this.#capacity = ring.capacity
    this.#tailWord = ring.base + TAIL
    this.#positionWord = word + SEQUENCE
    this.#handWord = word + STARTED
    this.#parkedWord = ring.placeBlock + PARKED_READERS
    this.bell = createPlaceBell(int32, word + BELL, this.#parkedWord, bitOf(place))
    this.#released = words.load(this.#positionWord)
    const hand = Atomics.load(int32, this.#handWord)
    this.position = hand & ~IN_HAND_BIT
    this.#end = this.position
    this.#published = this.#look()
    // A predecessor ended with this record in hand: it is passed over.
    if ((hand & IN_HAND_BIT) !== 0 && this.next()) this.done()
    this.#settle(this.#end)
    this.bell.busy()
    this.release()
    // The predecessor may have ended between its release and its wake-up.
    this.#waker.all()
  }

  next(): boolean {
    let start = this.#end
    for (let look = 0; look < LOOKS_MAX; look++) {
      let available = (this.#published - start) | 0
      if (available <= 0) {
        this.#published = this.#look()
        available = (this.#published - start) | 0
        if (available <= 0) break
      }
      const index = start & (this.#capacity - 1)
      const toEnd = this.#capacity - index
      const room = available < toEnd ? available : toEnd
      const found = checkHeader(this.int32, index >> 2, room, toEnd)
      if (found === IS_RECORD) {
        this.#hand(start, index)
        return true
      }
      if (found === IS_CORRUPT) {
        this.corrupt += 1
        start = this.#published
      } else start = (start + toEnd) | 0
    }
    this.#settle(start)
    return false
  }

  done(): void {
    this.position = this.#end
    this.#control[this.#handWord] = this.#end
  }

  release(): boolean {
    const position = this.position
    if (position === this.#released) return false
    this.#released = position
    if (this.#words.publish(this.#positionWord, position, this.#parkedWord) !== 0) this.#waker.behind(this.place)
    return true
  }

  get isEmpty(): boolean {
    return ((this.#published - this.#end) | 0) <= 0 && ((this.#look() - this.#end) | 0) <= 0
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
        this.done()
      }
    } finally {
      this.#isPolling = false
      this.done()
      this.release()
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
    this.#control = leftPlace(this.place)
    // Nothing is known to be there, and something is to be released: so every call comes to what it must not touch.
    this.#published = this.#end
    this.#released = (this.position - 1) | 0
  }

  /** Before its own position as long as it has joined beyond those that it comes after. */
  #look(): number {
    const tail = this.#words.load(this.#tailWord)
    const end = this.#before.least(tail, this.#capacity)
    // The producer waits for it, so it is never further ahead.
    if (((end - this.#end) | 0) > this.#capacity) {
      throw ringCorruptError('what is published is more than the capacity', {
        tail,
        end,
        position: this.#end,
        capacity: this.#capacity,
      })
    }
    return end
  }

  #hand(start: number, index: number): void {
    const length = this.int32[index >> 2]!
    const number = this.int32[(index >> 2) + 2]!
    this.#control[this.#handWord] = start | IN_HAND_BIT
    this.position = start
    this.#end = (start + alignRecord(length)) | 0
    this.type = this.int32[(index >> 2) + 1]!
    this.offset = index + HEADER_BYTES
    this.length = length - HEADER_BYTES
    if (this.#number !== undefined) this.lost += (number - this.#number) >>> 0
    this.#number = (number + 1) | 0
  }

  /** Nothing is in hand; reading goes on at `start`. */
  #settle(start: number): void {
    this.#end = start
    this.done()
  }
}
