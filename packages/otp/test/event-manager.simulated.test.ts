/** Event managers under seeds: order, backpressure, the loss of cores and of owners, whatever the interleaving. */
import type { Ref } from '@cambium/actor'
import { simulate } from '@cambium/testkit'
import type { Simulation } from '@cambium/testkit'
import { expect, test } from 'vitest'
import { addHandler, callHandler, deleteHandler, handler, whichHandlers } from '../src/index.ts'
import type { EventManagerRef } from '../src/index.ts'
import { echo } from './fixtures/oddities.ts'
import { confused, heir, NO_HANDLERS, owner, reading, sensors, tally } from './fixtures/sensors.ts'
import type { OwnerMessage, SensorEvent, SensorSetting } from './fixtures/sensors.ts'

type Manager = EventManagerRef<SensorEvent>

const PADDING = 'x'.repeat(40) // the ring has room for ten of these
const tallies = [
  { name: 'here', id: 'here' },
  { name: 'two', id: 'two', core: 2 },
  { name: 'three', id: 'three', core: 3 },
]
const cores = { seed: 1, cores: 3 }

async function start(sim: Simulation, setting: SensorSetting, core = 1): Promise<Manager> {
  for (const behaviour of [tally, heir]) sim.learn(behaviour)
  return (await sim.spawn(sensors, setting, { core, intensity: 10_000 })) as Manager
}

const valuesOf = (manager: Manager, id: string): Promise<readonly number[]> =>
  callHandler(manager, tally, { type: 'read' }, { id, timeoutMs: 60_000 }) as Promise<readonly number[]>

const upTo = (last: number): number[] => Array.from({ length: last }, (_, at) => at + 1)

test('handlers that are none are named, and none of them is installed', async () => {
  await simulate(
    async (sim) => {
      sim.learn(tally)
      for (const name of Object.keys(NO_HANDLERS)) {
        const cause = { code: 'ERR_BAD_STEP', message: expect.stringContaining('handlers returned no array') as string }
        const spawned = sim.spawn(confused, name, { core: 1, restart: 'temporary' })
        await expect(spawned, name).rejects.toMatchObject({ code: 'ERR_INIT_FAILED', cause })
      }
    },
    { ...cores, runs: 3 },
  )
})

test('calls to what is no event manager say so', async () => {
  await simulate(
    async (sim) => {
      const server = (await sim.spawn(echo, undefined, { core: 1 })) as unknown as Manager
      for (const to of [server, server, undefined as never, 'manager' as never])
        for (const call of [
          () => addHandler(to, handler(tally, 'a')),
          () => callHandler(to, tally, { type: 'read' }),
          () => deleteHandler(to, tally),
          () => whichHandlers(to),
        ])
          await expect(call()).rejects.toMatchObject({ code: 'ERR_OPTION', fields: { option: 'manager' } })
    },
    { ...cores, runs: 3 },
  )
})

test('R1.7 R1.9 R1.10 every handler has every event once, in order, though cores pause and the ring is small', async () => {
  await simulate(
    async (sim) => {
      const manager = await start(sim, { tallies }, sim.random.below(2))
      for (let value = 1; value <= 60; value += 1) {
        manager.tell(reading(value, PADDING))
        if (sim.random.chance(0.1)) sim.pauseCore(2 + sim.random.below(2), 200)
        if (sim.random.chance(0.1)) await sim.settle()
      }
      await manager.ask(reading(61), { timeoutMs: 60_000 })
      for (const { id } of tallies) expect(await valuesOf(manager, id)).toEqual(upTo(61))
    },
    { ...cores, runs: 60 },
  )
})

test('D3 D10 who lives on another core misses nothing when one dies; its successor misses the record in hand at most', async () => {
  await simulate(
    async (sim) => {
      const manager = await start(sim, { tallies })
      await manager.ask(reading(1))
      const told = async (from: number, to: number): Promise<void> => {
        for (let value = from; value <= to; value += 1) {
          manager.tell(reading(value, PADDING))
          if (sim.random.chance(0.2)) await sim.settle()
        }
      }
      await told(2, 20)
      sim.killCore(2)
      await told(21, 40)
      await manager.ask(reading(41), { timeoutMs: 60_000 })
      for (const id of ['here', 'three']) expect(await valuesOf(manager, id)).toEqual(upTo(41))
      const anew = await valuesOf(manager, 'two')
      const first = anew[0] as number
      expect(anew).toEqual(upTo(41).slice(first - 1))
      expect(first).toBeLessThanOrEqual(22) // what was told after the death is not lost
      expect((await whichHandlers(manager)).map(({ id }) => id)).toEqual(['here', 'two', 'three'])
    },
    { ...cores, runs: 100 },
  )
})

