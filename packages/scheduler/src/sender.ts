/**
 * Sending from one core: tell, trySend, send, ask and replies, to actors here and elsewhere, with backpressure (D5, ARCHITECTURE.md, Sending).
 *
 * Every message to another core is encoded when it is sent, so what its sender changes later changes nothing, and an error names its
 * path there and then. A message to this core goes by reference.
 */
import { NORMAL } from '@cambium/actor'
import type { AskOptions, RefHost, RefTarget, SendOptions, SendOutcome, SendWaitOptions } from '@cambium/actor'
import { checkFields } from '@cambium/base'
import type { ActorAddress } from '@cambium/base'
import { checkMessageBytes, keepMessage } from '@cambium/codec'
import type { MessageLayouts, Parcel } from '@cambium/codec'
import type { ActorCell } from './actor-cell.ts'
import { PendingAsk } from './asks.ts'
import { awaitAsk, limitAsk } from './ask-limits.ts'
import { count, SENT } from './books.ts'
import { callAfter } from './call-after.ts'
import { holdsBack, localWord, refuses, saysFull } from './congestion-table.ts'
import { recordType, stampAsk, stampBytes, stampChain, stampOf } from './message-stamp.ts'
import type { Stamp } from './message-stamp.ts'
import { prepareLocal } from './local-message.ts'
import type { OutboundLink } from './outbound-link.ts'
import { Outbox } from './outbox.ts'
import { ASK, HEADER_BYTES, TELL } from './record-lane.ts'
import { Replies } from './replies.ts'
import { askTimeout, closedError, mailboxRefuses, noSuchActor, noSuchCore, outboxFull, targetFull } from './send-errors.ts'
import type { SenderHost } from './sender-host.ts'
import { waitForRoom } from './wait-for-room.ts'
import { checkAsk, checkWait } from './wait-options.ts'
import type { CheckedWait } from './wait-options.ts'
import { sentPriority, waitingMessage } from './waiting-message.ts'

const DONE: Promise<void> = Promise.resolve()

export class Sender {
  /** Refs of this host are used by actors. */
  readonly inside: RefHost
  /** Refs of this host were given to code outside actors; they close when the system shuts down. */
  readonly outside: RefHost
  isClosed = false
  #isEnded = false
  readonly replies: Replies
  readonly outbox: Outbox
  readonly #host: SenderHost

