/**
 * What waits on one core for room elsewhere (D5; ARCHITECTURE.md, Sending): for a congested mailbox, here or there, or for a ring. Each
 * waiting message is charged to its sender, and each wait has a limit.
 */
import { CambiumError, formatAddress } from '@cambium/base'
import type { ActorAddress } from '@cambium/base'
import type { ActorCell } from './actor-cell.ts'
import type { PendingAsk } from './asks.ts'
import { count, SENT } from './books.ts'
import type { OutboundLink } from './outbound-link.ts'
import { localWord, holdsBack } from './congestion-table.ts'
import { recordType } from './message-stamp.ts'
import type { Stamp } from './message-stamp.ts'
import type { Replies } from './replies.ts'
import { closedError, outboxFull } from './send-errors.ts'
import type { SenderHost } from './sender-host.ts'
import { describeWait } from './wait-cycle.ts'
import { WaitingQueue } from './waiting-message.ts'
import type { WaitingMessage } from './waiting-message.ts'

export interface OutboxOwner {
  readonly isClosed: boolean
  /** Brings a message to an actor of this core. */
  deliver(target: ActorAddress, message: unknown, ask: PendingAsk | undefined, stamp: Stamp | undefined): void
}

export class Outbox {
  /** Messages from outside actors that wait on this core. */
  outsideWaiting = 0
  /** Messages that wait for congested actors of this core, by slot. */
  readonly #waiting = new Map<number, WaitingQueue>()
  readonly #host: SenderHost
  readonly #replies: Replies
  readonly #owner: OutboxOwner

  constructor(host: SenderHost, replies: Replies, owner: OutboxOwner) {
    this.#host = host
    this.#replies = replies
    this.#owner = owner
  }

  /** Whether any message waits for an actor of this core. */
  get holdsHere(): boolean {
    return this.#waiting.size > 0
  }

  /** Whether any message waits for the actor of this core in `slot`. */
  hasFor(slot: number): boolean {
    return this.#waiting.size > 0 && this.#waiting.has(slot)
  }

  /** Whether messages of this priority wait for the actor of this core in `slot`. */
  holdsFor(slot: number, priority: number): boolean {
    return this.#waiting.size > 0 && this.#waiting.get(slot)?.has(priority) === true
  }

  /** Whether any message waits on this core for room anywhere. */
  get hasWaiting(): boolean {
    if (this.#waiting.size > 0) return true
    for (const link of this.#host.links) if (link?.hasWaiting === true) return true
    return false
  }

  /** Messages waiting on this core. */
  get waitingCount(): number {
    let length = 0
    for (const queue of this.#waiting.values()) length += queue.length
    for (const link of this.#host.links) {
      if (link === undefined) continue
      length += link.data.queued
      for (const queue of link.waiting.values()) length += queue.length
    }
    return length
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
    while (queue.first !== undefined && !holdsBack(localWord(cell), cell.slot, queue.first.priority)) {
      const message = queue.first
      queue.shift()
      if (this.#isSkipped(message)) continue
      this.#uncharge(message)
      if (message.onAccepted !== undefined) {
        count(this.#host.books, SENT)
        message.onAccepted()
      }
      this.#owner.deliver(message.target, message.message, message.ask, message.stamp)
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

  /** The core ends: whoever waits for room is told, and what waits is buried. */
  end(error: Error): void {
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
      link.data.end()
    }
  }

  /** Whether the sender may have no more waiting. */
  isFull(charge: ActorCell | undefined): boolean {
    const { limits } = this.#host
    return charge === undefined ? this.outsideWaiting >= limits.outsideCapacity : charge.outbox >= limits.outboxCapacity
  }

  /** `link` leads to the target's core; none for this one. */
  hold(message: WaitingMessage, link: OutboundLink | undefined): void {
    this.#charge(message)
    if (link !== undefined) {
      // A `send` that found the ring full, not the mailbox, waits for the ring.
      if (message.onAccepted !== undefined && !link.holdsBack(message.target.slot, message.priority)) {
        this.#uncharge(message)
        this.enqueue(link, message)
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

  /** Lets a message wait for the ring itself. */
  enqueue(link: OutboundLink, message: WaitingMessage): void {
    const { target, ask } = message
    this.#charge(message)
    link.data.enqueue({
      type: typeOf(message),
      a: target.slot,
      b: target.generation,
      c: ask?.correlation ?? 0,
      bytes: message.bytes as Buffer,
      layout: message.layout,
      parcel: message.parcel,
      sinceMs: message.sinceMs,
      isDropped: () => this.#isSkipped(message),
      onBegun: () => {
        if (ask !== undefined) ask.position = link.data.position
      },
      onWritten: () => {
        this.#written(link, message)
      },
      onExpired: () => {
        if (this.#owner.isClosed && message.onClosed !== undefined) {
          this.#uncharge(message)
          message.onClosed(closedError(target))
        } else this.#buryWaiting(message)
      },
    })
  }

  /** A message that may not even wait. */
  buryFull(target: ActorAddress, message: unknown, ask: PendingAsk | undefined): void {
    this.#host.deadLetters.bury('outbox_full', target, { message })
    if (ask !== undefined) this.#replies.failAsk(ask, outboxFull(target))
  }

  /** Puts a held message whose target has room into the ring, or behind what waits for the ring. */
  #writeNow(link: OutboundLink, message: WaitingMessage): void {
    const { target, ask } = message
    if (
      link.data.write(
        typeOf(message),
        target.slot,
        target.generation,
        ask?.correlation ?? 0,
        message.bytes as Buffer,
        message.layout,
        message.parcel,
      )
    ) {
      this.#written(link, message)
      link.data.flushIfDue()
      return
    }
    this.#uncharge(message) // counted again by the queue for the ring
    this.enqueue(link, message)
  }

  #written(link: OutboundLink, message: WaitingMessage): void {
    this.#uncharge(message)
    if (message.ask !== undefined) message.ask.position ??= link.data.position
    if (message.onAccepted !== undefined) {
      count(this.#host.books, SENT)
      message.onAccepted()
    }
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

  #buryWaiting(message: WaitingMessage): void {
    const detail = describeWait(message.charge, message.target, this.#host.slots, this.#host.coreNumber)
    this.#uncharge(message)
    this.#host.deadLetters.bury('send_timeout', message.target, { detail })
    if (message.ask !== undefined) {
      this.#replies.failAsk(
        message.ask,
        new CambiumError(
          'ERR_SEND_TIMEOUT',
          `message found no room in time: target=${formatAddress(message.target)}, ${detail}`,
          { severity: 'crash' },
        ),
      )
    }
  }
}

function typeOf({ type, ask, stamp }: WaitingMessage): number {
  return type === 0 ? recordType(ask, stamp) : type
}
