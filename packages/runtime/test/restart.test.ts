/** Actors spawned singly: restart types, budgets, names (D8, R1.6, R3.1, R3.4). */
import { expect, it } from 'vitest'
import { counter } from './fixtures/counter.ts'
import { gate, gated } from './fixtures/gate.ts'
import { oneLife } from './fixtures/starter.ts'
import { collect, expectActors, failureOf, next, settled, start } from './harness.ts'

it.for([
  { restart: 'permanent', end: 'stop', isBack: true },
  { restart: 'permanent', end: 'boom', isBack: true },
  { restart: 'transient', end: 'stop', isBack: false },
  { restart: 'transient', end: 'boom', isBack: true },
  { restart: 'temporary', end: 'stop', isBack: false },
  { restart: 'temporary', end: 'boom', isBack: false },
] as const)('$restart after $end: back=$isBack, here and on a worker', async ({ restart, end, isBack }) => {
  const system = await start()
  for (const core of [0, 1]) {
    const ref = await system.spawn(counter, 3, { core, restart, name: 'c' })
    const exited = next(system, 'actor_exited')
    const restarted = isBack ? next(system, 'actor_restarted') : undefined
    ref.tell({ type: 'inc' })
    ref.tell({ type: end })
    const reason = end === 'stop' ? { kind: 'normal' } : { kind: 'crash', error: { message: 'boom' } }
    expect(await exited).toMatchObject({
      actor: { core, slot: ref.slot, generation: ref.generation },
      name: 'c',
      reason,
      incarnation: 0,
    })
    if (isBack) {
      expect(await restarted).toMatchObject({ actor: { core, slot: ref.slot, generation: ref.generation }, name: 'c' })
      expect(await ref.ask({ type: 'read' })).toEqual({ type: 'value', value: 3 })
      expect(await ref.ask({ type: 'where' })).toMatchObject({ core, incarnation: 1 })
      expect(system.whereis('c')?.equals(ref)).toBe(true)
      await system.stop(ref)
    } else {
      expect(await failureOf(ref.ask({ type: 'read' }))).toMatchObject({ code: 'ERR_NO_SUCH_ACTOR' })
      expect(system.whereis('c')).toBeUndefined()
    }
  }
  await expectActors(system, [0, 0])
  await settled(system)
  expect(system.books().dead.crashed).toBe(end === 'boom' ? 2 : 0)
})

it('messages behind the one that crashed it reach the next incarnation, in order (C-38)', async () => {
  const system = await start()
  const ref = await system.spawn(counter, 0, { core: 1 })
  ref.tell({ type: 'inc' })
  const crashed = failureOf(ref.ask({ type: 'boom' }))
  const after = [ref.ask({ type: 'read' }), ref.ask({ type: 'where' })]
  expect(await crashed).toMatchObject({ code: 'ERR_ACTOR_CRASHED', cause: { message: 'boom' } })
  expect(await Promise.all(after)).toEqual([
    { type: 'value', value: 0 },
    { type: 'at', core: 1, incarnation: 1 },
  ])
})

it('an actor that crashes beyond its own intensity is given up; the rest lives', async () => {
  const system = await start()
  const other = await system.spawn(counter, 8, { core: 1 })
  const ref = await system.spawn(counter, 0, { core: 1, name: 'looping', intensity: 2 })
  const givenUp = next(system, 'given_up')
  for (let crash = 0; crash < 3; crash += 1) ref.tell({ type: 'boom' })
  expect(await givenUp).toEqual({ name: 'looping', restarts: 3, reason: 'boom' })
  expect(await failureOf(ref.ask({ type: 'read' }))).toMatchObject({ code: 'ERR_NO_SUCH_ACTOR' })
  expect(system.whereis('looping')).toBeUndefined()
  expect(await other.ask({ type: 'read' })).toEqual({ type: 'value', value: 8 })
  await expectActors(system, [0, 1])
  await system.spawn(counter, 0, { name: 'looping' })
})

it('a restart that keeps failing uses up the intensity (C-3)', async () => {
  const system = await start()
  const ref = await system.spawn(oneLife, undefined, { core: 1, name: 'once' })
  expect(await ref.ask({ type: 'ping' })).toBe('pong')
  const givenUp = next(system, 'given_up')
  ref.tell({ type: 'boom' })
  expect(await givenUp).toEqual({ name: 'once', restarts: 4, reason: 'init failed: actor=once, error=Error: one life only' })
  expect(await failureOf(ref.ask({ type: 'ping' }))).toMatchObject({ code: 'ERR_NO_SUCH_ACTOR' })
  await expectActors(system, [0, 0])
})

it('an actor that is stopped while it is being restarted stays stopped', async () => {
  const system = await start()
  const door = await system.spawn(gate, { isOpen: true }, { core: 0 })
  for (const core of [0, 1]) {
    const ref = await system.spawn(gated, door, { core, name: 'gated' })
    const restarts = collect(system, 'actor_restarted')
    door.tell({ type: 'close' })
    ref.tell({ type: 'boom' })
    await door.ask({ type: 'arrived', count: 2 + core * 2 })
    expect(await system.stop(ref)).toMatchObject({ kind: 'crash', error: { code: 'ERR_STOPPED_DURING_START' } })
    door.tell({ type: 'open' })
    expect(await failureOf(ref.ask({ type: 'where' }))).toMatchObject({ code: 'ERR_NO_SUCH_ACTOR' })
    expect(system.whereis('gated')).toBeUndefined()
    expect(restarts).toEqual([])
  }
  await expectActors(system, [1, 0])
})

it('a stop that meets a crash on its way: the actor is gone, whichever came first', async () => {
  const system = await start()
  for (let round = 0; round < 50; round += 1) {
    const ref = await system.spawn(counter, 0, { core: 1, name: 'c', restart: 'permanent', intensity: 1000 })
    ref.tell({ type: 'boom' })
    ref.tell({ type: 'boom' })
    await system.stop(ref)
    expect(system.whereis('c')).toBeUndefined()
  }
  await expectActors(system, [0, 0])
})