  constructor(host: SenderHost) {
    this.#host = host
    this.replies = new Replies(host)
    this.outbox = new Outbox(host, this.replies, this)
    const hostOf = (isOutside: boolean): RefHost => ({
      system: host.memory,
      tell: (target, message, options) => {
        if (this.#isShutFor(isOutside)) {
          count(this.#host.books, SENT)
          host.deadLetters.bury('shut_down', target, { message })
        } else if (options === undefined) this.#tell(target, message)
        else this.#tellStamped(target, message, this.#stampOf(options))
      },
      trySend: (target, message, options) =>
        this.#isShutFor(isOutside)
          ? 'closed'
          : this.#trySend(target, message, options === undefined ? undefined : this.#stampOf(options)),
      send: (target, message, options) =>
        this.#isShutFor(isOutside) ? Promise.reject(closedError(target)) : this.#send(target, message, options),
      ask: (target, message, options) =>
        this.#isShutFor(isOutside) ? Promise.reject(closedError(target)) : this.#ask(target, message, options),
      after: (delayMs, callback) => callAfter(host, delayMs, callback),
    })
    this.inside = hostOf(false)
    this.outside = hostOf(true)
  }

  /** The core ends: whoever waits here is told, and what waits is buried. */
  end(error: Error): void {
    this.isClosed = true
    this.#isEnded = true
    const local = this.#host.wheel.all().filter((timer) => timer instanceof PendingAsk)
    for (const ask of [...this.#host.asks.all(), ...local]) this.replies.failAsk(ask, error)
    this.outbox.end(error)
  }

  /** An ask settled since the driver last looked: its continuation should run before the core looks for more work. */
  get hasSettled(): boolean {
    return this.replies.hasSettled
  }

  set hasSettled(value: boolean) {
    this.replies.hasSettled = value
  }

  /** Messages waiting on this core. */
  get waitingCount(): number {
    return this.outbox.waitingCount
  }

  /**
   * Whether code outside actors may not send any more. An actor of core 0 can hold a ref made outside, in its argument or a message; while it runs, and
   * the system drains, that is as good as any. Of what runs after an `await` only an `async` function is known to be an actor's.
   */
  #isShutFor(isOutside: boolean): boolean {
    this.#host.fence.pass()
    if (!this.isClosed) return false
    return this.#isEnded || (isOutside && this.#host.dispatcher.sending === undefined)
  }

  // --- tell, trySend, send, ask

  #tell(target: RefTarget, message: unknown): void {
    if (target.core === this.#host.coreNumber) {
      if (this.#host.isStrict) prepareLocal(message, target.layouts)
      count(this.#host.books, SENT)
      const cell = this.#host.slots.find(target.slot, target.generation)
      if (cell === undefined || cell.isCongested || this.outbox.holdsHere) {
        this.#postLocal(target, keepMessage(message), undefined, undefined)
        return
      }
      this.#host.dispatcher.deliver(cell, keepMessage(message), undefined, false)
      this.#host.requestTurn()
      return
    }
    const link = this.#linkTo(target) // throws for a core that is not there, before anything is counted
    if (this.#compose(link, target, message, undefined)) return
    const bytes = this.#encode(message, target.layouts)
    count(this.#host.books, SENT)
    this.#post(target, bytes, undefined, undefined)
  }

  #tellStamped(target: RefTarget, message: unknown, stamp: Stamp | undefined): void {
    if (stamp === undefined) {
      this.#tell(target, message)
      return
    }
    if (target.core === this.#host.coreNumber) {
      if (this.#host.isStrict) prepareLocal(message, target.layouts)
      count(this.#host.books, SENT)
      this.#postLocal(target, keepMessage(message), undefined, stamp)
      return
    }
    this.#linkTo(target)
    const bytes = this.#encodeStamped(message, stamp, target.layouts)
    count(this.#host.books, SENT)
    this.#post(target, bytes, undefined, stamp)
  }

  #trySend(target: RefTarget, message: unknown, stamp: Stamp | undefined): SendOutcome {
    const priority = sentPriority(stamp)
    if (target.core === this.#host.coreNumber) {
      if (this.#host.isStrict) prepareLocal(message, target.layouts)
      if (this.#isFull(target, undefined, priority)) return 'full'
      count(this.#host.books, SENT)
      this.deliver(target, keepMessage(message), undefined, stamp)
      return 'sent'
    }
    const link = this.#linkTo(target)
    if (link.saysFull(target.slot, priority)) return 'full'
    if (stamp === undefined && this.#compose(link, target, message, undefined)) return 'sent'
    const bytes =
      stamp === undefined ? this.#encode(message, target.layouts) : this.#encodeStamped(message, stamp, target.layouts)
    const { layout, parcel } = this.#host.encoder
    if (!link.data.write(recordType(undefined, stamp), target.slot, target.generation, 0, bytes, layout, parcel)) {
      // What takes more than one record goes in parts, as there is room: one such message at a time, and nothing waits before it.
      const charge = this.#host.dispatcher.sending
      if (!link.data.isLarge(bytes.length) || link.data.queued > 0 || this.outbox.isFull(charge)) return 'full'
      this.outbox.enqueue(
        link,
        waitingMessage(
          { target, message: undefined, bytes: Buffer.from(bytes), layout, parcel, stamp, ask: undefined, charge },
          this.#host.roughNow(),
        ),
      )
    }
    count(this.#host.books, SENT)
    link.data.flushIfDue()
    this.#host.requestTurn()
    return 'sent'
  }

  #send(target: RefTarget, message: unknown, options: SendWaitOptions | undefined): Promise<void> {
    let wait: CheckedWait
    let bytes: Buffer | undefined
    let layout = 0
    let stamp: Stamp | undefined
    let parcel: Parcel | undefined
    const isLocal = target.core === this.#host.coreNumber
    try {
      wait = checkWait(options, this.#host.limits.sendTimeoutMs)
      stamp = options === undefined ? undefined : stampOf(options, this.#now)
      if (wait.signal?.aborted === true) return Promise.reject(wait.signal.reason as Error)
      if (this.#trySend(target, message, stamp) === 'sent') return DONE
      if (this.#refuses(target)) return Promise.reject(mailboxRefuses(target))
      if (this.outbox.isFull(undefined)) return Promise.reject(outboxFull(target))
      if (!isLocal) {
        bytes = this.#host.encoder.encodeCopy(message, target.layouts)
        layout = this.#host.encoder.layout
        if (stamp !== undefined) bytes = stampBytes(stamp, bytes, layout)
        parcel = this.#host.encoder.parcel
      }
    } catch (error) {
      const problem = error as Error
      return Promise.reject(problem)
    }
    return waitForRoom(this.#host, this.outbox, isLocal ? undefined : this.#linkTo(target), wait, {
      target,
      message: keepMessage(message),
      bytes,
      layout,
      stamp,
      parcel,
    })
  }

  #ask(target: RefTarget, message: unknown, options: AskOptions | undefined): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const wait = options === undefined ? undefined : checkAsk(options, this.#host.limits.askTimeoutMs)
      const timeoutMs = wait?.timeoutMs ?? this.#host.limits.askTimeoutMs
      const signal = wait?.signal
      let stamp = options === undefined ? undefined : stampOf(options, this.#now)
      if (signal?.aborted === true) {
        reject(signal.reason as Error)
        return
      }
      const isLocal = target.core === this.#host.coreNumber
      if (isLocal && this.#host.isStrict) prepareLocal(message, target.layouts)
      const link = isLocal ? undefined : this.#linkTo(target)
      const failsIfFull = wait?.failsIfFull === true
      if (failsIfFull && this.#isFull(target, link, sentPriority(stamp))) throw targetFull(target)
      const ask = new PendingAsk(target, timeoutMs, resolve, reject, this.#expire, this.#host.dispatcher.sending)
      const nowMs = this.#host.now()
      const dueMs = nowMs + timeoutMs
      if (wait?.isAwaited !== false) stamp = stampChain(stamp, awaitAsk(this.#host, ask, nowMs))
      if (link === undefined) {
        limitAsk(this.#host, this.replies, ask, dueMs, signal)
        count(this.#host.books, SENT)
        this.#postLocal(target, keepMessage(message), ask, stamp)
        return
      }
      this.#host.asks.add(ask)
      let bytes: Buffer
      try {
        if (stamp === undefined && this.#compose(link, target, message, ask)) {
          limitAsk(this.#host, this.replies, ask, dueMs, signal)
          return
        }
        bytes = stamp === undefined ? this.#encode(message, target.layouts) : this.#encodeStamped(message, stamp, target.layouts)
      } catch (error) {
        this.replies.failAsk(ask, error as Error)
        return
      }
      if (failsIfFull && !link.data.takes(bytes.length)) {
        this.replies.failAsk(ask, targetFull(target))
        return
      }
      limitAsk(this.#host, this.replies, ask, dueMs, signal)
      count(this.#host.books, SENT)
      this.#post(target, bytes, ask, stamp)
    })
  }

  /** Whether a message would have to wait, or would be refused, as far as can be told before it is encoded. */
  #isFull(target: ActorAddress, link: OutboundLink | undefined, priority: number): boolean {
    const { slot, generation } = target
    if (link !== undefined) return link.saysFull(slot, priority) || link.data.queued > 0
    return saysFull(localWord(this.#host.slots.find(slot, generation)), slot, priority) || this.outbox.holdsFor(slot, priority)
  }

  // --- on this core

  #postLocal(target: ActorAddress, message: unknown, ask: PendingAsk | undefined, stamp: Stamp | undefined): void {
    const cell = this.#host.slots.find(target.slot, target.generation)
    if (cell === undefined) {
      this.#buryNoSuchActor(target, message, ask)
      return
    }
    if (cell.isCongested || this.outbox.hasFor(target.slot)) {
      const charge = this.#host.dispatcher.sending
      const priority = sentPriority(stamp)
      if (cell === charge) {
        // An actor cannot wait for itself; what it may tell itself is bounded like its outbox.
        if ((cell.mailbox?.length ?? 0) >= cell.capacity + this.#host.limits.outboxCapacity) {
          this.outbox.buryFull(target, message, ask)
          return
        }
      } else if (holdsBack(localWord(cell), target.slot, priority) || this.outbox.holdsFor(target.slot, priority)) {
        if (this.outbox.isFull(charge)) {
          this.outbox.buryFull(target, message, ask)
          return
        }
        this.outbox.hold(
          waitingMessage(
            { target, message, bytes: undefined, layout: 0, parcel: undefined, stamp, ask, charge },
            this.#host.roughNow(),
          ),
          undefined,
        )
        return
      }
    }
    this.#deliverTo(cell, message, ask, stamp)
  }

  /** Brings a message to an actor of this core, through its mailbox. */
  deliver(target: ActorAddress, message: unknown, ask: PendingAsk | undefined, stamp: Stamp | undefined): void {
    const cell = this.#host.slots.find(target.slot, target.generation)
    if (cell === undefined) this.#buryNoSuchActor(target, message, ask)
    else this.#deliverTo(cell, message, ask, stamp)
  }

  #deliverTo(cell: ActorCell, message: unknown, ask: PendingAsk | undefined, stamp: Stamp | undefined): void {
    if (stamp === undefined) this.#host.dispatcher.deliver(cell, message, ask, false)
    else this.#host.dispatcher.deliverStamped(cell, message, ask === undefined ? stamp : stampAsk(stamp, ask), false)
    this.#host.requestTurn()
  }

  #buryNoSuchActor(target: ActorAddress, message: unknown, ask: PendingAsk | undefined): void {
    if (ask === undefined && this.replies.tokens.pay(target, message)) return
    this.#host.deadLetters.bury('no_such_actor', target, { message })
    if (ask !== undefined) this.replies.failAsk(ask, noSuchActor(target))
  }

  // --- to other cores

  /** The short way: no detour over a buffer. False when the message is not for it, and nothing happened. */
  #compose(link: OutboundLink, target: RefTarget, message: unknown, ask: PendingAsk | undefined): boolean {
    if (link.seemsCongested(target.slot) || (link.waiting.size > 0 && link.waiting.has(target.slot))) return false
    const { data } = link
    const type = ask === undefined ? TELL : ASK
    if (!data.compose(type, target.slot, target.generation, ask?.correlation ?? 0, message, this.#host.encoder, target.layouts))
      return false
    if (ask !== undefined) ask.position = data.position
    count(this.#host.books, SENT) // before it can be published, and then be counted as put
    data.flushIfDue()
    this.#host.requestTurn()
    return true
  }

  #post(target: ActorAddress, bytes: Buffer, ask: PendingAsk | undefined, stamp: Stamp | undefined): void {
    const link = this.#linkTo(target)
    const { layout, parcel } = this.#host.encoder
    const charge = this.#host.dispatcher.sending
    const isHeld = link.holdsBack(target.slot, stamp === undefined ? NORMAL : sentPriority(stamp))
    if (
      !isHeld &&
      link.data.write(recordType(ask, stamp), target.slot, target.generation, ask?.correlation ?? 0, bytes, layout, parcel)
    ) {
      if (ask !== undefined) ask.position = link.data.position
      link.data.flushIfDue()
      this.#host.requestTurn()
      return
    }
    if (this.outbox.isFull(charge)) {
      this.outbox.buryFull(target, undefined, ask)
      return
    }
    const waiting = waitingMessage(
      { target, message: undefined, bytes: Buffer.from(bytes), layout, parcel, stamp, ask, charge },
      this.#host.roughNow(),
    )
    if (isHeld) this.outbox.hold(waiting, link)
    else this.outbox.enqueue(link, waiting)
    this.#host.requestTurn()
  }

  // --- small parts

  #encode(message: unknown, layouts: MessageLayouts | undefined): Buffer {
    const bytes = this.#host.encoder.encode(message, layouts)
    if (bytes.length + HEADER_BYTES > 1024) checkMessageBytes(bytes.length, this.#host.limits.messageBytesMax)
    return bytes
  }

  #encodeStamped(message: unknown, stamp: Stamp, layouts: MessageLayouts | undefined): Buffer {
    const bytes = this.#encode(message, layouts)
    return stampBytes(stamp, bytes, this.#host.encoder.layout)
  }

  readonly #now = (): number => this.#host.now()

  readonly #expire = (ask: PendingAsk): void => {
    this.replies.failAsk(ask, askTimeout(ask.target, ask.timeoutMs))
  }

  /** Throws `ERR_OPTION`. */
  #stampOf(options: SendOptions): Stamp | undefined {
    checkFields('options', options, ['priority', 'expiresMs'])
    return stampOf(options, this.#now)
  }

  /** The target is full, and wants nobody to wait for it. */
  #refuses(target: ActorAddress): boolean {
    const { slot, generation } = target
    if (target.core !== this.#host.coreNumber) return this.#linkTo(target).refuses(slot)
    return refuses(localWord(this.#host.slots.find(slot, generation)), slot)
  }

  #linkTo(target: ActorAddress): OutboundLink {
    const link = this.#host.links[target.core]
    if (link === undefined) throw noSuchCore(target, this.#host.links.length)
    return link
  }
}
