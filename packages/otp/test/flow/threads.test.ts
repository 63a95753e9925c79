/** Stages on real threads: each on a core of its own, cores that die, many events. */
import { once } from 'node:events'
import { startSystem } from '@cambium/runtime'
import type { System } from '@cambium/runtime'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { watchSystem } from '../../../runtime/test/nothing-left.ts'
import { readEvents, stageStatistics } from '../../src/index.ts'
import { journal, numbers, repeater, taker } from './fixtures/stages.ts'

const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i)

let system: System
let expectNothingLeft: () => Promise<void>
beforeEach(async () => {
  system = await startSystem({ cores: 2, handleSignals: false })
  expectNothingLeft = await watchSystem(system)
})
afterEach(async () => {
  await expectNothingLeft()
  await system.shutdown()
})

test('R2.3 R3.7 a hundred thousand events go from core to core, all of them, once, in order', async () => {
  const producer = await system.spawn(numbers, { to: 100_000 }, { core: 1 })
  const middle = await system.spawn(repeater, { subscription: { to: producer }, times: 1 }, { core: 2 })
  let next = 0
  for await (const event of readEvents(system, middle)) {
    if (event !== (next === 100_000 ? -1 : next)) throw new Error(`event ${event} came in place of ${next}`)
    next += 1
  }
  expect(next).toBe(100_001)
})

test('D6 R3.3 a core dies with a stage: the flow goes on, what was under way is counted, nothing comes twice', async () => {
  const log = await system.spawn(journal, undefined, { core: 0 })
  const producer = await system.spawn(numbers, {}, { core: 1 })
  const subscriptions = [{ to: producer, maxDemand: 50 }]
  const consumer = await system.spawn(taker, { name: 'a', log, slowMs: 1, subscriptions }, { core: 2 })
  const count = async (): Promise<number> => (await log.ask('read')).length
  while ((await count()) < 100);
  const restarted = once(system.events, 'core_restarted')
  system.killCore(2)
  await restarted
  const before = await count()
  while ((await count()) < before + 200);
  const { unconfirmed } = await stageStatistics(producer)
  await system.stop(consumer)
  const got = (await log.ask('read')).map(([, line]) => line as number)
  expect(got).toEqual([...new Set(got)].sort((a, b) => a - b))
  const lost = upTo(got[before + 199] as number).filter((i) => !got.includes(i)).length
  expect(lost).toBeLessThanOrEqual(unconfirmed)
  expect(unconfirmed).toBeLessThanOrEqual(50)
})

test('C-SUP-8 a system that shuts down with flows under way ends, and says what it did not handle', async () => {
  const producer = await system.spawn(numbers, {}, { core: 1 })
  const log = await system.spawn(journal, undefined, { core: 0 })
  await system.spawn(taker, { name: 'a', log, slowMs: 1, subscriptions: [{ to: producer, maxDemand: 20 }] }, { core: 2 })
  while ((await log.ask('read')).length < 20);
  const { abandoned, books } = await system.shutdown({ timeoutMs: 3000 })
  expect(abandoned).toEqual([])
  expect(books.sent).toBe(books.processed + books.deadTotal)
})
