/** Declared layouts (D7): compiled from the first message on, refused where they do not fit, and readable in place. */
import { bool, bytes, f32, f64, i16, i32, i8, layout, text, u16, u32, u8 } from '@cambium/ring'
import fc from 'fast-check'
import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import { byTag, closeMessage, declareMessageLayouts, keepMessage, LAYOUT_AREA_BYTES, MessageView } from '../src/index.ts'
import { createLink } from './link.ts'
import type { Link, LinkOptions } from './link.ts'

const ORDERS = declareMessageLayouts(
  byTag('type', {
    place: layout({ id: u32, price: f64, symbol: text(8), isLimit: bool }),
    cancel: layout({ id: u32 }),
    reset: layout({ when: f64 }),
  }),
)
const EVERY = declareMessageLayouts(
  layout({ a: i8, b: u8, c: i16, d: u16, e: i32, f: u32, g: f32, h: f64, i: bool, j: text(6), k: bytes(5), l: text(40) }),
)

type Every = Readonly<Record<string, unknown>>
const every: Every = {
  a: -128,
  b: 255,
  c: -32768,
  d: 65535,
  e: -(2 ** 31),
  f: 2 ** 32 - 1,
  g: 0.5,
  h: 1 / 3,
  i: true,
  j: 'Ωé',
  k: Uint8Array.of(1, 2, 3),
  l: 'the text behind',
}

/** The record of `message`, aligned as in a ring, and where it lies. */
function record(link: Link, message: unknown, layouts = EVERY) {
  const encoded = link.encoder.encode(message, layouts)
  const memory = Buffer.from(new SharedArrayBuffer(1024)).fill(0xa1)
  encoded.copy(memory, 64)
  return { memory, length: encoded.length, layout: link.encoder.layout }
}

function carry(link: Link, message: unknown, layouts = EVERY): unknown {
  const { memory, length, layout: number } = record(link, message, layouts)
  return link.decoder.decode(memory, 64, length, number)
}

function open(link: Link, message: unknown, layouts = EVERY): unknown {
  const { memory, length, layout: number } = record(link, message, layouts)
  return link.decoder.open(memory, 64, length, number)
}

test('D7 the very first message of a declared layout is compiled', () => {
  const link = createLink()
  const message = { type: 'place', id: 7, price: 1.5, symbol: 'CMBM', isLimit: true }
  expect(carry(link, message, ORDERS)).toStrictEqual(message)
  expect(link.encoder.layout).toBeGreaterThan(0)
  expect(carry(link, { type: 'cancel', id: 7 }, ORDERS)).toStrictEqual({ type: 'cancel', id: 7 })
  expect(link.encoder.layout).toBeGreaterThan(0)
})

test('D7 every type of field arrives as it was sent', () => {
  expect(carry(createLink(), every)).toStrictEqual(every)
})

test('D7 names may come in any order; they arrive in the declared one, the tag first', () => {
  const message = { price: 2, isLimit: false, type: 'place', symbol: 'X', id: 1 }
  const arrived = carry(createLink(), message, ORDERS) as object
  expect(arrived).toStrictEqual(message)
  expect(Object.keys(arrived)).toEqual(['type', 'id', 'price', 'symbol', 'isLimit'])
})

test('D7 a message whose tag is not declared travels like any other', () => {
  const link = createLink()
  for (const message of [{ type: 'other', id: [1] }, { id: 1 }, 'text', null, 7]) {
    expect(carry(link, message, ORDERS)).toStrictEqual(message)
    expect(link.encoder.layout).toBe(0)
  }
})

const place = { type: 'place', id: 1, price: 1, symbol: 'A', isLimit: true }

