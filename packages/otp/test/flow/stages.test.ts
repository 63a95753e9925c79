/** Stages in the simulator: what they give and take, whatever the order of things. */
import { simulate } from '@cambium/testkit'
import type { Simulation } from '@cambium/testkit'
import { describe, expect, test } from 'vitest'
import { askEvents, stageStatistics, subscribe, unsubscribe } from '../../src/index.ts'
import type { ProducerRef, Subscription } from '../../src/index.ts'
import {
  batcher,
  chooser,
  everyone,
  inTurn,
  journal,
  metered,
  numbers,
  parted,
  repeater,
  sorter,
  taker,
  tower,
  tripler,
} from './fixtures/stages.ts'
import type { JournalRef } from './fixtures/stages.ts'
import { echo } from '../fixtures/oddities.ts'

const runs = { runs: 20, cores: 2 }
const upTo = (count: number, from = 0): number[] => Array.from({ length: count }, (_, i) => from + i)

interface Bench {
  readonly log: JournalRef
  /** Starts a consumer of that name on a core that the seed draws. */
  readonly take: (name: string, subscription: Subscription<number>, more?: object) => Promise<void>
  /** Lines of one name so far. */
  readonly lines: (name: string) => Promise<readonly unknown[]>
}

async function bench(sim: Simulation): Promise<Bench> {
  const log = await sim.spawn(journal, undefined, { core: 0 })
  return {
    log,
    async take(name, subscription, more = {}) {
      await sim.spawn(taker, { name, log, subscriptions: [subscription], ...more }, { name, core: sim.random.below(3) })
    },
    async lines(name) {
      return (await log.ask('read')).filter(([who]) => who === name).map(([, line]) => line)
    },
  }
}

test('R2.3 a flow of three stages on three cores delivers all, once, in order, and ends', async () => {
  await simulate(async (sim) => {
    const { log, lines } = await bench(sim)
    const producer = await sim.spawn(numbers, { to: 200 }, { core: 1 })
    const doubled = await sim.spawn(repeater, { subscription: { to: producer, maxDemand: 10 }, times: 2 }, { core: 2 })
    const end = await sim.spawn(taker, { name: 'a', log, subscriptions: [{ to: doubled, maxDemand: 7 }] }, { core: 0 })
    await sim.settle()
    expect(await lines('a')).toEqual([...upTo(400).map((i) => Math.floor(i / 2)), -1, 'finish'])
    for (const each of [producer, doubled, end]) expect(sim.isGone(each)).toBe(true)
  }, runs)
})

test('R2.3 R1.9 a producer makes what is asked for and no more, however slow the consumer', async () => {
  await simulate(async (sim) => {
    const { log, lines } = await bench(sim)
    const producer = await sim.spawn(numbers, { log }, { core: 1 })
    await sim.spawn(
      taker,
      { name: 'a', log, slowMs: 100, subscriptions: [{ to: producer, maxDemand: 10, minDemand: 5 }] },
      { core: 2 },
    )
    await sim.advance(950)
    const handled = (await lines('a')).length
    const counts = await stageStatistics(producer)
    expect(handled).toBe(50)
    expect(counts.sent - handled).toBeLessThanOrEqual(10)
    expect(counts).toMatchObject({ subscribers: 1, buffered: 0, dropped: 0, unconfirmed: 0 })
    expect(await lines('demand')).toEqual([10, ...Array.from({ length: counts.sent / 5 - 2 }, () => 5)])
    await sim.system.stop(producer)
  }, runs)
})

