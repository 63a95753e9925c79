/**
 * Which message is which, on its whole way from its sender to a handler, without a change to the message, to its bytes or to the code under test.
 *
 * 1. While an actor, or code outside, is in a call that sends, the message of that call has a mark (`oracles/message-order.ts`).
 * 2. Within a core, and in every mailbox, the mark goes with the message in a {@link Marked}; the watch around each behaviour takes it out again. What goes
 *    straight from a ring to an idle actor goes as it is, for it may be read in place.
 * 3. Between cores the mark belongs to the place in the ring where the message's record ends (`message-places.ts`).
 * 4. What waits for room between the two is known by its bytes, or is a {@link Marked} already.
 *
 * A message that the runtime makes itself has no mark, nor has one whose core died after it was published and before this code saw that.
 */
import { NORMAL, priorityNumber, UNSET } from '@cambium/actor'
import type { RefHost, RefTarget } from '@cambium/actor'
import { watchHand } from '@cambium/ring'
import type { Core, SystemMemory } from '@cambium/scheduler'
import { Marked, unmarked } from './marked.ts'
import { MessagePlaces } from './message-places.ts'
import type { MailboxBounds } from './oracles/mailbox-bounds.ts'
import type { MailboxDrops } from './oracles/mailbox-drops.ts'
import type { Mark, MessageOrder } from './oracles/message-order.ts'
import type { PriorityOrder } from './oracles/priority-order.ts'
import type { SignalOrder } from './oracles/signal-order.ts'
import { isStorm } from './storms.ts'

export interface MessageMarksOptions {
  readonly order: MessageOrder
  readonly signals: SignalOrder
  readonly bounds: MailboxBounds
  readonly drops: MailboxDrops
  readonly priorities: PriorityOrder
  /** Takes what the oracle throws. */
  readonly report: (error: Error) => void
}

type Link = NonNullable<Core['links'][number]>
type Cell = Core['slots']['cells'][number] & object
type Held = Parameters<Core['sender']['outbox']['hold']>[0]

/** The types of tells and asks, with and without a stamp, and of messages that a home passes on (`scheduler/src/record-lane.ts`). */
const isMessage = (type: number): boolean => type === 1 || type === 2 || (type >= 7 && type <= 9)

export class MessageMarks {
  readonly #options: MessageMarksOptions
  /** By sending and receiving core. */
  readonly #places = new Map<number, MessagePlaces>()
  /** Of messages that wait for room. */
  readonly #byBytes = new WeakMap<object, Mark>()
  /** Of the message that goes straight to its handler, and the priority that it was sent with. */
  #direct: Mark | undefined = undefined
  #directPriority: number = UNSET

  constructor(options: MessageMarksOptions) {
    this.#options = options
  }