describe('D7 a message that does not fit is refused, and the error names the field', () => {
  test.each<[field: string, message: object, text: string]>([
    ['id', { ...place, id: -1 }, 'type=place, field=id, found -1, expected an integer from 0 to 4294967295'],
    ['id', { ...place, id: 1.5 }, 'type=place, field=id, found 1.5, expected an integer from 0 to 4294967295'],
    ['id', { ...place, id: NaN }, 'type=place, field=id, found NaN, expected an integer from 0 to 4294967295'],
    ['price', { ...place, price: '1' }, 'type=place, field=price, found "1", expected a number'],
    [
      'symbol',
      { ...place, symbol: 'ninechars' },
      'field=symbol, found "ninechars", expected a well-formed string of at most 8 bytes',
    ],
    ['symbol', { ...place, symbol: 'ΩΩΩΩΩ' }, 'at most 8 bytes'],
    ['symbol', { ...place, symbol: '\ud800' }, 'well-formed'],
    ['isLimit', { ...place, isLimit: 1 }, 'field=isLimit, found 1, expected true or false'],
    ['note', { ...place, note: 'x' }, 'field=note, found "x", expected no such field'],
    ['price', { type: 'place', id: 1, symbol: 'A', isLimit: true }, 'field=price, found undefined, expected a number'],
    ['price', { ...place, price: undefined }, 'field=price, found undefined'],
    ['id', { ...place, id: null }, 'field=id, found null'],
    ['price', { ...place, price: 1n }, 'field=price, found 1'],
  ])('%s of %o', (field, message, part) => {
    const link = createLink()
    expect(() => link.encoder.encode(message, ORDERS)).toThrow(
      expect.objectContaining({ code: 'ERR_MESSAGE_LAYOUT', fields: expect.objectContaining({ field }) }),
    )
    expect(() => link.encoder.encode(message, ORDERS)).toThrow(part)
    // What fits goes on as before.
    expect(carry(link, place, ORDERS)).toStrictEqual(place)
  })

  test('where all messages have one layout, anything else is refused as a whole', () => {
    for (const message of ['text', null, undefined, [1], 7]) {
      expect(() => createLink().encoder.encode(message, EVERY)).toThrow('field=(root)')
    }
  })

  test('bytes in shared memory, or that were moved away, are no bytes of their own', () => {
    const moved = new Uint8Array(4)
    structuredClone(moved.buffer, { transfer: [moved.buffer] })
    for (const k of [new Uint8Array(new SharedArrayBuffer(4)), moved, new Uint8Array(6), [1]]) {
      expect(() => createLink().encoder.encode({ ...every, k }, EVERY)).toThrow('field=k')
    }
  })
})

test('D7 what an object is made of plays no part: classes, getters and no prototype at all', () => {
  class Cancel {
    type = 'cancel'
    id = 5
    cancel(): void {}
  }
  const bare = Object.assign(Object.create(null) as object, { type: 'cancel', id: 5 })
  const lazy = { type: 'cancel', get id() { return 5 } } // oxfmt-ignore
  for (const message of [new Cancel(), bare, lazy]) {
    expect(carry(createLink(), message, ORDERS)).toStrictEqual({ type: 'cancel', id: 5 })
  }
})

test("D7 a getter that throws is the sender's error", () => {
  const message = { type: 'cancel', get id(): number { throw new Error('no id') } } // oxfmt-ignore
  expect(() => createLink().encoder.encode(message, ORDERS)).toThrow('no id')
})

test('D7 what is rounded or normalised: f32 has 24 bits, integers have no -0, a Buffer is a Uint8Array', () => {
  const arrived = carry(createLink(), { ...every, g: 0.1, e: -0, k: Buffer.from('abc') }) as Every
  expect(arrived['g']).toBe(Math.fround(0.1))
  expect(Object.is(arrived['e'], 0)).toBe(true)
  expect(arrived['k']).toStrictEqual(new Uint8Array(Buffer.from('abc')))
})

const values = fc.record(
  {
    a: fc.integer({ min: -128, max: 127 }),
    b: fc.integer({ min: 0, max: 255 }),
    c: fc.integer({ min: -32768, max: 32767 }),
    d: fc.integer({ min: 0, max: 65535 }),
    e: fc.integer(),
    f: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
    g: fc.float(),
    h: fc.double(),
    i: fc.boolean(),
    j: fc.string({ unit: 'binary', maxLength: 6 }).filter((s) => s.isWellFormed() && Buffer.byteLength(s) <= 6),
    k: fc.uint8Array({ maxLength: 5 }),
    l: fc.string({ maxLength: 40 }).filter((s) => s.isWellFormed() && Buffer.byteLength(s) <= 40),
  },
  { noNullPrototype: true },
)

