/** R2.1, D7: every kind of plain data arrives as what it was, from shared memory, sharing none of it. */
import { isDeepStrictEqual } from 'node:util'
import { runInNewContext } from 'node:vm'
import { describe, expect, test } from 'vitest'
import { DEPTH_MAX } from '../src/index.ts'
import { createLink } from './link.ts'

/** Three times, so that a shape is seen for the first time, taken, and known. */
function arrives(message: unknown): unknown {
  const link = createLink()
  const first = link.carry(message)
  expect(isDeepStrictEqual(link.carry(message), first)).toBe(true)
  for (let i = 0; i < 4; i += 1) expect(isDeepStrictEqual(link.carry(message), first)).toBe(true)
  return first
}

describe('what structured clone carries arrives the same (R2.1)', () => {
  const big = 2n ** 64n
  const cases: readonly (readonly [string, unknown])[] = [
    ['undefined', undefined],
    ['null', null],
    ['booleans', [true, false]],
    ['integers', [0, 31, 32, 63, 64, 127, 128, 255, 256, 65535, 65536, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 53, Number.MAX_VALUE]],
    ['negative integers', [-1, -32, -33, -128, -129, -32768, -32769, -(2 ** 31), -(2 ** 31) - 1, -(2 ** 53)]],
    ['fractions and the numbers that are none', [0.1, -1.5, Number.MIN_VALUE, NaN, Infinity, -Infinity]],
    ['minus zero', { a: -0, b: 0, c: [-0] }],
    ['strings', ['', 'a', 'ä', '€', '🎭', 'x'.repeat(31), 'x'.repeat(32), 'ß'.repeat(300), '🎭'.repeat(70_000)]],
    ['lone surrogates', ['\ud800', 'a\udfff b', { x: '\udc00'.repeat(100) }]],
    ['bigints', [0n, -1n, 2n ** 63n - 1n, 2n ** 63n, big - 1n, big, -big, -(2n ** 63n) - 1n, 2n ** 4096n, -(3n ** 60_000n)]],
    ['dates', [0, 1, 999, -1, -1001, 1_731_970_000_123, 2 ** 32 * 1000, 8.64e15, -8.64e15, NaN].map((ms) => new Date(ms))],
    [
      'a map',
      new Map<unknown, unknown>([
        ['a', 1],
        [{ b: 2 }, [3]],
        [NaN, -0],
        [new Map([[1, 2]]), undefined],
      ]),
    ],
    ['an empty map and an empty object', [new Map(), {}]],
    ['a set', new Set<unknown>([1, 'a', { b: 1 }, new Set([2])])],
    ['regular expressions', [/a+/gi, /[/\]]/u, /(?<y>\d{4})/dv]],
    ['an array buffer', new Uint8Array([1, 2, 3]).buffer],
    ['an empty array buffer', new ArrayBuffer(0)],
    ['a data view', new DataView(new Uint8Array([9, 1, 2, 3, 9]).buffer, 1, 3)],
    [
      'typed arrays',
      [new Int8Array([-1]), new Uint8Array([1, 2]), new Uint8ClampedArray([255]), new Int16Array([-2]), new Uint16Array([7])],
    ],
    [
      'wide typed arrays',
      [new Int32Array([1, -1]), new Uint32Array([2 ** 31]), new Float32Array([0.5]), new Float64Array([NaN, -0])],
    ],
    ['big typed arrays', [new BigInt64Array([-1n]), new BigUint64Array([2n ** 63n]), new Float64Array(10_000).fill(0.1)]],
    ['half floats', new Float16Array([0.5, -2])],
    ['nested arrays', [[], [[]], [1, [2, [3]]], Array.from({ length: 70_000 }, (_, i) => i)]],
    ['plain objects', { a: 1, 'odd key': { 'ünïcode 🎭': [{}] }, 7: 'seven', '': 0 }],
    ['names of every sort', { constructor: 1, hasOwnProperty: 2, toString: 3, __keys__: 4, valueOf: { __keys__: 5 } }],
    ['names with lone surrogates', { '\ud800': 1, b: { '\udc00x': 2, c: [3] } }],
    ['thousands of properties', Object.fromEntries(Array.from({ length: 70_000 }, (_, i) => [`k${i}`, { i }]))],
  ]
  test.each(cases)('%s', (_name, message) => {
    expect(isDeepStrictEqual(arrives(message), structuredClone(message))).toBe(true)
  })
})

