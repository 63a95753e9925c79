/** A bounded cache: when its values hold more bytes than it may keep, those go that have not been used for longest. */
export class ByteLru<V extends { readonly byteLength: number }> {
  readonly #bytesMax: number
  /** In the order of their last use. */
  readonly #entries = new Map<string, V>()
  #bytes = 0

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax
  }

  get size(): number {
    return this.#entries.size
  }

  get bytes(): number {
    return this.#bytes
  }

  get(key: string): V | undefined {
    const value = this.#entries.get(key)
    if (value === undefined) return undefined
    this.#entries.delete(key)
    this.#entries.set(key, value)
    return value
  }

  /** What is larger than the whole cache is not kept. */
  set(key: string, value: V): void {
    this.#drop(key)
    const bytes = bytesOf(key, value)
    if (bytes > this.#bytesMax) return
    this.#entries.set(key, value)
    this.#bytes += bytes
    for (const oldest of this.#entries.keys()) {
      if (this.#bytes <= this.#bytesMax) break
      this.#drop(oldest)
    }
  }

  #drop(key: string): void {
    const value = this.#entries.get(key)
    if (value === undefined) return
    this.#entries.delete(key)
    this.#bytes -= bytesOf(key, value)
  }
}

/** About what an entry costs besides its bytes. */
const ENTRY_BYTES = 200

function bytesOf(key: string, value: { readonly byteLength: number }): number {
  return ENTRY_BYTES + key.length + value.byteLength
}
