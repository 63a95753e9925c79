/** Teams under one supervisor each, and the root supervisor above them (R0.2, R1.6, R3.4, R3.5; C-1, C-4, C-8, C-12, C-18). */
import { child } from '@cambium/runtime'
import type { System } from '@cambium/runtime'
import { describe, expect, it } from 'vitest'
import { counter } from './fixtures/counter.ts'
import { mayfly } from './fixtures/mayfly.ts'
import { member, recorder } from './fixtures/recorder.ts'
import type { Recorder } from './fixtures/recorder.ts'
import { starter } from './fixtures/starter.ts'
import { collect, expectActors, failureOf, next, settled, start, startWithSpare } from './harness.ts'

type MemberOptions = NonNullable<Parameters<typeof child>[2]>

const logOf = (system: System): Promise<Recorder> => system.spawn(recorder, {}, { core: 0, name: 'log' })
const abc = (log: Recorder, options: MemberOptions = {}) => ({
  a: child(member, { name: 'a', recorder: log }, { core: 1, name: 'a', ...options }),
  b: child(member, { name: 'b', recorder: log }, { core: 2, name: 'b', ...options }),
  c: child(member, { name: 'c', recorder: log }, { core: 1, name: 'c', ...options }),
})
const back = (system: System, name: string) => next(system, 'actor_restarted', (detail) => detail.name === name)

describe('strategies, over two cores', () => {
  it.for([
    ['one_for_one', 'stop b, start b', 'b', [0, 1, 0]],
    ['one_for_all', 'stop b, stop c, stop a, start a, start b, start c', 'c', [1, 1, 1]],
    ['rest_for_one', 'stop b, stop c, start b, start c', 'c', [0, 1, 1]],
  ] as const)('%s: %s', async ([strategy, order, last, incarnations]) => {
    const system = await start({ cores: 2 })
    const log = await logOf(system)
    const refs = await system.supervise(abc(log), { strategy })
    expect(await log.ask({ type: 'all' })).toEqual(['start a', 'start b', 'start c'])
    const done = back(system, last)
    refs.b.tell({ type: 'boom' })
    await done
    expect((await log.ask({ type: 'all' })).slice(3).join(', ')).toBe(order)
    const [a, b, c] = await Promise.all([
      refs.a.ask({ type: 'where' }),
      refs.b.ask({ type: 'where' }),
      refs.c.ask({ type: 'where' }),
    ])
    expect([a.incarnation, b.incarnation, c.incarnation]).toEqual(incarnations)
    expect(system.whereis('b')?.equals(refs.b)).toBe(true)
  })
})

describe('the loss of a core', () => {
  it.for([
    ['one_for_one', 'start a, start c', 'c'],
    ['one_for_all', 'stop b, start a, start b, start c', 'c'],
    ['rest_for_one', 'stop b, start a, start b, start c', 'c'],
  ] as const)('counts as one restart for a team, its children come back in order: %s (C-18)', async ([strategy, order, last]) => {
    const system = await startWithSpare({ cores: 2 })
    const log = await logOf(system)
    // Two children on the core, and only one restart is borne.
    const refs = await system.supervise(abc(log), { strategy, intensity: 1 })
    const givenUp = collect(system, 'given_up')
    const done = back(system, last)
    system.killCore(1)
    await done
    expect((await log.ask({ type: 'all' })).slice(3).join(', ')).toBe(order)
    expect(givenUp).toEqual([])
    expect(await refs.a.ask({ type: 'where' })).toEqual({ core: 1, incarnation: 1 })
    await expectActors(system, [1, 2, 1])
  })

  it('during the start of a team: the start fails, and what it had started is stopped again', async () => {
    const system = await startWithSpare({ cores: 2, turnTimeoutMs: 150 })
    const log = await logOf(system)
    const { a } = abc(log)
    const lost = next(system, 'core_restarted')
    const error = await failureOf(
      system.supervise({
        a,
        looping: child(starter, 'loop', { core: 1, name: 'looping' }),
        c: child(counter, 0, { core: 2, name: 'c' }),
      }),
    )
    expect(error.code).toBe('ERR_CORE_LOST')
    await lost
    await settled(system)
    await expectActors(system, [1, 0, 0])
    for (const name of ['a', 'looping', 'c']) expect(system.whereis(name)).toBeUndefined()
  })
})

