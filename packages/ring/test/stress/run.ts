/**
 * The long variant of the stress scenarios: `node packages/ring/test/stress/run.ts --records 300e6 [--seed 1]`. Divides the records among the
 * scenarios, several strategies and capacities, and prints what each of them verified. Ends with an error at the first thing that is wrong.
 */
import { parseArgs } from 'node:util'
import { broadcasts, diamond, evictions, joiners, producers, recordRing, replacements } from './scenarios.ts'
import type { StressOptions } from './scenarios.ts'

const { values } = parseArgs({
  options: { records: { type: 'string', default: '10e6' }, seed: { type: 'string', default: '1' } },
})
const records = Number(values.records)
const seed = Number(values.seed)
if (!Number.isSafeInteger(records) || records < 1e5) throw new Error('--records is no integer of 100,000 or more')

const share = (part: number): number => Math.floor(records * part)
const options = (part: number, capacity: number, start: number, strategy: string): StressOptions => ({
  records: share(part),
  seed,
  pauseEvery: 100_000,
  capacity,
  start,
  strategy,
})

/** A byte for each record tells how often it was handled. */
const tallied = (all: StressOptions): StressOptions => ({ ...all, records: Math.min(all.records, 50_000_000) })

const scenarios: readonly (() => Promise<string>)[] = [
  () => diamond(options(0.15, 1024, 2 ** 31 - 5000, 'adaptive')),
  () => diamond(options(0.05, 64, -5000, 'yielding')),
  () => producers(options(0.2, 1024, 2 ** 31 - 5000, 'adaptive')),
  () => producers(options(0.05, 64, -5000, 'blocking')),
  () => joiners(options(0.15, 512, -5000, 'adaptive'), 2000),
  () => replacements(tallied(options(0.1, 1024, 0, 'adaptive')), 200),
  () => evictions(options(0.1, 1024, 2 ** 31 - 5000, 'adaptive'), 100),
  () => broadcasts(options(0.1, 0, 0, 'adaptive')),
  () => recordRing(tallied(options(0.05, 4096, 2 ** 31 - 8192, 'adaptive')), 200),
  () => recordRing(tallied(options(0.05, 1024, -8192, 'blocking')), 200),
]

const begin = performance.now()
for (const scenario of scenarios) {
  const from = performance.now()
  console.log(`${await scenario()} (${((performance.now() - from) / 1000).toFixed(1)} s)`)
}
console.log(`${records} records in all, seed ${seed}, ${((performance.now() - begin) / 1000).toFixed(1)} s`)
