/** Options of the wrong type or range: ERR_OPTION names the option, what was given and what was expected; nothing is started. */
import { child, startSystem } from '@cambium/runtime'
import { describe, expect, it } from 'vitest'
import { counter } from './fixtures/counter.ts'
import { expectActors, failureOf, start } from './harness.ts'

const LOOSE = { options: null as unknown as object }

function expectOptionError(error: Awaited<ReturnType<typeof failureOf>>, option: string): void {
  expect(error).toMatchObject({ code: 'ERR_OPTION', severity: 'mistake', fields: { option } })
  expect(error.message).toMatch(new RegExp(`^option ${option.replaceAll('.', '\\.')} is wrong: value=.+, expected .+`, 's'))
}

describe('startSystem', () => {
  it.for([
    ['cores', [-1, 1.5, '2', 1024, null, Number.NaN]],
    ['ringBytes', [0, 4095, 5000, 2 ** 31, '64k']],
    ['askTimeoutMs', [0, -1, Number.NaN, Infinity, '5']],
    ['sendTimeoutMs', [0, -1, Number.NaN, Infinity, '5']],
    ['outboxCapacity', [0, 1.5, 2 ** 24 + 1, '1']],
    ['outsideCapacity', [0, 1.5, 2 ** 26 + 1, '1']],
    ['messageBytesMax', [1023, 2 ** 30 + 1, 2048.5, '1M']],
    ['strict', [1, 'yes', null]],
    ['handleSignals', [0, 'no', null]],
    ['shutdownTimeoutMs', [0, Infinity, '1s']],
    ['heapMb', [31, 32.5, 2 ** 20 + 1, '64', null]],
    ['coreStartTimeoutMs', [0, Infinity, '1s']],
    ['turnTimeoutMs', [9, Number.NaN, '1s']],
    ['coreIntensity', [-1, 0.5, 1_000_001, '1']],
    ['corePeriodMs', [0, Infinity, '1s']],
    ['intensity', [-1, 0.5, 1_000_001, '1']],
    ['periodMs', [0, Infinity, '1s']],
  ] as const)('%s', async ([option, values]) => {
    for (const value of values) expectOptionError(await failureOf(startSystem({ [option]: value })), option)
  })

  it('rings for which there is no memory', async () => {
    const error = await failureOf(startSystem({ cores: 20, ringBytes: 2 ** 30 }))
    expectOptionError(error, 'ringBytes')
    expect(error.message).toMatch(/bytes needed for all cores: 4\d{11}$/)
  })

  it('an unknown option is named, with those that exist', async () => {
    const error = await failureOf(startSystem({ core: 2 } as object))
    expectOptionError(error, 'options.core')
    expect(error.message).toMatch(
      /^option options\.core is wrong: value=2, expected one of the fields cores, ringBytes, .*periodMs, balance$/,
    )
    for (const value of [null, [], 'fast', 4]) expectOptionError(await failureOf(startSystem(value as object)), 'options')
  })
})

