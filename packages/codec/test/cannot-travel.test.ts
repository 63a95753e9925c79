/** D7: what cannot travel is an error at the sender that names the path. */
import { createServer, Socket } from 'node:net'
import { describe, expect, test } from 'vitest'
import { assertTravels, closeMessage, DEPTH_MAX, keepMessage } from '../src/index.ts'
import { createLink } from './link.ts'

interface Refusal {
  code: string
  message: string
  fields: { path: string; found: string }
  cause?: unknown
}

/** Asks both: the encoder, and the check of local sends; they must agree. */
function refusal(message: unknown): Refusal {
  const { encoder } = createLink()
  const caught: Refusal[] = []
  for (const attempt of [() => encoder.encode(message), () => assertTravels(message)]) {
    try {
      attempt()
    } catch (error) {
      caught.push(error as Refusal)
    }
  }
  expect(caught.map((error) => error.code)).toEqual(['ERR_CANNOT_TRAVEL', 'ERR_CANNOT_TRAVEL'])
  expect(caught[0]?.message).toBe(caught[1]?.message)
  expect(encoder.encode({ still: 'works' }).length).toBeGreaterThan(0)
  return caught[0] as Refusal
}

function* generate(): Generator<number> {
  yield 1
}

const untravellable: readonly (readonly [string, () => unknown])[] = [
  ['function', () => () => 1],
  ['function', () => Map],
  ['symbol', () => Symbol('s')],
  ['Promise', () => Promise.resolve(1)],
  ['WeakMap', () => new WeakMap()],
  ['WeakSet', () => new WeakSet()],
  ['WeakRef', () => new WeakRef({})],
  ['FinalizationRegistry', () => new FinalizationRegistry(() => {})],
  ['Generator', () => generate()],
  ['Array Iterator', () => [1].values()],
  ['Map Iterator', () => new Map([[1, 2]]).entries()],
  ['SharedArrayBuffer that was not given to share', () => new SharedArrayBuffer(8)],
  ['SharedArrayBuffer that was not given to share', () => new Int32Array(new SharedArrayBuffer(8))],
  ['SharedArrayBuffer that was not given to share', () => Buffer.from(new SharedArrayBuffer(8))],
  ['URL', () => new URL('http://localhost/')],
  ['AbortSignal', () => new AbortController().signal],
]

describe('D7 every kind that cannot travel is refused, wherever it is', () => {
  test.each(untravellable)('%s', (found, make) => {
    const value = make()
    const at = (message: unknown): [string, string] => {
      const { path, found: named } = refusal(message).fields
      return [path, named]
    }
    expect(at(value)).toEqual(['(root)', found])
    expect(at({ order: { items: [0, 1, 2, { callback: value }] } })).toEqual(['order.items[3].callback', found])
    expect(at([[], [value]])).toEqual(['[1][0]', found])
    expect(
      at({
        index: new Map([
          ['a', 1],
          ['b', value],
        ] as [string, unknown][]),
      }),
    ).toEqual(['index.get("b")', found])
    expect(at({ index: new Map([[value, 1]]) })).toEqual(['index.key(0)', found])
    expect(at({ tags: new Set([1, value]) })).toEqual(['tags.value(1)', found])
    expect(at(new Error('x', { cause: { value } }))).toEqual(['cause.value', found])
    expect(at({ 'odd key': { ünïcode: value } })).toEqual(['["odd key"].ünïcode', found])
    expect(
      at(
        new (class Job {
          run: unknown = value
        })(),
      ),
    ).toEqual(['run', found])
    expect(at(JSON.parse('{"a":1}', (key, parsed: unknown) => (key === 'a' ? { ['__proto__']: [value] } : parsed)))).toEqual([
      'a.__proto__[0]',
      found,
    ])
  })

  test('the message of the error is for people, its fields are for programs', () => {
    const error = refusal({ order: { items: [1, 2, 3, { callback: () => 1 }] } })
    expect(error.message).toBe('message cannot travel: path=order.items[3].callback, found function')
    expect(error.fields).toEqual({ path: 'order.items[3].callback', found: 'function' })
  })
})

test('D7 a socket or a server is refused, though its fields might travel', () => {
  const server = createServer()
  expect(refusal({ server }).fields).toEqual({ path: 'server', found: 'EventEmitter' })
  expect(refusal([new Socket()]).fields).toEqual({ path: '[0]', found: 'EventEmitter' })
})

test('D7 a detached buffer is refused', () => {
  const buffer = new ArrayBuffer(8)
  const view = new Uint8Array(buffer)
  structuredClone(buffer, { transfer: [buffer] })
  expect(refusal([buffer]).fields).toEqual({ path: '[0]', found: 'detached ArrayBuffer' })
  expect(refusal({ view }).fields).toEqual({ path: 'view', found: 'detached ArrayBuffer' })
})

