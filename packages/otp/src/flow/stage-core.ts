/**
 * What a stage does, as a state machine without actors: events in, actions out. A producer has an outlet, a consumer an inlet, a processor both; what is
 * between them is the stage's own code, which is called by an action and answers by the event `returned`.
 *
 * 1. One call is under way at a time. Actions come in the order in which they are to be done; a call is the last of them.
 * 2. A processor handles events only when somebody wants what comes of them, and no more than are wanted; and it asks for more only when what came
 *    out of the events before has gone, or there is room for what comes. So its buffer stays empty unless it makes many events of one.
 * 3. A producer's `demand` is called with all that is wanted, and again for the rest while it answers something. After an empty answer it is
 *    called when more is asked for, or after a message.
 * 4. When the last subscription has ended because its producer was done, the stage handles what waits, calls `finish`, sends what is left, tells its
 *    subscribers that it is done, and stops when they have left.
 */
import { assert } from '@cambium/base'
import type { CambiumError } from '@cambium/base'
import type { CheckedDispatch } from './dispatcher.ts'
import { noSubscription } from './flow-errors.ts'
import { Inlet } from './inlet.ts'
import type { Asking, SourceOptions } from './inlet.ts'
import type { Dispatched } from './lane.ts'
import { Outlet } from './outlet.ts'
import type { OutletCounts, SubscriberOptions } from './outlet.ts'

export interface Batch {
  readonly size: number
  readonly timeMs: number
}

/** How a subscription ended. `failed`: it never began. `left`: somebody wanted it to end. */
export type SourceEnd = 'done' | 'normal' | 'abnormal' | 'failed' | 'left'

export type StageEvent<In, Out> =
  /** Of the giving side. */
  | { readonly type: 'ask'; readonly id: number; readonly count: number; readonly confirmed: number }
  | { readonly type: 'leave'; readonly id: number; readonly isDead: boolean }
  /** A message of the stage's own made these. With `isConfirmedLater`, `handled` more of the events handed over count as handled. */
  | { readonly type: 'produced'; readonly events: readonly Out[]; readonly isEnd: boolean; readonly handled: number }
  /** Of the taking side. */
  | { readonly type: 'subscribing'; readonly id: number; readonly options: SourceOptions }
  | { readonly type: 'opened'; readonly id: number }
  /** The stage's own code wants so many from a manual subscription. */
  | { readonly type: 'demand'; readonly id: number; readonly count: unknown }
  | { readonly type: 'events'; readonly id: number; readonly events: readonly In[] }
  | { readonly type: 'source_ended'; readonly id: number; readonly end: SourceEnd }
  | { readonly type: 'batch_due' }
  /** The call has ended well; what it made, and whether it has made its last. */
  | { readonly type: 'returned'; readonly events: readonly Out[]; readonly isEnd: boolean }

export type StageAction<In, Out> =
  | { readonly type: 'deliver'; readonly id: number; readonly events: readonly Out[] }
  | { readonly type: 'drop'; readonly events: readonly Out[] }
  | Asking
  | { readonly type: 'batch_timer'; readonly ms: number | undefined }
  /** The subscription has ended, and the stage lives on; `again`: it is to be begun again. */
  | { readonly type: 'cancelled'; readonly id: number; readonly again: boolean }
  | { readonly type: 'call'; readonly call: 'demand'; readonly count: number }
  | { readonly type: 'call'; readonly call: 'handle'; readonly events: readonly In[] }
  | { readonly type: 'call'; readonly call: 'finish' }
  /** There will be no more events for these. */
  | { readonly type: 'done'; readonly ids: readonly number[] }
  /** The stage ends: because that subscription has ended, or because it is done. */
  | { readonly type: 'stop'; readonly id: number | undefined }
  | { readonly type: 'crash'; readonly error: CambiumError }

export interface StageSetting {
  readonly stage: string
  /** For producers and processors. */
  readonly dispatch: CheckedDispatch | undefined
  readonly takesEvents: boolean
  readonly batch: Batch | undefined
  /** What is handed over counts as handled when `produced` says so, not when the call returns. */
  readonly isConfirmedLater: boolean
}

