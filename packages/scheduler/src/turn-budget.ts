/**
 * How long a turn may take. Looking at the clock costs as much as a small message, so it is looked at after 1, 2, 4 … 32 messages as long as
 * they are quick, and after each one while they are slow. A turn is longer than its budget by one message, or by 32 quick ones.
 */
const TURN_MS_MAX = 1
const INTERVAL_MAX = 32
/** A message that takes longer, in milliseconds, is slow. */
const SLOW_MS = 0.02

export class TurnBudget {
  readonly #now: () => number
  #startedMs = 0
  #lookedMs = 0
  #interval = 1
  #since = 0

  constructor(now: () => number) {
    this.#now = now
  }

  /** When the clock was last looked at. */
  get lookedMs(): number {
    return this.#lookedMs
  }

  /** A turn begins; answers the time. */
  begin(): number {
    this.#startedMs = this.#now()
    this.#lookedMs = this.#startedMs
    this.#interval = 1
    this.#since = 0
    return this.#startedMs
  }

  /** One message, signal or timer is done; true when the turn should end. */
  isSpent(): boolean {
    this.#since += 1
    if (this.#since < this.#interval) return false
    const now = this.#now()
    this.#interval = now - this.#lookedMs > SLOW_MS * this.#since ? 1 : Math.min(this.#interval * 2, INTERVAL_MAX)
    this.#lookedMs = now
    this.#since = 0
    return now - this.#startedMs > TURN_MS_MAX
  }
}
