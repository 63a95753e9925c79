/**
 * The decision function of a supervisor, with the semantics of OTP's supervisor.erl. It never reads a clock and starts nothing.
 *
 * 1. An event is received. The answer to the step under way settles that step; everything else waits in the backlog, as it
 *    would in an OTP supervisor's mailbox while that stops or starts a child.
 * 2. As long as no step is out: the operation under way makes its next step; if there is none, the oldest entry of the
 *    backlog is handled.
 * 3. An exit that waits in the backlog is used up when its child is to be stopped: the stop is done, no restart is counted.
 * 4. An exit of the child that is being stopped is the answer to the stop; of the child that is being started, a failed start.
 * 5. A lost core is one entry for all its children. A child that was being *re*started there joins that entry, so that it is
 *    restarted with the others and the loss counts once, for whom it counts at all; a first start there, or one on request, has failed.
 * 6. A shutdown does not wait in the backlog, which is where we differ from OTP: once the step under way is answered, what is left of
 *    its operation is dropped, waiting requests are refused, and the children are stopped in reverse order.
 * 7. A dynamic supervisor that ends asks for the stops of all its children at once, as OTP's does, and awaits all the answers: their
 *    shutdown times run side by side. This is the one case of more than one step out.
 * 8. With a backoff a restart is counted when the child fails, and made when its wait is over. A wait is no step: everything else goes
 *    on meanwhile, and whatever else stops or starts the child ends its wait.
 */
import { assert, unreachable } from '@cambium/base'

import type { ChildExit } from './child-exit.ts'
import type { Child, Unhandled } from './child-list.ts'
import { handleRequest, refuse } from './child-request.ts'
import { type DecisionMade, decisions } from './decision-channel.ts'
import { advance, beginEnd, type Context, isBusy, settleStart, settleStop } from './operation.ts'
import { handleDue, handleExit, handleLoss, restartChildren } from './restart.ts'
import type { SupervisorAction } from './supervisor-action.ts'
import type { SupervisorEvent, SupervisorRequest } from './supervisor-event.ts'
import type { BacklogEntry, SupervisorState } from './supervisor-state.ts'

/** Entries that may wait behind the step under way; further requests are replied to with `overloaded`. */
export const REQUESTS_MAX: number = 1 << 20

export interface Decision<Start> {
  /** The same object that was given: `decide` changes it in place, which keeps a step's cost apart from the number of children. */
  readonly state: SupervisorState<Start>
  /** In order; a `start_child`, or the `stop_child`, comes last, and its answer is awaited. */
  readonly actions: readonly SupervisorAction<Start>[]
}

/**
 * What to do about `event`. Deterministic, without effects besides `state`, which is changed in place and returned.
 *
 * @param now milliseconds that never decrease from call to call; only the restart windows and the calm time of a backoff look at it.
 */
export function decide<Start>(state: SupervisorState<Start>, event: SupervisorEvent<Start>, now: number): Decision<Start> {
  const context: Context<Start> = { state, actions: [], now }
  if (state.phase !== 'ended') {
    receive(context, event)
    work(context)
  }
  if (decisions.hasSubscribers) decisions.publish({ state, event, now, actions: context.actions } satisfies DecisionMade<Start>)
  return { state, actions: context.actions }
}

function receive<Start>(context: Context<Start>, event: SupervisorEvent<Start>): void {
  const { state, actions } = context
  switch (event.type) {
    case 'start':
      if (state.phase !== 'new') {
        actions.push({
          type: 'reply',
          event: 'start',
          ok: { error: state.phase === 'live' ? 'already_started' : 'shutting_down' },
        })
        return
      }
      state.phase = 'live'
      state.startPending = true
      state.operation = { kind: 'boot', next: state.children.head }
      return
    case 'child_started':
    case 'child_ignored':
    case 'child_start_failed': {
      if (!answersStart(state, event)) return
      if (event.type === 'child_start_failed') settleStart(context, { kind: 'failed', exit: event.exit, retry: true })
      else if (event.type === 'child_started') settleStart(context, { kind: 'started' })
      else settleStart(context, { kind: 'ignored' })
      return
    }
    case 'child_stopped': {
      const child = current(state, event)
      if (child?.status === 'stopping') settleStop(context, child, event.exit)
      return
    }
    case 'wait_over': {
      const child = current(state, event)
      if (child?.isWaiting !== true || state.phase !== 'live') return
      state.backlog.push({ type: 'due', child, incarnation: child.incarnation })
      return
    }
    case 'child_exited':
      receiveExit(context, event)
      return
    case 'core_lost':
      receiveLoss(context, event.ids, event.blamed)
      return
    case 'shutdown':
      if (state.phase !== 'ending') state.shutdownAsked = true
      return
    case 'add_child':
    case 'terminate_child':
    case 'restart_child':
    case 'delete_child':
      receiveRequest(context, event)
      return
    default:
      unreachable(event, 'unknown supervisor event')
  }
}

