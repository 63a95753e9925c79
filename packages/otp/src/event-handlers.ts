/**
 * The handlers at one place, the manager's own actor or a station on another core: run one after the other, each isolated from the rest. It knows neither actors nor
 * cores.
 *
 * 1. An event goes to all handlers, in the order in which they were installed. One that throws, or wants to go, is out before its `terminate` runs; what
 *    is to be done for it is done when all others have had the event.
 * 2. What a handler does by itself is told to the host; what was ordered, whoever ordered it knows.
 */
import type { ExitReason, Info } from '@cambium/actor'
import { CambiumError, toErrorRecord } from '@cambium/base'
import type { ErrorRecord } from '@cambium/base'
import type { News } from '@cambium/scheduler'
import { isHandler, REMOVE_HANDLER, swapOf } from './define-event-handler.ts'
import type { DefinedHandler, HandlerContext, HandlerEnd, HandlerName, HandlerSpec, Handover } from './define-event-handler.ts'
import { describeResult } from './describe-result.ts'
import type { HandlerOrder } from './event-manager-protocol.ts'

type AnyDefinition = {
  readonly [K in keyof DefinedHandler<never, unknown, never, never, unknown, unknown>['definition']]: (
    ...values: unknown[]
  ) => unknown
}

export interface EventHandlersHost {
  readonly context: HandlerContext
  /** The behaviour of that name. May reject. */
  load(module: string, name: string): unknown
  /** Development: events are handed by reference to several handlers. */
  freeze(value: unknown): void
  crashed(
    behaviour: { readonly name: string; readonly module: string },
    state: unknown,
    message: unknown,
    error: ErrorRecord,
  ): void
  fault(where: string, error: unknown): void
  /** A handler has gone by itself, and `next` has taken its place, if it is there. */
  removed(name: HandlerName, reason: ExitReason, next: HandlerSpec<never> | undefined): void
}

interface Installed {
  readonly key: string
  readonly name: HandlerName
  readonly definition: AnyDefinition
  state: unknown
}

/** What a handler has decided about itself. */
interface Leaving {
  readonly installed: Installed
  readonly end: HandlerEnd
  readonly next: HandlerSpec<never> | undefined
}

export class EventHandlers {
  readonly #host: EventHandlersHost
  readonly #installed = new Map<string, Installed>()

  constructor(host: EventHandlersHost) {
    this.#host = host
  }

  /** For those who look inside. */
  get states(): { handler: string; id: string; state: unknown }[] {
    return Array.from(this.#installed.values(), ({ name, state }) => ({ handler: name.name, id: name.id, state }))
  }

  set states(states: readonly { readonly state: unknown }[]) {
    const all = [...this.#installed.values()]
    if (!Array.isArray(states) || states.length !== all.length)
      throw new TypeError(`states are not those of ${all.length} handlers`)
    for (const [at, each] of all.entries()) each.state = states[at]?.state
  }

  /** The same, as they are to be shown. */
  get shown(): { handler: string; id: string; state: unknown }[] {
    return Array.from(this.#installed.values(), (each) => ({
      handler: each.name.name,
      id: each.name.id,
      state: shownState(each),
    }))
  }

  carryOut(order: HandlerOrder): Promise<unknown> {
    switch (order.order) {
      case 'check':
        return this.#load(order.spec).then(() => undefined)
      case 'add':
        return this.add(order.spec, order.before)
      case 'remove':
        return this.remove(order.name, order.end)
      case 'call':
        return this.call(order.name, order.request)
    }
  }

