/**
 * The bound of each mailbox, as its policy promises it (D5). One that drops or fails never holds more than its capacity. One with backpressure takes what
 * was under way when it was full, and nothing that was sent after that; but an actor cannot wait for itself, and messages of high priority have a
 * capacity of their own. One that sheds does the same once it holds none of low priority. What is dropped is for `mailbox-drops.ts`.
 */
import { HIGH, LOW } from '@cambium/actor'
import { countByPriority } from './mailbox-content.ts'
import type { Cell } from './mailbox-content.ts'
import { violation } from './violation.ts'

/** Of a cell (`scheduler/src/actor-cell.ts`). */
const STARTING = 0
const AWAITING = 3

export class MailboxBounds {
  /** Of the mailboxes that are full: the place of the latest sending when they became so. */
  readonly #fullSince = new WeakMap<Cell, number>()
  /** Whether any ever was. */
  #wasFull = false
  /** Messages that waited for their actor to begin. */
  readonly #waited = new WeakMap<Cell, number>()

  /**
   * A message is about to be put into the mailbox. `place` is that of its sending among all of the run, `latest` that of the latest; one that has no mark
   * has no place.
   */
  arriving(cell: Cell, place: number | undefined, isToSelf: boolean, sentPriority: number, latest: number): void {
    const { capacity, overflow } = cell
    const length = cell.mailbox?.length ?? 0
    // Of one whose behaviour is not there yet, nobody knows the capacity that it will have.
    if (cell.status === STARTING || cell.status === AWAITING) this.#waited.set(cell, length + 1)
    if (overflow !== 'backpressure' && overflow !== 'shed-low') return
    if (length < capacity) {
      // What comes to one that sheds may be of low priority itself.
      if (length + 1 >= capacity && overflow === 'backpressure') this.#fullSince.set(cell, latest)
      else if (this.#wasFull) this.#fullSince.delete(cell)
      this.#wasFull ||= length + 1 >= capacity
      return
    }
    this.#wasFull = true
    if (overflow === 'shed-low' && (sentPriority === LOW || hasLow(cell))) {
      this.#fullSince.delete(cell)
      return
    }
    const fullSince = this.#fullSince.get(cell)
    if (fullSince === undefined) this.#fullSince.set(cell, latest)
    else if (place !== undefined && place > fullSince && !isToSelf && sentPriority !== HIGH)
      throw violation('ERR_ORACLE_MAILBOX', 'a mailbox that was full took a message that was sent after that', {
        actor: cell.label,
        messages: length,
        capacity,
      })
  }

  /** What was put aside, or has come back, has been put before all others. */
  refilled(cell: Cell, latest: number): void {
    if ((cell.mailbox?.length ?? 0) < cell.capacity) this.#fullSince.delete(cell)
    else {
      this.#fullSince.set(cell, latest)
      this.#wasFull = true
    }
  }

  /** Between turns; `messages` of the mailbox are no timer's. */
  check(cell: Cell, messages: number): void {
    const { capacity, overflow } = cell
    if (cell.status === STARTING || cell.status === AWAITING) return
    const bound = Math.max(capacity, this.#waited.get(cell) ?? 0) + cell.stashCapacity
    if (overflow !== 'backpressure' && overflow !== 'shed-low' && messages > bound)
      throw violation('ERR_ORACLE_MAILBOX', 'a mailbox is over its bound', { actor: cell.label, messages, capacity, overflow })
  }
}

function hasLow({ mailbox }: Cell): boolean {
  return mailbox !== undefined && countByPriority(mailbox).counts[LOW] !== 0
}
