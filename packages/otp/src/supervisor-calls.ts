/**
 * The calls to a supervisor: OTP's start_child, terminate_child, restart_child, delete_child, which_children, count_children. Each rejects with
 * `ERR_OPTION` for an argument of the wrong form, and for a ref of something that does not answer as a supervisor does. What starts and ends children is
 * waited for without a limit, as in OTP, for they have limits of their own (`initTimeoutMs`, `shutdown`); a look as long as any ask.
 */
import { isRef } from '@cambium/actor'
import type { Ref, WaitOptions } from '@cambium/actor'
import { CambiumError, fromErrorRecord, optionError } from '@cambium/base'
import { checkSameSystem } from './same-system.ts'
import type { Child } from '@cambium/runtime'
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
 * Starts a child as the last one and resolves with its ref, with `undefined` when its `init` ignored the start. Options as for `ask`, but `timeoutMs`
 * is Infinity by default. Rejects with `ERR_CHILD_SPEC`, with `ERR_CANNOT_TRAVEL` for the argument, with `ERR_CHILD_PRESENT` when the id is taken, with `ERR_MAX_CHILDREN`, with the failure of the start, and as `ask` does.
 */
export async function startChild<M, R>(
  supervisor: SupervisorRef,
  child: Child<M, R>,
  options?: WaitOptions,
): Promise<Ref<M, R> | undefined> {
  const spec = childSpecOf(child)
  return (await askChild(supervisor, { type: 'start_child', spec }, unlimited(options))) as Ref<M, R> | undefined
}

/** Stops a child, given its id or ref, within its shutdown time; waits that long by default. Its spec is kept, unless it is temporary or the supervisor dynamic. Rejects with `ERR_NO_SUCH_CHILD`, or `ERR_FOREIGN_REF`. */
export async function terminateChild(
  supervisor: SupervisorRef,
  child: string | Ref<never>,
  options?: WaitOptions,
): Promise<void> {
  if (typeof child !== 'string' && !isRef(child)) throw optionError('child', child, 'the id of a child, or its ref')
  checkSameSystem(child, supervisor)
  await askChild(supervisor, { type: 'terminate_child', id: child }, unlimited(options))
}

/** Starts a child that is down again, with its kept spec; waits as long as that takes by default. Rejects with `ERR_NO_SUCH_CHILD`, `ERR_CHILD_RUNNING`, or the failure of the start. */
export async function restartChild<M = never, R = unknown>(
  supervisor: SupervisorRef,
  id: string,
  options?: WaitOptions,
): Promise<Ref<M, R> | undefined> {
  checkId(id)
  return (await askChild(supervisor, { type: 'restart_child', id }, unlimited(options))) as Ref<M, R> | undefined
}

/** Forgets a child that is down; waits by default until what the supervisor has in hand is done. Rejects with `ERR_NO_SUCH_CHILD`, or `ERR_CHILD_RUNNING`. */
export async function deleteChild(supervisor: SupervisorRef, id: string, options?: WaitOptions): Promise<void> {
  checkId(id)
  await askChild(supervisor, { type: 'delete_child', id }, unlimited(options))
}

/** The ref of a child; `undefined` while it is down. Rejects with `ERR_NO_SUCH_CHILD`. */
export async function childRef<M = never, R = unknown>(
  supervisor: SupervisorRef,
  id: string,
  options?: WaitOptions,
): Promise<Ref<M, R> | undefined> {
  checkId(id)
  return (await askChild(supervisor, { type: 'child', id }, options)) as Ref<M, R> | undefined
}

/** The children in start order. */
export async function whichChildren(supervisor: SupervisorRef, options?: WaitOptions): Promise<readonly SupervisorChild[]> {
  return (await askSupervisor(supervisor, { type: 'which_children' }, 'children', options)).children
}

export async function countChildren(supervisor: SupervisorRef, options?: WaitOptions): Promise<ChildCounts> {
  return (await askSupervisor(supervisor, { type: 'count_children' }, 'counts', options)).counts
}

async function askChild(
  supervisor: SupervisorRef,
  message: SupervisorRequest,
  options: WaitOptions | undefined,
): Promise<Ref<never> | undefined> {
  return (await askSupervisor(supervisor, message, 'id', options)).ref
}

/** The answer that has `field`; a failure is thrown as the error it stands for. */
export async function askSupervisor<Field extends 'id' | 'children' | 'counts'>(
  supervisor: SupervisorRef,
  message: SupervisorRequest,
  field: Field,
  options: WaitOptions | undefined,
): Promise<Extract<SupervisorReply, Readonly<Record<Field, unknown>>>> {
  if (!isRef(supervisor)) throw optionError('supervisor', supervisor, 'the ref of a supervisor')
  const reply: unknown = await supervisor.ask(message, options)
  if (typeof reply === 'object' && reply !== null) {
    if (field in reply) return reply as Extract<SupervisorReply, Readonly<Record<Field, unknown>>>
    if ('error' in reply && Object.hasOwn(CODES, reply.error as PropertyKey)) throw failureOf(message, reply as SupervisorFailure)
  }
  throw optionError('supervisor', supervisor, 'the ref of a supervisor; its answer is none of a supervisor')
}

/** A wait that ends with what is waited for, unless the user gave a limit. */
function unlimited(options: WaitOptions | undefined): WaitOptions {
  if (options === undefined) return { timeoutMs: Infinity }
  // What is no object, the ask refuses.
  const isOpen = typeof options === 'object' && options !== null && options.timeoutMs === undefined
  return isOpen ? { ...options, timeoutMs: Infinity } : options
}

function checkId(id: unknown): void {
  if (typeof id !== 'string') throw optionError('id', id, 'the id of a child')
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