describe('dispatchers', () => {
  test('demand: each event goes to one, nobody is left out, order holds for each', async () => {
    await simulate(async (sim) => {
      const { take, lines } = await bench(sim)
      const producer = await sim.spawn(tower, undefined, { core: 1 })
      const to = producer as unknown as ProducerRef<number>
      await take('small', { to, maxDemand: 4 })
      await take('large', { to, maxDemand: 9 })
      await sim.settle()
      producer.tell({ give: 'abcdefghijk' })
      await sim.settle()
      // The one with the larger demand has all it wants first.
      expect((await lines('large')).join('')).toBe('abcdefghi')
      expect((await lines('small')).join('')).toBe('jk')
    }, runs)
  })

  test('round-robin: one after the other', async () => {
    await simulate(async (sim) => {
      const { take, lines } = await bench(sim)
      const producer = await sim.spawn(tower, undefined, { core: 1 })
      const turns = await sim.spawn(inTurn, { to: producer as unknown as ProducerRef<number> }, { core: 2 })
      await take('a', { to: turns })
      await take('b', { to: turns })
      await sim.settle()
      producer.tell({ give: 'abcdef' })
      await sim.settle()
      const got = [(await lines('a')).join(''), (await lines('b')).join('')]
      expect(got.sort()).toEqual(['ace', 'bdf'])
    }, runs)
  })

  test('broadcast: everybody gets all that it has selected, at the pace of the slowest', async () => {
    await simulate(async (sim) => {
      const { take, lines } = await bench(sim)
      const producer = await sim.spawn(numbers, { to: 50 }, { core: 1 })
      const all = await sim.spawn(everyone, { to: producer, maxDemand: 6 }, { core: 2 })
      // Before the first event, or who comes late would miss it: the numbers wait for this subscription.
      await take('even', { to: all, selection: 'even', maxDemand: 3 })
      await sim.settle()
      expect(await lines('even')).toEqual([...upTo(25).map((i) => i * 2), 'finish'])
    }, runs)
    await simulate(async (sim) => {
      const { take, lines } = await bench(sim)
      const producer = await sim.spawn(tower, undefined, { core: 1 })
      const all = await sim.spawn(everyone, { to: producer as unknown as ProducerRef<number> }, { core: 2 })
      for (const name of ['a', 'b', 'c']) await take(name, { to: all })
      await take('slow', { to: all, maxDemand: 1 }, { slowMs: 10 })
      await sim.settle()
      producer.tell({ give: 'abc' })
      await sim.settle() // the slow one has the first in hand
      for (const name of ['a', 'b', 'c', 'slow']) expect((await lines(name)).join('')).toBe('a')
      for (let i = 0; i < 20; i += 1) await sim.advance(10)
      for (const name of ['a', 'b', 'c', 'slow']) expect((await lines(name)).join('')).toBe('abc')
    }, runs)
  })

  test('partition: by key, in order for each; one that nobody takes from holds up the rest at its bound', async () => {
    await simulate(async (sim) => {
      const { take, lines } = await bench(sim)
      const producer = await sim.spawn(numbers, { from: -4, to: 100 }, { core: 1 })
      const parts = await sim.spawn(parted, { to: producer, maxDemand: 8 }, { core: 2 })
      await take('even', { to: parts, partition: 'even', maxDemand: 5 })
      await sim.settle()
      expect((await lines('even')).length).toBeGreaterThan(0)
      const counts = await stageStatistics(parts)
      expect(counts).toMatchObject({ unrouted: 4, dropped: 0 })
      expect(counts.buffered).toBeLessThanOrEqual(10)
      await take('odd', { to: parts, partition: 'odd', maxDemand: 5 })
      await sim.settle()
      expect(await lines('even')).toEqual([...upTo(50).map((i) => i * 2), 'finish'])
      expect(await lines('odd')).toEqual([...upTo(50).map((i) => i * 2 + 1), 'finish'])
    }, runs)
  })
})