export interface StageCounts extends OutletCounts {
  readonly subscriptions: number
  /** Asked for and not come. */
  readonly outstanding: number
  /** Come and not handled. */
  readonly waiting: number
  readonly handled: number
}

export class StageCore<In, Out> {
  readonly #setting: StageSetting
  readonly #outlet: Outlet<Out> | undefined
  readonly #inlet: Inlet<In> | undefined
  #actions: StageAction<In, Out>[] = []
  #calling: 'demand' | 'handle' | 'finish' | undefined = undefined
  /** Of the call under way. */
  #inHand: readonly In[] = []
  #handled = 0
  /** `demand` has nothing for now. */
  #isDry = false
  #hasTimer = false
  #isDue = false
  /** Nothing more comes in. */
  #isFinishing = false
  /** Nothing more is made. */
  #isEnding = false
  /** Subscribers who know. */
  readonly #told = new Set<number>()
  #isOver = false

  constructor(setting: StageSetting) {
    this.#setting = setting
    this.#outlet = setting.dispatch === undefined ? undefined : new Outlet<Out>(setting.stage, setting.dispatch)
    this.#inlet = setting.takesEvents ? new Inlet<In>() : undefined
  }

  /** Throws `ERR_PARTITION`, `ERR_SUBSCRIBERS_FULL`. False when the id is taken. */
  subscribe(id: number, options: SubscriberOptions): boolean {
    return this.#out.subscribe(id, options)
  }

