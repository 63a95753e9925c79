/** What the exit of one child or the loss of a core leads to: who is restarted, and whether the budget allows it. */
import { type ChildExit, isFailure } from './child-exit.ts'
import type { Child, Unhandled } from './child-list.ts'
import { beginEnd, type Context, settleDown } from './operation.ts'
import { addRestart, createRestartWindow } from './restart-intensity.ts'
import type { BacklogEntry } from './supervisor-state.ts'

/** An exit whose turn has come, unless a stop has used it up. */
export function handleExit<Start>(context: Context<Start>, child: Child<Start>, mark: Unhandled): void {
  if (child.unhandled === mark && isToRestart(context, child, mark.exit)) restartChildren(context, [child], mark.exit)
}

/** The loss of a core: every child is seen to in start order, and those that are to run again are restarted as one. */
export function handleLoss<Start>(context: Context<Start>, loss: BacklogEntry<Start> & { type: 'lost' }): void {
  const { mark, joined } = loss
  const children = loss.children.filter((child) => child.unhandled === mark)
  if (joined?.status === 'restarting') children.push(joined)
  children.sort((a, b) => a.place - b.place)
  restartChildren(
    context,
    children.filter((child) => child === joined || isToRestart(context, child, mark.exit)),
    mark.exit,
  )
}

/** The child has exited: whether its restart type wants it back. If not, it stays down. */
function isToRestart<Start>(context: Context<Start>, child: Child<Start>, exit: ChildExit): boolean {
  const { id, restart } = child.spec
  if (restart === 'permanent' || isFailure(exit)) {
    context.actions.push({ type: 'report', report: 'child_terminated', id, exit })
    if (restart !== 'temporary') {
      child.status = 'restarting'
      child.unhandled = undefined
      return true
    }
  }
  settleDown(context.state, child)
  return false
}

/** Counts one restart for `children`, which are down and in start order, and restarts what the strategy says. */
export function restartChildren<Start>(context: Context<Start>, children: readonly Child<Start>[], exit: ChildExit): void {
  const { state } = context
  const { strategy, budget } = state.flags
  const due = budget === 'shared' ? withinSharedBudget(context, children, exit) : withinOwnBudgets(context, children, exit)
  const first = due[0]
  if (first === undefined) return
  if (strategy === 'one_for_one') {
    state.operation = { kind: 'restart_each', children: due, next: 0 }
  } else {
    const from = strategy === 'rest_for_one' ? first : undefined
    state.operation = { kind: 'restart_group', first: from, stage: 'stop', next: state.children.tail }
  }
}

function withinSharedBudget<Start>(
  context: Context<Start>,
  children: readonly Child<Start>[],
  exit: ChildExit,
): readonly Child<Start>[] {
  const { state, actions, now } = context
  const first = children[0]
  if (first === undefined) return children
  const restarts = addRestart(state.window, now, state.flags.periodMs)
  if (restarts <= state.flags.intensity) return children
  actions.push({ type: 'report', report: 'intensity_exceeded', id: first.spec.id, exit, restarts })
  for (const child of children) settleDown(state, child)
  beginEnd(context, 'intensity_exceeded')
  return []
}

function withinOwnBudgets<Start>(
  context: Context<Start>,
  children: readonly Child<Start>[],
  exit: ChildExit,
): readonly Child<Start>[] {
  const { state, actions, now } = context
  return children.filter((child) => {
    child.window ??= createRestartWindow()
    const restarts = addRestart(child.window, now, state.flags.periodMs)
    if (restarts <= state.flags.intensity) return true
    actions.push({ type: 'report', report: 'child_given_up', id: child.spec.id, exit, restarts })
    settleDown(state, child)
    return false
  })
}