describe('R2.3 manual demand', () => {
  test('nothing comes that was not asked for; what was asked for and is not handled is bounded', async () => {
    await simulate(async (sim) => {
      const { log, lines } = await bench(sim)
      const producer = await sim.spawn(numbers, { to: 20, log }, { core: 1 })
      const subscription = { to: producer, maxDemand: 10 }
      const consumer = await sim.spawn(metered, { name: 'a', log, subscription }, { core: 2 })
      const ask = (count: number, id?: number) => consumer.ask(id === undefined ? { count } : { count, id })
      await sim.settle()
      expect(await lines('a')).toEqual(['begun 1 true'])
      expect(await lines('demand')).toEqual([])
      expect(await ask(3)).toBe('asked')
      await sim.settle()
      expect(await lines('a')).toEqual(['begun 1 true', 0, 1, 2])
      expect(await ask(10)).toBe('asked') // the three are handled
      await sim.settle()
      expect(await lines('demand')).toEqual([3, 10])
      for (const count of [-1, 0, 1.5, NaN, 11, '3' as never]) expect(await ask(count), String(count)).toBe('ERR_DEMAND')
      expect(await ask(1, 4711)).toBe('ERR_NO_SUBSCRIPTION')
      expect(await stageStatistics(producer)).toMatchObject({ sent: 13, demand: 0 })
      expect(await ask(9)).toBe('asked') // more than there are
      await sim.settle()
      expect((await lines('a')).slice(1)).toEqual(upTo(20))
      expect(sim.isGone(consumer)).toBe(true) // the end of the source goes through
    }, runs)
  })

  test('it begins anew with the subscription, at zero, and is none of an automatic one’s', async () => {
    await simulate(async (sim) => {
      const { log, lines } = await bench(sim)
      const producer = await sim.spawn(numbers, {}, { core: 1 })
      const subscription = { to: producer, maxDemand: 10, resubscribe: true }
      const consumer = await sim.spawn(metered, { name: 'a', log, subscription }, { core: 2 })
      await sim.settle()
      expect(await consumer.ask({ count: 2 })).toBe('asked')
      await sim.settle()
      producer.tell('crash')
      await sim.advance(100)
      expect(await lines('a')).toEqual(['begun 1 true', 0, 1, 'cancelled true again', 'begun 2 true'])
      expect(await consumer.ask({ count: 1 })).toBe('asked')
      await sim.settle()
      expect((await lines('a')).at(-1)).toBe(0)
      await sim.system.stop(consumer)
      const to = (await sim.spawn(tower, undefined, { core: 1 })) as unknown as ProducerRef<number>
      const other = await sim.spawn(metered, { name: 'b', log, subscription: { to, demand: 'automatic' } }, { core: 2 })
      await sim.settle()
      expect(await other.ask({ count: 1 })).toBe('ERR_DEMAND')
      await sim.system.stop(producer)
    }, runs)
  })

  test('wrong subscriptions and contexts are told so', async () => {
    await simulate(
      async (sim) => {
        const { log } = await bench(sim)
        const to = await sim.spawn(numbers, {}, { core: 1 })
        const subscriptions = { manual: { demand: 'manual', minDemand: 1 }, later: { demand: 'later' } } as const
        for (const [name, wrong] of Object.entries(subscriptions))
          await expect(
            sim.spawn(metered, { name, log, subscription: { to, ...wrong } as never }, { core: 2, restart: 'temporary' }),
          ).rejects.toMatchObject({ cause: { code: name === 'manual' ? 'ERR_DEMAND' : 'ERR_OPTION' } })
        expect(() => askEvents({ self: to }, 1, 1)).toThrow(expect.objectContaining({ code: 'ERR_OPTION' }))
      },
      { runs: 3, cores: 2 },
    )
  })
})

describe('batches', () => {
  test('are full, or as old as they may be, or the last', async () => {
    await simulate(async (sim) => {
      const { log, lines } = await bench(sim)
      const producer = await sim.spawn(tower, undefined, { core: 1 })
      await sim.spawn(batcher, { name: 'b', log, subscriptions: [{ to: producer }] }, { core: 2 })
      await sim.settle()
      for (const give of ['abcde', 'fg', 'h']) producer.tell({ give })
      await sim.settle()
      expect(await lines('b')).toEqual(['a b c d', 'e f g h'])
      producer.tell({ give: 'i' })
      await sim.advance(60)
      producer.tell({ give: 'j' })
      await sim.advance(39)
      expect(await lines('b')).toEqual(['a b c d', 'e f g h'])
      await sim.advance(10) // 100 ms after the first
      expect(await lines('b')).toEqual(['a b c d', 'e f g h', 'i j'])
      producer.tell({ give: 'k', isEnd: true })
      await sim.settle()
      expect(await lines('b')).toEqual(['a b c d', 'e f g h', 'i j', 'k'])
    }, runs)
  })

  test('are filled whatever the demand', async () => {
    await simulate(async (sim) => {
      const { log, lines } = await bench(sim)
      const producer = await sim.spawn(numbers, { to: 43 }, { core: 1 })
      const maxDemand = 4 + sim.random.below(10)
      const subscription = { to: producer, maxDemand, minDemand: sim.random.below(maxDemand) }
      await sim.spawn(batcher, { name: 'b', log, subscriptions: [subscription] }, { core: 2 })
      const startMs = sim.now()
      await sim.settle()
      expect(sim.now() - startMs).toBeLessThan(100) // no batch had to wait for its time
      const sizes = (await lines('b')).map((line) => (line as string).split(' ').length)
      expect(sizes).toEqual([...upTo(10).map(() => 4), 3])
    }, runs)
  })
})

