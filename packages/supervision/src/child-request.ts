/** The requests about single children: add, terminate, restart, delete (`handle_call` in supervisor.erl). */
import { CambiumError } from '@cambium/base'

import { removeChild } from './child-list.ts'
import { checkChildSpec, type CheckedSpec } from './child-spec.ts'
import { type Context, isBusy, issueStart, reply, startChild, stopChild } from './operation.ts'
import type { ReplyError } from './supervisor-action.ts'
import type { SupervisorRequest } from './supervisor-event.ts'

export function refuse<Start>(context: Context<Start>, request: SupervisorRequest<Start>, error: ReplyError): void {
  reply(context, request, { error })
}

export function handleRequest<Start>(context: Context<Start>, request: SupervisorRequest<Start>): void {
  if (request.type === 'add_child') return addChild(context, request)
  const { state } = context
  const { type, id } = request
  if (state.flags.kind === 'dynamic' && type !== 'terminate_child') return refuse(context, request, 'dynamic')
  const child = state.children.byId.get(id)
  if (child === undefined) return refuse(context, request, 'not_found')
  if (type === 'terminate_child') {
    stopChild(context, child)
    if (isBusy(state)) state.operation = { kind: 'terminate_child', request }
    else reply(context, request, true)
    return
  }
  // No step is under way here, so a child that has an actor runs.
  if (child.status !== 'stopped') return refuse(context, request, child.status === 'restarting' ? 'restarting' : 'running')
  if (type === 'delete_child') {
    removeChild(state.children, child)
    return reply(context, request, true)
  }
  child.window = undefined // a child that was given up begins anew
  child.failuresInRow = 0
  state.operation = { kind: 'restart_child', request }
  startChild(context, child)
}

function addChild<Start>(context: Context<Start>, request: SupervisorRequest<Start> & { type: 'add_child' }): void {
  const { state } = context
  const { children, flags } = state
  let checked: CheckedSpec<Start>
  try {
    checked = checkChildSpec<Start>(request.spec, flags.autoShutdown)
  } catch (error) {
    if (!(error instanceof CambiumError)) throw error
    return reply(context, request, { error: 'child_spec', cause: error })
  }
  const present = children.byId.get(checked.id)
  if (present !== undefined) {
    return refuse(context, request, present.status === 'running' ? 'already_started' : 'already_present')
  }
  if (children.byId.size >= flags.maxChildren) return refuse(context, request, 'max_children')
  state.operation = { kind: 'add_child', request, spec: checked }
  issueStart(context, checked, undefined)
}
