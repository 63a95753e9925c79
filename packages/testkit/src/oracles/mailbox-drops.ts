/**
 * What a full mailbox does with a message that comes, as its policy promises it (D5):
 *
 *   backpressure   takes it (what may come at all is for `mailbox-bounds.ts`)
 *   drop-newest    drops the newest of the lowest priority there is, the message included
 *   drop-oldest    the same with the oldest
 *   shed-low       drops messages of low priority and no other; while it holds one, it makes room for what is more urgent
 *   fail           takes nothing
 *
 * One that is not full drops nothing. What a timer or the runtime told its actor, what the actor has put back, and what has come back with it from another core,
 * no policy touches.
 */
import { LOW } from '@cambium/actor'
import type { DeadLetterReason } from '@cambium/actor'
import { Marked } from '../marked.ts'
import { countByPriority } from './mailbox-content.ts'
import type { Cell } from './mailbox-content.ts'
import { violation } from './violation.ts'

interface Arrival {
  readonly cell: Cell
  readonly message: Marked
  /** Of the mailbox before. */
  readonly length: number
  /** Whether it may become longer by the message. */
  readonly mayGrow: boolean
}

export class MailboxDrops {
  /** The message that is just being put in, where a policy drops. */
  #arrival: Arrival | undefined = undefined
  #arrivals = 0

  /** A message is about to be put into the mailbox. */
  entering(cell: Cell, message: Marked): void {
    this.#arrivals += 1
    message.arrival = this.#arrivals
    this.#arrival = undefined
    if (cell.overflow === 'backpressure') return
    const length = cell.mailbox?.length ?? 0
    this.#arrival = { cell, message, length, mayGrow: length < cell.capacity || mayGrow(cell) }
  }

  /**
   * Its receiver's behaviour says that it is not of normal priority: it stands behind those that have that one already. This may be long after it has come,
   * as for one that has waited for its actor to begin.
   */
  judged(message: Marked): void {
    this.#arrivals += 1
    message.arrival = this.#arrivals
  }

  /** The policy has dropped a message. */
  dropping(cell: Cell, dropped: unknown, reason: DeadLetterReason): void {
    const { overflow, mailbox, capacity } = cell
    const arrival = this.#arrival?.cell === cell ? this.#arrival : undefined
    const wrong = (what: string, more: Readonly<Record<string, unknown>> = {}): Error =>
      violation('ERR_ORACLE_MAILBOX', what, { actor: cell.label, overflow, reason, capacity, ...more })
    if (!(dropped instanceof Marked)) return // never in a mailbox: a stage buries its own events for the same reason
    if (overflow === 'backpressure') throw wrong('a mailbox dropped a message that its policy is to hold back')
    if (arrival === undefined) return
    if (arrival.length < capacity) throw wrong('a mailbox that is not full dropped a message', { messages: arrival.length })
    const { priority } = dropped
    if ((reason === 'shed') !== (overflow === 'shed-low') || (reason === 'shed' && priority !== LOW))
      throw wrong('a mailbox dropped a message that its policy is to keep', { priority })
    if (overflow === 'fail' && dropped !== arrival.message) throw wrong('a mailbox dropped what it had accepted', { priority })
    if (overflow === 'fail' || overflow === 'shed-low') return
    const kept: Marked[] = dropped === arrival.message ? [] : [arrival.message]
    mailbox?.forEach((each) => {
      if (each instanceof Marked && !each.isTaken && !each.isBack) kept.push(each)
    })
    if (kept.some((each) => each.priority > priority))
      throw wrong('a mailbox dropped a message while it had one of lower priority', { priority })
    const isMoreSo = (each: Marked): boolean =>
      overflow === 'drop-oldest' ? each.arrival < dropped.arrival : each.arrival > dropped.arrival
    if (kept.some((each) => each.priority === priority && isMoreSo(each)))
      throw wrong(`a mailbox dropped another message than the ${overflow === 'drop-oldest' ? 'oldest' : 'newest'}`, { priority })
  }

  /** The message has been put in, or not. */
  entered(cell: Cell): void {
    const arrival = this.#arrival
    this.#arrival = undefined
    if (arrival === undefined || arrival.cell !== cell) return
    const { message, length } = arrival
    const isLow = cell.overflow === 'shed-low' && message.priority === LOW
    if ((cell.mailbox?.length ?? 0) <= length || (arrival.mayGrow && (length < cell.capacity || !isLow))) return
    throw violation('ERR_ORACLE_MAILBOX', 'a full mailbox took a message that its policy is to drop, or to make room for', {
      actor: cell.label,
      overflow: cell.overflow,
      capacity: cell.capacity,
      messages: length,
      priority: message.priority,
    })
  }
}

/** Whether a full mailbox becomes longer by a message that is not of low priority. */
function mayGrow({ overflow, mailbox }: Cell): boolean {
  if (mailbox === undefined || overflow === 'fail' || overflow === 'drop-newest') return false
  const { counts, own } = countByPriority(mailbox)
  // What nobody knows may be of low priority, or not.
  return overflow === 'shed-low' ? counts[LOW] === 0 : own > 0
}
