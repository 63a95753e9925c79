/** Supervisors on real threads: their children crash, their cores die, their tree is stopped. */
import { once } from 'node:events'
import type { Ref } from '@cambium/actor'
import { child, startSystem } from '@cambium/runtime'
import type { System } from '@cambium/runtime'
import { afterEach, beforeEach, expect, test } from 'vitest'
import {
  childRef,
  countChildren,
  definePartitionSupervisor,
  partitionRef,
  startChild,
  terminateChild,
  whichChildren,
} from '../src/index.ts'
import { watchSystem } from '../../runtime/test/nothing-left.ts'
import type { SupervisorRef } from '../src/index.ts'
import { linesOf, log, member, tree } from './fixtures/family.ts'
import type { LogMessage, MemberMessage } from './fixtures/family.ts'
import { brood, egg, shards } from './fixtures/brood.ts'

type Member = Ref<MemberMessage, number>

let system: System
let expectNothingLeft: () => Promise<void>
let logRef: Ref<LogMessage, readonly string[]>
beforeEach(async () => {
  system = await startSystem({ cores: 2, handleSignals: false })
  expectNothingLeft = await watchSystem(system)
  logRef = await system.spawn(log, undefined, { core: 0 })
})
afterEach(async () => {
  await expectNothingLeft()
  await system.shutdown()
})

const memberOf = async (supervisor: SupervisorRef, id: string): Promise<Member> =>
  (await childRef<MemberMessage, number>(supervisor, id)) as Member

test('C-SUP-8 R1.6 children on every core start in order, are restarted behind their refs, and stop in reverse', async () => {
  const children = [
    { id: 'a', core: 1 },
    { id: 'b', core: 2 },
    { id: 'c', core: 0 },
  ]
  const top = await system.spawn(tree, { log: logRef, strategy: 'rest_for_one', intensity: 5, children }, { core: 1 })
  const [a, b, c] = [await memberOf(top, 'a'), await memberOf(top, 'b'), await memberOf(top, 'c')]
  expect([await a.ask('where'), await b.ask('where'), await c.ask('where')]).toEqual([1, 2, 0])
  const restarted = once(system.events, 'actor_restarted')
  for (const each of [a, b, c]) await each.send('touch')
  await b.ask('crash').catch(() => {})
  await restarted
  expect([await a.ask('count'), await b.ask('count'), await c.ask('count')]).toEqual([1, 0, 0])
  await system.stop(top)
  await expect(a.ask('count')).rejects.toMatchObject({ code: 'ERR_NO_SUCH_ACTOR' })
  const lines = await linesOf(logRef)
  for (const id of ['a', 'b', 'c']) expect(lines.filter((line) => line === `start ${id}`).length).toBe(id === 'a' ? 1 : 2)
})

test('D8 R3.3 a core dies with a supervisor and children: the tree is back behind the same refs', async () => {
  const below = {
    log: logRef,
    children: [
      { id: 'x', core: 1 },
      { id: 'y', core: 2 },
    ],
  }
  const children = [
    { id: 'inner', core: 2, below },
    { id: 'z', core: 1 },
  ]
  const top = await system.spawn(tree, { log: logRef, intensity: 5, children }, { core: 1 })
  const inner = (await childRef(top, 'inner')) as unknown as SupervisorRef
  const [x, y, z] = [await memberOf(inner, 'x'), await memberOf(inner, 'y'), await memberOf(top, 'z')]
  for (const core of [1, 2, 1]) {
    const restarted = once(system.events, 'core_restarted')
    system.killCore(core)
    await restarted
    for (const each of [x, y, z]) expect(await each.ask('count', { timeoutMs: 20_000 })).toBe(0)
    expect((await memberOf(inner, 'y')).equals(y)).toBe(true)
    expect((await whichChildren(top)).map(({ id, status }) => [id, status])).toEqual([
      ['inner', 'running'],
      ['z', 'running'],
    ])
  }
})

