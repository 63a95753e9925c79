/** A ring of slots in one thread: making and attaching, claims, places, and what is refused. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  attachSlotColumns,
  attachSlotConsumer,
  attachSlotProducer,
  attachSlots,
  attachSlotWorker,
  bool,
  busySpin,
  createBatchProcessor,
  createSlotRing,
  evictOwner,
  evictPlace,
  evictProducer,
  f32,
  f64,
  haltPlace,
  haltRing,
  i16,
  i32,
  i8,
  inspectSlotRing,
  joinSlotPool,
  joinSlotRing,
  layout,
  NO_ROOM,
  sequencesOnly,
  slotRingBytes,
  text,
  u16,
  u32,
  u8,
} from '../src/index.ts'
import type { SlotConsumer, SlotProducer, SlotRingDescriptor, SlotRingOptions } from '../src/index.ts'

const record = layout({ value: i32, price: f64 })
const clock = { now: () => performance.now() }
const code = (expected: string): unknown => expect.objectContaining({ code: expected })

function ringOf(options: Partial<SlotRingOptions> = {}): SlotRingDescriptor {
  return createSlotRing({ capacity: 8, layout: record, ...options })
}

/** Publishes `count` records whose value is their sequence; how many found room. */
function fill(ring: SlotRingDescriptor, producer: SlotProducer, count: number): number {
  const slots = attachSlots(ring, record)
  for (let put = 0; put < count; put++) {
    const sequence = producer.tryNext()
    if (sequence === NO_ROOM) return put
    slots.at(sequence).value = sequence
    producer.publish(sequence)
  }
  return count
}

/** Handles all there is; the values, which must be the sequences. */
function drain(ring: SlotRingDescriptor, consumer: SlotConsumer): number[] {
  const slots = attachSlots(ring, record)
  const seen: number[] = []
  for (let count = consumer.available(); count > 0; count--) {
    const sequence = (consumer.sequence + 1) | 0
    consumer.take()
    expect(slots.at(sequence).value).toBe(sequence)
    seen.push(sequence)
    consumer.done()
  }
  consumer.release()
  return seen
}

describe('making a ring', () => {
  test.each([0, 1, 3, 2 ** 31, -8, 8.5, Number.NaN, '8'])('capacity %s is refused', (capacity) => {
    expect(() => ringOf({ capacity: capacity as number })).toThrow(code('ERR_RING_CAPACITY'))
  })

  test.each<[string, object]>([
    ['no layout', { layout: undefined }],
    ['a misspelt option', { capacities: 8 }],
    ['an unknown kind of producers', { producers: 'many' }],
    ['too many producers', { producers: 'multi', producersMax: 33 }],
    ['too many places', { places: 33 }],
    [
      'fewer places than fixed ones',
      {
        places: 1,
        fixed: [
          { kind: 'consumer', after: [] },
          { kind: 'consumer', after: [] },
        ],
      },
    ],
    [
      'a fixed place after a later one',
      {
        fixed: [
          { kind: 'consumer', after: [1] },
          { kind: 'consumer', after: [] },
        ],
      },
    ],
    ['an unknown kind of place', { fixed: [{ kind: 'worker', after: [] }] }],
    ['a start that is no Int32', { startSequence: 2 ** 31 }],
  ])('%s is refused', (_what, options) => {
    expect(() => ringOf(options)).toThrow(code('ERR_OPTION'))
  })

  test('it can lie anywhere in a memory, at a multiple of 128, but not where a ring is already', () => {
    const options = { capacity: 8, layout: record }
    const memory = new SharedArrayBuffer(256 + slotRingBytes(options))
    const ring = ringOf({ memory, byteOffset: 256 })
    expect(fill(ring, attachSlotProducer(ring)!, 3)).toBe(3)
    expect(new Uint8Array(memory, 0, 256).every((byte) => byte === 0)).toBe(true)
    expect(() => ringOf({ memory, byteOffset: 256 })).toThrow(code('ERR_RING_EXISTS'))
    expect(() => ringOf({ memory, byteOffset: 64 })).toThrow(code('ERR_RING_MEMORY'))
    expect(() => ringOf({ memory, byteOffset: 384 })).toThrow(code('ERR_RING_MEMORY'))
  })
})

