/** Broadcast rings in one thread: records of every size, both kinds of readers, laps, corruption, successors, and what is refused. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  attachBroadcastProducer,
  broadcastRingBytes,
  createBroadcastRing,
  evictBroadcastOwner,
  joinBroadcast,
  RING_FULL,
  succeedBroadcastReader,
} from '../src/index.ts'
import type { BroadcastDescriptor, BroadcastOptions, BroadcastProducer, BroadcastReader } from '../src/index.ts'
import { CHECK_SALT } from '../src/broadcast/broadcast-layout.ts'
import { bufferOf } from '../src/ring-memory.ts'

const code = (expected: string): unknown => expect.objectContaining({ code: expected })
const ringOf = (options: Partial<BroadcastOptions> = {}): BroadcastDescriptor =>
  createBroadcastRing({ capacity: 1024, ...options })

/** A record whose bytes follow from its type and size. */
function put(producer: BroadcastProducer, type: number, bytes = 8): boolean {
  const offset = producer.claim(type, bytes)
  if (offset === RING_FULL) return false
  for (let i = 0; i < bytes; i++) producer.buffer[offset + i] = type + i
  producer.commit()
  return true
}

/** Types of the records, each of which is as `put` made it. */
function types(reader: BroadcastReader, limit?: number): number[] {
  const seen: number[] = []
  reader.poll((type, buffer, offset, length) => {
    let isRight = offset % 8 === 0
    for (let i = 0; i < length; i++) isRight &&= buffer[offset + i] === ((type + i) & 0xff)
    expect(isRight).toBe(true)
    seen.push(type)
  }, limit)
  return seen
}

describe('making and attaching', () => {
  test.each([0, 512, 1000, 2 ** 31, 1024.5, Number.NaN])('capacity %s is refused', (capacity) => {
    expect(() => ringOf({ capacity })).toThrow(code('ERR_RING_CAPACITY'))
  })

  test('bad options, places and memories are refused', () => {
    expect(() => ringOf({ readers: 33 })).toThrow(code('ERR_OPTION'))
    expect(() => ringOf({ startPosition: 4 })).toThrow(code('ERR_OPTION'))
    expect(() => ringOf({ reader: 3 } as object)).toThrow(code('ERR_OPTION'))
    const memory = new SharedArrayBuffer(128 + broadcastRingBytes(1024, 8))
    const ring = ringOf({ memory, byteOffset: 128 })
    expect(() => ringOf({ memory, byteOffset: 128 })).toThrow(code('ERR_RING_EXISTS'))
    expect(() => ringOf({ memory, byteOffset: 256 })).toThrow(code('ERR_RING_MEMORY'))
    expect(() => attachBroadcastProducer({ memory, byteOffset: 0 })).toThrow(code('ERR_RING_MAGIC'))
    new Int32Array(memory, 128)[1] = 9
    expect(() => joinBroadcast(ring)).toThrow(code('ERR_RING_VERSION'))
  })

  test('readers are bounded; a place is free again after a leave', () => {
    const ring = ringOf({ readers: 2 })
    const first = joinBroadcast(ring)!
    expect(joinBroadcast(ring, { mode: 'lossy' })!.place).toBe(1)
    expect(joinBroadcast(ring)).toBeUndefined()
    first.leave()
    expect(joinBroadcast(ring)!.place).toBe(0)
    expect(() => succeedBroadcastReader(ring, 1)).toThrow(code('ERR_RING_PLACE'))
    expect(() => joinBroadcast(ring, { mode: 'some' as never })).toThrow(code('ERR_OPTION'))
  })
})

