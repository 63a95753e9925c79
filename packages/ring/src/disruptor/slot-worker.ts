/**
 * One worker of a pool: each record goes to one of the pool's workers.
 *
 * Protocol
 * 1. The pool's place has one sequence for all: the last record that a worker has taken.
 * 2. `take`: see that the next record is there; store as own sequence the one before it, say that a record is held (plain), then move the
 *    pool's sequence on by CAS. A failed CAS is another worker's record.
 * 3. So whoever sees the pool's sequence cover a record also sees that its worker holds it, until that has finished it.
 * 4. `done` says that nothing is held (Atomics.store), and looks whether somebody is parked behind the pool.
 * 5. An idle worker holds nothing, so nobody waits for it. It takes only what is there, so it never holds a record to come.
 * 6. Only one record at a time: a worker that ends at any instruction loses one at most. Between the CAS and the note after it nobody
 *    can tell whether it was this worker's; then the record is reported as perhaps in hand, and handed to no one again.
 *
 * Memory order: plain stores before the CAS are seen by whoever sees the CAS.
 */
import type { Doorbell } from '../doorbell.ts'
import { createPlaceBell } from '../places/place-bell.ts'
import type { PlaceBell } from '../places/place-bell.ts'
import { bitOf } from '../places/place-bits.ts'
import { leftPlace } from '../places/left-place.ts'
import { BELL, CLAIMED, HALT, HOLDING, PARKED_READERS, SEQUENCE } from '../places/place-layout.ts'
import type { PlaceTable } from '../places/place-table.ts'
import type { Waker } from '../places/waker.ts'
import type { SharedWords } from '../shared-words.ts'
import type { AttachedRing } from './attached-ring.ts'
import { SequenceBarrier } from './sequence-barrier.ts'
import type { Barrier } from './sequence-barrier.ts'
import { HALTED } from './slot-ring-layout.ts'

/** One worker of a pool. Not to be shared between threads. */
export interface SlotWorker {
  readonly place: number
  /** The place of its pool. */
  readonly pool: number
  /** Whether the pool has a record that no worker has taken, from a fresh look. */
  readonly hasWork: boolean
  /** Takes the next record of the pool, if there is one; {@link sequence} is its number. Finish it by {@link done}. @throws `ERR_RING_CORRUPT` */
  take(): boolean
  /** The record in hand, after `take()` returned true and until `done()`. */
  readonly sequence: number
  /** Whether the record in hand was given up by its producer: there is nothing in it. */
  readonly isAborted: boolean
  /** The record in hand is finished. Without one it does nothing. */
  done(): void
  readonly bell: Doorbell
  readonly isHalted: boolean
  /**
   * Leaves the pool; a record in hand is finished by that. From then on nothing is in hand, another `leave` does nothing, and whatever looks at
   * the ring throws `ERR_RING_PLACE`.
   *
   * @throws `ERR_RING_LOCKED`
   */
  leave(): void
}

/** Internal: at a place that is a worker's. */
export class PlacedWorker implements SlotWorker {
  readonly place: number
  readonly pool: number
  readonly bell: PlaceBell
  sequence = 0
  #words: SharedWords
  readonly #int32: Int32Array
  #barrier: Barrier
  readonly #table: PlaceTable
  readonly #waker: Waker
  readonly #poolWord: number
  readonly #word: number
  readonly #parkedWord: number
  readonly #ringHaltWord: number
  #isHolding = false
  #hasLeft = false

  constructor(ring: AttachedRing, place: number) {
    const { int32, words, placeBlock, table } = ring
    this.#word = table.wordOf(place)
    this.place = place
    this.pool = table.poolOf(place)
    this.#words = words
    this.#int32 = int32
    this.#table = table
    this.#waker = ring.waker
    this.#poolWord = table.wordOf(this.pool) + SEQUENCE
    this.#barrier = new SequenceBarrier(ring, this.pool, this.#poolWord)
    this.#parkedWord = placeBlock + PARKED_READERS
    this.#ringHaltWord = ring.base + HALTED
    this.bell = createPlaceBell(int32, this.#word + BELL, this.#parkedWord, bitOf(place))
    Atomics.store(int32, this.#word + HALT, 0)
    this.bell.busy()
    // A predecessor may have ended with a record in hand: it is passed over. It may have ended before a wake-up too.
    this.#drop()
    this.#waker.all()
  }

  get hasWork(): boolean {
    return this.#barrier.countBehind(this.#words.load(this.#poolWord), 1) > 0
  }

  take(): boolean {
    const words = this.#words
    const int32 = this.#int32
    const word = this.#word
    this.done()
    // Ends: a CAS that fails is another worker's record, and what is there is bounded by the ring.
    for (;;) {
      const taken = words.load(this.#poolWord)
      if (this.#barrier.countBehind(taken, 1) <= 0) {
        if (int32[word + HOLDING] !== 0) this.#drop()
        return false
      }
      const next = (taken + 1) | 0
      int32[word + SEQUENCE] = taken
      int32[word + HOLDING] = 1
      if (words.compareExchange(this.#poolWord, taken, next) === taken) {
        int32[word + CLAIMED] = next
        this.sequence = next
        this.#isHolding = true
        return true
      }
    }
  }

  get isAborted(): boolean {
    return this.#isHolding && this.#barrier.isAborted(this.sequence)
  }

  done(): void {
    if (!this.#isHolding) return
    this.#isHolding = false
    this.#drop()
  }

  get isHalted(): boolean {
    return this.#words.load(this.#word + HALT) !== 0 || this.#words.load(this.#ringHaltWord) !== 0
  }

  leave(): void {
    if (this.#hasLeft) return
    this.done()
    this.bell.busy()
    this.#table.leave(this.place)
    this.#hasLeft = true
    this.bell.leave(this.place)
    this.#words = leftPlace(this.place)
    this.#barrier = leftPlace(this.place)
  }

  #drop(): void {
    if (this.#words.publish(this.#word + HOLDING, 0, this.#parkedWord) !== 0) this.#waker.behind(this.pool)
  }
}