describe('attaching', () => {
  test('to another layout, to no ring, to another version: an error that says so', () => {
    const ring = ringOf()
    expect(() => attachSlots(ring, layout({ value: i32 }))).toThrow(code('ERR_RING_LAYOUT'))
    expect(() => attachSlotProducer({ memory: new SharedArrayBuffer(4096), byteOffset: 0 })).toThrow(code('ERR_RING_MAGIC'))
    expect(() => attachSlotProducer({ memory: new SharedArrayBuffer(8), byteOffset: 0 })).toThrow(code('ERR_RING_MEMORY'))
    new Int32Array((ring.memory as { buffer: SharedArrayBuffer }).buffer)[1] = 99
    expect(() => joinSlotRing(ring)).toThrow(code('ERR_RING_VERSION'))
  })

  test('a descriptor is small and can be cloned', () => {
    const ring = ringOf()
    expect(Object.keys(ring).toSorted()).toEqual(['byteOffset', 'memory'])
    const { port1, port2 } = new MessageChannel()
    expect(() => port1.postMessage(ring)).not.toThrow()
    port1.close()
    port2.close()
  })

  test('to places that are not there or of another kind', () => {
    const ring = ringOf({ fixed: [{ kind: 'pool', after: [] }] })
    const worker = joinSlotPool(ring, 0)!
    expect(() => attachSlotConsumer(ring, 0)).toThrow(code('ERR_RING_PLACE'))
    expect(() => attachSlotConsumer(ring, worker.place)).toThrow(code('ERR_RING_PLACE'))
    expect(() => attachSlotWorker(ring, 5)).toThrow(code('ERR_RING_PLACE'))
    expect(() => joinSlotPool(ring, worker.place)).toThrow(code('ERR_RING_PLACE'))
    expect(() => joinSlotRing(ring, { after: [6] })).toThrow(code('ERR_RING_PLACE'))
    expect(() => joinSlotRing(ring, { after: [32] })).toThrow(code('ERR_RING_PLACE'))
    expect(() => joinSlotRing(ring, { after: [worker.place] })).toThrow(code('ERR_RING_PLACE'))
    expect(() => haltPlace(ring, 7)).toThrow(code('ERR_RING_PLACE'))
    expect(() => evictPlace(ring, -1)).toThrow(code('ERR_RING_PLACE'))
    expect(() => evictPlace(ring, 0)).toThrow('the pool has workers')
    // A refused join gives its place back.
    expect(joinSlotRing(ring)!.place).toBe(2)
  })
})