describe('records', () => {
  test('every reader gets every record, in place or as a copy, from its join on', () => {
    const ring = ringOf()
    const producer = attachBroadcastProducer(ring)
    put(producer, 1)
    producer.publish()
    const readers = [joinBroadcast(ring)!, joinBroadcast(ring)!, joinBroadcast(ring, { mode: 'lossy' })!]
    put(producer, 2, 100)
    put(producer, 3, 0)
    expect(producer.unpublished).toBe(2)
    expect(readers.map((reader) => [reader.isEmpty, types(reader)])).toEqual(readers.map(() => [true, []]))
    expect([producer.publish(), producer.publish()]).toEqual([true, false])
    expect(readers.map((reader) => [reader.isEmpty, types(reader), reader.isEmpty])).toEqual(
      readers.map(() => [false, [2, 3], true]),
    )
  })

  test('claims that can never be, and calls out of turn, are refused; full is a value', () => {
    const producer = attachBroadcastProducer(ringOf())
    for (const bytes of [-1, 113, 1.5, Number.NaN]) expect(() => producer.claim(1, bytes)).toThrow(code('ERR_RING_CLAIM'))
    expect(() => producer.claim(-1, 8)).toThrow(code('ERR_RING_CLAIM'))
    expect(() => producer.commit()).toThrow('no claim is open')
    producer.claim(1, 8)
    expect(() => producer.claim(1, 8)).toThrow('a claim is open')
    expect(() => producer.commit(9)).toThrow('commit is larger')
    producer.abort()
    expect(producer.position).toBe(0)
    expect(producer.recordBytesMax).toBe(112)
  })

  test('C-49 any sizes, in batches, across the ends of the data area and of the positions: nothing lost, nothing twice', () => {
    const program = fc.record({
      start: fc.constantFrom(0, 2 ** 31 - 1024, 2 ** 31 - 8, -1024, -8),
      sizes: fc.array(fc.nat(112), { minLength: 20, maxLength: 120 }),
      batch: fc.integer({ min: 1, max: 5 }),
    })
    fc.assert(
      fc.property(program, ({ start, sizes, batch }) => {
        const ring = ringOf({ startPosition: start })
        const producer = attachBroadcastProducer(ring)
        const readers = [joinBroadcast(ring)!, joinBroadcast(ring, { mode: 'lossy' })!]
        const seen: number[][] = readers.map(() => [])
        const drain = (): void => {
          producer.publish()
          for (const [at, reader] of readers.entries()) seen[at]!.push(...types(reader))
        }
        for (const [type, bytes] of sizes.entries()) {
          if (!put(producer, type, bytes)) {
            drain()
            expect(put(producer, type, bytes)).toBe(true)
          }
          if (producer.unpublished === batch) drain()
        }
        drain()
        expect(seen[0]).toEqual([...sizes.keys()])
        // The lossy one may have been lapped by the announced intent; what it has not seen since its first record it has counted.
        const lossy = seen[1]!
        expect(lossy).toEqual([...new Set(lossy)].toSorted((a, b) => a - b))
        expect(lossy.length + readers[1]!.lost).toBe(lossy.at(-1)! - lossy[0]! + 1)
        expect(lossy.at(-1)).toBe(sizes.length - 1)
        expect(readers.map(({ corrupt }) => corrupt)).toEqual([0, 0])
        expect(producer.free).toBe(1024)
      }),
      { numRuns: 100 },
    )
  })

  test("one record larger than a lossy reader's copy is read whole", () => {
    const ring = ringOf({ capacity: 2 ** 20 })
    const producer = attachBroadcastProducer(ring)
    const reader = joinBroadcast(ring, { mode: 'lossy' })!
    put(producer, 1, 10)
    put(producer, 2, 100_000)
    put(producer, 3, 10)
    producer.publish()
    expect(types(reader)).toEqual([1, 2, 3])
  })
})