test('D6 a full buffer drops what its policy says, each a dead letter', async () => {
  await simulate(async (sim) => {
    const { take, lines } = await bench(sim)
    const producer = await sim.spawn(tower, undefined, { core: 1 })
    producer.tell({ give: 'abcde' })
    await sim.settle()
    expect(await stageStatistics(producer)).toMatchObject({ buffered: 3, dropped: 2, subscribers: 0 })
    expect(sim.system.books().dead.overflow).toBe(2)
    await take('a', { to: producer as unknown as ProducerRef<number> })
    await sim.settle()
    expect((await lines('a')).join('')).toBe('cde')
    // What waits when the stage stops is a dead letter as well.
    const other = await sim.spawn(tower, undefined, { core: 2 })
    other.tell({ give: 'xy' })
    await sim.settle()
    await sim.system.stop(other)
    expect(sim.system.books().dead.stopped).toBe(2)
  }, runs)
})

test('D6 a full buffer that drops nothing crashes its stage: what was wanted has gone, the rest are dead letters', async () => {
  await simulate(async (sim) => {
    const { take, lines } = await bench(sim)
    const producer = await sim.spawn(tower, undefined, { core: 1 })
    const to = await sim.spawn(tripler, { to: producer as unknown as ProducerRef<string> }, { core: 2, restart: 'temporary' })
    const reason = sim.system.monitor(to)
    const subscription = { to: to as unknown as ProducerRef<number>, maxDemand: 2, cancel: 'temporary' as const }
    await take('a', subscription, { slowMs: 1000 })
    await sim.settle()
    producer.tell({ give: 'ab' })
    await sim.settle()
    expect((await lines('a')).join('')).toBe('a')
    expect(await stageStatistics(to)).toMatchObject({ handled: 2, sent: 2, buffered: 4 })
    producer.tell({ give: 'c' }) // waits: nobody wants it yet
    await sim.settle()
    expect(await stageStatistics(to)).toMatchObject({ handled: 2, waiting: 1 })
    await sim.system.stop(to)
    expect(await reason).toEqual({ kind: 'shutdown' })
    expect(sim.system.books().dead.stopped).toBe(5)
  }, runs)
  await simulate(async (sim) => {
    const { take, lines } = await bench(sim)
    const producer = await sim.spawn(tower, undefined, { core: 1 })
    const to = await sim.spawn(tripler, { to: producer as unknown as ProducerRef<string> }, { core: 2, restart: 'temporary' })
    const reason = sim.system.monitor(to)
    await take('a', { to: to as unknown as ProducerRef<number>, maxDemand: 3, cancel: 'temporary' })
    await sim.settle()
    producer.tell({ give: 'abc' })
    expect(await reason).toMatchObject({
      kind: 'crash',
      error: { code: 'ERR_BUFFER_FULL', fields: { stage: 'tripler', capacity: 4 } },
    })
    await sim.settle()
    expect((await lines('a')).join('')).toBe('aaacancelled crash')
    // The message in hand; the six events that were not sent, and the demand that came too late.
    const { crashed, stopped, no_such_actor: late } = sim.system.books().dead
    expect({ crashed, unsent: stopped + late }).toEqual({ crashed: 1, unsent: 7 })
  }, runs)
})