it('a child that does not start: those before it are stopped in reverse, names and slots are free', async () => {
  const system = await start({ cores: 2 })
  const log = await logOf(system)
  const { a, b, c } = abc(log)
  const error = await failureOf(system.supervise({ a, b, broken: child(starter, 'throw', { core: 1, name: 'broken' }), c }))
  expect(error).toMatchObject({
    code: 'ERR_INIT_FAILED',
    message: 'init failed: actor=broken, error=RangeError: init threw on purpose',
  })
  expect(await log.ask({ type: 'all' })).toEqual(['start a', 'start b', 'stop b', 'stop a'])
  for (const name of ['a', 'b', 'broken', 'c']) expect(system.whereis(name)).toBeUndefined()
  await expectActors(system, [1, 0, 0])
  const refs = await system.supervise({ a, b, c })
  expect(await refs.c.ask({ type: 'where' })).toEqual({ core: 1, incarnation: 0 })
})

it('a team that used up its restarts is started again by the root, behind the same refs; others notice nothing (R3.5)', async () => {
  const system = await start({ cores: 2 })
  const log = await logOf(system)
  const refs = await system.supervise(abc(log), { name: 'audit', intensity: 0 })
  const other = await system.supervise({ x: child(counter, 6, { core: 1 }) })
  const givenUp = next(system, 'given_up')
  const done = back(system, 'c')
  refs.a.tell({ type: 'boom' })
  expect(await givenUp).toEqual({ name: 'audit', restarts: 1, reason: 'boom' })
  await done
  expect((await log.ask({ type: 'all' })).slice(3)).toEqual(['stop a', 'stop c', 'stop b', 'start a', 'start b', 'start c'])
  for (const ref of Object.values(refs)) expect(await ref.ask({ type: 'where' })).toEqual({ core: ref.core, incarnation: 1 })
  expect(await other.x.ask({ type: 'where' })).toMatchObject({ incarnation: 0 })
  await expectActors(system, [1, 3, 1])
})

it('teams that fail more often than the root bears end the system: terminated says why, the process lives (R3.1, R3.4)', async () => {
  const system = await start({ cores: 1, intensity: 1 })
  const refs = await system.supervise({ a: child(counter, 0, { core: 1, name: 'a' }) }, { name: 'weak', intensity: 0 })
  const first = back(system, 'a')
  refs.a.tell({ type: 'boom' })
  await first
  const givenUp = collect(system, 'given_up')
  refs.a.tell({ type: 'boom' })
  const { reason, error } = await system.terminated
  expect(reason).toBe('failed')
  expect(error).toMatchObject({
    code: 'ERR_RESTART_INTENSITY',
    message: 'supervisors failed too often: intensity=1, periodMs=5000',
  })
  expect(givenUp.map(({ name }) => name)).toEqual(['weak', 'root'])
  expect(await failureOf(refs.a.ask({ type: 'read' }))).toMatchObject({ code: 'ERR_SYSTEM_CLOSED' })
  const another = await start()
  expect(await (await another.spawn(counter, 2)).ask({ type: 'read' })).toEqual({ type: 'value', value: 2 })
})

it('a team whose children no longer start escalates too', async () => {
  const system = await start({ cores: 1, intensity: 1 })
  const log = await logOf(system)
  const refs = await system.supervise(
    { a: child(member, { name: 'a', recorder: log, failsFrom: 1 }, { core: 1 }) },
    { intensity: 1 },
  )
  refs.a.tell({ type: 'boom' })
  expect(await system.terminated).toMatchObject({ reason: 'failed', error: { code: 'ERR_RESTART_INTENSITY' } })
})