describe('a lossless reader', () => {
  test('R2.3 holds the producer back until it has released, or has left', () => {
    const ring = ringOf()
    const producer = attachBroadcastProducer(ring)
    const [slow, fast] = [joinBroadcast(ring)!, joinBroadcast(ring)!]
    let count = 0
    while (put(producer, count, 112)) count++
    producer.publish()
    expect(count).toBe(8)
    expect(types(fast)).toHaveLength(8)
    expect([producer.free, producer.hasRoom(1)]).toEqual([0, false])
    expect(slow.next()).toBe(true)
    slow.done()
    expect(producer.free).toBe(0)
    expect([slow.release(), slow.release(), producer.free]).toEqual([true, false, 128])
    slow.leave()
    expect(producer.free).toBe(1024)
  })

  test('a handler that throws finishes its record, gives the room back, and the error goes on', () => {
    const ring = ringOf()
    const producer = attachBroadcastProducer(ring)
    const reader = joinBroadcast(ring)!
    for (const type of [1, 2, 3]) put(producer, type)
    producer.publish()
    const failing = (type: number): void => {
      if (type === 2) throw new Error('two')
    }
    expect(() => reader.poll(failing)).toThrow('two')
    expect(producer.free).toBe(1024 - 24)
    expect(types(reader)).toEqual([3])
  })

  test('C-48 its successor goes on behind the record in hand', () => {
    const ring = ringOf()
    const producer = attachBroadcastProducer(ring)
    const reader = joinBroadcast(ring)!
    for (const type of [1, 2, 3, 4]) put(producer, type)
    producer.publish()
    types(reader, 1)
    reader.next()
    const successor = succeedBroadcastReader(ring, reader.place)
    expect(types(successor)).toEqual([3, 4])
    expect(producer.free).toBe(1024)
  })
})

describe('lossless readers behind others', () => {
  test('C-46 one behind two never overtakes the slower; when one leaves it follows the other', () => {
    const ring = ringOf()
    const producer = attachBroadcastProducer(ring)
    const [slow, fast] = [joinBroadcast(ring)!, joinBroadcast(ring)!]
    const last = joinBroadcast(ring, { after: [slow.place, fast.place] })!
    for (const type of [1, 2, 3, 4]) put(producer, type)
    producer.publish()
    expect([types(last), last.isEmpty]).toEqual([[], true])
    types(fast)
    types(slow, 2)
    expect(last.isEmpty).toBe(false)
    expect([types(last), last.isEmpty]).toEqual([[1, 2], true])
    slow.leave()
    expect(types(last)).toEqual([3, 4])
    expect(producer.free).toBe(1024)
  })

  test('one that joins behind a slow one waits until that has come so far', () => {
    const ring = ringOf()
    const producer = attachBroadcastProducer(ring)
    const first = joinBroadcast(ring)!
    put(producer, 1)
    producer.publish()
    const second = joinBroadcast(ring, { after: [first.place] })!
    put(producer, 2)
    producer.publish()
    expect([second.isEmpty, types(second)]).toEqual([true, []])
    types(first, 1)
    expect([second.isEmpty, types(second)]).toEqual([true, []])
    types(first)
    expect(types(second)).toEqual([2])
  })

  test('C-48 the successor of one behind another is behind it too', () => {
    const ring = ringOf()
    const producer = attachBroadcastProducer(ring)
    const first = joinBroadcast(ring)!
    const second = joinBroadcast(ring, { after: [first.place] })!
    for (const type of [1, 2, 3, 4]) put(producer, type)
    producer.publish()
    types(first, 3)
    second.next()
    const successor = succeedBroadcastReader(ring, second.place)
    expect(types(successor)).toEqual([2, 3])
    types(first)
    expect(types(successor)).toEqual([4])
  })

  test('C-46 C-49 a pipeline over records of any size, across the ends of data area and positions', () => {
    const program = fc.record({
      start: fc.constantFrom(0, 2 ** 31 - 1024, -1024, -8),
      sizes: fc.array(fc.integer({ min: 1, max: 112 }), { minLength: 20, maxLength: 80 }),
      steps: fc.array(fc.tuple(fc.nat(2), fc.integer({ min: 1, max: 5 })), { maxLength: 200 }),
    })
    fc.assert(
      fc.property(program, ({ start, sizes, steps }) => {
        const ring = ringOf({ startPosition: start })
        const producer = attachBroadcastProducer(ring)
        const chain = [joinBroadcast(ring)!]
        for (let at = 1; at < 3; at++) chain.push(joinBroadcast(ring, { after: [chain[at - 1]!.place] })!)
        const seen: number[][] = chain.map(() => [])
        let type = 0
        const fill = (): void => {
          while (type < sizes.length && put(producer, type, sizes[type])) type++
          producer.publish()
        }
        const read = (at: number, limit?: number): void => {
          seen[at]!.push(...types(chain[at]!, limit))
          for (let one = 1; one < chain.length; one++) expect(seen[one]!.length).toBeLessThanOrEqual(seen[one - 1]!.length)
        }
        for (const [at, limit] of steps) {
          fill()
          read(at, limit)
        }
        while (seen[2]!.length < sizes.length) {
          fill()
          for (const at of chain.keys()) read(at)
        }
        for (const one of seen) expect(one).toEqual([...sizes.keys()])
        expect(producer.free).toBe(1024)
      }),
      { numRuns: 50 },
    )
  })

  test('a lossy one comes after nobody, and nobody after it or after no one', () => {
    const ring = ringOf()
    const lossy = joinBroadcast(ring, { mode: 'lossy' })!
    const lossless = joinBroadcast(ring)!
    expect(() => joinBroadcast(ring, { mode: 'lossy', after: [lossless.place] })).toThrow(code('ERR_OPTION'))
    for (const after of [lossy.place, 5, 32, -1, 0.5])
      expect(() => joinBroadcast(ring, { after: [after] })).toThrow(code('ERR_RING_PLACE'))
    expect(joinBroadcast(ring)!.place).toBe(2)
  })
})

