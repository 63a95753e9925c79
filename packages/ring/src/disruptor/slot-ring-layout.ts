/**
 * Layout of a ring of slots: the control block, the places of its readers, the places of its producers, with several producers a word
 * per slot that says it is published, and the slots. Offsets are Int32 indexes from the ring's begin, a multiple of 128 bytes.
 *
 * ```
 *   word
 *      0  magic            the creator, once, last of all (Atomics.store)      all, at attach (Atomics.load)
 *      1  layout version   the creator, once, before the magic; the same for   all, at attach
 *      2  capacity         all words up to 8
 *      3  bytes per slot
 *      4  fingerprint of the records' layout
 *      5  0: one producer, 1: several
 *      6  places of readers
 *      7  places of producers
 *      8  which places are pools, a bit each
 *     32  cursor           one producer: the last published sequence,          consumers, joiners, a successor
 *                          Atomics.store after the slots it covers;
 *                          several: the last claimed sequence, by CAS
 *     33  limit            several producers: the sequence up to which there   producers, before each claim
 *                          is room, by whoever has looked at the gates
 *     64  aborted          slots given up, Atomics.add                         the root
 *     65  halted           1 for good, by whoever ends the whole ring          readers and producers, when they wait
 *     96  the places of readers, see places/place-layout.ts
 *         the places of producers, one every 96 words:
 *           +0  low        the open claim; plain, low and high before the      the root, when it frees the claims of a dead
 *           +1  high       claim's CAS, phase 1 before and 2 after it, 0        producer
 *           +2  phase      after the publish
 *          +32  state      free or taken with the owner's number: CAS          producers that attach, the root
 *          +64  bell       see doorbell.ts                                     readers, when the parked bit is set
 *         several producers: a word per slot, `lap << 1 | aborted`: all but    consumers, Atomics.load from the first one on
 *         the first of a publish plain, the first one last, Atomics.store
 *         slots: the producer before it publishes, a consumer before it        consumers, after they have seen it published
 *         finishes
 * ```
 *
 * Slots are plain memory, ordered by the Atomics.store of the sequence or lap that covers them and the Atomics.load that saw it.
 */
import { assert } from '@cambium/base'
import { LINE_PAIR_WORDS, placeBlockWords } from '../places/place-layout.ts'
import { LINE_PAIR_BYTES } from '../spsc-layout.ts'

/** `CMBS` */
export const SLOT_RING_MAGIC = 0x434d4253
export const SLOT_RING_VERSION = 1

export const MAGIC = 0
export const VERSION = 1
export const CAPACITY = 2
export const SLOT_BYTES = 3
export const FINGERPRINT = 4
export const MULTI = 5
export const PLACES = 6
export const PRODUCERS = 7
export const POOLS = 8
export const CURSOR = 32
export const LIMIT = 33
export const ABORTED = 64
export const HALTED = 65
export const PLACE_BLOCK = 96

export const PRODUCER_WORDS = 96
export const CLAIM_LOW = 0
export const CLAIM_HIGH = 1
export const CLAIM_PHASE = 2
export const PRODUCER_STATE = 32
export const PRODUCER_BELL = 64

export const PHASE_NONE = 0
/** The CAS of this claim may or may not have happened. */
export const PHASE_INTENT = 1
export const PHASE_HELD = 2

export const SLOTS_MIN = 2
/** Distances between sequences stay exact in an Int32. */
export const SLOTS_MAX: number = 2 ** 30
/** Byte offsets of fields stay exact in an Int32. */
export const SLOT_AREA_BYTES_MAX: number = 2 ** 31 - 1
export const PRODUCERS_MAX = 32

/** What a ring's size depends on. */
export interface SlotRingShape {
  readonly capacity: number
  readonly slotBytes: number
  readonly isMulti: boolean
  readonly places: number
  readonly producers: number
}

/** Begins of the parts, in words from the ring's begin, and the bytes of all. */
export interface SlotRingParts {
  readonly producers: number
  readonly flags: number
  readonly slots: number
  readonly bytes: number
}

export function slotRingParts({ capacity, slotBytes, isMulti, places, producers }: SlotRingShape): SlotRingParts {
  const producerBlock = PLACE_BLOCK + placeBlockWords(places)
  const flags = producerBlock + producers * PRODUCER_WORDS
  const slots = flags + (isMulti ? alignLines(capacity) : 0)
  const bytes = slots * 4 + capacity * slotBytes
  return { producers: producerBlock, flags, slots, bytes: Math.ceil(bytes / LINE_PAIR_BYTES) * LINE_PAIR_BYTES }
}

function alignLines(words: number): number {
  return Math.ceil(words / LINE_PAIR_WORDS) * LINE_PAIR_WORDS
}

for (const word of [CURSOR, ABORTED, PLACE_BLOCK, PRODUCER_WORDS, PRODUCER_STATE, PRODUCER_BELL]) {
  assert(word % LINE_PAIR_WORDS === 0, 'parts with different writers begin on cache lines of their own')
}
assert(
  CLAIM_LOW === 0 && CLAIM_HIGH === 1 && CLAIM_PHASE === 2 && PHASE_INTENT === 1 && PHASE_HELD === 2,
  'SharedWords.claim writes these words and values',
)
