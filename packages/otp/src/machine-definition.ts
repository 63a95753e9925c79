/**
 * What a state machine is made of, as types. One interface names them all, and the rest follows from it: a state that leaves an event
 * out does not compile, nor does a transition without the data of its target.
 */
import type { ActorContext, ExitReason, IGNORE, Info, Ref, ReplyTo } from '@cambium/actor'

/** The types of a machine: `interface Door { argument: string; states: { locked: Locked; open: Open }; event: DoorEvent }`. */
export interface MachineTypes {
  /** What `init` takes. */
  readonly argument: unknown
  /** The states by name, each with its data. */
  readonly states: object
  /** What comes by tell and ask; a member may be a `Call`, with its reply. */
  readonly event: { readonly type: string }
  /** What the machine inserts for itself by `next_event`, besides `event`. */
  readonly internal?: { readonly type: string }
  /** What it answers to events that are no `Call`. */
  readonly reply?: unknown
  /** `true`: it is told of the ends of other actors that it monitors or is linked to. */
  readonly info?: true
  /** Names of the timeouts that survive a change of state. */
  readonly timeout?: string
}

export type StateOf<T extends MachineTypes> = keyof T['states'] & string
export type DataOf<T extends MachineTypes, S extends StateOf<T>> = T['states'][S]
export type ReplyOf<T extends MachineTypes> = T extends { readonly reply: infer R } ? R : unknown
type TimeoutOf<T extends MachineTypes> = T extends { readonly timeout: infer N extends string } ? N : never
type InfoOf<T extends MachineTypes> = T extends { readonly info: true } ? true : never
type InternalOf<T extends MachineTypes> = T extends { readonly internal: infer E extends { readonly type: string } } ? E : never
type EventOf<T extends MachineTypes> = T['event'] | InternalOf<T>

/** A member that is there for machines that have named what it is about, and then in every state. */
type Where<Names, Fields, Key extends string> = [Names] extends [never] ? { readonly [K in Key]?: undefined } : Fields

/** A state and its data. */
export type MachineSnapshot<T extends MachineTypes> = {
  readonly [S in StateOf<T>]: { readonly state: S; readonly data: DataOf<T, S> }
}[StateOf<T>]

/** What a handler may look at besides the data and the event. */
export interface MachineTurn<T extends MachineTypes, R = never> {
  /** Whether the event in hand came by ask, and its answer was neither given nor left to a token. */
  readonly isAsked: boolean
  /**
   * Whom the answer goes to, for later and from elsewhere: a ref that is told it, once, by whichever actor. It may be kept in the data. Throws `ERR_NOT_ASKED` unless `isAsked`.
   * Who neither answers, postpones nor takes it leaves the asker with `ERR_NO_REPLY` at once.
   */
  replyToken(): Ref<R>
  /** Monotonic milliseconds; virtual in `runMachine` and in the simulator. */
  now(): number
  /** Of the running actor. In `runMachine` what the test gave; the rest of it throws `ERR_NO_RUNTIME`. */
  readonly context: ActorContext<T['event'], ReplyOf<T>>
}

/** Starts, cancels or changes a timeout. One that is started again runs anew; `ms` of 0 comes after what is queued in the machine already. */
export type TimeoutAction<N extends string = string> = (
  | { readonly type: 'event_timeout' | 'state_timeout' }
  | { readonly type: 'timeout'; readonly name: N }
) &
  (
    | { readonly ms: number; readonly content?: unknown }
    | { readonly cancel: true }
    /** New content for the one that runs; where none runs, it comes at once. */
    | { readonly update: unknown }
  )

export interface ReplyAction<R> {
  readonly type: 'reply'
  /** For whoever asked the event in hand; nothing happens when it was told. A later one is told to its token. */
  readonly value: R
}

/** Postpones the event in hand until the state has changed. */
export interface PostponeAction {
  readonly type: 'postpone'
}

/** Calls `hibernate` once nothing is queued in the machine. */
export interface HibernateAction {
  readonly type: 'hibernate'
}

/** Inserts an event that is handled before any other, the postponed ones too. Several keep their order. */
export interface NextEventAction<E> {
  readonly type: 'next_event'
  readonly event: E
}

export type EnterAction<T extends MachineTypes> = HibernateAction | TimeoutAction<TimeoutOf<T>>
export type StartAction<T extends MachineTypes> = EnterAction<T> | NextEventAction<EventOf<T>>
export type MachineAction<T extends MachineTypes, R = never> = StartAction<T> | ReplyAction<R> | PostponeAction

/** Stays in the state: with new data, or the present. */
export interface Keep<D, A> {
  readonly state?: undefined
  readonly stop?: undefined
  readonly data?: D
  readonly actions?: readonly A[]
}

