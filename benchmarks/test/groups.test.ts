/** The cases of every subcommand as they are declared: names that are unique, ratios of results that there can be, goals that are met by a ratio. */
import { expect, test } from 'vitest'
import { caseName } from '../src/case.ts'
import { scaleAbsent } from '../src/cases/actors/run-scale.ts'
import { goalText } from '../src/goals.ts'
import { isNumber } from '../src/report.ts'
import { SUBCOMMANDS } from '../src/subcommands.ts'

test.each(SUBCOMMANDS.map(({ name }) => name))(
  'the cases of %s have names of their own, and ratios that refer to them',
  async (name) => {
    const groups = (await SUBCOMMANDS.find((one) => one.name === name)?.load(1)) ?? []
    const names = groups.flatMap((group) => group.cases.map((benchCase) => caseName(group, benchCase)))
    expect(names.length).toBeGreaterThan(0)
    expect(new Set(names).size).toBe(names.length)
    const isResult = (result: string): boolean => names.some((one) => result === one || result.startsWith(`${one}/`))
    for (const { ratios } of groups) {
      for (const { of, to } of ratios) expect([of, isResult(of), to, isNumber(to) || isResult(to)]).toEqual([of, true, to, true])
    }
    const ratios = groups.flatMap((group) => group.ratios.map((ratio) => ratio.name))
    expect(new Set(ratios).size).toBe(ratios.length)
  },
)

test('peers gives every ratio over a peer that has a goal, and its quick run needs no case outside the goals', async () => {
  const groups = (await SUBCOMMANDS.find(({ name }) => name === 'peers')?.load(1)) ?? []
  const goals = groups.flatMap((group) => group.ratios.map(({ name }) => name)).filter((name) => goalText(name) !== '')
  expect(goals.toSorted()).toEqual([
    'ask.local/beam',
    'ask.remote/beam',
    'ask.remote/comlink',
    'memory.actor/beam',
    'restart/beam',
    'ring/disruptor.1p1c.batch',
    'ring/disruptor.1p1c.single',
    'ring/floor.rtt',
    'spawn/beam',
    'tell.local/beam',
    'tell.remote.general/beam',
    'tell.remote.typed/beam',
  ])
  for (const group of groups.filter(({ quick }) => quick)) {
    expect(group.cases.filter(({ quick }) => quick !== false)).toHaveLength(2)
  }
})

test('a million actors are not tried where they cannot have their memory', () => {
  expect(scaleAbsent({ cores: 2, actors: 10, chunk: 10 })).toBeUndefined()
  expect(scaleAbsent({ cores: 2, actors: 1e12, chunk: 10 })).toMatch(
    /^not enough memory: needed=3725290\.3 GiB, available=\d+\.\d GiB$/,
  )
})