test('C-SUP-16 a dynamic supervisor of 20,000 children starts them, restarts one of them, and stops', async () => {
  const top = await system.spawn(brood, undefined, { core: 1 })
  const start = (n: number) => startChild(top, child(egg, n), { timeoutMs: 60_000 })
  const eggs = (await Promise.all(Array.from({ length: 20_000 }, (_, n) => start(n)))).filter((ref) => ref !== undefined)
  expect(await countChildren(top)).toMatchObject({ specs: 20_000, active: 20_000 })
  const [first, other] = [eggs[0], eggs[10_000]] as [(typeof eggs)[0], (typeof eggs)[0]]
  await expect(other.ask('crash')).rejects.toMatchObject({ code: 'ERR_ACTOR_CRASHED' })
  expect(await other.ask('which')).toBe(10_000)
  await terminateChild(top, other as never)
  expect(await countChildren(top)).toMatchObject({ specs: 19_999 })
  await system.stop(top)
  await expect(first.ask('which')).rejects.toMatchObject({ code: 'ERR_NO_SUCH_ACTOR' })
})

test('R2.6 a partition supervisor has one child on each core, found by key', async () => {
  const top = await system.spawn(shards, { log: logRef }, {})
  expect((await whichChildren(top)).map(({ id }) => id)).toEqual(['core-1', 'core-2'])
  const found = await Promise.all(['a', 'b', 'c', 'd', 'e', 'f'].map((key) => partitionRef(top, shards, key)))
  const cores = await Promise.all(found.map((ref) => ref.ask('where')))
  expect(new Set(cores)).toEqual(new Set([1, 2]))
  expect((await partitionRef(top, shards, 'a')).equals(found[0] as Member)).toBe(true)
  expect(() => definePartitionSupervisor(import.meta.url, 'wrong', { behaviour: member, argumentOf: 1 as never })).toThrow(
    expect.objectContaining({ code: 'ERR_BEHAVIOUR' }),
  )
})

test('C-37 a child has its name in the system while its incarnation lives, on whichever core', async () => {
  const children = [
    { id: 'a', core: 1, name: 'ada' },
    { id: 'b', core: 2, name: 'grace' },
  ]
  const top = await system.spawn(tree, { log: logRef, intensity: 5, children }, { core: 1 })
  const [a, b] = [await memberOf(top, 'a'), await memberOf(top, 'b')]
  expect(system.whereis('ada')?.equals(a)).toBe(true)
  expect(system.whereis('grace')?.equals(b)).toBe(true)
  await expect(system.spawn(log, undefined, { name: 'ada' })).rejects.toMatchObject({ code: 'ERR_NAME_TAKEN' })
  const same = child(member, { id: 'c', log: logRef }, { id: 'c', name: 'grace', core: 2 })
  await expect(startChild(top, same)).rejects.toMatchObject({ code: 'ERR_NAME_TAKEN' })
  expect((await countChildren(top)).specs).toBe(2)

  const restarted = once(system.events, 'actor_restarted')
  a.tell('crash')
  await restarted
  expect(system.whereis('ada')?.equals(a)).toBe(true)
  const back = once(system.events, 'core_restarted')
  system.killCore(2)
  await back
  expect(await b.ask('count', { timeoutMs: 20_000 })).toBe(0)
  expect(system.whereis('grace')?.equals(b)).toBe(true)

  await terminateChild(top, 'a')
  expect(system.whereis('ada')).toBeUndefined()
  const other = await system.spawn(log, undefined, { name: 'ada' })
  expect(system.whereis('ada')?.equals(other)).toBe(true)
  const down = system.monitor(b)
  await system.stop(top)
  await down
  expect(system.whereis('grace')).toBeUndefined()
})

test('C-50 a supervisor can be looked into: its flags and children; its state is its own', async () => {
  const top = await system.spawn(tree, { log: logRef, intensity: 7, children: [{ id: 'a', core: 2 }] }, { core: 1, name: 'top' })
  const look = system.inspect(top)
  const shown = { phase: 'live', flags: { intensity: 7 }, count: 1, children: [{ id: 'a', status: 'running', kind: 'worker' }] }
  expect(await look.getState()).toMatchObject(shown)
  expect(await look.getStatus()).toMatchObject({ kind: 'supervisor', name: 'top', state: shown })
  const module = new URL('./fixtures/family.ts', import.meta.url)
  await expect(look.replaceState(module, 'linesOf')).rejects.toMatchObject({ code: 'ERR_REPLACE_STATE' })
  await look.suspend()
  expect((await look.getStatus()).isSuspended).toBe(true)
  await look.resume()
  expect((await whichChildren(top)).map(({ id }) => id)).toEqual(['a'])
})
