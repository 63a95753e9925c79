/**
 * The ring against a plain model: two arrays of records and positions as unbounded numbers. Every return value and every
 * position must agree, on the smallest ring, from start positions whose Int32 wraps at 2^31 and at 2^32.
 */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { attachConsumer, attachProducer, createSpscRing, inspectRing, RING_FULL } from '../src/index.ts'

const CAPACITY = 1024
const RECORD_BYTES_MAX = CAPACITY / 8 - 8

type Op =
  | { op: 'claim'; bytes: number; keep: number; end: 'commit' | 'abort' }
  | { op: 'publish' | 'next' | 'done' | 'release' | 'isEmpty' | 'free' | 'inspect' }
  | { op: 'poll'; limit: number }

interface ModelRecord {
  readonly value: number
  readonly bytes: number
  /** Unbounded positions, padding before the record included in `from`. */
  readonly start: number
  readonly end: number
}

const bytes = fc.oneof(fc.nat(24), fc.integer({ min: 0, max: RECORD_BYTES_MAX }), fc.constant(RECORD_BYTES_MAX))
const op: fc.Arbitrary<Op> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      op: fc.constant('claim' as const),
      bytes,
      keep: fc.nat(RECORD_BYTES_MAX),
      end: fc.constantFrom('commit' as const, 'commit' as const, 'commit' as const, 'abort' as const),
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      op: fc.constantFrom(
        'publish' as const,
        'next' as const,
        'next' as const,
        'done' as const,
        'release' as const,
        'isEmpty' as const,
        'free' as const,
        'inspect' as const,
      ),
    }),
  },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('poll' as const), limit: fc.nat(6) }) },
)
const startPosition = fc.oneof(
  fc.constantFrom(0, -8, -64, 2 ** 31 - 8, 2 ** 31 - 512, -(2 ** 31), CAPACITY - 8),
  fc.integer({ min: -(2 ** 28), max: 2 ** 28 - 1 }).map((n) => n * 8),
)

/** What the record's payload holds: its number, cut or repeated to `bytes`. */
const content = (value: number, length: number): string => `${value};`.repeat(Math.ceil(length / 2)).slice(0, length)

