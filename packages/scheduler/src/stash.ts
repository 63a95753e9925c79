/**
 * The stash: messages that an actor has put aside for later (after Pekko's). Bounded; one too many is a dead letter `stash_full` (C-40).
 *
 * 1. `ctx.stash` marks the message in hand; it is put aside, with its asker and its deadline, when its handler has ended well.
 * 2. `ctx.unstashAll` puts all of them back before everything else in the mailbox, in their order of arrival.
 * 3. At the end of an incarnation they go back the same way: to the next incarnation (C-38), or with the rest of the mailbox to the dead letters.
 */
import { Mailbox, MessageQueue } from '@cambium/actor'
import { CambiumError } from '@cambium/base'
import { keepMessage } from '@cambium/codec'
import { BUSY, READY } from './actor-cell.ts'
import type { ActorCell } from './actor-cell.ts'
import { ANSWERED } from './asks.ts'
import type { Asker } from './asks.ts'
import type { DeadLetterOffice } from './dead-letter-office.ts'
import { Hand } from './hand.ts'
import { InfoMessage } from './info-message.ts'
import type { Beside, MailboxEntry } from './mailbox-entry.ts'
import { MessageTimer } from './message-timer.ts'
import { Stamp, stampStashed } from './message-stamp.ts'

export interface StashHost {
  readonly deadLetters: DeadLetterOffice
  replyError(asker: Asker, error: Error): void
}

export class Stash {
  readonly #host: StashHost
  readonly #entry: MailboxEntry

  constructor(host: StashHost, entry: MailboxEntry) {
    this.#host = host
    this.#entry = entry
  }

  /** Marks the message in hand; false when there is no room, and it will be dropped. */
  mark(cell: ActorCell, isRunning: boolean): boolean {
    const isHandling = cell.status === BUSY || (cell.status === READY && isRunning)
    if (!isHandling || cell.hand?.beside instanceof InfoMessage)
      throw new CambiumError('ERR_NOT_STASHABLE', `no message is in hand that could be put aside: actor=${cell.label}`)
    const hand = (cell.hand ??= new Hand(undefined))
    if (hand.stash === 'no') hand.stash = (cell.stash?.length ?? 0) < cell.stashCapacity ? 'kept' : 'dropped'
    return hand.stash === 'kept'
  }

  /** The handler of a message that was marked has ended well. */
  putAside(cell: ActorCell, hand: Hand, message: unknown): void {
    const asker = cell.asker === ANSWERED ? undefined : cell.asker
    cell.asker = undefined
    const { beside } = hand
    if (hand.stash === 'dropped') {
      if (!(beside instanceof MessageTimer)) this.#drop(cell, message, asker)
      return
    }
    if (beside instanceof MessageTimer) beside.isQueued = true // it has its place still: its next expiries add nothing
    const kept: Beside | undefined = beside instanceof Stamp ? stampStashed(beside, asker) : (beside ?? asker)
    ;(cell.stash ??= new MessageQueue()).push(keepMessage(message), kept)
  }

  /** What the actor had put aside where it was before. */
  add(cell: ActorCell, message: unknown, beside: Beside | undefined): void {
    ;(cell.stash ??= new MessageQueue()).push(message, beside)
  }

  /** Answers how many went back. */
  putBack(cell: ActorCell): number {
    const { stash } = cell
    if (stash === undefined) return 0
    cell.stash = undefined
    const mailbox = (cell.mailbox ??= new Mailbox())
    const { length } = stash
    for (let at = length - 1; at >= 0; at -= 1) mailbox.putBack(stash.messageAt(at), stash.askerAt(at))
    this.#entry.refilled(cell, mailbox)
    return length
  }

  #drop(cell: ActorCell, message: unknown, asker: Asker | undefined): void {
    const detail = `stash is full: capacity=${cell.stashCapacity}`
    this.#host.deadLetters.bury('stash_full', cell, { name: cell.name, message, detail })
    if (asker !== undefined) {
      const text = `${detail}, actor=${cell.label}`
      this.#host.replyError(asker, new CambiumError('ERR_STASH_FULL', text, { severity: 'crash' }))
    }
  }
}
