/**
 * The taking side of a stage, without actors: its subscriptions, the events that wait for the stage's own code, and when more are asked for. Nothing here
 * knows a clock, a core or a message.
 *
 * 1. A subscription begins by asking for `maxDemand` events. From then on it asks again for as many as have been handled, when those are
 *    `maxDemand - minDemand` or more. A manual one asks when it is told to, and then for as many as it is told. What is under way, what waits here and what is
 *    in hand are `maxDemand` at most, together; each demand says how many events have been handled since the one before.
 * 2. Events are handled in the order in which they came, so order holds for each subscription.
 * 3. Events of a subscription that is not known were sent to the incarnation before, and waited through its restart. They are handled like the rest, and
 *    nothing is asked for in their place.
 */
import { assert } from '@cambium/base'
import { demandError } from './flow-errors.ts'

export interface SourceOptions {
  readonly maxDemand: number
  readonly minDemand: number
  /** It asks for what it is told to, and for nothing by itself. */
  readonly isManual: boolean
  readonly cancel: CancelMode
  readonly resubscribe: boolean
}

/**
 * What the end of a subscription means for the stage that subscribed. `permanent`: it ends too, for the same reason. `transient`: it ends if
 * the reason is abnormal. `temporary`: it lives on.
 */
export type CancelMode = 'permanent' | 'transient' | 'temporary'

interface Source extends SourceOptions {
  /** Asked for and not come. */
  outstanding: number
  /** Handled since the last demand. */
  handled: number
  /** Asked for and not handled. */
  unhandled: number
  /** The producer has taken it. */
  isTaken: boolean
  /** It has asked for events. */
  isOpen: boolean
}

interface Chunk<Event> {
  readonly id: number
  readonly events: readonly Event[]
  at: number
}

/** More to be asked for. */
export interface Asking {
  readonly type: 'open' | 'ask'
  readonly id: number
  readonly count: number
  /** Handled since the demand before. */
  readonly confirmed: number
}

export class Inlet<Event> {
  readonly #sources = new Map<number, Source>()
  readonly #chunks: Chunk<Event>[] = []
  #waiting = 0
  /** Whose events are in hand, and how many of each. */
  #inHand: { id: number; count: number }[] = []

  add(id: number, options: SourceOptions): void {
    this.#sources.set(id, { ...options, outstanding: 0, handled: 0, unhandled: 0, isTaken: false, isOpen: false })
  }

  has(id: number): boolean {
    return this.#sources.has(id)
  }

  /** Ends a subscription; what it has sent is handled all the same. */
  remove(id: number): SourceOptions | undefined {
    const source = this.#sources.get(id)
    this.#sources.delete(id)
    return source
  }

  /** The producer has taken the subscription: asks for the first events, unless it is manual. */
  open(id: number): Asking | undefined {
    const source = this.#sources.get(id)
    if (source === undefined) return undefined
    source.isTaken = true
    return source.isManual ? undefined : this.#ask(id, source, source.maxDemand)
  }

  /** A manual one is to ask for so many. Undefined when there is no such subscription, or none yet. Throws `ERR_DEMAND`. */
  demand(id: number, count: unknown): Asking | undefined {
    const source = this.#sources.get(id)
    if (source?.isTaken !== true) return undefined
    const { isManual, maxDemand, unhandled } = source
    if (!isManual) throw demandError('count', count, 'none: the subscription asks by itself')
    const most = maxDemand - unhandled
    if (typeof count !== 'number' || !Number.isInteger(count) || count < 1)
      throw demandError('count', count, 'a positive integer')
    if (count > most)
      throw demandError('count', count, `${most} at most, since maxDemand=${maxDemand} and ${unhandled} are not handled`)
    return this.#ask(id, source, count)
  }

  accept(id: number, events: readonly Event[]): void {
    const source = this.#sources.get(id)
    if (source !== undefined) {
      source.outstanding -= events.length
      assert(source.outstanding >= 0, 'a producer sends no more than was asked for')
    }
    if (events.length === 0) return
    this.#chunks.push({ id, events, at: 0 })
    this.#waiting += events.length
  }

  /**
   * The oldest events, `limit` at most; unless `isMerged`, of one message, and no more than make a next demand, so that more are on their way while those
   * after them are handled. They are in hand until {@link confirm}.
   */
  take(limit: number, isMerged: boolean): readonly Event[] {
    const taken: Event[] = []
    while (taken.length < limit) {
      const chunk = this.#chunks[0]
      if (chunk === undefined) break
      const source = isMerged ? undefined : this.#sources.get(chunk.id)
      const part = source === undefined || source.isManual ? Infinity : source.maxDemand - source.minDemand
      const count = Math.min(limit - taken.length, chunk.events.length - chunk.at, part)
      for (let i = 0; i < count; i += 1) taken.push(chunk.events[chunk.at + i] as Event)
      chunk.at += count
      this.#waiting -= count
      this.#inHand.push({ id: chunk.id, count })
      if (chunk.at === chunk.events.length) this.#chunks.shift()
      if (!isMerged) break
    }
    return taken
  }

  /** The oldest `count` of what is in hand have been handled; all of it by default. */
  confirm(count: number = Infinity): void {
    let left = count
    while (left > 0) {
      const first = this.#inHand[0]
      if (first === undefined) return
      const handled = Math.min(left, first.count)
      const source = this.#sources.get(first.id)
      if (source !== undefined) {
        source.handled += handled
        source.unhandled -= handled
      }
      left -= handled
      first.count -= handled
      if (first.count === 0) this.#inHand.shift()
    }
  }

  /** What is to be asked for again by now. */
  askAgain(): readonly Asking[] {
    const asking: Asking[] = []
    for (const [id, source] of this.#sources) {
      if (source.isManual || source.handled === 0 || source.handled < source.maxDemand - source.minDemand) continue
      asking.push(this.#ask(id, source, source.handled))
    }
    return asking
  }

  #ask(id: number, source: Source, count: number): Asking {
    const type = source.isOpen ? 'ask' : 'open'
    const confirmed = source.handled
    source.isOpen = true
    source.handled = 0
    source.outstanding += count
    source.unhandled += count
    return { type, id, count, confirmed }
  }

  /** Whether events were taken that are not handled yet. */
  get isBusy(): boolean {
    return this.#inHand.length > 0
  }

  /** Events that wait to be handled. */
  get waiting(): number {
    return this.#waiting
  }

  get sources(): number {
    return this.#sources.size
  }

  /** Asked for and not come, over all subscriptions. */
  get outstanding(): number {
    let sum = 0
    for (const { outstanding } of this.#sources.values()) sum += outstanding
    return sum
  }

  /** Takes all that waits: it will not be handled any more. */
  drain(): readonly Event[] {
    return this.take(Infinity, true)
  }
}
