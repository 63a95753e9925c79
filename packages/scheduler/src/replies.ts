/**
 * Answers to asks, in both directions: those that actors of this core give, and those that come to asks made here. An answer is a message of
 * its own in the books; one that finds nobody is a dead letter `late_reply` (C-42).
 */
import { deepFreeze } from '@cambium/actor'
import type { DeadLetterReason } from '@cambium/actor'
import { CambiumError, fromErrorRecord, toErrorRecord } from '@cambium/base'
import type { ActorAddress, ErrorRecord } from '@cambium/base'
import { checkMessageBytes, keepMessage } from '@cambium/codec'
import { PendingAsk } from './asks.ts'
import type { Asker, Asking } from './asks.ts'
import { count, PROCESSED, SENT } from './books.ts'
import { prepareLocal } from './local-message.ts'
import { plainRecord, REPLY, REPLY_ERROR } from './record-lane.ts'
import { ReplyTokens } from './reply-tokens.ts'
import type { SenderHost } from './sender-host.ts'

export class Replies {
  /** An ask settled since the driver last looked: its continuation should run before the core looks for more work. */
  hasSettled = false
  readonly tokens: ReplyTokens
  readonly #host: SenderHost

  constructor(host: SenderHost) {
    this.#host = host
    this.tokens = new ReplyTokens(host, (asker, value) => {
      this.reply(asker, value)
    })
  }

  reply(asker: Asker, value: unknown): void {
    this.#host.fence.pass()
    if (asker instanceof PendingAsk) {
      if (this.#host.isStrict) {
        this.#checkTravels(asker, value)
        deepFreeze(value)
      }
      count(this.#host.books, SENT)
      this.#settleLocal(asker, keepMessage(value), undefined)
      return
    }
    const { encoder } = this.#host
    const link = this.#host.links[asker.core]
    if (link?.data.compose(REPLY, 0, 0, asker.correlation, value, encoder) === true) {
      count(this.#host.books, SENT)
      link.data.flushIfDue()
      this.#host.requestTurn()
      return
    }
    let bytes: Buffer
    try {
      bytes = encoder.encode(value)
      checkMessageBytes(bytes.length, this.#host.limits.messageBytesMax)
    } catch (error) {
      this.replyError(asker, error as Error)
      throw error
    }
    this.#writeReply(asker.core, REPLY, asker.correlation, bytes)
  }

  /** Answers with an error. Never throws: the error travels as a record of plain data, cut where it is larger than a message may be. */
  replyError(asker: Asker, error: Error): void {
    if (asker instanceof PendingAsk) {
      count(this.#host.books, SENT)
      this.#settleLocal(asker, undefined, error)
      return
    }
    const record = toErrorRecord(error)
    const { messageBytesMax } = this.#host.limits
    let bytes = this.#host.encoder.encode(record)
    if (bytes.length > messageBytesMax) bytes = this.#host.encoder.encode(shortened(record, messageBytesMax))
    this.#writeReply(asker.core, REPLY_ERROR, asker.correlation, bytes)
  }

  /** A reply for which nobody waits: the second of two, or its asker has gone. */
  buryReply(from: ActorAddress, value: unknown): void {
    count(this.#host.books, SENT)
    this.#host.deadLetters.bury('late_reply', from, {
      message: value,
      detail: 'its message has an answer already, or its ask has ended',
    })
  }

  /** What an actor took over and will not handle. */
  bury(at: ActorAddress, reason: DeadLetterReason, value: unknown): void {
    count(this.#host.books, SENT)
    this.#host.deadLetters.bury(reason, at, { message: value })
  }

  /** A reply came from another core. */
  settleRemote(from: number, correlation: number, value: unknown, error: unknown): void {
    const ask = this.#host.asks.take(correlation)
    if (ask === undefined) {
      this.#host.deadLetters.bury('late_reply', { core: from, slot: 0, generation: 0 }, { message: value })
      return
    }
    this.#host.wheel.cancel(ask)
    count(this.#host.books, PROCESSED)
    this.hasSettled = true
    if (error === undefined) ask.resolve(value)
    else ask.reject(error)
  }

  #settleLocal(ask: PendingAsk, value: unknown, error: Error | undefined): void {
    if (ask.isSettled) {
      this.#host.deadLetters.bury('late_reply', ask.target, { message: value })
      return
    }
    this.#host.wheel.cancel(ask)
    this.#host.asks.drop(ask)
    count(this.#host.books, PROCESSED)
    this.hasSettled = true
    if (error === undefined) ask.resolve(value)
    else ask.reject(error)
  }

  #writeReply(core: number, type: number, correlation: number, bytes: Buffer): void {
    count(this.#host.books, SENT)
    const link = this.#host.links[core]
    if (link === undefined) return // the core was severed
    const { layout, parcel } = this.#host.encoder
    if (link.data.write(type, 0, 0, correlation, bytes, layout, parcel)) link.data.flushIfDue()
    // As many at most as the other core has asks under way.
    else link.data.enqueue(plainRecord(type, 0, correlation, bytes, layout, parcel))
    this.#host.requestTurn()
  }

  #checkTravels(asker: Asker, value: unknown): void {
    try {
      prepareLocal(value)
    } catch (error) {
      this.replyError(asker, error as Error)
      throw error
    }
  }

  /** The incarnation that asked has ended: its asks never settle, so that nothing of it goes on; a reply is a dead letter (C-42). */
  dropAsksOf(asking: Asking): void {
    for (let { asks } = asking; asks !== undefined; asks = asking.asks) {
      this.#host.wheel.cancel(asks)
      this.#host.asks.drop(asks)
      asks.abandon()
    }
  }

  /** Ends an ask without a reply. */
  failAsk(ask: PendingAsk, error: Error): void {
    if (ask.isSettled) return
    this.#host.wheel.cancel(ask)
    this.#host.asks.drop(ask)
    this.hasSettled = true
    ask.reject(error)
  }
}

/** The error alone, within `bytesMax` of at least 1024: a character takes three bytes at most, and what frames the four texts about 200. */
function shortened(record: ErrorRecord, bytesMax: number): ErrorRecord {
  const charsMax = Math.max(0, Math.floor((bytesMax - 512) / 6))
  return {
    name: record.name.slice(0, 48),
    code: record.code.slice(0, 48),
    message: record.message.slice(0, charsMax),
    stack: record.stack.slice(0, charsMax),
    severity: record.severity,
    fields: {},
  }
}

/** The error that came in place of a reply. */
export function replyFailure(record: unknown): Error {
  return typeof record === 'object' && record !== null && 'code' in record
    ? fromErrorRecord(record as Parameters<typeof fromErrorRecord>[0])
    : new CambiumError('ERR_UNKNOWN', 'reply failed with something that is no error', { severity: 'bug' })
}
