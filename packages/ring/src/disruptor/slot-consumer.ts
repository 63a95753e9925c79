/**
 * The reading side of a ring of slots: one consumer at its place. Processors drive it; for those who want no processor it can be driven
 * by hand: `available`, `take`, `done`, `release`.
 *
 * Protocol
 * 1. `take` notes the record as started, `done` as finished: at every moment the two name the one record that may be half handled. A
 *    processor notes the end of a batch only.
 * 2. `release` stores the place's sequence: those behind may handle what is finished, and the producer may write over it. Then it looks
 *    whether one of them is parked.
 * 3. A successor goes on behind the record that was in hand, and releases what its predecessor had finished.
 *
 * Memory order: the notes are plain stores, read after the end of the thread. The Atomics.store of the sequence comes after the last
 * read, and the last write, of the slots it covers.
 */
import type { Doorbell } from '../doorbell.ts'
import { ringClaimError } from '../errors.ts'
import { createPlaceBell } from '../places/place-bell.ts'
import type { PlaceBell } from '../places/place-bell.ts'
import { checkLimit } from '../poll-limit.ts'
import { bitOf } from '../places/place-bits.ts'
import { leftPlace, leftPlaceError } from '../places/left-place.ts'
import { BELL, FINISHED, HALT, PARKED_READERS, SEQUENCE, STARTED } from '../places/place-layout.ts'
import type { PlaceTable } from '../places/place-table.ts'
import type { Waker } from '../places/waker.ts'
import type { SharedWords } from '../shared-words.ts'
import type { AttachedRing } from './attached-ring.ts'
import { SequenceBarrier } from './sequence-barrier.ts'
import type { Barrier } from './sequence-barrier.ts'
import { HALTED } from './slot-ring-layout.ts'

/** One consumer of a ring of slots. Not to be shared between threads. */
export interface SlotConsumer {
  readonly place: number
  readonly capacity: number
  /** The last sequence that is finished. Those behind learn of it with {@link release}. */
  readonly sequence: number
  /**
   * How many records there are behind {@link sequence}, from a fresh look; with several producers `limit` at most.
   *
   * @throws `ERR_RING_CORRUPT` when the cursor is where no producer can have put it; `ERR_OPTION` for a limit that is no integer
   */
  available(limit?: number): number
  /** Whether a record that is available was given up by its producer: there is nothing in it. */
  isAborted(sequence: number): boolean
  /** The next record is in hand. @throws `ERR_RING_CLAIM` beyond what {@link available} has found */
  take(): void
  /** The record in hand is finished; or without one all up to `sequence` is. @throws `ERR_RING_CLAIM` as {@link take} */
  done(sequence?: number): void
  /** Tells those behind and the producer how far it has come, by one store. False when there was nothing to tell. */
  release(): boolean
  /** Rung when there may be something to handle, if it is parked. */
  readonly bell: Doorbell
  /** Whether somebody called `haltPlace` for it, or `haltRing`. */
  readonly isHalted: boolean
  /**
   * Leaves the ring: the producer and those behind no longer wait for it. The place is free for others, so from then on everything but another
   * `leave`, which does nothing, throws `ERR_RING_PLACE`.
   *
   * @throws `ERR_RING_LOCKED`
   */
  leave(): void
}

/** What `handleUpTo` hands records to, looked up for each of them. Internal. */
export interface RecordTaker<S> {
  onEvent: (slot: S, sequence: number, endOfBatch: boolean, batchSize: number) => void
}

/** What gives the slot of a sequence: a view from `attachSlots`. */
export interface SlotSource<S> {
  at(sequence: number): S
}

/** Internal: at a place that is a consumer's. */
export class PlacedConsumer implements SlotConsumer {
  readonly place: number
  readonly capacity: number
  readonly bell: PlaceBell
  sequence: number
  /** Slots that `handleUpTo` and `skipTo` passed over. */
  skipped = 0
  #words: SharedWords
  readonly #int32: Int32Array
  #barrier: Barrier
  readonly #table: PlaceTable
  readonly #waker: Waker
  readonly #sequenceWord: number
  readonly #startedWord: number
  readonly #finishedWord: number
  readonly #haltWord: number
  readonly #ringHaltWord: number
  readonly #parkedWord: number
  readonly #isMulti: boolean
  readonly #flagsWord: number
  #released: number
  /** The last sequence that `available` has found. */
  #known: number
  #hasLeft = false

