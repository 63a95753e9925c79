/**
 * The doorbell of one place of a ring. Around each park its owner sets a bit that says so, for all peers in one word: who publishes
 * looks at that word, and at no doorbell unless somebody is parked.
 *
 * Protocol
 * 1. Owner: set the bit (Atomics.or), then park at the doorbell, which looks at the ring once more; afterwards clear the bit.
 * 2. Peer: publish (Atomics.store), then load the word; ring the doorbells whose bits are set.
 * 3. A bit without a park behind it costs a peer one look at the doorbell, no more; so a thread that dies while it is parked does no
 *    harm, and whoever evicts it clears the bit.
 *
 * Memory order: all accesses are sequentially consistent. If the peer does not see the bit, its publish came before the bit and
 * the owner's last look sees the record. If it sees the bit, the doorbell's own protocol decides.
 */
import { createDoorbell } from '../doorbell.ts'
import type { Doorbell, ParkOutcome } from '../doorbell.ts'
import { leftPlace } from './left-place.ts'

/** `bellWord` and `maskWord` are indexes in `int32`; `bit` is the place's in the mask. Internal. */
export function createPlaceBell(int32: Int32Array, bellWord: number, maskWord: number, bit: number): PlaceBell {
  return new PlaceBell(createDoorbell(int32.subarray(bellWord, bellWord + 1)), int32, maskWord, bit)
}

/** Internal. */
export class PlaceBell implements Doorbell {
  #bell: Doorbell
  readonly #int32: Int32Array
  readonly #maskWord: number
  #bit: number
  /** The wait under way, 0 for none: only the last `parkAsync` clears the bit. */
  #wait = 0
  #waits = 0

  constructor(bell: Doorbell, int32: Int32Array, maskWord: number, bit: number) {
    this.#bell = bell
    this.#int32 = int32
    this.#maskWord = maskWord
    this.#bit = bit
  }

  get state(): number {
    return this.#bell.state
  }

  get hint(): number {
    return this.#bell.hint
  }

  ring(): boolean {
    return this.#bell.ring()
  }

  busy(): void {
    this.#end()
    this.#bell.busy()
  }

  idle(): void {
    this.#end()
    this.#bell.idle()
  }

  park(hasWork: () => boolean, timeoutMs: number): ParkOutcome {
    this.#begin()
    try {
      return this.#bell.park(hasWork, timeoutMs)
    } finally {
      this.#end()
    }
  }

  parkAsync(hasWork: () => boolean, timeoutMs: number): Promise<ParkOutcome> | 'work' {
    const wait = this.#begin()
    let parked: Promise<ParkOutcome> | 'work' = 'work'
    try {
      parked = this.#bell.parkAsync(hasWork, timeoutMs)
    } finally {
      if (parked === 'work') this.#end()
    }
    if (parked === 'work') return 'work'
    return parked.finally(() => {
      if (this.#wait === wait) this.#end()
    })
  }

  /** Its place was left, and may be somebody else's: it is no bell any more, for whoever has kept it too. */
  leave(place: number): void {
    this.#bell = leftPlace(place)
    this.#bit = 0
  }

  #begin(): number {
    this.#waits += 1
    this.#wait = this.#waits
    Atomics.or(this.#int32, this.#maskWord, this.#bit)
    return this.#wait
  }

  /** Nothing is written when no wait is under way: a spinning owner would take the word from its peers each time. */
  #end(): void {
    if (this.#wait === 0) return
    this.#wait = 0
    Atomics.and(this.#int32, this.#maskWord, ~this.#bit)
  }
}
