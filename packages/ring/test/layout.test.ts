/** Declared layouts: places, values of every type, texts, views over many records, fingerprints, and what is refused. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { bool, bytes, f32, f64, i16, i32, i8, layout, text, u16, u32, u8 } from '../src/index.ts'
import type { FieldType, LayoutFields } from '../src/index.ts'

const code = (expected: string): unknown => expect.objectContaining({ code: expected })

describe('places', () => {
  test('fields lie by falling alignment, with no padding but at the end, and records are multiples of 8', () => {
    const trade = layout({ flags: u8, id: u32, price: f64, name: text(5), side: bool, size: u16 })
    expect(trade.fields.map(({ name, offset }) => [name, offset])).toEqual([
      ['flags', 22],
      ['id', 8],
      ['price', 0],
      ['name', 12],
      ['side', 23],
      ['size', 20],
    ])
    expect(trade.bytes).toBe(24)
  })

  test('every field is aligned, none overlaps another, whatever is declared', () => {
    const types: FieldType<unknown>[] = [i8, u8, i16, u16, i32, u32, f32, f64, bool, text(3), text(8), bytes(1), bytes(300)]
    fc.assert(
      fc.property(fc.array(fc.nat(types.length - 1), { minLength: 1, maxLength: 30 }), (choice) => {
        const fields = Object.fromEntries(choice.map((type, at) => [`f${at}`, types[type]!]))
        const declared = layout(fields)
        const spans = declared.fields.map(({ offset, type }) => [offset, offset + type.bytes] as const).sort(([a], [b]) => a - b)
        for (const { offset, type } of declared.fields) expect(offset % type.alignment).toBe(0)
        for (const [at, [begin]] of spans.entries()) if (at > 0) expect(begin).toBeGreaterThanOrEqual(spans[at - 1]![1])
        expect(declared.bytes).toBeGreaterThanOrEqual(spans.at(-1)![1])
        expect(declared.bytes % 8).toBe(0)
      }),
    )
  })
})

describe('values', () => {
  const all = layout({ a: i8, b: u8, c: i16, d: u16, e: i32, f: u32, g: f32, h: f64, i: bool, j: text(12), k: bytes(5) })
  const one = fc.record({
    a: fc.integer({ min: -128, max: 127 }),
    b: fc.nat(255),
    c: fc.integer({ min: -32_768, max: 32_767 }),
    d: fc.nat(65_535),
    e: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
    f: fc.nat(2 ** 32 - 1),
    g: fc.float(),
    h: fc.double(),
    i: fc.boolean(),
    j: fc.string({ unit: 'binary', maxLength: 3 }),
    k: fc.uint8Array({ maxLength: 5 }),
  })

  test('what is written is read, in every record of a view, and no record touches its neighbours', () => {
    fc.assert(
      fc.property(fc.array(one, { minLength: 4, maxLength: 4 }), fc.boolean(), (records, isShared) => {
        const memory = isShared ? new SharedArrayBuffer(64 + 4 * all.bytes) : new ArrayBuffer(64 + 4 * all.bytes)
        const writer = all.view(memory, 64, 4)
        const reader = all.view(memory, 64, 4)
        for (const at of [2, 0, 3, 1]) writer.at(at).set(records[at]!)
        for (const [at, record] of records.entries()) expect(reader.at(at).toObject()).toEqual(record)
        expect(new Uint8Array(memory, 0, 64).every((byte) => byte === 0)).toBe(true)
      }),
    )
  })

  test('numbers of records wrap, in both directions, and `base` goes anywhere', () => {
    const small = layout({ x: i32 })
    const view = small.view(new ArrayBuffer(64), 0, 8)
    for (let at = 0; at < 8; at++) view.at(at).x = at
    expect([8, -1, 2 ** 31 - 1, -(2 ** 31), 2 ** 32 + 3].map((at) => view.at(at).x)).toEqual([0, 7, 7, 0, 3])
    view.base = 16
    expect(view.x).toBe(2)
  })

  test('integers wrap as in typed arrays', () => {
    const view = all.view(new ArrayBuffer(all.bytes))
    view.set({ a: 200, b: 300, c: -32_769, f: -1, e: 2 ** 31 })
    expect([view.a, view.b, view.c, view.f, view.e]).toEqual([-56, 44, 32_767, 2 ** 32 - 1, -(2 ** 31)])
  })

  test('toObject is in the order of the declaration and does not share bytes with the memory', () => {
    const view = all.view(new ArrayBuffer(all.bytes))
    view.k = Uint8Array.of(1, 2)
    const copy = view.toObject()
    view.k = Uint8Array.of(9)
    expect(Object.keys(copy).join('')).toBe('abcdefghijk')
    expect(copy.k).toEqual(Uint8Array.of(1, 2))
    expect(view.k).toEqual(Uint8Array.of(9))
  })
})

describe('texts', () => {
  const note = layout({ text: text(40), next: i32 })
  const view = note.view(new ArrayBuffer(note.bytes))

  test.each(['', 'a', 'ÿ', 'twelve chars', 'é'.repeat(40), 'x'.repeat(30), '€', '𝄞', 'Straße €', 'ключ', '\0\0'])(
    '%j',
    (value) => {
      view.next = -1
      view.text = value
      expect(view.text).toBe(value)
      expect(view.next).toBe(-1)
    },
  )

  test('one that is too long is refused where it is written, and leaves the field as it was', () => {
    view.text = 'before'
    for (const value of ['x'.repeat(41), 'é'.repeat(41), '€'.repeat(14), 'ab€'.repeat(9)]) {
      expect(() => (view.text = value)).toThrow(code('ERR_LAYOUT_VALUE'))
      expect(view.text).toBe('before')
    }
    view.text = '€'.repeat(13)
    expect(view.text).toBe('€'.repeat(13))
  })

  test('half a surrogate pair, no string, no bytes, an unknown field: refused by name', () => {
    const mixed = layout({ text: text(8), raw: bytes(2) }).view(new ArrayBuffer(16))
    expect(() => (mixed.text = '\ud834')).toThrow('field=text, text has half a surrogate pair')
    expect(() => (mixed.text = 7 as unknown as string)).toThrow('field=text, not a string, type=number')
    expect(() => (mixed.raw = [1] as unknown as Uint8Array)).toThrow('field=raw, not a Uint8Array')
    expect(() => (mixed.raw = new Uint8Array(3))).toThrow('field=raw, there are 3 bytes, more than 2')
    expect(() => mixed.set({ txet: 'a' } as object)).toThrow('field=txet, there is no such field')
  })

  test('a damaged length gives a text of this field and never bytes of the next one', () => {
    const memory = new ArrayBuffer(24)
    const two = layout({ text: text(6), other: text(6) }).view(memory)
    two.set({ text: 'abcdef', other: 'secret' })
    fc.assert(
      fc.property(fc.nat(0xffff), (word) => {
        new DataView(memory).setUint16(0, word, true)
        expect('abcdef'.startsWith(two.text)).toBe(true)
      }),
    )
  })
})

describe('fingerprints', () => {
  const base = layout({ id: u32, price: f64, name: text(16) })

  test('equal layouts agree, whoever declares them', () => {
    expect(layout({ id: u32, price: f64, name: text(16) }).fingerprint).toBe(base.fingerprint)
    expect(base.fingerprint).not.toBe(0)
  })

  test.each<[string, LayoutFields]>([
    ['a type', { id: i32, price: f64, name: text(16) }],
    ['a size', { id: u32, price: f64, name: text(15) }],
    ['a name', { id: u32, cost: f64, name: text(16) }],
    ['a field more', { id: u32, price: f64, name: text(16), more: u8 }],
    ['the order', { price: f64, id: u32, name: text(16) }],
  ])('%s makes another one', (_what, fields) => {
    expect(layout(fields).fingerprint).not.toBe(base.fingerprint)
  })

  test('it is an Int32, and the same in every version', () => {
    expect(base.fingerprint).toBe(base.fingerprint | 0)
    expect(layout({ a: i32 }).fingerprint).toBe(-400476452)
  })
})

describe('what cannot be a layout', () => {
  test.each<[string, () => unknown]>([
    ['no fields', () => layout({})],
    ['no object', () => layout(undefined as unknown as LayoutFields)],
    ['a reserved name', () => layout({ base: i32 })],
    ['a name with a dollar', () => layout({ $i32: i32 })],
    ['a name with a space', () => layout({ 'a b': i32 })],
    ['__proto__', () => layout(JSON.parse('{"__proto__": 1}') as LayoutFields)],
    ['constructor', () => layout({ constructor: i32 })],
    ['something that is no type', () => layout({ a: 'i32' as unknown as FieldType<number> })],
    ['a text of no size', () => text(0)],
    ['a text too large', () => text(32_768)],
    ['a size that is no integer', () => bytes(1.5)],
  ])('%s', (_what, declare) => {
    expect(declare).toThrow(code('ERR_LAYOUT'))
  })

  test.each<[string, () => unknown]>([
    ['a memory that is too small', () => layout({ a: f64 }).view(new ArrayBuffer(7))],
    ['an offset that is not aligned', () => layout({ a: f64 }).view(new ArrayBuffer(16), 4)],
    ['a count that is no power of two', () => layout({ a: f64 }).view(new ArrayBuffer(64), 0, 3)],
  ])('%s', (_what, make) => {
    expect(make).toThrow(code('ERR_LAYOUT'))
  })
})