interface AboutChild {
  readonly id: string
  readonly incarnation?: number
}

function answersStart<Start>({ starting }: SupervisorState<Start>, event: AboutChild): boolean {
  return starting !== undefined && starting.id === event.id && fits(starting.incarnation, event)
}

/** The child that the event is about, unless it is about an incarnation before. */
function current<Start>(state: SupervisorState<Start>, event: AboutChild): Child<Start> | undefined {
  const child = state.children.byId.get(event.id)
  return child !== undefined && fits(child.incarnation, event) ? child : undefined
}

function fits(incarnation: number, event: AboutChild): boolean {
  return event.incarnation === undefined || event.incarnation === incarnation
}

function receiveExit<Start>(context: Context<Start>, event: AboutChild & { exit: ChildExit }): void {
  const { state } = context
  if (answersStart(state, event)) return settleStart(context, { kind: 'failed', exit: event.exit, retry: true })
  const child = current(state, event)
  if (child === undefined) return
  if (child.status === 'stopping') return settleStop(context, child, event.exit)
  const mark = { exit: event.exit }
  if (markExit(child, mark) && state.phase === 'live') state.backlog.push({ type: 'exited', child, mark })
}

function receiveLoss<Start>(context: Context<Start>, ids: readonly string[], blamed: readonly string[] | undefined): void {
  const { state } = context
  const mark: Unhandled = { exit: { kind: 'core_lost' } }
  const children: Child<Start>[] = []
  let joined: Child<Start> | undefined
  for (const id of ids) {
    const { starting } = state
    if (starting?.id === id) {
      settleStart(context, { kind: 'failed', exit: mark.exit, retry: false })
      if (starting.child?.status === 'restarting') joined = starting.child // not on a first start, nor on request
      continue
    }
    const child = state.children.byId.get(id)
    if (child === undefined) continue
    if (child.status === 'stopping') settleStop(context, child, mark.exit)
    else if (markExit(child, mark)) children.push(child)
  }
  const due = children.length > 0 || joined !== undefined
  if (due && state.phase === 'live') state.backlog.push({ type: 'lost', children, joined, mark, blamed })
}

/** False for an exit that says nothing new: the child does not run, or its exit is known. */
function markExit<Start>(child: Child<Start>, mark: Unhandled): boolean {
  if (child.status !== 'running' || child.unhandled !== undefined) return false
  child.unhandled = mark
  return true
}

function receiveRequest<Start>(context: Context<Start>, request: SupervisorRequest<Start>): void {
  const { state } = context
  if (state.phase === 'new') return refuse(context, request, 'not_started')
  if (state.phase === 'ending' || state.shutdownAsked) return refuse(context, request, 'shutting_down')
  if (state.backlog.length >= REQUESTS_MAX) return refuse(context, request, 'overloaded')
  state.backlog.push(request)
}

/** Goes on until the host has to answer something or nothing is left to do. */
function work<Start>(context: Context<Start>): void {
  const { state } = context
  while (!isBusy(state) && state.phase !== 'ended') {
    if (state.shutdownAsked && state.phase !== 'ending') beginEnd(context, 'shutdown')
    if (state.operation !== undefined) {
      advance(context, state.operation)
      continue
    }
    const entry = state.backlog.shift()
    if (entry === undefined) return
    handle(context, entry)
  }
}

function handle<Start>(context: Context<Start>, entry: BacklogEntry<Start>): void {
  switch (entry.type) {
    case 'exited':
      handleExit(context, entry.child, entry.mark)
      return
    case 'lost':
      handleLoss(context, entry)
      return
    case 'retry': {
      // Somebody may have terminated the child meanwhile, or a sibling's exit may have started it again.
      const child = context.state.children.byId.get(entry.id)
      if (child?.status !== 'restarting' || child.isWaiting) return
      assert(child.failure !== undefined, `a child that waits for its next attempt has failed one: id=${entry.id}`)
      restartChildren(context, [child], child.failure)
      return
    }
    case 'due':
      handleDue(context, entry)
      return
    default:
      handleRequest(context, entry)
  }
}
