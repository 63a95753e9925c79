/**
 * One incarnation of a stage: the actor around {@link StageCore}. It turns messages into events of the core and does what the core says; all that concerns order and
 * demand is decided there.
 */
import { EXIT_NORMAL, IGNORE } from '@cambium/actor'
import type { ActorContext, ExitReason, Info, Monitor, Program, Ref } from '@cambium/actor'
import { optionError, toErrorRecord } from '@cambium/base'
import type { ErrorRecord } from '@cambium/base'
import type { RunContext } from '@cambium/scheduler'
import { disown } from '../disown.ts'
import { badStep, noSubscription } from './flow-errors.ts'
import { crashOf, endOf, isDemandError, reasonOf, Sources, unknownTo } from './sources.ts'
import type { SourceEntry } from './sources.ts'
import { StageCore } from './stage-core.ts'
import type { SourceEnd, StageAction, StageEvent, StageSetting } from './stage-core.ts'
import { isStageMessage } from './stage-protocol.ts'
import type { ConnectReply, ConsumerMessage, OwnMessage, StageMessage } from './stage-protocol.ts'
import { checkDemand, checkSubscription, DEMAND_MAX } from './subscription.ts'
import type { CheckedSubscription } from './subscription.ts'

type Callback = (state: unknown, ...rest: never[]) => unknown

/** A definition without its types. */
export interface PlainStage {
  init(argument: unknown, context: unknown): unknown
  subscribe?(argument: unknown): readonly unknown[]
  demand?: Callback
  handle?: Callback
  finish?: Callback
  message?: Callback
  info?: Callback
  subscribed?: Callback
  cancelled?: Callback
  terminate?: Callback
  redact?(state: unknown): unknown
  /** With a manual setting: how many more events have been handled, asked after each message. */
  handled?(state: unknown): number
}

type Event = StageEvent<unknown, unknown>
type Action = StageAction<unknown, unknown>
type Call = Extract<Action, { type: 'call' }>

/** Events in one message at most. */
const EVENTS_PER_MESSAGE_MAX = 512
const BATCH_TIMER = '$flow.batch'

/** By the context that the callbacks are given. */
const stages = new WeakMap<object, Stage>()

export function stageOf(context: object): Stage | undefined {
  return stages.get(context)
}

export function stageProgram(plain: PlainStage, setting: StageSetting): Program<Stage, unknown, unknown, unknown> {
  return {
    init(argument, context) {
      const start = (state: unknown): Stage | typeof IGNORE => {
        if (state === IGNORE) return IGNORE
        const stage = new Stage(plain, setting, context, state)
        stage.start(plain.subscribe === undefined ? [] : plain.subscribe(argument))
        return stage
      }
      const state: unknown = plain.init(argument, context)
      return state instanceof Promise ? state.then(start) : start(state)
    },
    receive: (stage, message) => stage.receive(message),
    info: (stage, info) => stage.info(info),
    terminate: (stage, reason) => stage.terminate(reason),
    inner: {
      read: (stage: Stage): unknown => stage.state,
      write(stage: Stage, inner: unknown): Stage {
        stage.state = inner
        return stage
      },
    },
    ...(plain.redact === undefined ? {} : { redact: (stage: Stage) => plain.redact?.(stage.state) }),
  }
}

export class Stage {
  /** The user's. */
  state: unknown
  readonly #plain: PlainStage
  readonly #setting: StageSetting
  readonly #context: ActorContext
  readonly #core: StageCore<unknown, unknown>
  readonly #sources: Sources
  readonly #subscribers = new Map<number, { readonly ref: Ref<ConsumerMessage<unknown>>; readonly monitor: Monitor }>()
  readonly #byMonitor = new Map<Monitor, number>()
  /** Subscribers that have been told that there is no more. */
  readonly #done = new Set<number>()

  constructor(plain: PlainStage, setting: StageSetting, context: ActorContext, state: unknown) {
    this.#plain = plain
    this.#setting = setting
    this.#context = context
    this.#core = new StageCore(setting)
    this.#sources = new Sources(context)
    this.state = state
    stages.set(context, this)
  }