  /** Throws `ERR_DEMAND` for demand that is none, `ERR_NO_SUBSCRIPTION` for that of nobody; then nothing has happened. What is wrong with the stage itself is the action `crash`. */
  handle(event: StageEvent<In, Out>): readonly StageAction<In, Out>[] {
    this.#actions = []
    this.#apply(event)
    // A demand comes out of a callback: nothing else is called inside that.
    if (event.type !== 'demand' && this.#calling === undefined && !this.#isOver) this.#advance()
    return this.#actions
  }

  get counts(): StageCounts {
    const outlet = this.#outlet?.counts ?? NO_COUNTS
    const { sources = 0, outstanding = 0, waiting = 0 } = this.#inlet ?? {}
    return { ...outlet, subscriptions: sources, outstanding, waiting, handled: this.#handled }
  }

  /** Events that will not be handled or sent, since the incarnation ends: in hand, waiting, buffered. */
  drain(): readonly unknown[] {
    return [...this.#inHand, ...(this.#inlet?.drain() ?? []), ...(this.#outlet?.drain() ?? [])]
  }

  get #out(): Outlet<Out> {
    assert(this.#outlet !== undefined, 'stage gives events')
    return this.#outlet
  }

  get #in(): Inlet<In> {
    assert(this.#inlet !== undefined, 'stage takes events')
    return this.#inlet
  }

  #apply(event: StageEvent<In, Out>): void {
    switch (event.type) {
      case 'ask':
        if (this.#out.ask(event.id, event.count, event.confirmed)) {
          this.#isDry = false
          this.#give(this.#out.dispatch())
        }
        return
      case 'leave':
        if (this.#out.remove(event.id, event.isDead)) this.#give(this.#out.dispatch()) // others may have waited for it
        return
      case 'produced':
        this.#isDry = false
        this.#inlet?.confirm(event.handled)
        this.#made(event.events, event.isEnd)
        return
      case 'subscribing':
        this.#in.add(event.id, event.options)
        return
      case 'opened': {
        const asking = this.#in.open(event.id)
        if (asking !== undefined) this.#actions.push(asking)
        return
      }
      case 'demand': {
        const asking = this.#in.demand(event.id, event.count)
        if (asking === undefined) throw noSubscription(this.#setting.stage, event.id)
        this.#actions.push(asking)
        return
      }
      case 'events':
        this.#in.accept(event.id, event.events)
        return
      case 'source_ended':
        this.#sourceEnded(event.id, event.end)
        return
      case 'batch_due':
        this.#hasTimer = false
        this.#isDue = this.#in.waiting > 0
        return
      case 'returned': {
        const call = this.#calling
        assert(call !== undefined, 'a call is under way')
        this.#calling = undefined
        this.#made(event.events, event.isEnd || call === 'finish')
        if (call === 'handle') {
          this.#handled += this.#inHand.length
          this.#inHand = []
          if (!this.#setting.isConfirmedLater) this.#in.confirm()
        }
        if (call === 'demand') this.#isDry = event.events.length === 0
      }
    }
  }

  #made(events: readonly Out[], isEnd: boolean): void {
    if (isEnd) this.#isEnding = true
    if (events.length === 0 || this.#outlet === undefined) return
    const pushed = this.#outlet.push(events)
    if (pushed.dropped.length > 0) this.#actions.push({ type: 'drop', events: pushed.dropped })
    this.#give(pushed)
  }

  #give({ deliveries, error }: Dispatched<Out>): void {
    for (const { id, events } of deliveries) this.#actions.push({ type: 'deliver', id, events })
    if (error === undefined) return
    this.#isOver = true
    this.#actions.push({ type: 'crash', error })
  }

  #sourceEnded(id: number, end: SourceEnd): void {
    const source = this.#in.remove(id)
    if (source === undefined) return
    const { cancel, resubscribe } = source
    if (end === 'left') return
    if (resubscribe && end === 'abnormal') {
      this.#actions.push({ type: 'cancelled', id, again: true })
    } else if (end !== 'done' && (cancel === 'permanent' || (cancel === 'transient' && end !== 'normal'))) {
      this.#isOver = true
      this.#actions.push({ type: 'stop', id })
    } else if (end === 'done' && cancel !== 'temporary' && this.#in.sources === 0) {
      this.#isFinishing = true
    } else {
      this.#actions.push({ type: 'cancelled', id, again: false })
    }
  }

  /** What comes next, when no call is under way. */
  #advance(): void {
    const outlet = this.#outlet
    const inlet = this.#inlet
    const wanted = outlet === undefined ? Infinity : outlet.wanted
    if (inlet !== undefined && (wanted > 0 || outlet?.queued === 0)) this.#actions.push(...inlet.askAgain())
    if (this.#isEnding) {
      this.#end(outlet)
    } else if (inlet === undefined) {
      if (wanted > 0 && !this.#isDry) this.#call({ type: 'call', call: 'demand', count: wanted })
    } else if (wanted > 0 && this.#isReady(inlet)) {
      const { batch } = this.#setting
      const events = inlet.take(batch?.size ?? wanted, batch !== undefined)
      this.#isDue = false
      this.#setTimer(inlet)
      this.#inHand = events
      this.#call({ type: 'call', call: 'handle', events })
    } else if (this.#isFinishing && inlet.waiting === 0 && !inlet.isBusy) {
      this.#call({ type: 'call', call: 'finish' })
    } else if (!this.#hasTimer && !this.#isDue) this.#setTimer(inlet)
  }

  /** Everything was made. When it has been sent, subscribers are told; when they have left, the stage is done. */
  #end(outlet: Outlet<Out> | undefined): void {
    if (outlet !== undefined && outlet.queued > 0) return
    const ids = (outlet?.ids ?? []).filter((id) => !this.#told.has(id))
    if (ids.length > 0) this.#actions.push({ type: 'done', ids })
    for (const id of ids) this.#told.add(id)
    if (outlet !== undefined && outlet.ids.length > 0) return
    this.#isOver = true
    this.#actions.push({ type: 'stop', id: undefined })
  }

  #isReady({ waiting }: Inlet<In>): boolean {
    const { batch } = this.#setting
    if (waiting === 0) return false
    return batch === undefined || waiting >= batch.size || this.#isDue || this.#isFinishing
  }

  /** For what waits now. */
  #setTimer({ waiting }: Inlet<In>): void {
    const { batch } = this.#setting
    if (batch === undefined) return
    const isNeeded = waiting > 0 && batch.timeMs !== Infinity
    if (!isNeeded && !this.#hasTimer) return
    this.#hasTimer = isNeeded
    this.#actions.push({ type: 'batch_timer', ms: isNeeded ? batch.timeMs : undefined })
  }

  #call(action: Extract<StageAction<In, Out>, { type: 'call' }>): void {
    this.#calling = action.call
    this.#actions.push(action)
  }
}

const NO_COUNTS: OutletCounts = {
  subscribers: 0,
  demand: 0,
  buffered: 0,
  sent: 0,
  dropped: 0,
  unrouted: 0,
  unconfirmed: 0,
}
