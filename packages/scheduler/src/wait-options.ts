/** The options of a wait, for `send` and `ask`: how long, what ends it early, and for `ask` whether to wait for room at all; and those of a job and a timer. */
import type { AskOptions, SendWaitOptions, WaitOptions } from '@cambium/actor'
import { checkBoolean, checkDuration, checkFields, checkOneOf, optionError } from '@cambium/base'

/** Longest wait in milliseconds, besides for ever. */
const WAIT_MS_MAX = 2 ** 31

export interface CheckedWait {
  readonly timeoutMs: number
  readonly signal: AbortSignal | undefined
}

export interface CheckedAsk extends CheckedWait {
  /** No room now is no at once. */
  readonly failsIfFull: boolean
  /** The handler that asks waits for the answer. */
  readonly isAwaited: boolean
}

/** Those of the stamp are checked where it is made. */
const WAIT_FIELDS = ['timeoutMs', 'signal', 'priority', 'expiresMs']
const ASK_FIELDS = [...WAIT_FIELDS, 'ifFull', 'awaited']

/** Throws `ERR_OPTION`, which names the option. `timeoutMs` is the default. */
export function checkWait(options: SendWaitOptions | undefined, timeoutMs: number): CheckedWait {
  return options === undefined ? { timeoutMs, signal: undefined } : checked(options, WAIT_FIELDS, timeoutMs)
}

/** The same for a wait for somebody else's message. */
export function checkReceive(options: WaitOptions | undefined, timeoutMs: number): CheckedWait {
  return options === undefined ? { timeoutMs, signal: undefined } : checked(options, ['timeoutMs', 'signal'], timeoutMs)
}

/** The same for an ask. */
export function checkAsk(options: AskOptions, timeoutMs: number): CheckedAsk {
  const wait = checked(options, ASK_FIELDS, timeoutMs)
  const ifFull = checkOneOf('options.ifFull', options.ifFull, ['wait', 'fail'] as const, 'wait')
  return { ...wait, failsIfFull: ifFull === 'fail', isAwaited: checkBoolean('options.awaited', options.awaited, true) }
}

/** The signal of an offloaded job. Throws `ERR_OPTION`. */
export function checkJob(options: { readonly signal?: AbortSignal }): AbortSignal | undefined {
  checkFields('options', options, ['signal'])
  return checkSignal(options.signal)
}

/** Whether a timer repeats. Throws `ERR_OPTION`. */
export function checkTimer(options: { readonly repeat?: boolean }): boolean {
  checkFields('options', options, ['repeat'])
  return checkBoolean('options.repeat', options.repeat, false)
}

function checked(options: AskOptions, fields: readonly string[], timeoutMs: number): CheckedWait {
  checkFields('options', options, fields)
  const signal = checkSignal(options.signal)
  const given = checkDuration('options.timeoutMs', options.timeoutMs, { default: timeoutMs, min: 0, max: Infinity })
  if (given !== Infinity && given > WAIT_MS_MAX)
    throw optionError('options.timeoutMs', given, `milliseconds up to ${WAIT_MS_MAX}, or Infinity`)
  return { timeoutMs: given, signal }
}

function checkSignal(signal: AbortSignal | undefined): AbortSignal | undefined {
  if (signal !== undefined && !(signal instanceof AbortSignal)) throw optionError('options.signal', signal, 'an AbortSignal')
  return signal
}
