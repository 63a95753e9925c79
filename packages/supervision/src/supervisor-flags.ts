/** The flags of a supervisor: strategy, restart intensity, and whose budget a restart is counted against. */
import type { CambiumError } from '@cambium/base'

import { fieldError } from './field-error.ts'

export type Strategy = 'one_for_one' | 'one_for_all' | 'rest_for_one'

export interface SupervisorFlags {
  /** @default 'one_for_one' */
  readonly strategy?: Strategy
  /** Restarts within a period that are borne; one more is too many. @default 1 */
  readonly intensity?: number
  /** Milliseconds. @default 5000 */
  readonly periodMs?: number
  /**
   * `shared`: one window for all children, and exceeding it ends the supervisor, as in OTP. `per_child`: each child has a
   * window of its own, and a child that exceeds it is given up while the supervisor lives on; only with one_for_one, because
   * the other strategies say that the siblings cannot do without the child. @default 'shared'
   */
  readonly budget?: 'shared' | 'per_child'
}

/** A window remembers at most this many restarts (and the one that is too many). */
export const INTENSITY_MAX = 1_000_000

const FIELDS = ['strategy', 'intensity', 'periodMs', 'budget']

/** The flags with their defaults; throws `ERR_SUPERVISOR_FLAGS` with the wrong field in `fields.field`. */
export function checkSupervisorFlags(flags: SupervisorFlags): Required<SupervisorFlags> {
  if (typeof flags !== 'object' || flags === null || Array.isArray(flags)) throw flagsError('flags', flags, 'an object')
  for (const field of Object.keys(flags)) {
    if (!FIELDS.includes(field)) throw flagsError(field, flags[field as 'strategy'], `one of the fields ${FIELDS.join(', ')}`)
  }
  const { strategy = 'one_for_one', intensity = 1, periodMs = 5000, budget = 'shared' } = flags
  if (strategy !== 'one_for_one' && strategy !== 'one_for_all' && strategy !== 'rest_for_one') {
    throw flagsError('strategy', strategy, 'one of one_for_one, one_for_all, rest_for_one')
  }
  if (!Number.isInteger(intensity) || intensity < 0 || intensity > INTENSITY_MAX) {
    throw flagsError('intensity', intensity, `an integer from 0 to ${INTENSITY_MAX}`)
  }
  if (!Number.isFinite(periodMs) || periodMs <= 0) throw flagsError('periodMs', periodMs, 'milliseconds above 0')
  if (budget !== 'shared' && budget !== 'per_child') throw flagsError('budget', budget, 'one of shared, per_child')
  if (budget === 'per_child' && strategy !== 'one_for_one') throw flagsError('budget', budget, `shared with strategy ${strategy}`)
  return { strategy, intensity, periodMs, budget }
}

function flagsError(field: string, value: unknown, expected: string): CambiumError {
  return fieldError('ERR_SUPERVISOR_FLAGS', 'supervisor flags are wrong', field, value, expected)
}