describe('a lossy reader', () => {
  test('R1.7 is lapped, counts what it missed, and goes on at the last record', () => {
    const ring = ringOf()
    const producer = attachBroadcastProducer(ring)
    const reader = joinBroadcast(ring, { mode: 'lossy' })!
    for (let lap = 0; lap < 3; lap++) {
      for (let type = 0; type < 100; type++) {
        put(producer, lap * 100 + type, 40)
        producer.publish()
      }
      expect(types(reader)).toEqual([lap * 100 + 99])
      expect(reader.lapped).toBe(lap + 1)
    }
    // Before its first record it knew nothing to miss.
    expect(reader.lost).toBe(198)
    reader.leave()
    expect(joinBroadcast(ring)!.place).toBe(reader.place)
  })

  test.each([0, 2 ** 30, 2 ** 31, 2 ** 32])('a reader that slept through %s bytes more than a lap notices', (bytes) => {
    const ring = ringOf()
    const reader = joinBroadcast(ring, { mode: 'lossy' })!
    // What a producer leaves behind that has sent so much: positions as far on, and one record before the tail.
    const words = new Int32Array(bufferOf(ring.memory))
    const end = 1024 + bytes
    const base = ring.byteOffset / 4
    const data = base + (broadcastRingBytes(1024, 8) - 1024) / 4
    const latest = end - 24
    words.set([24, 7, 5, 24 ^ 7 ^ 5 ^ CHECK_SALT, 7, 0], data + (latest % 1024) / 4)
    words[base + 32] = end | 0
    words[base + 33] = latest | 0
    words[base + 64] = (end + 64) | 0
    words[base + 65] = Math.floor((end + 64) / 2 ** 30)
    const seen: number[] = []
    reader.poll((type) => seen.push(type))
    expect([seen, reader.lapped]).toEqual([[7], 1])
  })
})

