/** The owner's side of a layout area: appends entries, and knows those that are there by their text. */
import { areaEntry } from './entry-area.ts'
import type { EntryArea } from './entry-area.ts'

/** Entries of one layout area. */
export const LAYOUTS_MAX = 512

export class EntryWriter {
  /** Entries that a predecessor left, in order. */
  readonly found: readonly (string | undefined)[]
  readonly #area: EntryArea
  readonly #numbers = new Map<string, number>()
  #count = 0

  constructor(area: EntryArea) {
    this.#area = area
    this.found = area.read(0, area.publishedBytes())
    for (const text of this.found) {
      this.#count += 1
      if (text !== undefined) this.#numbers.set(text, this.#count)
    }
  }

  get isFull(): boolean {
    return this.#count >= LAYOUTS_MAX
  }

  /** The number of an entry, published from now on; 0 when there is no room for it. */
  numberOf(text: string): number {
    const known = this.#numbers.get(text)
    if (known !== undefined) return known
    const entry = this.isFull ? undefined : areaEntry(text)
    if (entry === undefined || entry.length > this.#area.roomBytes()) return 0
    this.#area.append([entry])
    this.#count += 1
    this.#numbers.set(text, this.#count)
    return this.#count
  }
}
