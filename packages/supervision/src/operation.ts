/** Operations: how each makes its next step, and what the answer to a step means for it. */
import { assert } from '@cambium/base'

import { type ChildExit, isExpectedStop } from './child-exit.ts'
import { appendChild, type Child, removeChild, setStatus } from './child-list.ts'
import type { CheckedSpec } from './child-spec.ts'
import type { Ended, Reply, SupervisorAction } from './supervisor-action.ts'
import type { SupervisorRequest } from './supervisor-event.ts'
import type { Operation, StartFailure, SupervisorState } from './supervisor-state.ts'

/** One call of `decide`. */
export interface Context<Start> {
  readonly state: SupervisorState<Start>
  readonly actions: SupervisorAction<Start>[]
  readonly now: number
}

/** The host has a start or stops to answer. */
export function isBusy<Start>(state: SupervisorState<Start>): boolean {
  return state.starting !== undefined || state.stopping > 0
}

export type StartOutcome =
  | { readonly kind: 'started' }
  | { readonly kind: 'ignored' }
  /** `retry`: a failed restart puts its next attempt into the backlog; false when a core's loss takes care of it. */
  | { readonly kind: 'failed'; readonly exit: ChildExit; readonly retry: boolean }

/** The next step of `operation`, or its end. */
export function advance<Start>(context: Context<Start>, operation: Operation<Start>): void {
  const { state } = context
  switch (operation.kind) {
    case 'boot': {
      const child = operation.next
      if (child === undefined) {
        state.operation = undefined
        state.startPending = false
        context.actions.push({ type: 'reply', event: 'start', ok: true })
        return
      }
      operation.next = child.next
      startChild(context, child)
      return
    }
    case 'restart_each': {
      const child = operation.children[operation.next++]
      if (child === undefined) state.operation = undefined
      else startChild(context, child)
      return
    }
    case 'restart_group':
      advanceGroup(context, operation)
      return
    case 'end': {
      if (operation.next === undefined) return end(context, operation)
      do {
        const child: Child<Start> = operation.next
        operation.next = child.previous
        stopChild(context, child)
      } while (state.flags.kind === 'dynamic' && operation.next !== undefined)
      return
    }
    default:
      // The others have one step; its answer, or the stop that needed no step, ends them.
      assert(false, `operation ends with its step: kind=${operation.kind}`)
  }
}

function advanceGroup<Start>(context: Context<Start>, operation: Operation<Start> & { kind: 'restart_group' }): void {
  const { state } = context
  const child = operation.next
  if (operation.stage === 'start') {
    if (child === undefined) {
      state.operation = undefined
    } else {
      operation.next = child.next
      startChild(context, child)
    }
  } else if (child === undefined) {
    const { wait } = operation
    if (wait === undefined) {
      operation.stage = 'start'
      operation.next = operation.first ?? state.children.head
    } else {
      state.operation = undefined
      beginWait(context, wait.child, wait.delayMs)
    }
  } else {
    operation.next = child === operation.first ? undefined : child.previous
    stopChild(context, child)
  }
}

/** Until the wait is over, or somebody stops or starts the child for another reason, nothing happens to it. */
export function beginWait<Start>(context: Context<Start>, child: Child<Start>, delayMs: number): void {
  const { state, actions } = context
  assert(!child.isWaiting, `a child waits once for its restart: id=${child.spec.id}`)
  setStatus(state.children, child, 'restarting')
  child.isWaiting = true
  actions.push({ type: 'wait', id: child.spec.id, delayMs, incarnation: child.incarnation })
}

/** Stops all children (one by one in reverse order; those of a dynamic supervisor at once) and ends the supervisor; what waits is refused or forgotten. */
export function beginEnd<Start>(context: Context<Start>, reason: Ended['reason'], failed?: StartFailure): void {
  const { state } = context
  assert(state.phase !== 'ending' && state.phase !== 'ended', 'a supervisor ends once')
  state.phase = 'ending'
  state.operation = { kind: 'end', reason, failed, next: state.children.tail }
  for (let entry = state.backlog.shift(); entry !== undefined; entry = state.backlog.shift()) {
    if (entry.type === 'exited' || entry.type === 'lost' || entry.type === 'retry' || entry.type === 'due') continue
    reply(context, entry, { error: 'shutting_down' })
  }
}

function end<Start>(context: Context<Start>, operation: Operation<Start> & { kind: 'end' }): void {
  const { state, actions } = context
  const { failed, reason } = operation
  if (state.startPending) {
    state.startPending = false
    if (failed === undefined) actions.push({ type: 'reply', event: 'start', ok: { error: 'shutting_down' } })
    else actions.push({ type: 'reply', event: 'start', id: failed.id, ok: { error: 'start_failed', exit: failed.exit } })
  }
  state.operation = undefined
  state.phase = 'ended'
  actions.push({ type: 'ended', reason })
}

export function reply<Start>(context: Context<Start>, request: SupervisorRequest<Start>, ok: Reply['ok']): void {
  const { type: event, ticket } = request
  const id: unknown = request.type === 'add_child' ? request.spec?.id : request.id
  context.actions.push({
    type: 'reply',
    event,
    ...(typeof id === 'string' ? { id } : {}), // that of a wrong child spec may be anything
    ok,
    ...(ticket === undefined ? {} : { ticket }),
  })
}

