/**
 * The server behaviour, in the form of Erlang's gen_server: three plain sequential functions, and the runtime makes a concurrent server of
 * them (R1.1). `step` takes the state and one input and answers the next state and an output; it knows no actors, so `run` tests it without any.
 */
import { createBehaviour } from '@cambium/actor'
import type { ActorContext, Behaviour, BehaviourOptions, ExitReason, IGNORE, Info, Program } from '@cambium/actor'
import { CambiumError } from '@cambium/base'

export interface ServerDefinition<Argument, State, Input, Output> {
  /** The first state: loaded from wherever it was saved, else made from the argument; `IGNORE` for no server at all. Runs again after each restart. */
  init(
    argument: Argument,
    context: ActorContext<NoInfer<Input>, NoInfer<Output>>,
  ): State | typeof IGNORE | Promise<State | typeof IGNORE>
  /** One input: the next state and the output, which goes to whoever asked. A throw is a crash. Pure by convention, and never asynchronous. */
  step(state: State, input: Input): readonly [State, Output]
  /** What the runtime tells of other actors, `down` and `exit`: the next state. Without it the server is told nothing. */
  info?(state: NoInfer<State>, info: Info, context: ActorContext<NoInfer<Input>, NoInfer<Output>>): State
  /** Saves the state. Called with the last good state, also after a crash; not when the actor is killed or its core dies. */
  terminate?(state: NoInfer<State>, reason: ExitReason): void | Promise<void>
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
  const program: Program<State, Argument, Input, Output> = {
    init: (argument, context) => definition.init(argument, context),
    receive(state: State, input: Input, context: ActorContext<Input, Output>): State {
      const result = definition.step(state, input)
      if (!isStep(result)) throw badStep(name, result)
      if (context.isAsked) context.reply(result[1])
      return result[0]
    },
    ...(definition.info === undefined ? {} : { info: (state, info, context) => definition.info?.(state, info, context) }),
    ...(definition.terminate === undefined
      ? {}
      : { terminate: (state: State, reason: ExitReason) => definition.terminate?.(state, reason) }),
    ...(definition.redact === undefined ? {} : { redact: (state: State) => definition.redact?.(state) }),
  }
  const behaviour = createBehaviour('server', module, name, program, options)
  return Object.freeze({ ...behaviour, definition }) as Server<Argument, State, Input, Output>
}

/** What a server did with a list of inputs. */
export interface Run<State, Output> {
  readonly state: State
  readonly outputs: readonly Output[]
  /** The last of the outputs; undefined for no inputs. */
  readonly output: Output | undefined
}

/**
 * Steps a server through `inputs` from `state`, without a runtime (R1.2): `run(hits, 0, [{ type: 'increment' }, { type: 'read' }])`. A step
 * that throws, throws here.
 */
export function run<Argument, State, Input, Output>(
  server: Server<Argument, State, Input, Output>,
  state: NoInfer<State>,
  inputs: Iterable<NoInfer<Input>>,
): Run<State, Output> {
  const outputs: Output[] = []
  let current = state
  for (const input of inputs) {
    const result = server.definition.step(current, input)
    if (!isStep(result)) throw badStep(server.name, result)
    current = result[0]
    outputs.push(result[1])
  }
  return { state: current, outputs, output: outputs.at(-1) }
}

function isStep(result: unknown): result is readonly [unknown, unknown] {
  return Array.isArray(result) && result.length === 2
}

function badStep(name: string, result: unknown): CambiumError {
  const found =
    result instanceof Promise
      ? 'a promise'
      : Array.isArray(result)
        ? `an array of ${result.length}`
        : result === null
          ? 'null'
          : typeof result
  return new CambiumError('ERR_BAD_STEP', `step returned no [state, output]: server=${name}, found ${found}`, {
    severity: 'crash',
    fields: { server: name, found },
  })
}

function checkDefinition(name: string, definition: object): void {
  if (typeof definition !== 'object' || definition === null) throw wrong(name, 'definition is no object')
  for (const callback of ['init', 'step', 'info', 'terminate', 'redact', 'decode', 'encode'] as const) {
    const isNeeded = callback === 'init' || callback === 'step'
    const value: unknown = Reflect.get(definition, callback)
    if (typeof value !== 'function' && (isNeeded || value !== undefined))
      throw wrong(name, `${callback} is ${typeof value}, expected a function`)
  }
}

function wrong(name: string, problem: string): CambiumError {
  return new CambiumError('ERR_BEHAVIOUR', `server is wrong: name=${name}, ${problem}`, { fields: { name } })
}
