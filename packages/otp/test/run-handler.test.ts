/** Handlers without a runtime, and what `defineEventHandler`, `handler` and `defineEventManager` accept. */
import { describe, expect, test } from 'vitest'
import { defineEventHandler, defineEventManager, handler, runHandler } from '../src/index.ts'
import { heir, reading, sensors, tally } from './fixtures/sensors.ts'

const first = { id: 'a', values: [], before: undefined }

describe('runHandler', () => {
  test('R1.2 steps a handler through events', () => {
    expect(runHandler(tally, first, [reading(1), { type: 'leave', id: 'other' }, reading(2)])).toEqual({
      state: { ...first, values: [1, 2] },
      handled: 3,
      end: 'stays',
    })
  })

  test('ends where the handler goes', () => {
    expect(runHandler(tally, first, [reading(1), { type: 'leave', id: 'a' }, reading(2)])).toMatchObject({
      state: { values: [1] },
      handled: 2,
      end: 'removed',
    })
    expect(runHandler(tally, first, [{ type: 'swap', id: 'a' }])).toMatchObject({
      end: { swappedFor: { name: 'heir', module: heir.module, argument: 'a' } },
    })
  })

  test('refuses what a manager would, promises above all', async () => {
    expect(() => runHandler(tally, first, [{ type: 'promise', id: 'a' }])).toThrow(
      expect.objectContaining({ code: 'ERR_BAD_STEP', fields: { handler: 'tally', found: 'a promise' } }),
    )
    // Its rejection goes nowhere: it would end the process otherwise.
    const state = Promise.reject(new Error('nobody waits for it'))
    expect(() => runHandler(tally, state as never, [])).toThrow(
      expect.objectContaining({ code: 'ERR_OPTION', fields: expect.objectContaining({ option: 'state' }) as object }),
    )
    expect(() => runHandler({} as never, first as never, [])).toThrow(expect.objectContaining({ code: 'ERR_OPTION' }))
    expect(() => runHandler(tally, first, 5 as never)).toThrow(expect.objectContaining({ code: 'ERR_OPTION' }))
    await new Promise(setImmediate)
  })

  test('throws what the handler throws', () => {
    expect(() => runHandler(tally, first, [{ type: 'crash', id: 'a' }])).toThrow('a has crashed')
  })
})

describe('what is refused', () => {
  test.each([
    ['null', null, 'definition is no object'],
    ['no init', { event: (): number => 1 }, 'init is undefined, expected a function'],
    ['no event', { init: (): number => 1 }, 'event is undefined, expected a function'],
    [
      'a call that is text',
      { init: (): number => 1, event: (): number => 1, call: 'text' },
      'call is string, expected a function',
    ],
    [
      'a callback with a slip',
      { init: (): number => 1, event: (): number => 1, terminat: (): number => 1 },
      'terminat is unknown, expected one of init, event, call, info, terminate, redact',
    ],
  ])('a handler of %s', (_what, definition, problem) => {
    expect(() => defineEventHandler(import.meta.url, 'wrong', definition as never)).toThrow(
      expect.objectContaining({ code: 'ERR_BEHAVIOUR', message: `event handler is wrong: name=wrong, ${problem}` }),
    )
  })

  test.each([
    ['handlers', { handlers: [] }, {}, 'ERR_BEHAVIOUR', 'handlers is object, expected a function'],
    ['fields', { handler: () => [] }, {}, 'ERR_BEHAVIOUR', 'handler is unknown, expected one of handlers'],
    ['ringBytes', {}, { ringBytes: 1000 }, 'ERR_OPTION', 'ringBytes'],
    ['layouts', {}, { layouts: {} }, 'ERR_OPTION', 'layouts'],
  ])('a manager with wrong %s', (_what, definition, options, code, problem) => {
    expect(() => defineEventManager(import.meta.url, 'wrong', definition as never, options as never)).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(problem) as string }),
    )
  })

  test('an argument that could not travel, by its path, wherever the handler is for', () => {
    for (const core of [undefined, 0, 1]) {
      const options = core === undefined ? {} : { core }
      const make = () => handler(tally, { ids: ['a', () => 'b'] } as never, options)
      expect(make).toThrow(
        expect.objectContaining({ code: 'ERR_CANNOT_TRAVEL', fields: { path: 'argument.ids[1]', found: 'function' } }),
      )
    }
  })

  test('a handler to be installed that is none', () => {
    for (const make of [
      () => handler(sensors as never, undefined as never),
      () => handler(tally, 'a', { id: 7 as never }),
      () => handler(tally, 'a', { core: 1.5 }),
      () => handler(tally, 'a', { colour: 'red' } as never),
    ])
      expect(make).toThrow(expect.objectContaining({ code: 'ERR_OPTION' }))
  })
})
