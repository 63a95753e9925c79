/**
 * The state machine behaviour, in the form of Erlang's gen_statem: handlers by state and event, pure by convention, and the runtime makes a
 * concurrent, supervised machine of them. `runMachine` runs it without any.
 */
import { createBehaviour, IGNORE } from '@cambium/actor'
import type { ActorContext, Behaviour, BehaviourOptions, ExitReason, Info, Program, Ref } from '@cambium/actor'
import { CambiumError, optionError, unknownFieldOf } from '@cambium/base'
import type { MachineDefinition, MachineTypes, ReplyOf } from './machine-definition.ts'
import { type AnyDefinition, type Asker, MachineEngine, type MachineHost } from './machine-engine.ts'

/** A state machine: a behaviour to spawn, and its definition to run without a runtime. */
export interface StateMachine<T extends MachineTypes> extends Behaviour<T['argument'], T['event'], ReplyOf<T>> {
  readonly definition: MachineDefinition<T>
}

/**
 * Defines a state machine and exports it under `name` from the module whose URL is given: `defineStateMachine<Door>(import.meta.url, 'door', { … })`.
 * Throws `ERR_BEHAVIOUR` when a callback or a handler is missing, unknown or of the wrong kind, `ERR_OPTION`.
 */
export function defineStateMachine<T extends MachineTypes>(
  module: string | URL,
  name: string,
  definition: MachineDefinition<T>,
  options: NoInfer<BehaviourOptions<T['event']>> = {},
): StateMachine<T> {
  const plain = checkMachine(name, definition as unknown as AnyDefinition)
  const program: Program<MachineEngine, T['argument'], T['event'], ReplyOf<T>> = {
    init(argument, context): MachineEngine | typeof IGNORE | Promise<MachineEngine | typeof IGNORE> {
      const engine = new MachineEngine(name, plain, new ActorHost(context as ActorContext))
      const start = (first: unknown): MachineEngine | typeof IGNORE => {
        if (first === IGNORE) return IGNORE
        engine.start(first)
        endIfStopped(engine, context as ActorContext)
        return engine
      }
      const first: unknown = plain.init(argument, context)
      return first instanceof Promise ? first.then(start) : start(first)
    },
    receive(engine, message, context): void {
      if (isExpiry(message)) engine.expired(message.key)
      else engine.handle(message, context.isAsked ? new ActorAsker(context as ActorContext) : undefined)
      endIfStopped(engine, context as ActorContext)
    },
    ...(Object.values(plain.states).some((state) => state.info !== undefined)
      ? {
          info(engine: MachineEngine, info: Info, context: ActorContext<T['event'], ReplyOf<T>>): void {
            engine.info(info)
            endIfStopped(engine, context as ActorContext)
          },
        }
      : {}),
    inner: {
      read: ({ state, data }: MachineEngine): unknown => ({ state, data }),
      write(engine: MachineEngine, inner: unknown): MachineEngine {
        engine.replace(inner)
        return engine
      },
    },
    ...(plain.redact === undefined
      ? {}
      : { redact: ({ state, data }: MachineEngine): unknown => plain.redact?.({ state, data }) }),
    ...(plain.terminate === undefined
      ? {}
      : {
          terminate: ({ state, data }: MachineEngine, reason: ExitReason) =>
            plain.terminate?.({ state, data }, reason) as void | Promise<void>,
        }),
  }
  const behaviour = createBehaviour('state machine', module, name, program, sparingExpiries(options))
  return Object.freeze({ ...behaviour, definition }) as StateMachine<T>
}

/** For what runs machines without a runtime. Throws `ERR_OPTION`. */
export function checkIsMachine(machine: unknown): void {
  const { kind, definition } = Object(machine) as { readonly kind?: unknown; readonly definition?: unknown }
  if (kind !== 'state machine' || typeof definition !== 'object')
    throw optionError('machine', machine, 'what defineStateMachine returned')
}

/** The message of a timer that the machine set for itself; no sender can make one. */
class Expiry {
  readonly key: string

  constructor(key: string) {
    this.key = key
  }
}

function isExpiry(message: unknown): message is Expiry {
  return message instanceof Expiry
}

