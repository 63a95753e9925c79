/**
 * Answers that are owed, and that others than the actor who owes them may give: each under a token, a ref that leads to no actor.
 *
 * 1. A token names the core where the answer is owed, the slot that no actor has, and a generation of that core, which is never given twice: so it
 *    travels as any ref does, and leads to nobody once its answer was given, or the incarnation that owed it has ended.
 * 2. What is told to it comes where messages for an actor that is not there come: so no other message pays for it. It becomes the answer there; the second one, and one
 *    that is too late, is a dead letter `late_reply` (C-42).
 */
import type { ActorAddress } from '@cambium/base'
import type { ActorCell } from './actor-cell.ts'
import type { Asker } from './asks.ts'
import { count, PROCESSED } from './books.ts'
import type { DeadLetterOffice } from './dead-letter-office.ts'
import type { OwedAnswers } from './owed-answers.ts'
import { REPLY_SLOT } from './slot-table.ts'
import type { SlotTable } from './slot-table.ts'

export interface ReplyTokensHost {
  readonly coreNumber: number
  readonly books: Float64Array
  readonly slots: SlotTable
  readonly deadLetters: DeadLetterOffice
  requestTurn(): void
}

interface Debt {
  readonly cell: ActorCell
  readonly owed: OwedAnswers
  readonly asker: Asker
}

export class ReplyTokens {
  readonly #host: ReplyTokensHost
  readonly #reply: (asker: Asker, value: unknown) => void
  /** By generation. */
  readonly #debts = new Map<number, Debt>()

  constructor(host: ReplyTokensHost, reply: (asker: Asker, value: unknown) => void) {
    this.#host = host
    this.#reply = reply
  }

  /** The actor owes the asker an answer already. */
  issue(cell: ActorCell, owed: OwedAnswers, asker: Asker): ActorAddress {
    const generation = this.#host.slots.nextGeneration()
    this.#debts.set(generation, { cell, owed, asker })
    owed.whenTaken(asker, () => {
      this.#debts.delete(generation)
    })
    return { core: this.#host.coreNumber, slot: REPLY_SLOT, generation }
  }

  /** A message, which the books know, has come for nobody. False when it was for no token. */
  pay(target: ActorAddress, value: unknown): boolean {
    if (target.slot !== REPLY_SLOT) return false
    const debt = this.#debts.get(target.generation)
    this.#host.requestTurn()
    if (debt === undefined || !debt.owed.take(debt.asker)) {
      this.#host.deadLetters.bury('late_reply', target, { message: value, detail: 'its ask has an answer already, or has ended' })
      return true
    }
    count(this.#host.books, PROCESSED)
    try {
      this.#reply(debt.asker, value)
    } catch {
      // The asker has been told what is wrong with it.
    }
    return true
  }
}
