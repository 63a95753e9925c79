/**
 * Call-chain reentrancy (after Orleans): an actor whose behaviour asks for it handles, while its own handler awaits an answer, what comes of that very
 * chain of calls. So A may ask B, and B ask A back, without waiting for each other.
 *
 * 1. A chain has a number. A handler of such an actor that asks begins one, unless its message is part of one; it travels in the stamps of the asks.
 * 2. An ask that arrives with the number of the chain that the handler under way is part of is handled at once, with the state as it is.
 * 3. Between awaits everything is as ever: one piece of code of the actor at a time. What several handlers return replaces the state in the order in which
 *    they end; a state that is changed in place is seen by all of them.
 * 4. The handler that was first is over when those inside it are, too. A crash of one of them is one of the actor, once the first has ended.
 */
import type { Program } from '@cambium/actor'
import { CambiumError, toErrorRecord } from '@cambium/base'
import type { ErrorRecord } from '@cambium/base'
import { keepMessage } from '@cambium/codec'
import { BUSY } from './actor-cell.ts'
import type { ActorCell } from './actor-cell.ts'
import type { Asker } from './asks.ts'
import { ANSWERED } from './asks.ts'
import type { AsyncWork } from './async-work.ts'
import { count, PROCESSED } from './books.ts'
import type { DeadLetterOffice } from './dead-letter-office.ts'
import type { Hand } from './hand.ts'
import { crashError, noReplyError } from './handling-errors.ts'
import type { Stamp } from './message-stamp.ts'
import type { RunContext } from './run-context.ts'

/** Handled inside one another at a time; what comes beyond that waits as ever. */
const NESTED_MAX = 64

export interface NestedMessage {
  readonly message: unknown
  asker: Asker | undefined
  /** Resolves when its handler has ended. */
  settled: Promise<void> | undefined
}

export interface NestedMessagesHost {
  readonly books: Float64Array
  readonly deadLetters: DeadLetterOffice
  replyError(asker: Asker, error: Error): void
  requestTurn(): void
}

export class NestedMessages {
  readonly #host: NestedMessagesHost
  readonly #asyncWork: AsyncWork
  readonly #onCrash: (cell: ActorCell, message: unknown, record: ErrorRecord) => void

  constructor(
    host: NestedMessagesHost,
    asyncWork: AsyncWork,
    onCrash: (cell: ActorCell, message: unknown, record: ErrorRecord) => void,
  ) {
    this.#host = host
    this.#asyncWork = asyncWork
    this.#onCrash = onCrash
  }

  /** Whether a message is handled inside the handler under way. */
  admits(cell: ActorCell, chain: number): boolean {
    return isAdmitted(cell, chain) && (cell.hand?.nested.size ?? 0) < NESTED_MAX && !cell.isSuspended
  }

  run(cell: ActorCell, hand: Hand, message: unknown, stamp: Stamp): void {
    const nested: NestedMessage = { message: keepMessage(message), asker: stamp.asker, settled: undefined }
    hand.addNested(nested)
    const program = cell.program as Program<unknown, unknown, unknown, unknown>
    const context = (cell.context as RunContext).inside(nested)
    let result: unknown
    try {
      result = this.#asyncWork.enter(cell, () => program.receive(cell.state, message, context))
    } catch (error) {
      this.#crashed(cell, hand, nested, error)
      return
    }
    if (!(result instanceof Promise)) {
      this.#ended(cell, hand, nested, result)
      return
    }
    nested.settled = Promise.prototype.then.call(
      result,
      (next: unknown) => {
        this.#ended(cell, hand, nested, next)
      },
      (error: unknown) => {
        this.#crashed(cell, hand, nested, error)
      },
    ) as Promise<void>
  }

  /** The value of the first handler, once those inside it have ended, too. */
  async outlast(cell: ActorCell, result: Promise<unknown>): Promise<unknown> {
    const { incarnation } = cell
    try {
      return await result
    } finally {
      while (cell.incarnation === incarnation && (cell.hand?.nested.size ?? 0) > 0)
        await Promise.all(Array.from(cell.hand?.nested ?? [], ({ settled }) => settled ?? Promise.resolve()))
    }
  }

  /** The handler under way is given up: what is inside it is not handled any more. */
  giveUp(cell: ActorCell, hand: Hand): void {
    for (const { message, asker } of hand.nested) {
      this.#host.deadLetters.bury('stopped', cell, { name: cell.name, message })
      if (asker !== undefined && asker !== ANSWERED)
        this.#host.replyError(
          asker,
          new CambiumError('ERR_NO_SUCH_ACTOR', `actor has ended: actor=${cell.label}`, { severity: 'crash' }),
        )
    }
    hand.clearNested()
  }

  #ended(cell: ActorCell, hand: Hand, nested: NestedMessage, next: unknown): void {
    if (!hand.removeNested(nested)) return // given up
    if (next !== undefined) cell.state = next
    count(this.#host.books, PROCESSED)
    const { asker } = nested
    nested.asker = undefined
    if (asker !== undefined && asker !== ANSWERED) this.#host.replyError(asker, noReplyError(cell))
    this.#host.requestTurn()
  }

  #crashed(cell: ActorCell, hand: Hand, nested: NestedMessage, error: unknown): void {
    if (!hand.removeNested(nested)) return
    const record = toErrorRecord(error)
    this.#host.deadLetters.bury('crashed', cell, { name: cell.name, message: nested.message, detail: record.message })
    const { asker } = nested
    nested.asker = undefined
    if (asker !== undefined && asker !== ANSWERED) this.#host.replyError(asker, crashError(cell, record, error))
    this.#onCrash(cell, nested.message, record)
    cell.stopRequest ??= { kind: 'crash', error: record }
    this.#host.requestTurn()
  }
}

/** Whether what comes of this chain need not wait for the handler under way. */
export function isAdmitted(cell: ActorCell, chain: number): boolean {
  return chain !== 0 && cell.isReentrant && cell.status === BUSY && cell.hand?.chain === chain
}
