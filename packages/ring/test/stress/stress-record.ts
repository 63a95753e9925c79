/** What the stress threads send: every byte of a record follows from its sequence, so whoever reads it can tell whether it is whole. */
import { i32, layout } from '../../src/index.ts'

const fields = { sequence: i32, check: i32, stage: i32, more: i32 }
export const record = layout(fields)
export type RecordFields = typeof fields

/** A number that looks like chance and is not. */
export function mix(sequence: number): number {
  let z = (sequence + 0x9e3779b9) | 0
  z = Math.imul(z ^ (z >>> 16), 0x21f0aaad)
  z = Math.imul(z ^ (z >>> 15), 0x735a2d97)
  return z ^ (z >>> 15)
}

/** Words of the record of a number in a ring of records: 0 to 29 behind the number itself, each of which follows from it too. */
export function moreWordsOf(number: number): number {
  return (mix(number ^ 0x5bd1) >>> 0) % 30
}

/**
 * Where the writers of a ring of records note how far they came, for a successor: position and number of the next record as committed, and as about to be
 * published. Numbers first; a position that is the ring's tells which of the two holds.
 */
export const DONE_NUMBER = 0
export const DONE_POSITION = 1
export const NEXT_NUMBER = 2
export const NEXT_POSITION = 3
export const JOURNAL_WORDS = 4

/** Words in which a thread reports, one set of lines per thread. */
export const REPORT_WORDS = 64
/** Records handled, an Int32 that wraps. */
export const HANDLED = 0
/** Sum of the checks of what was handled. */
export const SUM = 1
/** Records that were not what their sequence says, or not the one that had to come. */
export const WRONG = 2
/** First and last sequence handled. */
export const FIRST = 3
export const LAST = 4
/** Slots that were passed over. */
export const SKIPPED = 5
/** 1 once the thread works, 2 when it has done all it was to do. */
export const STATE = 6
/** How often it joined, or was lapped. */
export const TIMES = 7
export const WORKING = 1
export const DONE = 2
