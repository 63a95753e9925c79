/** The calls to an event manager: gen_event's add_handler, delete_handler, swap_handler, call and which_handlers. */
import { isRef } from '@cambium/actor'
import type { AnyRef, Ref, ReplyTo, WaitOptions } from '@cambium/actor'
import { optionError } from '@cambium/base'
import { checkSpec, nameOf } from './define-event-handler.ts'
import type { HandlerBehaviour, HandlerSpec } from './define-event-handler.ts'
import { DONE, REQUEST } from './event-manager-protocol.ts'
import type { EventManagerRef, HandlerRequest, InstalledHandler } from './event-manager-protocol.ts'
import { checkSameSystem } from './same-system.ts'

export interface OwnedHandlerOptions extends WaitOptions {
  /**
   * The context of the actor that answers for the handler: linked with the manager, as gen_event's add_sup_handler does it. The handler is removed when its owner ends, and its owner's
   * `info` is told `handler_removed` when the handler is not there any more, for whatever reason.
   */
  readonly owner?: { readonly self: AnyRef }
}

export interface NamedHandlerOptions extends WaitOptions {
  /** Which of the handlers of that behaviour. @default '' */
  readonly id?: string
}

/**
 * Installs a handler: it gets every event that comes after. Rejects with `ERR_HANDLER_PRESENT`, `ERR_INIT_FAILED`, `ERR_OPTION` (for a core that there is not, too), `ERR_FOREIGN_REF`,
 * `ERR_CHANNEL_READERS` when 32 other cores have handlers, with what keeps its module from being loaded, and as `ask` does.
 */
export async function addHandler<Event>(
  manager: EventManagerRef<Event>,
  spec: HandlerSpec<NoInfer<Event>>,
  options: OwnedHandlerOptions = {},
): Promise<void> {
  const { owner, ...wait } = options
  await request(manager, { [REQUEST]: 'add', spec: checkSpec('spec', spec), owner: ownerOf(manager, owner) }, wait)
}

/** Removes a handler and resolves with what its `terminate` returned. Rejects with `ERR_NO_SUCH_HANDLER`, with what `terminate` threw, and as `ask` does. */
export async function deleteHandler<Left>(
  manager: EventManagerRef<never>,
  behaviour: HandlerBehaviour<never, never, never, unknown, Left>,
  options: NamedHandlerOptions & { readonly argument?: unknown } = {},
): Promise<Left> {
  const { id, argument, ...wait } = options
  return (await request(manager, { [REQUEST]: 'delete', name: nameOf(behaviour, id), argument }, wait)) as Left
}

/**
 * Removes a handler and installs another in its place, with no event in between: on the same core, unless its options say otherwise, and for the same owner, unless there is a
 * new one. The `init` of the new one is told what the `terminate` of the old one returned, or why it did not: that it was not there, too. Rejects as `addHandler` does: with
 * `ERR_INIT_FAILED` the old one is gone, with all else it is there as before.
 */
export async function swapHandler<Event>(
  manager: EventManagerRef<Event>,
  behaviour: HandlerBehaviour<never, never, never, unknown, unknown>,
  spec: HandlerSpec<NoInfer<Event>>,
  options: NamedHandlerOptions & OwnedHandlerOptions & { readonly argument?: unknown } = {},
): Promise<void> {
  const { id, argument, owner, ...wait } = options
  const [name, next] = [nameOf(behaviour, id), checkSpec('spec', spec)]
  await request(manager, { [REQUEST]: 'swap', name, argument, spec: next, owner: ownerOf(manager, owner) }, wait)
}

/** Asks one handler. Rejects with `ERR_NO_SUCH_HANDLER`, `ERR_HANDLER_CRASHED`, `ERR_NO_HANDLER_CALL`, and as `ask` does. */
export async function callHandler<Request, Reply, const R extends Request>(
  manager: EventManagerRef<never>,
  behaviour: HandlerBehaviour<never, never, Request, Reply, unknown>,
  message: R,
  options: NamedHandlerOptions = {},
): Promise<ReplyTo<R, Request, Reply>> {
  const { id, ...wait } = options
  return (await request(manager, { [REQUEST]: 'call', name: nameOf(behaviour, id), request: message }, wait)) as ReplyTo<
    R,
    Request,
    Reply
  >
}

/** The handlers, in the order of their installation. */
export async function whichHandlers(
  manager: EventManagerRef<never>,
  options?: WaitOptions,
): Promise<readonly InstalledHandler[]> {
  return (await request(manager, { [REQUEST]: 'which' }, options)) as readonly InstalledHandler[]
}

/** Rejects with `ERR_OPTION` for the ref of something else than an event manager. */
async function request(
  manager: EventManagerRef<never>,
  message: HandlerRequest,
  options: WaitOptions | undefined,
): Promise<unknown> {
  if (!isRef(manager)) throw optionError('manager', manager, 'the ref of an event manager')
  const reply: unknown = await (manager as unknown as Ref<HandlerRequest>).ask(message, options)
  if (typeof reply === 'object' && reply !== null && DONE in reply) return reply[DONE]
  throw optionError('manager', manager, 'the ref of an event manager; its answer is none of one')
}

function ownerOf(manager: unknown, owner: { readonly self: AnyRef } | undefined): AnyRef | undefined {
  if (owner === undefined) return undefined
  if (!isRef((owner as Partial<typeof owner> | null)?.self)) throw optionError('options.owner', owner, 'the context of an actor')
  checkSameSystem(owner.self, manager)
  return owner.self
}