test('D10 the manager’s core dies at any moment: it and its handlers begin anew, and go on', async () => {
  await simulate(
    async (sim) => {
      const manager = await start(sim, { tallies })
      for (let value = 1; value <= 20; value += 1) manager.tell(reading(value, PADDING))
      await sim.advance(sim.random.below(5))
      sim.killCore(1)
      await sim.advance(10_000)
      await manager.ask(reading(100), { timeoutMs: 60_000 })
      for (const { id } of tallies) expect((await valuesOf(manager, id)).at(-1)).toBe(100)
    },
    { ...cores, runs: 60 },
  )
})

test('C-30 an owner that ends, by itself or with its core, takes its handlers along; the rest is untouched', async () => {
  await simulate(
    async (sim) => {
      const manager = await start(sim, { tallies })
      const at = 1 + sim.random.below(3)
      const ref = (await sim.spawn(owner, undefined, { core: at, restart: 'temporary' })) as Ref<OwnerMessage>
      for (const core of [1, 2, 3])
        await ref.ask({ type: 'own', manager, spec: handler(tally, 'owned', { id: `owned ${core}`, core }) })
      manager.tell(reading(1))
      if (at !== 1 && sim.random.chance(0.5)) sim.killCore(at)
      else ref.tell({ type: 'end' })
      await sim.advance(10_000)
      await manager.ask(reading(2), { timeoutMs: 60_000 })
      expect((await whichHandlers(manager)).map(({ id }) => id)).toEqual(['here', 'two', 'three'])
      expect(await valuesOf(manager, 'here')).toEqual([1, 2])
    },
    { ...cores, runs: 60 },
  )
})

test('handlers come and go on every core while events are told; nothing is left over in the end', async () => {
  await simulate(
    async (sim) => {
      const manager = await start(sim, {})
      const installed = new Map<string, number>()
      let value = 0
      for (let step = 0; step < 40; step += 1) {
        const id = `h${sim.random.below(4)}`
        if (installed.has(id)) {
          const since = installed.get(id) as number
          installed.delete(id)
          const left = await deleteHandler(manager, tally, { id, timeoutMs: 60_000 })
          expect(left).toEqual({ values: upTo(value).slice(since), end: 'deleted' })
        } else {
          await addHandler(manager, handler(tally, id, { id, core: 1 + sim.random.below(3) }), { timeoutMs: 60_000 })
          installed.set(id, value)
        }
        for (let told = sim.random.below(8); told > 0; told -= 1) manager.tell(reading((value += 1), PADDING))
      }
      await sim.system.stop(manager)
      await sim.settle()
      const reports = await sim.system.report()
      expect(reports.map(({ actors, bonds, asks, channels }) => ({ actors, bonds, asks, channels }))).toEqual(
        reports.map(() => ({ actors: 0, bonds: 0, asks: 0, channels: 0 })),
      )
    },
    { ...cores, runs: 40 },
  )
})

const FAULTS = {
  kill: 0.001,
  killInside: 0.001,
  pause: 0.01,
  slow: 0.2,
  lateWake: 0.1,
  lateNews: 0.2,
  clockJump: 0.001,
  handlerCrash: 0.005,
  terminateCrash: 0.1,
  lateSignal: 0.01,
}

test('order holds, and all comes to rest, under the faults of the simulator', async () => {
  let seen = 0
  await simulate(
    async (sim) => {
      const manager = await start(sim, {})
      let looks = 0
      for (let value = 1; value <= 100; value += 1) {
        // Whatever fails, fails for a fault; what was installed may be gone at any time.
        for (const { name, ...options } of tallies)
          if (sim.random.chance(0.1)) await addHandler(manager, handler(tally, name, options), { timeoutMs: 500 }).catch(() => {})
        manager.tell(reading(value))
        if (sim.random.chance(0.2)) await sim.advance(5)
        if (sim.random.chance(0.9)) continue
        for (const { id } of tallies) {
          const values = await valuesOf(manager, id).catch(() => undefined)
          if (values === undefined) continue
          looks += 1
          for (let at = 1; at < values.length; at += 1) expect(values[at]).toBeGreaterThan(values[at - 1] as number)
        }
      }
      await sim.advance(6000) // what a dead manager has left elsewhere has ended by then
      seen += looks
    },
    { ...cores, runs: 60, faults: FAULTS, options: { coreIntensity: 10_000 }, shrinkRuns: 20 },
  )
  expect(seen).toBeGreaterThan(100)
})
