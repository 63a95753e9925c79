/** Compiled messages (D7): what repeats travels by a layout, and what arrives is what the general codec would have delivered. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createEntryArea, LAYOUT_AREA_BYTES, LAYOUTS_MAX } from '../src/index.ts'
import { parseLayout } from '../src/message-layout.ts'
import { createLink } from './link.ts'
import type { Link } from './link.ts'

/** Enough of one kind for a layout. */
const REPEATS = 12

/** Teaches the link the kind of messages that `build` makes, and gives the number of the layout that the next one travels by. */
function teach(link: Link, build: (i: number) => unknown): number {
  for (let i = 0; i < REPEATS; i += 1) expect(link.carry(build(i))).toStrictEqual(build(i))
  return link.encoder.layout
}

test('D7 a shape that repeats is compiled, and takes fewer bytes', () => {
  const link = createLink()
  const build = (i: number) => ({ type: 'order', id: i, price: i / 3, isPaid: i % 2 === 0, note: `number ${i}` })
  const generalBytes = link.encoder.encodeCopy(build(1)).length
  expect(teach(link, build)).toBeGreaterThan(0)
  expect(link.encoder.encodeCopy(build(1)).length).toBeLessThan(generalBytes)
})

const KINDS: readonly [string, (i: number) => unknown][] = [
  ['integers at their ends', (i) => ({ a: [2 ** 31 - 1, -(2 ** 31), 0, i][i % 4] })],
  ['doubles of every kind', (i) => ({ a: [0.5, NaN, Infinity, -Infinity, -0, 2 ** 53, 5e-324][i % 7] })],
  ['booleans', (i) => ({ a: i % 2 === 0 })],
  ['short and long strings', (i) => ({ a: 'x'.repeat(i * 17) })],
  ['strings beyond Latin-1, surrogates alone too', (i) => ({ a: ['é', 'Σ', '😀', '\ud800', ''][i % 5] + String(i) })],
  ['long strings beyond Latin-1', (i) => ({ a: `${'é'.repeat(200 + i)}${i % 2 === 0 ? 'Ω' : ''}` })],
  ['null, undefined and primitives in one field', (i) => ({ a: [null, undefined, 1, 'two', true, false, -0, 'Ω'][i % 8] })],
  ['nested objects', (i) => ({ a: { b: { c: i, d: 'e' } }, f: i })],
  ['arrays of integers', (i) => ({ a: Array.from({ length: i }, (_, at) => at * i) })],
  ['arrays of doubles', (i) => ({ a: Array.from({ length: i }, (_, at) => at / 7), b: 1.5 })],
  ['arrays of booleans', (i) => ({ a: Array.from({ length: i }, (_, at) => at % 3 === 0) })],
  ['arrays of strings', (i) => ({ a: Array.from({ length: i % 5 }, (_, at) => `${'Ω'.repeat(at % 2)}${at}`) })],
  ['empty arrays', () => ({ a: [] })],
  [
    'arrays of objects with strings',
    (i) => ({ a: Array.from({ length: i % 4 }, (_, at) => ({ sku: `s${at}`, n: at, w: at / 2 })) }),
  ],
  [
    'arrays in arrays of objects',
    (i) => ({
      a: [
        { b: [1, 2, i], c: [{ d: 'x' }] },
        { b: [], c: [] },
      ],
    }),
  ],
  ['typed arrays', (i) => ({ a: new Uint8Array(i).fill(7), b: new Float64Array([i, -0, NaN]), c: new ArrayBuffer(i) })],
  [
    'wide typed arrays',
    (i) => ({ a: new BigInt64Array([BigInt(i)]), b: new Int16Array([i, -i]), c: new DataView(new ArrayBuffer(8)) }),
  ],
  ['enums', (i) => ({ type: ['buy', 'sell'][i % 2], n: i })],
  ['objects of nothing', () => ({ a: {} })],
  ['names like those of methods', (i) => ({ constructor: i, toString: 'x', hasOwnProperty: true, 'a-b': 1, 'é"\n': 2 })],
]

