/**
 * Hashes of a file's tokens, in order. Words, numbers and literals are hashed by FNV-1a over their bytes, each kind from a seed
 * of its own, so that `1` and `'1'` differ; the hash of a punctuation mark is its byte.
 */

export const WORD_SEED: number = 0x811c9dc5 | 0
export const NUMBER_SEED = 0x2c1b3c6d
export const LITERAL_SEED = 0x297a2d39
const FNV_PRIME = 0x01000193

export function mixed(hash: number, byte: number): number {
  return Math.imul(hash ^ byte, FNV_PRIME)
}

export class TokenHashes {
  #hashes: Int32Array = new Int32Array(4096)
  #size = 0

  start(): void {
    this.#size = 0
  }

  get size(): number {
    return this.#size
  }

  push(hash: number): void {
    if (this.#size === this.#hashes.length) {
      const larger = new Int32Array(this.#hashes.length * 2)
      larger.set(this.#hashes)
      this.#hashes = larger
    }
    this.#hashes[this.#size++] = hash
  }

  /** A view that holds until the next start. */
  inOrder(): Int32Array {
    return this.#hashes.subarray(0, this.#size)
  }
}
