/** MinHash estimates against the true similarity of shingle sets, and the groups that come of them. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { HASHES, minHash, SHINGLE_TOKENS, shingleHash, SHINGLES_MAX, SHINGLES_MIN, similarity } from '../src/min-hash.ts'
import { findNearDuplicates, SIMILARITY_MIN } from '../src/near-duplicates.ts'
import { createSeededRandom } from './seeded-random.ts'

const random = createSeededRandom(20_261_121)

function randomTokens(length: number): Int32Array {
  return Int32Array.from({ length }, () => random() | 0)
}

function trueSimilarity(left: Int32Array, right: Int32Array): number {
  const shingles = (tokens: Int32Array): Set<string> =>
    new Set(
      Array.from({ length: tokens.length - SHINGLE_TOKENS + 1 }, (_, start) =>
        tokens.subarray(start, start + SHINGLE_TOKENS).join(),
      ),
    )
  const first = shingles(left)
  const second = shingles(right)
  return first.intersection(second).size / first.union(second).size
}

test.each([0, 1, 3, 10, 30, 100, 400])('with %i of 2,000 tokens changed, the estimate is within five deviations', (changes) => {
  const left = randomTokens(2000)
  const right = left.slice()
  for (let change = 0; change < changes; change++) right[random() % right.length] = random() | 0
  const exact = trueSimilarity(left, right)
  const deviation = Math.sqrt((exact * (1 - exact)) / HASHES)
  expect(Math.abs(similarity(minHash(left), minHash(right)) - exact)).toBeLessThanOrEqual(5 * deviation)
})

test('the estimate has no bias: over 60 pairs the mean error is within five deviations of the mean', () => {
  let error = 0
  let variance = 0
  for (let pair = 0; pair < 60; pair++) {
    const left = randomTokens(300)
    const right = left.slice()
    for (let change = 0; change < 20; change++) right[random() % right.length] = random() | 0
    const exact = trueSimilarity(left, right)
    error += similarity(minHash(left), minHash(right)) - exact
    variance += (exact * (1 - exact)) / HASHES
  }
  expect(Math.abs(error)).toBeLessThanOrEqual(5 * Math.sqrt(variance))
})

test('files without a shingle in common are not alike', () => {
  expect(similarity(minHash(randomTokens(2000)), minHash(randomTokens(2000)))).toBe(0)
})

test('a file with too few shingles has no signature and resembles nothing', () => {
  const tokens = randomTokens(SHINGLES_MIN + SHINGLE_TOKENS - 2)
  expect(minHash(tokens)).toHaveLength(0)
  expect(minHash(randomTokens(SHINGLES_MIN + SHINGLE_TOKENS - 1))).toHaveLength(HASHES)
  expect(similarity(minHash(tokens), minHash(tokens))).toBe(0)
})

test('of a very large file the first shingles are taken', () => {
  const tokens = randomTokens(SHINGLES_MAX + SHINGLE_TOKENS + 20_000)
  const whole = minHash(tokens)
  expect(minHash(tokens.subarray(0, SHINGLES_MAX + SHINGLE_TOKENS - 1))).toEqual(whole)
  expect(minHash(tokens.subarray(0, SHINGLES_MAX - 20_000))).not.toEqual(whole)
})

test('a shingle hash depends on the order of the tokens', () => {
  expect(shingleHash(Int32Array.of(1, 2, 3, 4, 5), 0)).not.toBe(shingleHash(Int32Array.of(2, 1, 3, 4, 5), 0))
})

test('alike files are grouped, unlike ones are not, and the order of the sketches shows in nothing', () => {
  const original = randomTokens(1000)
  const edited = original.slice()
  edited[500] = 1
  const other = randomTokens(1000)
  const sketches = [
    { path: 'a', signature: minHash(original) },
    { path: 'b', signature: minHash(other) },
    { path: 'c', signature: minHash(edited) },
    { path: 'd', signature: new Int32Array(0) },
    { path: 'e', signature: new Int32Array(0) },
  ]
  const found = findNearDuplicates(sketches)
  expect(found.groups.map(({ paths }) => paths)).toEqual([['a', 'c']])
  expect(found.groups[0]!.similarity).toBeGreaterThan(SIMILARITY_MIN)
  expect(found).toMatchObject({ files: 2, pairs: 1, leftOut: 0 })
})

test('a bucket is bounded: many equal signatures do not cost the square of their number', () => {
  const signature = minHash(randomTokens(100))
  const found = findNearDuplicates(
    Array.from({ length: 1000 }, (_, index) => ({ path: String(index).padStart(4, '0'), signature })),
  )
  expect(found.compared).toBeLessThanOrEqual(64 * 1000)
  expect(found.groups[0]!.paths).toHaveLength(64)
  expect(found.leftOut).toBeGreaterThan(0)
})

test('findNearDuplicates joins what resembles through a third', () => {
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 12 }), (length) => {
      // A chain: neighbours share 15 of 16 parts, so each is alike to the next, and all are one group.
      const base = Int32Array.from({ length: HASHES + length * 64 }, (_, index) => index * 7919)
      const sketches = Array.from({ length }, (_, index) => ({
        path: String(index).padStart(3, '0'),
        signature: base.map((value, place) => (place < index * 64 ? -value - 1 : value)).slice(0, HASHES),
      }))
      expect(findNearDuplicates(sketches).groups.map(({ paths }) => paths.length)).toEqual([length])
    }),
  )
})