/** What the user says of the priority of messages is about events; a timeout is none of them. */
function sparingExpiries<E>(options: BehaviourOptions<E>): BehaviourOptions<E> {
  const { mailbox } = Object(options) as BehaviourOptions<E> // which are not checked yet
  const priority = mailbox?.priority
  if (typeof priority !== 'function') return options
  return {
    ...options,
    mailbox: { ...mailbox, priority: (message) => (isExpiry(message) ? 'normal' : priority(message)) },
  }
}

class ActorHost implements MachineHost {
  readonly context: ActorContext

  constructor(context: ActorContext) {
    this.context = context
  }

  now(): number {
    return this.context.now()
  }

  setTimer(key: string, ms: number): void {
    this.context.setTimer(key, ms, new Expiry(key))
  }

  cancelTimer(key: string): void {
    this.context.cancelTimer(key)
  }
}

/** Answers the message in hand, until it is kept; from then on by a token, which a handler may take at any later turn. */
class ActorAsker implements Asker {
  isAsked = true
  readonly #context: ActorContext
  #token: Ref<unknown> | undefined = undefined

  constructor(context: ActorContext) {
    this.#context = context
  }

  reply(value: unknown): void {
    this.isAsked = false
    if (this.#token === undefined) this.#context.reply(value)
    else this.#token.tell(value)
  }

  keep(): void {
    if (this.isAsked) this.#token ??= this.#context.replyToken()
  }

  token(): Ref<unknown> {
    this.isAsked = false
    return (this.#token ??= this.#context.replyToken())
  }
}

function endIfStopped({ stopped }: MachineEngine, context: ActorContext): void {
  if (stopped === undefined) return
  if (stopped === 'normal') context.stop()
  else context.stop(stopped)
}

const CALLBACKS = ['init', 'terminate', 'hibernate', 'redact'] as const
const STATE_FIELDS = ['on', 'enter', 'eventTimeout', 'stateTimeout', 'timeouts', 'info']

function checkMachine(name: string, definition: AnyDefinition): AnyDefinition {
  if (typeof definition !== 'object' || definition === null) throw wrong(name, 'definition is no object')
  for (const callback of CALLBACKS) checkFunction(name, callback, definition[callback], callback === 'init')
  const unknown = unknownFieldOf(definition, [...CALLBACKS, 'states'])
  if (unknown !== undefined) throw wrong(name, unknown)
  const { states } = definition
  if (typeof states !== 'object' || states === null || Object.keys(states).length === 0)
    throw wrong(name, 'states is no object with states')
  for (const [state, each] of Object.entries(states)) {
    const path = `states.${state}`
    if (typeof each !== 'object' || each === null)
      throw wrong(name, `${path} is ${each === null ? 'null' : typeof each}, expected an object`)
    const other = unknownFieldOf(each, STATE_FIELDS)
    if (other !== undefined) throw wrong(name, `${path}.${other}`)
    const { on, enter, eventTimeout, stateTimeout, timeouts = {}, info = 'ignore' } = each
    checkFunction(name, `${path}.enter`, enter, false)
    checkFunction(name, `${path}.eventTimeout`, eventTimeout, false)
    checkFunction(name, `${path}.stateTimeout`, stateTimeout, false)
    if (typeof on !== 'object' || on === null) throw wrong(name, `${path}.on is ${typeof on}, expected an object of handlers`)
    checkHandlers(name, `${path}.on`, on)
    checkHandlers(name, `${path}.timeouts`, timeouts)
    checkHandlers(name, path, { info })
  }
  return definition
}

function checkHandlers(name: string, path: string, handlers: Readonly<Record<string, unknown>>): void {
  for (const [key, handler] of Object.entries(handlers)) {
    if (typeof handler !== 'function' && handler !== 'postpone' && handler !== 'ignore')
      throw wrong(name, `${path}.${key} is ${typeof handler}, expected a function, postpone or ignore`)
  }
}

function checkFunction(name: string, path: string, value: unknown, isNeeded: boolean): void {
  if (typeof value !== 'function' && (isNeeded || value !== undefined))
    throw wrong(name, `${path} is ${typeof value}, expected a function`)
}

function wrong(name: string, problem: string): CambiumError {
  return new CambiumError('ERR_BEHAVIOUR', `state machine is wrong: name=${name}, ${problem}`, { fields: { name } })
}
