/**
 * What a consumer waits for: the producer, or those before it in the graph.
 *
 * 1. Nobody before it: with one producer all up to the cursor is there; with several the slots from its own sequence on whose laps are
 *    there without a gap, up to the cursor.
 * 2. Others before it: the least of what they have finished. What one of them has seen is published, so no slot is looked at.
 * 3. It gates the producer, itself or by those behind it: so the cursor is 0 to the capacity ahead of it, or the ring is corrupt.
 *    A pool's sequence is moved on by all its workers; of one that has moved on meanwhile nothing can be said.
 * 4. Whom it is after may change while it runs, when one of them leaves; the set is read anew each time.
 *
 * Memory order: the Atomics.load of the cursor, of a lap or of a sequence orders the reads of the slots it covers behind it.
 */
import { ringCorruptError } from '../errors.ts'
import { AFTER, FIRST_PLACE, PLACE_WORDS } from '../places/place-layout.ts'
import { Progress } from '../places/progress.ts'
import type { SharedWords } from '../shared-words.ts'
import type { AttachedRing } from './attached-ring.ts'

/** Internal. */
export interface Barrier {
  /** How many sequences behind `done` are there without a gap, `limit` at most. 0 or less: none. @throws `ERR_RING_CORRUPT` */
  countBehind(done: number, limit: number): number
  /** Whether a slot that is there was given up. */
  isAborted(sequence: number): boolean
}

/** Internal. */
export class SequenceBarrier implements Barrier {
  readonly #words: SharedWords
  readonly #int32: Int32Array
  readonly #before: Progress
  readonly #cursorWord: number
  readonly #flagsWord: number
  readonly #capacity: number
  readonly #mask: number
  readonly #shift: number
  readonly #isMulti: boolean
  /** Of a worker: the word of its pool's sequence. */
  readonly #poolWord: number | undefined

  /**
   * @param place whose set of predecessors counts: the consumer's, or of a worker its pool's
   * @param poolWord of a worker: its pool's sequence, of which it gives what it has read as `done`
   */
  constructor(ring: AttachedRing, place: number, poolWord?: number) {
    this.#words = ring.words
    this.#int32 = ring.int32
    const placeWord = ring.placeBlock + FIRST_PLACE + place * PLACE_WORDS
    this.#before = new Progress(ring.words, ring.placeBlock, placeWord + AFTER, ring)
    this.#cursorWord = ring.cursorWord
    this.#flagsWord = ring.flagsWord
    this.#capacity = ring.capacity
    this.#mask = ring.capacity - 1
    this.#shift = ring.shift
    this.#isMulti = ring.isMulti
    this.#poolWord = poolWord
  }

  countBehind(done: number, limit: number): number {
    const least = this.#before.least((done + this.#capacity) | 0, this.#capacity)
    if (this.#before.set !== 0) return (least - done) | 0
    const published = (this.#words.load(this.#cursorWord) - done) | 0
    // Unsigned, so that one test finds what is behind as well.
    if (published >>> 0 > this.#capacity) this.#doubt(done, published)
    if (!this.#isMulti || published <= 0) return published
    const count = published < limit ? published : limit
    return this.#words.scan(this.#flagsWord, this.#mask, this.#shift, (done + 1) | 0, count)
  }

  isAborted(sequence: number): boolean {
    // A plain read: the lap was there when it was counted, and changes only when the slot is published again.
    return this.#isMulti && (this.#int32[this.#flagsWord + (sequence & this.#mask)]! & 1) !== 0
  }

  #doubt(done: number, published: number): void {
    const pool = this.#poolWord
    if (pool !== undefined && this.#words.load(pool) !== done) return
    throw ringCorruptError('cursor is not within the capacity of who reads', { cursor: (done + published) | 0, sequence: done })
  }
}
