/** What is due at some virtual time: in order of time, and of arrival within one time. */
interface Due {
  readonly atMs: number
  readonly order: number
  readonly run: () => void
}

export class DueQueue {
  readonly #queue: Due[] = []
  #order = 0

  /** Infinity when there is nothing. */
  get nextMs(): number {
    return this.#queue[0]?.atMs ?? Infinity
  }

  add(atMs: number, run: () => void): void {
    this.#order += 1
    const due: Due = { atMs, order: this.#order, run }
    let at = this.#queue.length
    while (at > 0 && isLater(this.#queue[at - 1] as Due, due)) at -= 1
    this.#queue.splice(at, 0, due)
  }

  /** Takes the next one that is due by `nowMs`. */
  take(nowMs: number): (() => void) | undefined {
    return this.nextMs <= nowMs ? this.#queue.shift()?.run : undefined
  }
}

function isLater(a: Due, b: Due): boolean {
  return a.atMs > b.atMs || (a.atMs === b.atMs && a.order > b.order)
}
