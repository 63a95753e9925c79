/**
 * The giving side of a stage, without actors: subscribers, their demand, the events that wait for it. Nothing here knows a clock, a core or a message.
 *
 * 1. A subscriber asks for events; it is never sent more than it has asked for. With each demand it confirms how many events it has handled since the one
 *    before, so `pending + unconfirmed <= maxDemand` holds always.
 * 2. What comes in is queued and dealt out as far as there is demand; what stays in a queue is no more than its capacity.
 * 3. Whoever leaves gives the demand back: it is not there any more. What somebody who has died had not confirmed is counted.
 */
import type { CambiumError } from '@cambium/base'
import { badStep, bufferFull, demandError, dispatcherError, partitionError, subscribersFull } from './flow-errors.ts'
import type { CheckedDispatch } from './dispatcher.ts'
import { Lane } from './lane.ts'
import type { Delivery, Dispatched, Subscriber } from './lane.ts'

const SUBSCRIBERS_MAX = 1024

export interface SubscriberOptions {
  readonly maxDemand: number
  readonly selection?: unknown
  readonly partition?: number | string | undefined
}

/** How it stands with a stage's events; numbers of events since the start of the incarnation, but for the first three. */
export interface OutletCounts {
  readonly subscribers: number
  /** Asked for and not sent. */
  readonly demand: number
  readonly buffered: number
  readonly sent: number
  /** Dropped because the buffer was full; dead letters `overflow`. */
  readonly dropped: number
  /** Events for which `partitionOf` named no partition. */
  readonly unrouted: number
  /** Sent to subscribers that have ended before they confirmed them: so many were not handled at most. */
  readonly unconfirmed: number
}

export interface Pushed<Event> extends Dispatched<Event> {
  readonly dropped: readonly Event[]
}

export class Outlet<Event> {
  readonly #stage: string
  readonly #dispatch: CheckedDispatch
  readonly #lanes: readonly Lane<Event>[]
  readonly #subscribers = new Map<number, { readonly subscriber: Subscriber; readonly lane: Lane<Event> }>()
  /** Events that no partition took, as the dispatcher failed. */
  #refused: readonly Event[] = []
  #sent = 0
  #dropped = 0
  #unrouted = 0
  #unconfirmed = 0

  constructor(stage: string, dispatch: CheckedDispatch) {
    this.#stage = stage
    this.#dispatch = dispatch
    const { select } = dispatch
    const checked = select && ((event: Event, selection: unknown) => isSelected(stage, select, event, selection))
    this.#lanes = Array.from({ length: dispatch.lanes }, () => new Lane<Event>(dispatch.kind, checked))
  }

