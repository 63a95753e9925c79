/**
 * When a core that has run out of work should look on for a while, and when that is in vain.
 *
 * A woken thread is often put on the processor of the thread that woke it. Then a looker keeps the very peer it looks for from
 * running, and both pay for each other's looks at every message: a round trip of 220 µs instead of 10. So a look that found nothing,
 * followed by a park that ended within a wake-up's time and brought a message or two, makes the next 8 waits park at once, twice as many
 * after each further one, up to 256; a look that finds something ends that, and so does a park that brought many: then a stream is
 * under way, and whoever parks makes its sender pay for waking it.
 */
const WAITS_MIN = 8
const WAITS_MAX = 256
/** A park that ends sooner was ended by work that was already on its way, in milliseconds. */
const SHORT_PARK_MS = 0.15
/** What one turn does when somebody waits for each answer. */
const FEW_MAX = 4

export class SpinPolicy {
  #waitsLeft = 0
  #waits = 0
  /** When the look in vain of the present wait ended. */
  #vainAtMs: number | undefined = undefined
  /** The wait that has just ended was short; what it brought decides. */
  #wasShort = false
  #wasParked = false

  /** Whether to look on in the wait that begins now. */
  begin(): boolean {
    this.#vainAtMs = undefined
    if (this.#waitsLeft === 0) return true
    this.#waitsLeft -= 1
    return false
  }

  looked(isFound: boolean, nowMs: number): void {
    if (isFound) this.#waits = 0
    else this.#vainAtMs = nowMs
  }

  parkEnded(nowMs: number): void {
    this.#wasParked = true
    this.#wasShort = this.#vainAtMs !== undefined && nowMs - this.#vainAtMs <= SHORT_PARK_MS
    this.#vainAtMs = undefined
  }

  /** The first turn after a park did so much. */
  worked(done: number): void {
    if (!this.#wasParked) return
    this.#wasParked = false
    if (done > FEW_MAX) {
      this.#waits = 0
      this.#waitsLeft = 0
    } else if (this.#wasShort && done > 0) {
      this.#waits = Math.min(Math.max(this.#waits * 2, WAITS_MIN), WAITS_MAX)
      this.#waitsLeft = this.#waits
    }
  }
}