test('D7 a cycle is named by its first round, whatever it goes through', () => {
  const self: Record<string, unknown> = { a: { b: 1 } }
  ;(self['a'] as Record<string, unknown>)['self'] = self
  expect(refusal(self).fields).toEqual({ path: 'a.self', found: 'cycle' })
  const list: unknown[] = [1]
  list.push({ list })
  expect(refusal({ deep: { list } }).fields).toEqual({ path: 'deep.list[1].list', found: 'cycle' })
  const map = new Map<string, unknown>()
  map.set('m', new Set([map]))
  expect(refusal(map).fields).toEqual({ path: '.get("m").value(0)', found: 'cycle' })
  const error = new Error('x')
  error.cause = error
  expect(refusal(error).fields).toEqual({ path: 'cause', found: 'cycle' })
})

test(`D7 more than ${DEPTH_MAX} levels are refused`, () => {
  let message: unknown = 1
  for (let i = 0; i <= DEPTH_MAX; i += 1) message = [message]
  expect(refusal(message).fields.found).toBe(`more than ${DEPTH_MAX} levels`)
})

test('D7 a message that unfolds into more values than any limit allows is refused, not walked for ever', () => {
  expect(refusal({ all: [], gap: new Array(2 ** 32 - 1) }).fields).toEqual({ path: 'gap', found: 'more than 67108864 values' })
})

describe('D7 getters', () => {
  test('one that throws is named, with what it threw as the cause', () => {
    const thrown = new Error('no')
    const message = { list: [{ get broken(): number { throw thrown } }] } // oxfmt-ignore
    const error = refusal(message)
    expect(error.fields).toEqual({ path: 'list[0].broken', found: 'a value whose reading throws' })
    expect(error.cause).toBe(thrown)
  })

  test('so is a proxy that throws, and a revoked one', () => {
    const proxy = new Proxy({ a: 1 }, { get: () => { throw new Error('trap') } }) // oxfmt-ignore
    expect(refusal({ proxy }).fields.path).toBe('proxy.a')
    const { proxy: revoked, revoke } = Proxy.revocable({}, {})
    revoke()
    expect(refusal([revoked]).fields.path).toBe('[0]')
  })

  test('a message that is such a proxy itself is refused too, by whoever looks at it first', () => {
    const { proxy: revoked, revoke } = Proxy.revocable({}, {})
    revoke()
    const throwing = new Proxy({}, { getPrototypeOf: () => { throw new Error('trap') } }) // oxfmt-ignore
    for (const message of [revoked, throwing]) {
      expect(refusal(message).fields.path).toBe('(root)')
      expect(() => assertTravels(message)).toThrow(expect.objectContaining({ code: 'ERR_CANNOT_TRAVEL' }))
      expect(keepMessage(message)).toBe(message)
      expect(() => closeMessage(message)).not.toThrow()
    }
  })

  test('one that becomes a function is refused, and the shapes of the failed message are given back', () => {
    const link = createLink()
    const shifty = (): unknown => {
      let reads = 0
      return { get value() { reads += 1; return reads > 1 ? () => reads : reads } } // oxfmt-ignore
    }
    link.carry([{ p: 1 }])
    expect(() => link.encoder.encode([{ p: 1 }, shifty()])).toThrow(/function/)
    for (let i = 0; i < 3; i += 1) expect(link.carry([{ q: 1 }, { p: 2 }])).toEqual([{ q: 1 }, { p: 2 }])
  })

  test('one that sends a message while its own is encoded is refused, and nothing is mixed up', () => {
    const link = createLink()
    const other = createLink()
    const message = { a: 1, get b() { return other.encoder.encode({ inner: true }).length } } // oxfmt-ignore
    expect(() => link.encoder.encode(message)).toThrow(/path=b/)
    expect(link.carry({ a: 1 })).toEqual({ a: 1 })
    expect(other.carry({ a: 1 })).toEqual({ a: 1 })
  })

  test('one that checks a message while its own is checked names the path of each', () => {
    const message = { a: { get b() { assertTravels({ inner: { f: 1 } }); return () => 1 } } } // oxfmt-ignore
    expect(refusal(message).fields).toEqual({ path: 'a.b', found: 'function' })
  })
})

test('D7 methods that somebody put on Object.prototype do not stop messages', () => {
  const link = createLink()
  const shared = Object.prototype as Record<string, unknown>
  shared['extension'] = () => 1
  try {
    expect(link.carry({ a: 1, b: { c: -0 } })).toEqual({ a: 1, b: { c: -0 } })
  } finally {
    delete shared['extension']
  }
})
