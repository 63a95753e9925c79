/** Steps a server through inputs without a runtime (R1.2). */
import type { Ref } from '@cambium/actor'
import { CambiumError, optionError } from '@cambium/base'
import { hibernated } from './define-server.ts'
import type { Server } from './define-server.ts'
import { tokenWithoutRuntime } from './run-token.ts'
import { badStep, checkActions, isStep, NO_REPLY } from './server-step.ts'
import type { ServerAction, ServerTurn } from './server-step.ts'

/** Steps in a row that one input may continue with: a server would go on and on, a test is to end. */
const RUN_CONTINUES_MAX = 1_000_000

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
 * is handled at once, 1,000,000 steps at most (`ERR_ENDLESS_CONTINUE`). A step that throws, throws here. Throws `ERR_OPTION`.
 */
export function run<Argument, State, Input, Output>(
  server: Server<Argument, State, Input, Output>,
  state: NoInfer<State>,
  inputs: Iterable<NoInfer<Input>>,
): Run<State, Output, Input> {
  const { kind, definition } = Object(server) as Partial<typeof server>
  if (kind !== 'server' || typeof definition !== 'object') throw optionError('server', server, 'what defineServer returned')
  if (typeof Object(inputs)[Symbol.iterator] !== 'function') throw optionError('inputs', inputs, 'an iterable of inputs')
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
  /** What it continues with; the next one is the last. */
  #continued: Input[] = []

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
    for (let steps = 1; this.#continued.length > 0; steps += 1) {
      if (steps > RUN_CONTINUES_MAX) throw endlessContinue(this.#server.name)
      this.#step(this.#continued.pop() as Input, new RunTurn<Output>(undefined))
    }
  }

  #step(input: Input, turn: ServerTurn<Output>): unknown {
    const { definition, name } = this.#server
    const result: unknown = definition.step(this.state, input, turn)
    if (!isStep(result)) throw badStep(name, result)
    const actions = checkActions<Input, Output>(name, result[2] ?? [])
    this.state = result[0] as State
    this.#act(actions)
    return result[1]
  }

  #act(actions: readonly ServerAction<Input, Output>[]): void {
    const { definition, name } = this.#server
    const continued: Input[] = []
    for (const action of actions) {
      switch (action.type) {
        case 'continue':
          continued.push(action.input)
          break
        case 'timeout':
          this.timeouts.push(action)
          break
        case 'reply':
          action.to.tell(action.value)
          break
        case 'hibernate':
          this.state = hibernated(name, definition, this.state)
          break
        case 'stop':
          this.isStopped = true
          break
      }
    }
    if (this.isStopped) this.#continued = []
    else for (const input of continued.reverse()) this.#continued.push(input)
  }
}

function endlessContinue(server: string): CambiumError {
  const message = `server continues without an end: server=${server}, max=${RUN_CONTINUES_MAX}`
  return new CambiumError('ERR_ENDLESS_CONTINUE', message, { severity: 'crash', fields: { server, max: RUN_CONTINUES_MAX } })
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
    return tokenWithoutRuntime(settle)
  }
}
