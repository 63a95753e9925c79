/** Arguments that types forbid and JavaScript lets through: each is refused at once by an error with a code, and changes nothing. */
import { describe, expect, test } from 'vitest'
import {
  adaptive,
  attachBroadcastProducer,
  attachConsumer,
  attachNode,
  attachProducer,
  attachSlotColumns,
  attachSlotConsumer,
  attachSlotProducer,
  attachSlots,
  attachSlotWorker,
  backoff,
  blocking,
  busySpin,
  bytes,
  createBatchProcessor,
  createBroadcastRing,
  createDoorbell,
  createRegionCursor,
  createSlotRing,
  createSpscRing,
  createWorkProcessor,
  disruptor,
  evictBroadcastOwner,
  evictOwner,
  evictPlace,
  evictProducer,
  f64,
  haltPlace,
  haltRing,
  i32,
  inspectRing,
  inspectSlotRing,
  joinBroadcast,
  joinSlotPool,
  joinSlotRing,
  layout,
  measureRegion,
  planGraph,
  slotRingBytes,
  succeedBroadcastReader,
  text,
  watchHand,
  watchPositions,
  yielding,
} from '../src/index.ts'
import type { SlotRingDescriptor, SlotRingOptions, WaitStrategy } from '../src/index.ts'

const record = layout({ value: i32 })
const clock = { now: () => performance.now() }
const code = (expected: string): unknown => expect.objectContaining({ code: expected })
const named = (value: unknown): string => `${typeof value} ${String(value)}`

const ringOf = (options: Partial<SlotRingOptions> = {}): SlotRingDescriptor =>
  createSlotRing({ capacity: 8, layout: record, ...options })

describe('sequences and counts', () => {
  test.each(['single', 'multi'] as const)('a producer publishes only what is an Int32 that it has claimed: %s', (producers) => {
    const ring = ringOf({ producers })
    const producer = attachSlotProducer(ring)!
    const consumer = joinSlotRing(ring)!
    for (let round = 0; round < 2; round++) {
      for (const wrong of [undefined, null, Number.NaN, 0.5, '0', 2 ** 32, true, {}]) {
        expect(() => producer.publish(wrong as number), named(wrong)).toThrow(code('ERR_RING_CLAIM'))
      }
      expect(consumer.available()).toBe(0)
      // Now with a claim: 0 to 2.
      if (round === 0) producer.tryNext(3)
    }
    producer.publish(2)
    expect(consumer.available()).toBe(3)
  })

  test.each(['single', 'multi'] as const)('a count is an integer from 1 to the capacity: %s', (producers) => {
    const ring = ringOf({ producers, fixed: [{ kind: 'consumer', after: [] }] })
    const producer = attachSlotProducer(ring, { wait: () => busySpin(clock) })!
    for (const wrong of [0, -1, 9, 1.5, Number.NaN, Infinity, null, '1', true, 2 ** 32 + 1]) {
      expect(() => producer.tryNext(wrong as number), named(wrong)).toThrow(code('ERR_RING_CLAIM'))
      expect(() => producer.next(wrong as number), named(wrong)).toThrow(code('ERR_RING_CLAIM'))
      if (wrong !== 9) expect(() => producer.hasRoom(wrong as number), named(wrong)).toThrow(code('ERR_RING_CLAIM'))
    }
    expect([producer.hasRoom(9), producer.hasRoom(8), producer.next(8), producer.hasRoom(1)]).toEqual([false, true, 7, false])
  })

  test('a consumer finishes only what is an Int32 that is there', () => {
    const ring = ringOf()
    const producer = attachSlotProducer(ring)!
    producer.publish(producer.tryNext(3))
    const consumer = joinSlotRing(ring)!
    producer.publish(producer.tryNext(3))
    consumer.available()
    for (const wrong of [null, Number.NaN, 3.5, '3', 2 ** 32 + 3]) {
      expect(() => consumer.done(wrong as number), named(wrong)).toThrow(code('ERR_RING_CLAIM'))
    }
    expect([consumer.sequence, inspectSlotRing(ring).readers[0]!.inHand]).toEqual([2, undefined])
  })

  test('a poll takes an integer', () => {
    const ring = ringOf({ fixed: [{ kind: 'pool', after: [] }] })
    const slots = attachSlots(ring, record)
    const batch = createBatchProcessor(joinSlotRing(ring)!, slots, () => undefined)
    const work = createWorkProcessor(joinSlotPool(ring, 0)!, slots, () => undefined)
    const producer = attachSlotProducer(ring)!
    producer.publish(producer.tryNext(4))
    for (const processor of [batch, work]) {
      for (const wrong of [0.5, Number.NaN, null, '1', -0.5]) {
        expect(() => processor.poll(wrong as number), named(wrong)).toThrow(code('ERR_OPTION'))
      }
      expect([processor.handled, processor.poll(1), processor.poll(Infinity)]).toEqual([0, 1, 3])
    }
  })
})

