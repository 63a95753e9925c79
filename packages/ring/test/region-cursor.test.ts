/** Region cursor: same takes, same places; every part on lines of its own; nothing beyond the end. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { attachConsumer, attachProducer, createRegionCursor, createSpscRing, measureRegion, spscRingBytes } from '../src/index.ts'
import type { RegionCursor } from '../src/index.ts'

function takes(cursor: RegionCursor): {
  bell: Int32Array
  times: Float64Array
  shapes: Uint8Array
  ring: ReturnType<RegionCursor['ring']>
} {
  return { bell: cursor.int32(1), times: cursor.float64(3), shapes: cursor.bytes(129), ring: cursor.ring(1024) }
}

test('the same takes give the same places, which measureRegion foresees', () => {
  const bytes = measureRegion(takes)
  expect(bytes).toBe(128 + 128 + 256 + spscRingBytes(1024))
  const memory = new SharedArrayBuffer(bytes)
  const here = takes(createRegionCursor(memory))
  const there = takes(createRegionCursor(memory))
  here.times[2] = 0.5
  expect(there.times[2]).toBe(0.5)
  expect([here.bell.byteOffset, here.times.byteOffset, here.shapes.byteOffset, here.ring.byteOffset]).toEqual([0, 128, 256, 512])

  createSpscRing(here.ring)
  const producer = attachProducer(there.ring)
  producer.buffer.write('ok', producer.claim(1, 2))
  producer.commit()
  producer.publish()
  const consumer = attachConsumer(here.ring)
  expect(consumer.next()).toBe(true)
  expect(consumer.buffer.toString('latin1', consumer.offset, consumer.offset + consumer.length)).toBe('ok')
})

test('a take beyond the end is ERR_REGION_FULL and takes nothing', () => {
  const cursor = createRegionCursor(new SharedArrayBuffer(256), 1)
  expect(cursor.byteOffset).toBe(128)
  expect(() => cursor.int32(33)).toThrow(
    expect.objectContaining({ code: 'ERR_REGION_FULL', message: 'region is full: offset=128, bytes=132, memory=256' }),
  )
  expect(cursor.byteOffset).toBe(128)
  expect(cursor.int32(32).length).toBe(32)
  expect(() => cursor.bytes(1)).toThrow(expect.objectContaining({ code: 'ERR_REGION_FULL' }))
  expect(() => cursor.ring(1024)).toThrow(expect.objectContaining({ code: 'ERR_REGION_FULL' }))
})

test.each([-1, 1.5, Number.NaN, Infinity])('a count of %s is ERR_OPTION', (count) => {
  expect(() => createRegionCursor(new SharedArrayBuffer(256)).int32(count)).toThrow(
    expect.objectContaining({ code: 'ERR_OPTION' }),
  )
})

test('measureRegion allocates nothing of the size it measures', () => {
  // 64 GiB: more than can be allocated.
  const bytes = measureRegion((cursor) => {
    for (let i = 0; i < 64; i++) expect(cursor.ring(2 ** 30).memory.byteLength).toBe(0)
    expect(cursor.int32(1).length).toBe(0)
  })
  expect(bytes).toBe(64 * (2 ** 30 + 512) + 128)
})

test('property: parts never overlap, begin on multiples of 128, and fill exactly what was measured', () => {
  const take = fc.oneof(
    fc.record({ kind: fc.constant('int32' as const), count: fc.nat(100) }),
    fc.record({ kind: fc.constant('float64' as const), count: fc.nat(100) }),
    fc.record({ kind: fc.constant('bytes' as const), count: fc.nat(400) }),
  )
  fc.assert(
    fc.property(fc.array(take, { maxLength: 20 }), (sequence) => {
      const run = (cursor: RegionCursor): { start: number; end: number }[] =>
        sequence.map(({ kind, count }) => {
          const view = cursor[kind](count)
          return { start: view.byteOffset, end: view.byteOffset + view.byteLength }
        })
      const bytes = measureRegion(run)
      let free = 0
      for (const { start, end } of run(createRegionCursor(new SharedArrayBuffer(bytes)))) {
        expect(start % 128).toBe(0)
        expect(start).toBeGreaterThanOrEqual(free)
        free = end
      }
      expect(free).toBeLessThanOrEqual(bytes)
    }),
  )
})
