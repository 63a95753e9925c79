/**
 * What is done to actors in every run, and what they notice of it: nothing. Messages have marks, storms blow, signals come late; each actor gets what
 * it was told, as it was told. That the oracles find what they are there for is shown by the planted bugs (`planted-bugs/strangers.ts`).
 */
import { HIGH, LOW, NORMAL, UNSET } from '@cambium/actor'
import { simulate } from '@cambium/testkit'
import type { Simulation } from '@cambium/testkit'
import { beforeEach, describe, expect, test } from 'vitest'
import { MessageOrder } from '../src/oracles/message-order.ts'
import { guest, picker, reader, seen, slowStarter, traveller } from './fixtures/floodable.ts'
import type { Sheet } from './fixtures/floodable.ts'

const isSheet = (message: unknown): boolean =>
  typeof (message as Sheet).number === 'number' && Object.keys(message as object).length === 1

beforeEach(() => {
  seen.clear()
})

describe('a storm', () => {
  test('takes the room of others and never reaches the actor’s own code (R1.10)', async () => {
    let handled = 0
    const reports = await simulate(
      async (sim) => {
        const names = ['ada', 'bob', 'cyd']
        for (const name of names) await sim.spawn(name === 'cyd' ? picker : reader, name, { name, intensity: 1000 })
        for (let number = 0; number < 60; number += 1) {
          sim.system.whereis<Sheet>(names[number % 3] as string)?.tell({ number })
          if (number % 10 === 0) await sim.advance(5)
        }
        await sim.advance('2s')
        handled += sim.storms.handled
        expect(sim.storms.sent).toBeGreaterThanOrEqual(sim.storms.handled)
      },
      { seed: 5, runs: 10, faults: { storm: 0.2 } },
    )
    expect(handled).toBeGreaterThan(1000)
    expect([...seen.values()].flat().every(isSheet)).toBe(true)
    expect(seen.get('priority')).toBeUndefined()
    expect(seen.get('ada')?.length).toBe(200)
    for (const { books } of reports) expect(books.sent).toBe(books.processed + books.deadTotal)
  })

  test('does not touch what is on core 0', async () => {
    await simulate(
      async (sim) => {
        const probe = await sim.probe<Sheet>()
        await sim.spawn(reader, 'ada')
        probe.ref.tell({ number: 1 })
        await probe.expectMessage({ number: 1 })
        await probe.expectNoMessage('1s')
      },
      { seed: 1, runs: 5, faults: { storm: 0.5 } },
    )
  })
})

test('moves take along what an actor keeps, and only actors that a balancer may move, between workers', async () => {
  const all = Array.from({ length: 100 }, (_, number) => ({ number }))
  const moved = new Set<string>()
  const reports = await simulate(
    async (sim) => {
      seen.clear()
      sim.system.events.on('actor_moved', ({ name, to }) => moved.add(`${name} to ${to}`))
      const ada = await sim.spawn(traveller, 'ada', { name: 'ada' })
      await sim.spawn(guest, 'bob', { name: 'bob' })
      const cyd = await sim.spawn(traveller, 'cyd', { name: 'cyd', core: 0 })
      for (const { number } of all) {
        ada.tell({ number })
        if (number % 10 === 0) await sim.advance(2)
      }
      await ada.ask('where')
      expect(seen.get('ada')).toEqual(all)
      expect(seen.get('ada keeps')).toEqual(all.map(({ number }) => number))
      expect(await cyd.ask('where')).toBe(0)
    },
    { seed: 5, runs: 20, cores: 3, faults: { move: 0.3, pause: 0.05, lateSignal: 0.02 } },
  )
  expect([...moved].toSorted()).toEqual(['ada to 1', 'ada to 2', 'ada to 3'])
  for (const { books } of reports) expect(books).toMatchObject({ queued: 0, deadTotal: 0 })
})

test('late signals let everything come in the end', async () => {
  const reports = await simulate(
    async (sim) => {
      const one = await sim.spawn(guest, 'one', { core: 1 })
      sim.crash(one)
      await sim.advance('2s')
      await sim.system.stop(one)
    },
    { seed: 3, runs: 10, faults: { lateSignal: 0.3 } },
  )
  expect(reports.every(({ faults }) => faults > 0)).toBe(true)
  expect(seen.get('one')?.filter((what) => what === 'init').length).toBe(20)
  expect(seen.get('one')?.filter((what) => what === 'terminate').length).toBe(20)
})

