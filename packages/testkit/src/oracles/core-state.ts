/** What must hold for one core between any two of its turns: its books only grow and say exactly what it holds, and its mailboxes keep their bounds. */
import { COUNTER_LANES, readBooks } from '@cambium/scheduler'
import type { Core } from '@cambium/scheduler'
import type { MailboxBounds } from './mailbox-bounds.ts'
import { isOwn } from './mailbox-content.ts'
import type { Cell } from './mailbox-content.ts'
import { violation } from './violation.ts'

const BUSY = 2

export class CoreStateOracle {
  readonly #lanes: Float64Array[] = []
  readonly #bounds: MailboxBounds

  constructor(bounds: MailboxBounds) {
    this.#bounds = bounds
  }

  /** After every turn: cheap. */
  checkCounters(core: Core): void {
    const { books, coreNumber } = core
    const before = (this.#lanes[coreNumber] ??= new Float64Array(books.length))
    for (let lane = 0; lane < COUNTER_LANES; lane += 1) {
      if ((books[lane] as number) < (before[lane] as number)) {
        throw violation('ERR_ORACLE_BOOKS', 'a counter has decreased', {
          core: coreNumber,
          lane,
          before: before[lane],
          after: books[lane],
        })
      }
    }
    before.set(books)
  }

  /**
   * Now and then: walks over all actors of the core. With `holdsBack` what it has written and not published is in its books as well, and cannot be
   * counted.
   */
  checkContents(core: Core, holdsBack: boolean): void {
    let held = 0
    for (const cell of core.slots.cells) {
      if (cell === undefined) continue
      const messages = countMessages(cell)
      held += messages
      if (cell.status === BUSY && cell.isInHandCounted) held += 1
      held += cell.hand?.nested.size ?? 0
      this.#bounds.check(cell, messages)
    }
    // A `send` that waits is not in the books yet, so what waits may or may not be counted.
    const { queued } = readBooks(core.books)
    const waiting = core.sender.waitingCount
    // So it does itself while a signal waits for room.
    const isHeldBack = holdsBack || core.links.some((link) => link !== undefined && link.control.queued > 0)
    if (queued < held || (queued > held + waiting && !isHeldBack)) {
      throw violation('ERR_ORACLE_BOOKS', 'books of a core differ from what it holds', {
        core: core.coreNumber,
        queued,
        held,
        waiting,
      })
    }
  }
}

/** Messages in a mailbox that the books know. */
function countMessages(cell: Cell): number {
  const { mailbox, moved, stash } = cell
  let count = (moved?.returned.length ?? 0) + (moved?.stashed.length ?? 0)
  mailbox?.forEach((_, beside) => {
    if (!isOwn(beside)) count += 1
  })
  for (let at = 0; at < (stash?.length ?? 0); at += 1) if (!isOwn(stash?.askerAt(at))) count += 1
  return count
}
