/**
 * A message that waits at its sender's core for its congested target, in arrival order per target (D5). It is charged to the actor that sent
 * it, or to the core when it came from outside actors.
 */
import type { ActorAddress } from '@cambium/base'
import type { ActorCell } from './actor-cell.ts'
import type { PendingAsk } from './asks.ts'
import { Fifo } from './fifo.ts'

export interface WaitingMessage {
  readonly target: ActorAddress
  /** The message itself for a target on this core, its bytes for any other. */
  readonly message: unknown
  readonly bytes: Buffer | undefined
  /** What its encoder said with the bytes. */
  readonly layout: number
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
  what: Pick<WaitingMessage, 'target' | 'message' | 'bytes' | 'layout' | 'ask' | 'charge'>,
  sinceMs: number,
): WaitingMessage {
  return { ...what, sinceMs, onAccepted: undefined, onClosed: undefined, isWithdrawn: false }
}

/** The messages that wait for one target, in order of arrival. */
export class WaitingQueue extends Fifo<WaitingMessage> {
  /** Takes out what has waited since before `sinceMs`, and what was withdrawn; a wait with a limit of its own is not looked at. */
  takeExpired(sinceMs: number): WaitingMessage[] {
    return this.extract((message) => {
      if (message.isWithdrawn || message.sinceMs < sinceMs) return 'take'
      return message.sinceMs === Infinity ? 'keep' : 'rest' // they lie in order of arrival: the rest is younger
    })
  }
}
