/**
 * One of several producers of a ring of slots.
 *
 * Protocol
 * 1. Room: the limit is one word for all producers. Who finds too little room looks at the gates and moves it on. It is never stale by
 *    more than the capacity, for nobody claims beyond it; a limit of its own for each producer could be stale by 2^32. So at any one moment
 *    it is 0 to the capacity ahead of the cursor; when it is not, the ring is corrupt.
 * 2. Claim: write the range of the claim and phase 1 (plain), move the cursor by CAS, write phase 2. A failed CAS is another producer's claim.
 * 3. Publish: store the lap of each slot, the first one last and as an Atomics.store. Consumers go on from slot to slot without gaps,
 *    so none looks at a later lap before it, or whoever handed the sequence on to it, has seen the first one.
 * 4. Then look who is parked; that load also orders the next claim's plain stores behind the laps.
 * 5. Abort: the same with bit 0 of the lap set; consumers pass over the slot.
 * 6. One claim at a time: so the words of its place tell the root what a dead producer held (`lost-claims.ts`).
 *
 * After the multi-producer sequencer of the LMAX Disruptor, which claims by addition; we claim by CAS only what there is room for, so
 * that what a dead producer held can be given up at once.
 */
import { ringClaimError, ringCorruptError } from '../errors.ts'
import { createPlaceBell } from '../places/place-bell.ts'
import type { PlaceBell } from '../places/place-bell.ts'
import { bitOf } from '../places/place-bits.ts'
import { leftPlace, leftPlaceError } from '../places/left-place.ts'
import { GATES, OWNER_SHIFT, PARKED_PRODUCERS, PARKED_READERS, STATE_FREE, STATE_MEMBER } from '../places/place-layout.ts'
import { Progress } from '../places/progress.ts'
import type { Waker } from '../places/waker.ts'
import type { SharedWords } from '../shared-words.ts'
import type { WaitStrategy } from '../wait-strategy.ts'
import type { AttachedRing } from './attached-ring.ts'
import {
  ABORTED,
  CLAIM_HIGH,
  CLAIM_LOW,
  CLAIM_PHASE,
  HALTED,
  LIMIT,
  PHASE_NONE,
  PRODUCER_BELL,
  PRODUCER_STATE,
  SLOTS_MAX,
} from './slot-ring-layout.ts'
import { awaitRoom, checkCount, NO_ROOM, noStrategyError, strategyOf, waitForRoom } from './slot-producer.ts'
import type { ProducerWaiting, SlotProducer } from './slot-producer.ts'

/** Internal; see `attachSlotProducer`. Undefined when all places are taken. */
export function openMultiProducer(ring: AttachedRing, waiting: ProducerWaiting, owner: number): SlotProducer | undefined {
  const taken = STATE_MEMBER | (owner << OWNER_SHIFT)
  for (let place = 0; place < ring.producers; place++) {
    const word = ring.producerWord(place) + PRODUCER_STATE
    if (Atomics.compareExchange(ring.int32, word, STATE_FREE, taken) === STATE_FREE) return openAt(ring, waiting, place)
  }
  return undefined
}

/** At a place that is taken; free again when the user's strategy cannot be had. */
function openAt(ring: AttachedRing, { wait, timeoutMs }: ProducerWaiting, place: number): SlotProducer {
  const { int32, placeBlock } = ring
  const word = ring.producerWord(place)
  const bell = createPlaceBell(int32, word + PRODUCER_BELL, placeBlock + PARKED_PRODUCERS, bitOf(place))
  try {
    return new MultiProducer(ring, place, bell, strategyOf(wait, bell), timeoutMs)
  } catch (error) {
    bell.busy()
    Atomics.store(int32, word + PRODUCER_STATE, STATE_FREE)
    bell.leave(place)
    throw error
  }
}

class MultiProducer implements SlotProducer {
  readonly capacity: number
  readonly place: number
  readonly bell: PlaceBell
  #words: SharedWords
  readonly #int32: Int32Array
  readonly #cursorWord: number
  readonly #limitWord: number
  readonly #abortedWord: number
  readonly #parkedWord: number
  readonly #haltedWord: number
  readonly #flagsWord: number
  readonly #ownWord: number
  readonly #mask: number
  readonly #shift: number
  readonly #gates: Progress
  readonly #waker: Waker
  readonly #strategy: WaitStrategy | undefined
  readonly #timeoutMs: number
  #isOpen = false
  #hasLeft = false
  /** The open claim, without what of it is published. */
  #low = 0
  #high = 0

  constructor(ring: AttachedRing, place: number, bell: PlaceBell, strategy: WaitStrategy | undefined, timeoutMs: number) {
    const { words, int32, placeBlock, capacity } = ring
    this.capacity = capacity
    this.place = place
    this.#words = words
    this.#int32 = int32
    this.#cursorWord = ring.cursorWord
    this.#limitWord = ring.base + LIMIT
    this.#abortedWord = ring.base + ABORTED
    this.#parkedWord = placeBlock + PARKED_READERS
    this.#haltedWord = ring.base + HALTED
    this.#flagsWord = ring.flagsWord
    this.#ownWord = ring.producerWord(place)
    this.#mask = capacity - 1
    this.#shift = ring.shift
    this.bell = bell
    this.#waker = ring.waker
    this.#strategy = strategy
    this.#timeoutMs = timeoutMs
    this.#gates = new Progress(words, placeBlock, placeBlock + GATES, ring)
  }

