/**
 * Rings whoever is parked at a ring. Called only when a look at the two parked words, after a publish or a finish, found one of
 * them not empty; so it may cost what it likes.
 *
 * A thread may end in the middle of ringing: it has won the bell (1 → 2) and does not notify. Nobody else rings a bell that is rung.
 * So whoever cleans up after a thread, a successor or the root, notifies all that are parked, rung or not (`all`).
 */
import { BELL_RUNG, createDoorbell } from '../doorbell.ts'
import type { Doorbell } from '../doorbell.ts'
import { bitOf, checkPlaces, placesOf } from './place-bits.ts'
import {
  AFTER,
  BEFORE,
  BELL,
  FIRST_PLACE,
  GATES,
  MEMBERS,
  PARKED_PRODUCERS,
  PARKED_READERS,
  PLACE_WORDS,
} from './place-layout.ts'

/** How many places a ring has for each side. */
export interface Wakeable {
  readonly places: number
  readonly producers: number
}

/** Its calls throw `ERR_RING_CORRUPT` when a set has places that the ring has not. Internal. */
export class Waker {
  readonly #int32: Int32Array
  readonly #block: number
  readonly #producerBell: (producer: number) => number
  readonly #places: number
  readonly #producers: number
  readonly #bells = new Map<number, Doorbell>()

  /**
   * @param block word where the block of places begins
   * @param producerBell word of a producer's bell
   */
  constructor(int32: Int32Array, block: number, { places, producers }: Wakeable, producerBell: (producer: number) => number) {
    this.#int32 = int32
    this.#block = block
    this.#places = places
    this.#producers = producers
    this.#producerBell = producerBell
  }

  /** After a publish: those who wait for the producer itself. */
  readers(): void {
    for (const place of placesOf(this.#parkedReaders)) {
      if (Atomics.load(this.#int32, this.#placeWord(place) + AFTER) === 0) this.place(place)
    }
  }

  /** After a finish: those behind `place`, which is the pool's for a worker, and the producers if it gates them. Parked bits come first: whoever is
   * not yet behind `place` then looks for itself after it has set its bit. */
  behind(place: number): void {
    const parked = this.#parkedReaders
    const behind = checkPlaces(Atomics.load(this.#int32, this.#placeWord(place) + BEFORE), this.#places)
    // A pool has no thread of its own: its workers wait for what it waits for.
    let waiting = behind
    for (const one of placesOf(behind)) waiting |= Atomics.load(this.#int32, this.#placeWord(one) + MEMBERS)
    for (const one of placesOf(parked & waiting)) this.place(one)
    if ((Atomics.load(this.#int32, this.#block + GATES) & bitOf(place)) !== 0) this.producers()
  }

  producers(): void {
    for (const producer of placesOf(this.#parkedProducers)) {
      this.#bell(this.#producerBell(producer)).ring()
    }
  }

  /** After a change of membership, and for whoever may have ended between a publish and its wake-up. */
  all(): void {
    const producers = placesOf(this.#parkedProducers).map((one) => this.#producerBell(one))
    const readers = placesOf(this.#parkedReaders).map((one) => this.#placeWord(one) + BELL)
    for (const word of [...producers, ...readers]) {
      const bell = this.#bell(word)
      if (!bell.ring() && bell.state === BELL_RUNG) Atomics.notify(this.#int32, word)
    }
  }

  place(place: number): void {
    this.#bell(this.#placeWord(place) + BELL).ring()
  }

  get #parkedReaders(): number {
    return checkPlaces(Atomics.load(this.#int32, this.#block + PARKED_READERS), this.#places)
  }

  get #parkedProducers(): number {
    return checkPlaces(Atomics.load(this.#int32, this.#block + PARKED_PRODUCERS), this.#producers)
  }

  #placeWord(place: number): number {
    return this.#block + FIRST_PLACE + place * PLACE_WORDS
  }

  #bell(word: number): Doorbell {
    let bell = this.#bells.get(word)
    if (bell === undefined) {
      bell = createDoorbell(this.#int32.subarray(word, word + 1))
      this.#bells.set(word, bell)
    }
    return bell
  }
}
