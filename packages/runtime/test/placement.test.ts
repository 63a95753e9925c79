/** Where actors go: a given core, the core of a key, or evenly over the workers (R2.6). And their names. */
import { child } from '@cambium/runtime'
import { expect, it } from 'vitest'
import { counter } from './fixtures/counter.ts'
import type { CounterMessage, CounterReply } from './fixtures/counter.ts'
import { expectActors, failureOf, next, start } from './harness.ts'

it('puts an actor on the core that is asked for, the main thread included', async () => {
  const system = await start({ cores: 2 })
  for (const core of [0, 1, 2]) {
    const ref = await system.spawn(counter, 0, { core })
    expect(ref.core).toBe(core)
    expect(await ref.ask({ type: 'where' })).toMatchObject({ core, incarnation: 0 })
  }
})

it('puts actors with one key on one core, and keys on several', async () => {
  const system = await start({ cores: 2 })
  const cores = new Map<string, number>()
  for (let i = 0; i < 20; i += 1) {
    const key = `order-${i}`
    const refs = await Promise.all([
      system.spawn(counter, 0, { key }),
      system.spawn(counter, 0),
      system.spawn(counter, 0, { key }),
    ])
    expect(refs[2].core).toBe(refs[0].core)
    cores.set(key, refs[0].core)
  }
  expect(new Set(cores.values())).toEqual(new Set([1, 2]))
})

it('spreads the others evenly over the workers, and fills up where actors have gone', async () => {
  const system = await start({ cores: 2 })
  const refs = await Promise.all(Array.from({ length: 20 }, () => system.spawn(counter, 0)))
  const on = (core: number) => refs.filter((ref) => ref.core === core)
  expect([on(0).length, on(1).length, on(2).length]).toEqual([0, 10, 10])
  for (const ref of on(2)) await system.stop(ref)
  const more = await Promise.all(Array.from({ length: 10 }, () => system.spawn(counter, 0)))
  expect(more.map(({ core }) => core)).toEqual(more.map(() => 2))
  await expectActors(system, [0, 10, 10])
})

it('with cores: 0 everything runs on the main thread', async () => {
  const system = await start({ cores: 0 })
  expect(system.cores).toBe(0)
  const ref = await system.spawn(counter, 4, { key: 'any' })
  expect(await ref.ask({ type: 'where' })).toEqual({ type: 'at', core: 0, incarnation: 0 })
  const back = next(system, 'actor_restarted')
  expect(await failureOf(ref.ask({ type: 'boom' }))).toMatchObject({ code: 'ERR_ACTOR_CRASHED' })
  await back
  expect(await ref.ask({ type: 'read' })).toEqual({ type: 'value', value: 4 })
  expect(await failureOf(system.spawn(counter, 0, { core: 1 }))).toMatchObject({ code: 'ERR_OPTION' })
  expect(await system.report()).toHaveLength(1)
})

it('a name is taken by one actor at a time, found by whereis, and free after its end', async () => {
  const system = await start()
  const ref = await system.spawn(counter, 1, { name: 'ada' })
  expect(system.whereis('ada')?.equals(ref)).toBe(true)
  expect(system.whereis('bob')).toBeUndefined()
  const error = await failureOf(system.spawn(counter, 2, { name: 'ada', core: 0 }))
  expect(error).toMatchObject({ code: 'ERR_NAME_TAKEN', message: 'name is taken: name=ada', fields: { name: 'ada' } })
  expect(
    await failureOf(system.supervise({ x: child(counter, 0, { name: 'bob' }), y: child(counter, 0, { name: 'ada' }) })),
  ).toMatchObject({ code: 'ERR_NAME_TAKEN' })
  expect(system.whereis('bob')).toBeUndefined()
  const found = system.whereis<CounterMessage, CounterReply>('ada')
  expect(await found?.ask({ type: 'read' })).toEqual({ type: 'value', value: 1 })
  await system.stop(ref)
  expect(system.whereis('ada')).toBeUndefined()
  const heir = await system.spawn(counter, 3, { name: 'ada' })
  expect(heir.equals(ref)).toBe(false)
  expect(system.whereis('ada')?.equals(heir)).toBe(true)
  // Two at once: one of them.
  const outcomes = await Promise.allSettled([
    system.spawn(counter, 1, { name: 'eve', core: 0 }),
    system.spawn(counter, 2, { name: 'eve', core: 1 }),
  ])
  expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected'])
})
