/**
 * A first-in-first-out queue of messages, each with the asker to answer or none: pairs in one circular array whose length is a power of
 * two. It grows with its content, and gives a flood's memory back.
 */

const INITIAL_ENTRIES = 8

export class MessageQueue<Asker> {
  /** Messages in this very queue. */
  size = 0
  takenAsker: Asker | undefined = undefined
  #entries: unknown[] = new Array(INITIAL_ENTRIES * 2).fill(undefined)
  #mask: number = INITIAL_ENTRIES - 1
  #head = 0

  get length(): number {
    return this.size
  }

  push(message: unknown, asker: Asker | undefined): void {
    if (this.size > this.#mask) this.#grow()
    const at = ((this.#head + this.size) & this.#mask) << 1
    this.#entries[at] = message
    this.#entries[at + 1] = asker
    this.size += 1
  }

  /** Puts a message before all others. */
  unshift(message: unknown, asker: Asker | undefined): void {
    if (this.size > this.#mask) this.#grow()
    this.#head = (this.#head - 1) & this.#mask
    const at = this.#head << 1
    this.#entries[at] = message
    this.#entries[at + 1] = asker
    this.size += 1
  }

  /** Takes the oldest message out; look at `length` first. Its asker is {@link takenAsker} until the next one is taken. */
  take(): unknown {
    return this.#shift()
  }

  #shift(): unknown {
    const entries = this.#entries
    const at = this.#head << 1
    const message = entries[at]
    this.takenAsker = entries[at + 1] as Asker | undefined
    entries[at] = undefined // or the queue would keep handled messages alive
    entries[at + 1] = undefined
    this.#head = (this.#head + 1) & this.#mask
    this.size -= 1
    return message
  }

  /** The message `index` places behind the oldest. */
  messageAt(index: number): unknown {
    return this.#entries[((this.#head + index) & this.#mask) << 1]
  }

  askerAt(index: number): Asker | undefined {
    return this.#entries[(((this.#head + index) & this.#mask) << 1) + 1] as Asker | undefined
  }

  /** Takes out the message at `index`, as {@link take} does; those before it move up. */
  takeAt(index: number): unknown {
    const message = this.messageAt(index)
    const asker = this.askerAt(index)
    for (let i = index; i > 0; i -= 1) {
      const to = ((this.#head + i) & this.#mask) << 1
      this.#entries[to] = this.messageAt(i - 1)
      this.#entries[to + 1] = this.askerAt(i - 1)
    }
    this.#shift()
    this.takenAsker = asker
    return message
  }

  /** Gives back what a flood has left of an empty queue, beyond the room for `keep` messages. */
  trim(keep: number): void {
    if (this.size > 0 || this.#mask < keep) return
    this.#entries = new Array(INITIAL_ENTRIES * 2).fill(undefined)
    this.#mask = INITIAL_ENTRIES - 1
    this.#head = 0
  }

  /** Messages for which there is room without growing. */
  get room(): number {
    return this.#mask + 1
  }

  #grow(): void {
    const old = this.#entries
    const size = this.#mask + 1
    const entries: unknown[] = new Array(size * 4).fill(undefined)
    for (let i = 0; i < size; i += 1) {
      const from = ((this.#head + i) & this.#mask) << 1
      entries[i << 1] = old[from]
      entries[(i << 1) + 1] = old[from + 1]
    }
    this.#entries = entries
    this.#mask = size * 2 - 1
    this.#head = 0
  }
}
