/** The specification of one child: its fields, their defaults, and the check that rejects a bad one by field (C-15). */
import type { CambiumError } from '@cambium/base'

import { fieldError } from './field-error.ts'
import type { AutoShutdown, CheckedFlags } from './supervisor-flags.ts'

export type RestartType = 'permanent' | 'transient' | 'temporary'
export type Shutdown = 'brutal_kill' | 'infinity' | number

export interface ChildSpec<Start = unknown> {
  /** Unique within the supervisor, 1 to 256 characters. */
  readonly id: string
  /** How the host starts the child; opaque to this package. Any value but `undefined`. */
  readonly start: Start
  /** @default 'permanent' */
  readonly restart?: RestartType
  /** Milliseconds the child may take to stop before it is killed. @default 5000, for supervisors 'infinity' */
  readonly shutdown?: Shutdown
  /** Takes part in automatic shutdown. As in OTP not for a permanent child, nor while the supervisor's `autoShutdown` is never. @default false */
  readonly significant?: boolean
  /** @default 'worker' */
  readonly kind?: 'worker' | 'supervisor'
}

/** A spec with its defaults filled in. */
export type CheckedSpec<Start = unknown> = Required<ChildSpec<Start>>

/** Characters of a child's id. */
export const CHILD_ID_LENGTH_MAX = 256
/** Timers of Node fire at once when asked for more than this, so a longer wait has to be called 'infinity'. */
export const SHUTDOWN_MS_MAX = 2_147_483_647

const FIELDS = ['id', 'start', 'restart', 'shutdown', 'significant', 'kind']

/** The spec with its defaults; throws `ERR_CHILD_SPEC` with the wrong field in `fields.field`. */
export function checkChildSpec<Start>(spec: ChildSpec<Start>, autoShutdown: AutoShutdown = 'never'): CheckedSpec<Start> {
  if (typeof spec !== 'object' || spec === null || Array.isArray(spec)) throw specError('spec', spec, 'an object', undefined)
  const { id, start } = spec
  if (typeof id !== 'string' || id.length === 0 || id.length > CHILD_ID_LENGTH_MAX) {
    throw specError('id', id, `a string of 1 to ${CHILD_ID_LENGTH_MAX} characters`, undefined)
  }
  for (const field of Object.keys(spec)) {
    if (!FIELDS.includes(field)) throw specError(field, spec[field as 'start'], `one of the fields ${FIELDS.join(', ')}`, id)
  }
  if (start === undefined) throw specError('start', start, 'a value', id)
  const { restart = 'permanent', kind = 'worker', significant = false } = spec
  if (restart !== 'permanent' && restart !== 'transient' && restart !== 'temporary') {
    throw specError('restart', restart, 'one of permanent, transient, temporary', id)
  }
  if (kind !== 'worker' && kind !== 'supervisor') throw specError('kind', kind, 'one of worker, supervisor', id)
  if (typeof significant !== 'boolean') throw specError('significant', significant, 'true or false', id)
  if (significant && restart === 'permanent') throw specError('significant', significant, 'false for a permanent child', id)
  if (significant && autoShutdown === 'never') {
    throw specError('significant', significant, 'false without automatic shutdown', id)
  }
  const { shutdown = kind === 'supervisor' ? 'infinity' : 5000 } = spec
  if (!isShutdown(shutdown)) {
    throw specError('shutdown', shutdown, `brutal_kill, infinity or integer milliseconds from 0 to ${SHUTDOWN_MS_MAX}`, id)
  }
  return { id, start, restart, shutdown, significant, kind }
}

/** The specs of a static supervisor; throws `ERR_CHILD_SPEC` on the first that is wrong or whose id came before. */
export function checkChildSpecs<Start>(specs: readonly ChildSpec<Start>[], flags: CheckedFlags): CheckedSpec<Start>[] {
  if (!Array.isArray(specs)) throw specError('children', specs, 'an array', undefined)
  if (flags.kind === 'dynamic' && specs.length > 0) throw specError('children', specs, 'none with kind dynamic', undefined)
  if (specs.length > flags.maxChildren) throw specError('children', specs, `at most ${flags.maxChildren} specs`, undefined)
  const ids = new Set<string>()
  return specs.map((spec) => {
    const checked = checkChildSpec<Start>(spec, flags.autoShutdown)
    if (ids.has(checked.id)) throw specError('id', checked.id, 'an id that no other child has', checked.id)
    ids.add(checked.id)
    return checked
  })
}

function isShutdown(value: unknown): value is Shutdown {
  if (value === 'brutal_kill' || value === 'infinity') return true
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= SHUTDOWN_MS_MAX
}

function specError(field: string, value: unknown, expected: string, id: string | undefined): CambiumError {
  return fieldError('ERR_CHILD_SPEC', 'child spec is wrong', field, value, expected, id === undefined ? {} : { id })
}
