/**
 * The way into a mailbox: what its policy does when it is full (D5), who is told, and when the senders are let in again.
 *
 * 1. At its capacity a mailbox with `backpressure`, `shed-low` or `fail` is *congested*: its core announces it, senders look before they send. What was
 *    under way still enters, but with `fail`.
 * 2. It is so until it has drained to half of its capacity; with `fail` until there is any room.
 * 3. With `shed-low` it lets everything in, and drops, as long as it holds messages of low priority.
 * 4. Messages of high priority have a capacity of their own, as large, in a mailbox that is congested: they come past what is held back.
 *
 * How many messages lie in each mailbox is written to shared memory as it changes, so that the death of the core can be accounted for by actor.
 */
import { HIGH, LOW, NORMAL, priorityNumber, UNSET } from '@cambium/actor'
import type { Mailbox } from '@cambium/actor'
import { CambiumError, optionError } from '@cambium/base'
import type { ActorCell } from './actor-cell.ts'
import type { Asker } from './asks.ts'
import { CongestionTable } from './congestion-table.ts'
import type { DeadLetterOffice } from './dead-letter-office.ts'
import { InfoMessage } from './info-message.ts'
import { MessageTimer } from './message-timer.ts'
import { Stamp } from './message-stamp.ts'

/** What lies beside a message in a mailbox. */
export type Beside = Asker | MessageTimer | InfoMessage | Stamp

/** Whether the message is no user's, and no book knows it. */
export function isOwn(beside: Beside | undefined): beside is MessageTimer | InfoMessage {
  return beside instanceof MessageTimer || beside instanceof InfoMessage
}

/** News of one actor's shedding are told so often at most, in milliseconds. */
const SHED_NEWS_MS = 1000

export interface MailboxEntryHost {
  readonly congestion: Int32Array
  /** Messages in the mailbox of each of the first slots. */
  readonly queued: Int32Array
  readonly deadLetters: DeadLetterOffice
  now(): number
  replyError(asker: Asker, error: Error): void
  /** The mailbox has room again. */
  relieved(cell: ActorCell): void
  /** Messages of low priority are dropped: so many since it was last told. */
  shedding(cell: ActorCell, queued: number, dropped: number): void
  reportFault(where: string, error: unknown): void
}

export class MailboxEntry {
  readonly #host: MailboxEntryHost
  readonly #table: CongestionTable
  /** Actors that shed: when that was last told, and what has been dropped since. */
  readonly #shed = new Map<ActorCell, { toldMs: number; dropped: number }>()

  constructor(host: MailboxEntryHost) {
    this.#host = host
    this.#table = new CongestionTable(() => host.congestion)
  }

  /**
   * The short way, for most messages by far: to an actor that is about to run anyway, and has room for another one after this. False, and nothing has
   * happened, for any other message.
   */
  enterShort(cell: ActorCell, message: unknown): boolean {
    const { mailbox } = cell
    if (!cell.isQueued || mailbox === undefined || cell.hand !== undefined || cell.judgesPriority) return false
    const length = mailbox.length + 1
    if (length >= cell.capacity) return false
    mailbox.push(message, undefined)
    this.note(cell, length)
    return true
  }

  /** Puts a message in, or does with it what the policy says. */
  enter(cell: ActorCell, mailbox: Mailbox<Beside>, message: unknown, beside: Asker | Stamp | undefined): void {
    const priority =
      !cell.judgesPriority && (beside === undefined || !(beside instanceof Stamp))
        ? NORMAL
        : this.priorityOf(cell, message, beside)
    if (mailbox.length >= cell.capacity && cell.overflow !== 'backpressure' && !this.#makeRoom(cell, mailbox, priority)) {
      this.#drop(cell, message, beside, priority === LOW && cell.overflow === 'shed-low', mailbox.length)
      return
    }
    if (priority === NORMAL) mailbox.push(message, beside)
    else mailbox.pushAs(priority, message, beside)
    if (mailbox.length >= cell.capacity && !isDropping(cell)) this.#congest(cell, mailbox)
  }

  /** The priority that the sender gave, else what the behaviour says. */
  priorityOf(cell: ActorCell, message: unknown, beside: Beside | undefined): number {
    if (beside instanceof Stamp && beside.priority !== UNSET) return beside.priority
    const judge = cell.behaviour?.priority as ((message: unknown) => unknown) | undefined
    if (judge === undefined) return NORMAL
    try {
      const said = judge(message)
      const priority = priorityNumber(said)
      if (priority !== UNSET) return priority
      throw optionError('mailbox.priority()', said, 'high, normal or low')
    } catch (error) {
      this.#host.reportFault(`priority of a message to ${cell.label}`, error)
      return NORMAL
    }
  }

  /** The behaviour is there, and tells priorities: also those of what has come before it, or that would be overtaken by what its sender tells next. */
  judge(cell: ActorCell): void {
    const { mailbox } = cell
    if (mailbox === undefined) return
    for (let left = mailbox.lengthOf(NORMAL); left > 0; left -= 1) {
      const message = mailbox.takeAt(0)
      const beside = mailbox.takenAsker
      mailbox.takenAsker = undefined
      mailbox.pushAs(beside instanceof InfoMessage ? NORMAL : this.priorityOf(cell, message, beside), message, beside)
    }
    this.refilled(cell, mailbox)
  }

