/**
 * The waits before restarts: 1, `factor`, `factor`² ... times `initialMs`, up to `maxMs`. Chance comes from outside, as one number
 * (the seed): the n-th wait of a supervisor takes the fraction of seed + n × the golden ratio as its own, which spreads the
 * restarts of many children over the jitter evenly (an additive recurrence) and is the same again in a replay.
 */
import type { CambiumError } from '@cambium/base'

import type { Child } from './child-list.ts'
import { fieldError } from './field-error.ts'

export interface RestartBackoff {
  /** Milliseconds before the first restart, 1 to `maxMs`. */
  readonly initialMs: number
  /** Milliseconds that no wait exceeds. */
  readonly maxMs: number
  /** Each wait is so many times the one before, 1 to 100. @default 2 */
  readonly factor?: number
  /** Share of a wait that chance may take off it, 0 to 1. @default 0.2 */
  readonly jitter?: number
  /** A child that ran for so many milliseconds begins again at `initialMs`. @default `maxMs` */
  readonly calmMs?: number
}

/** A timer of Node fires at once when asked for more than this. */
export const BACKOFF_MS_MAX = 2_147_483_647

const FACTOR_MAX = 100
const GOLDEN_RATIO = 0.618_033_988_749_894_9
const FIELDS = ['initialMs', 'maxMs', 'factor', 'jitter', 'calmMs']

/** The settings with their defaults; throws `ERR_SUPERVISOR_FLAGS` with the wrong field, as in `backoff.maxMs`. */
export function checkBackoff(backoff: RestartBackoff): Required<RestartBackoff> {
  if (typeof backoff !== 'object' || backoff === null || Array.isArray(backoff)) {
    throw backoffError('backoff', backoff, 'an object with initialMs and maxMs')
  }
  for (const field of Object.keys(backoff)) {
    if (!FIELDS.includes(field)) {
      throw backoffError(`backoff.${field}`, backoff[field as 'maxMs'], `one of the fields ${FIELDS.join(', ')}`)
    }
  }
  const { initialMs, maxMs, factor = 2, jitter = 0.2 } = backoff
  if (!Number.isInteger(maxMs) || maxMs < 1 || maxMs > BACKOFF_MS_MAX) {
    throw backoffError('backoff.maxMs', maxMs, `integer milliseconds from 1 to ${BACKOFF_MS_MAX}`)
  }
  if (!Number.isInteger(initialMs) || initialMs < 1 || initialMs > maxMs) {
    throw backoffError('backoff.initialMs', initialMs, `integer milliseconds from 1 to maxMs (${maxMs})`)
  }
  if (typeof factor !== 'number' || !(factor >= 1 && factor <= FACTOR_MAX)) {
    throw backoffError('backoff.factor', factor, `a number from 1 to ${FACTOR_MAX}`)
  }
  if (typeof jitter !== 'number' || !(jitter >= 0 && jitter <= 1)) {
    throw backoffError('backoff.jitter', jitter, 'a number from 0 to 1')
  }
  const { calmMs = maxMs } = backoff
  if (!Number.isFinite(calmMs) || calmMs <= 0) throw backoffError('backoff.calmMs', calmMs, 'milliseconds above 0')
  return { initialMs, maxMs, factor, jitter, calmMs }
}

/** Whole milliseconds that `child`, which has just failed, is to wait; the next failure in a row waits longer. */
export function nextDelay<Start>(backoff: Required<RestartBackoff>, child: Child<Start>, now: number, chance: number): number {
  const { initialMs, maxMs, factor, jitter, calmMs } = backoff
  if (child.startedMs !== undefined && now - child.startedMs >= calmMs) child.failuresInRow = 0
  child.startedMs = undefined
  const fullMs = Math.min(maxMs, initialMs * factor ** child.failuresInRow++)
  return Math.max(1, Math.round(fullMs * (1 - jitter * chance)))
}

/** The chance of a supervisor's n-th wait, from 0 to below 1. */
export function chanceOf(seed: number, nth: number): number {
  return (seed + nth * GOLDEN_RATIO) % 1
}

function backoffError(field: string, value: unknown, expected: string): CambiumError {
  return fieldError('ERR_SUPERVISOR_FLAGS', 'supervisor flags are wrong', field, value, expected)
}
