/**
 * The handlers of event managers, in the form of Erlang's gen_event: sequential functions over a state of their own. Code cannot travel, so a handler is named by
 * its module and name, as behaviours are (D13), and runs on whichever core it is installed.
 */
import { createBehaviour } from '@cambium/actor'
import type { ActorContext, AnyRef, Behaviour, ExitReason, Info } from '@cambium/actor'
import { CambiumError, checkFields, optionError, unknownFieldOf } from '@cambium/base'
import type { ErrorRecord } from '@cambium/base'
import { assertArgumentTravels } from '@cambium/scheduler'

/** In place of the next state: the handler wants to go. */
export const REMOVE_HANDLER: unique symbol = Symbol.for('cambium.removeHandler')

/** What a handler may ask of where it runs. */
export interface HandlerContext extends Pick<
  ActorContext,
  'core' | 'now' | 'random' | 'signal' | 'monitor' | 'demonitor' | 'whereis' | 'directory'
> {
  readonly manager: AnyRef
}

/** What comes from the handler that this one takes the place of: what its `terminate` returned, or why there is nothing. */
export type Handover =
  | { readonly handler: string; readonly id: string; readonly left: unknown }
  | { readonly handler: string; readonly id: string; readonly error: ErrorRecord }

/** Why a handler ends. */
export type HandlerEnd =
  | { readonly kind: 'deleted' | 'swapped'; readonly argument: unknown }
  /** It wanted to. */
  | { readonly kind: 'removed' }
  /** Its owner, or the manager, has ended. */
  | { readonly kind: 'owner_ended' | 'stopped'; readonly reason: ExitReason }
  | { readonly kind: 'crashed'; readonly error: ErrorRecord }

/** The next state; nothing keeps the present one. */
export type HandlerStep<State, Event> = State | void | typeof REMOVE_HANDLER | HandlerSwap<Event>

export interface HandlerDefinition<Argument, State, Event, Request, Reply, Left> {
  /** The first state. `before` is of the handler that this one takes the place of. A throw, or a rejection, is a handler that is not installed. */
  init(argument: Argument, before: Handover | undefined, context: HandlerContext): State | Promise<State>
  /** One event. A throw is a crash: the handler is removed, all others go on. Never asynchronous. */
  event(state: NoInfer<State>, event: Event): HandlerStep<NoInfer<State>, NoInfer<Event>>
  /** One call: the next state, and the reply. */
  call?(
    state: NoInfer<State>,
    request: Request,
  ): readonly [NoInfer<State> | typeof REMOVE_HANDLER | HandlerSwap<NoInfer<Event>>, Reply]
  /** What the runtime tells of others where the handler runs; each `down` goes to all handlers there. */
  info?(state: NoInfer<State>, info: Info): HandlerStep<NoInfer<State>, NoInfer<Event>>
  /** What it returns goes to whoever has deleted the handler, or to the one that takes its place. Not called when its core has died. */
  terminate?(state: NoInfer<State>, end: HandlerEnd, context: HandlerContext): Left | Promise<Left>
  /** What crash reports show in place of the state. @default the state */
  redact?(state: NoInfer<State>): unknown
}

declare const phantom: unique symbol

/** A handler, to those who install it and ask it. */
export interface HandlerBehaviour<in Argument, in Event, in Request, out Reply, out Left> extends Behaviour<never, never> {
  readonly [phantom]?: (argument: Argument, event: Event, request: Request) => [Reply, Left]
}

/** The same, with its functions to call without a manager. */
export interface DefinedHandler<Argument, State, Event, Request, Reply, Left> extends HandlerBehaviour<
  Argument,
  Event,
  Request,
  Reply,
  Left
> {
  readonly definition: HandlerDefinition<Argument, State, Event, Request, Reply, Left>
}

/** A handler to be installed, as plain data. Made by {@link handler}. */
export interface HandlerSpec<in Event> {
  readonly module: string
  readonly name: string
  readonly id: string
  readonly argument: unknown
  readonly core: number | undefined
  readonly [phantom]?: (event: Event) => void
}

export interface HandlerOptions {
  /** Tells handlers of the same behaviour apart. @default '' */
  readonly id?: string
  /** Where it runs. @default the manager's own core */
  readonly core?: number
}

