/** Stages that crash, are stopped, or lose their core, in the simulator: what becomes of their events, their demand and their partners. */
import { child } from '@cambium/runtime'
import { simulate } from '@cambium/testkit'
import type { Simulation } from '@cambium/testkit'
import { describe, expect, test } from 'vitest'
import { stageStatistics } from '../../src/index.ts'
import type { CancelMode, ProducerRef, Subscription } from '../../src/index.ts'
import { dawdler, everyone, journal, numbers, repeater, STAGES, taker, tower } from './fixtures/stages.ts'
import type { JournalRef, TakerSetting } from './fixtures/stages.ts'

const runs = { runs: 20, cores: 2 }
const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i)

async function startJournal(sim: Simulation): Promise<JournalRef> {
  for (const stage of STAGES) sim.learn(stage as never)
  return sim.spawn(journal, undefined, { core: 0 })
}

/** So many times 10 ms. A handler's own timer may come as late as the next thing that happens. */
async function pass(sim: Simulation, times: number): Promise<void> {
  for (let i = 0; i < times; i += 1) await sim.advance(10)
}

const linesOf = async (log: JournalRef, name: string): Promise<readonly unknown[]> =>
  (await log.ask('read')).filter(([who]) => who === name).map(([, line]) => line)

const numbersOf = (lines: readonly unknown[]): readonly number[] => lines.filter((line) => typeof line === 'number')

test('a consumer that crashes subscribes again when it is restarted; what was in hand is lost, a dead letter, and nothing else', async () => {
  await simulate(async (sim) => {
    const log = await startJournal(sim)
    const producer = await sim.spawn(numbers, { to: 100 }, { core: 1 })
    const subscription = { to: producer, maxDemand: 8, minDemand: 4 }
    await sim.spawn(taker, { name: 'a', log, crashAt: 42, subscriptions: [subscription] }, { core: 2 })
    await sim.settle()
    const lines = await linesOf(log, 'a')
    // Demand is 8 at first, then 4 at a time, and so many events come at once. What was in the mailbox reaches the next incarnation.
    const lost = upTo(100).filter((i) => !lines.includes(i))
    expect(lost).toEqual([40, 41, 42, 43])
    expect(lines).toEqual([...upTo(100).filter((i) => !lost.includes(i)), 'finish'])
    const { crashed, stopped } = sim.system.books().dead
    expect({ crashed, stopped }).toEqual({ crashed: 1, stopped: 4 }) // the message, and its events
  }, runs)
})

test('a subscriber that dies gives its demand back, and what it had not confirmed is counted', async () => {
  await simulate(async (sim) => {
    const log = await startJournal(sim)
    const producer = await sim.spawn(numbers, {}, { core: 1 })
    const all = await sim.spawn(everyone, { to: producer, maxDemand: 10 }, { core: 2 })
    const subscribe = (name: string, slowMs: number) =>
      sim.spawn(
        taker,
        { name, log, slowMs, subscriptions: [{ to: all, maxDemand: 4, minDemand: 2 }] },
        { core: 1, restart: 'temporary' },
      )
    await subscribe('quick', 1)
    const slow = await subscribe('slow', 1_000_000)
    await sim.advance(50)
    const before = await linesOf(log, 'quick')
    await sim.advance(50)
    expect(await linesOf(log, 'quick')).toEqual(before) // it waits for the slow one
    await sim.system.stop(slow, { shutdown: 'brutal_kill' })
    await pass(sim, 10)
    expect((await linesOf(log, 'quick')).length).toBeGreaterThan(before.length + 10)
    expect(await stageStatistics(all)).toMatchObject({ subscribers: 1, unconfirmed: 4 })
    await sim.system.stop(producer)
  }, runs)
})

