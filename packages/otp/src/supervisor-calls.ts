/** The calls to a supervisor: OTP's start_child, terminate_child, restart_child, delete_child, which_children, count_children. */
import type { Ref, WaitOptions } from '@cambium/actor'
import { CambiumError, fromErrorRecord } from '@cambium/base'
import type { GroupChild } from '@cambium/runtime'
import type { ChildCounts } from '@cambium/supervision'
import { childSpecOf } from './supervised-child.ts'
import type {
  SupervisorChild,
  SupervisorFailure,
  SupervisorRef,
  SupervisorReply,
  SupervisorRequest,
} from './supervisor-protocol.ts'

/**
 * Starts a child as the last one and resolves with its ref, with `undefined` when its `init` ignored the start. Options as for `ask`. Rejects with
 * `ERR_CHILD_SPEC`, with `ERR_CHILD_PRESENT` when the id is taken, with `ERR_MAX_CHILDREN`, with the failure of the start, and as `ask` does.
 */
export async function startChild<M, R>(
  supervisor: SupervisorRef,
  child: GroupChild<M, R>,
  options?: WaitOptions,
): Promise<Ref<M, R> | undefined> {
  const spec = childSpecOf(child)
  return (await askChild(supervisor, { type: 'start_child', spec }, options)) as Ref<M, R> | undefined
}

/** Stops a child, given its id or ref, within its shutdown time. Its spec is kept, unless it is temporary or the supervisor dynamic. Rejects with `ERR_NO_SUCH_CHILD`. */
export async function terminateChild(
  supervisor: SupervisorRef,
  child: string | Ref<never>,
  options?: WaitOptions,
): Promise<void> {
  await askChild(supervisor, { type: 'terminate_child', id: child }, options)
}

/** Starts a child that is down again, with its kept spec. Rejects with `ERR_NO_SUCH_CHILD`, `ERR_CHILD_RUNNING`, or the failure of the start. */
export async function restartChild<M = never, R = unknown>(
  supervisor: SupervisorRef,
  id: string,
  options?: WaitOptions,
): Promise<Ref<M, R> | undefined> {
  return (await askChild(supervisor, { type: 'restart_child', id }, options)) as Ref<M, R> | undefined
}

/** Forgets a child that is down. Rejects with `ERR_NO_SUCH_CHILD`, or `ERR_CHILD_RUNNING`. */
export async function deleteChild(supervisor: SupervisorRef, id: string, options?: WaitOptions): Promise<void> {
  await askChild(supervisor, { type: 'delete_child', id }, options)
}

/** The ref of a child; `undefined` while it is down. Rejects with `ERR_NO_SUCH_CHILD`. */
export async function childRef<M = never, R = unknown>(
  supervisor: SupervisorRef,
  id: string,
  options?: WaitOptions,
): Promise<Ref<M, R> | undefined> {
  return (await askChild(supervisor, { type: 'child', id }, options)) as Ref<M, R> | undefined
}

/** The children in start order. */
export async function whichChildren(supervisor: SupervisorRef, options?: WaitOptions): Promise<readonly SupervisorChild[]> {
  return ((await request(supervisor, { type: 'which_children' }, options)) as { children: readonly SupervisorChild[] }).children
}

export async function countChildren(supervisor: SupervisorRef, options?: WaitOptions): Promise<ChildCounts> {
  return ((await request(supervisor, { type: 'count_children' }, options)) as { counts: ChildCounts }).counts
}

async function askChild(
  supervisor: SupervisorRef,
  message: SupervisorRequest,
  options: WaitOptions | undefined,
): Promise<Ref<never> | undefined> {
  return ((await request(supervisor, message, options)) as { ref: Ref<never> | undefined }).ref
}

async function request(
  supervisor: SupervisorRef,
  message: SupervisorRequest,
  options: WaitOptions | undefined,
): Promise<Exclude<SupervisorReply, SupervisorFailure>> {
  const reply = (await supervisor.ask(message, options)) as SupervisorReply
  if ('error' in reply) throw failureOf(message, reply)
  return reply
}

const CODES: Readonly<Record<SupervisorFailure['error'], readonly [code: string, problem: string]>> = {
  already_started: ['ERR_CHILD_PRESENT', 'child of this id runs'],
  already_present: ['ERR_CHILD_PRESENT', 'there is a spec of this id, whose child is down: restart or delete it'],
  child_spec: ['ERR_CHILD_SPEC', 'child spec is wrong'],
  not_found: ['ERR_NO_SUCH_CHILD', 'supervisor has no such child'],
  not_started: ['ERR_SUPERVISOR_DOWN', 'supervisor has not started'],
  shutting_down: ['ERR_SUPERVISOR_DOWN', 'supervisor is ending'],
  overloaded: ['ERR_SUPERVISOR_OVERLOADED', 'too many requests wait'],
  restarting: ['ERR_CHILD_RUNNING', 'child is being restarted'],
  running: ['ERR_CHILD_RUNNING', 'child runs'],
  start_failed: ['ERR_START_FAILED', 'child did not start'],
  max_children: ['ERR_MAX_CHILDREN', 'supervisor has as many children as it may'],
  dynamic: ['ERR_DYNAMIC_SUPERVISOR', 'dynamic supervisor keeps no spec of a child that is down'],
  bad_request: ['ERR_SUPERVISOR_REQUEST', 'supervisor does not know this request'],
}

function failureOf(message: SupervisorRequest, { error, cause }: SupervisorFailure): CambiumError {
  const [code, problem] = CODES[error]
  const original = cause === undefined ? undefined : fromErrorRecord(cause)
  // What is wrong with a spec, or why a child did not start, the error itself says best.
  if (original instanceof CambiumError && (error === 'child_spec' || error === 'start_failed')) return original
  const id = message.type === 'start_child' ? message.spec.id : 'id' in message ? message.id : undefined
  const shown = id === undefined ? '' : `, id=${String(id)}`
  return new CambiumError(code, `${problem}: request=${message.type}${shown}`, {
    fields: { request: message.type, ...(id === undefined ? {} : { id: String(id) }) },
    ...(original === undefined ? {} : { cause: original }),
  })
}
