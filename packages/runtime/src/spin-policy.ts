/**
 * When a core that has run out of work should look on for a while, and when that is in vain.
 *
 * A woken thread is often put on the processor of the thread that woke it. Then a looker keeps the very peer it looks for from
 * running, and both pay for each other's looks at every message: a round trip of 220 µs instead of 10. So a look that found nothing,
 * followed by a park that ended within a wake-up's time, makes the next 8 waits park at once, twice as many after each further one,
 * up to 256; a look that finds something ends that.
 */
const WAITS_MIN = 8
const WAITS_MAX = 256
/** A park that ends sooner was ended by work that was already on its way, in milliseconds. */
const SHORT_PARK_MS = 0.15

export class SpinPolicy {
  #waitsLeft = 0
  #waits = 0
  /** When the look in vain of the present wait ended. */
  #vainAtMs: number | undefined = undefined

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

  parkEnded(hasWork: boolean, nowMs: number): void {
    if (this.#vainAtMs === undefined) return
    if (hasWork && nowMs - this.#vainAtMs <= SHORT_PARK_MS) {
      this.#waits = Math.min(Math.max(this.#waits * 2, WAITS_MIN), WAITS_MAX)
      this.#waitsLeft = this.#waits
    }
    this.#vainAtMs = undefined
  }
}