  /** A core begins. */
  watch(core: Core, memory: SystemMemory): void {
    const { order, signals, bounds, drops, priorities, report } = this.#options
    const { coreNumber, deadLetters, dispatcher, sender: senders } = core
    /** What is just being sent. */
    let sent: Mark | undefined

    const marking =
      <Options, T>(send: (to: RefTarget, message: unknown, options: Options) => T) =>
      (to: RefTarget, message: unknown, options: Options): T => {
        const outer = sent
        // As `dispatcher.sending`, which is dear where nobody awaits.
        const sender = dispatcher.current ?? (dispatcher.asyncInFlight > 0 ? dispatcher.sending : undefined)
        sent = order.sent(coreNumber, sender?.address, to, givenPriority(options))
        try {
          return send(to, message, options)
        } finally {
          sent = outer
        }
      }
    for (const host of [senders.inside, senders.outside] satisfies RefHost[]) {
      host.tell = marking(host.tell.bind(host))
      host.trySend = marking(host.trySend.bind(host))
      host.send = marking(host.send.bind(host))
      host.ask = marking(host.ask.bind(host))
    }

    const { outbox } = senders
    const [hold, enqueue] = [outbox.hold.bind(outbox), outbox.enqueue.bind(outbox)]
    const keep = (held: Held): void => {
      if (sent === undefined || held.message instanceof Marked) return
      if (held.bytes !== undefined) this.#byBytes.set(held.bytes, sent)
      // In place: whoever waits for it holds the same object.
      else (held as { message: unknown }).message = new Marked(sent, held.message, held.stamp?.priority ?? UNSET)
    }
    outbox.hold = (held, link) => {
      keep(held)
      hold(held, link)
    }
    outbox.enqueue = (link, held) => {
      keep(held)
      enqueue(link, held)
    }

    for (const link of core.links) {
      if (link !== undefined) this.#watchLane(coreNumber, link, () => sent)
    }

    /** Where the message in hand comes from. */
    let from: { readonly endInHand: () => number | undefined; readonly places: MessagePlaces } | undefined
    for (let peer = 0; peer < memory.cores; peer += 1) {
      const lane = core.inbound(peer)
      if (lane === undefined) continue
      const way = { endInHand: watchHand(memory.dataRing(peer, coreNumber)), places: this.#placesOf(peer, coreNumber) }
      const fetchParcel = lane.fetchParcel.bind(lane)
      lane.fetchParcel = (isOver) => {
        from = way
        return fetchParcel(isOver)
      }
    }
    const takenFromRing = (): Mark | undefined => {
      const end = from?.endInHand()
      const place = end === undefined ? undefined : from?.places.find(end)
      if (place !== undefined) signals.arrived(place.line, place.signals)
      return place?.mark
    }
    /** The message as it goes on; {@link MessageMarks.#direct} is its mark when it goes straight to its handler. */
    const arriving = (cell: Cell, message: unknown, sentPriority: number, isDirect: boolean): unknown => {
      try {
        const mark = message instanceof Marked ? message.mark : isDirect ? takenFromRing() : sent
        if (mark === undefined) {
          // It takes room like any other.
          if (!isDirect || !dispatcher.isIdle(cell)) bounds.arriving(cell, undefined, false, sentPriority, order.latest)
          return message
        }
        order.arrived(mark, cell.address, sentPriority)
        if (isDirect && dispatcher.isIdle(cell)) {
          if (message instanceof Marked) return message
          this.#direct = mark
          this.#directPriority = sentPriority
          return message
        }
        const marked = message instanceof Marked ? message : new Marked(mark, message, sentPriority)
        bounds.arriving(cell, mark.place, mark.pair.isToSelf, sentPriority, order.latest)
        drops.entering(cell, marked)
        return marked
      } catch (error) {
        report(error as Error)
        return message
      }
    }
    /** The message has been given to the mailbox. */
    const arrived = (cell: Cell, message: unknown): void => {
      if (!(message instanceof Marked)) return
      try {
        drops.entered(cell)
        if (message.priority !== NORMAL && cell.mailbox !== undefined) priorities.watch(cell.mailbox, report)
      } catch (error) {
        report(error as Error)
      }
    }
    const [deliver, deliverStamped] = [dispatcher.deliver.bind(dispatcher), dispatcher.deliverStamped.bind(dispatcher)]
    dispatcher.deliver = (cell, message, asker, isDirect) => {
      const as = arriving(cell, message, UNSET, isDirect)
      try {
        deliver(cell, as, asker, isDirect)
        arrived(cell, as)
      } finally {
        this.#direct = undefined
      }
    }
    dispatcher.deliverStamped = (cell, message, stamp, isDirect) => {
      // A message of a call chain may overtake those that wait for the handler that it enters again.
      if (cell.isReentrant && stamp.chain !== 0) {
        deliverStamped(cell, unmarked(message), stamp, isDirect)
        return
      }
      const as = arriving(cell, message, stamp.priority, isDirect)
      try {
        deliverStamped(cell, as, stamp, isDirect)
        arrived(cell, as)
      } finally {
        this.#direct = undefined
      }
    }

    // What a home passes on keeps its mark, and so does what comes back.
    const { forwarding, guests, moved } = core.moves
    const passOn = forwarding.send.bind(forwarding)
    forwarding.send = (cell, place, kind, message, beside) => {
      const outer = sent
      // Who has put it aside answers for its order, and what its receiver says of its priority is not known where it goes.
      const isPlain =
        message instanceof Marked && !message.isTaken && (message.sentPriority !== UNSET || message.priority === NORMAL)
      sent = isPlain ? message.mark : undefined
      try {
        passOn(cell, place, kind, unmarked(message), beside)
      } finally {
        sent = outer
      }
    }
    const carried = (message: unknown, head: Parameters<typeof guests.take>[2]): unknown => {
      const mark = takenFromRing()
      const { beside } = head
      const sentPriority = typeof beside === 'object' && 'priority' in beside ? beside.priority : UNSET
      return mark === undefined ? message : new Marked(mark, message, sentPriority)
    }
    const [take, takeBack] = [guests.take.bind(guests), moved.takeBack.bind(moved)]
    guests.take = (cell, message, head) => take(cell, carried(message, head), head)
    moved.takeBack = (cell, message, head) => {
      const marked = carried(message, head)
      if (marked instanceof Marked) marked.isBack = true
      takeBack(cell, marked, head)
    }

    const { receives, stash, travel } = dispatcher
    const [putBack, putBefore] = [stash.putBack.bind(stash), travel.putBefore.bind(travel)]
    stash.putBack = (cell) => {
      const count = putBack(cell)
      if (count > 0) bounds.refilled(cell, order.latest)
      return count
    }
    travel.putBefore = (cell, queue) => {
      putBefore(cell, queue)
      if (queue !== undefined) bounds.refilled(cell, order.latest)
    }
    const receive = receives.receive.bind(receives)
    // What a handler takes out of turn is its own choice: it is in no order.
    receives.receive = (cell, isRunning, match, wait) => {
      const isMeant = (message: unknown): boolean => !isStorm(unmarked(message)) && match(unmarked(message))
      const received = receive(cell, isRunning, isMeant, wait).then((taken) => ({ ...taken, message: unmarked(taken.message) }))
      received.catch(() => {}) // a handler may end without a look at it
      return received
    }

    const bury = deadLetters.bury.bind(deadLetters)
    deadLetters.bury = (reason, target, more) => {
      if (reason === 'overflow' || reason === 'shed') {
        try {
          drops.dropping(target as Cell, more?.message, reason)
        } catch (error) {
          report(error as Error)
        }
      }
      bury(reason, target, more?.message instanceof Marked ? { ...more, message: more.message.message } : more)
    }
  }

  /** A handler is about to be given this; answers the message itself. */
  taken(message: unknown): unknown {
    const { order, report } = this.#options
    const direct = this.#direct
    this.#direct = undefined
    try {
      if (message instanceof Marked) {
        if (!message.isTaken) order.taken(message.mark, message.sentPriority, message.priority)
        message.isTaken = true
      } else if (direct !== undefined) order.taken(direct, this.#directPriority, undefined)
    } catch (error) {
      report(error as Error)
    }
    return unmarked(message)
  }

  #watchLane(core: number, { core: peer, data: lane }: Link, sent: () => Mark | undefined): void {
    const { signals } = this.#options
    const places = this.#placesOf(core, peer)
    const place = (mark: Mark): void => {
      const line = signals.line(core, peer)
      places.put({ end: lane.ringPosition, mark, line, signals: line.sent })
    }
    const [compose, write, enqueue] = [lane.compose.bind(lane), lane.write.bind(lane), lane.enqueue.bind(lane)]
    lane.compose = (type, a, b, c, message, encoder, layouts) => {
      if (!compose(type, a, b, c, message, encoder, layouts)) return false
      const mark = isMessage(type) ? sent() : undefined
      if (mark !== undefined) place(mark)
      return true
    }
    lane.write = (type, a, b, c, bytes, layout, parcel) => {
      if (!write(type, a, b, c, bytes, layout, parcel)) return false
      const mark = isMessage(type) ? (this.#byBytes.get(bytes) ?? sent()) : undefined
      if (mark !== undefined) place(mark)
      return true
    }
    lane.enqueue = (record) => {
      const mark = this.#byBytes.get(record.bytes)
      if (mark === undefined) {
        enqueue(record)
        return
      }
      enqueue({
        ...record,
        onWritten: () => {
          place(mark)
          record.onWritten?.()
        },
      })
    }
  }

  #placesOf(from: number, to: number): MessagePlaces {
    const key = from * 256 + to
    let places = this.#places.get(key)
    if (places === undefined) {
      places = new MessagePlaces()
      this.#places.set(key, places)
    }
    return places
  }
}

function givenPriority(options: unknown): number {
  return typeof options === 'object' && options !== null && 'priority' in options ? priorityNumber(options.priority) : UNSET
}
