/** What users write of a stage: the callbacks of producers, processors and consumers. */
import type { ActorContext, BehaviourMailboxOptions, ExitReason, IGNORE, Info } from '@cambium/actor'
import type { BufferOptions, Dispatcher } from './dispatcher.ts'
import type { ProducerRef } from './stage-protocol.ts'
import type { Subscription } from './subscription.ts'

/** The next state and the events to send; with `'end'` these are the last. */
export type GivingStep<State, Event> = readonly [state: State, events: readonly Event[], end?: 'end']

/** A subscription of this stage that has begun. */
export interface BegunSubscription {
  /** Its number, for `askEvents` and `unsubscribe`. A subscription that is made again has another one. */
  readonly id: number
  /** The producer, or the name by which it is found. */
  readonly to: ProducerRef<never> | string
}

/** A subscription of this stage that has ended, while the stage lives on. */
export interface CancelledSubscription extends BegunSubscription {
  /** How the producer ended; `normal` when it was done, or the subscription was ended from this side. */
  readonly reason: ExitReason
  /** Whether it is made again, as its `resubscribe` says. */
  readonly again: boolean
}

interface AnyStage<Argument, State> {
  /** The first state; `IGNORE` for no stage at all. Runs again after each restart. */
  init(argument: Argument, context: ActorContext): State | typeof IGNORE | Promise<State | typeof IGNORE>
  /** What the runtime tells of other actors that this stage monitors or has linked itself: the next state. */
  info?(state: NoInfer<State>, info: Info, context: ActorContext): State
  /** Called with the last good state, also after a crash; not when the stage is killed or its core dies. */
  terminate?(state: NoInfer<State>, reason: ExitReason): void | Promise<void>
  /** What crash reports, and whoever asks for the status, are shown in place of the state. @default the state */
  redact?(state: NoInfer<State>): unknown
}

interface Giving<Event> {
  /** Who gets the events. @default { kind: 'demand' } */
  readonly dispatcher?: Dispatcher<Event>
  /** For events that nobody has asked for. */
  readonly buffer?: BufferOptions
}

interface Taking<Argument, State, Event> {
  /** Whom to take events from; made again after each restart. @default nobody, until `subscribe` is called */
  subscribe?(argument: NoInfer<Argument>): readonly Subscription<Event>[]
  /** Collect events: `handle` is called with `size` of them, or fewer when `timeMs` have passed since the first. @default as they come */
  readonly batch?: {
    /** 1 to 65,536, and no more than each subscription's `maxDemand`. */
    readonly size: number
    /** Milliseconds. @default Infinity */
    readonly timeMs?: number
  }
  /** A subscription has begun, those that are made again included: the next state. One with `manual` demand asks here for its first events. */
  subscribed?(state: NoInfer<State>, subscription: BegunSubscription, context: ActorContext): State
  /** A subscription has ended, and the stage lives on: the next state. */
  cancelled?(state: NoInfer<State>, subscription: CancelledSubscription): State
}

export interface ProducerDefinition<Argument, State, Event, Message, Reply> extends AnyStage<Argument, State>, Giving<Event> {
  /**
   * Events are wanted: `count` of them, all that is asked for and not sent. It may answer fewer, and is asked for the rest at once, or none, and is asked again when
   * more is wanted or after a message. More than are wanted are buffered. With a promise the stage takes its next message after it has settled.
   */
  demand(state: State, count: number, context: ActorContext): GivingStep<State, Event> | Promise<GivingStep<State, Event>>
  /** A message of its own: the next state, and events, wanted or not. */
  message?(
    state: NoInfer<State>,
    message: Message,
    context: ActorContext<NoInfer<Message>, Reply>,
  ): GivingStep<NoInfer<State>, Event> | Promise<GivingStep<NoInfer<State>, Event>>
}

export interface ProcessorDefinition<Argument, State, In, Out, Message, Reply>
  extends AnyStage<Argument, State>, Giving<Out>, Taking<Argument, State, In> {
  /** Events have come, and what becomes of them is wanted: the next state, and the events to send. */
  handle(state: State, events: readonly In[], context: ActorContext): GivingStep<State, Out> | Promise<GivingStep<State, Out>>
  /** All producers are done: the last events. Then the stage ends, `normal`. */
  finish?(
    state: NoInfer<State>,
    context: ActorContext,
  ): GivingStep<NoInfer<State>, Out> | Promise<GivingStep<NoInfer<State>, Out>>
  /** A message of its own: the next state, and events, wanted or not. */
  message?(
    state: NoInfer<State>,
    message: Message,
    context: ActorContext<NoInfer<Message>, Reply>,
  ): GivingStep<NoInfer<State>, Out> | Promise<GivingStep<NoInfer<State>, Out>>
}

export interface ConsumerDefinition<Argument, State, Event, Message, Reply>
  extends AnyStage<Argument, State>, Taking<Argument, State, Event> {
  /** Events have come: the next state. With a promise no more are handled, nor asked for, until it has settled. */
  handle(state: State, events: readonly Event[], context: ActorContext): State | Promise<State>
  /** All producers are done. Then the stage ends, `normal`. */
  finish?(state: NoInfer<State>, context: ActorContext): NoInfer<State> | Promise<NoInfer<State>>
  /** A message of its own: the next state. */
  message?(
    state: NoInfer<State>,
    message: Message,
    context: ActorContext<NoInfer<Message>, Reply>,
  ): NoInfer<State> | Promise<NoInfer<State>>
}

export interface StageOptions<Message> {
  /** Capacity for messages, the stage's own ones included, and the priority of the user's. @default a capacity of 65,536 */
  readonly mailbox?: Pick<BehaviourMailboxOptions<Message>, 'capacity' | 'priority'>
  /** How long one callback may run without giving way, in milliseconds. @default the system's `turnTimeoutMs` */
  readonly budgetMs?: number
}
