/**
 * The server behaviour, in the form of Erlang's gen_server: three plain sequential functions, and the runtime makes a concurrent server of
 * them (R1.1). `step` takes the state and one input and answers the next state and an output; it knows no actors, so `run` tests it without any.
 *
 * What becomes of one step:
 * 1. Its actions are checked, all of them, then whoever asked is answered; a failure until here is that of the step, whose state is not taken.
 * 2. The state is taken. It is held in a box that stays the same: `undefined`, which keeps the state of a plain actor, is a state like any other here, and what
 *    fails from now on, `hibernate` or a reply, leaves the server with the state of the step that it has done. If that step was answered, its message is handled,
 *    and the failure is the end of the server by itself; else the message fails with it.
 * 3. The actions are done in order, but for the last: to end, else to continue. What it continues with is put before all messages, as one of its own that nobody
 *    asked. So each such step is a handling like any other: it is named when it crashes, what was done before it stays done, others have their turn between
 *    two of them, and a chain may be of any length.
 */
import { crashReason, createBehaviour, IGNORE } from '@cambium/actor'
import type { ActorContext, Behaviour, BehaviourOptions, ExitReason, GivenReason, Info, Migration, Program } from '@cambium/actor'
import { CambiumError, unknownFieldOf } from '@cambium/base'
import type { RunContext } from '@cambium/scheduler'
import { badStep, checkActions, isStep, NO_REPLY, startOf } from './server-step.ts'
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
  /** How the state travels when the server moves to another core: see `system.migrate`. @default the state itself, which must be plain data then */
  migrate?: Migration<NoInfer<State>>
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
 * `ERR_BEHAVIOUR` when a callback is missing, unknown or no function, `ERR_OPTION`.
 */
export function defineServer<Argument, State, Input, Output>(
  module: string | URL,
  name: string,
  definition: ServerDefinition<Argument, State, Input, Output>,
  options: NoInfer<BehaviourOptions<Input>> = {},
): Server<Argument, State, Input, Output> {
  checkDefinition(name, definition)
  const step = (held: Held<State>, input: Input, context: ActorContext<Input, Output>): void => {
    const result: unknown = definition.step(held.state, input, context)
    if (!isStep(result)) throw badStep(name, result)
    const actions = result.length === 2 ? NONE : checkActions<Input, Output>(name, result[2])
    const isAnswered = context.isAsked && result[1] !== NO_REPLY
    if (isAnswered) context.reply(result[1] as Output)
    held.state = result[0] as State
    if (actions.length === 0) return
    try {
      act(held, actions, context)
    } catch (error) {
      if (!isAnswered) throw error
      context.stop(crashReason(error))
    }
  }
  const act = (held: Held<State>, actions: Actions<Input, Output>, context: ActorContext<Input, Output>): void => {
    const continued: Input[] = []
    let stop: { readonly reason?: Error | GivenReason } | undefined
    for (const action of actions) {
      switch (action.type) {
        case 'continue':
          continued.push(action.input)
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
          held.state = hibernated(name, definition, held.state)
          break
        case 'stop':
          stop ??= action
          break
      }
    }
    if (stop !== undefined) context.stop(stop.reason)
    else for (const input of continued.reverse()) (context as unknown as RunContext).handleFirst(input)
  }
  const begin = (first: unknown, context: ActorContext<Input, Output>): Held<State> | typeof IGNORE => {
    if (first === IGNORE) return IGNORE
    const start = startOf(first)
    if (start === undefined) return { state: first as State }
    const actions = checkActions<Input, Output>(name, start.actions)
    const held = { state: start.state as State }
    act(held, actions, context)
    return held
  }
  const program: Program<Held<State>, Argument, Input, Output> = {
    init(argument, context) {
      const first = definition.init(argument, context)
      return first instanceof Promise ? first.then((value) => begin(value, context)) : begin(first, context)
    },
    receive: step,
    ...(definition.info === undefined
      ? {}
      : {
          info(held: Held<State>, told: Info, context: ActorContext<Input, Output>): void {
            const next = definition.info?.(held.state, told, context)
            if (next instanceof Promise) throw badStep(name, next, 'info')
            held.state = next as State
          },
        }),
    ...(definition.terminate === undefined
      ? {}
      : { terminate: (held: Held<State>, reason: ExitReason) => definition.terminate?.(held.state, reason) }),
    ...(definition.redact === undefined ? {} : { redact: (held: Held<State>) => definition.redact?.(held.state) }),
    migrate: {
      save: ({ state }) => (definition.migrate === undefined ? state : definition.migrate.save(state)),
      load(saved, context) {
        if (definition.migrate === undefined) return { state: saved as State }
        const state = definition.migrate.load(saved, context as ActorContext)
        if (state instanceof Promise) throw badStep(name, state, 'migrate.load')
        return { state }
      },
    },
    inner: {
      read: (held) => held.state,
      write(held, state) {
        held.state = state as State
        return held
      },
    },
  }
  const behaviour = createBehaviour('server', module, name, program, options)
  return Object.freeze({ ...behaviour, definition }) as Server<Argument, State, Input, Output>
}

type Actions<Input, Output> = readonly ServerAction<Input, Output>[]
const NONE: readonly never[] = []

/** See the protocol above. */
interface Held<State> {
  state: State
}

/** Throws `ERR_BAD_STEP` for a promise. */
export function hibernated<State>(name: string, definition: { hibernate?(state: State): State }, state: State): State {
  if (definition.hibernate === undefined) return state
  const next = definition.hibernate(state)
  if (next instanceof Promise) throw badStep(name, next, 'hibernate')
  return next
}

const CALLBACKS = ['init', 'step', 'info', 'terminate', 'hibernate', 'redact', 'decode', 'encode']

function checkDefinition(name: string, definition: object): void {
  if (typeof definition !== 'object' || definition === null) throw wrong(name, 'definition is no object')
  for (const callback of CALLBACKS) {
    const isNeeded = callback === 'init' || callback === 'step'
    const value: unknown = Reflect.get(definition, callback)
    if (typeof value !== 'function' && (isNeeded || value !== undefined))
      throw wrong(name, `${callback} is ${typeof value}, expected a function`)
  }
  const { migrate } = definition as { readonly migrate?: Partial<Migration<unknown>> }
  if (migrate !== undefined && (typeof migrate?.save !== 'function' || typeof migrate.load !== 'function'))
    throw wrong(name, 'migrate is wrong, expected two functions, save and load')
  const unknown = unknownFieldOf(definition, [...CALLBACKS, 'migrate'])
  if (unknown !== undefined) throw wrong(name, unknown)
}

function wrong(name: string, problem: string): CambiumError {
  return new CambiumError('ERR_BEHAVIOUR', `server is wrong: name=${name}, ${problem}`, { fields: { name } })
}
