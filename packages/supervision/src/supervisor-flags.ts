/** The flags of a supervisor: what it is, whom it restarts with whom, how often, how soon, and when it ends by itself. */
import type { CambiumError } from '@cambium/base'

import { fieldError } from './field-error.ts'
import { checkBackoff, type RestartBackoff } from './restart-backoff.ts'

export type Strategy = 'one_for_one' | 'one_for_all' | 'rest_for_one'
export type AutoShutdown = 'never' | 'any_significant' | 'all_significant'

export interface SupervisorFlags {
  /**
   * `dynamic` is OTP's simple_one_for_one (Elixir's DynamicSupervisor): it starts empty; children come by `add_child`, are forgotten
   * once they are down for good, and are stopped all at once. @default 'static'
   */
  readonly kind?: 'static' | 'dynamic'
  /** Only `one_for_one` with kind dynamic. @default 'one_for_one' */
  readonly strategy?: Strategy
  /** Restarts within a period that are borne; one more is too many. @default 1 */
  readonly intensity?: number
  /** Milliseconds. @default 5000 */
  readonly periodMs?: number
  /**
   * Whose restarts are counted together. `supervisor`: one window for all children, and exceeding it ends the supervisor, as in OTP. `child`: each child has a
   * window of its own, and a child that exceeds it is given up while the supervisor lives on; only with one_for_one, because
   * the other strategies say that the siblings cannot do without the child. @default 'supervisor'
   */
  readonly intensityPer?: 'supervisor' | 'child'
  /**
   * Whether the supervisor ends when significant children have ended by themselves and are not restarted: the first of them, or the last
   * that had an actor. @default 'never'
   */
  readonly autoShutdown?: AutoShutdown
  /** Waits before restarts. @default none: a restart follows at once, as in OTP */
  readonly backoff?: RestartBackoff | undefined
  /** Children it may have; `add_child` is refused beyond. @default CHILDREN_MAX */
  readonly maxChildren?: number
}

/** Flags with their defaults filled in. */
export type CheckedFlags = Required<Omit<SupervisorFlags, 'backoff'>> & {
  readonly backoff: Required<RestartBackoff> | undefined
}

/** A window remembers at most this many restarts (and the one that is too many). */
export const INTENSITY_MAX = 1_000_000
/** Children of one supervisor; a Map of V8 takes no more than twice as many. */
export const CHILDREN_MAX: number = 1 << 23

const FIELDS = ['kind', 'strategy', 'intensity', 'periodMs', 'intensityPer', 'autoShutdown', 'backoff', 'maxChildren']

/** The flags with their defaults; throws `ERR_SUPERVISOR_FLAGS` with the wrong field in `fields.field`. */
export function checkSupervisorFlags(flags: SupervisorFlags): CheckedFlags {
  if (typeof flags !== 'object' || flags === null || Array.isArray(flags)) throw flagsError('flags', flags, 'an object')
  for (const field of Object.keys(flags)) {
    if (!FIELDS.includes(field)) throw flagsError(field, flags[field as 'strategy'], `one of the fields ${FIELDS.join(', ')}`)
  }
  const { kind = 'static', strategy = 'one_for_one', intensity = 1, periodMs = 5000, intensityPer = 'supervisor' } = flags
  if (kind !== 'static' && kind !== 'dynamic') throw flagsError('kind', kind, 'one of static, dynamic')
  if (strategy !== 'one_for_one' && strategy !== 'one_for_all' && strategy !== 'rest_for_one') {
    throw flagsError('strategy', strategy, 'one of one_for_one, one_for_all, rest_for_one')
  }
  if (kind === 'dynamic' && strategy !== 'one_for_one') throw flagsError('strategy', strategy, 'one_for_one with kind dynamic')
  if (!Number.isInteger(intensity) || intensity < 0 || intensity > INTENSITY_MAX) {
    throw flagsError('intensity', intensity, `an integer from 0 to ${INTENSITY_MAX}`)
  }
  if (!Number.isFinite(periodMs) || periodMs <= 0) throw flagsError('periodMs', periodMs, 'milliseconds above 0')
  if (intensityPer !== 'supervisor' && intensityPer !== 'child')
    throw flagsError('intensityPer', intensityPer, 'one of supervisor, child')
  if (intensityPer === 'child' && strategy !== 'one_for_one')
    throw flagsError('intensityPer', intensityPer, `supervisor with strategy ${strategy}`)
  const { autoShutdown = 'never', maxChildren = CHILDREN_MAX } = flags
  if (autoShutdown !== 'never' && autoShutdown !== 'any_significant' && autoShutdown !== 'all_significant') {
    throw flagsError('autoShutdown', autoShutdown, 'one of never, any_significant, all_significant')
  }
  if (!Number.isInteger(maxChildren) || maxChildren < 0 || maxChildren > CHILDREN_MAX) {
    throw flagsError('maxChildren', maxChildren, `an integer from 0 to ${CHILDREN_MAX}`)
  }
  const backoff = flags.backoff === undefined ? undefined : checkBackoff(flags.backoff)
  return { kind, strategy, intensity, periodMs, intensityPer, autoShutdown, backoff, maxChildren }
}

function flagsError(field: string, value: unknown, expected: string): CambiumError {
  return fieldError('ERR_SUPERVISOR_FLAGS', 'supervisor flags are wrong', field, value, expected)
}
