/** Unsigned 32-bit numbers from a seed (Marsaglia's xorshift32), so that a test sees the same ones each time. */
export function createSeededRandom(seed: number): () => number {
  let state = seed | 0 || 1
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return state >>> 0
  }
}