describe('what differs from structured clone, on purpose (D7)', () => {
  test('a Buffer arrives as a Buffer with memory of its own', () => {
    const arrived = arrives(Buffer.from('hello')) as Buffer
    expect(Buffer.isBuffer(arrived)).toBe(true)
    expect(arrived.toString()).toBe('hello')
    expect(arrived.buffer).toBeInstanceOf(ArrayBuffer)
  })

  test('an error keeps name, message, stack, code and cause, and is an Error', () => {
    const sent = Object.assign(new RangeError('too far', { cause: new TypeError('why', { cause: 7 }) }), { code: 'ERR_FAR' })
    const arrived = arrives({ sent }) as { sent: typeof sent }
    expect(arrived.sent).toBeInstanceOf(RangeError)
    expect(arrived.sent.message).toBe('too far')
    expect(arrived.sent.stack).toBe(sent.stack)
    expect(arrived.sent.code).toBe('ERR_FAR')
    expect(arrived.sent.cause).toBeInstanceOf(TypeError)
    expect((arrived.sent.cause as Error).cause).toBe(7)
    expect(Object.keys(arrived.sent)).toEqual(['code'])
  })

  test('an error of a class of the user keeps its name', () => {
    class OrderError extends Error {
      override readonly name = 'OrderError'
    }
    const arrived = arrives(new OrderError('sold out')) as Error
    expect(arrived).toBeInstanceOf(Error)
    expect(String(arrived)).toBe('OrderError: sold out')
    expect('cause' in arrived).toBe(false)
    expect('code' in arrived).toBe(false)
  })

  test('an error without a stack does not show the one of its decoding', () => {
    const bare = new Error('bare')
    delete bare.stack
    Object.defineProperty(bare, 'stack', { value: undefined })
    expect((arrives(bare) as Error).stack).toBe('Error: bare')
  })

  test('a class instance arrives as its own enumerable properties; toJSON and getters of the class play no part', () => {
    class Point {
      x = 1
      y = { z: 2 }
      get length(): number {
        throw new Error('never read')
      }
      toJSON(): string {
        return 'never called'
      }
    }
    expect(arrives([new Point()])).toEqual([{ x: 1, y: { z: 2 } }])
    expect(Object.getPrototypeOf((arrives([new Point()]) as object[])[0])).toBe(Object.prototype)
  })

  test('subclasses of collections, and values of another realm, arrive as the plain kind', () => {
    class Registry extends Map<string, number> {}
    class Tags extends Set<string> {}
    class Row extends Array<number> {}
    expect(arrives(new Registry([['a', 1]]))).toEqual(new Map([['a', 1]]))
    expect(arrives(new Tags(['a']))).toEqual(new Set(['a']))
    expect(arrives(Row.from([1, 2]))).toEqual([1, 2])
    const foreign: unknown = runInNewContext(
      '({ m: new Map([[1, { d: new Date(5) }]]), s: new Set([/x/g]), a: [new Uint8Array(2)], e: new TypeError("t") })',
    )
    const arrived = arrives(foreign) as { m: Map<number, unknown>; s: Set<unknown>; a: unknown[]; e: unknown }
    expect(arrived.m).toEqual(new Map([[1, { d: new Date(5) }]]))
    expect(arrived.s).toEqual(new Set([/x/g]))
    expect(arrived.a).toEqual([new Uint8Array(2)])
    expect(arrived.e).toBeInstanceOf(TypeError)
  })

  test('symbol keys, non-enumerable and inherited properties stay behind; holes become undefined', () => {
    const message = Object.defineProperty({ a: 1, [Symbol('s')]: 2 }, 'hidden', { value: 3 })
    expect(arrives(message)).toEqual({ a: 1 })
    expect(arrives(Object.assign(Object.create({ inherited: 1 }) as object, { own: 2 }))).toEqual({ own: 2 })
    const sparse: unknown[] = []
    sparse[2] = 'x'
    expect(arrives(sparse)).toStrictEqual([undefined, undefined, 'x'])
  })

  test('errors that hold more than others arrive as an Error of that name; an array has its items only', () => {
    for (const error of [new AggregateError([new Error('one')], 'all'), new DOMException('gone', 'AbortError')]) {
      const arrived = arrives({ error }) as { error: Error }
      expect(Object.getPrototypeOf(arrived.error)).toBe(Error.prototype)
      expect([arrived.error.name, arrived.error.message]).toEqual([error.name, error.message])
      expect(arrived.error).not.toHaveProperty('errors')
    }
    expect(Object.keys(arrives(Object.assign([1], { more: 2 })) as object)).toEqual(['0'])
  })

  test('a primitive in a wrapper arrives as the primitive', () => {
    expect(arrives([Object(1), Object('s'), Object(false), Object(5n)])).toEqual([1, 's', false, 5n])
  })

  test('a value that is referred to twice arrives twice', () => {
    const shared = { n: 1 }
    const [a, b] = arrives([shared, shared]) as [object, object]
    expect(a).toEqual(b)
    expect(a).not.toBe(b)
  })
})

