/** What `defineServer` accepts, and what a bad `step` does to a running server. */
import { startSystem } from '@cambium/runtime'
import type { System } from '@cambium/runtime'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { expectNothingLeft } from '../../runtime/test/nothing-left.ts'
import { defineServer, run } from '../src/index.ts'
import type { ServerDefinition } from '../src/index.ts'
import { counter, faulty } from './fixtures/counter.ts'

const init = (): number => 0
const step = (state: number): [number, number] => [state, state]

describe('a definition', () => {
  test.each([
    ['null', null, 'definition is no object'],
    ['a function', step, 'definition is no object'],
    ['no init', { step }, 'init is undefined, expected a function'],
    ['no step', { init }, 'step is undefined, expected a function'],
    ['a step that is text', { init, step: 'text' }, 'step is string, expected a function'],
    ['terminate of null', { init, step, terminate: null }, 'terminate is object, expected a function'],
    ['decode of 1', { init, step, decode: 1 }, 'decode is number, expected a function'],
    [
      'a callback with a slip',
      { init, step, decod: step },
      'decod is unknown, expected one of init, step, info, terminate, hibernate, redact, decode, encode, migrate',
    ],
    ['encode of true', { init, step, encode: true }, 'encode is boolean, expected a function'],
  ])('is refused: %s', (_what, definition, problem) => {
    const define = (): unknown =>
      defineServer(import.meta.url, 'wrong', definition as unknown as ServerDefinition<void, number, void, number>)
    expect(define).toThrow(expect.objectContaining({ code: 'ERR_BEHAVIOUR', message: `server is wrong: name=wrong, ${problem}` }))
  })

  test.each([
    ['a module that is no URL', './here.ts', 'here', 'module="./here.ts", expected a URL such as import.meta.url'],
    ['an empty name', import.meta.url, '', 'name is empty, expected a non-empty string'],
  ])('is refused: %s', (_what, module, name, problem) => {
    const define = (): unknown => defineServer(module, name, { init, step })
    expect(define).toThrow(
      expect.objectContaining({ code: 'ERR_BEHAVIOUR', message: expect.stringContaining(problem) as string }),
    )
  })

  test('a wrong mailbox is an error that names the option', () => {
    const define = (): unknown => defineServer(import.meta.url, 'wrong', { init, step }, { mailbox: { capacity: 0 } })
    expect(define).toThrow(
      expect.objectContaining({ code: 'ERR_OPTION', message: expect.stringContaining('mailbox.capacity') as string }),
    )
  })

  test('becomes a behaviour with its functions at hand', () => {
    const server = defineServer(import.meta.url, 'plain', { init, step })
    expect(server).toMatchObject({ kind: 'server', module: import.meta.url, name: 'plain', definition: { init, step } })
    expect(Object.isFrozen(server)).toBe(true)
  })
})

test.each([
  ['nothing', undefined, 'undefined'],
  ['null', null, 'null'],
  ['a bare state', 1, 'number'],
  ['an array of one', [1], 'an array of 1'],
  ['an array of three', [1, 2, 3], 'an array of 3'],
  ['a promise', Promise.resolve([1, 2]), 'a promise'],
  ['an object', { state: 1 }, 'object'],
])('C-22 a step that returns %s is named', (_what, returned, found) => {
  const server = defineServer(import.meta.url, 'bad', { init, step: () => returned as unknown as [number, number] })
  expect(() => run(server, 0, ['any'])).toThrow(
    expect.objectContaining({ code: 'ERR_BAD_STEP', fields: { server: 'bad', found } }),
  )
})

describe('a running server', () => {
  let system: System
  beforeAll(async () => {
    system = await startSystem({ cores: 1, handleSignals: false })
  })
  afterAll(async () => {
    await system.shutdown()
  })
  expectNothingLeft(() => system)

  test.each([0, 1])('R1.1 answers asks and takes tells, on core %i', async (core) => {
    const ref = await system.spawn(counter, 40, { core })
    ref.tell({ type: 'increment' })
    expect(await ref.ask({ type: 'increment' })).toEqual({ type: 'ack' })
    expect(await ref.ask({ type: 'read' })).toEqual({ type: 'value', value: 42 })
    await system.stop(ref)
  })

  test.each([0, 1])('R1.6 C-22 crashes on a bad return value, which is named, and is restarted, on core %i', async (core) => {
    const ref = await system.spawn(faulty, undefined, { core })
    const exited = new Promise((resolve) => {
      system.events.once('actor_exited', ({ reason }) => {
        resolve(reason)
      })
    })
    await expect(ref.ask('bad step')).rejects.toMatchObject({
      code: 'ERR_ACTOR_CRASHED',
      message: expect.stringContaining('step returned no [state, output]: server=faulty, found undefined') as string,
    })
    expect(await exited).toMatchObject({
      kind: 'crash',
      error: { code: 'ERR_BAD_STEP', fields: { server: 'faulty', found: 'undefined' } },
    })
    expect(await ref.ask('still here')).toBe('still here')
    await system.stop(ref)
  })
})