describe('temporary and transient children', () => {
  it('a temporary child that ends is gone, its siblings go on; one_for_all leaves it out (C-4)', async () => {
    const system = await start({ cores: 2 })
    const log = await logOf(system)
    const { a, c } = abc(log)
    const once = child(member, { name: 'once', recorder: log }, { core: 2, name: 'once', restart: 'temporary' })
    const refs = await system.supervise({ a, once, c }, { strategy: 'one_for_all' })
    const exited = next(system, 'actor_exited')
    refs.once.tell({ type: 'boom' })
    await exited
    expect(await failureOf(refs.once.ask({ type: 'where' }))).toMatchObject({ code: 'ERR_NO_SUCH_ACTOR' })
    expect(system.whereis('once')).toBeUndefined()
    const done = back(system, 'c')
    refs.c.tell({ type: 'boom' })
    await done
    expect((await log.ask({ type: 'all' })).slice(3)).toEqual(['stop once', 'stop c', 'stop a', 'start a', 'start c'])
    await expectActors(system, [1, 2, 0])
  })

  it('a temporary child stopped by one_for_all is not started again, and its slot is free (C-4)', async () => {
    const system = await start({ cores: 2 })
    const log = await logOf(system)
    const { a, c } = abc(log)
    const once = child(member, { name: 'once', recorder: log }, { core: 2, name: 'once', restart: 'temporary' })
    const refs = await system.supervise({ a, once, c }, { strategy: 'one_for_all' })
    const done = back(system, 'c')
    refs.a.tell({ type: 'boom' })
    await done
    expect((await log.ask({ type: 'all' })).slice(3)).toEqual(['stop a', 'stop c', 'stop once', 'start a', 'start c'])
    expect(await failureOf(refs.once.ask({ type: 'where' }))).toMatchObject({ code: 'ERR_NO_SUCH_ACTOR' })
    expect(system.whereis('once')).toBeUndefined()
    await expectActors(system, [1, 2, 0])
  })

  it('a restart of the whole team brings all of them back, those that had ended under new refs (C-12)', async () => {
    const system = await start({ cores: 2 })
    const log = await logOf(system)
    const { a } = abc(log)
    const once = child(member, { name: 'once', recorder: log }, { core: 2, name: 'once', restart: 'temporary' })
    const done = child(member, { name: 'done', recorder: log }, { core: 1, name: 'done', restart: 'transient' })
    const refs = await system.supervise({ once, done, a }, { intensity: 0 })
    const ends = collect(system, 'actor_exited')
    refs.once.tell({ type: 'boom' })
    refs.done.tell({ type: 'stop' })
    expect(await failureOf(refs.once.ask({ type: 'where' }))).toMatchObject({ code: 'ERR_NO_SUCH_ACTOR' })
    expect(await failureOf(refs.done.ask({ type: 'where' }))).toMatchObject({ code: 'ERR_NO_SUCH_ACTOR' })
    expect(new Set(ends.map(({ name }) => name))).toEqual(new Set(['done', 'once']))
    const again = back(system, 'a')
    refs.a.tell({ type: 'boom' })
    await again // the last of the three
    const revived = ['once', 'done'].map((name) => system.whereis(name))
    expect(revived.map((ref) => ref === undefined)).toEqual([false, false])
    expect(revived[0]?.equals(refs.once)).toBe(false)
    expect(revived[1]?.equals(refs.done)).toBe(false)
    expect(await refs.a.ask({ type: 'where' })).toEqual({ core: 1, incarnation: 1 })
  })
})

it('a member of a team is not stopped singly: ERR_TEAM_MEMBER', async () => {
  const system = await start()
  const { a } = await system.supervise({ a: child(counter, 1, { core: 1 }) })
  expect(await failureOf(system.stop(a))).toMatchObject({
    code: 'ERR_TEAM_MEMBER',
    message: `actor belongs to a team, which decides about it: ref=${String(a)}, id=a`,
  })
  expect(await a.ask({ type: 'read' })).toEqual({ type: 'value', value: 1 })
})

