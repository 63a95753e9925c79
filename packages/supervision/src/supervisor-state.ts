/**
 * The state of one supervisor between two events: its children, the operation under way, the start or the stops of it that the host
 * is executing, and what waits behind them. Only `decide` changes it.
 */
import { assert, Fifo } from '@cambium/base'

import type { ChildExit } from './child-exit.ts'
import { appendChild, type Child, type ChildList, type ChildStatus, createChildList, type Unhandled } from './child-list.ts'
import { type CheckedSpec, checkChildSpecs, type ChildSpec } from './child-spec.ts'
import { createRestartWindow, type RestartWindow } from './restart-intensity.ts'
import type { Ended } from './supervisor-action.ts'
import type { SupervisorRequest } from './supervisor-event.ts'
import { type CheckedFlags, checkSupervisorFlags, type SupervisorFlags } from './supervisor-flags.ts'

/** The start that the host is executing; without `child` for a spec that is kept only if the start succeeds. */
interface StartStep<Start> {
  readonly id: string
  readonly incarnation: number
  readonly child: Child<Start> | undefined
}

/** A sequence of steps that OTP would go through without looking at its mailbox. `next` is the child whose turn comes next. */
export type Operation<Start> =
  | { readonly kind: 'boot'; next: Child<Start> | undefined }
  | { readonly kind: 'restart_each'; readonly children: readonly Child<Start>[]; next: number }
  /** From `first` (undefined: the whole list) to the end: stop in reverse, then start in order; with `wait`, wait in between. */
  | {
      readonly kind: 'restart_group'
      readonly first: Child<Start> | undefined
      readonly wait: { readonly child: Child<Start>; readonly delayMs: number } | undefined
      stage: 'stop' | 'start'
      next: Child<Start> | undefined
    }
  | { readonly kind: 'add_child'; readonly request: SupervisorRequest<Start>; readonly spec: CheckedSpec<Start> }
  | { readonly kind: 'terminate_child' | 'restart_child'; readonly request: SupervisorRequest<Start> }
  | {
      readonly kind: 'end'
      readonly reason: Ended['reason']
      readonly failed: StartFailure | undefined
      next: Child<Start> | undefined
    }

export interface StartFailure {
  readonly id: string
  readonly exit: ChildExit
}

export type BacklogEntry<Start> =
  | { readonly type: 'exited'; readonly child: Child<Start>; readonly mark: Unhandled }
  /** `joined` was being restarted on the core: it is restarted together with the children that ran there. */
  | {
      readonly type: 'lost'
      readonly children: readonly Child<Start>[]
      readonly joined: Child<Start> | undefined
      readonly mark: Unhandled
      readonly blamed: readonly string[] | undefined
    }
  /** OTP's `try_again_restart`: it goes to the end of the queue, so what arrived earlier is seen to first. */
  | { readonly type: 'retry'; readonly id: string }
  /** The wait before a restart is over. */
  | { readonly type: 'due'; readonly child: Child<Start>; readonly incarnation: number }
  | SupervisorRequest<Start>

/** Owned by whoever called {@link createSupervisor}; its fields are for `decide` and for reading in tests. */
export interface SupervisorState<Start = unknown> {
  readonly flags: CheckedFlags
  /** From 0 to below 1. */
  readonly seed: number
  readonly children: ChildList<Start>
  readonly window: RestartWindow
  readonly backlog: Fifo<BacklogEntry<Start>>
  phase: 'new' | 'live' | 'ending' | 'ended'
  operation: Operation<Start> | undefined
  /** At most one of `starting` and `stopping` says that the host has something to answer. */
  starting: StartStep<Start> | undefined
  /** Children with the status `stopping`. */
  stopping: number
  /** Incarnations begun. */
  incarnations: number
  /** Waits asked for. */
  waits: number
  /** `start` has not been replied to. */
  startPending: boolean
  /** A shutdown waits for the start or stop under way. */
  shutdownAsked: boolean
}

/**
 * A supervisor that has started nothing yet. Throws `ERR_SUPERVISOR_FLAGS` or `ERR_CHILD_SPEC`; `fields.field` names the wrong
 * field.
 *
 * @param seed from 0 to below 1: the chance that the jitter of a backoff takes; the same seed gives the same waits. @default 0
 */
export function createSupervisor<Start>(
  flags: SupervisorFlags,
  children: readonly ChildSpec<Start>[],
  seed = 0,
): SupervisorState<Start> {
  assert(seed >= 0 && seed < 1, `a seed is a fraction: seed=${seed}`)
  const checkedFlags = checkSupervisorFlags(flags)
  const list = createChildList<Start>()
  for (const spec of checkChildSpecs(children, checkedFlags)) appendChild(list, spec)
  return {
    flags: checkedFlags,
    seed,
    children: list,
    window: createRestartWindow(),
    backlog: new Fifo(),
    phase: 'new',
    operation: undefined,
    starting: undefined,
    stopping: 0,
    incarnations: 0,
    waits: 0,
    startPending: false,
    shutdownAsked: false,
  }
}

export interface ChildInfo {
  readonly id: string
  readonly status: ChildStatus
  readonly kind: 'worker' | 'supervisor'
  /** Times it was started again. */
  readonly restarts: number
}

/** The children in start order. */
export function whichChildren<Start>(state: SupervisorState<Start>): ChildInfo[] {
  const infos: ChildInfo[] = []
  for (let child = state.children.head; child !== undefined; child = child.next) {
    infos.push({ id: child.spec.id, status: child.status, kind: child.spec.kind, restarts: child.restarts })
  }
  return infos
}

export interface ChildCounts {
  readonly specs: number
  /** Children with a live actor. */
  readonly active: number
  /** Specs of that kind, live or not. */
  readonly supervisors: number
  readonly workers: number
}

export function countChildren<Start>(state: SupervisorState<Start>): ChildCounts {
  let active = 0
  let supervisors = 0
  for (let child = state.children.head; child !== undefined; child = child.next) {
    if ((child.status === 'running' || child.status === 'stopping') && child.unhandled === undefined) active++
    if (child.spec.kind === 'supervisor') supervisors++
  }
  const specs = state.children.byId.size
  return { specs, active, supervisors, workers: specs - supervisors }
}

/** The spec that is kept of a child; `start` is undefined for a temporary child that has been started. */
export function childSpec<Start>(state: SupervisorState<Start>, id: string): CheckedSpec<Start | undefined> | undefined {
  return state.children.byId.get(id)?.spec
}