describe.each(['single', 'multi'] as const)('claims, producers %s', (producers) => {
  test.each([0, -1, 9, 1.5, Number.NaN, 2 ** 32 + 1])('C-44 a claim of %s is refused, and claims nothing', (count) => {
    const ring = ringOf({ producers })
    const producer = attachSlotProducer(ring)!
    expect(() => producer.tryNext(count)).toThrow(code('ERR_RING_CLAIM'))
    expect(producer.remaining).toBe(8)
    expect(producer.tryNext(8)).toBe(7)
  })

  test('C-44 tryNext on a full ring says so by a number that is no sequence, and leaves nothing open', () => {
    const ring = ringOf({ producers })
    const producer = attachSlotProducer(ring)!
    const consumer = joinSlotRing(ring)!
    expect(fill(ring, producer, 9)).toBe(8)
    expect(producer.tryNext()).toBe(NO_ROOM)
    expect(NO_ROOM | 0).not.toBe(NO_ROOM)
    expect([producer.hasRoom(1), producer.remaining]).toEqual([false, 0])
    expect(drain(ring, consumer)).toHaveLength(8)
    expect([producer.hasRoom(8), producer.hasRoom(9), producer.remaining]).toEqual([true, false, 8])
    expect(producer.tryNext(5)).toBe(12)
  })

  test('next waits as long as it may, and then says that there is no room', () => {
    const ring = ringOf({ producers })
    const producer = attachSlotProducer(ring, { wait: () => busySpin(clock), timeoutMs: 5 })!
    joinSlotRing(ring)
    expect(producer.next(8)).toBe(7)
    producer.publish(7)
    expect(producer.next()).toBe(NO_ROOM)
    expect(producer.next(2, 0)).toBe(NO_ROOM)
  })

  test('next without a wait strategy is refused at the first call, room or not', () => {
    expect(() => attachSlotProducer(ringOf({ producers }))!.next()).toThrow('option wait is wrong')
    expect(() => attachSlotProducer(ringOf({ producers }), { wait: 7 as never })).toThrow(code('ERR_OPTION'))
  })

  test('a claim can be published in parts; what is not claimed, or published already, is refused', () => {
    const ring = ringOf({ producers })
    const producer = attachSlotProducer(ring)!
    const consumer = joinSlotRing(ring)!
    expect(() => producer.publish(0)).toThrow(code('ERR_RING_CLAIM'))
    expect(producer.tryNext(4)).toBe(3)
    producer.publish(1)
    expect(consumer.available()).toBe(2)
    expect(() => producer.publish(1)).toThrow(code('ERR_RING_CLAIM'))
    expect(() => producer.publish(4)).toThrow(code('ERR_RING_CLAIM'))
    producer.publish(3)
    expect(consumer.available()).toBe(4)
    expect(() => producer.publish(3)).toThrow(code('ERR_RING_CLAIM'))
  })

  test.each([0, 2 ** 31 - 3, -3, 2 ** 31 - 8, -8])(
    'C-49 from sequence %s: five laps, nothing lost, nothing twice',
    (startSequence) => {
      const ring = ringOf({ producers, startSequence, fixed: [{ kind: 'consumer', after: [] }] })
      const producer = attachSlotProducer(ring)!
      const consumer = attachSlotConsumer(ring, 0)
      const seen: number[] = []
      while (seen.length < 40) {
        fill(ring, producer, 5)
        seen.push(...drain(ring, consumer))
      }
      expect(seen).toEqual(Array.from({ length: seen.length }, (_, at) => (startSequence + at) | 0))
    },
  )
})

describe.each(['single', 'multi'] as const)('waiting beside the event loop, producers %s', (producers) => {
  const full = (): { ring: SlotRingDescriptor; producer: SlotProducer } => {
    const ring = createSlotRing({ capacity: 2, layout: record, producers, fixed: [{ kind: 'consumer', after: [] }] })
    const producer = attachSlotProducer(ring)!
    expect(fill(ring, producer, 3)).toBe(2)
    return { ring, producer }
  }

  test('nextAsync claims at once, or when there is room', async () => {
    const { ring, producer } = full()
    const waiting = producer.nextAsync(2)
    drain(ring, attachSlotConsumer(ring, 0))
    expect(await waiting).toBe(3)
    producer.publish(3)
    const consumer = attachSlotConsumer(ring, 0)
    expect(consumer.available()).toBe(2)
    consumer.done(3)
    consumer.release()
    expect(await producer.nextAsync()).toBe(4)
    producer.publish(4)
  })

  test('nextAsync gives up when its time is over, or when the ring is halted', async () => {
    const { ring, producer } = full()
    expect(await producer.nextAsync(1, 1)).toBe(NO_ROOM)
    const waiting = producer.nextAsync(1, Infinity)
    haltRing(ring)
    expect(await waiting).toBe(NO_ROOM)
    await expect(producer.nextAsync(3)).rejects.toThrow(code('ERR_RING_CLAIM'))
  })
})

test('halting a pool halts its workers', () => {
  const ring = createSlotRing({ capacity: 2, layout: record, fixed: [{ kind: 'pool', after: [] }] })
  const workers = [joinSlotPool(ring, 0)!, joinSlotPool(ring, 0)!]
  haltPlace(ring, 0)
  expect(workers.map(({ isHalted }) => isHalted)).toEqual([true, true])
})

test('a consumer that is driven by hand takes and finishes only what it has seen to be there', () => {
  const ring = ringOf()
  const consumer = joinSlotRing(ring)!
  const refused = code('ERR_RING_CLAIM')
  expect(() => consumer.take()).toThrow(refused)
  fill(ring, attachSlotProducer(ring)!, 3)
  expect(() => consumer.take()).toThrow('not available, or finished before')
  expect(consumer.available()).toBe(3)
  expect(() => consumer.done(3)).toThrow(refused)
  consumer.done(1)
  expect(() => consumer.done(0)).toThrow(refused)
  consumer.take()
  consumer.done()
  expect(() => consumer.take()).toThrow(refused)
  expect([consumer.sequence, consumer.release()]).toEqual([2, true])
})