describe.each<[CancelMode, ends: readonly string[]]>([
  ['permanent', ['crash', 'shutdown']],
  ['transient', ['crash']],
  ['temporary', []],
])('a producer of a %s subscription', (cancel, ends) => {
  test.each(['crash', 'shutdown'])('that ends by %s takes its consumer along, or does not', async (how) => {
    await simulate(async (sim) => {
      const log = await startJournal(sim)
      const producer = await sim.spawn(numbers, {}, { core: 1, restart: 'temporary' })
      const setting: TakerSetting = { name: 'a', log, slowMs: 5, subscriptions: [{ to: producer, cancel, maxDemand: 4 }] }
      const consumer = await sim.spawn(taker, setting, { core: 2, restart: 'temporary' })
      await sim.advance(20)
      const ended = sim.system.monitor(consumer)
      if (how === 'crash') producer.tell('crash')
      else await sim.system.stop(producer)
      await pass(sim, 20)
      expect(sim.isGone(consumer)).toBe(ends.includes(how))
      if (ends.includes(how)) {
        const reason = await ended
        expect(reason.kind).toBe(how)
        if (reason.kind === 'crash') expect(reason.error.message).toBe('numbers crashed')
      } else {
        expect((await linesOf(log, 'a')).at(-1)).toBe(`cancelled ${how}`)
        await sim.system.stop(consumer)
        await ended
      }
    }, runs)
  })
})

test.each(['info', 'cancelled'] as const)('a stage whose %s is asynchronous crashes, and is told so', async (at) => {
  await simulate(async (sim) => {
    await startJournal(sim)
    const producer = await sim.spawn(tower, undefined, { core: 1, restart: 'temporary' })
    const to = producer as unknown as ProducerRef<number>
    const consumer = await sim.spawn(dawdler, { to, at }, { core: 2, restart: 'temporary' })
    const reason = sim.system.monitor(consumer)
    await sim.settle()
    await sim.system.stop(producer)
    expect(await reason).toMatchObject({
      kind: 'crash',
      error: {
        code: 'ERR_BAD_STEP',
        message: `${at} returned what it may not: stage=dawdler, found a promise, expected the next state`,
      },
    })
  }, runs)
})

test('R1.6 a chain whose first stage crashes is up again: permanent subscriptions end their stages, supervisors restart them', async () => {
  await simulate(async (sim) => {
    const log = await startJournal(sim)
    const producer = await sim.spawn(numbers, { from: 0, to: 1000 }, { core: 1 })
    const middle = await sim.spawn(repeater, { subscription: { to: producer, maxDemand: 8 }, times: 1 }, { core: 2 })
    await sim.spawn(taker, { name: 'a', log, slowMs: 1, subscriptions: [{ to: middle, maxDemand: 8 }] }, { core: 0 })
    await sim.advance(20)
    producer.tell('crash')
    await sim.advance('20s')
    const lines = await linesOf(log, 'a')
    // It has begun anew, and went through to its end.
    expect(lines.slice(-1002)).toEqual([...upTo(1000), -1, 'finish'])
  }, runs)
})

test('a subscription that is to be made again is, when its producer is back', async () => {
  await simulate(async (sim) => {
    const log = await startJournal(sim)
    const producer = await sim.spawn(numbers, {}, { core: 1 })
    const subscription: Subscription<number> = { to: producer, maxDemand: 8, resubscribe: true }
    const consumer = await sim.spawn(taker, { name: 'a', log, slowMs: 1, subscriptions: [subscription] }, { core: 2 })
    await pass(sim, 5)
    producer.tell('crash')
    await pass(sim, 20)
    sim.killCore(1)
    await pass(sim, 20)
    await sim.system.stop(producer)
    await pass(sim, 5)
    const lines = await linesOf(log, 'a')
    const anew = lines.flatMap((line, at) => (line === 0 ? [lines[at - 1]] : []))
    expect(anew).toEqual([undefined, 'cancelled crash again', 'cancelled core_lost again'])
    expect(lines.filter((line) => typeof line === 'string')).toEqual(anew.slice(1))
    expect(sim.isGone(consumer)).toBe(true)
  }, runs)
})

test('R0.2 stages under one supervisor find each other by name, and again after a restart', async () => {
  await simulate(async (sim) => {
    const log = await startJournal(sim)
    const subscriptions = [{ to: 'source', maxDemand: 8 }]
    const refs = await sim.supervise(
      {
        source: child(numbers, {}, { name: 'source', core: 1 }),
        end: child(taker, { name: 'a', log, slowMs: 1, subscriptions }, { core: 2 }),
      },
      { strategy: 'rest_for_one', intensity: 5 },
    )
    await pass(sim, 10)
    refs.source.tell('crash')
    await pass(sim, 20)
    const anew = (await linesOf(log, 'a')).lastIndexOf(0)
    expect(anew).toBeGreaterThan(8)
    const lines = (await linesOf(log, 'a')).slice(anew)
    expect(lines).toEqual(upTo(lines.length))
    expect(lines.length).toBeGreaterThan(8)
    await sim.system.stop(refs)
  }, runs)
})

