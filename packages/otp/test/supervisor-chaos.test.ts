/**
 * Random trees of supervisors over all cores, under every fault the simulator has, and crashes of their members: when the faults stop the whole tree is
 * there again, behind the same refs, and nothing is left when it is stopped.
 */
import type { Ref } from '@cambium/actor'
import { simulate } from '@cambium/testkit'
import type { Simulation } from '@cambium/testkit'
import { expect, test } from 'vitest'
import { childRef, whichChildren } from '../src/index.ts'
import type { SupervisorRef } from '../src/index.ts'
import { log, member, tree } from './fixtures/family.ts'
import type { LogMessage, MemberMessage, Offspring, TreeSetting } from './fixtures/family.ts'

const CORES = 3
const LEVELS = 3

function randomTree(sim: Simulation, logRef: Ref<LogMessage>, level = 0): TreeSetting {
  const { random } = sim
  const children = Array.from({ length: 1 + random.below(3) }, (_, n): Offspring => {
    const placed = random.below(3) === 0 ? {} : { core: random.below(CORES + 1) }
    if (level < LEVELS && random.below(3) === 0) return { id: `s${n}`, ...placed, below: randomTree(sim, logRef, level + 1) }
    return { id: `m${n}`, ...placed }
  })
  const strategy = random.pick(['one_for_one', 'one_for_all', 'rest_for_one'] as const)
  return { log: logRef, strategy, intensity: 1000, children }
}

async function membersOf(supervisor: SupervisorRef, setting: TreeSetting): Promise<Ref<MemberMessage, number>[]> {
  const found: Ref<MemberMessage, number>[] = []
  for (const { id, below } of setting.children) {
    const ref = await childRef(supervisor, id, { timeoutMs: 60_000 })
    if (ref === undefined) continue
    if (below === undefined) found.push(ref as unknown as Ref<MemberMessage, number>)
    else found.push(...(await membersOf(ref as unknown as SupervisorRef, below)))
  }
  return found
}

/** A first start may meet the death of a core: whoever asked for it is told, and asks again. */
async function started(sim: Simulation, setting: TreeSetting): Promise<SupervisorRef> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await sim.spawn(tree, setting, { name: 'top', core: 1, intensity: 1000 })
    } catch (error) {
      if (attempt === 100) throw error
      await sim.advance(50)
    }
  }
}

async function survives(sim: Simulation): Promise<void> {
  for (const behaviour of [log, member, tree]) sim.learn(behaviour as never)
  const logRef = await sim.spawn(log, undefined, { core: 0, mailbox: { overflow: 'drop-newest' } })
  const setting = randomTree(sim, logRef)
  const top = await started(sim, setting)
  const before = await membersOf(top, setting).catch(() => [])
  for (let round = 0; round < 10; round += 1) {
    const victim = before[sim.random.below(before.length)]
    if (victim !== undefined) sim.crash(victim)
    if (sim.random.below(3) === 0) sim.killCore(1 + sim.random.below(CORES))
    await sim.advance(sim.random.below(50))
  }
  sim.heal()
  await sim.advance('2m')
  const after = await membersOf(top, setting)
  for (const ref of before) expect(after.some((other) => other.equals(ref))).toBe(true)
  for (const ref of after) expect(await ref.ask('count')).toBe(0)
  for (const each of await whichChildren(top)) expect(each.status).toBe('running')
  await sim.system.stop(top)
  await sim.settle()
  for (const ref of after) expect(sim.isGone(ref)).toBe(true)
}

const SETTING = { cores: CORES, faults: true, options: { coreIntensity: 10_000 }, shrinkRuns: 0 }

test('D8 R3.3 a tree survives crashes and the deaths of cores, its own too', async () => {
  await simulate(survives, { ...SETTING, seed: 7, runs: 60 })
})

test.each([
  ['a child starts when the root is sure to learn of its slot', 301_194_648],
  ['the end of a child that an earlier life of its supervisor had started is not that of the present one', 40_072],
  ['on core 0 the end of a child comes after the answer to its start', 40_076],
  ['a supervisor in a slot that another one had before does not share its fate', 43_334],
])('D8 every child is behind the same ref: %s', async (_, seed) => {
  await simulate(survives, { ...SETTING, seed })
})