describe('halting the whole ring', () => {
  test.each(['single', 'multi'] as const)('a producer that waits for room is told, producers %s', (producers) => {
    const ring = createSlotRing({ capacity: 2, layout: record, producers, fixed: [{ kind: 'consumer', after: [] }] })
    let isHaltedMeanwhile = false
    const producer = attachSlotProducer(ring, {
      // A strategy that has the ring halted while it waits.
      wait: () => ({
        name: 'halted',
        waitFor(hasWork) {
          expect(hasWork()).toBe(false)
          haltRing(ring)
          isHaltedMeanwhile = true
          return hasWork()
        },
      }),
      timeoutMs: Infinity,
    })!
    expect(fill(ring, producer, 2)).toBe(2)
    expect(producer.isHalted).toBe(false)
    expect(producer.next()).toBe(NO_ROOM)
    expect([isHaltedMeanwhile, producer.isHalted]).toEqual([true, true])
  })
})

describe('columns', () => {
  const numbers = layout({ a: i8, b: u8, c: i16, d: u16, e: i32, f: u32, g: f32, h: f64, flag: bool, name: text(4) })

  test('each number is a column, and what a column writes a view reads', () => {
    const ring = createSlotRing({ capacity: 4, layout: numbers })
    const columns = attachSlotColumns(ring, numbers)
    const slots = attachSlots(ring, numbers)
    expect(Object.keys(columns)).toEqual(['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'])
    const values = { a: -1, b: 255, c: -300, d: 60_000, e: -(2 ** 31), f: 2 ** 32 - 1, g: 0.5, h: Math.PI }
    for (const sequence of [-1, 0, 5, 2 ** 31 - 2]) {
      for (const [name, value] of Object.entries(values)) columns[name as 'a'].set(sequence, value)
    }
    for (const sequence of [3, 4, 1, 2]) {
      expect(slots.at(sequence).toObject()).toEqual({ ...values, flag: false, name: '' })
      for (const [name, value] of Object.entries(values)) expect(columns[name as 'a'].get(sequence)).toBe(value)
    }
    expect(() => attachSlotColumns(ring, layout({ a: i8 }))).toThrow(code('ERR_RING_LAYOUT'))
  })

  test('a processor of columns is handed the sequence in place of a slot', () => {
    const ring = ringOf()
    const producer = attachSlotProducer(ring)!
    const { value } = attachSlotColumns(ring, record)
    const seen: unknown[] = []
    const processor = createBatchProcessor(joinSlotRing(ring)!, sequencesOnly, (slot, sequence) =>
      seen.push([slot, sequence, value.get(slot)]),
    )
    value.set(producer.tryNext(), 7)
    producer.publish(0)
    processor.poll()
    expect(seen).toEqual([[0, 0, 7]])
  })
})

