/** Rings of slots, broadcast rings and rings of records between real threads: tiny rings, random batches and pauses, deaths, every wait strategy. */
import { afterEach, describe, expect, test } from 'vitest'
import { broadcasts, diamond, endAll, evictions, joiners, producers, recordRing, replacements } from './stress/scenarios.ts'
import type { StressOptions } from './stress/scenarios.ts'

const seed = Math.floor(Math.random() * 2 ** 31)
const options = (more: Partial<StressOptions>): StressOptions => ({
  records: 100_000,
  seed,
  pauseEvery: 5000,
  capacity: 16,
  start: 2 ** 31 - 500,
  strategy: 'adaptive',
  ...more,
})

afterEach(endAll)

describe(`seed ${seed}`, () => {
  test.each(['busySpin', 'yielding', 'backoff', 'blocking', 'adaptive'])(
    'R2.3 C-46 C-49 a diamond, waiting by %s',
    async (strategy) => {
      // Spinning and sleeping threads take turns on few cores: fewer records do.
      const records = strategy === 'adaptive' || strategy === 'blocking' ? 100_000 : 20_000
      const capacity = strategy === 'busySpin' ? 1024 : 64
      expect(await diamond(options({ strategy, records, capacity }))).toContain(`${records} records through 4 consumers`)
    },
  )

  test('C-49 the smallest ring there is', async () => {
    expect(await diamond(options({ capacity: 2, records: 10_000, start: -100 }))).toContain('all whole and in order')
  })

  test('C-43 C-49 several producers that give up claims, consumers and a pool behind them', async () => {
    expect(await producers(options({ start: -500, records: 50_000, capacity: 256 }))).toContain('50000 records of 2 producers')
  })

  test('C-46 consumers that join and leave while it runs', async () => {
    expect(await joiners(options({ records: 200_000, capacity: 64 }), 100)).toContain('200 joins and leaves')
  })

  test('C-47 C-48 R3.3 both ends killed and replaced, again and again', async () => {
    expect(await replacements(options({ records: 200_000, capacity: 64 }), 20)).toContain('20 threads killed')
  })

  test('C-47 C-48 R3.3 producers of several and workers killed; their claims are given up', async () => {
    expect(await evictions(options({ records: 50_000, capacity: 256 }), 12)).toContain('12 threads killed')
  })

  test.each([
    [2 ** 31 - 4096, 1024, 'adaptive'],
    [-4096, 4096, 'blocking'],
  ])('C-47 C-48 R3.3 a ring of records from position %i, both ends killed and replaced', async (start, capacity, strategy) => {
    const all = options({ records: 100_000, capacity, start, strategy })
    expect(await recordRing(all, 12)).toContain('100000 records, 12 threads killed')
  })

  test('R1.7 C-49 a broadcast ring: one reader gets everything, the other counts what it misses', async () => {
    expect(await broadcasts(options({ records: 300_000 }))).toContain('300000 records')
  })
})
