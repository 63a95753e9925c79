/**
 * Sending from one core: tell, trySend, send, ask and replies, to actors here and elsewhere, with backpressure (D5, ARCHITECTURE.md, Sending).
 *
 * Every message to another core is encoded when it is sent, so what its sender changes later changes nothing, and an error names its
 * path there and then. A message to this core goes by reference.
 */
import type { AskOptions, RefHost, RefTarget, SendOutcome, WaitOptions } from '@cambium/actor'
import { CambiumError, formatAddress } from '@cambium/base'
import type { ActorAddress } from '@cambium/base'
import { checkMessageBytes, keepMessage } from '@cambium/codec'
import type { Encoder, MessageLayouts } from '@cambium/codec'
import { PendingAsk } from './asks.ts'
import type { AskTable } from './asks.ts'
import { count, SENT } from './books.ts'
import type { DeadLetterOffice } from './dead-letter-office.ts'
import type { Dispatcher } from './dispatcher.ts'
import { prepareLocal } from './local-message.ts'
import type { OutboundLink } from './outbound-link.ts'
import { closedError, Outbox, outboxFull, targetFull } from './outbox.ts'
import { ASK, HEADER_BYTES, TELL } from './record-lane.ts'
import { Replies } from './replies.ts'
import type { SlotTable } from './slot-table.ts'
import type { TimerWheel } from './timer-wheel.ts'
import { waitForRoom } from './wait-for-room.ts'
import { checkAsk, checkWait } from './wait-options.ts'
import type { CheckedWait } from './wait-options.ts'
import { waitingMessage } from './waiting-message.ts'

export interface SenderLimits {
  /** Longest wait of a message for room, and default of `send`. */
  readonly sendTimeoutMs: number
  /** Default of `ask`. */
  readonly askTimeoutMs: number
  /** Messages of one actor that may wait. */
  readonly outboxCapacity: number
  /** Messages from outside actors that may wait on one core. */
  readonly outsideCapacity: number
  readonly messageBytesMax: number
}

