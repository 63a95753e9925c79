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