export function startChild<Start>(context: Context<Start>, child: Child<Start>): void {
  const { spec } = child
  assert(
    child.status === 'stopped' || child.status === 'restarting',
    `a child is started once: id=${spec.id}, status=${child.status}`,
  )
  assert(spec.start !== undefined, `a temporary child is never restarted: id=${spec.id}`)
  setStatus(context.state.children, child, 'starting')
  child.isWaiting = false
  child.incarnation = issueStart(context, spec as CheckedSpec<Start>, child)
}

/** Asks the host for a start; without `child` for a spec that is kept only if it succeeds. Returns the incarnation. */
export function issueStart<Start>(context: Context<Start>, spec: CheckedSpec<Start>, child: Child<Start> | undefined): number {
  const { state, actions } = context
  assert(!isBusy(state), `one step at a time: id=${spec.id}`)
  const incarnation = ++state.incarnations
  state.starting = { id: spec.id, incarnation, child }
  actions.push({ type: 'start_child', spec, restart: child?.hasRun === true, incarnation })
  return incarnation
}

/** Stops a child, at once when it has no actor or has already exited. */
export function stopChild<Start>(context: Context<Start>, child: Child<Start>): void {
  const { state, actions } = context
  const { spec, incarnation, unhandled } = child
  if (child.status !== 'running' || unhandled !== undefined) {
    if (unhandled !== undefined) reportStop(context, child, unhandled.exit)
    return settleDown(state, child)
  }
  assert(!isBusy(state) || state.flags.kind === 'dynamic', `one step at a time: id=${spec.id}`)
  setStatus(state.children, child, 'stopping')
  state.stopping++
  actions.push({ type: 'stop_child', id: spec.id, shutdown: spec.shutdown, incarnation })
}

/** The child has no actor any more and none is due: one that is temporary or dynamic is forgotten, of the others the spec is kept. */
export function settleDown<Start>(state: SupervisorState<Start>, child: Child<Start>): void {
  setStatus(state.children, child, 'stopped')
  child.unhandled = undefined
  child.failure = undefined
  child.isWaiting = false
  child.startedMs = undefined
  if (child.spec.restart === 'temporary' || state.flags.kind === 'dynamic') removeChild(state.children, child)
}

export function settleStop<Start>(context: Context<Start>, child: Child<Start>, exit: ChildExit): void {
  const { state } = context
  const { operation } = state
  assert(child.status === 'stopping' && state.stopping > 0, 'an answer to a stop has a stop under way')
  state.stopping--
  reportStop(context, child, exit)
  settleDown(state, child)
  if (operation?.kind === 'terminate_child') {
    state.operation = undefined
    reply(context, operation.request, true)
  }
}

function reportStop<Start>(context: Context<Start>, child: Child<Start>, exit: ChildExit): void {
  const { id, shutdown, restart } = child.spec
  if (!isExpectedStop(exit, shutdown, restart)) context.actions.push({ type: 'report', report: 'shutdown_error', id, exit })
}

export function settleStart<Start>(context: Context<Start>, outcome: StartOutcome): void {
  const { state } = context
  const { starting: step, operation } = state
  assert(step !== undefined && operation !== undefined, 'an answer to a start has a start under way')
  state.starting = undefined
  if (operation.kind === 'add_child') return settleAdd(context, operation, step.incarnation, outcome)
  const { child } = step
  assert(child !== undefined, `only an added child is unknown while it starts: id=${step.id}`)
  if (outcome.kind === 'started') settleRunning(context, child)
  else if (outcome.kind === 'ignored') settleDown(state, child)
  else settleFailed(context, operation, child, outcome)
  if (operation.kind === 'restart_child') {
    state.operation = undefined
    reply(context, operation.request, outcome.kind === 'failed' ? { error: 'start_failed', exit: outcome.exit } : true)
  }
}

function settleRunning<Start>(context: Context<Start>, child: Child<Start>): void {
  const { state, now } = context
  if (child.hasRun) child.restarts++
  child.hasRun = true
  setStatus(state.children, child, 'running')
  if (state.flags.backoff !== undefined) child.startedMs = now
  child.failure = undefined
  if (child.spec.restart === 'temporary') child.spec = { ...child.spec, start: undefined }
}

function settleAdd<Start>(
  context: Context<Start>,
  { request, spec }: Operation<Start> & { kind: 'add_child' },
  incarnation: number,
  outcome: StartOutcome,
): void {
  const { state } = context
  state.operation = undefined
  if (outcome.kind === 'failed') return reply(context, request, { error: 'start_failed', exit: outcome.exit })
  if (outcome.kind === 'started' || (spec.restart !== 'temporary' && state.flags.kind !== 'dynamic')) {
    const child = appendChild<Start>(state.children, spec)
    child.incarnation = incarnation
    if (outcome.kind === 'started') settleRunning(context, child)
  }
  reply(context, request, true)
}

function settleFailed<Start>(
  context: Context<Start>,
  operation: Operation<Start>,
  child: Child<Start>,
  outcome: Extract<StartOutcome, { kind: 'failed' }>,
): void {
  const { state, actions } = context
  const { id } = child.spec
  const { exit } = outcome
  setStatus(state.children, child, 'stopped')
  if (operation.kind === 'restart_child') return // its caller is told
  actions.push({ type: 'report', report: 'start_failed', id, exit })
  if (operation.kind === 'boot') return beginEnd(context, 'start_failed', { id, exit })
  setStatus(state.children, child, 'restarting')
  child.failure = exit
  if (outcome.retry) state.backlog.push({ type: 'retry', id })
  // Those of the group that come after it stay down until the next attempt, which goes through the group again.
  if (operation.kind === 'restart_group') state.operation = undefined
}
