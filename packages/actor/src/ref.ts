/**
 * A ref: the small, typed, serialisable name of an actor (D8). It stays valid through supervised restarts and through the
 * loss of the actor's core; a ref to a stopped actor leads to dead letters, never to a stranger.
 */
import { formatAddress, sameAddress } from '@cambium/base'
import type { ActorAddress } from '@cambium/base'
import type { MessageLayouts } from '@cambium/codec'
import type { Priority } from './priority.ts'
import type { ReplyTo } from './protocol.ts'

/** `sent`: on its way. `full`: the mailbox is congested or the ring is full. `closed`: the system is shutting down. */
export type SendOutcome = 'sent' | 'full' | 'closed'

/** What a message may be sent with. Order per pair of actors holds within one priority. */
export interface SendOptions {
  /**
   * How urgent the message is. One of high priority goes before all others that wait in the mailbox, and enters a mailbox that is full of others. @default
   * what the receiving behaviour's `mailbox.priority` says, else 'normal'
   */
  readonly priority?: Priority
  /** Milliseconds after which nobody wants the message to be handled any more: it becomes a dead letter `expired` then. @default none */
  readonly expiresMs?: number
}

export interface WaitOptions {
  /** How long to wait, in milliseconds. @default 5000 */
  readonly timeoutMs?: number
  /** Ends the wait early. */
  readonly signal?: AbortSignal
}

export interface SendWaitOptions extends WaitOptions, SendOptions {}

export interface AskOptions extends WaitOptions, SendOptions {
  /**
   * What happens when the target takes no message now: `wait` for room, within the time for the answer; or `fail` at once with `ERR_MAILBOX_FULL`,
   * so that whoever is behind the asker can be told. @default 'wait'
   */
  readonly ifFull?: 'wait' | 'fail'
  /**
   * Whether the handler that asks waits for the answer before it ends. Circles of handlers that wait for each other are refused with `ERR_ASK_CYCLE`; an ask
   * whose answer the handler does not wait for is no part of any. @default true
   */
  readonly awaited?: boolean
}

export interface Ref<in Messages, out Reply = unknown> extends ActorAddress {
  /**
   * Fire and forget. Accepted at once; while the target is congested the message waits in a bounded outbox, and an actor
   * that has messages waiting is not scheduled. Throws `ERR_CANNOT_TRAVEL` for a message that no core could receive, and `ERR_OPTION`.
   */
  tell(message: Messages, options?: SendOptions): void
  /** Sends if the target takes it now; never waits, never queues. */
  trySend(message: Messages, options?: SendOptions): SendOutcome
  /**
   * Resolves when the target's mailbox has room and the message is on its way. Rejects with `ERR_SEND_TIMEOUT`, with `ERR_MAILBOX_FULL` when the
   * mailbox is full and its policy is `fail`, or with the abort reason.
   */
  send(message: Messages, options?: SendWaitOptions): Promise<void>
  /**
   * Sends and resolves with the reply. Rejects with `ERR_ASK_TIMEOUT`, with the actor's own crash (`ERR_ACTOR_CRASHED`), at once
   * with `ERR_NO_SUCH_ACTOR` when nobody is there, with `ERR_CORE_LOST` when the message died with its core, with `ERR_MAILBOX_FULL` or
   * `ERR_MESSAGE_EXPIRED` when it was dropped, or there is no room and the options say `fail`, with `ERR_ASK_CYCLE` when the target's own handler
   * waits, over whatever way, for the actor that asks, or with the abort reason.
   */
  ask<const M extends Messages>(message: M, options?: AskOptions): Promise<ReplyTo<M, Messages, Reply>>
  /** True when both name the same actor. Refs of two systems never do. */
  equals(other: ActorAddress): boolean
  /** `core-2/17#40` */
  toString(): string
}

/** Where a message goes, and what is declared for it there. */
export interface RefTarget extends ActorAddress {
  readonly layouts?: MessageLayouts | undefined
}

/** What a core does for its refs. */
export interface RefHost {
  /** One object for all hosts of a system on one thread. */
  readonly system: object
  tell(target: RefTarget, message: unknown, options: SendOptions | undefined): void
  trySend(target: RefTarget, message: unknown, options: SendOptions | undefined): SendOutcome
  send(target: RefTarget, message: unknown, options: SendWaitOptions | undefined): Promise<void>
  ask(target: RefTarget, message: unknown, options: AskOptions | undefined): Promise<unknown>
  /** Calls back once after so many milliseconds, unless what is returned is called, or the actor whose code this is has ended. */
  after(delayMs: number, callback: () => void): () => void
}

/** The one implementation of {@link Ref}; bound to the core on which it is used. */
export class ActorRef implements RefTarget {
  readonly core: number
  readonly slot: number
  readonly generation: number
  /** Declared by the actor's behaviour. */
  readonly layouts: MessageLayouts | undefined
  readonly #host: RefHost

  constructor(host: RefHost, core: number, slot: number, generation: number, layouts?: MessageLayouts) {
    this.core = core
    this.slot = slot
    this.generation = generation
    this.layouts = layouts
    this.#host = host
  }

  tell(message: unknown, options?: SendOptions): void {
    this.#host.tell(this, message, options)
  }

  trySend(message: unknown, options?: SendOptions): SendOutcome {
    return this.#host.trySend(this, message, options)
  }

  send(message: unknown, options?: SendWaitOptions): Promise<void> {
    return this.#host.send(this, message, options)
  }

  ask(message: unknown, options?: AskOptions): Promise<unknown> {
    return this.#host.ask(this, message, options)
  }

  /** A callback of the core on which this ref is used; see {@link RefHost.after}. */
  after(delayMs: number, callback: () => void): () => void {
    return this.#host.after(delayMs, callback)
  }

  /** Whether this ref sends through `host`. */
  isHostedBy(host: RefHost): boolean {
    return this.#host === host
  }

  /** Whether both refs are of one system. */
  sharesSystemWith(other: ActorRef): boolean {
    return this.#host.system === other.#host.system
  }

  equals(other: ActorAddress): boolean {
    return sameAddress(this, other) && (!isRef(other) || this.sharesSystemWith(other))
  }

  toString(): string {
    return formatAddress(this)
  }

  toJSON(): string {
    return formatAddress(this)
  }
}

export function isRef(value: unknown): value is ActorRef {
  return value instanceof ActorRef
}
