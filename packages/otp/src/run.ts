/** Steps a server through inputs without a runtime (R1.2). */
import { ActorRef } from '@cambium/actor'
import type { Ref } from '@cambium/actor'
import { CambiumError } from '@cambium/base'
import type { Server } from './define-server.ts'
import { badAction, badStep, isStep, NO_REPLY } from './server-step.ts'
import type { ServerAction, ServerTurn } from './server-step.ts'

/** What a server did with a list of inputs. */
export interface Run<State, Output, Input> {
  readonly state: State
  /** The answer to each input; undefined where there was none. One that was given later, by its token, is there too. */
  readonly outputs: readonly (Output | undefined)[]
  /** The last of the outputs; undefined for no inputs. */
  readonly output: Output | undefined
  /** Timeouts that it wanted, and cancelled, in order: no time passes here. */
  readonly timeouts: readonly Extract<ServerAction<Input>, { readonly type: 'timeout' }>[]
  /** Whether it wanted to stop; inputs after that are not handled. */
  readonly isStopped: boolean
}

/**
 * Steps a server through `inputs` from `state`, without a runtime: `run(hits, 0, [{ type: 'increment' }, { type: 'read' }])`. Each input counts as asked; what it continues with
 * is handled at once. A step that throws, throws here.
 */
export function run<Argument, State, Input, Output>(
  server: Server<Argument, State, Input, Output>,
  state: NoInfer<State>,
  inputs: Iterable<NoInfer<Input>>,
): Run<State, Output, Input> {
  const stepper = new Stepper(server, state)
  for (const input of inputs) {
    if (stepper.isStopped) break
    stepper.handle(input)
  }
  const { outputs, timeouts, isStopped } = stepper
  return { state: stepper.state, outputs, output: outputs.at(-1), timeouts, isStopped }
}

class Stepper<State, Input, Output> {
  state: State
  readonly outputs: (Output | undefined)[] = []
  readonly timeouts: Extract<ServerAction<Input>, { readonly type: 'timeout' }>[] = []
  isStopped = false
  readonly #server: Server<never, State, Input, Output>

  constructor(server: Server<never, State, Input, Output>, state: State) {
    this.#server = server
    this.state = state
  }

  handle(input: Input): void {
    const at = this.outputs.push(undefined) - 1
    let isOwed = true
    const settle = (value: unknown): void => {
      if (!isOwed) return // a dead letter
      isOwed = false
      this.outputs[at] = value as Output
    }
    const turn = new RunTurn<Output>(settle)
    const output = this.#step(input, turn)
    if (output !== NO_REPLY && turn.isAsked) settle(output)
  }

  #step(input: Input, turn: ServerTurn<Output>): unknown {
    const { definition, name } = this.#server
    const result: unknown = definition.step(this.state, input, turn)
    if (!isStep(result)) throw badStep(name, result)
    this.state = result[0] as State
    for (const action of (result[2] ?? []) as readonly ServerAction<Input>[]) this.#act(action)
    return result[1]
  }

  #act(action: ServerAction<Input>): void {
    const { definition, name } = this.#server
    switch (action.type) {
      case 'continue':
        this.#step(action.input, new RunTurn<Output>(undefined))
        return
      case 'timeout':
        this.timeouts.push(action)
        return
      case 'reply':
        action.to.tell(action.value)
        return
      case 'hibernate':
        this.state = definition.hibernate?.(this.state) ?? this.state
        return
      case 'stop':
        this.isStopped = true
        return
      default:
        throw badAction(name, action)
    }
  }
}

class RunTurn<Output> implements ServerTurn<Output> {
  readonly #settle: ((value: unknown) => void) | undefined
  #isTaken = false

  /** Nobody has asked without `settle`. */
  constructor(settle: ((value: unknown) => void) | undefined) {
    this.#settle = settle
  }

  get isAsked(): boolean {
    return this.#settle !== undefined && !this.#isTaken
  }

  now(): number {
    return 0
  }

  replyToken(): Ref<Output> {
    const settle = this.#settle
    if (settle === undefined || this.#isTaken)
      throw new CambiumError('ERR_NOT_ASKED', 'input in hand expects no reply, or has one')
    this.#isTaken = true
    const nobody = (): never => {
      throw new CambiumError('ERR_NO_RUNTIME', 'token of `run` can only be told its answer', { severity: 'mistake' })
    }
    const host = {
      tell: (_target: unknown, value: unknown) => settle(value),
      trySend: nobody,
      send: nobody,
      ask: nobody,
      after: nobody,
    }
    return new ActorRef(host, 0, 0, 0) as unknown as Ref<Output>
  }
}
