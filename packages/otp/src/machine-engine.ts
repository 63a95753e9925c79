/**
 * The loop of a state machine, with the semantics of OTP's gen_statem.erl. It knows no actor and no clock: whoever hosts it (an actor,
 * `runMachine`) gives it events and keeps its timers.
 *
 * 1. An event is given to its handler in the present state. Any event, of whatever kind, cancels the event timeout first.
 * 2. The replies among the actions are given at once, in order. Then state and data change. A change of state cancels the state timeout and
 *    calls `enter` of the new state, whose actions are added to the others; `repeat` calls `enter` of the present one.
 * 3. If the state has changed, all postponed events are queued again, in the order of their arrival and before what is queued; inserted events
 *    come before them.
 * 4. Timeouts are started, cancelled and updated in the order of the actions. One of 0 ms is no timer: it is handled when nothing is queued,
 *    which an event timeout does not live to see while anything is.
 * 5. The next queued event is handled; then the oldest timeout of 0 ms; then the loop is done until the next event from outside.
 */
import type { ActorContext, Ref } from '@cambium/actor'
import { CambiumError } from '@cambium/base'
import { TIMEOUT_MS_MAX } from './server-step.ts'
import { badAction, badStep, type MachinePlace, noSuchState, tooManyEvents, unhandledEvent } from './machine-errors.ts'

/** Events that may wait in one machine, postponed or inserted; one more is a crash. */
export const MACHINE_EVENTS_MAX = 65_536

/** Who asked an event. */
export interface Asker {
  /** The answer was neither given nor left to a token. */
  readonly isAsked: boolean
  reply(value: unknown): void
  /** The event is postponed: the answer comes after the present turn. */
  keep(): void
  /** Leaves the answer to whoever tells it to the token. Called only while `isAsked`. */
  token(): Ref<unknown>
}

export interface MachineHost {
  readonly context: ActorContext
  now(): number
  /** Replaces a timer of the same key; its expiry is told by `expired`. */
  setTimer(key: string, ms: number): void
  /** It is not told any more, expired or not. */
  cancelTimer(key: string): void
  /** `to` is undefined at the end. Only called when the state changes, is repeated, or ends. */
  moved?(from: string, label: string, to: string | undefined): void
}

type AnyHandler = 'postpone' | 'ignore' | ((data: unknown, event: unknown, turn: HandlerTurn) => unknown)

interface AnyState {
  readonly on: Readonly<Record<string, AnyHandler>>
  readonly enter?: (data: unknown, from: string, turn: HandlerTurn) => unknown
  readonly eventTimeout?: AnyHandler
  readonly stateTimeout?: AnyHandler
  readonly timeouts?: Readonly<Record<string, AnyHandler>>
  readonly info?: AnyHandler
}

/** {@link MachineDefinition} without its types. */
export interface AnyDefinition {
  init(argument: unknown, context: unknown): unknown
  readonly states: Readonly<Record<string, AnyState>>
  terminate?(last: { state: string; data: unknown }, reason: unknown): unknown
  hibernate?(last: { state: string; data: unknown }): unknown
  redact?(last: { state: string; data: unknown }): unknown
}

/** An event that is handled, queued or postponed. */
interface Pending {
  /** The key of a timeout, or `info`; undefined for an event from outside or inserted. */
  readonly key: string | undefined
  /** The event, the content of the timeout, or the info. */
  readonly event: unknown
  readonly asker: Asker | undefined
}

interface AnyAction {
  readonly type: string
  readonly [field: string]: unknown
}

type Source = 'event' | 'enter' | 'start'

/** What the actions of one event ask for, and of the `enter` that it led to. */
interface Effects {
  isPostponed: boolean
  isChanged: boolean
  inserted: unknown[] | undefined
  timeouts: AnyAction[] | undefined
}