export interface SenderHost {
  readonly coreNumber: number
  readonly books: Float64Array
  readonly limits: SenderLimits
  /** Development: messages within a core are checked and frozen as if they crossed cores. */
  readonly isStrict: boolean
  readonly links: readonly (OutboundLink | undefined)[]
  readonly slots: SlotTable
  readonly wheel: TimerWheel
  readonly asks: AskTable
  readonly dispatcher: Dispatcher
  readonly deadLetters: DeadLetterOffice
  readonly encoder: Encoder
  now(): number
  /** The time, up to a turn old. */
  roughNow(): number
  requestTurn(): void
}

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
      tell: (target, message) => {
        if (this.#isShutFor(isOutside)) {
          count(this.#host.books, SENT)
          host.deadLetters.bury('shut_down', target, { message })
        } else this.#tell(target, message)
      },
      trySend: (target, message) => (this.#isShutFor(isOutside) ? 'closed' : this.#trySend(target, message)),
      send: (target, message, options) =>
        this.#isShutFor(isOutside) ? Promise.reject(closedError(target)) : this.#send(target, message, options),
      ask: (target, message, options) =>
        this.#isShutFor(isOutside) ? Promise.reject(closedError(target)) : this.#ask(target, message, options),
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
   * Whether code outside actors may not send any more. An actor of core 0 can hold a ref that was made outside, in its argument or in a message
   * that came by reference; while it runs, and the system drains, that ref is as good as any.
   */
  #isShutFor(isOutside: boolean): boolean {
    if (!this.isClosed) return false
    const { dispatcher } = this.#host
    return this.#isEnded || (isOutside && dispatcher.current === undefined && dispatcher.asyncInFlight === 0)
  }

  // --- tell, trySend, send, ask

  #tell(target: RefTarget, message: unknown): void {
    if (target.core === this.#host.coreNumber) {
      if (this.#host.isStrict) prepareLocal(message, target.layouts)
      count(this.#host.books, SENT)
      this.#postLocal(target, keepMessage(message), undefined)
      return
    }
    const link = this.#linkTo(target) // throws for a core that is not there, before anything is counted
    if (this.#compose(link, target, message, undefined)) return
    const bytes = this.#encode(message, target.layouts)
    count(this.#host.books, SENT)
    this.#post(target, bytes, undefined)
  }

  #trySend(target: RefTarget, message: unknown): SendOutcome {
    if (target.core === this.#host.coreNumber) {
      if (this.#host.isStrict) prepareLocal(message, target.layouts)
      const cell = this.#host.slots.find(target.slot, target.generation)
      if (cell?.isCongested === true || this.outbox.holdsFor(target.slot)) return 'full'
      count(this.#host.books, SENT)
      this.deliver(target, keepMessage(message), undefined)
      return 'sent'
    }
    const link = this.#linkTo(target)
    if (link.waiting.has(target.slot) || link.isCongested(target.slot)) return 'full'
    if (this.#compose(link, target, message, undefined)) return 'sent'
    const bytes = this.#encode(message, target.layouts)
    const { layout } = this.#host.encoder
    if (!link.data.write(TELL, target.slot, target.generation, 0, bytes, layout)) {
      // What takes more than one record goes in parts, as there is room: one such message at a time, and nothing waits before it.
      const charge = this.#host.dispatcher.sending
      if (!link.data.isLarge(bytes.length) || link.data.queued > 0 || this.outbox.isFull(charge)) return 'full'
      this.outbox.enqueue(
        link,
        waitingMessage(
          { target, message: undefined, bytes: Buffer.from(bytes), layout, ask: undefined, charge },
          this.#host.roughNow(),
        ),
      )
    }
    count(this.#host.books, SENT)
    this.#host.requestTurn()
    return 'sent'
  }

  #send(target: RefTarget, message: unknown, options: WaitOptions | undefined): Promise<void> {
    let wait: CheckedWait
    let bytes: Buffer | undefined
    let layout = 0
    const isLocal = target.core === this.#host.coreNumber
    try {
      wait = checkWait(options, this.#host.limits.sendTimeoutMs)
      if (wait.signal?.aborted === true) return Promise.reject(wait.signal.reason as Error)
      if (this.#trySend(target, message) === 'sent') return DONE
      if (this.outbox.isFull(undefined)) return Promise.reject(outboxFull(target))
      if (!isLocal) {
        bytes = this.#host.encoder.encodeCopy(message, target.layouts)
        layout = this.#host.encoder.layout
      }
    } catch (error) {
      const refusal = error as Error
      return Promise.reject(refusal)
    }
    return waitForRoom(this.#host, this.outbox, isLocal ? undefined : this.#linkTo(target), wait, {
      target,
      message: keepMessage(message),
      bytes,
      layout,
    })
  }

  #ask(target: RefTarget, message: unknown, options: AskOptions | undefined): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const wait = options === undefined ? undefined : checkAsk(options, this.#host.limits.askTimeoutMs)
      const timeoutMs = wait?.timeoutMs ?? this.#host.limits.askTimeoutMs
      const signal = wait?.signal
      if (signal?.aborted === true) {
        reject(signal.reason as Error)
        return
      }
      const isLocal = target.core === this.#host.coreNumber
      if (isLocal && this.#host.isStrict) prepareLocal(message, target.layouts)
      const link = isLocal ? undefined : this.#linkTo(target)
      const failsIfFull = wait?.failsIfFull === true
      if (failsIfFull && this.#isFull(target, link)) throw targetFull(target)
      const ask = new PendingAsk(target, resolve, reject, (expired) => {
        this.replies.failAsk(
          expired,
          new CambiumError(
            'ERR_ASK_TIMEOUT',
            `ask was not answered in time: target=${formatAddress(target)}, timeoutMs=${timeoutMs}`,
            {
              severity: 'crash',
              fields: { timeoutMs },
            },
          ),
        )
      })
      if (link === undefined) {
        this.#await(ask, timeoutMs, signal)
        count(this.#host.books, SENT)
        this.#postLocal(target, keepMessage(message), ask)
        return
      }
      this.#host.asks.add(ask)
      if (this.#compose(link, target, message, ask)) {
        this.#await(ask, timeoutMs, signal)
        return
      }
      let bytes: Buffer
      try {
        bytes = this.#encode(message, target.layouts)
      } catch (error) {
        this.#host.asks.drop(ask)
        throw error
      }
      if (failsIfFull && !link.data.takes(bytes.length)) {
        this.#host.asks.drop(ask)
        throw targetFull(target)
      }
      this.#await(ask, timeoutMs, signal)
      count(this.#host.books, SENT)
      this.#post(target, bytes, ask)
    })
  }

  /** Whether a message would have to wait, as far as can be told before it is encoded. */
  #isFull(target: ActorAddress, link: OutboundLink | undefined): boolean {
    const { slot, generation } = target
    if (link === undefined) return this.#host.slots.find(slot, generation)?.isCongested === true || this.outbox.holdsFor(slot)
    return link.waiting.has(slot) || link.isCongested(slot) || link.data.queued > 0
  }

  #await(ask: PendingAsk, timeoutMs: number, signal: AbortSignal | undefined): void {
    if (timeoutMs !== Infinity) this.#host.wheel.start(ask, this.#host.now() + timeoutMs)
    if (signal !== undefined) this.#abortable(ask, signal)
  }

  #abortable(ask: PendingAsk, signal: AbortSignal): void {
    const onAbort = (): void => {
      this.replies.failAsk(ask, signal.reason as Error)
    }
    signal.addEventListener('abort', onAbort, { once: true })
    ask.onSettled = () => {
      signal.removeEventListener('abort', onAbort)
    }
  }

  // --- on this core

  #postLocal(target: ActorAddress, message: unknown, ask: PendingAsk | undefined): void {
    const cell = this.#host.slots.find(target.slot, target.generation)
    if (cell === undefined) {
      this.#buryNoSuchActor(target, message, ask)
      return
    }
    if (cell.isCongested || this.outbox.holdsFor(target.slot)) {
      const charge = this.#host.dispatcher.sending
      if (cell === charge) {
        // An actor cannot wait for itself; what it may tell itself is bounded like its outbox.
        if ((cell.mailbox?.length ?? 0) >= cell.capacity + this.#host.limits.outboxCapacity) {
          this.outbox.buryFull(target, message, ask)
          return
        }
      } else {
        if (this.outbox.isFull(charge)) {
          this.outbox.buryFull(target, message, ask)
          return
        }
        this.outbox.hold(
          waitingMessage({ target, message, bytes: undefined, layout: 0, ask, charge }, this.#host.roughNow()),
          undefined,
        )
        return
      }
    }
    this.#host.dispatcher.deliver(cell, message, ask, false)
    this.#host.requestTurn()
  }

  /** Brings a message to an actor of this core, through its mailbox. */
  deliver(target: ActorAddress, message: unknown, ask: PendingAsk | undefined): void {
    const cell = this.#host.slots.find(target.slot, target.generation)
    if (cell === undefined) {
      this.#buryNoSuchActor(target, message, ask)
      return
    }
    this.#host.dispatcher.deliver(cell, message, ask, false)
    this.#host.requestTurn()
  }

  #buryNoSuchActor(target: ActorAddress, message: unknown, ask: PendingAsk | undefined): void {
    this.#host.deadLetters.bury('no_such_actor', target, { message })
    if (ask !== undefined) this.replies.failAsk(ask, noSuchActor(target))
  }

  // --- to other cores

  /** The short way: no detour over a buffer. False when the message is not for it, and nothing happened. */
  #compose(link: OutboundLink, target: RefTarget, message: unknown, ask: PendingAsk | undefined): boolean {
    const { slot } = target
    if (link.seemsCongested(slot) || (link.waiting.size > 0 && link.waiting.has(slot))) return false
    const { data } = link
    const type = ask === undefined ? TELL : ASK
    if (!data.compose(type, slot, target.generation, ask?.correlation ?? 0, message, this.#host.encoder, target.layouts))
      return false
    if (ask !== undefined) ask.position = data.position
    count(this.#host.books, SENT) // before it can be published, and then be counted as put
    data.flushIfDue()
    this.#host.requestTurn()
    return true
  }

  #post(target: ActorAddress, bytes: Buffer, ask: PendingAsk | undefined): void {
    const link = this.#linkTo(target)
    const { layout } = this.#host.encoder
    const charge = this.#host.dispatcher.sending
    if (link.isCongested(target.slot) || (link.waiting.size > 0 && link.waiting.has(target.slot))) {
      if (this.outbox.isFull(charge)) this.outbox.buryFull(target, undefined, ask)
      else
        this.outbox.hold(
          waitingMessage({ target, message: undefined, bytes: Buffer.from(bytes), layout, ask, charge }, this.#host.roughNow()),
          link,
        )
      this.#host.requestTurn()
      return
    }
    if (link.data.write(ask === undefined ? TELL : ASK, target.slot, target.generation, ask?.correlation ?? 0, bytes, layout)) {
      if (ask !== undefined) ask.position = link.data.position
      this.#host.requestTurn()
      return
    }
    if (this.outbox.isFull(charge)) {
      this.outbox.buryFull(target, undefined, ask)
      return
    }
    this.outbox.enqueue(
      link,
      waitingMessage({ target, message: undefined, bytes: Buffer.from(bytes), layout, ask, charge }, this.#host.roughNow()),
    )
    this.#host.requestTurn()
  }

  // --- small parts

  #encode(message: unknown, layouts: MessageLayouts | undefined): Buffer {
    const bytes = this.#host.encoder.encode(message, layouts)
    if (bytes.length + HEADER_BYTES > 1024) checkMessageBytes(bytes.length, this.#host.limits.messageBytesMax)
    return bytes
  }

  #linkTo(target: ActorAddress): OutboundLink {
    const link = this.#host.links[target.core]
    if (link === undefined) {
      throw new CambiumError(
        'ERR_NO_SUCH_CORE',
        `ref names no core of this system: ref=${formatAddress(target)}, cores=${this.#host.links.length}`,
      )
    }
    return link
  }
}

export function noSuchActor(target: ActorAddress): CambiumError {
  return new CambiumError('ERR_NO_SUCH_ACTOR', `no such actor: ref=${formatAddress(target)}`, {
    severity: 'crash',
    fields: { ...target },
  })
}