test('C-49 R2.3 property: the ring does what two arrays do, whatever the order of calls and wherever positions begin', () => {
  const seen = { full: 0, padding: 0, wrap31: 0, wrap32: 0 }
  fc.assert(
    fc.property(startPosition, fc.array(op, { minLength: 1, maxLength: 250, size: 'max' }), (origin, ops) => {
      const ring = createSpscRing({ capacity: CAPACITY, startPosition: origin })
      const producer = attachProducer(ring)
      const consumer = attachConsumer(ring)
      const unpublished: ModelRecord[] = []
      const published: ModelRecord[] = []
      let cursor = origin
      let publishedTo = origin
      let inHand: ModelRecord | undefined
      let readTo = origin // end of the last finished record
      let released = origin
      let value = 0

      const take = (): ModelRecord | undefined => {
        if (inHand) readTo = inHand.end
        inHand = published.shift()
        return inHand
      }
      const finish = (): void => {
        if (inHand) readTo = inHand.end
        inHand = undefined
      }
      /** What a release makes free; padding before the record in hand goes with the records before it. */
      const releasable = (): number => inHand?.start ?? readTo
      const check = (record: ModelRecord, type: number, offset: number, length: number): void => {
        expect([type, length]).toEqual([record.value, record.bytes])
        expect(consumer.buffer.toString('latin1', offset, offset + length)).toBe(content(record.value, record.bytes))
      }

      for (const step of ops) {
        switch (step.op) {
          case 'claim': {
            const size = Math.ceil((step.bytes + 8) / 8) * 8
            const toEnd = CAPACITY - (((cursor % CAPACITY) + CAPACITY) % CAPACITY)
            const padding = size > toEnd ? toEnd : 0
            const fits = cursor + padding + size - released <= CAPACITY
            expect(producer.hasRoom(step.bytes)).toBe(fits)
            const offset = producer.claim(value, step.bytes)
            expect(offset !== RING_FULL).toBe(fits)
            if (!fits) {
              seen.full++
              break
            }
            if (padding > 0) seen.padding++
            if (step.end === 'abort') {
              producer.buffer.fill(0xff, offset, offset + step.bytes)
              producer.abort()
              break
            }
            const kept = Math.min(step.keep, step.bytes)
            producer.buffer.write(content(value, kept), offset, 'latin1')
            producer.commit(kept)
            const start = cursor + padding
            cursor = start + Math.ceil((kept + 8) / 8) * 8
            unpublished.push({ value, bytes: kept, start, end: cursor })
            value++
            break
          }
          case 'publish':
            expect(producer.unpublished).toBe(unpublished.length)
            expect(producer.publish()).toBe(unpublished.length > 0)
            if (Math.floor((publishedTo - 2 ** 31) / 2 ** 32) !== Math.floor((cursor - 2 ** 31) / 2 ** 32)) seen.wrap31++
            if (publishedTo < 0 && cursor >= 0) seen.wrap32++
            publishedTo = cursor
            published.push(...unpublished.splice(0))
            break
          case 'next': {
            const record = take()
            expect(consumer.next()).toBe(record !== undefined)
            if (record) check(record, consumer.type, consumer.offset, consumer.length)
            break
          }
          case 'done':
            finish()
            consumer.done()
            break
          case 'release':
            expect(consumer.release()).toBe(releasable() !== released)
            released = releasable()
            break
          case 'poll': {
            const before = published.length
            if (step.limit > 0) finish()
            const count = consumer.poll((type, _buffer, offset, length) => check(take()!, type, offset, length), step.limit)
            finish()
            released = readTo
            expect(count).toBe(Math.min(step.limit, before))
            break
          }
          case 'isEmpty':
            expect(consumer.isEmpty).toBe(published.length === 0)
            break
          case 'free':
            expect(producer.free).toBe(CAPACITY - (cursor - released))
            break
          case 'inspect': {
            const view = inspectRing(ring)
            expect([view.producer, view.consumer, view.hand]).toEqual([publishedTo | 0, released | 0, releasable() | 0])
            expect(view.used).toBe(publishedTo - released)
            expect(view.inHand && [view.inHand.type, view.inHand.payloadBytes]).toEqual(inHand && [inHand.value, inHand.bytes])
            break
          }
        }
        expect(producer.position).toBe(cursor | 0)
        expect(consumer.position).toBe(releasable() | 0)
      }
    }),
    { numRuns: 600 },
  )
  // The property says nothing unless these were reached.
  for (const [name, times] of Object.entries(seen)) expect(times, name).toBeGreaterThan(0)
})

test.each([2 ** 31 - 512, -512, -(2 ** 31), 0])(
  'C-49 a ring that starts at %s streams through its wraps: nothing lost, nothing twice',
  (start) => {
    const ring = createSpscRing({ capacity: CAPACITY, startPosition: start })
    const producer = attachProducer(ring)
    const consumer = attachConsumer(ring)
    let sent = 0
    let expected = 0
    for (let lap = 0; lap < 300; lap++) {
      for (;;) {
        const offset = producer.claim(1, 4 + (sent % 57))
        if (offset === RING_FULL) break
        producer.int32[offset >> 2] = sent++
        producer.commit()
      }
      producer.publish()
      consumer.poll(
        (_type, _buffer, offset, length) => {
          expect([consumer.int32[offset >> 2], length]).toEqual([expected, 4 + (expected % 57)])
          expected++
        },
        1 + (lap % 40),
      )
    }
    consumer.poll(() => expected++)
    expect(expected).toBe(sent)
    expect(sent).toBeGreaterThan(3000)
  },
)