  /** The mailbox has become longer or shorter. A plain store: it is read when this thread has ended. */
  note({ slot }: ActorCell, length: number): void {
    const { queued } = this.#host
    if (slot < queued.length) queued[slot] = length
  }

  /** Messages have been put back, or in other places. */
  refilled(cell: ActorCell, mailbox: Mailbox<Beside>): void {
    if (mailbox.length >= cell.capacity && !isDropping(cell)) this.#congest(cell, mailbox)
  }

  /** Messages have been taken out. */
  left(cell: ActorCell, mailbox: Mailbox<Beside>): void {
    if (mailbox.length <= (cell.overflow === 'fail' ? cell.capacity - 1 : cell.capacity >> 1)) this.relieve(cell)
    else {
      const isRelieved = cell.isHighFull && mailbox.lengthOf(HIGH) <= cell.capacity >> 1
      const hasLow = cell.hasLow && mailbox.lengthOf(LOW) > 0
      if (!isRelieved && hasLow === cell.hasLow) return
      cell.hasLow = hasLow
      if (isRelieved) cell.isHighFull = false
      this.#table.publish(cell)
      if (isRelieved) this.#host.relieved(cell)
    }
  }

  relieve(cell: ActorCell): void {
    if (!cell.isCongested) return
    cell.isCongested = false
    cell.isHighFull = false
    cell.hasLow = false
    this.#table.remove(cell)
    this.#tellShed(cell)
    this.#host.relieved(cell)
  }

  #congest(cell: ActorCell, mailbox: Mailbox<Beside>): void {
    const isHighFull = cell.isHighFull || mailbox.lengthOf(HIGH) >= cell.capacity
    const hasLow = cell.overflow === 'shed-low' && mailbox.lengthOf(LOW) > 0
    const isNew = !cell.isCongested
    if (!isNew && isHighFull === cell.isHighFull && hasLow === cell.hasLow) return
    cell.isCongested = true
    cell.isHighFull = isHighFull
    cell.hasLow = hasLow
    if (isNew) this.#table.add(cell)
    else this.#table.publish(cell)
  }

  /** Whether a message of this priority may enter a full mailbox; drops another one for it where the policy wants that. */
  #makeRoom(cell: ActorCell, mailbox: Mailbox<Beside>, priority: number): boolean {
    const { overflow } = cell
    if (overflow === 'fail') return false
    if (overflow === 'shed-low') {
      if (priority === LOW) return false
      this.#dropOf(cell, mailbox, LOW, 'oldest', true)
      return true // else it is held back at its sender, or was under way
    }
    const newestFirst = overflow === 'drop-newest'
    for (let lowest = LOW; lowest >= priority; lowest -= 1) {
      // Of its own priority the newest is the message itself.
      if (newestFirst && lowest === priority) return false
      if (this.#dropOf(cell, mailbox, lowest, newestFirst ? 'newest' : 'oldest', false)) return true
    }
    return mailbox.lengthOf(priority) > 0 // only timers' messages, which no capacity holds back
  }

  /** Drops a message of one priority; false when there is none. A timer's message, and an info, is nobody's to drop: it keeps its place. */
  #dropOf(cell: ActorCell, mailbox: Mailbox<Beside>, priority: number, which: 'oldest' | 'newest', isShed: boolean): boolean {
    const taken = mailbox.takeOf(priority, which, (beside) => !isOwn(beside))
    if (taken === undefined) return false
    const beside = mailbox.takenAsker as Asker | Stamp | undefined
    mailbox.takenAsker = undefined
    this.#drop(cell, taken.message, beside, isShed, mailbox.length + 1)
    return true
  }

  #drop(cell: ActorCell, message: unknown, beside: Asker | Stamp | undefined, isShed: boolean, queued: number): void {
    this.#host.deadLetters.bury(isShed ? 'shed' : 'overflow', cell, {
      name: cell.name,
      message,
      detail: `mailbox is full: capacity=${cell.capacity}`,
    })
    if (isShed) this.#countShed(cell, queued)
    const asker = beside instanceof Stamp ? beside.asker : beside
    if (asker !== undefined) this.#host.replyError(asker, mailboxFull(cell))
  }

  #countShed(cell: ActorCell, queued: number): void {
    let news = this.#shed.get(cell)
    if (news === undefined) this.#shed.set(cell, (news = { toldMs: -Infinity, dropped: 0 }))
    news.dropped += 1
    const now = this.#host.now()
    if (now - news.toldMs < SHED_NEWS_MS) return
    this.#host.shedding(cell, queued, news.dropped)
    news.toldMs = now
    news.dropped = 0
  }

  /** The flood is over: what was dropped last is told too. */
  #tellShed(cell: ActorCell): void {
    const news = this.#shed.get(cell)
    if (news === undefined) return
    this.#shed.delete(cell)
    if (news.dropped > 0) this.#host.shedding(cell, cell.mailbox?.length ?? 0, news.dropped)
  }
}

function isDropping(cell: ActorCell): boolean {
  return cell.overflow === 'drop-newest' || cell.overflow === 'drop-oldest'
}

function mailboxFull(cell: { readonly capacity: number; readonly label: string }): CambiumError {
  return new CambiumError('ERR_MAILBOX_FULL', `mailbox is full: capacity=${cell.capacity}, actor=${cell.label}`, {
    severity: 'crash',
    fields: { capacity: cell.capacity, actor: cell.label },
  })
}
