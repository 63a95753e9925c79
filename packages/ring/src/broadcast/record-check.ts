/** Whether what lies at some place can be a record, before one byte of it is believed. Shared by both kinds of readers. */
import { CHECK_SALT, HEADER_BYTES, PADDING_TYPE } from './broadcast-layout.ts'

/** A record begins here: its type is 0 or more. */
export const IS_RECORD = 0
/** Nothing but padding up to the end of the data area. */
const IS_PADDING = 1
/** No producer can have written this. */
export const IS_CORRUPT = 2

/**
 * Looks at a header.
 *
 * @param words what it lies in
 * @param at index of its first word
 * @param room bytes that may belong to it: up to the end of what is published, or of the data area
 * @param toEnd bytes up to the end of the data area
 */
export function checkHeader(words: Int32Array, at: number, room: number, toEnd: number): number {
  // The end of the data area may be too near for a header; what is left there is padding.
  if (toEnd < HEADER_BYTES) return IS_PADDING
  const length = words[at]!
  const type = words[at + 1]!
  // Unsigned, so that one test rejects zero, negative, shorter than a header, and beyond what is there.
  if ((length - HEADER_BYTES) >>> 0 > room - HEADER_BYTES) return IS_CORRUPT
  if ((length ^ type ^ words[at + 2]! ^ CHECK_SALT) !== words[at + 3]) return IS_CORRUPT
  if (type >= 0) return IS_RECORD
  return type === PADDING_TYPE && length === toEnd ? IS_PADDING : IS_CORRUPT
}
