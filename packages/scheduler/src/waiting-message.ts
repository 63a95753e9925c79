/**
 * A message that waits at its sender's core for its congested target, in arrival order per target (D5). It is charged to the actor that sent
 * it, or to the core when it came from outside actors.
 */
import type { ActorAddress } from '@cambium/base'
import type { ActorCell } from './actor-cell.ts'
import type { PendingAsk } from './asks.ts'

export interface WaitingMessage {
  readonly target: ActorAddress
  /** The message itself for a target on this core, its bytes for any other. */
  readonly message: unknown
  readonly bytes: Buffer | undefined
  readonly ask: PendingAsk | undefined
  readonly charge: ActorCell | undefined
  readonly sinceMs: number
  /** For `send`: told when the message is on its way. Such a message is not in the books before that. */
  readonly onAccepted: (() => void) | undefined
  /** For `send`: told when the core ends before. */
  readonly onClosed: ((error: Error) => void) | undefined
  /** Set when the sender gave up waiting; it is skipped. */
  isWithdrawn: boolean
}

/** What waits because of a `tell`, an `ask` or a `trySend`: for as long as the core allows, and in the books already. */
export function waitingMessage(
  what: Pick<WaitingMessage, 'target' | 'message' | 'bytes' | 'ask' | 'charge'>,
  sinceMs: number,
): WaitingMessage {
  return { ...what, sinceMs, onAccepted: undefined, onClosed: undefined, isWithdrawn: false }
}

/** First in, first out, with cheap removal at the head. */
export class WaitingQueue {
  #messages: WaitingMessage[] = []
  #head = 0

  get length(): number {
    return this.#messages.length - this.#head
  }

  get first(): WaitingMessage | undefined {
    return this.#messages[this.#head]
  }

  push(message: WaitingMessage): void {
    this.#messages.push(message)
  }

  shift(): void {
    this.#head += 1
    // Compacted in one go now and then, so that a long queue costs constant time a message.
    if (this.#head > 64 && this.#head * 2 > this.#messages.length) {
      this.#messages.splice(0, this.#head)
      this.#head = 0
    }
  }

  /** Takes out what has waited since before `sinceMs`, and what was withdrawn; a wait with a limit of its own is not looked at. */
  takeExpired(sinceMs: number): WaitingMessage[] {
    const expired: WaitingMessage[] = []
    const kept: WaitingMessage[] = []
    let at = this.#head
    for (; at < this.#messages.length; at += 1) {
      const message = this.#messages[at] as WaitingMessage
      if (message.isWithdrawn || message.sinceMs < sinceMs) expired.push(message)
      else if (message.sinceMs === Infinity) kept.push(message)
      else break // they lie in order of arrival: the rest is younger
    }
    if (expired.length > 0) {
      this.#messages = [...kept, ...this.#messages.slice(at)]
      this.#head = 0
    }
    return expired
  }
}
