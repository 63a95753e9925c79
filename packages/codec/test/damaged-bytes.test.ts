/** D6 "not decodable": damaged bytes give a value or ERR_NOT_DECODABLE, soon, and never anything from outside their range. */
import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Decoder } from '../src/index.ts'
import { createLink, decodeAmong } from './link.ts'

type Outcome = { value: unknown } | { reason: string }

function outcome(decoder: Decoder, record: Buffer, surrounding: number): Outcome {
  try {
    return { value: decodeAmong(decoder, record, surrounding) }
  } catch (error) {
    const { code, fields } = error as { code: string; fields: { reason: string } }
    expect(code).toBe('ERR_NOT_DECODABLE')
    return { reason: fields.reason }
  }
}

/** The same bytes among different neighbours: what differs was read from outside. */
function bounded(decoder: Decoder, record: Buffer): void {
  const started = performance.now()
  const outcomes = [0x00, 0x92, 0xa5, 0xdb].map((surrounding) => outcome(decoder, record, surrounding))
  expect(performance.now() - started).toBeLessThan(4000)
  for (const other of outcomes) expect(isDeepStrictEqual(other, outcomes[0])).toBe(true)
}

const known = { kind: 'order', id: 17, lines: [{ sku: 'a', n: 1 }, { sku: 'b', n: 2 }], at: new Date(5), by: new Map([['x', new Set([1n])]]) } // oxfmt-ignore

function warmLink(): ReturnType<typeof createLink> {
  const link = createLink({ isRef: () => false, unpackRef: (...parts) => parts })
  for (let shape = 0; shape < 100; shape += 1) for (let i = 0; i < 5; i += 1) link.carry({ [`shape${shape}`]: 1, known })
  return link
}

describe('D6 damaged bytes', () => {
  test('flipped, cut and grown: a value or ERR_NOT_DECODABLE, and the decoder goes on', () => {
    const link = warmLink()
    const intact = link.encoder.encodeCopy(known)
    fc.assert(
      fc.property(
        fc.oneof(
          fc.constant<unknown>(known),
          fc.anything({ withMap: true, withSet: true, withBigInt: true, withTypedArray: true }),
        ),
        fc.array(fc.record({ at: fc.nat(), to: fc.nat(255) }), { maxLength: 8 }),
        fc.integer({ min: -20, max: 20 }),
        (message, flips, growth) => {
          const record = Buffer.concat([link.encoder.encodeCopy(message), Buffer.alloc(20, 0xc0)])
          const damaged = Buffer.from(record.subarray(0, Math.max(1, record.length - 20 + growth)))
          for (const { at, to } of flips) damaged[at % damaged.length] = to
          bounded(link.decoder, damaged)
          expect(decodeAmong(link.decoder, intact, 0)).toEqual(known)
        },
      ),
      { numRuns: 1500 },
    )
  })

  test('every beginning of two bytes, short and long', () => {
    const link = warmLink()
    let values = 0
    let errors = 0
    for (const length of [2, 24]) {
      const record = Buffer.alloc(length, 0x01)
      for (let pair = 0; pair < 0x10000; pair += 1) {
        record.writeUInt16BE(pair, 0)
        try {
          link.decoder.decode(record, 0, length)
          values += 1
        } catch (error) {
          if ((error as { code: string }).code !== 'ERR_NOT_DECODABLE') throw error
          errors += 1
        }
      }
    }
    expect(values).toBeGreaterThan(100)
    expect(errors).toBeGreaterThan(100_000)
    expect(link.carry(known)).toEqual(known)
  })

  test('arbitrary bytes', () => {
    const link = warmLink()
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 300 }), (noise) => bounded(link.decoder, Buffer.from(noise))),
      { numRuns: 1000 },
    )
    expect(link.carry(known)).toEqual(known)
  })

  test('a long record, damaged: soon, and the decoder goes on', () => {
    const link = warmLink()
    const long = { list: Array.from({ length: 3000 }, (_, n) => ({ n, text: `text ${n}` })), bytes: new Float64Array(20_000) }
    for (let i = 0; i < 3; i += 1) link.carry(long)
    const record = link.encoder.encodeCopy(long)
    fc.assert(
      fc.property(
        fc.array(fc.record({ at: fc.nat(record.length - 1), to: fc.nat(255) }), { maxLength: 4 }),
        fc.nat(3),
        (flips, cut) => {
          const damaged = Buffer.from(record.subarray(0, record.length - cut))
          for (const { at, to } of flips) damaged[at] = to
          outcome(link.decoder, damaged, 0x92)
        },
      ),
      { numRuns: 60 },
    )
    expect(isDeepStrictEqual(link.carry(long), long)).toBe(true)
  })

  test('left-over bytes after 32 MiB of binary data are found without showing them', () => {
    const link = createLink()
    const record = link.encoder.encodeCopy([new Uint8Array(32 * 1024 * 1024)])
    const started = performance.now()
    const grown = Buffer.concat([record, Buffer.alloc(1)])
    expect(() => link.decoder.decode(grown, 0, grown.length)).toThrow(/left-over bytes: 1/)
    expect(performance.now() - started).toBeLessThan(2000)
  })

  test('a million unknown shapes, or levels, end at once', () => {
    const { decoder } = createLink()
    for (const byte of [0x45, 0x7f, 0x91, 0x81, 0xd4, 0xdd]) {
      const record = Buffer.alloc(1_000_000, byte)
      const started = performance.now()
      expect(() => decoder.decode(record, 0, record.length)).toThrow(
        expect.objectContaining({ code: 'ERR_NOT_DECODABLE' }) as Error,
      )
      expect(performance.now() - started).toBeLessThan(2000)
    }
  })

  test('shapes defined inline by damaged bytes do not replace the ones of the area', () => {
    const link = createLink()
    for (let i = 0; i < 4; i += 1) link.carry({ real: 1 })
    // fixext 1, 'r', shape 0: ['fake'], value 7
    const inline = Buffer.from([0xd4, 0x72, 0x40, 0x91, 0xa4, 0x66, 0x61, 0x6b, 0x65, 0x07])
    for (const padding of [0, 5000]) {
      const record =
        padding === 0
          ? inline
          : Buffer.concat([
              Buffer.from([0x92]),
              inline,
              Buffer.from([0xda, padding >> 8, padding & 0xff]),
              Buffer.alloc(padding, 0x61),
            ])
      expect(JSON.stringify(decodeAmong(link.decoder, record, 0))).toContain('fake')
      expect(link.carry({ real: 2 })).toEqual({ real: 2 })
    }
  })

  test('a range that is not in the buffer is refused', () => {
    const link = createLink()
    const record = link.encoder.encodeCopy({ a: 1 })
    for (const [offset, length] of [
      [0, record.length + 1],
      [1, record.length],
      [-1, 2],
      [0, 0],
      [0, -1],
      [0.5, 1],
      [NaN, 1],
      [0, NaN],
    ] as const) {
      expect(() => link.decoder.decode(record, offset, length)).toThrow(
        expect.objectContaining({ code: 'ERR_NOT_DECODABLE' }) as Error,
      )
    }
  })
})