test('D7 whatever fits arrives, by value and read in place', () => {
  const link = createLink()
  fc.assert(
    fc.property(values, (message) => {
      expect(carry(link, message)).toStrictEqual(message)
      expect(keepMessage(open(link, message))).toStrictEqual(message)
    }),
    { numRuns: 500 },
  )
})

test('D7 the compiled way and the slow way accept the same messages', () => {
  const anything = fc.record(Object.fromEntries('abcdefghijkl'.split('').map((name) => [name, fc.anything()])), {
    requiredKeys: [],
  })
  const mixed = fc.tuple(values, anything, fc.nat(4095)).map(([good, other, mask]) => {
    const message: Record<string, unknown> = { ...good }
    for (const [i, name] of Object.keys(good).entries())
      if ((mask >> i) & 1 && name in other && mask % 3 === 0) message[name] = other[name]
    return message
  })
  const none: LinkOptions = { layoutsSize: 4 }
  fc.assert(
    fc.property(mixed, (message) => {
      const outcome = (link: Link): unknown => {
        try {
          return carry(link, message)
        } catch (error) {
          return (error as Error).message
        }
      }
      expect(outcome(createLink())).toStrictEqual(outcome(createLink(none)))
    }),
    { numRuns: 500 },
  )
})

describe('D7 a message that is read in place', () => {
  test('reads like the message, field by field', () => {
    const view = open(createLink(), every) as Every
    expect(view).toBeInstanceOf(MessageView)
    for (const name of Object.keys(every)) expect(view[name]).toStrictEqual(every[name])
  })

  test('knows its tag', () => {
    const view = open(createLink(), place, ORDERS) as { type: string; symbol: string }
    expect(view).toBeInstanceOf(MessageView)
    expect([view.type, view.symbol]).toEqual(['place', 'A'])
  })

  test('cannot be written to', () => {
    const view = open(createLink(), place, ORDERS) as { id: number }
    expect(() => {
      view.id = 2
    }).toThrow(TypeError)
  })

  test('is gone once its record was given back, and says so', () => {
    const view = open(createLink(), place, ORDERS) as { id: number; symbol: string }
    closeMessage(view)
    for (const read of [() => view.id, () => view.symbol, () => keepMessage(view), () => JSON.stringify(view)]) {
      expect(read).toThrow(expect.objectContaining({ code: 'ERR_MESSAGE_GONE' }))
    }
    expect(() => view.symbol).toThrow('field=symbol')
  })

  test('what was kept of it stays, in memory of its own', () => {
    const view = open(createLink(), every) as Every
    const kept = keepMessage(view)
    closeMessage(view)
    expect(kept).toStrictEqual(every)
    expect((kept['k'] as Uint8Array).buffer).toBeInstanceOf(ArrayBuffer)
  })

  test('shows and serialises as the message, and travels as it', () => {
    const link = createLink()
    const view = open(link, place, ORDERS)
    expect(JSON.parse(JSON.stringify(view))).toStrictEqual(place)
    expect(inspect(view)).toBe(inspect(place))
    expect(link.carry(view)).toStrictEqual(place)
    expect(link.carry({ inner: [view] })).toStrictEqual({ inner: [place] })
    expect(carry(link, view, ORDERS)).toStrictEqual(place)
  })

  test('is an ordinary one where its layout was learned', () => {
    const link = createLink()
    for (let i = 0; i < 12; i += 1) link.carry({ id: i })
    const encoded = link.encoder.encode({ id: 1 })
    const memory = Buffer.from(new SharedArrayBuffer(256))
    encoded.copy(memory, 64)
    expect(link.decoder.open(memory, 64, encoded.length, link.encoder.layout)).toStrictEqual({ id: 1 })
    const general = link.encoder.encodeCopy({ m: new Map() })
    expect(link.decoder.open(general, 0, general.length, 0)).toStrictEqual({ m: new Map() })
  })
})

