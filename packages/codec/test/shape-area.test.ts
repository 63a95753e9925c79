/** D7: the shape area: what is in it, what happens when it is full, and when its bytes are damaged. */
import { isDeepStrictEqual } from 'node:util'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createShapeArea, SHAPES_MAX } from '../src/index.ts'
import { shapeEntry } from '../src/shape-area.ts'
import { createLink } from './link.ts'

const newArea = (size: number): { bytes: Uint8Array; area: ReturnType<typeof createShapeArea> } => {
  const bytes = new Uint8Array(new SharedArrayBuffer(size))
  return { bytes, area: createShapeArea(bytes) }
}

describe('D7 the area', () => {
  test('zeros are an empty area', () => {
    const { area } = newArea(256)
    expect(area.publishedBytes()).toBe(0)
    expect(area.roomBytes()).toBe(252)
    expect(area.read(0, 0)).toEqual([])
  })

  test('shapes of arbitrary names come back in order, in one read or in several', () => {
    fc.assert(
      fc.property(
        fc.array(fc.array(fc.string({ unit: fc.nat(0xffff).map((unit) => String.fromCharCode(unit)) }), { maxLength: 6 }), {
          maxLength: 20,
        }),
        (shapes) => {
          const { bytes, area } = newArea(64 * 1024)
          const reader = createShapeArea(bytes)
          const read: unknown[] = []
          let seen = 0
          for (const shape of shapes) {
            area.append([shapeEntry(shape)].filter((entry) => entry !== undefined))
            const published = reader.publishedBytes()
            read.push(...reader.read(seen, published))
            seen = published
          }
          expect(read).toEqual(shapes)
          expect(reader.read(0, seen)).toEqual(shapes)
        },
      ),
      { numRuns: 100 },
    )
  })

  test('more than fits is never written', () => {
    const { area } = newArea(32)
    expect(() => area.append([new Uint8Array(29)])).toThrow(/entries fit into the area/)
    expect(area.publishedBytes()).toBe(0)
  })

  test('bytes that do not begin at a multiple of four are refused', () => {
    expect(() => createShapeArea(new Uint8Array(new SharedArrayBuffer(64), 2))).toThrow(/multiple of 4/)
  })

  test('damaged bytes never lead a reader out of it, and shift no number that can be told', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 4, maxLength: 200 }), (noise) => {
        const { bytes, area } = newArea(204)
        bytes.set(noise)
        const published = area.publishedBytes()
        expect(published).toBeGreaterThanOrEqual(0)
        expect(published).toBeLessThanOrEqual(200)
        for (const shape of area.read(0, published))
          expect(shape === undefined || shape.every((name) => typeof name === 'string')).toBe(true)
      }),
      { numRuns: 500 },
    )
    const { bytes, area } = newArea(256)
    area.append([['a'], ['b'], ['c']].map((shape) => shapeEntry(shape) as Uint8Array))
    bytes[4 + 7 + 2] = 0x7b
    expect(area.read(0, area.publishedBytes())).toEqual([['a'], undefined, ['c']])
  })
})

describe('D7 sharing of shapes', () => {
  test('a shape that is seen twice travels without its names', () => {
    const { encoder, areaBytes } = createLink()
    const message = { kind: 'deposit', account: 1, amount: 2 }
    const first = encoder.encode(message).length
    expect(createShapeArea(areaBytes).publishedBytes()).toBe(0)
    encoder.encode(message)
    expect(encoder.encode(message).length).toBeLessThan(first - 'kindaccountamount'.length)
    expect(createShapeArea(areaBytes).read(0, createShapeArea(areaBytes).publishedBytes())).toEqual([
      ['kind', 'account', 'amount'],
    ])
  })

  test('dictionaries, whose names do not repeat, take no room in the area', () => {
    const link = createLink()
    for (let i = 0; i < 3000; i += 1) link.carry({ [`user-${i}`]: i, [`user-${i + 1}`]: i })
    expect(createShapeArea(link.areaBytes).publishedBytes()).toBe(0)
    for (let i = 0; i < 3; i += 1) link.carry({ shape: 1 })
    expect(createShapeArea(link.areaBytes).publishedBytes()).toBeGreaterThan(0)
  })

  test('nor do they fill the heap of the encoder', () => {
    setFlagsFromString('--expose-gc')
    const collect = runInNewContext('gc') as () => void
    const heap = (): number => {
      collect()
      return process.memoryUsage().heapUsed
    }
    const { encoder } = createLink()
    const send = (from: number): void => {
      for (let i = from; i < from + 100_000; i += 1) encoder.encode({ [`user-${i}`]: i, [`order-${i}`]: i })
    }
    send(0)
    const before = heap()
    send(100_000)
    expect(heap() - before).toBeLessThan(8 * 1024 * 1024)
  })

  test.each([4, 40, 400])('an area of %i bytes fills up, and everything still travels', (areaSize) => {
    const link = createLink({ areaSize })
    for (let round = 0; round < 4; round += 1) {
      for (let shape = 0; shape < 60; shape += 1) {
        const message = { [`name${shape}`]: round, '\ud800': [{ inner: shape, '\udc00': new Map([[1, { m: shape }]]) }] }
        expect(isDeepStrictEqual(link.carry(message), message)).toBe(true)
      }
    }
    expect(createShapeArea(link.areaBytes).publishedBytes()).toBeLessThanOrEqual(areaSize - 4)
  })

  test(`${SHAPES_MAX} shapes are the most, and everything still travels`, () => {
    const link = createLink({ areaSize: 1024 * 1024 })
    const shapes = SHAPES_MAX + 200
    let wrong = 0
    for (let round = 0; round < 5; round += 1) {
      for (let shape = 0; shape < shapes; shape += 1) {
        // Twice in a row, so that it is taken while there is a number left.
        for (let i = 0; i < 2; i += 1) {
          const message = { [`s${shape}`]: i, also: [round, 'x'] }
          if (!isDeepStrictEqual(link.carry(message), message)) wrong += 1
        }
      }
      if (round === 2) link.replaceEncoder()
      if (round === 3) link.replaceDecoder()
    }
    expect(wrong).toBe(0)
    const area = createShapeArea(link.areaBytes)
    expect(area.read(0, area.publishedBytes()).length).toBe(SHAPES_MAX - 1)
  })
})