describe('giving up', () => {
  test('with one producer it is as if nothing had been claimed', () => {
    const ring = ringOf()
    const producer = attachSlotProducer(ring)!
    const consumer = joinSlotRing(ring)!
    producer.tryNext(3)
    producer.abort()
    expect(fill(ring, producer, 8)).toBe(8)
    expect(drain(ring, consumer)).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
    expect(() => producer.leave()).not.toThrow()
  })

  test('with several, consumers pass over the slots, and they are counted', () => {
    const ring = ringOf({ producers: 'multi' })
    const producer = attachSlotProducer(ring)!
    const consumer = joinSlotRing(ring)!
    expect(() => {
      producer.tryNext(3)
      producer.tryNext()
    }).toThrow('a claim is open')
    expect(() => producer.leave()).toThrow('a claim is open')
    producer.publish(0)
    producer.abort()
    producer.abort()
    expect([0, 1, 2].map((sequence) => consumer.isAborted(sequence))).toEqual([false, true, true])
    expect(inspectSlotRing(ring).aborted).toBe(2)
    expect(fill(ring, producer, 1)).toBe(1)
    expect(consumer.available()).toBe(4)
    // A lap later the same slots hold records again.
    consumer.done(3)
    consumer.release()
    expect(fill(ring, producer, 8)).toBe(8)
    expect(drain(ring, consumer)).toEqual([4, 5, 6, 7, 8, 9, 10, 11])
  })

  test('C-47 a dead one of several: its claim is given up, its place is free again', () => {
    const ring = ringOf({ producers: 'multi', producersMax: 2 })
    const consumer = joinSlotRing(ring)!
    const dead = attachSlotProducer(ring, { owner: 3 })!
    const living = attachSlotProducer(ring, { owner: 4 })!
    expect(attachSlotProducer(ring)).toBeUndefined()
    dead.tryNext(2)
    expect(fill(ring, living, 3)).toBe(3)
    expect(consumer.available()).toBe(0)
    expect(inspectSlotRing(ring).attached).toEqual([
      { place: 0, owner: 3 },
      { place: 1, owner: 4 },
    ])
    expect(evictProducer(ring, dead.place)).toEqual({ aborted: 2, undecided: 0 })
    expect(consumer.available()).toBe(5)
    expect([0, 1, 2].map((sequence) => consumer.isAborted(sequence))).toEqual([true, true, false])
    expect(attachSlotProducer(ring)!.place).toBe(0)
    expect(() => evictProducer(ring, 7)).toThrow(code('ERR_RING_PLACE'))
  })

  test('a producer that left can be replaced', () => {
    const ring = ringOf({ producers: 'multi', producersMax: 1 })
    const first = attachSlotProducer(ring)!
    fill(ring, first, 2)
    first.leave()
    expect(fill(ring, attachSlotProducer(ring)!, 2)).toBe(2)
    expect(() => evictProducer(ring, 1)).toThrow(code('ERR_RING_PLACE'))
  })
})

