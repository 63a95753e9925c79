/** How much is shown of what may be a flood: so many a second, and how many were left out since. */
export class Showing {
  readonly #perSecondMax: number
  #windowMs = -Infinity
  #shown = 0
  #leftOut = 0

  constructor(perSecondMax: number) {
    this.#perSecondMax = perSecondMax
  }

  /** One more. Undefined when it is left out, else how many were left out since the last one that was shown. */
  show(nowMs: number): number | undefined {
    if (nowMs - this.#windowMs >= 1000) {
      this.#windowMs = nowMs
      this.#shown = 0
    }
    if (this.#shown >= this.#perSecondMax) {
      this.#leftOut += 1
      return undefined
    }
    this.#shown += 1
    const leftOut = this.#leftOut
    this.#leftOut = 0
    return leftOut
  }
}
