/**
 * MinHash of a file's tokens, after A. Broder, "On the resemblance and containment of documents" (1997): the share of equal
 * places in two signatures estimates the Jaccard similarity of the two sets of shingles, with a standard deviation of
 * sqrt(s * (1 - s) / HASHES), 0.016 at worst.
 *
 * Each place is the minimum, over all shingles, of one multiply-add hash modulo 2^32 of the shingle's own 32-bit hash. An odd
 * factor makes it a bijection, so different shingles never tie.
 */

/** Tokens in a shingle. */
export const SHINGLE_TOKENS = 5
/** Hash functions, and words of a signature. */
export const HASHES = 1024
/** Files with fewer shingles are too small to be called alike: a page of re-exports resembles every other. */
export const SHINGLES_MIN = 32
/** Of a larger file the first are taken: half a second's work, so that one bundle does not hold up a core. */
export const SHINGLES_MAX: number = 2 ** 19

const HASH_SEED = 0x5eed_ce45 | 0
const FACTORS = new Int32Array(HASHES)
const SUMMANDS = new Int32Array(HASHES)
// The functions are the same on every core and in every run: signatures are compared across both.
for (let index = 0, state = HASH_SEED; index < HASHES; index++) {
  state = (state + 0x9e3779b9) | 0
  FACTORS[index] = finalise(state) | 1
  state = (state + 0x9e3779b9) | 0
  SUMMANDS[index] = finalise(state)
}

/** The signature of a sequence of token hashes; empty when it has fewer than {@link SHINGLES_MIN} shingles. */
export function minHash(tokens: Int32Array): Int32Array {
  const shingles = Math.min(SHINGLES_MAX, tokens.length - SHINGLE_TOKENS + 1)
  if (shingles < SHINGLES_MIN) return new Int32Array(0)
  const signature = new Int32Array(HASHES).fill(0x7fff_ffff)
  const factors = FACTORS
  const summands = SUMMANDS
  for (let start = 0; start < shingles; start++) {
    const shingle = shingleHash(tokens, start)
    for (let index = 0; index < HASHES; index++) {
      const value = (Math.imul(shingle, factors[index]!) + summands[index]!) | 0
      if (value < signature[index]!) signature[index] = value
    }
  }
  return signature
}

/** Estimated Jaccard similarity of the files behind two signatures, in [0, 1]; 0 if one is empty. */
export function similarity(left: Int32Array, right: Int32Array): number {
  if (left.length !== HASHES || right.length !== HASHES) return 0
  let equal = 0
  for (let index = 0; index < HASHES; index++) if (left[index] === right[index]) equal++
  return equal / HASHES
}

/** Hash of the shingle that starts at `start`. */
export function shingleHash(tokens: Int32Array, start: number): number {
  let hash = 0
  for (let index = start; index < start + SHINGLE_TOKENS; index++)
    hash = Math.imul(hash ^ tokens[index]!, 0x01000193) ^ (hash >>> 13)
  return finalise(hash)
}

/** Spreads every bit over all others: the finaliser of MurmurHash3 by Austin Appleby, public domain. */
function finalise(value: number): number {
  let mixed = value ^ (value >>> 16)
  mixed = Math.imul(mixed, 0x85ebca6b)
  mixed ^= mixed >>> 13
  mixed = Math.imul(mixed, 0xc2b2ae35)
  return mixed ^ (mixed >>> 16)
}