describe('D6 a dispatcher that fails crashes its stage, by name; what it has not dealt out is buried', () => {
  test.each([
    ['!', 'ERR_DISPATCHER', 'dispatcher failed: stage=chooser, function=select, error=RangeError: no such thing'],
    ['?', 'ERR_BAD_STEP', 'select returned what it may not: stage=chooser, found a promise, expected true or false'],
    ['%', 'ERR_BAD_STEP', 'select returned what it may not: stage=chooser, found object, expected true or false'],
  ])('select answers %s', async (culprit, code, message) => {
    await simulate(async (sim) => {
      const { take, lines } = await bench(sim)
      const producer = await sim.spawn(chooser, undefined, { core: 1, restart: 'temporary' })
      const to = producer as unknown as ProducerRef<number>
      const reason = sim.system.monitor(producer)
      await take('all', { to, cancel: 'temporary' })
      await take('none', { to, cancel: 'temporary', selection: 'none' })
      await sim.settle()
      producer.tell(`ab${culprit}cd`)
      expect(await reason).toMatchObject({ kind: 'crash', error: { code, message } })
      await sim.settle()
      // What came before goes to all who want it; the others to nobody.
      expect((await lines('all')).join('')).toBe('abcancelled crash')
      expect(await lines('none')).toEqual(['cancelled crash'])
      expect(sim.system.books().dead).toMatchObject({ crashed: 1, stopped: 3 })
    }, runs)
  })

  test('select fails when somebody comes to want what waits', async () => {
    await simulate(async (sim) => {
      const { take, lines } = await bench(sim)
      const producer = await sim.spawn(chooser, undefined, { core: 1, restart: 'temporary' })
      const reason = sim.system.monitor(producer)
      producer.tell('ab!c')
      await take('late', { to: producer as unknown as ProducerRef<number>, cancel: 'temporary' })
      expect(await reason).toMatchObject({ kind: 'crash', error: { code: 'ERR_DISPATCHER' } })
      await sim.settle()
      expect((await lines('late')).slice(0, 2)).toEqual(['a', 'b'])
      expect(sim.system.books().dead).toMatchObject({ crashed: 1, stopped: 2 })
    }, runs)
  })

  test.each([
    ['!', 'ERR_DISPATCHER', 'dispatcher failed: stage=sorter, function=partitionOf, error=RangeError: no such thing'],
    ['?', 'ERR_PARTITION', 'no such partition: stage=sorter, partition=a promise, expected one of all'],
    ['%', 'ERR_PARTITION', 'no such partition: stage=sorter, partition=object, expected one of all'],
  ])('partitionOf answers %s', async (culprit, code, message) => {
    await simulate(async (sim) => {
      const { take, lines } = await bench(sim)
      const producer = await sim.spawn(sorter, undefined, { core: 1, restart: 'temporary' })
      const to = producer as unknown as ProducerRef<number>
      const reason = sim.system.monitor(producer)
      await take('all', { to, cancel: 'temporary', partition: 'all' })
      await sim.settle()
      producer.tell(`ab${culprit}cd`)
      expect(await reason).toMatchObject({ kind: 'crash', error: { code, message } })
      await sim.settle()
      expect(await lines('all')).toEqual(['cancelled crash'])
      expect(sim.system.books().dead).toMatchObject({ crashed: 1, stopped: 5 })
    }, runs)
  })
})

test('a producer that answers less is asked for the rest, and one that answers nothing when there is a reason', async () => {
  await simulate(async (sim) => {
    const { log, take, lines } = await bench(sim)
    const producer = await sim.spawn(numbers, { page: 4, to: 10, log }, { core: 1 })
    await take('a', { to: producer, maxDemand: 10 })
    await sim.settle()
    expect(await lines('demand')).toEqual([10, 6, 2])
    expect(await lines('a')).toEqual([...upTo(10), 'finish'])
  }, runs)
})

