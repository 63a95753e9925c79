/**
 * A mailbox: a bounded first-in-first-out queue of messages, each with the asker to answer or none. It grows with its content up
 * to its capacity, and gives a flood's memory back, so an idle actor costs little for it.
 *
 * `capacity` is the high watermark: at it the mailbox is congested, and with `backpressure` senders hold their messages back until it
 * has drained to the low watermark, half of it. What was already under way still enters, so the queue may exceed its capacity by
 * what the rings held; it never drops. The two drop policies never exceed it.
 */
import { checkFields, checkInteger, checkOneOf } from '@cambium/base'

export type OverflowPolicy = 'backpressure' | 'drop-newest' | 'drop-oldest'

export interface MailboxOptions {
  /** Messages queued before the mailbox counts as congested. @default 1024 */
  readonly capacity?: number
  /** What happens then. @default 'backpressure' */
  readonly overflow?: OverflowPolicy
}

export const MAILBOX_CAPACITY_DEFAULT = 1024
const CAPACITY_MAX = 1 << 20
const INITIAL_ENTRIES = 8
const POLICIES = ['backpressure', 'drop-newest', 'drop-oldest'] as const

/** Throws `ERR_OPTION` naming the wrong field; otherwise returns a complete copy. */
export function checkMailboxOptions(options: MailboxOptions): Required<MailboxOptions> {
  checkFields('mailbox', options, ['capacity', 'overflow'])
  return {
    capacity: checkInteger('mailbox.capacity', options.capacity, {
      default: MAILBOX_CAPACITY_DEFAULT,
      min: 1,
      max: CAPACITY_MAX,
    }),
    overflow: checkOneOf('mailbox.overflow', options.overflow, POLICIES, 'backpressure'),
  }
}

/** A queue of pairs in one circular array; the length of the array is a power of two. */
export class Mailbox<Asker> {
  length = 0
  takenAsker: Asker | undefined = undefined
  #entries: unknown[] = new Array(INITIAL_ENTRIES * 2).fill(undefined)
  #mask: number = INITIAL_ENTRIES - 1
  #head = 0

  push(message: unknown, asker: Asker | undefined): void {
    if (this.length > this.#mask) this.#grow()
    const at = ((this.#head + this.length) & this.#mask) << 1
    this.#entries[at] = message
    this.#entries[at + 1] = asker
    this.length += 1
  }

  /** The oldest message; look at `length` first. Read {@link peekAsker} before {@link shift}. */
  peek(): unknown {
    return this.#entries[this.#head << 1]
  }

  peekAsker(): Asker | undefined {
    return this.#entries[(this.#head << 1) + 1] as Asker | undefined
  }

  /** Takes the oldest message out; look at `length` first. Its asker is {@link takenAsker} until the next one is taken. */
  take(): unknown {
    const entries = this.#entries
    const at = this.#head << 1
    const message = entries[at]
    this.takenAsker = entries[at + 1] as Asker | undefined
    entries[at] = undefined // or the queue would keep handled messages alive
    entries[at + 1] = undefined
    this.#head = (this.#head + 1) & this.#mask
    this.length -= 1
    return message
  }

  shift(): void {
    const at = this.#head << 1
    this.#entries[at] = undefined // or the queue would keep handled messages alive
    this.#entries[at + 1] = undefined
    this.#head = (this.#head + 1) & this.#mask
    this.length -= 1
  }

  /** The message `index` places behind the oldest. */
  messageAt(index: number): unknown {
    return this.#entries[((this.#head + index) & this.#mask) << 1]
  }

  askerAt(index: number): Asker | undefined {
    return this.#entries[(((this.#head + index) & this.#mask) << 1) + 1] as Asker | undefined
  }

  /** Takes out the message at `index`; those before it move up. */
  removeAt(index: number): void {
    for (let i = index; i > 0; i -= 1) {
      const to = ((this.#head + i) & this.#mask) << 1
      this.#entries[to] = this.messageAt(i - 1)
      this.#entries[to + 1] = this.askerAt(i - 1)
    }
    this.shift()
  }

  /** Gives back what a flood has left of an empty queue, beyond the room for {@link MAILBOX_CAPACITY_DEFAULT} messages. For whoever has taken the last one. */
  trim(): void {
    if (this.length > 0 || this.#mask < MAILBOX_CAPACITY_DEFAULT) return
    this.#entries = new Array(INITIAL_ENTRIES * 2).fill(undefined)
    this.#mask = INITIAL_ENTRIES - 1
    this.#head = 0
  }

  /** Messages for which there is room without growing. */
  get room(): number {
    return this.#mask + 1
  }

  #grow(): void {
    const old = this.#entries
    const size = this.#mask + 1
    const entries: unknown[] = new Array(size * 4).fill(undefined)
    for (let i = 0; i < size; i += 1) {
      const from = ((this.#head + i) & this.#mask) << 1
      entries[i << 1] = old[from]
      entries[(i << 1) + 1] = old[from + 1]
    }
    this.#entries = entries
    this.#mask = size * 2 - 1
    this.#head = 0
  }
}
