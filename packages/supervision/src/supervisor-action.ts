/**
 * What a supervisor tells its host to do. `start_child` and `stop_child` want an answer; at most one of them is out at any
 * time, and it is the last action of its list; only a dynamic supervisor that ends asks for the stops of all its children at once.
 * `wait` wants an answer later and holds up nothing. The others are notices.
 */
import type { CambiumError } from '@cambium/base'

import type { ChildExit } from './child-exit.ts'
import type { CheckedSpec, Shutdown } from './child-spec.ts'

export interface StartChild<Start = unknown> {
  readonly type: 'start_child'
  /** With all defaults filled in. */
  readonly spec: CheckedSpec<Start>
  /** An incarnation of this child has run before: start the new one in its slot. */
  readonly restart: boolean
  readonly incarnation: number
}

export interface StopChild {
  readonly type: 'stop_child'
  readonly id: string
  readonly shutdown: Shutdown
  readonly incarnation: number
}

/** With a backoff: the restart of the child is due in so many milliseconds; say so by `wait_over`. Nobody minds when that comes in vain. */
export interface Wait {
  readonly type: 'wait'
  readonly id: string
  readonly delayMs: number
  /** Of the incarnation that ended or did not start. */
  readonly incarnation: number
}

export type ReplyError =
  | 'already_present' // add_child: the id has a spec, but no actor (start: see already_started)
  | 'already_started' // add_child: the id has an actor; start: asked for before
  | 'child_spec' // add_child: `cause` names the wrong field
  | 'dynamic' // restart_child, delete_child: a dynamic supervisor keeps no spec without an actor
  | 'max_children' // add_child: there are `maxChildren`
  | 'not_found'
  | 'not_started' // before `start`
  | 'overloaded' // REQUESTS_MAX things wait
  | 'restarting' // restart_child, delete_child: another attempt to restart the child is due
  | 'running' // restart_child, delete_child
  | 'shutting_down'
  | 'start_failed' // `exit` says why; of `start`, `id` says which child

export interface Reply {
  readonly type: 'reply'
  readonly event: 'start' | 'add_child' | 'terminate_child' | 'restart_child' | 'delete_child'
  readonly id?: string
  readonly ok: true | { readonly error: ReplyError; readonly exit?: ChildExit; readonly cause?: CambiumError }
  /** That of the request, if it had one. */
  readonly ticket?: unknown
}

/** For logs and telemetry; a host need not act on any. */
export type Report = { readonly type: 'report'; readonly id: string; readonly exit: ChildExit } & (
  | { readonly report: 'child_terminated' } // it ended unasked, by a failure or although it is permanent
  | { readonly report: 'start_failed' }
  | { readonly report: 'shutdown_error' } // it was to stop, and ended otherwise; a child that overran its time: `killed`
  /** `restarts` of them within the period, more than the intensity: the supervisor ends. */
  | { readonly report: 'intensity_exceeded'; readonly restarts: number }
  /** The same for one child where the intensity is each child's own: it stays down, its spec is kept without an actor. */
  | { readonly report: 'child_given_up'; readonly restarts: number }
  | { readonly report: 'auto_shutdown' } // it was the significant child whose end ends the supervisor
)

export interface Ended {
  readonly type: 'ended'
  /** To the supervisor's own supervisor each of them is an exit of kind `shutdown`, as in OTP. `shutdown`: asked for, or automatic. */
  readonly reason: 'shutdown' | 'start_failed' | 'intensity_exceeded'
}

export type SupervisorAction<Start = unknown> = StartChild<Start> | StopChild | Wait | Reply | Report | Ended
