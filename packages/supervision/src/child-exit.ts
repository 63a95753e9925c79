/** How a child ended, and the two questions OTP asks of it: is it a failure, and was it the end that was asked for. */
import type { RestartType, Shutdown } from './child-spec.ts'

/**
 * `normal` and `shutdown` are orderly ends, the others are failures. `shutdown` with a `detail` is OTP's `{shutdown, Detail}`;
 * `killed` is also the end of a child that overran its shutdown time; `core_lost` means that its core died under it.
 */
export interface ChildExit {
  readonly kind: 'normal' | 'shutdown' | 'killed' | 'crash' | 'core_lost'
  /** Opaque to this package; handed on in reports. */
  readonly detail?: unknown
}

/** Whether a transient child is restarted after `exit`, and whether the exit of a child that stays down is reported. */
export function isFailure(exit: ChildExit): boolean {
  return exit.kind !== 'normal' && exit.kind !== 'shutdown'
}

/**
 * Whether a child that was asked to stop ended as asked (`shutdown/1` in supervisor.erl). A permanent child must not end by
 * itself, so of it only the exact answer is expected; of the others any orderly end will do.
 */
export function isExpectedStop(exit: ChildExit, shutdown: Shutdown, restart: RestartType): boolean {
  if (shutdown === 'brutal_kill' ? exit.kind === 'killed' : exit.kind === 'shutdown' && exit.detail === undefined) return true
  return restart !== 'permanent' && !isFailure(exit)
}