describe('times', () => {
  const bell = createDoorbell(new Int32Array(new SharedArrayBuffer(4)))
  const strategies: readonly WaitStrategy[] = [
    busySpin(clock),
    yielding(clock),
    backoff(clock),
    blocking(bell, clock),
    adaptive(bell, clock),
  ]
  const WRONG = [Number.NaN, null, '5', {}]

  test.each(strategies)('$name does not wait for what is no number', (strategy) => {
    for (const wrong of [...WRONG, undefined]) {
      expect(() => strategy.waitFor(() => false, wrong as number), named(wrong)).toThrow(code('ERR_OPTION'))
    }
    expect([strategy.waitFor(() => false, 0), strategy.waitFor(() => false, -1), strategy.waitFor(() => true, 0)]).toEqual([
      false,
      false,
      true,
    ])
  })

  test.each(['single', 'multi'] as const)('nor does a producer: %s', async (producers) => {
    const ring = ringOf({ producers, fixed: [{ kind: 'consumer', after: [] }] })
    const producer = attachSlotProducer(ring, { wait: () => busySpin(clock) })!
    producer.next(8)
    producer.publish(7)
    for (const wrong of WRONG) {
      expect(() => producer.next(1, wrong as number), named(wrong)).toThrow(code('ERR_OPTION'))
      await expect(producer.nextAsync(1, wrong as number), named(wrong)).rejects.toThrow(code('ERR_OPTION'))
    }
  })

  test('nor does a run loop, which has a strategy too', () => {
    const ring = ringOf({ fixed: [{ kind: 'consumer', after: [] }] })
    const processor = createBatchProcessor(attachSlotConsumer(ring, 0), attachSlots(ring, record), () => undefined)
    for (const wrong of WRONG) expect(() => processor.run(busySpin(clock), wrong as number)).toThrow(code('ERR_OPTION'))
    expect(() => processor.run(undefined as never)).toThrow(code('ERR_OPTION'))
    expect(processor.state).toBe('idle')
  })
})

