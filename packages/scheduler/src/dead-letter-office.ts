/** Counts every dead letter of a core in its books and tells observers about them, at most so many a second. */
import type { DeadLetter, DeadLetterReason } from '@cambium/actor'
import type { ActorAddress } from '@cambium/base'
import { keepMessage } from '@cambium/codec'
import { deadLane } from './books.ts'
import type { Signal } from './signals.ts'

/** Dead letters shown to observers per second; the books count them all. */
const SHOWN_PER_SECOND_MAX = 100

/** For the root. */
export function letterSignal({ target, reason, count, name, detail }: DeadLetter): Extract<Signal, { type: 'dead_letter' }> {
  const { core, slot, generation } = target
  return { type: 'dead_letter', reason, core, slot, generation, name, count, detail }
}

export class DeadLetterOffice {
  readonly #core: number
  readonly #books: Float64Array
  readonly #now: () => number
  readonly #show: (letter: DeadLetter) => void
  #windowStartMs = 0
  #shown = 0

  constructor(core: number, books: Float64Array, now: () => number, show: (letter: DeadLetter) => void) {
    this.#core = core
    this.#books = books
    this.#now = now
    this.#show = show
  }

  bury(
    reason: DeadLetterReason,
    target: ActorAddress,
    more: { name?: string | undefined; message?: unknown; detail?: string } = {},
  ): void {
    const lane = deadLane(reason)
    this.#books[lane] = (this.#books[lane] as number) + 1
    const now = this.#now()
    if (now - this.#windowStartMs >= 1000) {
      this.#windowStartMs = now
      this.#shown = 0
    }
    this.#shown += 1
    if (this.#shown > SHOWN_PER_SECOND_MAX) return
    const { core, slot, generation } = target
    this.#show({
      reason,
      target: { core, slot, generation },
      core: this.#core,
      count: 1,
      ...(more.name === undefined ? {} : { name: more.name }),
      ...('message' in more ? { message: keepMessage(more.message) } : {}),
      ...(more.detail === undefined ? {} : { detail: more.detail }),
    })
  }
}