test('a subscription whose producer does not come back ends by its mode', async () => {
  await simulate(async (sim) => {
    const log = await startJournal(sim)
    const producer = await sim.spawn(numbers, {}, { core: 1, restart: 'temporary' })
    const subscription: Subscription<number> = { to: producer, resubscribe: true, cancel: 'temporary', maxDemand: 4 }
    const consumer = await sim.spawn(taker, { name: 'a', log, slowMs: 1, subscriptions: [subscription] }, { core: 2 })
    await sim.advance(10)
    producer.tell('crash')
    await pass(sim, 20)
    const lines = await linesOf(log, 'a')
    expect(lines.slice(-2)).toEqual(['cancelled crash again', 'cancelled crash'])
    expect(await consumer.ask('ping')).toBe('pong')
  }, runs)
})

test('D6 D10 a core that dies loses no more than was under way to its stages; order holds and nothing comes twice', async () => {
  await simulate(async (sim) => {
    const log = await startJournal(sim)
    const producer = await sim.spawn(numbers, {}, { core: 0 })
    const subscriptions = [{ to: producer, maxDemand: 10 }]
    const takers = [
      await sim.spawn(taker, { name: 'a', log, slowMs: 1, subscriptions }, { core: 1 }),
      await sim.spawn(taker, { name: 'b', log, slowMs: 1, subscriptions }, { core: 2 }),
    ]
    let kills = 0
    for (const core of [1, 2, 1]) {
      await sim.advance(sim.random.below(10))
      if (sim.killCore(core)) kills += 1
      await sim.advance(60)
    }
    const { unconfirmed, sent } = await stageStatistics(producer)
    for (const each of takers) await sim.system.stop(each)
    await sim.advance(100)
    const [a, b] = [numbersOf(await linesOf(log, 'a')), numbersOf(await linesOf(log, 'b'))]
    for (const each of [a, b]) expect(each).toEqual([...new Set(each)].sort((x, y) => x - y))
    const all = new Set([...a, ...b])
    expect(all.size).toBe(a.length + b.length)
    const lost = upTo(sent - 20).filter((i) => !all.has(i)) // the last may have been under way when the takers were stopped
    expect(lost.length).toBeLessThanOrEqual(unconfirmed)
    expect(unconfirmed).toBeLessThanOrEqual(kills * 10)
    await sim.system.stop(producer)
  }, runs)
})

test('R1.10 whatever cores do, a flow goes on: order holds and nothing comes twice', async () => {
  await simulate(
    async (sim) => {
      const log = await startJournal(sim)
      const producer = await sim.spawn(numbers, {}, { core: 0 })
      const setting = { subscription: { to: producer, maxDemand: 10, resubscribe: true }, times: 1 }
      const middle = await surely(() => sim.spawn(repeater, setting, { core: 1 }))
      const subscriptions = [{ to: middle, maxDemand: 6, resubscribe: true }]
      await surely(() => sim.spawn(taker, { name: 'a', log, subscriptions, slowMs: 1 }, { core: 2 }))
      await sim.advance('1s')
      sim.heal()
      await sim.advance('1s')
      const before = numbersOf(await linesOf(log, 'a'))
      await sim.advance('1s')
      const after = numbersOf(await linesOf(log, 'a'))
      expect(after).toEqual([...new Set(after)].sort((x, y) => x - y))
      expect(after.length).toBeGreaterThan(before.length)
      await sim.system.stop(producer)
    },
    {
      ...runs,
      runs: 20,
      faults: { kill: 0.001, pause: 0.02, slow: 0.3, lateWake: 0.2, lateSignal: 0.1, partition: 0.005, tinyRings: 0.3 },
      options: { coreIntensity: 1000 },
    },
  )
})

/** A core may die while something is started there. */
async function surely<T>(start: () => Promise<T>): Promise<T> {
  for (let left = 50; ; left -= 1) {
    try {
      return await start()
    } catch (error) {
      if (left === 0) throw error
    }
  }
}