describe('layouts', () => {
  const type = (change: object): never => ({ ...i32, ...change }) as never

  test('a type is one of those that there are, whole', () => {
    const wrong = [
      { kind: 'u32', bytes: 4 },
      type({ kind: 'nonsense' }),
      type({ bytes: -4 }),
      type({ bytes: 2 ** 40 }),
      type({ alignment: 0 }),
      type({ alignment: 1 }),
      type({ limit: 1 }),
      { ...text(4), bytes: 4 },
      { ...bytes(4), limit: 0 },
      { ...text(4), limit: 0.5 },
      null,
      'i32',
    ]
    for (const one of wrong) expect(() => layout({ a: one as never }), JSON.stringify(one)).toThrow(code('ERR_LAYOUT'))
    expect(layout({ a: { ...f64 }, b: { ...text(3) } }).fingerprint).toBe(layout({ a: f64, b: text(3) }).fingerprint)
  })

  test('a view lies in a memory, and its records are less than 2 GiB', () => {
    for (const wrong of [undefined, null, {}, new Uint8Array(64)]) {
      expect(() => record.view(wrong as never), named(wrong)).toThrow(code('ERR_LAYOUT'))
    }
    expect(() => record.view(new ArrayBuffer(64), 0, 2 ** 28)).toThrow('records take 2 GiB or more')
  })

  test('a view is set from an object', () => {
    const view = record.view(new ArrayBuffer(8))
    for (const wrong of [undefined, null, 5, 'value']) {
      expect(() => view.set(wrong as never), named(wrong)).toThrow(code('ERR_LAYOUT_VALUE'))
    }
  })

  test('a ring has whole slots, less than 2 GiB of them', () => {
    for (const size of [-8, 0, 7, 12, 8.5, Number.NaN, '8', undefined]) {
      expect(() => ringOf({ layout: { bytes: size, fingerprint: 1 } as never }), named(size)).toThrow(code('ERR_OPTION'))
    }
    for (const wrong of [undefined, null, 5, { bytes: 8 }]) {
      expect(() => ringOf({ layout: wrong as never }), named(wrong)).toThrow(code('ERR_OPTION'))
      if (wrong !== 5) expect(() => attachSlots(ringOf(), wrong as never), named(wrong)).toThrow(code('ERR_OPTION'))
    }
    expect(() => attachSlotColumns(ringOf(), undefined as never)).toThrow(code('ERR_OPTION'))
    expect(() => slotRingBytes({ capacity: 2 ** 28, layout: record })).toThrow(code('ERR_RING_CAPACITY'))
    expect(() => createSlotRing({ capacity: 2 ** 28, layout: record })).toThrow('less than 2 GiB')
    expect(slotRingBytes({ capacity: 2 ** 27, layout: record })).toBeGreaterThan(2 ** 30)
  })
})

