/**
 * Layout of a single-producer single-consumer ring: a control block of 512 bytes, then the data area. Offsets below are
 * Int32 indexes from the ring's byte offset, which is a multiple of 128.
 *
 * ```
 *   word  byte
 *      0     0  magic               root, once, last of all (Atomics.store)   all, at attach (Atomics.load)
 *      1     4  layout version      root, once, before the magic              all, at attach
 *      2     8  capacity            root, once, before the magic              all, at attach
 *     32   128  producer position   producer, Atomics.store, after the        consumer, Atomics.load, at an apparent empty;
 *                                   records it covers                         a successor of the producer, at attach
 *     64   256  consumer position   consumer, Atomics.store, after it has     producer, Atomics.load, at an apparent full
 *                                   finished the records it covers
 *     96   384  hand                consumer, plain store, before and after   a successor of the consumer and the root, both
 *                                   each record; the root, Atomics.store,     only after the consumer's thread has ended
 *                                   after the consumer's thread has ended
 *    128   512  data area, `capacity` bytes of records
 * ```
 *
 * Words of different writers lie two cache lines apart, because the adjacent-line prefetcher pulls lines in pairs. The hand
 * has lines of its own although the consumer writes it as it writes its position: it changes with every record, and a
 * producer that looks at the consumer position would otherwise take the line away each time.
 */
import { assert } from '@cambium/base'

/** `CMBR` */
export const RING_MAGIC = 0x434d4252
export const RING_LAYOUT_VERSION = 1

export const MAGIC_INDEX = 0
export const VERSION_INDEX = 1
export const CAPACITY_INDEX = 2
export const PRODUCER_INDEX = 32
export const CONSUMER_INDEX = 64
export const HAND_INDEX = 96
export const CONTROL_BYTES = 512

/** Two cache lines. Every part of a region begins on a multiple of it. */
export const LINE_PAIR_BYTES = 128

/** Smallest ring: an eighth of it still holds a record of 120 bytes. */
export const CAPACITY_BYTES_MIN = 1024
/** Largest ring: distances between positions, at most twice this, stay exact in an Int32. */
export const CAPACITY_BYTES_MAX: number = 2 ** 30

/** Bit 0 of the hand word: the record at the position is in hand. Free because positions are multiples of 8. */
export const IN_HAND_BIT = 1

for (const index of [PRODUCER_INDEX, CONSUMER_INDEX, HAND_INDEX, CONTROL_BYTES / 4]) {
  assert((index * 4) % LINE_PAIR_BYTES === 0, 'each field of the ring begins on a pair of cache lines of its own')
}
