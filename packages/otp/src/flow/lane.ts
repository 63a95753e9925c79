/**
 * One queue of events and those who want them. A stage has one, or one for each partition. It knows no actors: what is to be delivered is answered.
 */
import { Fifo } from '@cambium/base'
import type { CambiumError } from '@cambium/base'

export interface Subscriber {
  readonly id: number
  readonly maxDemand: number
  readonly selection: unknown
  /** False until its first demand: it is not waited for until then. */
  isOpen: boolean
  /** Events that it has asked for and not been sent. */
  pending: number
  /** Events that it was sent and has not confirmed. */
  unconfirmed: number
}

/** Events for one subscriber, in order. */
export interface Delivery<Event> {
  readonly id: number
  readonly events: readonly Event[]
}

/** What could be dealt out; with an `error` of the dispatcher the event that it was about, and those after it, wait still. */
export interface Dispatched<Event> {
  readonly deliveries: readonly Delivery<Event>[]
  readonly error: CambiumError | undefined
}

export class Lane<Event> {
  readonly queue: Fifo<Event> = new Fifo<Event>()
  readonly #kind: 'demand' | 'round-robin' | 'broadcast' | 'partition'
  /** Throws what is wrong with the user's. */
  readonly #select: ((event: Event, selection: unknown) => boolean) | undefined
  #subscribers: Subscriber[] = []
  /** Where round-robin goes on. */
  #turn = 0

  constructor(
    kind: 'demand' | 'round-robin' | 'broadcast' | 'partition',
    select?: (event: Event, selection: unknown) => boolean,
  ) {
    this.#kind = kind
    this.#select = select
  }

  add(subscriber: Subscriber): void {
    this.#subscribers.push(subscriber)
  }

  remove(subscriber: Subscriber): void {
    this.#subscribers = this.#subscribers.filter((each) => each !== subscriber)
  }

  /** Events that could be sent at once if they were there. */
  get demand(): number {
    let sum = 0
    let least = Infinity
    for (const { isOpen, pending } of this.#subscribers) {
      if (!isOpen) continue
      sum += pending
      least = Math.min(least, pending)
    }
    return this.#kind === 'broadcast' ? (least === Infinity ? 0 : least) : sum
  }

  /** Takes from the queue what is wanted. */
  dispatch(): Dispatched<Event> {
    if (this.queue.length === 0) return NOTHING
    if (this.#kind === 'broadcast') return this.#toAll()
    return { deliveries: this.#kind === 'round-robin' ? this.#inTurn() : this.#byDemand(), error: undefined }
  }

  #byDemand(): readonly Delivery<Event>[] {
    const deliveries: Delivery<Event>[] = []
    while (this.queue.length > 0) {
      let most: Subscriber | undefined
      for (const each of this.#subscribers) if (each.pending > (most?.pending ?? 0)) most = each
      if (most === undefined) break
      const events = this.queue.take(most.pending)
      sent(most, events.length)
      deliveries.push({ id: most.id, events })
    }
    return deliveries
  }

  #inTurn(): readonly Delivery<Event>[] {
    const outgoing = new Outgoing<Event>()
    while (this.queue.length > 0) {
      const count = this.#subscribers.length
      let next: Subscriber | undefined
      for (let step = 0; step < count && next === undefined; step += 1) {
        const each = this.#subscribers[(this.#turn + step) % count] as Subscriber
        if (each.pending === 0) continue
        next = each
        this.#turn = (this.#turn + step + 1) % count
      }
      if (next === undefined) break
      outgoing.add(next, this.queue.shift() as Event)
    }
    return outgoing.deliveries()
  }

  #toAll(): Dispatched<Event> {
    const outgoing = new Outgoing<Event>()
    let error: CambiumError | undefined
    // Who has the least demand may select none of these; so it is looked at again.
    for (let count = this.demand; error === undefined && count > 0 && this.queue.length > 0; count = this.demand) {
      for (let left = Math.min(count, this.queue.length); left > 0; left -= 1) {
        try {
          const event = this.queue.first as Event
          const chosen = this.#chosen(event)
          this.queue.shift()
          for (const each of chosen) outgoing.add(each, event)
        } catch (thrown) {
          error = thrown as CambiumError
          break
        }
      }
    }
    return { deliveries: outgoing.deliveries(), error }
  }

  /** All of them or none: an event does not go to some before the dispatcher fails. */
  #chosen(event: Event): readonly Subscriber[] {
    const select = this.#select
    return this.#subscribers.filter((each) => each.isOpen && (select === undefined || select(event, each.selection)))
  }
}

const NOTHING: Dispatched<never> = { deliveries: [], error: undefined }

function sent(subscriber: Subscriber, count: number): void {
  subscriber.pending -= count
  subscriber.unconfirmed += count
}

/** Deliveries that grow event by event. */
class Outgoing<Event> {
  readonly #events = new Map<number, Event[]>()

  add(subscriber: Subscriber, event: Event): void {
    sent(subscriber, 1)
    const events = this.#events.get(subscriber.id)
    if (events === undefined) this.#events.set(subscriber.id, [event])
    else events.push(event)
  }

  deliveries(): readonly Delivery<Event>[] {
    return Array.from(this.#events, ([id, events]) => ({ id, events }))
  }
}