describe('spawn, supervise and the other calls', () => {
  it('each option of spawn', async () => {
    const system = await start()
    const wrong: Readonly<Record<string, readonly unknown[]>> = {
      core: [-1, 2, 0.5, '1', null],
      key: ['', 5, null, {}],
      name: ['', 'x'.repeat(257), 5, null],
      'mailbox.capacity': [{ capacity: 0 }, { capacity: 1.5 }, { capacity: 2 ** 21 }, { capacity: '1' }],
      'mailbox.overflow': [{ overflow: 'drop' }, { overflow: 1 }],
      'mailbox.size': [{ size: 1 }],
      mailbox: [5, null, []],
      initTimeoutMs: [0, -1, Number.NaN, '5', Infinity],
      restart: ['always', 1, null],
      shutdown: [-1, 0.5, 'kill', null, Infinity],
      intensity: [-1, 0.5, '3'],
      periodMs: [0, Infinity, '3'],
    }
    for (const [option, values] of Object.entries(wrong)) {
      for (const value of values)
        expectOptionError(await failureOf(system.spawn(counter, 0, { [option.split('.')[0] as string]: value })), option)
    }
    expectOptionError(await failureOf(system.spawn(counter, 0, { core: 1, key: 'k' })), 'key')
    expectOptionError(await failureOf(system.spawn(counter, 0, { cpu: 1 } as object)), 'options.cpu')
    expectOptionError(await failureOf(system.spawn(counter, 0, LOOSE.options)), 'options')
    expectOptionError(await failureOf(system.spawn({} as typeof counter, 0)), 'behaviour')
    await expectActors(system, [0, 0])
    expect(await (await system.spawn(counter, 9)).ask({ type: 'read' })).toEqual({ type: 'value', value: 9 })
  })

  it('each option of supervise and of its children', async () => {
    const system = await start()
    const one = { a: child(counter, 0, { name: 'a' }) }
    for (const strategy of ['one_for_none', 1, null])
      expectOptionError(await failureOf(system.supervise(one, { strategy: strategy as 'one_for_one' })), 'strategy')
    for (const intensity of [-1, 0.5, '1'])
      expectOptionError(await failureOf(system.supervise(one, { intensity: intensity as number })), 'intensity')
    for (const periodMs of [0, Infinity, '1'])
      expectOptionError(await failureOf(system.supervise(one, { periodMs: periodMs as number })), 'periodMs')
    expectOptionError(await failureOf(system.supervise(one, { name: 5 as unknown as string })), 'name')
    expectOptionError(await failureOf(system.supervise(one, { restart: 'permanent' } as object)), 'options.restart')
    expectOptionError(await failureOf(system.supervise(one, LOOSE.options)), 'options')
    expectOptionError(await failureOf(system.supervise({})), 'children')
    expectOptionError(await failureOf(system.supervise(null as unknown as typeof one)), 'children')
    expectOptionError(await failureOf(system.supervise({ a: null as unknown as (typeof one)['a'] })), 'children.a')
    expectOptionError(await failureOf(system.supervise({ a: child(counter, 0, { core: 7 }) })), 'children.a.options.core')
    expectOptionError(await failureOf(system.supervise({ a: child(null as never, 0) })), 'children.a.behaviour')
    const bare = { behaviour: counter, argument: 0 } as unknown as typeof one.a
    expectOptionError(await failureOf(system.supervise({ a: bare })), 'children.a.options')
    // The budget of a team is the team's.
    expectOptionError(
      await failureOf(system.supervise({ a: child(counter, 0, { intensity: 7 } as object) })),
      'children.a.options.intensity',
    )
    expect(system.whereis('a')).toBeUndefined()
    await expectActors(system, [0, 0])
    expect(await (await system.supervise(one)).a.ask({ type: 'read' })).toEqual({ type: 'value', value: 0 })
  })

  it('arguments of stop, load, killCore, booksOf and shutdown', async () => {
    const system = await start()
    const ref = await system.spawn(counter, 0)
    expectOptionError(await failureOf(system.stop({} as typeof ref)), 'ref')
    for (const shutdown of [-1, 0.5, 'kill', null])
      expectOptionError(await failureOf(system.stop(ref, { shutdown: shutdown as number })), 'shutdown')
    expectOptionError(await failureOf(system.stop(ref, { timeoutMs: 1 } as object)), 'options.timeoutMs')
    expectOptionError(await failureOf(system.load('./relative.ts')), 'module')
    for (const core of [0, 2, -1, 0.5, '1']) {
      expectOptionError(await failureOf(Promise.resolve().then(() => system.killCore(core as number))), 'core')
    }
    for (const core of [2, -1, 0.5, '1', '1x', 'length'])
      expectOptionError(await failureOf(Promise.resolve().then(() => system.booksOf(core as number))), 'core')
    for (const timeoutMs of [-1, Number.NaN, Infinity, '1s'])
      expectOptionError(await failureOf(system.shutdown({ timeoutMs: timeoutMs as number })), 'timeoutMs')
    expectOptionError(await failureOf(system.shutdown({ force: true } as object)), 'options.force')
    expect(await ref.ask({ type: 'read' })).toEqual({ type: 'value', value: 0 })
  })
})
