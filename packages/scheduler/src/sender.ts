/**
 * Sending from one core: tell, trySend, send, ask and replies, to actors here and elsewhere, with backpressure (D5, ARCHITECTURE.md, Sending).
 *
 * Every message to another core is encoded when it is sent, so what its sender changes later changes nothing, and an error names its
 * path there and then. A message to this core goes by reference.
 */
import type { RefHost, SendOutcome, WaitOptions } from '@cambium/actor'
import { deepFreeze } from '@cambium/actor'
import { CambiumError, checkDuration, checkFields, formatAddress, fromErrorRecord, optionError, toErrorRecord } from '@cambium/base'
import type { ActorAddress } from '@cambium/base'
import { assertTravels, checkMessageBytes } from '@cambium/codec'
import type { Encoder } from '@cambium/codec'
import type { ActorCell } from './actor-cell.ts'
import { PendingAsk } from './asks.ts'
import type { Asker, AskTable } from './asks.ts'
import { PROCESSED, SENT } from './books.ts'
import type { DeadLetterOffice } from './dead-letter-office.ts'
import type { Dispatcher } from './dispatcher.ts'
import type { OutboundLink } from './outbound-link.ts'
import { ASK, HEADER_BYTES, REPLY, REPLY_ERROR, TELL } from './record-lane.ts'
import type { SlotTable } from './slot-table.ts'
import { CallbackTimer } from './timer-wheel.ts'
import type { TimerWheel } from './timer-wheel.ts'
import { describeWait } from './wait-cycle.ts'
import { WaitingQueue } from './waiting-message.ts'
import type { WaitingMessage } from './waiting-message.ts'

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
  requestTurn(): void
}

const EMPTY: Buffer = Buffer.alloc(0)
const WAIT_MS_MAX = 2 ** 31
const DONE: Promise<void> = Promise.resolve()

export class Sender {
  /** Messages from outside actors that wait on this core. */
  outsideWaiting = 0
  /** An ask settled since the driver last looked: its continuation should run before the core looks for more work. */
  hasSettled = false
  /** Refs of this host are used by actors. */
  readonly inside: RefHost
  /** Refs of this host were given to code outside actors; they close when the system shuts down. */
  readonly outside: RefHost
  isClosed = false
  /** Messages that wait for congested actors of this core, by slot. */
  readonly #waiting = new Map<number, WaitingQueue>()
  readonly #host: SenderHost

