/** The options of a wait, for `send` and `ask`: how long, and what ends it early. */
import type { WaitOptions } from '@cambium/actor'
import { checkDuration, checkFields, optionError } from '@cambium/base'

/** Longest wait in milliseconds, besides for ever. */
const WAIT_MS_MAX = 2 ** 31

export interface CheckedWait {
  readonly timeoutMs: number
  readonly signal: AbortSignal | undefined
}

/** Throws `ERR_OPTION`, which names the option. `timeoutMs` is the default. */
export function checkWait(options: WaitOptions | undefined, timeoutMs: number): CheckedWait {
  if (options === undefined) return { timeoutMs, signal: undefined }
  checkFields('options', options, ['timeoutMs', 'signal'])
  if (options.signal !== undefined && !(options.signal instanceof AbortSignal))
    throw optionError('options.signal', options.signal, 'an AbortSignal')
  const given = checkDuration('options.timeoutMs', options.timeoutMs, { default: timeoutMs, min: 0, max: Infinity })
  if (given !== Infinity && given > WAIT_MS_MAX)
    throw optionError('options.timeoutMs', given, `milliseconds up to ${WAIT_MS_MAX}, or Infinity`)
  return { timeoutMs: given, signal: options.signal }
}
