/**
 * What a dead producer of several leaves behind: claims that nobody will publish, at which all consumers would wait for ever.
 *
 * Protocol
 * 1. The dead producer's place is freed first, so that what it held is nobody's.
 * 2. Load the cursor. Then read the open claims of all producers that live. Then look at each slot up to that cursor.
 * 3. A slot that still has the lap before its own and is in no open claim was a dead producer's: it is marked as aborted. For whoever claimed
 *    it had written so before the cursor moved over it, and says so until it has published it. Any other lap is its own, or a later one: the
 *    others do not wait, and the ring may have come round while this looks. That one must not be touched.
 * 4. A slot in a claim of phase 1 is undecided: that producer's CAS and the dead one's were after the same slots, and it does not know
 *    yet whether it lost. It knows some instructions later; then look again.
 *
 * Memory order: the load of the cursor comes after the CAS that claimed a slot, and so after the plain stores of that claim. The slots are
 * looked at after the claims, so a claim that is gone has left its laps behind.
 */
import type { AttachedRing } from './attached-ring.ts'
import { attachRing } from './attached-ring.ts'
import { ringCorruptError, ringPlaceError } from '../errors.ts'
import { nap } from '../pause.ts'
import { bitOf } from '../places/place-bits.ts'
import { GATES, PARKED_PRODUCERS, STATE_FREE } from '../places/place-layout.ts'
import { Progress } from '../places/progress.ts'
import {
  ABORTED,
  CLAIM_HIGH,
  CLAIM_LOW,
  CLAIM_PHASE,
  PHASE_HELD,
  PHASE_INTENT,
  PHASE_NONE,
  PRODUCER_BELL,
  PRODUCER_STATE,
} from './slot-ring-layout.ts'
import type { SlotRingDescriptor } from './slot-ring.ts'

/** What became of claims that nobody will publish. */
export interface LostClaims {
  /** Slots that were given up now; consumers pass over them. */
  readonly aborted: number
  /** Slots of which it is not known yet whose they are: call `abortLostClaims` again. 0 as a rule. */
  readonly undecided: number
}

const LOOKS_MAX = 10
const LOOK_MS = 2

/**
 * Frees the place of a producer whose thread has ended, and gives up what it had claimed and not published. With one producer there is
 * nothing to give up. Blocks for 20 ms at most.
 *
 * @throws `ERR_RING_PLACE` when nobody is there, `ERR_RING_MEMORY`, `ERR_RING_MAGIC`, `ERR_RING_VERSION`, `ERR_RING_CORRUPT`
 */
export function evictProducer(descriptor: SlotRingDescriptor, producer: number): LostClaims {
  const ring = attachRing(descriptor)
  const isPlace = Number.isInteger(producer) && producer >= 0 && producer < ring.producers
  if (isPlace && !ring.isMulti) return { aborted: 0, undecided: 0 }
  const word = isPlace ? ring.producerWord(producer) : 0
  if (!isPlace || Atomics.load(ring.int32, word + PRODUCER_STATE) === STATE_FREE) {
    throw ringPlaceError('no producer is there', { producer })
  }
  // The next one at this place begins with a clean place, and nobody may take it before.
  Atomics.store(ring.int32, word + CLAIM_PHASE, PHASE_NONE)
  Atomics.store(ring.int32, word + PRODUCER_BELL, 0)
  Atomics.and(ring.int32, ring.placeBlock + PARKED_PRODUCERS, ~bitOf(producer))
  Atomics.store(ring.int32, word + PRODUCER_STATE, STATE_FREE)
  let aborted = 0
  for (let look = 1; ; look++) {
    const lost = abortLost(ring)
    aborted += lost.aborted
    if (lost.undecided === 0 || look === LOOKS_MAX) return { aborted, undecided: lost.undecided }
    nap(LOOK_MS)
  }
}

/** Looks once more for slots that were undecided. @throws `ERR_RING_MEMORY`, `ERR_RING_MAGIC`, `ERR_RING_VERSION`, `ERR_RING_CORRUPT` */
export function abortLostClaims(descriptor: SlotRingDescriptor): LostClaims {
  const ring = attachRing(descriptor)
  return ring.isMulti ? abortLost(ring) : { aborted: 0, undecided: 0 }
}

interface OpenClaim {
  readonly low: number
  readonly high: number
  readonly isHeld: boolean
}

function abortLost(ring: AttachedRing): LostClaims {
  const { int32, words, capacity, placeBlock, flagsWord, shift } = ring
  const cursor = words.load(ring.cursorWord)
  const claims = openClaims(ring)
  const least = new Progress(words, placeBlock, placeBlock + GATES, ring).least(cursor, capacity)
  // Claimed after room was found, and the gates only move on.
  if ((cursor - least) >>> 0 > capacity) {
    throw ringCorruptError('cursor is not within the capacity of the gates', { cursor, least, capacity })
  }
  let aborted = 0
  let undecided = 0
  for (let sequence = (least + 1) | 0; ((cursor - sequence) | 0) >= 0; sequence = (sequence + 1) | 0) {
    const word = flagsWord + (sequence & (capacity - 1))
    const lap = (sequence >>> shift) << 1
    const previous = (((sequence - capacity) | 0) >>> shift) << 1
    const owner = claims.find(({ low, high }) => ((sequence - low) | 0) >= 0 && ((high - sequence) | 0) >= 0)
    const seen = Atomics.load(int32, word)
    if ((seen & -2) !== previous || owner?.isHeld === true) continue
    if (owner !== undefined) undecided += 1
    else if (Atomics.compareExchange(int32, word, seen, lap | 1) === seen) aborted += 1
  }
  if (aborted > 0) {
    Atomics.add(int32, ring.base + ABORTED, aborted)
    ring.waker.all()
  }
  return { aborted, undecided }
}

function openClaims(ring: AttachedRing): OpenClaim[] {
  const claims: OpenClaim[] = []
  for (let producer = 0; producer < ring.producers; producer++) {
    const word = ring.producerWord(producer)
    if (Atomics.load(ring.int32, word + PRODUCER_STATE) === STATE_FREE) continue
    const phase = Atomics.load(ring.int32, word + CLAIM_PHASE)
    if (phase !== PHASE_INTENT && phase !== PHASE_HELD) continue
    const low = Atomics.load(ring.int32, word + CLAIM_LOW)
    const high = Atomics.load(ring.int32, word + CLAIM_HIGH)
    claims.push({ low, high, isHeld: phase === PHASE_HELD })
  }
  return claims
}
