/** The workloads under faults: every oracle holds, every kind of fault strikes, and equal seeds give equal runs. Seeds are fixed here; fresh ones are the job's. */
import { createSeededRandom } from '@cambium/base'
import { simulate } from '@cambium/testkit'
import type { FaultRates, Simulation } from '@cambium/testkit'
import { describe, expect, test } from 'vitest'
import { FaultPlan } from '../src/fault-plan.ts'
import { findWorkload, WORKLOADS } from '../src/workloads/all-workloads.ts'
import type { Workload } from '../src/workloads/workload.ts'

/** In the last runs. */
let moves = 0
const run = ({ run: play, cores, options = {} }: Workload, seed: number, runs: number, faults: boolean | Partial<FaultRates>) => {
  moves = 0
  const counted = (sim: Simulation): Promise<void> => {
    sim.system.events.on('actor_moved', () => (moves += 1))
    return play(sim)
  }
  return simulate(counted, { seed, runs, cores, options, faults, shrinkRuns: 0 })
}

describe.each(WORKLOADS)('$name', (workload) => {
  test('without faults no core dies', async () => {
    const reports = await run(workload, 1, 2, false)
    for (const { kills, books } of reports) {
      expect(kills).toBe(0)
      expect(books.sent).toBe(books.processed + books.deadTotal)
    }
    expect(moves > 0).toBe(workload.name === 'nomads' || workload.name === 'gallery')
  })

  test('holds under faults', async () => {
    const reports = await run(workload, 20, workload.name === 'standard' ? 4 : 12, true)
    expect(reports.reduce((sum, { kills }) => sum + kills, 0)).toBeGreaterThan(0)
    if (workload.name !== 'standard') expect(moves).toBeGreaterThan(0)
  })

  test('is the same run for the same seed', async () => {
    const [first] = await run(workload, 77, 1, true)
    const [second] = await run(workload, 77, 1, true)
    const [other] = await run(workload, 78, 1, true)
    expect(second).toEqual(first)
    expect(other?.hash).not.toBe(first?.hash)
  })
})

test('floods meet every policy with every priority', async () => {
  const reports = await run(findWorkload('floods') as Workload, 5, 5, false)
  const total = (reason: 'overflow' | 'shed'): number => reports.reduce((sum, { books }) => sum + books.dead[reason], 0)
  expect(total('overflow')).toBeGreaterThan(1000)
  expect(total('shed')).toBeGreaterThan(100)
})

const banking = findWorkload('banking') as Workload

test('banking without faults and without a shutdown in between loses nothing', async () => {
  const reports = await run(banking, 5, 10, false)
  expect(reports.map(({ books }) => books.deadTotal)).toEqual(reports.map(() => 0))
})

// An exchange crashes on its way down, and its core ends next.
test('the telephone exchange leaves nothing by this seed either', async () => {
  await run(findWorkload('telephone') as Workload, 1051, 1, true)
})

// An actor comes back to messages whose priority nobody had told yet, and they stand behind those whose sender had.
test('floods hold by this seed either', async () => {
  await run(findWorkload('floods') as Workload, 3027, 1, true)
})

// A home dies in the middle of a shutdown, and its guest elsewhere has not heard of it yet: the root waits for it.
test('moving accounts hold by this seed either', async () => {
  await run(findWorkload('nomads') as Workload, 1_118_788, 1, true)
})

// A home is stopped while the answer of a host that has made the place is late, and its core ends before it comes.
test('floods leave no guest by this seed either', async () => {
  await run(findWorkload('floods') as Workload, 2033, 1, {
    move: 0.2,
    kill: 0.001,
    killInside: 0.002,
    lateSignal: 0.01,
    lateNews: 0.5,
  })
})

// An actor leaves its core with the end of one that it watched still in its mailbox.
test('kinship holds by this seed either', async () => {
  const { rates } = FaultPlan.draw(createSeededRandom(1_221_735))
  await run(findWorkload('kinship') as Workload, 1_221_735, 1, { ...rates, storm: 0 })
})

test('cores die inside turns, and what they had done by then is accounted for', async () => {
  const reports = await run(banking, 3, 20, { killInside: 0.15 })
  const kills = reports.reduce((sum, report) => sum + report.kills, 0)
  const inHand = reports.reduce((sum, { books }) => sum + books.dead.in_hand, 0)
  expect(kills).toBeGreaterThan(40)
  // Some of them with a message in hand: that is what sets them apart from deaths between turns.
  expect(inHand).toBeGreaterThan(10)
  expect(inHand).toBeLessThanOrEqual(kills)
})

test('deaths between turns leave nothing in hand', async () => {
  const reports = await run(banking, 3, 20, { kill: 0.02 })
  expect(reports.reduce((sum, report) => sum + report.kills, 0)).toBeGreaterThan(20)
  expect(reports.reduce((sum, { books }) => sum + books.dead.in_hand, 0)).toBe(0)
})

test('crashes put into handlers are dead letters of their own kind', async () => {
  const reports = await run(banking, 3, 5, { handlerCrash: 0.01 })
  expect(reports.reduce((sum, { books }) => sum + books.dead.crashed, 0)).toBeGreaterThan(10)
  expect(reports.map(({ kills }) => kills)).toEqual(reports.map(() => 0))
})
