/** R2.1, D7: arbitrary plain data arrives as what structured clone gives. The differences are listed in what-travels.test.ts. */
import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createLink } from './link.ts'

const text = fc.oneof(
  fc.string(),
  fc.string({ unit: 'binary' }),
  fc.string({ unit: fc.nat(0xffff).map((unit) => String.fromCharCode(unit)) }),
)

const anyMessage = fc.anything({
  key: fc.oneof(fc.constantFrom('a', 'b', 'c', '__proto__', '__keys__', 'constructor', '7'), text),
  values: [
    fc.integer(),
    fc.double(),
    fc.constant(-0),
    fc.boolean(),
    fc.constantFrom(null, undefined),
    fc.bigInt(),
    text,
    fc.date({ noInvalidDate: false }),
  ],
  maxDepth: 4,
  withMap: true,
  withSet: true,
  withNullPrototype: true,
  withTypedArray: true,
})

test('R2.1 arbitrary messages over one link arrive as structured clone gives them', () => {
  const link = createLink()
  fc.assert(
    fc.property(anyMessage, (message) => {
      const expected: unknown = structuredClone(message)
      for (let i = 0; i < 3; i += 1) expect(isDeepStrictEqual(link.carry(message), expected)).toBe(true)
    }),
    { numRuns: 1500 },
  )
})

/** Mostly what a layout takes; now and then a value, or a name, of which nobody knows. */
const plainName = fc.oneof(
  { arbitrary: fc.string({ maxLength: 8 }), weight: 12 },
  { arbitrary: fc.constantFrom('__proto__', '7', '-0', ''), weight: 1 },
)
const plainValue = fc.oneof(
  {
    arbitrary: fc.oneof(fc.integer(), fc.double(), fc.constantFrom(-0, NaN, null, true, false), fc.string({ maxLength: 40 })),
    weight: 30,
  },
  { arbitrary: fc.oneof(fc.uint8Array({ maxLength: 20 }), fc.float64Array({ maxLength: 4 })), weight: 3 },
  { arbitrary: anyMessage, weight: 1 },
)
const plainMessage = fc.dictionary(
  plainName,
  fc.oneof({ arbitrary: plainValue, weight: 6 }, { arbitrary: fc.dictionary(plainName, plainValue, { maxKeys: 3 }), weight: 1 }),
  {
    minKeys: 1,
    maxKeys: 6,
  },
)
/** More than a shape has to repeat before it is compiled. */
const TIMES = 12

test('R2.1, D7 so do messages whose shape has repeated often enough to be compiled', () => {
  let compiled = 0
  fc.assert(
    fc.property(plainMessage, (message) => {
      const link = createLink()
      const expected: unknown = structuredClone(message)
      for (let i = 0; i < TIMES; i += 1) expect(isDeepStrictEqual(link.carry(message), expected)).toBe(true)
      if (link.encoder.layout !== 0) compiled += 1
    }),
    { numRuns: 600 },
  )
  expect(compiled).toBeGreaterThan(40)
})

test('R2.1 they arrive the same when the shape area has no room', () => {
  const link = createLink({ areaSize: 4 })
  fc.assert(
    fc.property(anyMessage, (message) => {
      expect(isDeepStrictEqual(link.carry(message), structuredClone(message))).toBe(true)
    }),
    { numRuns: 500 },
  )
})

test('R2.1 the message is not changed by sending it', () => {
  const link = createLink()
  fc.assert(
    fc.property(anyMessage, (message) => {
      const before: unknown = structuredClone(message)
      link.encoder.encode(message)
      expect(isDeepStrictEqual(structuredClone(message), before)).toBe(true)
    }),
    { numRuns: 300 },
  )
})
