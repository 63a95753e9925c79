/** What a mailbox may hold and what happens beyond it: the options, checked. */
import { checkFields, checkInteger, checkOneOf, optionError } from '@cambium/base'
import type { Priority } from './priority.ts'

/**
 * What happens at the capacity (D5). What is dropped becomes a dead letter, and its asker is told `ERR_MAILBOX_FULL`.
 * - `backpressure`: nothing is dropped; senders hold their messages back until the mailbox has drained to half.
 * - `drop-newest`, `drop-oldest`: drops of the lowest priority there is, the arriving message included.
 * - `shed-low`: drops messages of low priority and only them, with an event `load_shed`; holds the others back like `backpressure`.
 * - `fail`: takes no more, and the sender learns it: `trySend` says `full`, `send` and `ask` reject with `ERR_MAILBOX_FULL`.
 */
export type OverflowPolicy = 'backpressure' | 'drop-newest' | 'drop-oldest' | 'shed-low' | 'fail'

export interface MailboxOptions {
  /** Messages queued before the mailbox counts as full. @default 1024, or 1000 with `shed-low` */
  readonly capacity?: number
  /** What happens then. @default 'backpressure' */
  readonly overflow?: OverflowPolicy
  /** Messages that `context.stash` puts aside at most. @default 1024 */
  readonly stashCapacity?: number
}

export interface BehaviourMailboxOptions<Messages = never> extends MailboxOptions {
  /**
   * Priority of a message whose sender gave none. Asked once for each message that has to wait, on the receiver's core; of one that came before the actor's
   * module was there, when it is. A throw, or another value, counts as `normal` and is reported as a fault.
   */
  readonly priority?: (message: Messages) => Priority
}

export const MAILBOX_CAPACITY_DEFAULT = 1024
/** Above so many queued messages those of low priority are shed (R0.7). */
const SHED_CAPACITY_DEFAULT = 1000
export const STASH_CAPACITY_DEFAULT = 1024
const CAPACITY_MAX = 1 << 20
const FIELDS = ['capacity', 'overflow', 'stashCapacity'] as const
const POLICIES = ['backpressure', 'drop-newest', 'drop-oldest', 'shed-low', 'fail'] as const

/** Throws `ERR_OPTION` naming the wrong field; otherwise returns a complete copy. */
export function checkMailboxOptions(options: MailboxOptions): Required<MailboxOptions> {
  checkFields('mailbox', options, FIELDS)
  return complete(options)
}

/** The same with a behaviour's `priority`. */
export function checkBehaviourMailbox(options: BehaviourMailboxOptions): {
  readonly mailbox: Required<MailboxOptions>
  readonly priority: ((message: never) => Priority) | undefined
} {
  checkFields('mailbox', options, [...FIELDS, 'priority'])
  const { priority } = options
  if (priority !== undefined && typeof priority !== 'function') throw optionError('mailbox.priority', priority, 'a function')
  return { mailbox: complete(options), priority }
}

function complete(options: MailboxOptions): Required<MailboxOptions> {
  const overflow = checkOneOf('mailbox.overflow', options.overflow, POLICIES, 'backpressure')
  return {
    capacity: checkInteger('mailbox.capacity', options.capacity, {
      default: overflow === 'shed-low' ? SHED_CAPACITY_DEFAULT : MAILBOX_CAPACITY_DEFAULT,
      min: 1,
      max: CAPACITY_MAX,
    }),
    overflow,
    stashCapacity: checkInteger('mailbox.stashCapacity', options.stashCapacity, {
      default: STASH_CAPACITY_DEFAULT,
      min: 1,
      max: CAPACITY_MAX,
    }),
  }
}