  constructor(ring: AttachedRing, place: number) {
    const { int32, words, placeBlock, table } = ring
    const word = table.wordOf(place)
    this.place = place
    this.capacity = ring.capacity
    this.#isMulti = ring.isMulti
    this.#flagsWord = ring.flagsWord
    this.#words = words
    this.#int32 = int32
    this.#barrier = new SequenceBarrier(ring, place)
    this.#table = table
    this.#waker = ring.waker
    this.#sequenceWord = word + SEQUENCE
    this.#startedWord = word + STARTED
    this.#finishedWord = word + FINISHED
    this.#haltWord = word + HALT
    this.#ringHaltWord = ring.base + HALTED
    this.#parkedWord = placeBlock + PARKED_READERS
    this.bell = createPlaceBell(int32, word + BELL, this.#parkedWord, bitOf(place))
    // Equal unless a predecessor ended with a record in hand, which is passed over: `started` is that record.
    this.sequence = Atomics.load(int32, this.#startedWord)
    this.#known = this.sequence
    this.#released = words.load(this.#sequenceWord)
    int32[this.#finishedWord] = this.sequence
    Atomics.store(int32, this.#haltWord, 0)
    this.bell.busy()
    this.release()
    // The predecessor may have ended between its release and its wake-up.
    this.#waker.all()
  }

  available(limit: number = this.capacity): number {
    if ((limit | 0) !== limit) checkLimit(limit)
    const count = this.#barrier.countBehind(this.sequence, limit)
    const last = (this.sequence + count) | 0
    // What was there once stays there.
    if (((last - this.#known) | 0) > 0) this.#known = last
    return count
  }

  isAborted(sequence: number): boolean {
    return this.#barrier.isAborted(sequence)
  }

  take(): void {
    const sequence = (this.sequence + 1) | 0
    if (((this.#known - sequence) | 0) < 0) this.#refuse(sequence)
    this.#int32[this.#startedWord] = sequence
  }

  done(sequence: number = (this.sequence + 1) | 0): void {
    // The first test is for what is no Int32: of it the differences would say nothing.
    if ((sequence | 0) !== sequence || ((this.#known - sequence) | 0) < 0 || ((sequence - this.sequence) | 0) < 0) {
      this.#refuse(sequence)
    }
    this.#int32[this.#startedWord] = sequence
    this.#int32[this.#finishedWord] = sequence
    this.sequence = sequence
  }

  /**
   * Takes, hands over and finishes every record up to `end`, which was not given up. Only a throw ends it early, and the record that was handed
   * over is then in hand: call {@link stopAtStarted}.
   *
   * One note a record, and no store besides it: what a small record costs is the way of its bytes from one core to the other, of which a
   * core has several under way at a time, but only as many as it has room for instructions and stores behind them. With a note of each end as
   * well, records of 8 bytes in batches of 50 went through at 117 M/s instead of 136 (columns, median of three, in turn). So a record that was
   * just finished counts as in hand until the next one begins or the batch ends. Nor is anything asked between two records: `taker.onEvent` is
   * looked up for each, so whoever wants no more puts one there that throws.
   */
  handleUpTo<S>(end: number, batchSize: number, slots: SlotSource<S>, taker: RecordTaker<S>): void {
    if (this.#isMulti) this.#handleNotAborted(end, batchSize, slots, taker)
    else {
      const int32 = this.#int32
      const startedWord = this.#startedWord
      let sequence = this.sequence
      while (sequence !== end) {
        sequence = (sequence + 1) | 0
        int32[startedWord] = sequence
        taker.onEvent(slots.at(sequence), sequence, sequence === end, batchSize)
      }
    }
    this.#int32[this.#finishedWord] = end
    this.sequence = end
  }

  #handleNotAborted<S>(end: number, batchSize: number, slots: SlotSource<S>, taker: RecordTaker<S>): void {
    const int32 = this.#int32
    const startedWord = this.#startedWord
    const flagsWord = this.#flagsWord
    const mask = this.capacity - 1
    let sequence = this.sequence
    while (sequence !== end) {
      sequence = (sequence + 1) | 0
      // As SequenceBarrier.isAborted, which costs twice as much from here.
      if ((int32[flagsWord + (sequence & mask)]! & 1) !== 0) {
        this.skipped += 1
        continue
      }
      int32[startedWord] = sequence
      taker.onEvent(slots.at(sequence), sequence, sequence === end, batchSize)
    }
  }

  /** The record that is noted as started is the next one, and still in hand; all before it are finished. */
  stopAtStarted(): void {
    this.sequence = (this.#int32[this.#startedWord]! - 1) | 0
  }

  /** Passes over slots that were given up, up to `sequence`. */
  skipTo(sequence: number): void {
    this.skipped += (sequence - this.sequence) | 0
    this.done(sequence)
  }

  release(): boolean {
    const sequence = this.sequence
    if (sequence === this.#released) return false
    this.#released = sequence
    if (this.#words.publish(this.#sequenceWord, sequence, this.#parkedWord) !== 0) this.#waker.behind(this.place)
    return true
  }

  get isHalted(): boolean {
    return this.#words.load(this.#haltWord) !== 0 || this.#words.load(this.#ringHaltWord) !== 0
  }

  leave(): void {
    if (this.#hasLeft) return
    this.bell.busy()
    this.#table.leave(this.place)
    this.#hasLeft = true
    this.bell.leave(this.place)
    this.#words = leftPlace(this.place)
    this.#barrier = leftPlace(this.place)
    // Nothing is known to be there, and something is to be released: so every call comes to what it must not touch.
    this.#known = (this.sequence - 1) | 0
    this.#released = (this.sequence - 1) | 0
  }

  #refuse(sequence: number): never {
    if (this.#hasLeft) throw leftPlaceError(this.place)
    throw ringClaimError('not available, or finished before', { sequence, finished: this.sequence, available: this.#known })
  }
}
