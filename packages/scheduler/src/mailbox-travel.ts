/** What happens to the mailboxes of actors that move: what is in them is passed on, comes after them, or comes back. The protocol is in `moves.ts`. */
import type { Mailbox, MessageQueue } from '@cambium/actor'
import type { ActorCell } from './actor-cell.ts'
import type { Asker } from './asks.ts'
import type { Dispatcher } from './dispatcher.ts'
import type { Beside, MailboxEntry } from './mailbox-entry.ts'
import { Stamp } from './message-stamp.ts'
import type { MovedActors } from './moved-actors.ts'
import type { TurnBudget } from './turn-budget.ts'

export interface MailboxTravelHost {
  readonly moves: { readonly moved: MovedActors }
}

export class MailboxTravel {
  readonly #host: MailboxTravelHost
  /** Actors that are away, for which something has come. */
  readonly #due = new Set<ActorCell>()
  readonly #dispatcher: Pick<Dispatcher, 'deliver' | 'deliverStamped'>
  readonly #entry: MailboxEntry
  readonly #empty: () => Mailbox<Beside>

  /** `empty` gives a mailbox. */
  constructor(
    host: MailboxTravelHost,
    dispatcher: Pick<Dispatcher, 'deliver' | 'deliverStamped'>,
    entry: MailboxEntry,
    empty: () => Mailbox<Beside>,
  ) {
    this.#host = host
    this.#dispatcher = dispatcher
    this.#entry = entry
    this.#empty = empty
  }

  /** There is something to be passed on, or may be again. */
  due(cell: ActorCell): void {
    this.#due.add(cell)
  }

  get hasDue(): boolean {
    return this.#due.size > 0
  }

  /** Passes on what has come for actors that are away, in so much time; answers how many. */
  passOn(budget: TurnBudget): number {
    const { moved } = this.#host.moves
    let count = 0
    for (const cell of this.#due) {
      const { mailbox } = cell
      while (mailbox !== undefined && mailbox.length > 0 && moved.takes(cell)) {
        if (budget.isSpent()) return count
        const message = mailbox.take()
        const beside = mailbox.takenAsker
        mailbox.takenAsker = undefined
        count += 1
        this.#entry.note(cell, mailbox.length)
        if (cell.isCongested) this.#entry.left(cell, mailbox)
        moved.pass(cell, message, beside)
      }
      this.#due.delete(cell)
      if (mailbox?.length === 0) cell.mailbox = undefined
    }
    return count
  }

  /** Brings a message that was passed on; once its home passes nothing more on, without a look at its capacity: the home waits for that. */
  deliver(cell: ActorCell, message: unknown, beside: Asker | Stamp | undefined): void {
    if (cell.guest?.isHeld === true) {
      const mailbox = (cell.mailbox ??= this.#empty())
      mailbox.pushAs(this.#entry.priorityOf(cell, message, beside), message, beside)
      this.#entry.note(cell, mailbox.length)
    } else if (beside instanceof Stamp) this.#dispatcher.deliverStamped(cell, message, beside, true)
    else this.#dispatcher.deliver(cell, message, beside, true)
  }

  /** What has come back stands before all that has come since. */
  putBefore(cell: ActorCell, queue: MessageQueue<Beside> | undefined): void {
    if (queue === undefined) return
    const mailbox = (cell.mailbox ??= this.#empty())
    for (let at = queue.length - 1; at >= 0; at -= 1) mailbox.putBack(queue.messageAt(at), queue.askerAt(at))
    this.#entry.note(cell, mailbox.length)
    this.#entry.refilled(cell, mailbox)
  }

  /** What is on its way to an actor that leaves must come: its home is held back no longer. */
  relieve(cell: ActorCell): void {
    this.#entry.relieve(cell)
  }

  /** It stays after all. */
  congest(cell: ActorCell): void {
    if (cell.mailbox !== undefined) this.#entry.refilled(cell, cell.mailbox)
  }
}