test('R2.1 a key __proto__ arrives as a property and changes no prototype', () => {
  const message: unknown = JSON.parse('{"a":1,"__proto__":{"polluted":true},"b":{"__proto__":null}}')
  const arrived = arrives(message) as Record<string, unknown>
  expect(Object.getPrototypeOf(arrived)).toBe(Object.prototype)
  expect(Object.keys(arrived)).toEqual(['a', '__proto__', 'b'])
  expect(Object.getOwnPropertyDescriptor(arrived, '__proto__')?.value).toEqual({ polluted: true })
  expect(arrived['polluted']).toBeUndefined()
  expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
})

test.each([4, 9000])('R2.1 what arrives shares no memory with the record, nor with the next message (%i bytes)', (size) => {
  const link = createLink()
  const message = (fill: number): unknown => ({
    array: new Uint8Array(size).fill(fill),
    buffer: Buffer.alloc(size, fill),
    text: String(fill).repeat(size),
    words: new Int32Array(size).fill(fill),
  })
  for (let i = 0; i < 3; i += 1) link.encoder.encode(message(0))
  const record = link.encoder.encodeCopy(message(1))
  const ring = Buffer.from(new SharedArrayBuffer(record.length))
  record.copy(ring)
  const arrived = link.decoder.decode(ring, 0, record.length)
  link.encoder.encodeCopy(message(2)).copy(ring)
  const next = link.decoder.decode(ring, 0, record.length)
  ring.fill(0xff)
  expect(isDeepStrictEqual(arrived, message(1))).toBe(true)
  expect(isDeepStrictEqual(next, message(2))).toBe(true)
})

test('R2.1 a property named __keys__, which msgpackr uses for itself, disturbs no other shape', () => {
  const link = createLink()
  const messages = [{ a: 1, __keys__: 2 }, { a: 1 }, { __keys__: 3 }, {}, { a: 1, __keys__: { a: 1 }, b: 2 }] // oxfmt-ignore
  for (let round = 0; round < 5; round += 1) for (const message of messages) expect(link.carry(message)).toEqual(message)
})

test(`R2.1 a message of ${DEPTH_MAX} levels travels`, () => {
  let message: unknown = 'bottom'
  for (let i = 0; i < DEPTH_MAX; i += 1)
    message = i % 3 === 0 ? [message] : i % 3 === 1 ? { in: message } : new Map([[0, message]])
  expect(isDeepStrictEqual(arrives(message), message)).toBe(true)
})

test('R2.1 encode uses one buffer, and small results are the same view again', () => {
  const { encoder } = createLink()
  const message = { a: 1, b: 'two' }
  for (let i = 0; i < 3; i += 1) encoder.encode(message)
  const first = encoder.encode(message)
  expect(encoder.encode(message)).toBe(first)
  expect(encoder.encode(42).buffer).toBe(first.buffer)
  expect(encoder.encodeCopy(message).buffer).not.toBe(first.buffer)
})

test('R2.1 two encoders in one thread do not write into the buffer of each other', () => {
  const one = createLink()
  const two = createLink()
  const record = one.encoder.encode({ from: 'one', list: ['x'.repeat(20_000)] })
  const before = Buffer.from(record)
  two.encoder.encode({ from: 'two', list: ['y'.repeat(20_000)] })
  two.encoder.encode(['y'.repeat(100)])
  expect(record.equals(before)).toBe(true)
})
