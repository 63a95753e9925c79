/** What the exit of one child or the loss of a core leads to: who is restarted, and whether the intensity allows it. */
import { type ChildExit, isFailure } from './child-exit.ts'
import { type Child, setStatus, type Unhandled } from './child-list.ts'
import { beginEnd, beginWait, type Context, settleDown } from './operation.ts'
import { chanceOf, nextDelay } from './restart-backoff.ts'
import { addRestart, createRestartWindow } from './restart-intensity.ts'
import type { BacklogEntry } from './supervisor-state.ts'

/** An exit whose turn has come, unless a stop has used it up. */
export function handleExit<Start>(context: Context<Start>, child: Child<Start>, mark: Unhandled): void {
  if (child.unhandled !== mark) return
  if (isToRestart(context, child, mark.exit)) restartChildren(context, [child], mark.exit)
  else endWithoutSignificant(context, child, mark.exit)
}

/** The loss of a core: every child is seen to in start order, and those that are to run again are restarted as one. */
export function handleLoss<Start>(context: Context<Start>, loss: BacklogEntry<Start> & { type: 'lost' }): void {
  const { mark, joined, blamed } = loss
  const children = loss.children.filter((child) => child.unhandled === mark)
  if (joined?.status === 'restarting' && !joined.isWaiting) children.push(joined)
  children.sort((a, b) => a.place - b.place)
  let significant: Child<Start> | undefined
  const due = children.filter((child) => {
    if (child === joined || isToRestart(context, child, mark.exit)) return true
    if (child.spec.significant) significant = child
    return false
  })
  if (significant === undefined || !endWithoutSignificant(context, significant, mark.exit)) {
    restartChildren(context, due, mark.exit, blamed)
  }
}

/** `child` is down for good by itself (`do_auto_shutdown`): whether that ends the supervisor, which then is under way. */
function endWithoutSignificant<Start>(context: Context<Start>, child: Child<Start>, exit: ChildExit): boolean {
  const { autoShutdown } = context.state.flags
  if (!child.spec.significant || autoShutdown === 'never') return false
  if (autoShutdown === 'all_significant' && context.state.children.significant > 0) return false
  context.actions.push({ type: 'report', report: 'auto_shutdown', id: child.spec.id, exit })
  beginEnd(context, 'shutdown')
  return true
}

/** The child has exited: whether its restart type wants it back. If not, it stays down. */
function isToRestart<Start>(context: Context<Start>, child: Child<Start>, exit: ChildExit): boolean {
  const { id, restart } = child.spec
  if (restart === 'permanent' || isFailure(exit)) {
    context.actions.push({ type: 'report', report: 'child_terminated', id, exit })
    if (restart !== 'temporary') {
      setStatus(context.state.children, child, 'restarting')
      child.unhandled = undefined
      return true
    }
  }
  settleDown(context.state, child)
  return false
}

/**
 * Counts one restart for `children`, which are down and in start order, and restarts what the strategy says. With a backoff each
 * waits its own time under one_for_one; a group is stopped first and waits once, for the longest of their times. With `blamed` it is counted for
 * those alone, and not at all when they are none of these.
 */
export function restartChildren<Start>(
  context: Context<Start>,
  children: readonly Child<Start>[],
  exit: ChildExit,
  blamed?: readonly string[],
): void {
  const { state } = context
  const { strategy, intensityPer, backoff } = state.flags
  const counts = (child: Child<Start>): boolean => blamed === undefined || blamed.includes(child.spec.id)
  const within = intensityPer === 'supervisor' ? withinShared : withinOwn
  const due = within(context, children, exit, counts)
  const first = due[0]
  if (first === undefined) return
  if (backoff === undefined) return beginRestart(context, due, undefined)
  const delaysMs = due.map((child) => nextDelay(backoff, child, context.now, chanceOf(state.seed, state.waits++)))
  if (strategy === 'one_for_one') {
    for (const [index, child] of due.entries()) beginWait(context, child, delaysMs[index] as number)
  } else {
    beginRestart(
      context,
      due,
      delaysMs.reduce((longest, delayMs) => Math.max(longest, delayMs)),
    )
  }
}

/** A wait has come to its end: the restart that was counted before it. */
export function handleDue<Start>(context: Context<Start>, { child, incarnation }: BacklogEntry<Start> & { type: 'due' }): void {
  if (child.isWaiting && child.incarnation === incarnation) beginRestart(context, [child], undefined)
}

function beginRestart<Start>(context: Context<Start>, due: readonly Child<Start>[], delayMs: number | undefined): void {
  const { state } = context
  const { strategy } = state.flags
  const child = due[0] as Child<Start>
  if (strategy === 'one_for_one') {
    state.operation = { kind: 'restart_each', children: due, next: 0 }
  } else {
    const first = strategy === 'rest_for_one' ? child : undefined
    const wait = delayMs === undefined ? undefined : { child, delayMs }
    state.operation = { kind: 'restart_group', first, wait, stage: 'stop', next: state.children.tail }
  }
}

function withinShared<Start>(
  context: Context<Start>,
  children: readonly Child<Start>[],
  exit: ChildExit,
  counts: (child: Child<Start>) => boolean,
): readonly Child<Start>[] {
  const { state, actions, now } = context
  const first = children[0]
  if (first === undefined || !children.some(counts)) return children
  const restarts = addRestart(state.window, now, state.flags.periodMs)
  if (restarts <= state.flags.intensity) return children
  actions.push({ type: 'report', report: 'intensity_exceeded', id: first.spec.id, exit, restarts })
  for (const child of children) settleDown(state, child)
  beginEnd(context, 'intensity_exceeded')
  return []
}

function withinOwn<Start>(
  context: Context<Start>,
  children: readonly Child<Start>[],
  exit: ChildExit,
  counts: (child: Child<Start>) => boolean,
): readonly Child<Start>[] {
  const { state, actions, now } = context
  return children.filter((child) => {
    if (!counts(child)) return true
    child.window ??= createRestartWindow()
    const restarts = addRestart(child.window, now, state.flags.periodMs)
    if (restarts <= state.flags.intensity) return true
    actions.push({ type: 'report', report: 'child_given_up', id: child.spec.id, exit, restarts })
    settleDown(state, child)
    return false
  })
}