test('D7 damaged bytes are refused, in place and not, and nothing outside the record is read', () => {
  fc.assert(
    fc.property(values, fc.nat(), fc.integer({ min: 0, max: 255 }), fc.nat(40), (message, at, byte, cut) => {
      const link = createLink()
      const { memory, length, layout: number } = record(link, message)
      memory[64 + (at % length)] = byte
      const left = Math.max(1, length - cut)
      for (const read of [
        () => link.decoder.decode(memory, 64, left, number),
        () => keepMessage(link.decoder.open(memory, 64, left, number)),
      ]) {
        let value: unknown
        try {
          value = read()
        } catch (error) {
          expect(error).toMatchObject({ code: 'ERR_NOT_DECODABLE' })
          continue
        }
        expect(Object.keys(value as object)).toEqual(Object.keys(every))
        for (const name of ['j', 'l']) expect((value as Record<string, string>)[name]!.length).toBeLessThanOrEqual(left)
      }
    }),
    { numRuns: 500 },
  )
})

test('D7 without room for layouts, or for another, everything still works and is checked', () => {
  const link = createLink({ layoutsSize: 4 })
  expect(carry(link, every)).toStrictEqual(every)
  expect(link.encoder.layout).toBe(0)
  expect(() => carry(link, { ...every, a: 200 })).toThrow('field=a')
})

test('D7 an encoder that follows another goes on with its layouts, and never learns from declared ones', () => {
  const link = createLink()
  carry(link, { ...every })
  const { layout: number } = link.encoder
  link.replaceEncoder()
  // The same names undeclared: a half would be rounded, an integer checked, if the declared layout served for it.
  const loose = { ...every, g: 0.1, a: 3.5 }
  expect(link.carry(loose)).toStrictEqual(loose)
  expect(carry(link, every)).toStrictEqual(every)
  expect(link.encoder.layout).toBe(number)
})

test('D7 many declarations fill the area, and the rest goes the general way', () => {
  const link = createLink({ layoutsSize: 2048 })
  for (let i = 0; i < 200; i += 1) {
    const layouts = declareMessageLayouts(layout({ [`field${i}`]: u32 }))
    expect(carry(link, { [`field${i}`]: i }, layouts)).toStrictEqual({ [`field${i}`]: i })
  }
  expect(link.encoder.layout).toBe(0)
  expect(LAYOUT_AREA_BYTES).toBeGreaterThan(2048)
})

class TestRef {
  readonly core = 1
  readonly slot = 2
  readonly generation = 3
  readonly layouts: unknown
  constructor(layouts: unknown) {
    this.layouts = layouts
  }
}

test('D7 a ref takes along what is declared for its actor, compiled and not', () => {
  const link = createLink({
    isRef: (value) => value instanceof TestRef,
    packRef: (value) => value as TestRef & { layouts: typeof ORDERS },
    unpackRef: (_core, _slot, _generation, _name, layouts) => new TestRef(layouts),
  })
  for (let i = 0; i < 20; i += 1) {
    for (const layouts of [ORDERS, EVERY, undefined]) {
      const arrived = link.carry({ to: new TestRef(layouts), n: i }) as { to: { layouts: typeof ORDERS | undefined } }
      expect(arrived.to.layouts?.shapes).toStrictEqual(layouts?.shapes)
      expect(arrived.to.layouts?.tag).toBe(layouts?.tag)
    }
  }
  expect(link.encoder.layout).toBeGreaterThan(0)
})

test.each<[string, () => unknown, string]>([
  ['a tag that no field can be', () => byTag('__proto__', { a: layout({ id: u32 }) }), 'no field can be the tag'],
  [
    'the tag declared as a field',
    () => byTag('id', { a: layout({ id: u32 }) }),
    'the tag is declared as a field too: id=a, field=id',
  ],
  ['no layouts', () => byTag('type', {}), 'there are not 1 to 64 layouts'],
  ['what is no layout', () => byTag('type', { a: 7 as never }), 'this is no layout: type=a'],
  [
    'too many fields',
    () => byTag('type', { a: layout(Object.fromEntries(Array.from({ length: 64 }, (_, i) => [`f${i}`, u8]))) }),
    'more than 64 fields',
  ],
  ['a long tag', () => byTag('type', { ['x'.repeat(65)]: layout({ id: u32 }) }), 'more than 64 characters'],
  ['nothing', () => declareMessageLayouts(undefined as never), 'neither a layout nor what byTag returned'],
])('D7 %s is refused where it is declared', (_, declare, part) => {
  expect(declare).toThrow(expect.objectContaining({ code: 'ERR_LAYOUT' }))
  expect(declare).toThrow(part)
})
