/**
 * The callback that a core is running, in shared memory, so that whoever looks from outside, or after the core's death, can say whose it is and
 * how long it may take.
 *
 *    0  serial       counts callbacks; equal at two looks with a slot: one callback has run from the one to the other
 *    1  slot + 1     0 between callbacks: in the scheduler, in the event loop, parked
 *    2  generation
 *    3  budget, ms   0 without one of its own
 *    4  least budget that an actor started here has had, 0 for none: how often the root has to look
 *
 * 1. The core writes 2, 3, 1, 0 before each callback, by plain stores to one cache line, since this is done for each message; while one actor's
 *    callbacks follow each other only 0 changes.
 * 2. It clears 1 when its turn ends, not after each callback: in between there is next to nothing but callbacks.
 * 3. The root reads while the core runs. It acts only on what two looks, the time limit apart, have found the same, serial included; a mixture of
 *    two callbacks, or values that are old, would have to last as long. After the end of the thread the words are exact.
 */
import type { ActorCell } from './actor-cell.ts'

const SERIAL = 0
const SLOT = 1
const GENERATION = 2
const BUDGET = 3
const LEAST_BUDGET = 4
export const HANDLER_WORDS = 5

export class HandlerInHand {
  readonly #words: Int32Array
  /** What is in the shared word, which it costs more to read back than to keep. */
  #serial: number
  /** Whose words are there: of its next callback only the serial is new. */
  #entered: ActorCell | undefined = undefined

  constructor(words: Int32Array = new Int32Array(HANDLER_WORDS)) {
    this.#words = words
    this.#serial = words[SERIAL] as number
  }

  enter(cell: ActorCell): void {
    const words = this.#words
    if (cell !== this.#entered) {
      this.#entered = cell
      words[GENERATION] = cell.generation
      words[BUDGET] = cell.budgetMs
      words[SLOT] = cell.slot + 1
    }
    words[SERIAL] = this.#serial = (this.#serial + 1) | 0
  }

  /** A callback inside another one has ended; `outer` goes on. */
  leave(outer: ActorCell | undefined): void {
    if (outer === undefined) this.clear()
    else this.enter(outer)
  }

  /** An actor with a budget of its own starts. */
  expect(budgetMs: number): void {
    const least = this.#words[LEAST_BUDGET] as number
    if (budgetMs > 0 && (least === 0 || budgetMs < least)) this.#words[LEAST_BUDGET] = budgetMs
  }

  clear(): void {
    this.#entered = undefined
    this.#words[SLOT] = 0
  }
}

export interface HandlerReading {
  readonly serial: number
  readonly slot: number
  readonly generation: number
  /** Undefined without one of its own. */
  readonly budgetMs: number | undefined
}

/** Of the actors that have been started there; undefined when none has one. */
export function leastBudgetMs(words: Int32Array): number | undefined {
  const least = words[LEAST_BUDGET] as number
  return least === 0 ? undefined : least
}

/** Undefined when no callback is running. */
export function readHandler(words: Int32Array): HandlerReading | undefined {
  const slot = (words[SLOT] as number) - 1
  if (slot < 0) return undefined
  const budgetMs = words[BUDGET] as number
  return {
    serial: words[SERIAL] as number,
    slot,
    generation: words[GENERATION] as number,
    budgetMs: budgetMs === 0 ? undefined : budgetMs,
  }
}
