/**
 * Applications under storms of starts, stops, reloads and deaths of cores, all at once: whatever the order, what has started stops once, nothing runs without
 * what it depends on, and nothing is left (C-52).
 */
import type { CambiumError } from '@cambium/base'
import { child } from '@cambium/runtime'
import { simulate } from '@cambium/testkit'
import { expect, test } from 'vitest'
import { defineApplication, reloadConfig, setting, startApplications, stopApplications, whichApplications } from '../src/index.ts'
import type { Application } from '../src/index.ts'
import { log, member, tree } from './fixtures/family.ts'

const DEPENDENCIES: Readonly<Record<string, readonly string[]>> = { a: [], b: ['a'], c: ['a'], d: ['b', 'c'], e: [] }
const NAMES = Object.keys(DEPENDENCIES)
/** What a start or a stop may say when others come in between. */
const ORDERLY = new Set([
  'ERR_APPLICATION_START',
  'ERR_STOPPED_DURING_START',
  'ERR_NO_SUCH_APPLICATION',
  'ERR_APPLICATION_IN_USE',
  'ERR_APPLICATION_ENDED',
])

/** `start a`, `stop a` and so on, in their order. */
function applications(told: string[], logRef: never): Application[] {
  return NAMES.map((name) => {
    const children = [
      { id: `${name}-1`, core: 1 },
      { id: `${name}-2`, core: 2 },
    ]
    return defineApplication<string, { size: ReturnType<typeof setting.number> }, Record<string, string>, string>(
      import.meta.url,
      name,
      {
        dependencies: DEPENDENCIES[name] ?? [],
        config: { size: setting.number({ default: 1 }) },
        tree: () => child(tree, { log: logRef, intensity: 10, children }, { core: name === 'a' ? 2 : 1 }),
        async start() {
          told.push(`start ${name}`)
          await new Promise((resolve) => setTimeout(resolve, 3))
          return name
        },
        phases: { open: () => new Promise((resolve) => setTimeout(resolve, 1)) },
        prepStop: () => new Promise((resolve) => setTimeout(resolve, 2)),
        stop: (state) => {
          told.push(`stop ${state}`)
        },
      },
    ) as unknown as Application
  })
}

test('C-52 storms of starts, stops and deaths of cores leave an orderly system', async () => {
  const seen = new Set<string>()
  await simulate(
    async (sim) => {
      for (const behaviour of [log, member, tree]) sim.learn(behaviour as never)
      const told: string[] = []
      const all = applications(told, (await sim.spawn(log, undefined, { core: 0 })) as never)
      const before = (await sim.system.report()).map(({ actors }) => actors)
      const env: Record<string, string> = {}
      const some = (): Application[] => all.filter(() => sim.random.chance(0.6))
      const calls: Promise<string>[] = []
      const call = (made: Promise<unknown>): void => {
        const codeOf = (error: unknown): string => (error as CambiumError).code
        calls.push(made.then(() => 'well', codeOf))
      }
      for (let i = 0; i < 25; i += 1) {
        const chance = sim.random.next()
        if (chance < 0.4) call(startApplications(sim.system, some(), { env }))
        else if (chance < 0.65) call(stopApplications(sim.system, some()))
        else if (chance < 0.75) {
          env['B_SIZE'] = `${i}`
          call(reloadConfig(sim.system))
        } else if (chance < 0.85) sim.killCore(sim.random.pick([1, 2]))
        await sim.advance(sim.random.below(12))
      }
      for (const code of await Promise.all(calls)) {
        seen.add(code)
        if (code !== 'well') expect(ORDERLY).toContain(code)
      }
      const runs = whichApplications(sim.system).map(({ name, status }) => {
        expect(status).toBe('running')
        return name
      })
      for (const name of runs) expect(runs).toEqual(expect.arrayContaining([...(DEPENDENCIES[name] ?? [])]))
      for (const name of NAMES) {
        const own = told.filter((line) => line.endsWith(` ${name}`)).map((line) => line.split(' ')[0])
        expect(own).toEqual(own.map((_, at) => (at % 2 === 0 ? 'start' : 'stop'))) // in turn
        expect(own.at(-1) === 'start').toBe(runs.includes(name))
      }
      told.length = 0
      await sim.advance('10s') // cores that have died are back
      if (sim.random.chance(0.5)) {
        await stopApplications(
          sim.system,
          all.filter(({ name }) => runs.includes(name)),
        )
        await sim.settle()
        expect((await sim.system.report()).map(({ actors }) => actors)).toEqual(before)
      } else await sim.system.shutdown()
      expect(told).toEqual(runs.toReversed().map((name) => `stop ${name}`))
      expect(whichApplications(sim.system)).toEqual([])
    },
    { runs: 60, cores: 2, options: { coreIntensity: 1000 } },
  )
  expect(seen).toContain('well')
  expect(seen).toContain('ERR_STOPPED_DURING_START')
})