test.each(KINDS)('D7 %s arrive as they were sent, compiled', (_, build) => {
  const link = createLink()
  for (let i = 0; i < 40; i += 1) expect(link.carry(build(i))).toStrictEqual(build(i))
  expect(link.encoder.layout).toBeGreaterThan(0)
})

test.each<[string, (i: number) => unknown]>([
  ['a __proto__ of its own', (i) => JSON.parse(`{"__proto__": ${i}, "a": 1}`)],
  ['names that look like numbers', (i) => ({ 7: i, a: 1 })],
  [
    'a class',
    () =>
      new (class Point {
        x = 1
      })(),
  ],
  ['a Map', (i) => ({ a: new Map([[i, i]]) })],
  ['a Date', (i) => ({ a: new Date(i) })],
  ['a bigint', (i) => ({ a: BigInt(i) })],
  ['an Error', () => ({ a: new RangeError('no') })],
  ['numbers and objects in one field', (i) => ({ a: i % 2 === 0 ? 1 : { b: 1 } })],
  ['very many names', () => Object.fromEntries(Array.from({ length: 100 }, (_, at) => [`n${at}`, at]))],
  ['a number alone', (i) => i],
  ['an array alone', (i) => [i]],
])('D7 %s travels by the general codec', (_, build) => {
  const link = createLink()
  const plain = createLink({ layoutsSize: 4 })
  for (let i = 0; i < 40; i += 1) expect(link.carry(build(i))).toStrictEqual(plain.carry(build(i)))
  expect(link.encoder.layout).toBe(0)
})

test('D7 messages that differ from a layout in any way go the general way, or by another layout', () => {
  const link = createLink()
  teach(link, (i) => ({ type: 'item', id: i, name: `n${i}` }))
  const others: unknown[] = [
    { id: 1, type: 'item', name: 'n' }, // another order
    { type: 'item', id: 1 },
    { type: 'item', id: 1, name: 'n', more: 1 },
    { type: 'other', id: 1, name: 'n' },
    { type: 'item', id: -0, name: 'n' },
    { type: 'item', id: 1.5, name: 'n' },
    { type: 'item', id: '1', name: 'n' },
    { type: 'item', id: 1, name: undefined },
    { type: 'item', id: null, name: 'n' },
    { type: 'item', id: 2 ** 31, name: 'n' },
  ]
  for (const other of others) expect(link.carry(other)).toStrictEqual(other)
  expect(Object.keys(link.carry(others[0]) as object)).toEqual(['id', 'type', 'name'])
})

test('D7 a field that becomes more general widens the layout, a few times', () => {
  const link = createLink()
  const first = teach(link, (i) => ({ type: 'item', value: i }))
  const second = teach(link, (i) => ({ type: 'item', value: i / 2 + 0.25 }))
  const third = teach(link, () => ({ type: 'item', value: 'text' }))
  expect(new Set([first, second, third]).size).toBe(3)
  expect(link.carry({ type: 'item', value: 1 })).toStrictEqual({ type: 'item', value: 1 })
  expect(link.encoder.layout).toBe(third)
})

test('D7 unions are told apart by their tag', () => {
  const link = createLink()
  const build = (i: number): unknown =>
    [{ type: 'add', n: i }, { type: 'remove', key: `k${i}` }, { type: 'reset' }, { type: 'move', x: 0.5, y: i / 4 }][i % 4]
  for (let i = 0; i < 80; i += 1) expect(link.carry(build(i))).toStrictEqual(build(i))
  const layouts = new Set<number>()
  for (let i = 0; i < 4; i += 1) {
    link.carry(build(i))
    layouts.add(link.encoder.layout)
  }
  expect(layouts.size).toBe(4)
  expect(layouts).not.toContain(0)
})