test('an actor that is crashed in the middle of a restart comes back all the same', async () => {
  await simulate(
    async (sim) => {
      const ref = await sim.spawn(slowStarter, 20, { core: 1 })
      expect(sim.crash(ref)).toBe(true)
      await sim.advance(10)
      expect(sim.crash(ref)).toBe(true)
      await sim.advance('1s')
      expect(await ref.ask('which incarnation')).toBe(2)
    },
    { seed: 1 },
  )
})

test('what actors have put aside keeps no run from its rest', async () => {
  await simulate(
    async (sim) => {
      const ref = await sim.spawn(picker, 'cyd')
      for (let number = 0; number < 9; number += 1) ref.tell({ number })
      await sim.advance('1s')
      expect(sim.system.books().queued).toBeGreaterThan(0)
    },
    { seed: 1, runs: 3 },
  )
})

test('an actor whose start is under way when the system goes down is stopped like the others', async () => {
  const scenario = async (sim: Simulation): Promise<void> => {
    sim.learn(guest)
    const starts = Array.from({ length: 6 }, (_, i) => sim.spawn(guest, `guest-${i}`).catch(() => {}))
    if (sim.random.chance(0.5)) await sim.advance(sim.random.below(3))
    await Promise.all([sim.system.shutdown(), ...starts])
    for (const [name, lives] of seen) expect([name, lives.at(-1)]).toEqual([name, 'terminate'])
  }
  await simulate(scenario, { seed: 1, runs: 40, cores: 3, faults: { pause: 0.2, slow: 0.5, lateSignal: 0.05 } })
})

describe('order per pair', () => {
  const [ada, bob] = [
    { core: 1, slot: 2, generation: 3 },
    { core: 2, slot: 4, generation: 5 },
  ]

  test('gaps are none of its business, and pairs do not disturb each other', () => {
    const order = new MessageOrder()
    const marks = [order.sent(1, ada, bob), order.sent(1, undefined, bob), order.sent(1, ada, bob), order.sent(1, ada, bob)]
    for (const at of [0, 3, 1]) order.taken(marks[at] as (typeof marks)[0], UNSET, NORMAL)
    expect(() => {
      order.taken(marks[2] as (typeof marks)[0], UNSET, NORMAL)
    }).toThrow('a message came late or twice: from=core-1/2#3, to=core-2/4#5, number=2, before=3')
  })

  test('twice is once too often', () => {
    const order = new MessageOrder()
    const mark = order.sent(0, undefined, bob)
    order.taken(mark, UNSET, undefined)
    expect(() => {
      order.taken(mark, UNSET, NORMAL)
    }).toThrow('a message came late or twice: from=core-0')
  })

  test('of different priorities either may come first', () => {
    const order = new MessageOrder()
    const [first, second] = [order.sent(1, ada, bob), order.sent(1, ada, bob)]
    order.taken(second, HIGH, HIGH)
    order.taken(first, UNSET, NORMAL)
    // One that waited for room, while the next one found its actor idle.
    const [low, next] = [order.sent(1, bob, ada, LOW), order.sent(1, bob, ada)]
    order.taken(next, UNSET, undefined)
    order.taken(low, LOW, LOW)
  })

  test('a message keeps the priority that it was sent with', () => {
    const order = new MessageOrder()
    const mark = order.sent(1, ada, bob, HIGH)
    order.arrived(mark, bob, HIGH)
    expect(() => {
      order.arrived(mark, bob, LOW)
    }).toThrow(
      'a message came with another priority than it was sent with: from=core-1/2#3, to=core-2/4#5, number=1, sent=1, came=3',
    )
  })

  test('nobody else may have it', () => {
    const order = new MessageOrder()
    const mark = order.sent(1, ada, bob)
    order.arrived(mark, bob)
    expect(() => {
      order.arrived(mark, { ...bob, generation: 6 })
    }).toThrow('a message came to another actor: from=core-1/2#3, to=core-2/4#5, number=1, reached=core-2/4#6')
  })
})