describe('joining and leaving', () => {
  test('C-46 a joiner begins at the cursor, gates the producer, and no longer does when it has left', () => {
    const ring = ringOf()
    const producer = attachSlotProducer(ring)!
    expect(fill(ring, producer, 20)).toBe(20)
    const consumer = joinSlotRing(ring, { owner: 9 })!
    expect(consumer.sequence).toBe(19)
    expect(fill(ring, producer, 20)).toBe(8)
    expect(drain(ring, consumer)[0]).toBe(20)
    expect(fill(ring, producer, 20)).toBe(8)
    expect(inspectSlotRing(ring).readers).toMatchObject([
      { place: 0, owner: 9, sequence: 27, backlog: 8, gates: true, isMember: true },
    ])
    consumer.leave()
    expect(fill(ring, producer, 20)).toBe(20)
    expect(inspectSlotRing(ring).readers).toEqual([])
  })

  test('C-46 a consumer behind two never overtakes the slower; when one leaves it follows the other', () => {
    const ring = ringOf()
    const producer = attachSlotProducer(ring)!
    const fast = joinSlotRing(ring)!
    const slow = joinSlotRing(ring)!
    const last = joinSlotRing(ring, { after: [fast.place, slow.place] })!
    fill(ring, producer, 6)
    drain(ring, fast)
    expect(last.available()).toBe(0)
    expect(slow.available()).toBe(6)
    slow.done(2)
    slow.release()
    expect(last.available()).toBe(3)
    slow.leave()
    expect(last.available()).toBe(6)
    fast.leave()
    fill(ring, producer, 2)
    expect(last.available()).toBe(8)
  })

  test('C-46 when the last of a chain leaves, the one before it gates', () => {
    const ring = ringOf({
      fixed: [
        { kind: 'consumer', after: [] },
        { kind: 'consumer', after: [0] },
      ],
    })
    const producer = attachSlotProducer(ring)!
    const first = attachSlotConsumer(ring, 0)
    const last = attachSlotConsumer(ring, 1)
    expect(inspectSlotRing(ring).readers.map(({ gates }) => gates)).toEqual([false, true])
    fill(ring, producer, 8)
    last.leave()
    expect(inspectSlotRing(ring).readers.map(({ place, gates }) => [place, gates])).toEqual([[0, true]])
    expect(producer.remaining).toBe(0)
    drain(ring, first)
    expect(producer.remaining).toBe(8)
  })

  test('places are bounded, and free again after a leave', () => {
    const ring = ringOf({ places: 3 })
    const three = [joinSlotRing(ring)!, joinSlotRing(ring)!, joinSlotRing(ring)!]
    expect(joinSlotRing(ring)).toBeUndefined()
    three[1]!.leave()
    expect(joinSlotRing(ring)!.place).toBe(1)
  })

  test('evictOwner frees all of one thread, and nothing of another', () => {
    const ring = ringOf({ producers: 'multi', fixed: [{ kind: 'pool', after: [] }] })
    joinSlotRing(ring, { owner: 1 })
    joinSlotPool(ring, 0, { owner: 1 })
    joinSlotRing(ring, { owner: 2 })
    attachSlotProducer(ring, { owner: 1 })!.tryNext(3)
    expect(evictOwner(ring, 1)).toEqual({ places: [1, 2], producers: [0], aborted: 3, undecided: 0 })
    expect(evictOwner(ring, 1)).toEqual({ places: [], producers: [], aborted: 0, undecided: 0 })
    expect(inspectSlotRing(ring).readers.map(({ place }) => place)).toEqual([0, 3])
    expect(() => evictOwner(ring, 0)).toThrow(code('ERR_OPTION'))
  })

  test('an abandoned lock does not hold the others for ever, and its holder can be evicted', () => {
    const ring = ringOf()
    const consumer = joinSlotRing(ring, { owner: 5 })!
    const words = new Int32Array((ring.memory as { buffer: SharedArrayBuffer }).buffer)
    Atomics.store(words, LOCK_WORD, consumer.place + 1)
    expect(() => joinSlotRing(ring)).toThrow(code('ERR_RING_LOCKED'))
    expect(evictOwner(ring, 5).places).toEqual([0])
    expect(joinSlotRing(ring)!.place).toBe(0)
  })
  const LOCK_WORD = 96 + 64

  test('C-46 random joins, leaves, fills and drains: everybody sees every record from its join on, in order', () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant('fill'), count: fc.integer({ min: 1, max: 12 }) }),
      fc.record({ kind: fc.constant('join'), count: fc.nat(5) }),
      fc.record({ kind: fc.constant('drain'), count: fc.nat(5) }),
      fc.record({ kind: fc.constant('leave'), count: fc.nat(5) }),
    )
    const program = fc.record({
      steps: fc.array(step, { minLength: 5, maxLength: 60 }),
      producers: fc.constantFrom('single', 'multi'),
      start: fc.constantFrom(0, 2 ** 31 - 10, -10),
    })
    fc.assert(
      fc.property(program, ({ steps, producers, start }) => {
        const ring = ringOf({ producers, startSequence: start, places: 4 })
        const producer = attachSlotProducer(ring)!
        const living: { consumer: SlotConsumer; next: number; after: SlotConsumer[] }[] = []
        let published = (start - 1) | 0
        for (const { kind, count } of steps) {
          const chosen = living[count % Math.max(living.length, 1)]
          if (kind === 'fill') {
            const room = producer.remaining
            const put = fill(ring, producer, count)
            expect(put).toBe(living.length === 0 ? count : Math.min(room, count))
            published = (published + put) | 0
          } else if (kind === 'join') {
            const after = chosen === undefined || count % 2 === 0 ? [] : [chosen.consumer]
            const consumer = joinSlotRing(ring, { after: after.map(({ place }) => place) })
            if (consumer === undefined) expect(living).toHaveLength(4)
            else living.push({ consumer, next: (published + 1) | 0, after })
          } else if (kind === 'drain' && chosen !== undefined) {
            for (const sequence of drain(ring, chosen.consumer)) {
              expect(sequence).toBe(chosen.next)
              chosen.next = (chosen.next + 1) | 0
              for (const before of chosen.after) expect((before.sequence - sequence) | 0).toBeGreaterThanOrEqual(0)
            }
          } else if (kind === 'leave' && chosen !== undefined) {
            chosen.consumer.leave()
            living.splice(living.indexOf(chosen), 1)
            for (const one of living) one.after = one.after.filter((before) => before !== chosen.consumer)
          }
        }
        // The slowest decides, and nobody else.
        const slowest = Math.max(0, ...living.map(({ consumer }) => (published - consumer.sequence) | 0))
        expect(producer.remaining).toBe(8 - slowest)
      }),
      { numRuns: 300 },
    )
  })
})
