/** The requests about single children: add, terminate, restart, delete (`handle_call` in supervisor.erl). */
import { CambiumError } from '@cambium/base'

import { removeChild } from './child-list.ts'
import { CHILDREN_MAX, checkChildSpec, type CheckedSpec, type ChildSpec } from './child-spec.ts'
import { type Context, issueStart, reply, startChild, stopChild } from './operation.ts'
import type { ReplyError } from './supervisor-action.ts'
import type { SupervisorRequest } from './supervisor-event.ts'

export function refuse<Start>(context: Context<Start>, request: SupervisorRequest<Start>, error: ReplyError): void {
  reply(context, request.type, request.type === 'add_child' ? request.spec?.id : request.id, { error })
}

export function handleRequest<Start>(context: Context<Start>, request: SupervisorRequest<Start>): void {
  if (request.type === 'add_child') return addChild(context, request.spec)
  const { state } = context
  const { type, id } = request
  const child = state.children.byId.get(id)
  if (child === undefined) return reply(context, type, id, { error: 'not_found' })
  if (type === 'terminate_child') {
    stopChild(context, child)
    if (state.step === undefined) reply(context, type, id, true)
    else state.operation = { kind: 'terminate_child', child }
    return
  }
  // No step is under way here, so a child that has an actor runs.
  if (child.status !== 'stopped')
    return reply(context, type, id, { error: child.status === 'restarting' ? 'restarting' : 'running' })
  if (type === 'delete_child') {
    removeChild(state.children, child)
    return reply(context, type, id, true)
  }
  child.window = undefined // a child that was given up gets a new budget
  state.operation = { kind: 'restart_child', child }
  startChild(context, child)
}

function addChild<Start>(context: Context<Start>, spec: ChildSpec<Start>): void {
  const { state } = context
  let checked: CheckedSpec<Start>
  try {
    checked = checkChildSpec(spec)
  } catch (error) {
    if (!(error instanceof CambiumError)) throw error
    return reply(context, 'add_child', spec?.id, { error: 'child_spec', cause: error })
  }
  const present = state.children.byId.get(checked.id)
  if (present !== undefined) {
    return reply(context, 'add_child', checked.id, {
      error: present.status === 'running' ? 'already_started' : 'already_present',
    })
  }
  if (state.children.byId.size >= CHILDREN_MAX) return reply(context, 'add_child', checked.id, { error: 'too_many_children' })
  state.operation = { kind: 'add_child', spec: checked }
  issueStart(context, checked, undefined)
}
