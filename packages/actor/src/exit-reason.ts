/** Why an incarnation of an actor ended, or is to end. Plain data: it crosses cores. */
import { CambiumError, optionError, toErrorRecord } from '@cambium/base'
import type { ErrorRecord } from '@cambium/base'

export type ExitReason =
  /** The actor stopped by itself, its work done. */
  | { readonly kind: 'normal' }
  /** It was asked to stop. With `detail` it is OTP's `{shutdown, Detail}`: an orderly end that says something. */
  | { readonly kind: 'shutdown'; readonly detail?: unknown }
  /** It overran its shutdown time, or was killed outright. */
  | { readonly kind: 'killed' }
  /** A callback of it threw or rejected, or somebody gave this reason; then `detail` is what they had to say. */
  | { readonly kind: 'crash'; readonly error: ErrorRecord; readonly detail?: unknown }
  /** The thread of its core ended under it. */
  | { readonly kind: 'core_lost'; readonly error: ErrorRecord }
  /** It was not there to be linked or monitored; also the end of an actor that linked to such a one. */
  | { readonly kind: 'noproc' }

/** What may be given as the reason of an end. */
export type GivenReason = Extract<ExitReason, { readonly kind: 'normal' | 'shutdown' | 'killed' | 'crash' }>

export const EXIT_NORMAL: ExitReason = Object.freeze({ kind: 'normal' })
export const EXIT_SHUTDOWN: ExitReason = Object.freeze({ kind: 'shutdown' })
export const EXIT_KILLED: ExitReason = Object.freeze({ kind: 'killed' })
export const EXIT_NOPROC: ExitReason = Object.freeze({ kind: 'noproc' })

const GIVEN_KINDS: ReadonlySet<unknown> = new Set(['normal', 'shutdown', 'killed', 'crash'])

/** A failure with the caller's own data: an error as it is, anything else as `detail`. `crashReason({ code: 17 })` is OTP's `exit({code, 17})`. */
export function crashReason(cause: unknown): Extract<ExitReason, { readonly kind: 'crash' }> {
  if (cause instanceof Error) return { kind: 'crash', error: toErrorRecord(cause) }
  const error = new CambiumError('ERR_EXIT', `actor was ended with a reason: ${shown(cause)}`, { severity: 'crash' })
  return { kind: 'crash', error: toErrorRecord(error), detail: cause }
}

/** Brings what a caller gave to an exit reason. Throws `ERR_OPTION`. */
export function checkReason(given: unknown): GivenReason {
  if (given instanceof Error) return crashReason(given)
  const kind: unknown = typeof given === 'object' && given !== null && 'kind' in given ? given.kind : undefined
  const error: unknown = typeof given === 'object' && given !== null && 'error' in given ? given.error : undefined
  if (!GIVEN_KINDS.has(kind) || (kind === 'crash' && (typeof error !== 'object' || error === null)))
    throw optionError('reason', given, 'an error, normal, shutdown, killed, or what crashReason returned')
  return given as GivenReason
}

/** One line for logs and errors: `crash: Error: boom`. */
export function formatExitReason(reason: ExitReason): string {
  if ('detail' in reason && reason.detail !== undefined) return `${reason.kind}: ${shown(reason.detail)}`
  return 'error' in reason ? `${reason.kind}: ${reason.error.name}: ${reason.error.message}` : reason.kind
}

const SHOWN_CHARS_MAX = 200

/** Never throws: what cannot be written as JSON is named by its type. */
function shown(value: unknown): string {
  let text: string | undefined
  try {
    text = JSON.stringify(value)
  } catch {
    text = undefined
  }
  return (text ?? typeof value).slice(0, SHOWN_CHARS_MAX)
}
