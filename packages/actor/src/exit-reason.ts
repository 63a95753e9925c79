/** Why an incarnation of an actor ended. Plain data: it crosses cores. */
import type { ErrorRecord } from '@cambium/base'

export type ExitReason =
  /** The actor stopped by itself, its work done. */
  | { readonly kind: 'normal' }
  /** It was asked to stop. */
  | { readonly kind: 'shutdown' }
  /** It overran its shutdown time, or was killed outright. */
  | { readonly kind: 'killed' }
  /** A callback of it threw or rejected. */
  | { readonly kind: 'crash'; readonly error: ErrorRecord }
  /** The thread of its core ended under it. */
  | { readonly kind: 'core_lost'; readonly error: ErrorRecord }

export const EXIT_NORMAL: ExitReason = Object.freeze({ kind: 'normal' })
export const EXIT_SHUTDOWN: ExitReason = Object.freeze({ kind: 'shutdown' })
export const EXIT_KILLED: ExitReason = Object.freeze({ kind: 'killed' })

/** One line for logs and errors: `crash: Error: boom`. */
export function formatExitReason(reason: ExitReason): string {
  return 'error' in reason ? `${reason.kind}: ${reason.error.name}: ${reason.error.message}` : reason.kind
}
