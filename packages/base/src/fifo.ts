/**
 * First in, first out, with cheap removal at the head, for what waits; whoever fills it knows its bound. What was taken is let go of at once, and its places soon: a queue that is
 * never empty for as long as it is busy would otherwise keep a place for all that ever went through it.
 */

/** Places of what was taken that are kept before they are given up in one go. */
const TAKEN_MAX = 64

export class Fifo<T> {
  #items: (T | undefined)[] = []
  #head = 0

  get length(): number {
    return this.#items.length - this.#head
  }

  get first(): T | undefined {
    return this.#items[this.#head]
  }

  get last(): T | undefined {
    return this.length > 0 ? this.#items.at(-1) : undefined
  }

  /** A copy, oldest first. */
  items(): T[] {
    return this.#items.slice(this.#head) as T[]
  }

  /** Places in memory: those of what was taken are at most as many as the others, or {@link TAKEN_MAX} and one. */
  get places(): number {
    return this.#items.length
  }

  push(item: T): void {
    this.#items.push(item)
  }

  /** Puts an item before the first of those at the end for which `isAfter` holds, else at the end. */
  insert(item: T, isAfter: (other: T) => boolean): void {
    let at = this.#items.length
    while (at > this.#head && isAfter(this.#items[at - 1] as T)) at -= 1
    if (at === this.#items.length) this.#items.push(item)
    else this.#items.splice(at, 0, item)
  }

  /** Takes the oldest out; undefined for none. */
  shift(): T | undefined {
    const item = this.#items[this.#head]
    if (this.#head === this.#items.length) return undefined
    this.#items[this.#head] = undefined
    this.#head += 1
    // In one go now and then, so that a long queue costs constant time an item.
    if (this.#head > TAKEN_MAX && this.#head * 2 > this.#items.length) {
      this.#items.splice(0, this.#head)
      this.#head = 0
    }
    return item
  }

  /** Takes the newest out; undefined for none. */
  pop(): T | undefined {
    return this.length > 0 ? this.#items.pop() : undefined
  }

  /** Takes the oldest `count` out, or as many as there are. */
  take(count: number): T[] {
    const taken: T[] = []
    for (let left = Math.min(count, this.length); left > 0; left -= 1) taken.push(this.shift() as T)
    return taken
  }

  /** Takes out and answers what `judge` wants taken. With `rest` it is not asked any further: that item and all behind it stay. */
  extract(judge: (item: T) => 'take' | 'keep' | 'rest'): T[] {
    const taken: T[] = []
    const kept: T[] = []
    let at = this.#head
    for (; at < this.#items.length; at += 1) {
      const item = this.#items[at] as T
      const verdict = judge(item)
      if (verdict === 'rest') break
      if (verdict === 'take') taken.push(item)
      else kept.push(item)
    }
    if (taken.length === 0) return taken
    this.#items = [...kept, ...this.#items.slice(at)]
    this.#head = 0
    return taken
  }
}
