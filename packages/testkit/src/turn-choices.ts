/**
 * What the seed decides inside a turn: which of the runnable actors has its go, and how many messages a turn takes. Both are the scheduler's own
 * business, and no actor may rely on them.
 *
 * A turn ends when its time is up (`scheduler/src/turn-budget.ts`). In some turns, at one of the looks at the clock, it is: as if the message
 * before had been a slow one.
 */
import type { SeededRandom } from '@cambium/base'
import type { Core } from '@cambium/scheduler'

/** Chance that a turn is cut short. */
const CUT_CHANCE = 0.25
/** It is, at one of so many looks after the first: they come after 1, 3, 7, 15, 31, 63 messages. */
const LOOKS_MAX = 6
/** Longer than a turn may take. */
const SLOW_MS = 1.25
/** Chance that another actor than the first in the queue has its go. */
const OVERTAKE_CHANCE = 0.25
/** It is one of so many behind it. */
const OVERTAKEN_MAX = 8

export class TurnChoices {
  readonly #random: SeededRandom
  /** Looks at the clock until it is late; 0 for never. */
  #looksLeft = 0

  constructor(random: SeededRandom) {
    this.#random = random
  }

  /** A turn begins. */
  begin(): void {
    this.#looksLeft = this.#random.chance(CUT_CHANCE) ? 2 + this.#random.below(LOOKS_MAX) : 0
  }

  /** The core of the turn looks at the clock; answers the virtual milliseconds that have passed. */
  look(): number {
    if (this.#looksLeft === 0) return 0
    this.#looksLeft -= 1
    return this.#looksLeft === 0 ? SLOW_MS : 0
  }

  /** A core begins. */
  watch({ dispatcher: { runQueue } }: Core): void {
    const shift = runQueue.shift.bind(runQueue)
    runQueue.shift = () => {
      if (runQueue.length > 1 && this.#random.chance(OVERTAKE_CHANCE)) {
        const overtaken = 1 + this.#random.below(Math.min(runQueue.length - 1, OVERTAKEN_MAX))
        for (let i = 0; i < overtaken; i += 1) {
          const cell = shift()
          if (cell !== undefined) runQueue.push(cell)
        }
      }
      return shift()
    }
  }
}