const EVENT_TIMEOUT = 'event timeout'
const STATE_TIMEOUT = 'state timeout'
const INFO = 'info'
const NAMED = 'timeout '
const STEP_FIELDS: ReadonlySet<string> = new Set(['state', 'data', 'actions', 'stop', 'repeat'])

export class MachineEngine {
  state = ''
  data: unknown = undefined
  /** Why it has ended; undefined while it has not. */
  stopped: 'normal' | Error | undefined = undefined
  readonly #name: string
  readonly #definition: AnyDefinition
  readonly #host: MachineHost
  /** The next one is the last: so inserting at the front costs no more than appending. */
  readonly #queue: Pending[] = []
  #postponed: Pending[] = []
  /** Contents of the timeouts that run, by key. */
  readonly #timeouts = new Map<string, unknown>()
  /** Those of 0 ms, oldest first. */
  #due: string[] = []
  #isToHibernate = false

  constructor(name: string, definition: AnyDefinition, host: MachineHost) {
    this.#name = name
    this.#definition = definition
    this.#host = host
  }

  /** Enters the first state, and handles what its actions insert. */
  start(first: unknown): void {
    const start = this.#checkStep(first, 'start', 'init')
    if (!this.#hasState(start.state)) throw noSuchState(this.#place, start.state, 'init')
    this.state = start.state
    this.data = start.data
    const effects: Effects = { isPostponed: false, isChanged: false, inserted: undefined, timeouts: undefined }
    this.#act(start.actions, 'start', undefined, effects)
    this.#enter(this.state, 'start', effects)
    this.#settle(undefined, effects)
    this.#work()
  }

  /** An event from outside. */
  handle(event: unknown, asker: Asker | undefined): void {
    this.#take({ key: undefined, event, asker })
    this.#work()
  }

  /** The end of another actor. */
  info(info: unknown): void {
    this.#take({ key: INFO, event: info, asker: undefined })
    this.#work()
  }

  /** A timer that the host keeps has run out. */
  expired(key: string): void {
    if (!this.#timeouts.has(key)) return
    this.#take(this.#timedOut(key))
    this.#work()
  }

  /** Puts it into another state by hand: no `enter`, and what is postponed or timed stays. Throws for what is no state of it. */
  replace(snapshot: unknown): void {
    const { state, data } = this.#checkStep(snapshot, 'start', 'replace')
    if (!this.#hasState(state)) throw noSuchState(this.#place, state, 'replace')
    this.state = state
    this.data = data
  }

  #work(): void {
    while (this.stopped === undefined) {
      const pending = this.#queue.pop() ?? this.#nextDue()
      if (pending === undefined) break
      this.#take(pending)
    }
    if (this.stopped === undefined && this.#isToHibernate) {
      this.#isToHibernate = false
      const definition = this.#definition
      if (definition.hibernate === undefined) return
      const data = definition.hibernate({ state: this.state, data: this.data })
      if (data instanceof Promise) throw badStep(this.#place, data, 'hibernate')
      this.data = data
    }
  }

  #nextDue(): Pending | undefined {
    const key = this.#due.shift()
    return key === undefined ? undefined : this.#timedOut(key)
  }

  #timedOut(key: string): Pending {
    const content = this.#timeouts.get(key)
    this.#timeouts.delete(key)
    return { key, event: content, asker: undefined }
  }

  #take(pending: Pending): void {
    this.#isToHibernate = false
    if (this.#timeouts.size > 0) this.#cancel(EVENT_TIMEOUT)
    const handler = this.#handlerOf(pending)
    const effects: Effects = { isPostponed: false, isChanged: false, inserted: undefined, timeouts: undefined }
    if (typeof handler === 'function') {
      const turn = new HandlerTurn(this.#host, pending.asker)
      const result = handler(this.data, pending.event, turn)
      if (result !== undefined) {
        const label = labelOf(pending)
        this.#apply(this.#checkStep(result, 'event', label), 'event', label, pending.asker, effects)
      }
    } else if (handler === 'postpone') {
      effects.isPostponed = true
    }
    this.#settle(pending, effects)
  }

  #handlerOf(pending: Pending): AnyHandler {
    const state = this.#definition.states[this.state] as AnyState
    const { key, event } = pending
    const type: unknown = typeof event === 'object' && event !== null ? (event as { type?: unknown }).type : undefined
    const isKnown = typeof type === 'string' && Object.hasOwn(state.on, type)
    const handler = key !== undefined ? this.#keyedHandler(state, key) : isKnown ? state.on[type] : undefined
    if (handler !== undefined) return handler
    throw unhandledEvent(this.#place, key !== undefined || typeof type === 'string' ? labelOf(pending) : 'one without a type')
  }

  #keyedHandler(state: AnyState, key: string): AnyHandler | undefined {
    if (key === INFO) return state.info
    if (key === EVENT_TIMEOUT) return state.eventTimeout
    if (key === STATE_TIMEOUT) return state.stateTimeout
    const name = key.slice(NAMED.length)
    return state.timeouts !== undefined && Object.hasOwn(state.timeouts, name) ? state.timeouts[name] : undefined
  }

  #apply(
    step: Readonly<Record<string, unknown>>,
    source: Source,
    label: string,
    asker: Asker | undefined,
    effects: Effects,
  ): void {
    const { state, stop } = step
    if (state !== undefined && !this.#hasState(state)) throw noSuchState(this.#place, state, label)
    this.#act(step.actions, stop === undefined ? source : 'stop', asker, effects)
    if ('data' in step) this.data = step.data
    if (stop !== undefined) {
      this.stopped = stop as 'normal' | Error
      this.#host.moved?.(this.state, label, undefined)
      return
    }
    const from = this.state
    if (state === undefined || state === from) {
      if (step.repeat !== true) return
    } else {
      this.state = state
      effects.isChanged = true
      this.#cancel(STATE_TIMEOUT)
    }
    this.#host.moved?.(from, label, this.state)
    this.#enter(from, label, effects)
  }

  #enter(from: string, label: string, effects: Effects): void {
    const state = this.#definition.states[this.state] as AnyState
    if (state.enter === undefined) return
    const result = state.enter(this.data, from, new HandlerTurn(this.#host, undefined))
    if (result !== undefined)
      this.#apply(this.#checkStep(result, 'enter', `enter by ${label}`), 'enter', label, undefined, effects)
  }

  /** After the transition: what was postponed or inserted is queued, timeouts are set. */
  #settle(pending: Pending | undefined, { isPostponed, isChanged, inserted, timeouts }: Effects): void {
    if (this.stopped !== undefined) return
    if (isPostponed && pending !== undefined) {
      pending.asker?.keep()
      this.#postponed.push(pending)
    }
    if (isChanged && this.#postponed.length > 0) {
      for (const postponed of this.#postponed.reverse()) this.#queue.push(postponed)
      this.#postponed = []
    }
    if (inserted !== undefined) {
      for (const event of inserted.reverse()) this.#queue.push({ key: undefined, event, asker: undefined })
    }
    const waiting = this.#queue.length + this.#postponed.length
    if (waiting > MACHINE_EVENTS_MAX) throw tooManyEvents(this.#place, MACHINE_EVENTS_MAX)
    if (timeouts !== undefined) for (const action of timeouts) this.#setTimeout(action)
  }

  #act(actions: unknown, source: Source | 'stop', asker: Asker | undefined, effects: Effects): void {
    if (actions === undefined) return
    if (!Array.isArray(actions)) throw badAction(this.#place, actions)
    for (const action of actions as unknown[]) {
      if (typeof action !== 'object' || action === null) throw badAction(this.#place, action)
      const { type } = action as AnyAction
      if (type === 'reply' && (source === 'event' || source === 'stop')) {
        asker?.reply((action as { value?: unknown }).value)
      } else if (type === 'postpone' && source === 'event') {
        effects.isPostponed = true
      } else if (type === 'next_event' && (source === 'event' || source === 'start')) {
        ;(effects.inserted ??= []).push((action as { event?: unknown }).event)
      } else if (type === 'hibernate' && source !== 'stop') {
        this.#isToHibernate = true
      } else if ((type === 'event_timeout' || type === 'state_timeout' || type === 'timeout') && source !== 'stop') {
        ;(effects.timeouts ??= []).push(action as AnyAction)
      } else {
        throw badAction(this.#place, action)
      }
    }
  }

  #setTimeout(action: AnyAction): void {
    const { type, name, ms } = action
    const key = type === 'event_timeout' ? EVENT_TIMEOUT : type === 'state_timeout' ? STATE_TIMEOUT : `${NAMED}${String(name)}`
    if (action.cancel === true) {
      this.#cancel(key)
      return
    }
    const handler = this.#keyedHandler(this.#definition.states[this.state] as AnyState, key)
    if (handler === undefined) throw badAction(this.#place, action, 'the state has no handler for it')
    if ('update' in action) {
      if (!this.#timeouts.has(key)) this.#due.push(key)
      this.#timeouts.set(key, action.update)
      return
    }
    if (typeof ms !== 'number' || !(ms >= 0) || (ms > TIMEOUT_MS_MAX && ms !== Infinity))
      throw badAction(this.#place, action, `expected ms from 0 to ${TIMEOUT_MS_MAX}, or Infinity`)
    this.#cancel(key)
    if (ms === Infinity) return
    this.#timeouts.set(key, action.content)
    if (ms === 0) this.#due.push(key)
    else this.#host.setTimer(key, ms)
  }

  #cancel(key: string): void {
    if (!this.#timeouts.delete(key)) return
    if (this.#due.includes(key)) this.#due = this.#due.filter((other) => other !== key)
    else this.#host.cancelTimer(key)
  }

  #checkStep(result: unknown, source: Source, label: string): Readonly<Record<string, unknown>> {
    const isObject = typeof result === 'object' && result !== null && !Array.isArray(result) && !(result instanceof Promise)
    if (isObject) {
      const step = result as Readonly<Record<string, unknown>>
      const { stop } = step
      const isKnown = Object.keys(step).every((field) => STEP_FIELDS.has(field)) && (step.repeat ?? true) === true
      const isStop = stop === undefined || (source !== 'start' && (stop === 'normal' || stop instanceof Error))
      // Who enters a state stays in it.
      const isStill = source !== 'enter' || (step.state === undefined && step.repeat === undefined)
      if (isKnown && isStop && isStill) return step
    }
    throw badStep(this.#place, result, label)
  }

  get #place(): MachinePlace {
    return { machine: this.#name, state: this.state }
  }

  #hasState(state: unknown): state is string {
    return typeof state === 'string' && Object.hasOwn(this.#definition.states, state)
  }
}

/** What a handler sees besides data and event; {@link MachineTurn} without its types. */
class HandlerTurn {
  readonly #host: MachineHost
  readonly #asker: Asker | undefined

  constructor(host: MachineHost, asker: Asker | undefined) {
    this.#host = host
    this.#asker = asker
  }

  get isAsked(): boolean {
    return this.#asker?.isAsked === true
  }

  replyToken(): Ref<unknown> {
    if (this.#asker?.isAsked === true) return this.#asker.token()
    throw new CambiumError('ERR_NOT_ASKED', 'event in hand expects no reply, or has one')
  }

  now(): number {
    return this.#host.now()
  }

  get context(): ActorContext {
    return this.#host.context
  }
}

function labelOf({ key, event }: Pending): string {
  const { type } = (event ?? {}) as { type?: unknown }
  if (key === INFO) return `${INFO} ${String(type)}`
  return key ?? String(type)
}