describe('corruption', () => {
  const damaged = (
    at: number,
    damage: (words: Int32Array, header: number) => void,
  ): { ring: BroadcastDescriptor; after: () => void } => {
    const ring = ringOf()
    const producer = attachBroadcastProducer(ring)
    for (let type = 0; type < 5; type++) put(producer, type)
    damage(producer.int32, (at * 24) / 4)
    return { ring, after: () => void producer.publish() }
  }

  test.each<[string, (words: Int32Array, header: number) => void]>([
    ['a length of 0', (words, header) => (words[header] = 0)],
    ['a negative length', (words, header) => (words[header] = -24)],
    ['a length beyond what is published', (words, header) => (words[header] = 4000)],
    ['the largest length', (words, header) => (words[header] = 2 ** 31 - 1)],
    ['a length that is only wrong', (words, header) => (words[header] = 32)],
    ['another type', (words, header) => (words[header + 1] = 99)],
    ['padding in the middle', (words, header) => (words[header + 1] = -1)],
    [
      'a length beyond the end with a matching check',
      (words, header) => {
        words[header] = 4096
        words[header + 3] = 4096 ^ words[header + 1]! ^ words[header + 2]! ^ CHECK_SALT
      },
    ],
  ])('%s is detected, counted and skipped by both kinds of readers', (_what, damage) => {
    const { ring, after } = damaged(2, damage)
    const readers = [joinBroadcast(ring)!, joinBroadcast(ring, { mode: 'lossy' })!]
    after()
    expect(readers.map((reader) => types(reader))).toEqual([
      [0, 1],
      [0, 1],
    ])
    expect(readers.map(({ corrupt }) => corrupt)).toEqual([1, 1])
    const producer = attachBroadcastProducer(ring)
    put(producer, 9)
    producer.publish()
    expect(readers.map((reader) => types(reader))).toEqual([[9], [9]])
    expect(readers.map(({ lost }) => lost)).toEqual([3, 3])
    expect(producer.free).toBe(1024)
  })

  test('any bytes at all: readers end, stay inside, and go on with what is published later', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 120, maxLength: 120 }), (bytes) => {
        const ring = ringOf()
        const producer = attachBroadcastProducer(ring)
        const readers = [joinBroadcast(ring)!, joinBroadcast(ring, { mode: 'lossy' })!]
        for (let type = 0; type < 5; type++) put(producer, type)
        producer.buffer.set(bytes, 0)
        producer.publish()
        for (const reader of readers) {
          let handled = 0
          reader.poll((_type, buffer, offset, length) => {
            expect(offset + length).toBeLessThanOrEqual(buffer.length)
            handled++
          })
          expect(handled).toBeLessThanOrEqual(15)
          expect(reader.isEmpty).toBe(true)
        }
        put(producer, 77)
        producer.publish()
        expect(readers.map((reader) => types(reader))).toEqual([[77], [77]])
      }),
    )
  })
})

describe('successors and evictions', () => {
  test('C-47 a new producer goes on at the tail, with the next number, whatever the old one had committed', () => {
    const ring = ringOf()
    const first = attachBroadcastProducer(ring)
    const reader = joinBroadcast(ring)!
    put(first, 1)
    first.publish()
    put(first, 2, 100)
    put(first, 3)
    const second = attachBroadcastProducer(ring)
    expect([second.recordNumber, second.position]).toEqual([1, 24])
    put(second, 4)
    second.publish()
    expect(attachBroadcastProducer(ring).recordNumber).toBe(2)
    expect(types(reader)).toEqual([1, 4])
    expect([reader.lost, reader.corrupt]).toEqual([0, 0])
  })

  test('evicting all of one owner, of both kinds, and nobody else', () => {
    const ring = ringOf()
    const producer = attachBroadcastProducer(ring)
    joinBroadcast(ring, { owner: 3 })
    joinBroadcast(ring, { owner: 3, mode: 'lossy' })
    const other = joinBroadcast(ring, { owner: 4 })!
    put(producer, 1)
    producer.publish()
    types(other)
    expect(producer.free).toBe(1000)
    expect(evictBroadcastOwner(ring, 3)).toEqual([0, 1])
    expect(producer.free).toBe(1024)
    expect(() => evictBroadcastOwner(ring, 0)).toThrow(code('ERR_OPTION'))
  })
})
