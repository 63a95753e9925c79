/**
 * The answers that one incarnation of an actor owes for later (`deferReply`).
 *
 * 1. An answer is owed until it is given, or the incarnation ends: then its asker is told.
 * 2. An ask of this core that ends before, by its timeout or its signal, is forgotten at once.
 * 3. Of the end of an ask on another core nothing is heard. So the number of what is owed has a bound: at it the oldest are given up, and their
 *    askers, most of whom have gone by then, are told.
 */
import { CambiumError } from '@cambium/base'
import { PendingAsk } from './asks.ts'
import type { Asker } from './asks.ts'

export const OWED_MAX = 262_144
/** So many at once: one at a time each would search the set from its beginning. */
const GIVEN_UP_AT_ONCE = 16_384

export interface OwedAnswersHost {
  replyError(asker: Asker, error: Error): void
  /** One more, or one fewer, whose end comes by the event loop. */
  outstanding(change: 1 | -1): void
}

export class OwedAnswers {
  readonly #host: OwedAnswersHost
  /** The oldest first. */
  readonly #askers = new Set<Asker>()
  /** Told when an answer is owed no more. */
  #taken: Map<Asker, () => void> | undefined = undefined

  constructor(host: OwedAnswersHost) {
    this.#host = host
  }

  get count(): number {
    return this.#askers.size
  }

  /** `label` names the actor. */
  add(asker: Asker, label: string): void {
    if (this.#askers.size >= OWED_MAX) this.#giveUpOldest(label)
    this.#askers.add(asker)
    this.#host.outstanding(1)
    if (!(asker instanceof PendingAsk)) return
    const { onSettled } = asker
    asker.onSettled = () => {
      onSettled?.()
      this.take(asker)
    }
  }

  /** `act` is called once, when that answer is not owed any more, for whatever reason. */
  whenTaken(asker: Asker, act: () => void): void {
    ;(this.#taken ??= new Map()).set(asker, act)
  }

  /** Answers whether an answer was owed; it is not any more. */
  take(asker: Asker): boolean {
    if (!this.#askers.delete(asker)) return false
    this.#host.outstanding(-1)
    const act = this.#taken?.get(asker)
    if (act !== undefined) {
      this.#taken?.delete(asker)
      act()
    }
    return true
  }

  /** The incarnation has ended: its answers come too late from now on. */
  end(error: Error): void {
    for (const asker of this.#askers) this.#giveUp(asker, error)
  }

  #giveUpOldest(label: string): void {
    const message = `actor owes too many answers and gives up the oldest: actor=${label}, owed=${OWED_MAX}`
    const error = new CambiumError('ERR_NO_REPLY', message, { severity: 'crash', fields: { owed: OWED_MAX } })
    let left = GIVEN_UP_AT_ONCE
    for (const asker of this.#askers) {
      if (left === 0) return
      left -= 1
      this.#giveUp(asker, error)
    }
  }

  #giveUp(asker: Asker, error: Error): void {
    this.take(asker) // before it is told, or it would be taken once more when it settles
    this.#host.replyError(asker, error)
  }
}