test('D7 what is inherited does not travel, and a polluted prototype breaks nothing', () => {
  const link = createLink()
  teach(link, (i) => ({ a: i }))
  // oxlint-disable-next-line no-extend-native -- some program does, and messages must not suffer
  Object.defineProperty(Object.prototype, 'inherited', { value: 1, enumerable: true, configurable: true, writable: true })
  let names: readonly string[]
  try {
    names = Object.keys(link.carry({ a: 1 }) as object)
  } finally {
    Reflect.deleteProperty(Object.prototype, 'inherited')
  }
  expect(names).toEqual(['a'])
})

test('D7 a getter that throws is named by its path, also where a layout was tried', () => {
  const link = createLink()
  teach(link, (i) => ({ a: i, b: i }))
  const bad = {
    a: 1,
    get b(): number {
      throw new Error('not now')
    },
  }
  expect(() => link.encoder.encode(bad)).toThrow(/path=b/)
  expect(link.carry({ a: 1, b: 2 })).toStrictEqual({ a: 1, b: 2 })
})

test('D7 refs travel in layouts', () => {
  class TestRef {
    readonly core = 3
    readonly slot: number
    readonly generation = -7
    constructor(slot: number) {
      this.slot = slot
    }
  }
  const link = createLink({
    isRef: (value) => value instanceof TestRef,
    packRef: (value) => value as TestRef,
    unpackRef: (_, slot) => new TestRef(slot),
  })
  const number = teach(link, (i) => ({ replyTo: new TestRef(i), n: i }))
  expect(number).toBeGreaterThan(0)
})

test('D7 layouts never grow without bound: names that never repeat leave none, and an area that is full is full', () => {
  const link = createLink()
  for (let i = 0; i < 5_000; i += 1) link.carry({ [`name${i}`]: i })
  expect(link.encoder.layout).toBe(0)
  const small = createLink({ layoutsSize: 256 })
  for (let kind = 0; kind < 20; kind += 1) {
    for (let i = 0; i < REPEATS; i += 1) expect(small.carry({ [`name${kind}`]: i })).toStrictEqual({ [`name${kind}`]: i })
  }
  const many = createLink({ layoutsSize: 1 << 20 })
  for (let kind = 0; kind < LAYOUTS_MAX + 50; kind += 1) {
    for (let i = 0; i < 9; i += 1) many.carry({ [`name${kind}`]: i })
  }
  for (let i = 0; i < 3; i += 1) expect(many.carry({ name1: i })).toStrictEqual({ name1: i })
})

test('D7 a successor of either end goes on with the layouts that are there', () => {
  const link = createLink()
  const build = (i: number) => ({ type: 'item', id: i, tags: ['a', `b${i}`] })
  const number = teach(link, build)
  link.replaceEncoder()
  expect(link.carry(build(77))).toStrictEqual(build(77))
  expect(link.encoder.layout).toBe(number)
  link.replaceDecoder()
  expect(link.carry(build(78))).toStrictEqual(build(78))
})

test('an entry of a layout area that is no layout is refused', () => {
  for (const text of [
    '',
    '1',
    '[["a","int64"]]',
    '[["a","int32"],["a","int32"]]',
    '[["__proto__","int32"]]',
    '[["a",{"enum":[]}]]',
    '[["a",{"array":{"array":"int32"}}]]',
    '[["a",{"binary":"process"}]]',
    '[["a",{"object":[["b",{"object":[["c",{"object":[["d",{"object":[["e",{"object":[["f",{"object":[]}]]}]]}]]}]]}]]}]]',
  ]) {
    expect(parseLayout(text), text).toBeUndefined()
  }
  expect(parseLayout('[["a",{"object":[["b",{"array":null}]]}]]')).toBeDefined()
})

/** A model of a kind of message, and messages of it. */
const value: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
  scalar: fc.oneof(
    fc.integer(),
    fc.double(),
    fc.boolean(),
    fc.string({ unit: 'binary', maxLength: 40 }),
    fc.string({ maxLength: 60 }),
    fc.constantFrom('a', 'b'),
    fc.constantFrom(null, undefined, -0, NaN),
  ),
  object: fc.dictionary(fc.string({ maxLength: 6 }), tie('any'), { maxKeys: 4, noNullPrototype: true }),
  any: fc.oneof(
    { maxDepth: 3 },
    tie('scalar'),
    fc.array(tie('scalar'), { maxLength: 6 }),
    tie('object'),
    fc.array(tie('object'), { maxLength: 3 }),
  ),
})).object

