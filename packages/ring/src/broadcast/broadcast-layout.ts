/**
 * Layout of a broadcast ring: a control block, the places of its readers, then the data area. Offsets are Int32 indexes from the ring's
 * begin, a multiple of 128 bytes.
 *
 * ```
 *   word
 *      0  magic           the creator, once, last of all (Atomics.store)       all, at attach (Atomics.load)
 *      1  layout version  the creator, once, before the magic; so up to 3      all, at attach
 *      2  capacity
 *      3  places
 *     32  tail            the producer, Atomics.store, after the records       readers, at an apparent empty; a successor of
 *                         it covers                                            the producer
 *     33  latest          the producer, plain, before the tail: begin of the   readers that were lapped
 *                         last record before it
 *     64  intent          the producer, Atomics.store, before it writes any    lossy readers, after they have copied; a
 *                         byte up to there                                     successor of the producer
 *     65  epoch           the producer, Atomics.store, before the intent:      the same
 *                         how often the intent has gone through 2^30
 *     96  bell            see doorbell.ts: the producer; readers only 1 → 2    readers, when the parked bit is set
 *    128  the places of readers, see places/place-layout.ts. A reader's `started` is its hand: position | 1 while a record is in
 *         hand, else where it goes on
 *         data area, `capacity` bytes of records
 * ```
 *
 * A record: 16 bytes of header, then the payload; begins on a multiple of 8 and is never split by the end of the data area.
 *
 * ```
 *   byte
 *      0  length   header and payload in bytes, without the alignment behind them; 16 or more
 *      4  type     0 or more is the user's; -1 is padding up to the end of the data area
 *      8  number   of the record since the ring was made; an Int32 that wraps. Padding has the number of the record behind it
 *     12  check    length ^ type ^ number ^ CHECK_SALT
 * ```
 */
import { assert } from '@cambium/base'
import { LINE_PAIR_WORDS, placeBlockWords } from '../places/place-layout.ts'

/** `CMBB` */
export const BROADCAST_MAGIC = 0x434d4242
export const BROADCAST_VERSION = 1

export const MAGIC = 0
export const VERSION = 1
export const CAPACITY = 2
export const PLACES = 3
export const TAIL = 32
export const LATEST = 33
export const INTENT = 64
export const EPOCH = 65
export const PRODUCER_BELL = 96
export const PLACE_BLOCK = 128

export const HEADER_BYTES = 16
export const RECORD_ALIGNMENT = 8
export const PADDING_TYPE = -1
export const CHECK_SALT = 0x5bd1e995

/** Smallest ring: an eighth of it still holds a record. */
export const CAPACITY_MIN = 1024
/** Largest ring: a reader that is not lapped is less than 2^31 behind the intent. */
export const CAPACITY_MAX: number = 2 ** 30
/** One record takes at most this share of the ring. */
export const RECORDS_PER_RING_MIN = 8
/** The intent runs ahead by this share of the ring, so that only few records need an announcement of their own. */
export const INTENT_SHARE = 16

/** Bits of a position that are not part of its epoch. */
export const EPOCH_SHIFT = 30

/** Bytes before the data area. */
export function controlBytes(places: number): number {
  return (PLACE_BLOCK + placeBlockWords(places)) * 4
}

/** Bytes that a record of this `length` takes in the ring. */
export function alignRecord(length: number): number {
  return (length + (RECORD_ALIGNMENT - 1)) & -RECORD_ALIGNMENT
}

/** The epoch of `position`, which lies less than 2^31 after `from`, a position of epoch `epoch`. */
export function epochAfter(epoch: number, from: number, position: number): number {
  return (epoch + (((position >>> EPOCH_SHIFT) - (from >>> EPOCH_SHIFT)) & 3)) | 0
}

for (const word of [TAIL, INTENT, PRODUCER_BELL, PLACE_BLOCK]) {
  assert(word % LINE_PAIR_WORDS === 0, 'parts with different writers or readers begin on cache lines of their own')
}
assert(HEADER_BYTES % RECORD_ALIGNMENT === 0, 'payloads are aligned as records are')
