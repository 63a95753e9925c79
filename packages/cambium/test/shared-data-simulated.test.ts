/** Shared and moved data on the simulated machine: cores die anywhere, in the middle of a turn too, and what came is whole, in order, and not twice. */
import { defineActor, share, transfer } from 'cambium'
import type { ActorContext, Ref } from 'cambium'
import { simulate } from '@cambium/testkit'
import type { Simulation } from '@cambium/testkit'
import { expect, test } from 'vitest'

const BYTES = 32 * 1024

type Load = { type: 'load'; number: number; shared: SharedArrayBuffer; moved: ArrayBuffer } | { type: 'seen' }
type Order = { to: Ref<Load>; first: number; count: number }

/** Notes the number that each buffer holds. */
const dock = defineActor('sim:dock', 'dock', {
  init: (seen: Int32Array<SharedArrayBuffer>) => seen,
  receive(seen, load: Load, context: ActorContext<Load>) {
    if (load.type === 'seen') {
      context.reply([...seen])
      return
    }
    const numbers = [new Int32Array(load.shared)[0], new Int32Array(load.moved)[0]]
    if (numbers[0] !== load.number || numbers[1] !== load.number)
      throw new Error(`another buffer: ${numbers.join()}, number=${load.number}`)
    Atomics.add(seen, load.number, 1)
  },
})

const crane = defineActor('sim:crane', 'crane', {
  init: () => null,
  receive(_, { to, first, count }: Order) {
    for (let number = first; number < first + count; number += 1) {
      const shared = share(new SharedArrayBuffer(8))
      const moved = transfer(new ArrayBuffer(BYTES))
      new Int32Array(shared)[0] = number
      new Int32Array(moved)[0] = number
      to.tell({ type: 'load', number, shared, moved })
    }
  },
})

async function port(sim: Simulation, kills: boolean): Promise<void> {
  const total = 60
  const seen = share(new Int32Array(new SharedArrayBuffer(4 * total)))
  const options = { restart: 'permanent', intensity: 1000 } as const
  const to = await sim.spawn(dock, seen, { ...options, core: 1 + sim.random.below(2) })
  const cranes = [await sim.spawn(crane, null, { ...options, core: 1 }), await sim.spawn(crane, null, { ...options, core: 2 })]
  for (let first = 0; first < total; first += 10) {
    const each = cranes[(first / 10) % 2] as (typeof cranes)[0]
    await each?.send({ to, first, count: 10 })
    if (kills && sim.random.chance(0.4)) sim.killCore(1 + sim.random.below(2))
    await sim.advance(sim.random.below(20))
  }
  await sim.settle()
  const counts = [...seen]
  if (counts.some((count) => count > 1)) throw new Error(`seen twice: ${counts.join('')}`)
  const books = sim.system.books()
  if (!kills && counts.includes(0)) throw new Error(`lost: ${counts.join('')}, dead=${JSON.stringify(books.dead)}`)
  if (books.dead.not_decodable > 0) throw new Error('a message could not be decoded')
  sim.heal() // a wake-up that is lost twice takes a second
  await sim.advance('1s')
  for (const report of await sim.system.report()) {
    if (report.parcels > 0) throw new Error(`parcels are left: core=${report.core}, parcels=${report.parcels}`)
  }
}

test('R1.10 all of it arrives while nothing dies', async () => {
  await simulate((sim) => port(sim, false), { seed: 1, runs: 60, cores: 2 })
})

const FAULTS = { killInside: 0.002, lateWake: 0.1, lateNews: 0.2, slow: 0.2 }

test('D3 cores die between turns and inside them: nothing comes twice or damaged, and nothing is left', async () => {
  const reports = await simulate((sim) => port(sim, true), { seed: 1000, runs: 40, cores: 2, faults: FAULTS })
  expect(reports).toHaveLength(40)
  expect(reports.flatMap((each) => each.nonDeterministic)).toEqual([])
})

test.each([
  ['a turn that another peer has used up does not leave the record in hand for its parcel', 1_004_626_949],
  ['what a sender posted and died before it published is dropped', 1_097_733_129],
  ['what was consumed is not posted again to a successor', 381_557_359],
])('D3 nothing is left: %s', async (_, seed) => {
  await simulate((sim) => port(sim, true), { seed, cores: 2, faults: FAULTS, shrinkRuns: 0 })
})
