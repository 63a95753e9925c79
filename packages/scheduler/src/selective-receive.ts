/**
 * Selective receive inside an `await` (after Erlang's `receive`): the handler under way takes the first message that matches, from the
 * mailbox or as it comes; all others stay, in their order.
 *
 * 1. The mailbox is searched once, when the receive begins: in the order in which its messages would be taken.
 * 2. From then on each message is shown to the open receives, the oldest first, before it enters the mailbox.
 * 3. What was taken counts as processed. One that was asked is owed an answer from then on.
 * 4. A receive ends with its time, its signal, its handler or its incarnation, whichever is first.
 */
import type { Mailbox, Received } from '@cambium/actor'
import { CambiumError } from '@cambium/base'
import { BUSY, READY } from './actor-cell.ts'
import type { ActorCell } from './actor-cell.ts'
import type { Asker } from './asks.ts'
import { ANSWERED } from './asks.ts'
import { count, PROCESSED } from './books.ts'
import { Hand } from './hand.ts'
import { InfoMessage } from './info-message.ts'
import type { Beside, MailboxEntry } from './mailbox-entry.ts'
import { MessageTimer } from './message-timer.ts'
import { Stamp } from './message-stamp.ts'
import { OwedAnswers } from './owed-answers.ts'
import { CallbackTimer } from './timer-wheel.ts'
import type { TimerWheel } from './timer-wheel.ts'
import type { CheckedWait } from './wait-options.ts'

/** Open receives of one handler. */
const RECEIVES_MAX = 64

export interface SelectiveReceiveHost {
  readonly books: Float64Array
  readonly wheel: TimerWheel
  /** Told when something settled whose continuation should run before the core looks for more work. */
  readonly sender: { hasSettled: boolean }
  now(): number
  reply(asker: Asker, value: unknown): void
  replyError(asker: Asker, error: Error): void
  buryReply(cell: ActorCell, value: unknown): void
  outstanding(change: 1 | -1): void
  requestTurn(): void
}

export interface OpenReceive {
  readonly match: (message: unknown) => boolean
  readonly take: (message: unknown, beside: Beside | undefined) => void
  readonly fail: (error: Error) => void
}

export class SelectiveReceive {
  readonly #host: SelectiveReceiveHost
  readonly #entry: MailboxEntry

  constructor(host: SelectiveReceiveHost, entry: MailboxEntry) {
    this.#host = host
    this.#entry = entry
  }

  /** `isRunning`: the synchronous part of the actor's handler is under way. */
  receive(cell: ActorCell, isRunning: boolean, match: (message: unknown) => boolean, wait: CheckedWait): Promise<Received> {
    const promise = new Promise<Received>((resolve, reject) => {
      const isHandling = cell.status === BUSY || (cell.status === READY && isRunning)
      if (!isHandling || cell.hand?.beside instanceof InfoMessage)
        throw new CambiumError('ERR_NOT_RECEIVING', `no handler of a message is under way: actor=${cell.label}`)
      if (wait.signal?.aborted === true) throw wait.signal.reason
      const hand = (cell.hand ??= new Hand(undefined))
      if (hand.receives.size >= RECEIVES_MAX)
        throw new CambiumError(
          'ERR_RECEIVE_LIMIT',
          `handler has too many receives: actor=${cell.label}, receives=${RECEIVES_MAX}`,
        )
      const found = this.#search(cell, cell.mailbox, match)
      if (found === undefined) this.#open(cell, hand, match, wait, resolve, reject)
      else resolve(this.#handOver(cell, found.message, found.beside))
    })
    promise.catch(() => {}) // a handler may end without a look at it
    return promise
  }

  /** Shows a message that is about to enter the mailbox; true when a receive has taken it. */
  offer(cell: ActorCell, hand: Hand, message: unknown, beside: Beside | undefined): boolean {
    if (!this.#isOpenTo(cell, beside)) return false
    for (const receive of hand.receives) {
      let isMeant: boolean
      try {
        isMeant = receive.match(message)
      } catch (error) {
        receive.fail(error as Error)
        continue
      }
      if (!isMeant) continue
      receive.take(message, beside)
      return true
    }
    return false
  }

  #search(
    cell: ActorCell,
    mailbox: Mailbox<Beside> | undefined,
    match: (message: unknown) => boolean,
  ): { readonly message: unknown; readonly beside: Beside | undefined } | undefined {
    const found = mailbox?.takeFirst((message, beside) => this.#isOpenTo(cell, beside) && match(message))
    if (mailbox === undefined || found === undefined) return undefined
    const beside = mailbox.takenAsker
    mailbox.takenAsker = undefined
    this.#entry.note(cell, mailbox.length)
    if (cell.isCongested) this.#entry.left(cell, mailbox)
    return { message: found.message, beside }
  }

  /** Not what the runtime tells, nor what nobody wants handled any more. */
  #isOpenTo(cell: ActorCell, beside: Beside | undefined): boolean {
    if (beside === undefined) return true
    if (beside instanceof Stamp) return beside.expiresAt > this.#host.now()
    if (beside instanceof MessageTimer) return !beside.isCancelled && beside.incarnation === cell.incarnation
    return !(beside instanceof InfoMessage)
  }

  #open(
    cell: ActorCell,
    hand: Hand,
    match: (message: unknown) => boolean,
    wait: CheckedWait,
    resolve: (received: Received) => void,
    reject: (error: unknown) => void,
  ): void {
    const { wheel } = this.#host
    const close = (): void => {
      hand.removeReceive(receive)
      wheel.cancel(timer)
      wait.signal?.removeEventListener('abort', onAbort)
      this.#host.sender.hasSettled = true
      this.#host.requestTurn()
    }
    const receive: OpenReceive = {
      match,
      take: (message, beside) => {
        close()
        resolve(this.#handOver(cell, message, beside))
      },
      fail: (error) => {
        close()
        reject(error)
      },
    }
    const onAbort = (): void => {
      receive.fail(wait.signal?.reason as Error)
    }
    const timer = new CallbackTimer(() => {
      const message = `no message that matches came in time: actor=${cell.label}, timeoutMs=${wait.timeoutMs}`
      receive.fail(new CambiumError('ERR_RECEIVE_TIMEOUT', message, { severity: 'crash', fields: { timeoutMs: wait.timeoutMs } }))
    })
    hand.addReceive(receive)
    if (Number.isFinite(wait.timeoutMs)) wheel.start(timer, this.#host.now() + wait.timeoutMs)
    wait.signal?.addEventListener('abort', onAbort, { once: true })
  }

  #handOver(cell: ActorCell, message: unknown, beside: Beside | undefined): Received {
    if (beside instanceof MessageTimer) beside.taken()
    else count(this.#host.books, PROCESSED)
    const asker = beside instanceof Stamp ? beside.asker : beside instanceof MessageTimer ? undefined : beside
    if (asker === undefined || asker instanceof InfoMessage || asker === ANSWERED)
      return {
        message,
        isAsked: false,
        reply: () => {
          throw new CambiumError('ERR_NOT_ASKED', `message received expects no reply: actor=${cell.label}`)
        },
      }
    const owed = (cell.owed ??= new OwedAnswers(this.#host))
    owed.add(asker, cell.label)
    return {
      message,
      isAsked: true,
      reply: (value) => {
        if (owed.take(asker)) this.#host.reply(asker, value)
        else this.#host.buryReply(cell, value)
        this.#host.requestTurn()
      },
    }
  }
}
