/**
 * Layout of one record in the data area of a ring. Records begin on multiples of 8 and are never split by the end.
 *
 * ```
 *   byte
 *      0  length   Int32: header and payload in bytes, without the alignment behind them; 8 or more
 *      4  type     Int32: 0 or more is the user's; -1 is padding; other negative numbers are reserved
 *      8  payload  length - 8 bytes, then up to 7 bytes of alignment
 * ```
 *
 * The producer writes header and payload with plain stores; the consumer reads them with plain loads. What orders them is
 * the Atomics.store of the producer position behind the record and the Atomics.load of it before the read.
 */
import { assert } from '@cambium/base'

export const HEADER_BYTES = 8
export const RECORD_ALIGNMENT = 8
/** Fills the data area up to its end when the next record does not fit there. Its length is exactly what is left. */
export const PADDING_TYPE = -1
/** One record takes at most this share of the ring, so that a few large ones cannot block it. */
export const RECORDS_PER_RING_MIN = 8

/** Bytes that a record of this `length` takes in the ring. */
export function alignRecord(length: number): number {
  return (length + (RECORD_ALIGNMENT - 1)) & -RECORD_ALIGNMENT
}

assert(HEADER_BYTES % RECORD_ALIGNMENT === 0, 'a header fits into whatever is left before the end')
