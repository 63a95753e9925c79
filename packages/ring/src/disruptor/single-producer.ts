/**
 * The one producer of a ring of slots.
 *
 * Protocol
 * 1. `tryNext` moves a private sequence. It looks at the gates only when it seems to have come round to them: what it saw then is
 *    kept, for the gates only move on.
 * 2. `publish` stores the cursor; everything up to it is visible at once.
 * 3. The limit is the least of the gates and of the cursor, plus the capacity. The cursor is part of it for the sake of who joins at the
 *    cursor just now (`places/place-table.ts`).
 *
 * Memory order: slots are plain stores, ordered before the store of the cursor. The load of a gate orders the consumer's last reads
 * of a slot before the slot is written again.
 */
import { ringClaimError, ringCorruptError } from '../errors.ts'
import { createPlaceBell } from '../places/place-bell.ts'
import type { PlaceBell } from '../places/place-bell.ts'
import { leftPlace, leftPlaceError } from '../places/left-place.ts'
import { GATES, PARKED_PRODUCERS, PARKED_READERS } from '../places/place-layout.ts'
import { Progress } from '../places/progress.ts'
import type { Waker } from '../places/waker.ts'
import type { SharedWords } from '../shared-words.ts'
import type { WaitStrategy } from '../wait-strategy.ts'
import type { AttachedRing } from './attached-ring.ts'
import { HALTED, PRODUCER_BELL, SLOTS_MAX } from './slot-ring-layout.ts'
import { awaitRoom, checkCount, NO_ROOM, noStrategyError, strategyOf, waitForRoom } from './slot-producer.ts'
import type { ProducerWaiting, SlotProducer } from './slot-producer.ts'

/** Internal; see `attachSlotProducer`. */
export function openSingleProducer(ring: AttachedRing, waiting: ProducerWaiting): SlotProducer {
  return new SingleProducer(ring, waiting)
}

class SingleProducer implements SlotProducer {
  readonly capacity: number
  readonly place = 0
  readonly bell: PlaceBell
  #words: SharedWords
  readonly #cursorWord: number
  readonly #parkedWord: number
  readonly #haltedWord: number
  #gates: Progress
  readonly #waker: Waker
  readonly #strategy: WaitStrategy | undefined
  readonly #timeoutMs: number
  #claimed: number
  #published: number
  /** Sequence up to which there is room, as far as is known. */
  #limit: number
  #hasLeft = false

  constructor(ring: AttachedRing, { wait, timeoutMs }: ProducerWaiting) {
    const { words, int32, placeBlock, capacity } = ring
    this.capacity = capacity
    this.#words = words
    this.#cursorWord = ring.cursorWord
    this.#parkedWord = placeBlock + PARKED_READERS
    this.#haltedWord = ring.base + HALTED
    this.bell = createPlaceBell(int32, ring.producerWord(0) + PRODUCER_BELL, placeBlock + PARKED_PRODUCERS, 1)
    this.#waker = ring.waker
    this.#strategy = strategyOf(wait, this.bell)
    this.#timeoutMs = timeoutMs
    this.#published = words.load(ring.cursorWord)
    this.#claimed = this.#published
    this.#limit = this.#published
    this.#gates = new Progress(words, placeBlock, placeBlock + GATES, ring)
    // A predecessor may have ended between its publish and its wake-up.
    this.#waker.all()
  }

  next(count: number = 1, timeoutMs: number = this.#timeoutMs): number {
    const strategy = this.#strategy
    if (strategy === undefined) throw noStrategyError()
    const next = (this.#claimed + count) | 0
    if ((count | 0) === count && (count - 1) >>> 0 < this.capacity && ((this.#limit - next) | 0) >= 0) {
      this.#claimed = next
      return next
    }
    return this.#wait(strategy, count, timeoutMs)
  }

  nextAsync(count: number = 1, timeoutMs: number = this.#timeoutMs): Promise<number> {
    return awaitRoom(this, count, timeoutMs)
  }

  tryNext(count: number = 1): number {
    checkCount(count, this.capacity)
    const next = (this.#claimed + count) | 0
    if (((this.#limit - next) | 0) < 0 && !this.#look(next)) return NO_ROOM
    this.#claimed = next
    return next
  }

  publish(sequence: number): void {
    // The first test is for what is no Int32: of it the differences would say nothing.
    if ((sequence | 0) !== sequence || ((this.#claimed - sequence) | 0) < 0 || ((sequence - this.#published) | 0) <= 0) {
      this.#refuse(sequence)
    }
    this.#published = sequence
    if (this.#words.publish(this.#cursorWord, sequence, this.#parkedWord) !== 0) this.#waker.readers()
  }

  abort(): void {
    this.#claimed = this.#published
  }

  hasRoom(count: number): boolean {
    checkCount(count, SLOTS_MAX)
    const next = (this.#claimed + count) | 0
    return ((this.#limit - next) | 0) >= 0 || this.#look(next)
  }

  get remaining(): number {
    this.#look(this.#claimed)
    return (this.#limit - this.#claimed) | 0
  }

  get isHalted(): boolean {
    return this.#words.load(this.#haltedWord) !== 0
  }

  leave(): void {
    if (this.#claimed !== this.#published) throw ringClaimError('a claim is open', { claimed: this.#claimed })
    if (this.#hasLeft) return
    this.bell.busy()
    this.#hasLeft = true
    this.bell.leave(this.place)
    this.#words = leftPlace(this.place)
    this.#gates = leftPlace(this.place)
    // No room is known: so every claim looks at the gates.
    this.#limit = this.#claimed
  }

  #wait(strategy: WaitStrategy, count: number, timeoutMs: number): number {
    const sequence = this.tryNext(count)
    return sequence === NO_ROOM ? waitForRoom(this, strategy, count, timeoutMs) : sequence
  }

  /** Looks at the gates; whether there is room up to `next`. @throws `ERR_RING_CORRUPT` */
  #look(next: number): boolean {
    const least = this.#gates.least(this.#published, this.capacity)
    if (((this.#published - least) | 0) > this.capacity) {
      throw ringCorruptError('gates are more than the capacity behind', {
        cursor: this.#published,
        least,
        capacity: this.capacity,
      })
    }
    this.#limit = (least + this.capacity) | 0
    return ((this.#limit - next) | 0) >= 0
  }

  #refuse(sequence: number): never {
    if (this.#hasLeft) throw leftPlaceError(this.place)
    const fields = { sequence, claimed: this.#claimed, published: this.#published }
    throw ringClaimError('not claimed, or published already', fields)
  }
}