  constructor(host: SenderHost) {
    this.#host = host
    const hostOf = (isOutside: boolean): RefHost => ({
      tell: (target, message) => {
        if (isOutside && this.isClosed) {
          this.#countSent()
          host.deadLetters.bury('shut_down', target, { message })
        } else this.#tell(target, message)
      },
      trySend: (target, message) => (isOutside && this.isClosed ? 'closed' : this.#trySend(target, message)),
      send: (target, message, options) => (isOutside && this.isClosed ? Promise.reject(closedError(target)) : this.#send(target, message, options)),
      ask: (target, message, options) => (isOutside && this.isClosed ? Promise.reject(closedError(target)) : this.#ask(target, message, options)),
    })
    this.inside = hostOf(false)
    this.outside = hostOf(true)
  }

  /** Whether any message waits on this core for room anywhere. */
  get hasWaiting(): boolean {
    if (this.#waiting.size > 0) return true
    for (const link of this.#host.links) if (link?.hasWaiting === true) return true
    return false
  }

  /** Messages waiting on this core. */
  get waitingCount(): number {
    let count = 0
    for (const queue of this.#waiting.values()) count += queue.length
    for (const link of this.#host.links) {
      if (link === undefined) continue
      count += link.data.queued
      for (const queue of link.waiting.values()) count += queue.length
    }
    return count
  }

  reply(asker: Asker, value: unknown): void {
    if (asker instanceof PendingAsk) {
      if (this.#host.isStrict) {
        this.#checkTravels(asker, value)
        deepFreeze(value)
      }
      this.#countSent()
      this.#settleLocal(asker, value, undefined)
      return
    }
    let bytes: Buffer
    try {
      bytes = this.#host.encoder.encode(value)
      checkMessageBytes(bytes.length, this.#host.limits.messageBytesMax)
    } catch (error) {
      this.replyError(asker, error as Error)
      throw error
    }
    this.#writeReply(asker.core, REPLY, asker.correlation, bytes)
  }

  /** Answers with an error. Never throws: the error travels as a record of plain data. */
  replyError(asker: Asker, error: Error): void {
    if (asker instanceof PendingAsk) {
      this.#countSent()
      this.#settleLocal(asker, undefined, error)
      return
    }
    const record = toErrorRecord(error)
    let bytes: Buffer
    try {
      bytes = this.#host.encoder.encode(record)
    } catch {
      bytes = this.#host.encoder.encode({ ...record, fields: {}, cause: undefined })
    }
    this.#writeReply(asker.core, REPLY_ERROR, asker.correlation, bytes)
  }

  /** A reply for which nobody waits: the second of two. */
  buryReply(from: ActorAddress, value: unknown): void {
    this.#countSent()
    this.#host.deadLetters.bury('late_reply', from, { message: value, detail: 'its message has an answer already' })
  }

  /** A reply came from another core. */
  settleRemote(from: number, correlation: number, value: unknown, error: unknown): void {
    const ask = this.#host.asks.take(correlation)
    if (ask === undefined) {
      this.#host.deadLetters.bury('late_reply', { core: from, slot: 0, generation: 0 }, { message: value })
      return
    }
    this.#host.wheel.cancel(ask)
    this.#countProcessed()
    this.hasSettled = true
    if (error === undefined) ask.resolve(value)
    else ask.reject(error)
  }

  /** Ends an ask without a reply. */
  failAsk(ask: PendingAsk, error: Error): void {
    if (ask.isSettled) return
    this.#host.wheel.cancel(ask)
    this.#host.asks.drop(ask)
    this.hasSettled = true
    ask.reject(error)
  }

  /** Moves what waits as far as there is room now. */
  drain(): void {
    for (const link of this.#host.links) {
      if (link?.hasWaiting !== true) continue
      link.drain((message) => {
        if (this.#isSkipped(message)) return
        this.#writeNow(link, message)
      })
    }
  }

  /** An actor of this core has room again. */
  relieved(cell: ActorCell): void {
    const queue = this.#waiting.get(cell.slot)
    if (queue === undefined) return
    while (queue.first !== undefined && !cell.isCongested) {
      const message = queue.first
      queue.shift()
      if (this.#isSkipped(message)) continue
      this.#uncharge(message)
      if (message.onAccepted !== undefined) {
        this.#countSent()
        message.onAccepted()
      }
      this.#deliverLocal(message.target, message.message, message.ask)
    }
    if (queue.length === 0) this.#waiting.delete(cell.slot)
  }

  /** Actors whose oldest message to some target has waited since before `beforeMs`. */
  longWaiting(beforeMs: number): ActorCell[] {
    const cells = new Set<ActorCell>()
    for (const queues of [this.#waiting, ...this.#host.links.map((link) => link?.waiting)]) {
      for (const queue of queues?.values() ?? []) {
        const first = queue.first
        if (first?.charge !== undefined && first.sinceMs < beforeMs) cells.add(first.charge)
      }
    }
    return [...cells]
  }

  /** Buries what has waited longer than the limit. */
  expire(): void {
    const before = this.#host.now() - this.#host.limits.sendTimeoutMs
    const expireQueues = (queues: Map<number, WaitingQueue>): void => {
      for (const [slot, queue] of queues) {
        for (const message of queue.takeExpired(before)) {
          if (!this.#isSkipped(message)) this.#buryWaiting(message)
        }
        if (queue.length === 0) queues.delete(slot)
      }
    }
    expireQueues(this.#waiting)
    for (const link of this.#host.links) {
      if (link === undefined) continue
      expireQueues(link.waiting)
      link.data.expire(before)
    }
  }

  /** The core ends: whoever waits here is told, and what waits is buried. */
  end(error: Error): void {
    this.isClosed = true
    for (const ask of [...this.#host.asks.all(), ...this.#host.wheel.all().filter((timer) => timer instanceof PendingAsk)]) this.failAsk(ask, error)
    const endQueues = (queues: Map<number, WaitingQueue>): void => {
      for (const queue of queues.values()) {
        for (let message = queue.first; message !== undefined; message = queue.first) {
          queue.shift()
          if (this.#isSkipped(message)) continue
          this.#uncharge(message)
          if (message.onClosed === undefined) this.#host.deadLetters.bury('shut_down', message.target)
          else message.onClosed(error)
        }
      }
      queues.clear()
    }
    endQueues(this.#waiting)
    for (const link of this.#host.links) {
      if (link === undefined) continue
      endQueues(link.waiting)
      link.data.expire(Infinity)
    }
  }

  // --- tell, trySend, send, ask

  #tell(target: ActorAddress, message: unknown): void {
    const charge = this.#host.dispatcher.current
    if (target.core === this.#host.coreNumber) {
      if (this.#host.isStrict) this.#prepareLocal(message)
      this.#countSent()
      this.#postLocal(target, message, undefined, charge)
      return
    }
    const bytes = this.#encode(message)
    this.#countSent()
    this.#post(target, bytes, undefined, charge)
  }

  #trySend(target: ActorAddress, message: unknown): SendOutcome {
    if (target.core === this.#host.coreNumber) {
      if (this.#host.isStrict) this.#prepareLocal(message)
      const cell = this.#host.slots.find(target.slot, target.generation)
      if (cell?.isCongested === true || this.#waiting.has(target.slot)) return 'full'
      this.#countSent()
      this.#deliverLocal(target, message, undefined)
      return 'sent'
    }
    const link = this.#linkTo(target)
    if (link.waiting.has(target.slot) || link.isCongested(target.slot)) return 'full'
    const bytes = this.#encode(message)
    if (!link.data.write(TELL, target.slot, target.generation, 0, bytes)) {
      // What takes more than one record goes in parts, as there is room: one such message at a time, and nothing waits before it.
      const charge = this.#host.dispatcher.current
      if (!link.data.isLarge(bytes.length) || link.data.queued > 0 || this.#isFull(charge)) return 'full'
      this.#enqueue(link, {
        target,
        message: undefined,
        bytes: Buffer.from(bytes),
        ask: undefined,
        charge,
        sinceMs: this.#host.now(),
        onAccepted: undefined,
        onClosed: undefined,
        isWithdrawn: false,
      })
    }
    this.#countSent()
    this.#host.requestTurn()
    return 'sent'
  }

  #send(target: ActorAddress, message: unknown, options: WaitOptions | undefined): Promise<void> {
    let wait: { timeoutMs: number; signal: AbortSignal | undefined }
    let bytes: Buffer | undefined
    const isLocal = target.core === this.#host.coreNumber
    try {
      wait = checkWait(options, this.#host.limits.sendTimeoutMs)
      if (wait.signal?.aborted === true) return Promise.reject(wait.signal.reason as Error)
      if (this.#trySend(target, message) === 'sent') return DONE
      if (this.#isFull(undefined)) return Promise.reject(outboxFull(target))
      if (!isLocal) bytes = this.#host.encoder.encodeCopy(message)
    } catch (error) {
      return Promise.reject(error as Error)
    }
    return new Promise((resolve, reject) => {
      const finish = (): void => {
        this.#host.wheel.cancel(timer)
        wait.signal?.removeEventListener('abort', onAbort)
      }
      const waiting: WaitingMessage = {
        target,
        message: isLocal ? message : undefined,
        bytes,
        ask: undefined,
        charge: undefined,
        sinceMs: Infinity, // its own timer ends the wait
        onAccepted: () => {
          finish()
          resolve()
        },
        onClosed: (error) => {
          withdraw(error)
        },
        isWithdrawn: false,
      }
      const withdraw = (error: unknown): void => {
        finish()
        waiting.isWithdrawn = true
        reject(error as Error)
      }
      const onAbort = (): void => {
        withdraw(wait.signal?.reason)
      }
      const timer = new CallbackTimer(() => {
        withdraw(
          new CambiumError('ERR_SEND_TIMEOUT', `message found no room in time: target=${formatAddress(target)}, timeoutMs=${wait.timeoutMs}`, {
            severity: 'crash',
            fields: { timeoutMs: wait.timeoutMs },
          }),
        )
      })
      if (Number.isFinite(wait.timeoutMs)) this.#host.wheel.start(timer, this.#host.now() + wait.timeoutMs)
      wait.signal?.addEventListener('abort', onAbort, { once: true })
      this.#hold(waiting)
      this.#host.requestTurn()
    })
  }

  #ask(target: ActorAddress, message: unknown, options: WaitOptions | undefined): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const wait = options === undefined ? undefined : checkWait(options, this.#host.limits.askTimeoutMs)
      const timeoutMs = wait?.timeoutMs ?? this.#host.limits.askTimeoutMs
      const signal = wait?.signal
      if (signal?.aborted === true) {
        reject(signal.reason as Error)
        return
      }
      const isLocal = target.core === this.#host.coreNumber
      if (isLocal && this.#host.isStrict) this.#prepareLocal(message)
      const bytes = isLocal ? EMPTY : this.#encode(message)
      const ask = new PendingAsk(target, resolve, reject, (expired) => {
        this.failAsk(
          expired,
          new CambiumError('ERR_ASK_TIMEOUT', `ask was not answered in time: target=${formatAddress(target)}, timeoutMs=${timeoutMs}`, {
            severity: 'crash',
            fields: { timeoutMs },
          }),
        )
      })
      if (timeoutMs !== Infinity) this.#host.wheel.start(ask, this.#host.now() + timeoutMs)
      if (signal !== undefined) this.#abortable(ask, signal)
      this.#countSent()
      if (isLocal) this.#postLocal(target, message, ask, this.#host.dispatcher.current)
      else {
        this.#host.asks.add(ask)
        this.#post(target, bytes, ask, this.#host.dispatcher.current)
      }
    })
  }

  #abortable(ask: PendingAsk, signal: AbortSignal): void {
    const onAbort = (): void => {
      this.failAsk(ask, signal.reason as Error)
    }
    signal.addEventListener('abort', onAbort, { once: true })
    ask.onSettled = () => {
      signal.removeEventListener('abort', onAbort)
    }
  }

  // --- on this core

  #postLocal(target: ActorAddress, message: unknown, ask: PendingAsk | undefined, charge: ActorCell | undefined): void {
    const cell = this.#host.slots.find(target.slot, target.generation)
    if (cell === undefined) {
      this.#buryNoSuchActor(target, message, ask)
      return
    }
    if (cell.isCongested || (this.#waiting.size > 0 && this.#waiting.has(target.slot))) {
      if (cell === charge) {
        // An actor cannot wait for itself; what it may tell itself is bounded like its outbox.
        if ((cell.mailbox?.length ?? 0) >= cell.capacity + this.#host.limits.outboxCapacity) {
          this.#buryFull(target, message, ask)
          return
        }
      } else {
        if (this.#isFull(charge)) {
          this.#buryFull(target, message, ask)
          return
        }
        this.#hold({ target, message, bytes: undefined, ask, charge, sinceMs: this.#host.now(), onAccepted: undefined, onClosed: undefined, isWithdrawn: false })
        return
      }
    }
    this.#host.dispatcher.deliver(cell, message, ask, false)
    this.#host.requestTurn()
  }

  #deliverLocal(target: ActorAddress, message: unknown, ask: PendingAsk | undefined): void {
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
    if (ask !== undefined) this.failAsk(ask, noSuchActor(target))
  }

  #settleLocal(ask: PendingAsk, value: unknown, error: Error | undefined): void {
    if (ask.isSettled) {
      this.#host.deadLetters.bury('late_reply', ask.target, { message: value })
      return
    }
    this.#host.wheel.cancel(ask)
    this.#countProcessed()
    this.hasSettled = true
    if (error === undefined) ask.resolve(value)
    else ask.reject(error)
  }

  // --- to other cores

  #post(target: ActorAddress, bytes: Buffer, ask: PendingAsk | undefined, charge: ActorCell | undefined): void {
    const link = this.#linkTo(target)
    if (link.isCongested(target.slot) || (link.waiting.size > 0 && link.waiting.has(target.slot))) {
      if (this.#isFull(charge)) this.#buryFull(target, undefined, ask)
      else this.#hold({ target, message: undefined, bytes: Buffer.from(bytes), ask, charge, sinceMs: this.#host.now(), onAccepted: undefined, onClosed: undefined, isWithdrawn: false })
      this.#host.requestTurn()
      return
    }
    if (link.data.write(ask === undefined ? TELL : ASK, target.slot, target.generation, ask?.correlation ?? 0, bytes)) {
      if (ask !== undefined) ask.position = link.data.position
      this.#host.requestTurn()
      return
    }
    if (this.#isFull(charge)) {
      this.#buryFull(target, undefined, ask)
      return
    }
    this.#enqueue(link, {
      target,
      message: undefined,
      bytes: Buffer.from(bytes),
      ask,
      charge,
      sinceMs: this.#host.now(),
      onAccepted: undefined,
      onClosed: undefined,
      isWithdrawn: false,
    })
    this.#host.requestTurn()
  }

  /** Puts a held message whose target has room into the ring, or behind what waits for the ring. */
  #writeNow(link: OutboundLink, message: WaitingMessage): void {
    const { target, ask } = message
    if (link.data.write(ask === undefined ? TELL : ASK, target.slot, target.generation, ask?.correlation ?? 0, message.bytes as Buffer)) {
      this.#written(link, message)
      return
    }
    this.#uncharge(message) // counted again by the queue for the ring
    this.#enqueue(link, message)
  }

  #enqueue(link: OutboundLink, message: WaitingMessage): void {
    const { target, ask } = message
    this.#charge(message)
    link.data.enqueue({
      type: ask === undefined ? TELL : ASK,
      a: target.slot,
      b: target.generation,
      c: ask?.correlation ?? 0,
      bytes: message.bytes as Buffer,
      sinceMs: message.sinceMs,
      isDropped: () => this.#isSkipped(message),
      onBegun: () => {
        if (ask !== undefined) ask.position = link.data.position
      },
      onWritten: () => {
        this.#written(link, message)
      },
      onExpired: () => {
        if (this.isClosed && message.onClosed !== undefined) message.onClosed(closedError(target))
        else this.#buryWaiting(message)
      },
    })
  }

  #written(link: OutboundLink, message: WaitingMessage): void {
    this.#uncharge(message)
    if (message.ask !== undefined) message.ask.position ??= link.data.position
    if (message.onAccepted !== undefined) {
      this.#countSent()
      message.onAccepted()
    }
  }

  #writeReply(core: number, type: number, correlation: number, bytes: Buffer): void {
    this.#countSent()
    const link = this.#host.links[core]
    if (link === undefined) return // the core was severed
    if (!link.data.write(type, 0, 0, correlation, bytes)) {
      // As many at most as the other core has asks under way.
      link.data.enqueue({ type, a: 0, b: 0, c: correlation, bytes: Buffer.from(bytes), sinceMs: Infinity, isDropped: undefined, onBegun: undefined, onWritten: undefined, onExpired: undefined })
    }
    this.#host.requestTurn()
  }

  // --- waiting

  #hold(message: WaitingMessage): void {
    this.#charge(message)
    if (message.target.core !== this.#host.coreNumber) {
      const link = this.#linkTo(message.target)
      // A `send` that found the ring full, not the mailbox, waits for the ring.
      if (message.onAccepted !== undefined && !link.isCongested(message.target.slot) && !link.waiting.has(message.target.slot)) {
        this.#uncharge(message)
        this.#enqueue(link, message)
        return
      }
      link.hold(message)
      return
    }
    let queue = this.#waiting.get(message.target.slot)
    if (queue === undefined) {
      queue = new WaitingQueue()
      this.#waiting.set(message.target.slot, queue)
    }
    queue.push(message)
  }

  /** A message that nobody waits for any more. What the books know of it becomes a dead letter. */
  #isSkipped(message: WaitingMessage): boolean {
    if (message.isWithdrawn) {
      this.#uncharge(message)
      return true
    }
    if (message.ask?.isSettled === true) {
      this.#uncharge(message)
      this.#host.deadLetters.bury('send_timeout', message.target, { detail: 'its ask had ended' })
      return true
    }
    return false
  }

  #isFull(charge: ActorCell | undefined): boolean {
    const { limits } = this.#host
    return charge === undefined ? this.outsideWaiting >= limits.outsideCapacity : charge.outbox >= limits.outboxCapacity
  }

  #charge(message: WaitingMessage): void {
    if (message.charge === undefined) this.outsideWaiting += 1
    else {
      message.charge.outbox += 1
      message.charge.waitsFor = message.target
    }
  }

  #uncharge(message: WaitingMessage): void {
    if (message.charge === undefined) this.outsideWaiting -= 1
    else {
      message.charge.outbox -= 1
      if (message.charge.outbox === 0) {
        message.charge.waitsFor = undefined
        message.charge.isWaitFollowed = false
        this.#host.dispatcher.schedule(message.charge)
      }
    }
  }

  #buryFull(target: ActorAddress, message: unknown, ask: PendingAsk | undefined): void {
    this.#host.deadLetters.bury('outbox_full', target, { message })
    if (ask !== undefined) this.failAsk(ask, outboxFull(target))
  }

  #buryWaiting(message: WaitingMessage): void {
    const detail = describeWait(message.charge, message.target, this.#host.slots, this.#host.coreNumber)
    this.#uncharge(message)
    this.#host.deadLetters.bury('send_timeout', message.target, { detail })
    if (message.ask !== undefined) {
      this.failAsk(message.ask, new CambiumError('ERR_SEND_TIMEOUT', `message found no room in time: target=${formatAddress(message.target)}, ${detail}`, { severity: 'crash' }))
    }
  }

  // --- small parts

  #encode(message: unknown): Buffer {
    const bytes = this.#host.encoder.encode(message)
    if (bytes.length + HEADER_BYTES > 1024) checkMessageBytes(bytes.length, this.#host.limits.messageBytesMax)
    return bytes
  }

  #prepareLocal(message: unknown): void {
    if (typeof message !== 'object' || message === null || Object.isFrozen(message)) {
      if (typeof message === 'function' || typeof message === 'symbol') assertTravels(message)
      return
    }
    assertTravels(message)
    deepFreeze(message)
  }

