/**
 * How far all places of a set have come: what the producer is gated by, and what a consumer behind others waits for.
 *
 * Protocol
 * 1. Load the set, load how far each of its places has come, load the set again. If it changed, look again: a place that left may
 *    already be somebody else's, and whoever it relied on was put into the set before it left.
 * 2. A consumer's progress is its sequence.
 * 3. A pool's progress: first its own sequence, then its members, then of each member `holding`, and of those that hold a record
 *    their sequence, which is before that record. A worker says that it holds before it takes a record from the pool, so a
 *    record that the pool's sequence covers is either finished or seen to be held.
 * 4. The least of them is safe for ever, since none of them ever goes back.
 *
 * Memory order: all loads are sequentially consistent; the load of a sequence orders what is done after it behind the Atomics.store
 * that came after its owner's last read.
 */
import type { SharedWords } from '../shared-words.ts'
import { checkPlaces, placesBeyond, placesOf } from './place-bits.ts'
import { FIRST_PLACE, HOLDING, MEMBERS, PLACE_WORDS, SEQUENCE } from './place-layout.ts'

/** Looks before the answer is that nobody has moved: each further one means that membership has changed meanwhile. */
const LOOKS_MAX = 4

/** What a ring says of its places; fixed when it was made. */
export interface PlacesOfRing {
  /** How many there are. */
  readonly places: number
  /** Which of them are pools. @default none */
  readonly pools?: number
}

/** Reads the progress of one set of places. One per thread. Internal. */
export class Progress {
  readonly #words: SharedWords
  readonly #places: number
  readonly #setWord: number
  readonly #count: number
  readonly #pools: number
  readonly #beyond: number
  #set = 0
  /** Words of the sequences of the consumers in the set, and begins of the places of its pools. */
  #sequences: readonly number[] = []
  #poolPlaces: readonly number[] = []

  /**
   * @param block word where the block of places begins
   * @param setWord word that holds the set
   */
  constructor(words: SharedWords, block: number, setWord: number, { places, pools = 0 }: PlacesOfRing) {
    this.#words = words
    this.#places = block + FIRST_PLACE
    this.#setWord = setWord
    this.#count = places
    this.#pools = pools
    this.#beyond = placesBeyond(places)
  }

  /** The set as it was at the last look. Empty for a consumer means that it waits for the producer itself. */
  get set(): number {
    return this.#set
  }

  /**
   * The least progress in the set, or `bound` when that is less or the set is empty. `bound` is at most `capacity` beyond every
   * place, so that `bound - capacity` is what can be said when the set changes with every look.
   *
   * @throws `ERR_RING_CORRUPT` when a set has places that the ring has not
   */
  least(bound: number, capacity: number): number {
    const words = this.#words
    for (let look = 0; look < LOOKS_MAX; look++) {
      const set = words.load(this.#setWord)
      if (set !== this.#set) this.#decode(set)
      if (set === 0) return bound
      let least = bound
      for (let i = 0; i < this.#sequences.length; i++) {
        const sequence = words.load(this.#sequences[i]!)
        if (((sequence - least) | 0) < 0) least = sequence
      }
      for (let i = 0; i < this.#poolPlaces.length; i++) least = this.#ofPool(this.#poolPlaces[i]!, least)
      if (words.load(this.#setWord) === set) return least
    }
    return (bound - capacity) | 0
  }

  #ofPool(pool: number, bound: number): number {
    const words = this.#words
    const taken = words.load(pool + SEQUENCE)
    let least = ((taken - bound) | 0) < 0 ? taken : bound
    const members = words.load(pool + MEMBERS)
    if ((members & this.#beyond) !== 0) checkPlaces(members, this.#count)
    for (let rest = members; rest !== 0; rest &= rest - 1) {
      const worker = this.#places + (31 - Math.clz32(rest & -rest)) * PLACE_WORDS
      if (words.load(worker + HOLDING) === 0) continue
      const sequence = words.load(worker + SEQUENCE)
      if (((sequence - least) | 0) < 0) least = sequence
    }
    return least
  }

  #decode(set: number): void {
    checkPlaces(set, this.#count)
    const wordOf = (place: number): number => this.#places + place * PLACE_WORDS
    this.#sequences = placesOf(set & ~this.#pools).map((place) => wordOf(place) + SEQUENCE)
    this.#poolPlaces = placesOf(set & this.#pools).map(wordOf)
    this.#set = set
  }
}