/** Stays in the state and enters it again. */
export interface Repeat<D, A> extends Keep<D, A> {
  readonly repeat: true
}

/** Ends the machine: `normal`, or as a crash with the error. */
export interface Stop<D, R> {
  readonly state?: undefined
  readonly stop: 'normal' | Error
  readonly data?: D
  readonly actions?: readonly ReplyAction<R>[]
}

/** Changes the state. Without `data`, which is allowed where it has the type, the present data goes along. */
export type Next<T extends MachineTypes, D, A> = {
  readonly [N in StateOf<T>]: {
    readonly state: N
    readonly stop?: undefined
    readonly actions?: readonly A[]
  } & ([D] extends [DataOf<T, N>] ? { readonly data?: DataOf<T, N> } : { readonly data: DataOf<T, N> })
}[StateOf<T>]

/** What a handler of a state with data `D` returns, for an event that is answered by `R`; nothing at all keeps state and data. */
export type MachineStep<T extends MachineTypes, D, R = never> =
  | Keep<D, MachineAction<T, R>>
  | Repeat<D, MachineAction<T, R>>
  | Next<T, D, MachineAction<T, R>>
  | Stop<D, R>

export type EnterStep<T extends MachineTypes, D> = Keep<D, EnterAction<T>> | Stop<D, never>

/** The members of `E` with that type, which may have others besides. */
type Named<E, K> = E extends { readonly type: infer U }
  ? [U] extends [K]
    ? E
    : K extends U
      ? E & { readonly type: K }
      : never
  : never

/** The reply to event `E`. */
type Answer<T extends MachineTypes, E> = ReplyTo<E, T['event'], ReplyOf<T>>

/** A state's answer to one kind of event. `postpone`: not before the state has changed; `ignore`: the event is dropped, on purpose. */
export type EventHandler<T extends MachineTypes, D, E> =
  | 'postpone'
  | 'ignore'
  | ((data: D, event: E, turn: MachineTurn<T, Answer<T, E>>) => MachineStep<T, D, Answer<T, E>> | void)

export type TimeoutHandler<T extends MachineTypes, D> = (
  data: D,
  content: unknown,
  turn: MachineTurn<T>,
) => MachineStep<T, D> | void

/** A state's answer to the end of another actor: `down` or `exit`. */
export type InfoHandler<T extends MachineTypes, D> = (data: D, info: Info, turn: MachineTurn<T>) => MachineStep<T, D> | void

export type StateDefinition<T extends MachineTypes, D> = {
  /** Every event has its handler here, or is left out by name. */
  readonly on: {
    readonly [K in EventOf<T>['type']]: EventHandler<T, D, Named<EventOf<T>, K>>
  }
  /** Runs at the start, after each change to this state (`from` is the one before), and on `repeat`. */
  enter?(data: D, from: StateOf<T>, turn: MachineTurn<T>): EnterStep<T, D> | void
  /** Comes when no event at all has come since it was started. */
  readonly eventTimeout?: TimeoutHandler<T, D>
  /** Comes when the state has not changed since it was started. */
  readonly stateTimeout?: TimeoutHandler<T, D>
} & Where<
  TimeoutOf<T>,
  { readonly timeouts: { readonly [N in TimeoutOf<T>]: 'postpone' | 'ignore' | TimeoutHandler<T, D> } },
  'timeouts'
> &
  Where<InfoOf<T>, { readonly info: 'postpone' | 'ignore' | InfoHandler<T, D> }, 'info'>

/** Where a machine starts; `IGNORE` for no machine at all. */
export type MachineStart<T extends MachineTypes> =
  | (MachineSnapshot<T> & { readonly actions?: readonly StartAction<T>[] })
  | typeof IGNORE

export interface MachineDefinition<T extends MachineTypes> {
  /**
   * The first state, or `IGNORE`. Runs again after each restart. What it inserts by `next_event`, and what follows from that, is handled before `init` is
   * done, and so before any message.
   */
  init(argument: T['argument'], context: ActorContext<T['event'], ReplyOf<T>>): MachineStart<T> | Promise<MachineStart<T>>
  readonly states: { readonly [S in StateOf<T>]: StateDefinition<T, DataOf<T, S>> }
  /** Called with the last good state, also after a crash; not when the actor is killed or its core dies. */
  terminate?(last: MachineSnapshot<T>, reason: ExitReason): void | Promise<void>
  /** What crash reports, and whoever asks for the status, are shown: it without its secrets. @default state and data */
  redact?(last: MachineSnapshot<T>): unknown
  /** For `hibernate`: the data without what can be made again. */
  hibernate?(last: MachineSnapshot<T>): MachineSnapshot<T>['data']
}