  /** Throws `ERR_PARTITION`, `ERR_SUBSCRIBERS_FULL`. False when the id is taken. */
  subscribe(id: number, { maxDemand, selection, partition }: SubscriberOptions): boolean {
    if (this.#subscribers.has(id)) return false
    if (this.#subscribers.size >= SUBSCRIBERS_MAX) throw subscribersFull(this.#stage, SUBSCRIBERS_MAX)
    const isPartitioned = this.#dispatch.kind === 'partition'
    if (!isPartitioned && partition !== undefined)
      throw partitionError(this.#stage, partition, 'none: the dispatcher has no partitions')
    const lane = this.#lanes[isPartitioned ? this.#laneOf(partition) : 0] as Lane<Event>
    const subscriber = { id, maxDemand, selection, isOpen: false, pending: 0, unconfirmed: 0 }
    lane.add(subscriber)
    this.#subscribers.set(id, { subscriber, lane })
    return true
  }

  /** More is asked for, and so many are confirmed. False when nobody has that id. Throws `ERR_DEMAND` for what is no demand, or more than the subscriber may have. */
  ask(id: number, count: number, confirmed: number): boolean {
    const subscriber = this.#subscribers.get(id)?.subscriber
    if (subscriber === undefined) return false
    const { maxDemand, pending } = subscriber
    const unconfirmed = subscriber.unconfirmed - confirmed
    if (!Number.isInteger(count) || count < 1) throw demandError('count', count, 'a positive integer')
    if (!Number.isInteger(confirmed) || confirmed < 0 || unconfirmed < 0)
      throw demandError('confirmed', confirmed, `an integer from 0 to ${subscriber.unconfirmed}, as many as were sent`)
    if (pending + count + unconfirmed > maxDemand)
      throw demandError('count', count, `no more than maxDemand=${maxDemand} with what was not handled`)
    subscriber.isOpen = true
    subscriber.pending += count
    subscriber.unconfirmed = unconfirmed
    return true
  }

  /** A subscriber has left, and handles what it was sent; or it has ended (`isDead`). Answers whether it was there. */
  remove(id: number, isDead: boolean): boolean {
    const found = this.#subscribers.get(id)
    if (found === undefined) return false
    this.#subscribers.delete(id)
    found.lane.remove(found.subscriber)
    if (isDead) this.#unconfirmed += found.subscriber.unconfirmed
    return true
  }

  /**
   * Takes events in and deals out what is wanted. What `dropped` answers is too much. With an `error`, of a buffer that is full or of the dispatcher, nothing is dropped, and the stage
   * is to crash; what was not dealt out then is found by {@link drain}.
   */
  push(events: readonly Event[]): Pushed<Event> {
    let lanes: readonly (Lane<Event> | undefined)[]
    try {
      lanes = events.map((event) => this.#route(event))
    } catch (error) {
      this.#refused = events
      return { deliveries: [], dropped: [], error: error as CambiumError }
    }
    for (const [i, lane] of lanes.entries()) {
      if (lane === undefined) this.#unrouted += 1
      else lane.queue.push(events[i] as Event)
    }
    const { deliveries, error } = this.dispatch()
    const dropped: Event[] = []
    if (error !== undefined) return { deliveries, dropped, error }
    const { capacity, overflow } = this.#dispatch
    for (const { queue } of this.#lanes) {
      if (queue.length > capacity && overflow === 'fail') return { deliveries, dropped, error: bufferFull(this.#stage, capacity) }
      while (queue.length > capacity) dropped.push((overflow === 'drop-oldest' ? queue.shift() : queue.pop()) as Event)
    }
    this.#dropped += dropped.length
    return { deliveries, dropped, error: undefined }
  }

  /** Deals out what waits, after demand has come or somebody has left. */
  dispatch(): Dispatched<Event> {
    const deliveries: Delivery<Event>[] = []
    let error: CambiumError | undefined
    for (const lane of this.#lanes) {
      const dispatched = lane.dispatch()
      deliveries.push(...dispatched.deliveries)
      error ??= dispatched.error
    }
    for (const { events } of deliveries) this.#sent += events.length
    return { deliveries, error }
  }

  /** Events that wait for demand. */
  get queued(): number {
    return this.#lanes.reduce((sum, { queue }) => sum + queue.length, 0)
  }

  /**
   * How many events the stage may make now. With partitions, as many as fit wherever they belong: all of them may be for the partition that has
   * the least room.
   */
  get wanted(): number {
    let demand = 0
    let room = Infinity
    for (const lane of this.#lanes) {
      const free = lane.demand - lane.queue.length
      demand += Math.max(0, free)
      room = Math.min(room, free + (this.#dispatch.kind === 'partition' ? this.#dispatch.capacity : 0))
    }
    return Math.max(0, Math.min(demand, room))
  }

  get ids(): readonly number[] {
    return [...this.#subscribers.keys()]
  }

  get counts(): OutletCounts {
    let demand = 0
    for (const { subscriber } of this.#subscribers.values()) demand += subscriber.pending
    return {
      subscribers: this.#subscribers.size,
      demand,
      buffered: this.queued,
      sent: this.#sent,
      dropped: this.#dropped,
      unrouted: this.#unrouted,
      unconfirmed: this.#unconfirmed,
    }
  }

  /** Takes all that waits: it will not be sent any more. */
  drain(): readonly Event[] {
    const refused = this.#refused
    this.#refused = []
    return [...this.#lanes.flatMap(({ queue }) => queue.take(queue.length)), ...refused]
  }

  #route(event: Event): Lane<Event> | undefined {
    const { partitionOf } = this.#dispatch
    if (partitionOf === undefined) return this.#lanes[0]
    let partition: unknown
    try {
      partition = partitionOf(event)
    } catch (error) {
      throw dispatcherError(this.#stage, 'partitionOf', error)
    }
    return partition === undefined ? undefined : this.#lanes[this.#laneOf(partition)]
  }

  #laneOf(partition: unknown): number {
    const { names, lanes } = this.#dispatch
    const lane = names === undefined ? (partition as number) : names.indexOf(partition as string)
    if (Number.isInteger(lane) && lane >= 0 && lane < lanes) return lane
    throw partitionError(
      this.#stage,
      partition,
      names === undefined ? `an integer from 0 to ${lanes - 1}` : `one of ${names.slice(0, 16).join(', ')}`,
    )
  }
}

/** Throws `ERR_DISPATCHER`, and `ERR_BAD_STEP` for what is no boolean. */
function isSelected(
  stage: string,
  select: (event: unknown, selection: unknown) => unknown,
  event: unknown,
  selection: unknown,
): boolean {
  let result: unknown
  try {
    result = select(event, selection)
  } catch (error) {
    throw dispatcherError(stage, 'select', error)
  }
  if (typeof result !== 'boolean') throw badStep(stage, 'select', result, 'true or false')
  return result
}
