/** A dead letter: a message that nobody will process, with the reason (D6). Every one is counted under its reason. */
import type { ActorAddress } from '@cambium/base'

/** The order is the order of the counters in shared memory: append, never reorder. */
export const DEAD_LETTER_REASONS = [
  /** The ref's actor is not there: never was, or ended. */
  'no_such_actor',
  /** It was queued at an actor that stopped. */
  'stopped',
  /** The mailbox was full and its policy is to drop. */
  'overflow',
  /** The sender's outbox was full. */
  'outbox_full',
  /** It waited for room longer than the limit. */
  'send_timeout',
  /** The actor crashed while handling it. */
  'crashed',
  /** It was in hand when the core died. */
  'in_hand',
  /** It was in the heap of a core that died. */
  'lost_with_core',
  /** Its bytes could not be decoded, or were more than a message may have. */
  'not_decodable',
  /** A reply that came after its ask had ended, or the second of two. */
  'late_reply',
  /** The system had shut down. */
  'shut_down',
  /** The mailbox was full, its policy is `shed-low`, and the message of low priority. */
  'shed',
  /** It was not handled before the time that its sender gave it. */
  'expired',
  /** The actor put it aside when its stash was full. */
  'stash_full',
] as const

export type DeadLetterReason = (typeof DEAD_LETTER_REASONS)[number]

export interface DeadLetter {
  readonly reason: DeadLetterReason
  readonly target: ActorAddress
  /** Name of the target, where it is known. */
  readonly name?: string
  /** The core that found it. */
  readonly core: number
  /** The message, where it is at hand as a value on this core. */
  readonly message?: unknown
  /** More than one when messages were lost together. */
  readonly count: number
  readonly detail?: string
}
