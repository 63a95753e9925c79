/**
 * Order of taking by priority (D4): from each mailbox the most urgent message, but that no priority is passed over more than `PASSES_MAX` times. Looked at
 * when a message is taken out, by what its sender gave or its receiver's behaviour said, wherever the mailbox keeps it.
 *
 * A mailbox is watched from the first message on that is not of normal priority; within one priority the order is for `message-order.ts`.
 */
import { HIGH, LOW, NORMAL, PASSES_MAX } from '@cambium/actor'
import type { Mailbox } from '@cambium/actor'
import { formatAddress } from '@cambium/base'
import { Marked } from '../marked.ts'
import { countByPriority, priorityIn, PUT_BACK, UNKNOWN } from './mailbox-content.ts'
import { violation } from './violation.ts'

const NAMES = ['unknown', 'high', 'normal', 'low']

export class PriorityOrder {
  readonly #watched = new WeakSet<object>()

  /** `report` takes what is found. */
  watch<A>(mailbox: Mailbox<A>, report: (error: Error) => void): void {
    if (this.#watched.has(mailbox)) return
    this.#watched.add(mailbox)
    const order = new Takings()
    const [take, trim] = [mailbox.take.bind(mailbox), mailbox.trim.bind(mailbox)]
    mailbox.take = () => {
      const message = take()
      const { takenAsker } = mailbox
      try {
        order.taken(mailbox, message, takenAsker)
      } catch (error) {
        report(error as Error)
      }
      return message
    }
    mailbox.trim = () => {
      trim()
      order.reset()
    }
  }
}

/** What was taken out of one mailbox. */
class Takings {
  /** By priority: messages that were taken while one of it waited, since the last of it. */
  readonly #passed = [0, 0, 0, 0]
  /** Something lay in it whose priority nobody knows. */
  #isUncertain = false

  reset(): void {
    this.#passed.fill(0)
    this.#isUncertain = false
  }

  taken<A>(mailbox: Mailbox<A>, message: unknown, beside: unknown): void {
    const priority = priorityIn(message, beside)
    if (priority === PUT_BACK) return
    const { counts: waiting } = countByPriority(mailbox)
    this.#isUncertain ||= priority === UNKNOWN || waiting[UNKNOWN] !== 0
    if (!this.#isUncertain) this.#check(priority, waiting, message)
    this.#count(priority, waiting)
  }

  #check(priority: number, waiting: readonly number[], message: unknown): void {
    for (let urgent = HIGH; urgent < priority; urgent += 1)
      if (waiting[urgent] !== 0 && !this.#isDue(priority))
        throw wrong('a message was taken before one of higher priority', priority, urgent, message)
    for (let other = LOW; other > HIGH; other -= 1)
      if (other !== priority && waiting[other] !== 0 && this.#isDue(other) && !(priority > other && this.#isDue(priority)))
        throw wrong('a priority was passed over too often', priority, other, message)
  }

  #isDue(priority: number): boolean {
    return (this.#passed[priority] as number) >= PASSES_MAX
  }

  #count(priority: number, waiting: readonly number[]): void {
    const passed = this.#passed
    for (const other of [NORMAL, LOW]) {
      if (other === priority) passed[other] = 0
      else if (waiting[other] !== 0) passed[other] = (passed[other] as number) + 1
      // One that is not there is not passed over; but what a low one passes over counts on.
      else if (priority !== LOW) passed[other] = 0
    }
  }
}

function wrong(what: string, priority: number, other: number, message: unknown): Error {
  return violation('ERR_ORACLE_ORDER', what, {
    ...(message instanceof Marked ? { actor: formatAddress(message.mark.pair.to), number: message.mark.number } : {}),
    taken: NAMES[priority],
    waiting: NAMES[other],
  })
}
