import { createSeededRandom } from '@cambium/base'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

/** First outputs by an independent implementation of splitmix32 and xoshiro128** in unbounded integers. */
const KNOWN: readonly (readonly [seed: number, words: readonly number[]])[] = [
  [0, [1789933344, 44971166, 2521392804, 3836935353, 2740083721, 1685820610, 3254605237, 4088474904]],
  [42, [660444221, 3652823732, 77678286, 922035873, 3922690323, 3648917349, 452077809, 4045978611]],
  [-1, [4104197751, 1825856343, 1152209388, 2427537429, 3685145430, 609215610, 4161674276, 1502890106]],
]

function wordsOf(seed: number, count: number): number[] {
  const random = createSeededRandom(seed)
  return Array.from({ length: count }, () => random.next() * 0x1_0000_0000)
}

describe('a seeded random', () => {
  test.each(KNOWN)('gives the known sequence of seed %i', (seed, words) => {
    expect(wordsOf(seed, words.length)).toEqual(words)
  })

  test('tells its seed, so that a failing run can be replayed', () => {
    expect(createSeededRandom(-7).seed).toBe(-7)
  })

  test('is not shared: two of the same seed do not disturb each other', () => {
    fc.assert(
      fc.property(fc.integer(), fc.nat(20), (seed, ahead) => {
        const first = createSeededRandom(seed)
        const second = createSeededRandom(seed)
        for (let i = 0; i < ahead; i++) first.next()
        expect(Array.from({ length: ahead + 5 }, () => second.next() * 0x1_0000_0000)).toEqual(wordsOf(seed, ahead + 5))
      }),
    )
  })

  test('takes 32 bits of the seed', () => {
    expect(wordsOf(2 ** 32 + 42, 8)).toEqual(wordsOf(42, 8))
  })

  test('stays within its ranges', () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 1, max: 0x7fff_ffff }), (seed, bound) => {
        const random = createSeededRandom(seed)
        for (let i = 0; i < 20; i++) {
          const real = random.next()
          expect(real >= 0 && real < 1).toBe(true)
          const integer = random.below(bound)
          expect(Number.isInteger(integer) && integer >= 0 && integer < bound).toBe(true)
        }
      }),
    )
  })

  test('spreads evenly: chi-square over 16 buckets stays below the 0.1 % point', () => {
    const random = createSeededRandom(20_261_121)
    const draws = 160_000
    const buckets = new Float64Array(16)
    for (let i = 0; i < draws; i++) buckets[random.below(16)]! += 1
    const expected = draws / buckets.length
    const chiSquare = buckets.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0)
    expect(chiSquare).toBeLessThan(37.7)
  })

  test('chance is never at 0, always at 1, and about its probability between', () => {
    const random = createSeededRandom(5)
    const hits = (probability: number): number =>
      Array.from({ length: 10_000 }, () => random.chance(probability)).filter(Boolean).length
    expect(hits(0)).toBe(0)
    expect(hits(1)).toBe(10_000)
    expect(Math.abs(hits(0.25) - 2_500)).toBeLessThan(200)
  })

  test('pick reaches every item and only those', () => {
    const items = ['a', 'b', 'c', 'd', 'e']
    const random = createSeededRandom(11)
    const picked = new Set(Array.from({ length: 200 }, () => random.pick(items)))
    expect([...picked].toSorted()).toEqual(items)
  })
})
