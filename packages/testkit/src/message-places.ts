/** The messages that one core has written for another and that were not taken yet, in the order of their ring, each with the position where its record ends. */
import type { Mark } from './oracles/message-order.ts'
import type { SignalLine } from './oracles/signal-order.ts'

export interface MessagePlace {
  /** An Int32 that wraps. */
  readonly end: number
  readonly mark: Mark
  /** Signals that had been sent by then. */
  readonly line: SignalLine
  readonly signals: number
}

/** Taken ones that are kept before they are cut off. */
const TAKEN_MAX = 256

export class MessagePlaces {
  #places: MessagePlace[] = []
  #first = 0

  /** What a dead sender had written there, and not published, is written over. */
  put(place: MessagePlace): void {
    const places = this.#places
    while (places.length > this.#first && (((places.at(-1) as MessagePlace).end - place.end) | 0) >= 0) places.pop()
    places.push(place)
  }

  /** Those before it are over. It may be asked for again: by a successor that reads it once more, and should not. */
  find(end: number): MessagePlace | undefined {
    const places = this.#places
    let place = places[this.#first]
    while (place !== undefined && ((place.end - end) | 0) < 0) {
      this.#first += 1
      place = places[this.#first]
    }
    if (this.#first > TAKEN_MAX) {
      this.#places = places.slice(this.#first)
      this.#first = 0
    }
    return place?.end === end ? place : undefined
  }
}
