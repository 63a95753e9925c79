/**
 * Rows of a few integers each, in pages that are made when one of their rows is first given anything but zeros: a hundred thousand rows are nothing to
 * the garbage collector.
 */
const PAGE_BITS = 8
const PAGE_ROWS = 1 << PAGE_BITS

export class IntRows {
  readonly #words: number
  readonly #pages: (Int32Array | undefined)[] = []

  constructor(words: number) {
    this.#words = words
  }

  /** Rows that have a page end here. */
  get end(): number {
    return this.#pages.length << PAGE_BITS
  }

  get(row: number, word: number): number {
    const page = this.#pages[row >> PAGE_BITS]
    return page === undefined ? 0 : (page[(row & (PAGE_ROWS - 1)) * this.#words + word] as number)
  }

  set(row: number, word: number, value: number): void {
    const at = row >> PAGE_BITS
    const page = this.#pages[at] ?? (value === 0 ? undefined : this.#grow(at))
    if (page !== undefined) page[(row & (PAGE_ROWS - 1)) * this.#words + word] = value
  }

  /** Nothing is in use any more: what a flood has left is given back. */
  clear(): void {
    this.#pages.length = Math.min(this.#pages.length, 1)
    this.#pages[0]?.fill(0)
  }

  #grow(at: number): Int32Array {
    while (this.#pages.length < at) this.#pages.push(undefined)
    const page = new Int32Array(PAGE_ROWS * this.#words)
    this.#pages[at] = page
    return page
  }
}
