/**
 * A behaviour: code that makes actors. Code cannot cross threads, so a behaviour is named by its module's URL and its name, and
 * each core imports the module on first use (D13): it must be exported from that module.
 */
import { CambiumError, checkBoolean, checkDuration, checkFields, checkOneOf, unknownFieldOf } from '@cambium/base'
import { declareMessageLayouts } from '@cambium/codec'
import type { AnyLayout, LayoutsFor, MessageLayouts, TaggedLayouts } from '@cambium/codec'
import type { ActorContext } from './context.ts'
import type { ExitReason } from './exit-reason.ts'
import type { IGNORE } from './ignore.ts'
import type { Info } from './info.ts'
import { checkBehaviourMailbox } from './mailbox-options.ts'
import type { BehaviourMailboxOptions, MailboxOptions } from './mailbox-options.ts'
import type { Priority } from './priority.ts'

/** The callbacks that a core runs. Every behaviour, whatever its public form, is brought to this one. */
export interface Program<State, Argument, Messages, Reply> {
  /** Makes the state of a new incarnation; {@link IGNORE} for none. A throw or rejection is a failed start. */
  init(argument: Argument, context: ActorContext<Messages, Reply>): State | typeof IGNORE | Promise<State | typeof IGNORE>
  /**
   * Handles one message. What it returns is the next state; `undefined` keeps the present one. With a promise (a native one) the
   * actor takes its next message after it has settled.
   */
  receive(state: State, message: Messages, context: ActorContext<Messages, Reply>): State | void | Promise<State | void>
  /** Handles what the runtime tells of other actors: `down` and `exit`. Returns like {@link receive}. Without it the actor is told nothing. */
  info?(state: State, info: Info, context: ActorContext<Messages, Reply>): State | void | Promise<State | void>
  /** Runs when the incarnation ends, whatever the reason. A throw is reported and changes nothing. */
  terminate?(state: State, reason: ExitReason, context: ActorContext<Messages, Reply>): void | Promise<void>
  /** What crash reports, and whoever asks for the status, are shown in place of the state: it without its secrets. @default the state */
  redact?(state: State): unknown
  /**
   * How the state travels when the actor moves to another core (`system.migrate`): `save` gives plain data for it, `load` makes the state of that there, both at once. One
   * that throws leaves the actor where it is. @default the state itself, which must be plain data then
   */
  readonly migrate?: Migration<State, ActorContext<Messages, Reply>>
  /** For a program that keeps another one's state inside its own: how those who look inside get at it. */
  readonly inner?: { read(state: State): unknown; write(state: State, inner: unknown): State }
}

/** How a state travels to another core. */
export interface Migration<State, Context = ActorContext> {
  save(state: State): unknown
  load(saved: unknown, context: Context): State
}

declare const phantom: unique symbol

export interface Behaviour<Argument, Messages, Reply = unknown> {
  readonly kind: string
  /** URL of the module that exports this behaviour. */
  readonly module: string
  readonly name: string
  /** Checked and complete. */
  readonly mailbox: Required<MailboxOptions>
  /** What is declared for its messages. */
  readonly layouts: MessageLayouts | undefined
  readonly readsInPlace: boolean
  readonly isReentrant: boolean
  /** The system's balancer may move its actors. */
  readonly isBalanced: boolean
  /** How long one callback may take, in milliseconds; 0 without a limit of its own. */
  readonly budgetMs: number
  /** Of messages whose sender gave none. */
  readonly priority: ((message: never) => Priority) | undefined
  readonly program: Program<unknown, unknown, unknown, unknown>
  readonly [phantom]?: (argument: Argument, messages: Messages) => Reply
}

export interface BehaviourOptions<Messages = unknown> {
  /** Mailbox of the actors made from this behaviour, unless the spawn says otherwise. */
  readonly mailbox?: BehaviourMailboxOptions<Messages>
  /**
   * How long one of its callbacks may run without giving way, in milliseconds, from 10 to 86,400,000. One that takes longer has its core ended within 50 ms
   * more, and the actor is blamed for it. On core 0, the main thread, nobody can end it. @default the system's `turnTimeoutMs`
   */
  readonly budgetMs?: number
  /**
   * Layouts of its messages: `layout({ … })` when all of them have one shape, `byTag('type', { … })` for members of a union. Such messages are compiled from
   * the first one on; one that does not fit its layout is refused where it is sent, with `ERR_MESSAGE_LAYOUT`. @default shapes that repeat are learned
   */
  readonly layouts?: LayoutsFor<Messages>
  /**
   * Whether an actor handles messages while an asynchronous handler of it awaits: `never`, or those of its own chain of calls, that is, asks that somebody makes because
   * of what this handler has asked. What several handlers return replaces the state in the order in which they end: change a state in place that they
   * share. @default 'never'
   */
  readonly reentrant?: 'never' | 'call-chain'
  /**
   * Whether a synchronous handler is given messages with a declared layout as they lie in the ring: fields are read when they are asked for, and once the
   * handler has returned they throw `ERR_MESSAGE_GONE` (`keepMessage` keeps one). Messages of this core and those that had to wait are plain
   * objects as ever. @default false
   */
  readonly readInPlace?: boolean
  /** Whether the balancer, if the system has one (`startSystem({ balance })`), may move its actors to other cores. @default false */
  readonly balance?: boolean
}