describe('rings, places and owners', () => {
  test('no descriptor is no ring', () => {
    const calls: readonly ((wrong: never) => unknown)[] = [
      attachProducer,
      attachConsumer,
      inspectRing,
      watchHand,
      watchPositions,
      attachSlotProducer,
      (wrong) => attachSlotConsumer(wrong, 0),
      (wrong) => attachSlotWorker(wrong, 0),
      (wrong) => attachSlots(wrong, record),
      (wrong) => attachSlotColumns(wrong, record),
      inspectSlotRing,
      joinSlotRing,
      (wrong) => joinSlotPool(wrong, 0),
      haltRing,
      (wrong) => haltPlace(wrong, 0),
      (wrong) => evictPlace(wrong, 0),
      attachBroadcastProducer,
      joinBroadcast,
      (wrong) => succeedBroadcastReader(wrong, 0),
      (wrong) => evictBroadcastOwner(wrong, 1),
    ]
    for (const call of calls) {
      for (const wrong of [undefined, null, 5, 'ring']) {
        expect(() => call(wrong as never), `${String(call)} of ${named(wrong)}`).toThrow(code('ERR_RING_MEMORY'))
      }
    }
    for (const wrong of [undefined, null, 5]) {
      expect(() => attachNode(wrong as never, record, () => undefined)).toThrow(code('ERR_OPTION'))
      expect(() => createSpscRing(wrong as never)).toThrow(code('ERR_OPTION'))
      expect(() => createBroadcastRing(wrong as never)).toThrow(code('ERR_OPTION'))
    }
  })

  test('fixed places, and places to come after', () => {
    const wrong = [
      null,
      5,
      {},
      { kind: 'consumer' },
      { kind: 'consumer', after: '0' },
      { kind: 'consumer', after: [], before: [] },
    ]
    for (const one of wrong) expect(() => ringOf({ fixed: [one] as never }), JSON.stringify(one)).toThrow(code('ERR_OPTION'))
    expect(() => ringOf({ fixed: 'ab' as never })).toThrow(code('ERR_OPTION'))
    const ring = ringOf({ fixed: [{ kind: 'consumer', after: [] }] })
    expect(() => joinSlotRing(ring, { after: '0' as never })).toThrow(code('ERR_OPTION'))
    expect(() => joinSlotRing(ring, { after: [undefined] as never })).toThrow(code('ERR_RING_PLACE'))
    expect(() => joinBroadcast(createBroadcastRing({ capacity: 1024 }), { after: '0' as never })).toThrow(code('ERR_OPTION'))
  })

  test('an eviction names its owner, or a place that there is', () => {
    const ring = ringOf()
    joinSlotRing(ring, { owner: 1 })
    const broadcast = createBroadcastRing({ capacity: 1024 })
    for (const wrong of [undefined, null, 0, 1.5, '1']) {
      expect(() => evictOwner(ring, wrong as number), named(wrong)).toThrow(code('ERR_OPTION'))
      expect(() => evictBroadcastOwner(broadcast, wrong as number), named(wrong)).toThrow(code('ERR_OPTION'))
    }
    expect(inspectSlotRing(ring).readers).toHaveLength(1)
    for (const wrong of [77, 1, -1, '0', undefined]) {
      expect(() => evictProducer(ring, wrong as number), named(wrong)).toThrow(code('ERR_RING_PLACE'))
    }
    expect(evictProducer(ring, 0)).toEqual({ aborted: 0, undecided: 0 })
  })

  test('a processor drives what joined or attached, over slots', () => {
    const ring = ringOf({ fixed: [{ kind: 'pool', after: [] }] })
    const slots = attachSlots(ring, record)
    const handler = (): void => undefined
    for (const wrong of [undefined, {}, joinSlotRing(ring)]) {
      expect(() => createWorkProcessor(wrong as never, slots, handler)).toThrow(code('ERR_OPTION'))
    }
    for (const wrong of [undefined, {}, 5]) {
      expect(() => createWorkProcessor(joinSlotPool(ring, 0)!, wrong as never, handler)).toThrow(code('ERR_OPTION'))
      expect(() => createBatchProcessor(joinSlotRing(ring)!, wrong as never, handler)).toThrow(code('ERR_OPTION'))
    }
  })
})

describe('graphs', () => {
  test('a misspelt field is an error, not a silent default', () => {
    const options = { capacity: 8, layout: record }
    for (const wrong of [undefined, null, 5, { ...options, fixed: [] }, { ...options, capacty: 8 }]) {
      expect(() => disruptor(wrong as never), JSON.stringify(wrong)).toThrow(code('ERR_OPTION'))
    }
    expect(() => disruptor(options).handle({ name: 'a', modul: 'x' } as never)).toThrow(code('ERR_OPTION'))
    for (const wrong of [undefined, 5, [null], ['a'], [{ name: 'a', worker: 3 }], [{ name: 'a', after: 'b' }]]) {
      expect(() => planGraph(wrong as never), JSON.stringify(wrong)).toThrow(code('ERR_OPTION'))
    }
  })
})

test('strategies, and memory by parts', () => {
  const bell = createDoorbell(new Int32Array(new SharedArrayBuffer(4)))
  expect(() => adaptive(bell, { ...clock, mayspin: 5 as never })).toThrow(code('ERR_OPTION'))
  expect(() => adaptive(undefined as never, clock)).toThrow(code('ERR_OPTION'))
  expect(() => blocking({} as never, clock)).toThrow(code('ERR_OPTION'))
  for (const wrong of [undefined, null, 5, {}, new ArrayBuffer(8)]) {
    expect(() => measureRegion(wrong as never), named(wrong)).toThrow(code('ERR_OPTION'))
    expect(() => createRegionCursor(wrong as never), named(wrong)).toThrow(code('ERR_OPTION'))
  }
})