  next(count: number = 1, timeoutMs: number = this.#timeoutMs): number {
    const strategy = this.#strategy
    if (strategy === undefined) throw noStrategyError()
    const sequence = this.tryNext(count)
    return sequence === NO_ROOM ? waitForRoom(this, strategy, count, timeoutMs) : sequence
  }

  nextAsync(count: number = 1, timeoutMs: number = this.#timeoutMs): Promise<number> {
    return awaitRoom(this, count, timeoutMs)
  }

  tryNext(count: number = 1): number {
    checkCount(count, this.capacity)
    if (this.#isOpen) throw ringClaimError('a claim is open', { low: this.#low, high: this.#high })
    const words = this.#words
    const own = this.#ownWord
    // Ends: `#look` leaves a limit with that room, or throws. So a claim that fails after it was overtaken by other producers, and the room
    // for those is bounded.
    while (words.claim(this.#cursorWord, this.#limitWord, own, count, this.capacity) === 0) {
      if (this.#look(words.load(this.#cursorWord)) >= count) continue
      this.#int32[own + CLAIM_PHASE] = PHASE_NONE
      return NO_ROOM
    }
    this.#low = this.#int32[own + CLAIM_LOW]!
    this.#high = this.#int32[own + CLAIM_HIGH]!
    this.#isOpen = true
    return this.#high
  }

  publish(sequence: number): void {
    // What is no Int32 would be within no range and end at no slot.
    if (!this.#isOpen || (sequence | 0) !== sequence) this.#refuse(sequence)
    if (((sequence - this.#low) | 0) < 0 || ((this.#high - sequence) | 0) < 0) this.#refuse(sequence)
    this.#show(sequence, 0)
  }

  abort(): void {
    if (!this.#isOpen) return
    Atomics.add(this.#int32, this.#abortedWord, (this.#high - this.#low + 1) | 0)
    this.#show(this.#high, 1)
  }

  hasRoom(count: number): boolean {
    checkCount(count, SLOTS_MAX)
    const current = this.#words.load(this.#cursorWord)
    const room = (this.#words.load(this.#limitWord) - current) | 0
    return (room >= count && room <= this.capacity) || this.#look(current) >= count
  }

  get remaining(): number {
    return this.#look(this.#words.load(this.#cursorWord))
  }

  get isHalted(): boolean {
    return this.#words.load(this.#haltedWord) !== 0
  }

  leave(): void {
    if (this.#isOpen) throw ringClaimError('a claim is open', { low: this.#low, high: this.#high })
    if (this.#hasLeft) return
    // The bell first: it is the next one's as soon as the place is free.
    this.bell.busy()
    Atomics.store(this.#int32, this.#ownWord + PRODUCER_STATE, STATE_FREE)
    this.#hasLeft = true
    this.bell.leave(this.place)
    this.#words = leftPlace(this.place)
  }

  /** Marks the open claim up to `sequence`; bit 0 of `aborted` is the slots' abort bit. */
  #show(sequence: number, aborted: number): void {
    const low = this.#low
    for (let one = sequence; one !== low; one = (one - 1) | 0) {
      this.#int32[this.#flagsWord + (one & this.#mask)] = ((one >>> this.#shift) << 1) | aborted
    }
    const first = this.#flagsWord + (low & this.#mask)
    const parked = this.#words.publish(first, ((low >>> this.#shift) << 1) | aborted, this.#parkedWord)
    if (sequence === this.#high) {
      this.#isOpen = false
      this.#int32[this.#ownWord + CLAIM_PHASE] = PHASE_NONE
    } else {
      this.#low = (sequence + 1) | 0
      this.#int32[this.#ownWord + CLAIM_LOW] = this.#low
    }
    if (parked !== 0) this.#waker.readers()
  }

  /** Looks at the gates and returns the free slots behind `current`, a cursor read before. @throws `ERR_RING_CORRUPT` */
  #look(current: number): number {
    const limit = (this.#gates.least(current, this.capacity) + this.capacity) | 0
    const known = this.#words.load(this.#limitWord)
    // Unsigned, so that one test finds what is behind the cursor as well. Where the cursor has moved on meanwhile, nothing can be said.
    if ((known - current) >>> 0 > this.capacity && this.#words.load(this.#cursorWord) === current) {
      throw ringCorruptError('limit is not within the capacity of the cursor', { cursor: current, limit: known })
    }
    // Only forwards: somebody else may have looked later.
    if (((limit - known) | 0) > 0) this.#words.compareExchange(this.#limitWord, known, limit)
    return (limit - current) | 0
  }

  #refuse(sequence: number): never {
    if (this.#hasLeft) throw leftPlaceError(this.place)
    throw ringClaimError('not claimed, or published already', {
      sequence,
      low: this.#low,
      high: this.#high,
      isOpen: this.#isOpen,
    })
  }
}