  /** Rejects with `ERR_HANDLER_PRESENT`, `ERR_INIT_FAILED`, or what keeps its module from being loaded. */
  async add(spec: HandlerSpec<never>, before: Handover | undefined): Promise<void> {
    const { module, name, id } = spec
    const key = keyOf(spec)
    if (this.#installed.has(key)) throw handlerPresent(spec)
    const definition = await this.#load(spec)
    let state: unknown
    try {
      state = await definition.init(spec.argument, before, this.#host.context)
    } catch (cause) {
      const error = toErrorRecord(cause)
      throw new CambiumError('ERR_INIT_FAILED', `init failed: handler=${shown(spec)}, error=${error.name}: ${error.message}`, {
        severity: 'crash',
        cause,
      })
    }
    this.#installed.set(key, { key, name: { module, name, id }, definition, state })
  }

  /** Resolves with what its `terminate` returned. Rejects with `ERR_NO_SUCH_HANDLER`, or with what that threw; removed it is all the same. */
  async remove(name: HandlerName, end: HandlerEnd): Promise<unknown> {
    const installed = this.#find(name)
    this.#installed.delete(installed.key)
    return installed.definition.terminate?.(installed.state, end, this.#host.context)
  }

  /** Rejects with `ERR_NO_SUCH_HANDLER`, `ERR_NO_HANDLER_CALL`, `ERR_HANDLER_CRASHED`. */
  async call(name: HandlerName, request: unknown): Promise<unknown> {
    const installed = this.#find(name)
    const { definition } = installed
    if (definition.call === undefined)
      throw new CambiumError('ERR_NO_HANDLER_CALL', `handler takes no calls: handler=${shown(name)}`, { fields: { ...name } })
    let result: unknown
    let leaving: Leaving | undefined
    try {
      result = definition.call(installed.state, request)
      if (!Array.isArray(result) || result.length !== 2) throw badHandlerStep(name, 'call returned no [state, reply]', result)
      leaving = this.#taken(installed, result[0])
    } catch (thrown) {
      const crash = this.#crash(installed, request, thrown)
      await this.#leave([crash])
      const { error } = crash.end as { error: ErrorRecord }
      throw new CambiumError(
        'ERR_HANDLER_CRASHED',
        `handler crashed: handler=${shown(name)}, error=${error.name}: ${error.message}`,
        {
          severity: 'crash',
          cause: thrown,
          fields: { ...name },
        },
      )
    }
    if (leaving !== undefined) await this.#leave([leaving])
    return (result as unknown[])[1]
  }

  /** Without a promise unless a handler goes. */
  event(event: unknown): void | Promise<void> {
    this.#host.freeze(event)
    return this.#all(event, (definition, state) => definition.event(state, event))
  }

  info(info: Info): void | Promise<void> {
    return this.#all(info, (definition, state) => definition.info?.(state, info))
  }

  /** All end, the youngest first. */
  async close(reason: ExitReason): Promise<void> {
    for (const { name } of [...this.#installed.values()].reverse()) {
      try {
        await this.remove(name, { kind: 'stopped', reason })
      } catch (error) {
        this.#host.fault(`terminate of handler ${shown(name)}`, error)
      }
    }
  }

  #all(message: unknown, handle: (definition: AnyDefinition, state: unknown) => unknown): void | Promise<void> {
    let leaving: Leaving[] | undefined
    for (const installed of this.#installed.values()) {
      let left: Leaving | undefined
      try {
        const next = handle(installed.definition, installed.state)
        if (next !== undefined) left = this.#taken(installed, next)
      } catch (error) {
        left = this.#crash(installed, message, error)
      }
      if (left !== undefined) (leaving ??= []).push(left)
    }
    return leaving === undefined ? undefined : this.#leave(leaving)
  }

  /** Takes what a callback returned for the next state. Throws `ERR_BAD_STEP`. */
  #taken(installed: Installed, next: unknown): Leaving | undefined {
    if (next === REMOVE_HANDLER) return { installed, end: { kind: 'removed' }, next: undefined }
    if (next instanceof Promise) throw badHandlerStep(installed.name, 'handler is asynchronous', next)
    const swap = swapOf(next)
    if (swap !== undefined) return { installed, end: { kind: 'swapped', argument: undefined }, next: swap }
    installed.state = next
    return undefined
  }

  #crash(installed: Installed, message: unknown, thrown: unknown): Leaving {
    const error = toErrorRecord(thrown)
    this.#host.crashed(installed.name, shownState(installed), message, error)
    return { installed, end: { kind: 'crashed', error }, next: undefined }
  }

  async #leave(leaving: readonly Leaving[]): Promise<void> {
    for (const { installed } of leaving) this.#installed.delete(installed.key)
    for (const { installed, end, next } of leaving) {
      const { name, definition, state } = installed
      let before: Handover
      try {
        before = { ...short(name), left: await definition.terminate?.(state, end, this.#host.context) }
      } catch (error) {
        this.#host.fault(`terminate of handler ${shown(name)}`, error)
        before = { ...short(name), error: toErrorRecord(error) }
      }
      if (next === undefined) this.#host.removed(name, removalOf(end), undefined)
      else await this.#follow(name, next, before)
    }
  }

  async #follow(name: HandlerName, next: HandlerSpec<never>, before: Handover): Promise<void> {
    try {
      await this.add(next, before)
      this.#host.removed(name, { kind: 'normal' }, next)
    } catch (thrown) {
      const error = toErrorRecord(thrown)
      this.#host.crashed(next, undefined, before, error)
      this.#host.removed(name, { kind: 'crash', error }, undefined)
    }
  }

  async #load({ module, name }: HandlerName): Promise<AnyDefinition> {
    const behaviour = await this.#host.load(module, name)
    if (!isHandler(behaviour)) {
      throw new CambiumError('ERR_BEHAVIOUR', `behaviour is no event handler: module=${module}, name=${name}`, {
        fields: { module, name },
      })
    }
    return behaviour.definition as unknown as AnyDefinition
  }

