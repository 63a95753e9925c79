/** Starts that fail: each gives one clear error with a code, and the system works on. */
import { defineActor } from '@cambium/actor'
import type { Behaviour } from '@cambium/actor'
import type { System } from '@cambium/runtime'
import { expect, it } from 'vitest'
import { counter } from './fixtures/counter.ts'
import { offloader } from './fixtures/jobs.ts'
import { mayfly } from './fixtures/mayfly.ts'
import { starter } from './fixtures/starter.ts'
import { expectActors, failureOf, next, start, startWithSpare } from './harness.ts'

const fixture = (name: string): string => new URL(`./fixtures/${name}`, import.meta.url).href
const nobody = (module: string, name: string): Behaviour<undefined, unknown> =>
  defineActor<undefined, unknown>(module, name, { init: () => null, receive: () => {} })

/** No actor is left behind, names are free, and an actor starts and answers on the same core. */
async function expectUnharmed(system: System, name: string): Promise<void> {
  await expectActors(system, [0, 0])
  expect(system.whereis(name)).toBeUndefined()
  const ref = await system.spawn(counter, 41, { core: 1, name })
  expect(await ref.ask({ type: 'read' })).toEqual({ type: 'value', value: 41 })
}

it('an unknown module: ERR_MODULE_LOAD names it', async () => {
  const system = await start()
  const module = fixture('no-such-module.ts')
  const error = await failureOf(system.spawn(nobody(module, 'any'), undefined, { name: 'a', core: 1 }))
  expect(error).toMatchObject({ code: 'ERR_MODULE_LOAD', fields: { module } })
  expect(error.message).toMatch(/^module cannot be loaded: module=file:.*no-such-module\.ts, cause=Cannot find module/)
  await expectUnharmed(system, 'a')
})

it('a module that throws while it loads: ERR_MODULE_LOAD with the cause', async () => {
  const system = await start()
  const error = await failureOf(system.spawn(nobody(fixture('broken-module.ts'), 'any'), undefined, { name: 'a', core: 1 }))
  expect(error).toMatchObject({ code: 'ERR_MODULE_LOAD', cause: { message: 'module threw on purpose' } })
  expect(error.message).toMatch(/^module cannot be loaded: module=file:.*broken-module\.ts, cause=module threw on purpose$/)
  await expectUnharmed(system, 'a')
})

it('a module that starts a system where cores and jobs import it: ERR_NESTED_SYSTEM, before there are more of them', async () => {
  const system = await start()
  const module = fixture('self-starter.ts')
  const said = /cause=startSystem was called on a thread of a system, .*: thread=core 1; call it in another module$/
  const error = await failureOf(system.spawn(nobody(module, 'actor'), undefined, { name: 'a', core: 1 }))
  expect(error).toMatchObject({ code: 'ERR_MODULE_LOAD', cause: { code: 'ERR_NESTED_SYSTEM' } })
  expect(error.message).toMatch(said)
  expect((await failureOf(system.load(module))).message).toMatch(said)
  const ref = await system.spawn(offloader, undefined, { core: 1 })
  const { error: failed } = await ref.ask({ type: 'run', job: 'job', module }, { timeoutMs: 20_000 })
  expect(failed).toMatchObject({ code: 'ERR_MODULE_LOAD', message: expect.stringContaining('thread=offload') as string })
  await system.stop(ref)
  await expectUnharmed(system, 'a')
})

it('an unknown behaviour: ERR_BEHAVIOUR_NOT_FOUND names what the module exports', async () => {
  const system = await start()
  const error = await failureOf(system.spawn(nobody(fixture('starter.ts'), 'stater'), undefined, { name: 'a', core: 1 }))
  expect(error).toMatchObject({ code: 'ERR_BEHAVIOUR_NOT_FOUND', fields: { name: 'stater', exported: ['oneLife', 'starter'] } })
  expect(error.message).toMatch(
    /^module exports no such behaviour: module=file:.*starter\.ts, name=stater, exported=\[oneLife, starter\]$/,
  )
  await expectUnharmed(system, 'a')
})

it.for(['throw', 'reject'] as const)('init that fails by %s: ERR_INIT_FAILED with the cause', async (mode) => {
  const system = await start()
  for (const core of [0, 1]) {
    const error = await failureOf(system.spawn(starter, mode, { name: 'a', core }))
    expect(error).toMatchObject({ code: 'ERR_INIT_FAILED', severity: 'crash', cause: { name: 'RangeError' } })
    expect(error.message).toMatch(/^init failed: actor=a, error=RangeError: init (threw|rejected) on purpose$/)
  }
  await expectUnharmed(system, 'a')
})

it('init that never ends: ERR_INIT_TIMEOUT', async () => {
  const system = await start()
  for (const core of [0, 1]) {
    const error = await failureOf(system.spawn(starter, 'never', { name: 'a', core, initTimeoutMs: 30 }))
    expect(error).toMatchObject({ code: 'ERR_INIT_TIMEOUT', fields: { timeoutMs: 30 } })
    expect(error.message).toBe('actor did not start in time: actor=a, timeoutMs=30')
  }
  await expectUnharmed(system, 'a')
})

it('init that loops for ever: its core is killed and replaced, the spawn rejects, others go on (R1.15)', async () => {
  const system = await startWithSpare({ cores: 2, turnTimeoutMs: 150 })
  const neighbour = await system.spawn(counter, 1, { core: 1 })
  const other = await system.spawn(counter, 2, { core: 2 })
  const lost = next(system, 'core_lost')
  const restarted = next(system, 'core_restarted')
  const failing = failureOf(system.spawn(starter, 'loop', { name: 'a', core: 1 }))
  expect(await other.ask({ type: 'read' })).toEqual({ type: 'value', value: 2 })
  const error = await failing
  expect(error.code).toBe('ERR_CORE_LOST')
  expect(error.message).toBe('core died: core=1, cause=core did not end its turn in time: core=1, turnTimeoutMs=150')
  expect(await lost).toMatchObject({ core: 1, actors: 1, error: { code: 'ERR_CORE_STUCK' } })
  expect(await restarted).toMatchObject({ core: 1 })
  expect(await neighbour.ask({ type: 'where' })).toMatchObject({ core: 1, incarnation: 1 })
  expect(await other.ask({ type: 'where' })).toMatchObject({ core: 2, incarnation: 0 })
  expect(system.whereis('a')).toBeUndefined()
  expect(await (await system.spawn(starter, 'well', { name: 'a', core: 1 })).ask({ type: 'ping' })).toBe('pong')
})

it('an argument that cannot travel: ERR_CANNOT_TRAVEL names its path', async () => {
  const system = await start()
  const argument = { nested: [1, () => 2] } as unknown as number
  const error = await failureOf(system.spawn(counter, argument, { name: 'a', core: 1 }))
  expect(error.code).toBe('ERR_CANNOT_TRAVEL')
  expect(error.message).toBe('message cannot travel: path=argument.nested[1], found function')
  await expectUnharmed(system, 'a')
})

it.each([0, 1])('no failure at all: on core %i an actor that ends as soon as it has started was started', async (core) => {
  const system = await start()
  const ref = await system.spawn(mayfly, undefined, { name: 'a', core })
  expect(await system.monitor(ref)).toMatchObject({ kind: expect.stringMatching(/^(normal|noproc)$/) })
  await expectUnharmed(system, 'a')
})