test('D7 whatever repeats arrives as structured clone would deliver it', () => {
  fc.assert(
    fc.property(fc.array(value, { minLength: 1, maxLength: 4 }), fc.infiniteStream(fc.integer()), (messages, numbers) => {
      const link = createLink()
      for (let i = 0; i < 40; i += 1) {
        const message = messages[i % messages.length]
        expect(link.carry(message)).toStrictEqual(structuredClone(message))
        const varied = vary(message, numbers)
        expect(link.carry(varied)).toStrictEqual(structuredClone(varied))
      }
    }),
    { numRuns: 60 },
  )
})

/** The same names with other numbers, and now and then a longer array. */
function vary(message: unknown, numbers: Iterator<number>): unknown {
  if (typeof message === 'number') return numbers.next().value
  if (Array.isArray(message))
    return [...message, ...message]
      .slice(0, 1 + (Math.abs(numbers.next().value as number) % 8))
      .map((item) => vary(item, numbers))
  if (typeof message !== 'object' || message === null) return message
  const varied: Record<string, unknown> = {}
  for (const [name, item] of Object.entries(message)) {
    Object.defineProperty(varied, name, { value: vary(item, numbers), enumerable: true, writable: true, configurable: true })
  }
  return varied
}

test('damaged bytes of a compiled message are refused or read as some message, never beyond the record, never without end', () => {
  const link = createLink()
  const build = (i: number) => ({
    type: ['a', 'b'][i % 2],
    id: i,
    x: i / 3,
    any: [null, i, 'text', true][i % 4],
    text: `name ${i}`,
    list: [1, 2, i],
    items: [{ sku: `s${i}`, n: i }],
    flags: [true, false],
    bytes: new Uint8Array(i),
  })
  for (let i = 0; i < 40; i += 1) link.carry(build(i))
  const record = link.encoder.encodeCopy(build(8))
  const { layout } = link.encoder
  expect(layout).toBeGreaterThan(0)
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(record.length - 1), fc.nat(255)), { minLength: 1, maxLength: 6 }),
      fc.nat(record.length),
      fc.nat(600),
      (changes, cut, number) => {
        const bytes = Buffer.from(record)
        for (const [at, byte] of changes) bytes[at] = byte
        const memory = Buffer.alloc(bytes.length + 64, 0xff)
        bytes.copy(memory, 8)
        for (const [length, name] of [
          [bytes.length, layout],
          [cut, layout],
          [bytes.length, number],
        ] as const) {
          try {
            link.decoder.decode(memory, 8, length, name)
          } catch (error) {
            expect(error).toMatchObject({ code: 'ERR_NOT_DECODABLE' })
          }
        }
      },
    ),
    { numRuns: 2_000 },
  )
  expect(link.decoder.decode(record, 0, record.length, layout)).toStrictEqual(build(8))
})

test('a message that does not fit into the room it is given is not written', () => {
  const link = createLink()
  teach(link, (i) => ({ id: i, text: `text ${i}` }))
  const int32 = new Int32Array(16)
  const memory = { int32, float64: new Float64Array(int32.buffer), buffer: Buffer.from(int32.buffer) }
  const end = link.encoder.write({ id: 7, text: 'text 7' }, memory, 8, 64)
  expect(end).toBeGreaterThan(8)
  for (let limit = 8; limit < end; limit += 1)
    expect(link.encoder.write({ id: 7, text: 'text 7' }, memory, 8, limit)).toBeLessThan(0)
  expect(link.encoder.write({ id: 7, text: 'text 7' }, memory, 8, end)).toBe(end)
})

test('an area of layouts begins empty and keeps what was appended', () => {
  const bytes = new Uint8Array(new SharedArrayBuffer(LAYOUT_AREA_BYTES))
  expect(createEntryArea(bytes).publishedBytes()).toBe(0)
})
