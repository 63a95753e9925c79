/**
 * The server behaviour, in the form of Erlang's gen_server: three plain sequential functions, and the runtime makes a concurrent server of
 * them (R1.1). `step` takes the state and one input and answers the next state and an output; it knows no actors, so `run` tests it without any.
 */
import { createBehaviour } from '@cambium/actor'
import type { ActorContext, Behaviour, BehaviourOptions, ExitReason, IGNORE, Info, Program } from '@cambium/actor'
import { CambiumError } from '@cambium/base'
import type { RunContext } from '@cambium/scheduler'
import { badAction, badStep, isStep, NO_REPLY, startOf } from './server-step.ts'
import type { ServerAction, ServerStart, ServerStep, ServerTurn } from './server-step.ts'

export interface ServerDefinition<Argument, State, Input, Output> {
  /**
   * The first state: loaded from wherever it was saved, else made from the argument; `startWith(state, actions)` for more than that; `IGNORE` for no server at all.
   * Runs again after each restart.
   */
  init(
    argument: Argument,
    context: ActorContext<NoInfer<Input>, NoInfer<Output>>,
  ):
    | State
    | ServerStart<State, NoInfer<Input>>
    | typeof IGNORE
    | Promise<State | ServerStart<State, NoInfer<Input>> | typeof IGNORE>
  /**
   * One input: the next state and the output, which goes to whoever asked, `NO_REPLY` for none now, and what else is to be done. A throw is a crash. Pure by convention, and
   * never asynchronous.
   */
  step(state: State, input: Input, turn: ServerTurn<NoInfer<Output>>): ServerStep<State, Input, Output>
  /** What the runtime tells of other actors, `down`, `exit` and others: the next state. Without it the server is told nothing. */
  info?(state: NoInfer<State>, info: Info, context: ActorContext<NoInfer<Input>, NoInfer<Output>>): State
  /** Saves the state. Called with the last good state, also after a crash; not when the actor is killed or its core dies. */
  terminate?(state: NoInfer<State>, reason: ExitReason): void | Promise<void>
  /** For the action `hibernate`: the state without what can be made again. */
  hibernate?(state: NoInfer<State>): NoInfer<State>
  /** What crash reports, and whoever asks for the status, are shown in place of the state: it without its secrets. @default the state */
  redact?(state: NoInfer<State>): unknown
  /** One input from the bytes of one frame; `undefined`, or a throw, means that the bytes are no input. Needed to serve a byte stream. */
  decode?(bytes: Uint8Array): NoInfer<Input> | undefined
  /** The bytes of an output. Needed to serve a byte stream. */
  encode?(output: NoInfer<Output>): Uint8Array
}

/** A server: a behaviour to spawn, and its functions to call without a runtime. */
export interface Server<Argument, State, Input, Output> extends Behaviour<Argument, Input, Output> {
  readonly definition: ServerDefinition<Argument, State, Input, Output>
}

/**
 * Defines a server and exports it under `name` from the module whose URL is given: `defineServer(import.meta.url, 'hits', { … })`. Throws
 * `ERR_BEHAVIOUR` when a callback is missing or is no function.
 */
export function defineServer<Argument, State, Input, Output>(
  module: string | URL,
  name: string,
  definition: ServerDefinition<Argument, State, Input, Output>,
  options: NoInfer<BehaviourOptions<Input>> = {},
): Server<Argument, State, Input, Output> {
  checkDefinition(name, definition)
  const step = (state: State, input: Input, context: ActorContext<Input, Output>): State => {
    const result: unknown = definition.step(state, input, context)
    if (!isStep(result)) throw badStep(name, result)
    if (context.isAsked && result[1] !== NO_REPLY) context.reply(result[1] as Output)
    return result.length === 2 ? (result[0] as State) : act(result[0] as State, result[2] as Actions<Input, Output>, context)
  }
  /** Does what a step wants to be done, in order; what it continues with comes before every message. */
  const act = (state: State, actions: Actions<Input, Output>, context: ActorContext<Input, Output>): State => {
    let next = state
    for (const action of actions) {
      switch (action.type) {
        case 'continue':
          next = step(next, action.input, context)
          break
        case 'timeout': {
          const key = action.name ?? ''
          if ('cancel' in action) context.cancelTimer(key)
          else context.setTimer(key, action.ms, action.input)
          break
        }
        case 'reply':
          action.to.tell(action.value)
          break
        case 'hibernate':
          next = definition.hibernate?.(next) ?? next
          break
        case 'stop':
          context.stop(action.reason)
          break
        default:
          throw badAction(name, action)
      }
    }
    return next
  }
  /** Does what `init` wants to be done: what it continues with is handled when the start is over, before every message. */
  const begin = (first: unknown, context: ActorContext<Input, Output>): State | typeof IGNORE => {
    const start = startOf(first)
    if (start === undefined) return first as State | typeof IGNORE
    const continued = start.actions.filter(({ type }) => type === 'continue') as { input: Input }[]
    for (const { input } of continued.toReversed()) (context as unknown as RunContext).handleFirst(input)
    return act(start.state as State, start.actions.filter(({ type }) => type !== 'continue') as Actions<Input, Output>, context)
  }
  const program: Program<State, Argument, Input, Output> = {
    init(argument, context) {
      const first = definition.init(argument, context)
      return first instanceof Promise ? first.then((value) => begin(value, context)) : begin(first, context)
    },
    receive: step,
    ...(definition.info === undefined ? {} : { info: (state, info, context) => definition.info?.(state, info, context) }),
    ...(definition.terminate === undefined
      ? {}
      : { terminate: (state: State, reason: ExitReason) => definition.terminate?.(state, reason) }),
    ...(definition.redact === undefined ? {} : { redact: (state: State) => definition.redact?.(state) }),
  }
  const behaviour = createBehaviour('server', module, name, program, options)
  return Object.freeze({ ...behaviour, definition }) as Server<Argument, State, Input, Output>
}

type Actions<Input, Output> = readonly ServerAction<Input, Output>[]

function checkDefinition(name: string, definition: object): void {
  if (typeof definition !== 'object' || definition === null) throw wrong(name, 'definition is no object')
  for (const callback of ['init', 'step', 'info', 'terminate', 'hibernate', 'redact', 'decode', 'encode'] as const) {
    const isNeeded = callback === 'init' || callback === 'step'
    const value: unknown = Reflect.get(definition, callback)
    if (typeof value !== 'function' && (isNeeded || value !== undefined))
      throw wrong(name, `${callback} is ${typeof value}, expected a function`)
  }
}

function wrong(name: string, problem: string): CambiumError {
  return new CambiumError('ERR_BEHAVIOUR', `server is wrong: name=${name}, ${problem}`, { fields: { name } })
}