  #find(name: HandlerName): Installed {
    const installed = this.#installed.get(keyOf(name))
    if (installed === undefined) throw noSuchHandler(name)
    return installed
  }
}

export function keyOf({ module, name, id }: HandlerName): string {
  return `${module}#${name}#${id}`
}

/** Of a handler in a hand-over. */
export function short({ name, id }: HandlerName): { handler: string; id: string } {
  return { handler: name, id }
}

/** A removal, as stations tell it to their manager, and managers to owners. Only the former are told the argument. */
export function removalNews(name: HandlerName, reason: ExitReason, next: HandlerName | undefined, argument?: unknown): News {
  return {
    type: 'handler_removed',
    module: name.module,
    ...short(name),
    reason,
    next: next === undefined ? undefined : { module: next.module, ...short(next) },
    argument,
  }
}

export function noSuchHandler(name: HandlerName): CambiumError {
  return new CambiumError('ERR_NO_SUCH_HANDLER', `no such handler is installed: handler=${shown(name)}`, { fields: { ...name } })
}

export function handlerPresent({ module, name, id }: HandlerName): CambiumError {
  const message = `handler is installed already: handler=${shown({ module, name, id })}`
  return new CambiumError('ERR_HANDLER_PRESENT', message, { fields: { module, name, id } })
}

function removalOf(end: HandlerEnd): ExitReason {
  return end.kind === 'crashed' ? { kind: 'crash', error: end.error } : { kind: 'normal' }
}

function shown({ name, id }: HandlerName): string {
  return id === '' ? name : `${name}/${id}`
}

/** A `redact` that throws shows nothing. */
function shownState({ definition, state }: Installed): unknown {
  try {
    return definition.redact === undefined ? state : definition.redact(state)
  } catch (error) {
    return `not shown: redact threw: ${String(error)}`
  }
}

export function badHandlerStep(name: HandlerName, problem: string, result: unknown): CambiumError {
  const found = describeResult(result)
  return new CambiumError('ERR_BAD_STEP', `${problem}: handler=${shown(name)}, found ${found}`, {
    severity: 'crash',
    fields: { handler: name.name, found },
  })
}