  /** Throws `ERR_OPTION` and `ERR_DEMAND` for a wrong subscription; then there is none. */
  start(subscriptions: readonly unknown[]): void {
    disown(subscriptions)
    if (!Array.isArray(subscriptions))
      throw optionError('subscriptions', subscriptions, 'an array: what subscribe() is to return')
    const checked = Array.from(subscriptions, (each) => checkSubscription(each, this.#setting.batch))
    for (const each of checked) this.#subscribe(each)
  }

  /** Its own code wants events. Throws `ERR_DEMAND`, `ERR_NO_SUBSCRIPTION`. */
  demand(id: number, count: unknown): void {
    if (!this.#setting.takesEvents) throw noSubscription(this.#setting.stage, id)
    for (const action of this.#core.handle({ type: 'demand', id, count })) this.#do(action as Exclude<Action, Call>)
  }

  receive(message: unknown): void | Promise<void> {
    if (isStageMessage(message)) return this.#control(message)
    const { message: callback } = this.#plain
    if (callback === undefined) return // as a server without `info`: nobody is interested
    const result = this.#invoke(callback, message)
    return result instanceof Promise ? result.then((value: unknown) => this.#answered(value)) : this.#answered(result)
  }

  info(info: Info): void | Promise<void> {
    if (info.type === 'down') {
      const subscriber = this.#byMonitor.get(info.monitor)
      if (subscriber !== undefined) return this.#leave(subscriber, true)
      const source = this.#sources.byMonitor(info.monitor)
      if (source !== undefined) return this.#sourceEnded(source, endOf(info.reason), info.reason)
    }
    const { info: callback } = this.#plain
    if (callback !== undefined) this.state = this.#atOnce('info', this.#invoke(callback, info))
  }

  terminate(reason: ExitReason): void | Promise<void> {
    for (const event of this.#core.drain()) this.#bury('stopped', event)
    return this.#plain.terminate?.(this.state, reason as never) as void | Promise<void>
  }

  #control(message: StageMessage): void | Promise<void> {
    switch (message.$flow) {
      case 'subscribe':
        this.#subscriber(message)
        return
      case 'open':
        if (!this.#subscribers.has(message.id)) {
          const error = unknownTo(this.#context.self.toString())
          message.from.tell({ $flow: 'refused', id: message.id, error })
          return
        }
        return this.#asked(message.id, message.count, 0)
      case 'ask':
        return this.#asked(message.id, message.count, message.confirmed)
      case 'leave':
        if (!this.#done.has(message.id)) message.from.tell({ $flow: 'left', id: message.id })
        return this.#leave(message.id, false)
      case 'connect':
        return this.#connect(message.subscription)
      case 'disconnect': {
        const entry = this.#sources.get(message.id)
        if (this.#context.isAsked) this.#context.reply(entry !== undefined)
        entry?.ref?.tell({ $flow: 'leave', id: message.id, from: this.#context.self })
        return
      }
      case 'statistics':
        if (this.#context.isAsked) this.#context.reply({ counts: this.#core.counts })
        return
      case 'events':
        return this.#run({ type: 'events', id: message.id, events: message.events })
      case 'batch_due':
        return this.#run({ type: 'batch_due' })
      default:
        return this.#ofSource(message)
    }
  }

  /** What concerns one subscription of this stage. Of one that has ended, or is another incarnation's, nothing is to be known. */
  #ofSource(
    message: Extract<StageMessage, { $flow: 'subscribed' | 'find' | 'done' | 'left' | 'refused' }>,
  ): void | Promise<void> {
    const entry = this.#sources.get(message.id)
    if (entry === undefined) return
    if (message.$flow === 'find') {
      this.#sources.request(entry, message.delayMs)
      return
    }
    if (message.$flow === 'subscribed') return this.#subscribed(entry, message.answer)
    if (message.$flow === 'refused') return this.#sourceEnded(entry, 'abnormal', crashOf(message.error))
    if (message.$flow === 'done') entry.ref?.tell({ $flow: 'leave', id: entry.id, from: this.#context.self })
    return this.#sourceEnded(entry, message.$flow, EXIT_NORMAL)
  }

  #subscriber(message: Extract<StageMessage, { $flow: 'subscribe' }>): void {
    if (!this.#context.isAsked) return
    const { id, from, selection, partition } = message
    try {
      if (this.#setting.dispatch === undefined)
        throw optionError('subscription.to', this.#setting.stage, 'a stage that gives events')
      const maxDemand = checkDemand('maxDemand', message.maxDemand, 1, 1, DEMAND_MAX)
      const isNew = this.#core.subscribe(id, { maxDemand, selection, partition })
      if (isNew) this.#watch(id, from)
      this.#context.reply(isNew)
    } catch (error) {
      this.#context.reply(toErrorRecord(error)) // the mistake is the subscriber's
    }
  }

  #watch(id: number, ref: Ref<ConsumerMessage<unknown>>): void {
    const monitor = this.#context.monitor(ref)
    this.#subscribers.set(id, { ref, monitor })
    this.#byMonitor.set(monitor, id)
  }

  #asked(id: number, count: number, confirmed: number): void | Promise<void> {
    let actions: readonly Action[]
    try {
      actions = this.#core.handle({ type: 'ask', id, count, confirmed })
    } catch (error) {
      if (!isDemandError(error)) throw error
      this.#subscribers.get(id)?.ref.tell({ $flow: 'refused', id, error: toErrorRecord(error) })
      return this.#leave(id, false)
    }
    return this.#perform(actions)
  }

  #leave(id: number, isDead: boolean): void | Promise<void> {
    const monitor = this.#subscribers.get(id)?.monitor
    if (monitor === undefined) return
    this.#subscribers.delete(id)
    this.#byMonitor.delete(monitor)
    this.#context.demonitor(monitor, { flush: true })
    return this.#run({ type: 'leave', id, isDead })
  }

  #connect(subscription: unknown): void | Promise<void> {
    const answer: (reply: ConnectReply) => void = this.#context.isAsked ? this.#context.deferReply() : () => {}
    try {
      if (!this.#setting.takesEvents) throw optionError('consumer', this.#setting.stage, 'a stage that takes events')
      this.#subscribe(checkSubscription(subscription, this.#setting.batch), answer)
    } catch (error) {
      answer({ error: toErrorRecord(error) })
    }
  }

  #subscribe(subscription: CheckedSubscription, answer?: (reply: ConnectReply) => void): void {
    const entry = this.#sources.enter(subscription, answer)
    this.#core.handle({ type: 'subscribing', id: entry.id, options: subscription.source })
    this.#sources.request(entry)
  }

  #subscribed(entry: SourceEntry, answer: boolean | ErrorRecord): void | Promise<void> {
    if (answer === true) {
      this.#sources.watch(entry)
      entry.answer?.({ id: entry.id })
      const done = this.#run({ type: 'opened', id: entry.id })
      this.#begun(entry)
      return done
    }
    if (answer === false || entry.answer !== undefined) {
      // The id is somebody else's: another one is drawn. Or whoever wanted the subscription is told why there is none.
      this.#sources.forget(entry)
      this.#core.handle({ type: 'source_ended', id: entry.id, end: 'left' })
      if (answer === false) this.#subscribe(entry.subscription, entry.answer)
      else entry.answer?.({ error: answer })
      return
    }
    return this.#sourceEnded(entry, 'failed', crashOf(answer))
  }

  #sourceEnded(entry: SourceEntry, end: SourceEnd, reason: ExitReason): void | Promise<void> {
    entry.reason = reason
    const actions = this.#core.handle({ type: 'source_ended', id: entry.id, end })
    const done = this.#perform(actions)
    this.#sources.forget(entry)
    return done
  }

  #run(event: Event): void | Promise<void> {
    return this.#perform(this.#core.handle(event))
  }

  #perform(first: readonly Action[]): void | Promise<void> {
    for (let actions = first; ;) {
      let call: Call | undefined
      for (const action of actions) {
        if (action.type === 'call') call = action
        else this.#do(action)
      }
      if (call === undefined) return
      const made = call
      const result = this.#invoke(
        this.#plain[made.call],
        made.call === 'demand' ? made.count : made.call === 'handle' ? made.events : undefined,
      )
      const back = (value: unknown): readonly Action[] => this.#core.handle({ type: 'returned', ...this.#step(made.call, value) })
      if (result instanceof Promise) return result.then((value: unknown) => this.#perform(back(value)))
      actions = back(result)
    }
  }

  #do(action: Exclude<Action, Call>): void {
    switch (action.type) {
      case 'deliver': {
        const ref = this.#subscribers.get(action.id)?.ref
        const { id, events } = action
        for (let at = 0; at < events.length; at += EVENTS_PER_MESSAGE_MAX)
          ref?.tell({ $flow: 'events', id, events: events.slice(at, at + EVENTS_PER_MESSAGE_MAX) })
        return
      }
      case 'drop':
        for (const event of action.events) this.#bury('overflow', event)
        return
      case 'open':
        this.#sources.get(action.id)?.ref?.tell({ $flow: 'open', id: action.id, count: action.count, from: this.#context.self })
        return
      case 'ask':
        this.#sources.get(action.id)?.ref?.tell({ $flow: 'ask', id: action.id, count: action.count, confirmed: action.confirmed })
        return
      case 'batch_timer':
        if (action.ms === undefined) this.#context.cancelTimer(BATCH_TIMER)
        else this.#context.setTimer(BATCH_TIMER, action.ms, { $flow: 'batch_due' } satisfies OwnMessage)
        return
      case 'cancelled':
        this.#cancelled(this.#sources.get(action.id) as SourceEntry, action.again)
        return
      case 'done':
        for (const id of action.ids) {
          this.#done.add(id)
          this.#subscribers.get(id)?.ref.tell({ $flow: 'done', id })
        }
        return
      case 'crash':
        throw action.error
      case 'stop': {
        const entry = action.id === undefined ? undefined : this.#sources.get(action.id)
        this.#context.stop(entry === undefined ? undefined : reasonOf(entry))
      }
    }
  }

  #begun({ id, subscription: { to } }: SourceEntry): void {
    const { subscribed } = this.#plain
    if (subscribed !== undefined)
      this.state = this.#atOnce('subscribed', subscribed(this.state, { id, to } as never, this.#context as never))
  }

  #cancelled(entry: SourceEntry, again: boolean): void {
    const { cancelled } = this.#plain
    const { id, subscription, reason } = entry
    if (cancelled !== undefined) {
      this.state = this.#atOnce('cancelled', cancelled(this.state, { id, to: subscription.to, reason, again } as never))
    }
    if (again) this.#subscribe(subscription)
  }

  #invoke(callback: Callback | undefined, argument: unknown): unknown {
    if (callback === undefined) return this.#setting.dispatch === undefined ? this.state : [this.state, []]
    return argument === undefined
      ? callback(this.state, this.#context as never)
      : callback(this.state, argument as never, this.#context as never)
  }

  /** The next state that a callback returned which nobody waits for. */
  #atOnce(callback: string, next: unknown): unknown {
    if (next instanceof Promise) throw badStep(this.#setting.stage, callback, next, 'the next state')
    return next
  }

  /** Takes the next state from what a callback returned; a stage that gives events returns them beside it. */
  #step(callback: string, result: unknown): { readonly events: readonly unknown[]; readonly isEnd: boolean } {
    if (this.#setting.dispatch === undefined) {
      this.state = result
      return { events: [], isEnd: false }
    }
    const [state, events, end] = Array.isArray(result) ? (result as readonly unknown[]) : []
    if (!Array.isArray(result) || !Array.isArray(events) || (end !== undefined && end !== 'end'))
      throw badStep(this.#setting.stage, callback, result, "[state, events] or [state, events, 'end']")
    this.state = state
    return { events, isEnd: end === 'end' }
  }

  /** The user's own message has been handled. */
  #answered(result: unknown): void | Promise<void> {
    const step = this.#step('message', result)
    return this.#run({ type: 'produced', ...step, handled: this.#plain.handled?.(this.state) ?? 0 })
  }

  #bury(reason: 'stopped' | 'overflow', event: unknown): void {
    ;(this.#context as unknown as RunContext).bury(reason, event)
  }
}