const SWAP: unique symbol = Symbol.for('cambium.handlerSwap')

/** In place of the next state: another handler takes this one's place, on the same core. Made by {@link swapFor}. */
export interface HandlerSwap<in Event> {
  readonly [SWAP]: HandlerSpec<Event>
}

const CALLBACKS = ['init', 'event', 'call', 'info', 'terminate', 'redact']

/** Defines a handler and exports it under `name` from the module whose URL is given. Throws `ERR_BEHAVIOUR` when a callback is missing, unknown or no function. */
export function defineEventHandler<Argument, State, Event, Request = never, Reply = never, Left = void>(
  module: string | URL,
  name: string,
  definition: HandlerDefinition<Argument, State, Event, Request, Reply, Left>,
): DefinedHandler<Argument, State, Event, Request, Reply, Left> {
  if (typeof definition !== 'object' || definition === null) throw wrong(name, 'definition is no object')
  for (const callback of CALLBACKS) {
    const isNeeded = callback === 'init' || callback === 'event'
    const value: unknown = Reflect.get(definition, callback)
    if (typeof value !== 'function' && (isNeeded || value !== undefined))
      throw wrong(name, `${callback} is ${typeof value}, expected a function`)
  }
  const unknown = unknownFieldOf(definition, CALLBACKS)
  if (unknown !== undefined) throw wrong(name, unknown)
  const behaviour = createBehaviour('event handler', module, name, {
    init: () => {
      throw wrong(name, 'it is no actor: install it in an event manager')
    },
    receive: () => {},
  })
  return Object.freeze({ ...behaviour, definition }) as DefinedHandler<Argument, State, Event, Request, Reply, Left>
}

/** A handler to be installed, with the argument of its `init`, which must be able to travel, wherever it is for. Throws `ERR_OPTION`, `ERR_CANNOT_TRAVEL`. */
export function handler<Argument, Event>(
  behaviour: HandlerBehaviour<Argument, Event, never, unknown, unknown>,
  argument: NoInfer<Argument>,
  options: HandlerOptions = {},
): HandlerSpec<Event> {
  checkFields('options', options, ['id', 'core'])
  const { core } = options
  if (core !== undefined && !Number.isInteger(core)) throw optionError('options.core', core, 'a number of a core')
  const name = nameOf(behaviour, options.id)
  assertArgumentTravels(argument)
  return { ...name, argument, core }
}

/** What a handler returns to have another one take its place. Throws `ERR_OPTION`. */
export function swapFor<Event>(next: HandlerSpec<Event>): HandlerSwap<Event> {
  return { [SWAP]: checkSpec('next', next) }
}

/** Throws `ERR_OPTION`. */
export function checkSpec<Event>(option: string, spec: HandlerSpec<Event>): HandlerSpec<Event> {
  if (!isSpec(spec)) throw optionError(option, spec, 'what handler() returned')
  return spec
}

export function isSpec(value: unknown): value is HandlerSpec<never> {
  const { module, name, id } = Object(value) as Partial<HandlerName>
  return typeof module === 'string' && typeof name === 'string' && typeof id === 'string'
}

/** The handler that is to take the place; undefined for any other value. */
export function swapOf(value: unknown): HandlerSpec<never> | undefined {
  return typeof value === 'object' && value !== null && SWAP in value ? (value as HandlerSwap<never>)[SWAP] : undefined
}

export function isHandler(value: unknown): value is DefinedHandler<never, unknown, never, never, unknown, unknown> {
  return typeof value === 'object' && value !== null && Reflect.get(value, 'kind') === 'event handler'
}

/** By what a handler is found in its manager. */
export interface HandlerName {
  readonly module: string
  readonly name: string
  readonly id: string
}

/** Throws `ERR_OPTION`. */
export function nameOf(behaviour: unknown, id: unknown = ''): HandlerName {
  if (!isHandler(behaviour)) throw optionError('behaviour', behaviour, 'what defineEventHandler returned')
  const { module, name } = behaviour
  if (typeof id !== 'string') throw optionError('options.id', id, 'a string')
  return { module, name, id }
}

function wrong(name: string, problem: string): CambiumError {
  return new CambiumError('ERR_BEHAVIOUR', `event handler is wrong: name=${name}, ${problem}`, { fields: { name } })
}
