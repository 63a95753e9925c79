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
  BELL_BUSY,
  blocking,
  broadcastRingBytes,
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
import type {
  BroadcastProducer,
  Doorbell,
  RecordHandler,
  RingProducer,
  SlotRingDescriptor,
  SlotRingOptions,
  WaitStrategy,
} from '../src/index.ts'

const record = layout({ value: i32 })
const clock = { now: () => performance.now() }
const code = (expected: string): unknown => expect.objectContaining({ code: expected })
const named = (value: unknown): string => `${typeof value} ${String(value)}`

const ringOf = (options: Partial<SlotRingOptions> = {}): SlotRingDescriptor =>
  createSlotRing({ capacity: 8, layout: record, ...options })

/** No limits of a poll. */
const LIMITS = [0.5, Number.NaN, null, '1', -0.5, -1, -Infinity, {}]

/** Both ends of a ring of records, of one of the three kinds. */
function recordRing(
  kind: 'one' | 'lossless' | 'lossy',
): [RingProducer | BroadcastProducer, { poll(handler: RecordHandler, limit?: number): number }] {
  if (kind === 'one') {
    const ring = createSpscRing({ capacity: 1024 })
    return [attachProducer(ring), attachConsumer(ring)]
  }
  const ring = createBroadcastRing({ capacity: 1024 })
  return [attachBroadcastProducer(ring), joinBroadcast(ring, { mode: kind })!]
}

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
      for (const wrong of LIMITS) {
        expect(() => processor.poll(wrong as number), named(wrong)).toThrow(code('ERR_OPTION'))
      }
      expect([processor.handled, processor.poll(1), processor.poll(Infinity)]).toEqual([0, 1, 3])
    }
  })

  test.each(['one', 'lossless', 'lossy'] as const)('so does one of a ring of records, and a function: %s', (kind) => {
    const [producer, reader] = recordRing(kind)
    for (let type = 0; type < 3; type++) {
      producer.claim(type, 8)
      producer.commit()
    }
    producer.publish()
    const seen: number[] = []
    for (const wrong of LIMITS) {
      expect(() => reader.poll((type) => seen.push(type), wrong as number), named(wrong)).toThrow(code('ERR_OPTION'))
    }
    for (const wrong of [undefined, null, 5, {}, 'handler']) {
      expect(() => reader.poll(wrong as never), named(wrong)).toThrow(code('ERR_OPTION'))
    }
    const take = (limit: number): number => reader.poll((type) => void seen.push(type), limit)
    expect([take(0), take(1), take(Infinity), seen]).toEqual([0, 1, 2, [0, 1, 2]])
  })

  test.each(['one', 'lossless'] as const)('room is asked for a payload that the ring can take: %s', (kind) => {
    const [producer] = recordRing(kind)
    const max = producer.recordBytesMax
    for (const wrong of [undefined, null, Number.NaN, -1, 0.5, Infinity, '8', 2 ** 32, max + 1, 1024]) {
      expect(() => producer.hasRoom(wrong as number), named(wrong)).toThrow(code('ERR_RING_CLAIM'))
    }
    expect([producer.hasRoom(0), producer.hasRoom(max), producer.claim(1, max)]).not.toContain(false)
    expect(() => producer.hasRoom(max + 1)).toThrow(`payload size is out of range, bytes=${max + 1}, max=${max}`)
  })

  test.each(['single', 'multi'] as const)('a look at what is there takes an integer: %s', (producers) => {
    const ring = ringOf({ producers, memory: new SharedArrayBuffer(slotRingBytes({ capacity: 8, layout: record, producers })) })
    const consumer = joinSlotRing(ring)!
    const producer = attachSlotProducer(ring)!
    producer.publish(producer.tryNext(4))
    for (const wrong of [0.5, Number.NaN, null, '1', {}]) {
      expect(() => consumer.available(wrong as number), named(wrong)).toThrow(code('ERR_OPTION'))
    }
    expect(consumer.available(Infinity)).toBe(4)
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

  test('nor does a bell, and each of them is told how to look for work', async () => {
    for (const wrong of [...WRONG, undefined]) {
      expect(() => bell.park(() => false, wrong as number), named(wrong)).toThrow(code('ERR_OPTION'))
      expect(() => bell.parkAsync(() => false, wrong as number), named(wrong)).toThrow(code('ERR_OPTION'))
    }
    for (const wrong of [undefined, null, true, {}]) {
      expect(() => bell.park(wrong as never, 1), named(wrong)).toThrow(code('ERR_OPTION'))
      expect(() => bell.parkAsync(wrong as never, 1), named(wrong)).toThrow(code('ERR_OPTION'))
      for (const strategy of strategies)
        expect(() => strategy.waitFor(wrong as never, 1), named(wrong)).toThrow(code('ERR_OPTION'))
    }
    expect([bell.state, bell.park(() => true, 1), await bell.parkAsync(() => true, 1)]).toEqual([BELL_BUSY, 'work', 'work'])
  })

  test('a clock gives milliseconds', () => {
    const make: readonly ((wrong: never) => unknown)[] = [
      busySpin,
      yielding,
      backoff,
      (wrong) => blocking(bell, wrong),
      (wrong) => adaptive(bell, wrong),
    ]
    for (const give of [() => undefined, () => new Date(), () => Number.NaN, () => 5n, () => '5', Date]) {
      for (const strategy of make) expect(() => strategy({ now: give } as never), String(give)).toThrow(code('ERR_OPTION'))
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
    const { fingerprint } = record
    expect(() => attachSlots(ringOf(), { fingerprint } as never)).toThrow(code('ERR_OPTION'))
    expect(() => attachSlotColumns(ringOf(), { fingerprint } as never)).toThrow(code('ERR_OPTION'))
    expect(() => Object.assign(record.fields[0]!, { name: 'other' })).toThrow(TypeError)
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

  test('readers that a broadcast ring may have', () => {
    for (const wrong of [0, 33, -1, 1.5, Number.NaN, null, '2']) {
      expect(() => broadcastRingBytes(1024, wrong as number), named(wrong)).toThrow(code('ERR_OPTION'))
      expect(() => createBroadcastRing({ capacity: 1024, readers: wrong as number }), named(wrong)).toThrow(code('ERR_OPTION'))
    }
    expect(broadcastRingBytes(1024)).toBe(broadcastRingBytes(1024, 8))
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
    for (const none of ['ab', null, 5]) expect(() => ringOf({ fixed: none as never }), named(none)).toThrow(code('ERR_OPTION'))
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
    for (const wrong of [77, 1, -1, '0', undefined, 8n, Symbol('0')]) {
      expect(() => evictProducer(ring, wrong as number), named(wrong)).toThrow(code('ERR_RING_PLACE'))
    }
    expect(evictProducer(ring, 0)).toEqual({ aborted: 0, undecided: 0 })
  })

  test.each(['single', 'multi'] as const)('a producer waits by a strategy, or has no place: %s', (producers) => {
    const ring = ringOf({ producers, producersMax: 1 })
    for (const wrong of [undefined, null, 5, {}, { waitFor: true }, busySpin]) {
      expect(() => attachSlotProducer(ring, { wait: (() => wrong) as never }), named(wrong)).toThrow(code('ERR_OPTION'))
    }
    expect(() => attachSlotProducer(ring, { wait: (() => undefined) as never })).toThrow(
      'option wait(bell) is wrong: value=undefined, expected a wait strategy',
    )
    const fail = (): never => {
      throw new TypeError('no strategy today')
    }
    expect(() => attachSlotProducer(ring, { wait: fail })).toThrow('no strategy today')
    expect(inspectSlotRing(ring).attached).toEqual([])
    expect(attachSlotProducer(ring, { wait: (bell) => blocking(bell, clock) })?.next(8)).toBe(7)
  })

  test('the bell of a producer that has no place is none any more', () => {
    const ring = ringOf({ producers: 'multi', producersMax: 1 })
    let kept: Doorbell | undefined
    const keep = (bell: Doorbell): never => {
      kept = bell
      return undefined as never
    }
    expect(() => attachSlotProducer(ring, { wait: keep })).toThrow(code('ERR_OPTION'))
    expect(() => kept?.park(() => false, 0)).toThrow(code('ERR_RING_PLACE'))
  })

  test('a handler is a function, or an object of functions', () => {
    const ring = ringOf({ fixed: [{ kind: 'pool', after: [] }] })
    const slots = attachSlots(ring, record)
    const onEvent = (): void => undefined
    for (const name of ['onBatchStart', 'onTimeout', 'onStart', 'onShutdown', 'onError']) {
      for (const wrong of [null, 5, {}, 'log']) {
        const handler = { onEvent, [name]: wrong } as never
        const expected = `option handler.${name} is wrong`
        expect(() => createBatchProcessor(joinSlotRing(ring)!, slots, handler)).toThrow(expected)
        evictPlace(ring, 1)
        expect(() => createWorkProcessor(joinSlotPool(ring, 0)!, slots, handler)).toThrow(expected)
        evictPlace(ring, 1)
      }
    }
    createBatchProcessor(joinSlotRing(ring)!, slots, { onEvent, onError: undefined } as never)
  })

  test('a node that is given nonsense takes no place', () => {
    const topology = disruptor({ capacity: 8, layout: record }).handle({ name: 'work', workers: 2 }).build()
    const node = topology.node('work')
    for (const wrong of [undefined, {}, { onEvent: 5 }, { onEvent: () => undefined, onError: 5 }]) {
      expect(() => attachNode(node, record, wrong as never)).toThrow(code('ERR_OPTION'))
    }
    expect(() => attachNode(node, record, () => undefined, { maxBatch: 0 })).toThrow(code('ERR_OPTION'))
    expect(inspectSlotRing(topology.ring).readers.map(({ kind }) => kind)).toEqual(['pool'])
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