test('a consumer of several producers goes on until all are done', async () => {
  await simulate(async (sim) => {
    const { log, lines } = await bench(sim)
    const some = [
      await sim.spawn(numbers, { to: 30 }, { core: 1 }),
      await sim.spawn(numbers, { from: 100, to: 105 }, { core: 2 }),
    ]
    const subscriptions = some.map((to) => ({ to, maxDemand: 4 }))
    const end = await sim.spawn(taker, { name: 'a', log, subscriptions }, { core: sim.random.below(3) })
    await sim.settle()
    const all = await lines('a')
    expect(all.filter((line) => (line as number) < 100)).toEqual(upTo(30))
    expect(all.filter((line) => (line as number) >= 100)).toEqual(upTo(5, 100))
    expect(all.at(-1)).toBe('finish')
    expect(sim.isGone(end)).toBe(true)
  }, runs)
})

test('a name is found when it comes up, and a stage that nobody has is told of', async () => {
  await simulate(async (sim) => {
    const { log, take, lines } = await bench(sim)
    await take('a', { to: 'late', maxDemand: 3 })
    await sim.advance(300)
    await sim.spawn(numbers, { to: 5 }, { name: 'late', core: 1 })
    await sim.advance(1000)
    expect(await lines('a')).toEqual([...upTo(5), 'finish'])
    const subscriptions = [{ to: 'never', cancel: 'temporary' as const }]
    await sim.spawn(taker, { name: 'b', log, subscriptions }, { core: 2 })
    await sim.advance(6000)
    expect(await lines('b')).toEqual(['cancelled crash'])
  }, runs)
})

test('subscriptions that are no array fail the start, and are named', async () => {
  await simulate(
    async (sim) => {
      const log = await sim.spawn(journal, undefined, { core: 0 })
      const producer = await sim.spawn(numbers, {}, { core: 1 })
      for (const subscriptions of [{ to: producer }, 5, undefined, null, 'abc'])
        await expect(
          sim.spawn(taker, { name: 'a', log, subscriptions: subscriptions as never }, { core: 2, restart: 'temporary' }),
        ).rejects.toMatchObject({ cause: { code: 'ERR_OPTION', message: expect.stringContaining('subscribe()') as string } })
      expect((await stageStatistics(producer)).subscribers).toBe(0)
    },
    { runs: 3, cores: 2 },
  )
})

test('what is no stage, or gives or takes no events, is told so', async () => {
  await simulate(
    async (sim) => {
      const producer = (await sim.spawn(numbers, {}, { core: 1 })) as unknown as ProducerRef<number>
      const log = await sim.spawn(journal, undefined, { core: 0 })
      const consumer = await sim.spawn(taker, { name: 'a', log, subscriptions: [] }, { core: 2 })
      const server = await sim.spawn(echo, undefined, { core: 1 })
      const isWrong = async (asked: Promise<unknown>, option: string): Promise<void> => {
        await expect(asked).rejects.toMatchObject({ code: 'ERR_OPTION', fields: { option } })
      }
      for (const no of [server, producer, undefined]) await isWrong(subscribe(no as never, { to: producer }), 'consumer')
      for (const no of [server, consumer]) await isWrong(subscribe(consumer, { to: no as never }), 'subscription.to')
      for (const no of [server, 'a']) await isWrong(stageStatistics(no as never), 'stage')
      expect(await stageStatistics(consumer)).toMatchObject({ subscriptions: 0 })
      expect(await stageStatistics(producer)).toMatchObject({ subscribers: 0 })
    },
    { runs: 3, cores: 2 },
  )
})

test('subscriptions are made and ended while stages run; what is on its way is handled', async () => {
  await simulate(async (sim) => {
    const { log, lines } = await bench(sim)
    const producer = await sim.spawn(numbers, {}, { core: 1 })
    const consumer = await sim.spawn(taker, { name: 'a', log, slowMs: 1, subscriptions: [] }, { core: 2 })
    const id = await subscribe(consumer, { to: producer, maxDemand: 20 })
    await sim.advance(20)
    await unsubscribe(consumer, id)
    await sim.advance(20)
    const { sent, demand, subscribers } = await stageStatistics(producer)
    expect({ demand, subscribers }).toEqual({ demand: 0, subscribers: 0 })
    expect(await lines('a')).toEqual(upTo(sent))
    expect(await consumer.ask('ping')).toBe('pong')
    await expect(unsubscribe(consumer, id)).rejects.toMatchObject({ code: 'ERR_NO_SUBSCRIPTION' })
  }, runs)
})