const BUDGET_MS_MAX = 86_400_000
const CALLBACKS = ['init', 'receive', 'info', 'terminate', 'redact'] as const
const PROGRAM_FIELDS = [...CALLBACKS, 'migrate', 'inner']
const OPTION_FIELDS = ['mailbox', 'budgetMs', 'layouts', 'reentrant', 'readInPlace', 'balance']
const BRAND = Symbol.for('cambium.behaviour')

/** True for what {@link defineActor} and its kin return, from whichever copy of the package. */
export function isBehaviour(value: unknown): value is Behaviour<unknown, unknown> {
  return typeof value === 'object' && value !== null && BRAND in value
}

/** Defines an actor by its callbacks. `module` is `import.meta.url` of the exporting module. Throws `ERR_BEHAVIOUR` for a wrong definition, `ERR_OPTION`. */
export function defineActor<Argument, Messages, Reply = unknown, State = unknown>(
  module: string | URL,
  name: string,
  program: Program<State, Argument, Messages, Reply>,
  options: NoInfer<BehaviourOptions<Messages>> = {},
): Behaviour<Argument, Messages, Reply> {
  return createBehaviour('actor', module, name, program, options)
}

/** For packages that define further kinds of behaviour over {@link Program}. */
export function createBehaviour<Argument, Messages, Reply, State>(
  kind: string,
  module: string | URL,
  name: string,
  program: Program<State, Argument, Messages, Reply>,
  options: NoInfer<BehaviourOptions<Messages>> = {},
): Behaviour<Argument, Messages, Reply> {
  const url = String(module)
  if (!URL.canParse(url)) throw behaviourError(name, `module=${JSON.stringify(url)}, expected a URL such as import.meta.url`)
  if (typeof name !== 'string' || name === '') throw behaviourError(String(name), 'name is empty, expected a non-empty string')
  if (typeof program !== 'object' || program === null) throw behaviourError(name, 'expected an object of callbacks')
  for (const callback of CALLBACKS) {
    const value = program[callback]
    const isOptional = callback !== 'init' && callback !== 'receive'
    if (typeof value !== 'function' && !(isOptional && value === undefined)) {
      throw behaviourError(name, `${callback} is ${typeof value}, expected a function`)
    }
  }
  const { migrate } = program
  if (migrate !== undefined && (typeof migrate?.save !== 'function' || typeof migrate.load !== 'function'))
    throw behaviourError(name, 'migrate is wrong, expected two functions, save and load')
  const unknown = unknownFieldOf(program, PROGRAM_FIELDS)
  if (unknown !== undefined) throw behaviourError(name, unknown)
  checkFields('options', options, OPTION_FIELDS)
  const layouts = options.layouts === undefined ? undefined : declareMessageLayouts(options.layouts as AnyLayout | TaggedLayouts)
  const { readInPlace = false } = options
  if (typeof readInPlace !== 'boolean' || (readInPlace && layouts === undefined)) {
    throw behaviourError(name, `readInPlace is ${String(readInPlace)}, expected true or false, and layouts with it`)
  }
  const isReentrant = checkOneOf('reentrant', options.reentrant, ['never', 'call-chain'] as const, 'never') === 'call-chain'
  const { mailbox, priority } = checkBehaviourMailbox(options.mailbox ?? {})
  const budgetMs =
    options.budgetMs === undefined
      ? 0
      : Math.ceil(checkDuration('budgetMs', options.budgetMs, { default: 0, min: 10, max: BUDGET_MS_MAX }))
  const behaviour = {
    kind,
    module: url,
    name,
    mailbox,
    priority,
    layouts,
    readsInPlace: readInPlace,
    isReentrant,
    isBalanced: checkBoolean('balance', options.balance, false),
    budgetMs,
    program,
    [BRAND]: true,
  }
  return Object.freeze(behaviour) as unknown as Behaviour<Argument, Messages, Reply>
}

function behaviourError(name: string, problem: string): CambiumError {
  return new CambiumError('ERR_BEHAVIOUR', `behaviour is wrong: name=${name}, ${problem}`, { fields: { name } })
}