describe('stop of a team', () => {
  it('ends its children in reverse order; names and slots are free, others go on, and it can be started anew', async () => {
    const system = await start({ cores: 2 })
    const log = await logOf(system)
    const refs = await system.supervise(abc(log), { name: 'first' })
    const other = await system.supervise({ x: child(counter, 6, { core: 1 }) })
    const givenUp = collect(system, 'given_up')
    expect(await system.stop(refs)).toBeUndefined()
    expect((await log.ask({ type: 'all' })).slice(3)).toEqual(['stop c', 'stop b', 'stop a'])
    for (const name of ['a', 'b', 'c']) expect(system.whereis(name)).toBeUndefined()
    expect(await failureOf(refs.a.ask({ type: 'where' }))).toMatchObject({ code: 'ERR_NO_SUCH_ACTOR' })
    expect(await failureOf(system.stop(refs.a))).toMatchObject({ code: 'ERR_NO_SUCH_ACTOR' })
    await expectActors(system, [1, 1, 0])
    const again = await system.supervise(abc(log), { name: 'first' })
    expect(await again.c.ask({ type: 'where' })).toEqual({ core: 1, incarnation: 0 })
    expect(await other.x.ask({ type: 'where' })).toMatchObject({ incarnation: 0 })
    await system.stop(refs) // of the one that has ended
    expect(await again.a.ask({ type: 'where' })).toEqual({ core: 1, incarnation: 0 })
    expect(givenUp).toEqual([])
  })

  it('takes nothing else than a team, and no limit: ERR_OPTION', async () => {
    const system = await start()
    const refs = await system.supervise({ a: child(counter, 1, { core: 1 }) })
    const { stop } = system as unknown as { stop: (what: unknown, options?: object) => Promise<unknown> }
    for (const what of [{ ...refs }, {}, null, 'a', undefined]) {
      const error = await failureOf(stop(what))
      expect(error).toMatchObject({ code: 'ERR_OPTION', fields: { option: 'ref' } })
      expect(error.message).toContain('a ref, or what supervise resolved with')
    }
    expect(await failureOf(stop(refs, { shutdown: 5 }))).toMatchObject({ code: 'ERR_OPTION', fields: { option: 'shutdown' } })
    expect(await refs.a.ask({ type: 'read' })).toEqual({ type: 'value', value: 1 })
  })

  it('in the middle of a restart of one, of all, or of the team by the root: it is gone, whatever came first', async () => {
    const system = await start({ cores: 2, intensity: 1000 })
    const log = await logOf(system)
    for (const [strategy, intensity] of [
      ['one_for_one', 10],
      ['one_for_all', 10],
      ['rest_for_one', 0],
    ] as const) {
      for (let round = 0; round < 10; round += 1) {
        const refs = await system.supervise(abc(log), { strategy, intensity })
        refs.a.tell({ type: 'boom' })
        if (round % 2 === 0) refs.c.tell({ type: 'boom' })
        if (round % 3 === 0) await next(system, 'actor_exited')
        await Promise.all([system.stop(refs), system.stop(refs)])
        for (const name of ['a', 'b', 'c']) expect(system.whereis(name)).toBeUndefined()
      }
    }
    await expectActors(system, [1, 0, 0])
    await settled(system)
  })

  it('while a core of it dies: done, and nothing of it comes back', async () => {
    const system = await startWithSpare({ cores: 2 })
    const log = await logOf(system)
    const refs = await system.supervise(abc(log), { strategy: 'one_for_all' })
    const restarted = next(system, 'core_restarted')
    system.killCore(1)
    await system.stop(refs)
    await restarted
    for (const name of ['a', 'b', 'c']) expect(system.whereis(name)).toBeUndefined()
    await expectActors(system, [1, 0, 0])
    expect(await failureOf(refs.a.ask({ type: 'where' }))).toMatchObject({ code: 'ERR_NO_SUCH_ACTOR' })
  })

  it('while the system shuts down, and afterwards: done', async () => {
    const system = await start({ cores: 2 })
    const log = await logOf(system)
    const refs = await system.supervise(abc(log))
    const stopping = system.stop(refs)
    const ending = system.shutdown()
    await Promise.all([stopping, system.stop(refs), ending])
    await system.stop(refs)
  })
})

it.each([0, 1])('on core %i a child that ends as soon as it has started was started', async (core) => {
  const system = await start()
  const options = { core, restart: 'temporary' } as const
  const { first, second } = await system.supervise({
    first: child(mayfly, undefined, options),
    second: child(mayfly, undefined, options),
  })
  for (const ref of [first, second])
    expect(await system.monitor(ref)).toMatchObject({ kind: expect.stringMatching(/^(normal|noproc)$/) as string })
})