  #checkTravels(asker: Asker, value: unknown): void {
    try {
      this.#prepareLocal(value)
    } catch (error) {
      this.replyError(asker, error as Error)
      throw error
    }
  }

  #linkTo(target: ActorAddress): OutboundLink {
    const link = this.#host.links[target.core]
    if (link === undefined) {
      throw new CambiumError('ERR_NO_SUCH_CORE', `ref names no core of this system: ref=${formatAddress(target)}, cores=${this.#host.links.length}`)
    }
    return link
  }

  #countSent(): void {
    const books = this.#host.books
    books[SENT] = (books[SENT] as number) + 1
  }

  #countProcessed(): void {
    const books = this.#host.books
    books[PROCESSED] = (books[PROCESSED] as number) + 1
  }
}

export function noSuchActor(target: ActorAddress): CambiumError {
  return new CambiumError('ERR_NO_SUCH_ACTOR', `no such actor: ref=${formatAddress(target)}`, { severity: 'crash', fields: { ...target } })
}

/** The error that came in place of a reply. */
export function replyFailure(record: unknown): Error {
  return typeof record === 'object' && record !== null && 'code' in record
    ? fromErrorRecord(record as Parameters<typeof fromErrorRecord>[0])
    : new CambiumError('ERR_UNKNOWN', 'reply failed with something that is no error', { severity: 'bug' })
}

function outboxFull(target: ActorAddress): CambiumError {
  return new CambiumError('ERR_OUTBOX_FULL', `too many messages wait for room: target=${formatAddress(target)}`, { severity: 'crash' })
}

function closedError(target: ActorAddress): CambiumError {
  return new CambiumError('ERR_SYSTEM_CLOSED', `system is shutting down: target=${formatAddress(target)}`)
}

function checkWait(options: WaitOptions | undefined, timeoutMs: number): { timeoutMs: number; signal: AbortSignal | undefined } {
  if (options === undefined) return { timeoutMs, signal: undefined }
  checkFields('options', options, ['timeoutMs', 'signal'])
  if (options.signal !== undefined && !(options.signal instanceof AbortSignal)) throw optionError('options.signal', options.signal, 'an AbortSignal')
  const given = checkDuration('options.timeoutMs', options.timeoutMs, { default: timeoutMs, min: 0, max: Infinity })
  if (given !== Infinity && given > WAIT_MS_MAX) throw optionError('options.timeoutMs', given, `milliseconds up to ${WAIT_MS_MAX}, or Infinity`)
  return { timeoutMs: given, signal: options.signal }
}
