/**
 * The distinct words of one file with their counts: a hash table with open addressing over positions in the file's bytes, so
 * that a word costs no string until the file has been read. Words are then decoded once each, out of the bytes and not
 * out of a string: a slice of a string keeps the whole file alive for as long as anybody counts the word.
 */

const SLOTS_INITIAL = 1024

export class WordTable {
  #bytes: Buffer = Buffer.alloc(0)
  #size = 0
  #slots: Int32Array = new Int32Array(SLOTS_INITIAL) // entry + 1; 0 is free
  #slotOf: Int32Array = new Int32Array(SLOTS_INITIAL / 2)
  #hashes: Int32Array = new Int32Array(SLOTS_INITIAL / 2)
  #starts: Int32Array = new Int32Array(SLOTS_INITIAL / 2)
  #lengths: Int32Array = new Int32Array(SLOTS_INITIAL / 2)
  #counts: Int32Array = new Int32Array(SLOTS_INITIAL / 2)

  /** Number of distinct words. */
  get size(): number {
    return this.#size
  }

  /** Forgets all words; `bytes` must stay as they are until the next start. */
  start(bytes: Buffer): void {
    for (let entry = 0; entry < this.#size; entry++) this.#slots[this.#slotOf[entry]!] = 0
    this.#size = 0
    this.#bytes = bytes
  }

  /** The entry of the word at [start, end), which has this hash; a new entry has a count of 0. */
  entryOf(start: number, end: number, hash: number): number {
    const slots = this.#slots
    const mask = slots.length - 1
    const length = end - start
    let slot = (hash ^ (hash >>> 15)) & mask
    for (;;) {
      const entry = slots[slot]! - 1
      if (entry < 0) break
      if (this.#hashes[entry] === hash && this.#lengths[entry] === length && this.#matches(this.#starts[entry]!, start, length)) {
        return entry
      }
      slot = (slot + 1) & mask
    }
    const entry = this.#size++
    slots[slot] = entry + 1
    this.#slotOf[entry] = slot
    this.#hashes[entry] = hash
    this.#starts[entry] = start
    this.#lengths[entry] = length
    this.#counts[entry] = 0
    if (this.#size === this.#hashes.length) this.#grow()
    return entry
  }

  count(entry: number): void {
    this.#counts[entry]!++
  }

  countOf(entry: number): number {
    return this.#counts[entry]!
  }

  lengthOf(entry: number): number {
    return this.#lengths[entry]!
  }

  textOf(entry: number): string {
    const start = this.#starts[entry]!
    return this.#bytes.toString('utf8', start, start + this.#lengths[entry]!)
  }

  #matches(left: number, right: number, length: number): boolean {
    const bytes = this.#bytes
    for (let index = 0; index < length; index++) if (bytes[left + index] !== bytes[right + index]) return false
    return true
  }

  // Half full at most, so probes stay short.
  #grow(): void {
    const slots = new Int32Array(this.#slots.length * 2)
    const mask = slots.length - 1
    const slotOf = new Int32Array((mask + 1) >> 1)
    for (let entry = 0; entry < this.#size; entry++) {
      const hash = this.#hashes[entry]!
      let slot = (hash ^ (hash >>> 15)) & mask
      while (slots[slot] !== 0) slot = (slot + 1) & mask
      slots[slot] = entry + 1
      slotOf[entry] = slot
    }
    this.#slots = slots
    this.#slotOf = slotOf
    this.#hashes = doubled(this.#hashes)
    this.#starts = doubled(this.#starts)
    this.#lengths = doubled(this.#lengths)
    this.#counts = doubled(this.#counts)
  }
}

function doubled(array: Int32Array): Int32Array {
  const larger = new Int32Array(array.length * 2)
  larger.set(array)
  return larger
}
