/**
 * What a host tells a supervisor. Three sorts: answers to `start_child`, `stop_child` and `wait`, things that happened, requests.
 *
 * Where it is given, `incarnation` is the number that the action carried (`child_exited`: the number of the `start_child`
 * that began the incarnation which ended). An event whose number is not the current one is a latecomer and is ignored; so
 * a host that gives the numbers cannot confuse two incarnations, however its messages race.
 */
import type { ChildExit } from './child-exit.ts'
import type { ChildSpec } from './child-spec.ts'

export type SupervisorAnswer =
  | { readonly type: 'child_started'; readonly id: string; readonly incarnation?: number }
  /** The child decided not to run: no actor, no failure. */
  | { readonly type: 'child_ignored'; readonly id: string; readonly incarnation?: number }
  | { readonly type: 'child_start_failed'; readonly id: string; readonly exit: ChildExit; readonly incarnation?: number }
  | { readonly type: 'child_stopped'; readonly id: string; readonly exit: ChildExit; readonly incarnation?: number }
  /** The time of a `wait` is up. */
  | { readonly type: 'wait_over'; readonly id: string; readonly incarnation?: number }

export type SupervisorRequest<Start = unknown> =
  /** Start the child and keep it as the last one. */
  (
    | { readonly type: 'add_child'; readonly spec: ChildSpec<Start> }
    /** Stop the child and keep its spec, unless it is temporary or the supervisor dynamic. */
    | { readonly type: 'terminate_child'; readonly id: string }
    /** Start a child that has no actor. Not counted as a restart; its own intensity and backoff begin anew for it. */
    | { readonly type: 'restart_child'; readonly id: string }
    /** Forget a child that has no actor. */
    | { readonly type: 'delete_child'; readonly id: string }
  ) & {
    /** Handed back in the reply; opaque to this package. */
    readonly ticket?: unknown
  }

export type SupervisorEvent<Start = unknown> =
  | SupervisorAnswer
  | SupervisorRequest<Start>
  /** Start the children of the initial specs in order. */
  | { readonly type: 'start' }
  /** A child ended unasked. */
  | { readonly type: 'child_exited'; readonly id: string; readonly exit: ChildExit; readonly incarnation?: number }
  /**
   * All these children ended at once with their core. With `blamed` only they have it counted, all others are restarted for
   * nothing; without it the loss counts whoever caused it.
   */
  | { readonly type: 'core_lost'; readonly ids: readonly string[]; readonly blamed?: readonly string[] }
  /** Stop all children and end. */
  | { readonly type: 'shutdown' }
