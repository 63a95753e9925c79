/**
 * A message that waits at its sender's core for its congested target (D5): high before normal before low priority, within each in order of arrival.
 * It is charged to the actor that sent it, or to the core when it came from outside actors.
 */
import { Fifo } from '@cambium/base'
import { HIGH, LOW, NORMAL, UNSET } from '@cambium/actor'
import type { ActorAddress } from '@cambium/base'
import type { Parcel } from '@cambium/codec'
import type { ActorCell } from './actor-cell.ts'
import type { PendingAsk } from './asks.ts'
import type { Stamp } from './message-stamp.ts'

export interface WaitingMessage {
  readonly target: ActorAddress
  /** The message itself for a target on this core, its bytes for any other. */
  readonly message: unknown
  readonly bytes: Buffer | undefined
  /** What its encoder said with the bytes. */
  readonly layout: number
  /** Type of its record; 0 for that of a tell or an ask. */
  readonly type: number
  /** Before the bytes already, for a target on another core. */
  readonly stamp: Stamp | undefined
  /** What the sender gave, else normal: what the behaviour says is known at the target alone. */
  readonly priority: number
  /** What it shares or moves. */
  readonly parcel: Parcel | undefined
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
  what: Pick<WaitingMessage, 'target' | 'message' | 'bytes' | 'layout' | 'parcel' | 'stamp' | 'ask' | 'charge'>,
  sinceMs: number,
  type = 0,
): WaitingMessage {
  what.parcel?.seize()
  // Written out: a spread takes as long as everything else that is done for a message.
  return {
    target: what.target,
    message: what.message,
    bytes: what.bytes,
    layout: what.layout,
    type,
    stamp: what.stamp,
    priority: sentPriority(what.stamp),
    parcel: what.parcel,
    ask: what.ask,
    charge: what.charge,
    sinceMs,
    onAccepted: undefined,
    onClosed: undefined,
    isWithdrawn: false,
  }
}

/** The priority that a message is sent with. */
export function sentPriority(stamp: Stamp | undefined): number {
  return stamp === undefined || stamp.priority === UNSET ? NORMAL : stamp.priority
}

/** The messages that wait for one target. */
export class WaitingQueue extends Fifo<WaitingMessage> {
  /** By priority; normal ones are the rest. */
  #high = 0
  #low = 0

  /** Whether messages of this priority wait. */
  has(priority: number): boolean {
    return (priority === HIGH ? this.#high : priority === LOW ? this.#low : this.length - this.#high - this.#low) > 0
  }

  override push(message: WaitingMessage): void {
    const { priority } = message
    this.#count(message, 1)
    if (priority === LOW || (this.#low === 0 && (priority === NORMAL || this.#high === this.length + 1))) super.push(message)
    else this.insert(message, (other) => other.priority > priority)
  }

  override shift(): WaitingMessage | undefined {
    const { first } = this
    if (first !== undefined) this.#count(first, -1)
    return super.shift()
  }

  /** Takes out what has waited since before `sinceMs`, and what was withdrawn; a wait with a limit of its own is not looked at. */
  takeExpired(sinceMs: number): WaitingMessage[] {
    // Of one priority they lie in order of arrival: after one that is young enough the rest is younger.
    const isInOrder = this.#high === 0 && this.#low === 0
    const taken = this.extract((message) => {
      if (message.isWithdrawn || message.sinceMs < sinceMs) return 'take'
      return message.sinceMs === Infinity || !isInOrder ? 'keep' : 'rest'
    })
    for (const message of taken) this.#count(message, -1)
    return taken
  }

  #count({ priority }: WaitingMessage, change: 1 | -1): void {
    if (priority === HIGH) this.#high += change
    else if (priority === LOW) this.#low += change
  }
}
