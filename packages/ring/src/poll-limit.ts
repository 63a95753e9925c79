/** What a `poll` is given, by a processor's caller or a reader's. */
import { optionError } from '@cambium/base'

/** Stands for no limit: more records than any ring has. */
export const LIMIT_MAX = 0x7fff_ffff

/** Otherwise nothing would be handled, without a word. @throws `ERR_OPTION` Internal. */
export function checkLimit(limit: number): void {
  if (typeof limit !== 'number' || !(limit >= 0) || (!Number.isInteger(limit) && limit !== Infinity))
    throw optionError('limit', limit, 'an integer of 0 or more, or Infinity')
}

/** @throws `ERR_OPTION` Internal. */
export function checkPoll(handler: unknown, limit: number): void {
  if (typeof handler !== 'function') throw optionError('handler', handler, 'a function')
  checkLimit(limit)
}
