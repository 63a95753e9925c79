/** What a reader or producer that has left may still do: nothing that could touch whoever has its place now. And leaving from within a handler. */
import { describe, expect, test } from 'vitest'
import {
  attachBroadcastProducer,
  attachSlotProducer,
  attachSlots,
  blocking,
  busySpin,
  createBatchProcessor,
  createBroadcastRing,
  createSlotRing,
  createWorkProcessor,
  i32,
  inspectSlotRing,
  joinBroadcast,
  joinSlotPool,
  joinSlotRing,
  layout,
  NO_ROOM,
  RING_FULL,
  slotRingBytes,
} from '../src/index.ts'
import { PLACE_BLOCK } from '../src/disruptor/slot-ring-layout.ts'
import { LOCK } from '../src/places/place-layout.ts'
import type { BroadcastDescriptor, Processor, SlotRingDescriptor, SlotRingOptions } from '../src/index.ts'

const record = layout({ value: i32 })
const clock = { now: () => performance.now() }
const code = (expected: string): unknown => expect.objectContaining({ code: expected })

const ringOf = (options: Partial<SlotRingOptions> = {}): SlotRingDescriptor =>
  createSlotRing({ capacity: 8, layout: record, ...options })
const poolOf = (): SlotRingDescriptor => ringOf({ fixed: [{ kind: 'pool', after: [] }] })

/** Publishes as many as there is room for, `count` at most; how many those were. */
function fill(ring: SlotRingDescriptor, count: number): number {
  const producer = attachSlotProducer(ring)!
  for (let put = 0; put < count; put++) {
    const sequence = producer.tryNext()
    if (sequence === NO_ROOM) return put
    producer.publish(sequence)
  }
  return count
}

function fillRecords(ring: BroadcastDescriptor, count: number): number {
  const producer = attachBroadcastProducer(ring)
  for (let put = 0; put < count; put++) {
    if (producer.claim(put, 4) === RING_FULL) return put
    producer.commit()
    producer.publish()
  }
  return count
}

function refuses(calls: Readonly<Record<string, () => unknown>>): void {
  for (const [name, call] of Object.entries(calls)) expect(call, name).toThrow(code('ERR_RING_PLACE'))
}

describe('who has left', () => {
  test('a consumer: leaves once, and touches nothing of whoever has its place', () => {
    const ring = ringOf()
    const consumer = joinSlotRing(ring)!
    const { bell } = consumer
    fill(ring, 2)
    consumer.available()
    consumer.done()
    consumer.leave()
    const next = joinSlotRing(ring, { owner: 5 })!
    expect(next.place).toBe(consumer.place)
    consumer.leave()
    expect(inspectSlotRing(ring).readers).toEqual([expect.objectContaining({ owner: 5, sequence: 1 })])
    const strategy = blocking(bell, clock)
    refuses({
      available: () => consumer.available(),
      isAborted: () => consumer.isAborted(0),
      take: () => consumer.take(),
      done: () => consumer.done(),
      doneAgain: () => consumer.done(consumer.sequence),
      release: () => consumer.release(),
      isHalted: () => consumer.isHalted,
      busy: () => bell.busy(),
      park: () => bell.park(() => false, 0),
      parkAsync: () => bell.parkAsync(() => false, 0),
      waitFor: () => strategy.waitFor(() => false, 1),
    })
    expect(inspectSlotRing(ring).readers).toEqual([expect.objectContaining({ owner: 5, sequence: 1, inHand: undefined })])
    expect(fill(ring, 9)).toBe(8)
  })

  test('a processor, and one whose handler failed before', () => {
    for (const fails of [false, true]) {
      const ring = ringOf()
      const processor = createBatchProcessor(joinSlotRing(ring)!, attachSlots(ring, record), () => {
        if (fails) throw new Error('no')
      })
      fill(ring, 1)
      if (fails) expect(() => processor.poll()).toThrow(code('ERR_RING_HANDLER'))
      processor.leave()
      const next = joinSlotRing(ring, { owner: 5 })!
      processor.leave()
      expect(inspectSlotRing(ring).readers).toEqual([expect.objectContaining({ owner: 5 })])
      refuses({ hasWork: () => processor.hasWork, isHalted: () => processor.isHalted })
      expect(() => processor.poll()).toThrow(code(fails ? 'ERR_RING_HANDLER' : 'ERR_RING_PLACE'))
      expect(next.available()).toBe(0)
    }
  })

  test('a worker, by hand and with a processor', () => {
    const ring = poolOf()
    const worker = joinSlotPool(ring, 0)!
    worker.leave()
    const processor = createWorkProcessor(joinSlotPool(ring, 0)!, attachSlots(ring, record), () => undefined)
    worker.leave()
    refuses({
      hasWork: () => worker.hasWork,
      take: () => worker.take(),
      isHalted: () => worker.isHalted,
      park: () => worker.bell.park(() => false, 0),
    })
    worker.done()
    fill(ring, 1)
    expect(processor.poll()).toBe(1)
    processor.leave()
    const next = joinSlotPool(ring, 0, { owner: 5 })!
    processor.leave()
    refuses({ poll: () => processor.poll(), run: () => processor.run(busySpin(clock)) })
    expect(inspectSlotRing(ring).readers.map(({ kind, owner }) => [kind, owner])).toEqual([
      ['pool', 0],
      ['worker', 5],
    ])
    fill(ring, 1)
    expect(next.take()).toBe(true)
  })

  test('a producer, one of several or the only one', async () => {
    for (const producers of ['multi', 'single'] as const) {
      const ring = ringOf({ producers })
      const options = { wait: () => busySpin(clock), timeoutMs: 1 }
      const producer = attachSlotProducer(ring, options)!
      producer.publish(producer.tryNext())
      producer.leave()
      const next = attachSlotProducer(ring, { owner: 5 })!
      const claimed = next.tryNext(2)
      producer.leave()
      refuses({
        tryNext: () => producer.tryNext(),
        next: () => producer.next(),
        publish: () => producer.publish(claimed),
        hasRoom: () => producer.hasRoom(1),
        remaining: () => producer.remaining,
        isHalted: () => producer.isHalted,
        park: () => producer.bell.park(() => false, 0),
      })
      await expect(producer.nextAsync()).rejects.toThrow(code('ERR_RING_PLACE'))
      producer.abort()
      if (producers === 'multi') expect(inspectSlotRing(ring).attached).toEqual([{ place: 0, owner: 5 }])
      next.publish(claimed)
      expect(inspectSlotRing(ring).cursor).toBe(2)
    }
  })

  test.each(['lossless', 'lossy'] as const)('a %s reader of a broadcast ring', (mode) => {
    const ring = createBroadcastRing({ capacity: 1024 })
    const reader = joinBroadcast(ring, { mode })!
    fillRecords(ring, 3)
    expect(reader.next()).toBe(true)
    reader.leave()
    const next = joinBroadcast(ring)!
    reader.leave()
    refuses({
      next: () => reader.next(),
      poll: () => reader.poll(() => undefined),
      isEmpty: () => reader.isEmpty,
      park: () => reader.bell.park(() => false, 0),
    })
    if (mode === 'lossless') refuses({ done: () => reader.done(), release: () => reader.release() })
    // It is there, and holds the producer back.
    expect(fillRecords(ring, 100)).toBeLessThan(100)
    next.poll(() => undefined)
    expect(fillRecords(ring, 1)).toBe(1)
  })
})

describe('a handler that leaves', () => {
  interface Leaver {
    readonly processor: Processor
    readonly seen: number[]
  }

  /** Leaves at sequence 1, and has another consumer join at once, as often as there is room. */
  function leaverIn(ring: SlotRingDescriptor, how: 'handler' | 'onError' = 'handler'): Leaver {
    const seen: number[] = []
    const leave = (sequence: number): void => {
      if (sequence === 1) processor.leave()
    }
    const processor: Processor = createBatchProcessor(joinSlotRing(ring)!, attachSlots(ring, record), {
      onEvent: (_slot, sequence) => {
        seen.push(sequence)
        if (how === 'handler') leave(sequence)
        else throw new Error('no')
      },
      ...(how === 'handler' ? {} : { onError: (_error, sequence) => leave(sequence) }),
    })
    return { processor, seen }
  }

  test.each(['single', 'multi'] as const)('ends its batch behind the record, and its place is free then: %s', (producers) => {
    const ring = ringOf({ capacity: 4, producers })
    const { processor, seen } = leaverIn(ring)
    fill(ring, 4)
    expect(processor.poll()).toBe(2)
    expect([seen, processor.state, processor.handled, processor.sequence]).toEqual([[0, 1], 'ended', 2, 1])
    expect(inspectSlotRing(ring).readers).toEqual([])
    // Whoever comes next is not moved backwards: the ring goes on for ever.
    const next = createBatchProcessor(joinSlotRing(ring)!, attachSlots(ring, record), () => undefined)
    for (let round = 0; round < 3; round++) {
      expect(fill(ring, 9)).toBe(4)
      expect(next.poll()).toBe(4)
    }
  })

  test('those behind it get what it handled, the record at which it left included', () => {
    const ring = ringOf({ capacity: 4 })
    const { processor } = leaverIn(ring)
    const behind = joinSlotRing(ring, { after: [processor.place] })!
    fill(ring, 4)
    expect(behind.available()).toBe(0)
    processor.poll()
    // Behind nobody from now on.
    expect(behind.available()).toBe(4)
  })

  test('as an object, and one of a class with fields of its own', () => {
    class Counter {
      #count = 0
      readonly #last: number
      processor: Processor | undefined

      constructor(last: number) {
        this.#last = last
      }

      onEvent(_slot: unknown, sequence: number): void {
        this.#count += 1
        if (sequence === this.#last) this.processor?.leave()
      }

      get count(): number {
        return this.#count
      }
    }
    for (const last of [0, 2, 3]) {
      const ring = ringOf()
      const counter = new Counter(last)
      const processor = createBatchProcessor(joinSlotRing(ring)!, attachSlots(ring, record), counter)
      counter.processor = processor
      fill(ring, 4)
      expect([processor.poll(), counter.count, processor.handled, processor.failed]).toEqual([last + 1, last + 1, last + 1, 0])
      // The handler is as it was, for another place.
      const other = createBatchProcessor(joinSlotRing(ring)!, attachSlots(ring, record), counter)
      fill(ring, 2)
      expect([other.poll(), counter.count]).toEqual([2, last + 3])
    }
  })

  test('of several producers, slots that were given up are no records that it missed', () => {
    const ring = ringOf({ producers: 'multi' })
    const { processor, seen } = leaverIn(ring)
    const producer = attachSlotProducer(ring)!
    producer.publish(producer.tryNext(2))
    producer.tryNext(2)
    producer.abort()
    producer.publish(producer.tryNext())
    expect([processor.poll(), seen, processor.handled, processor.skipped]).toEqual([4, [0, 1], 2, 2])
  })

  test('while the membership is locked: it has nothing in hand, and leaves later', () => {
    const memory = new SharedArrayBuffer(slotRingBytes({ capacity: 8, layout: record }))
    const ring = ringOf({ memory })
    const { processor, seen } = leaverIn(ring)
    fill(ring, 4)
    const lock = new Int32Array(memory, (PLACE_BLOCK + LOCK) * 4, 1)
    lock[0] = 8
    expect(() => processor.poll()).toThrow(code('ERR_RING_LOCKED'))
    expect(inspectSlotRing(ring).readers).toEqual([expect.objectContaining({ sequence: 1, inHand: undefined })])
    lock[0] = 0
    processor.leave()
    expect([seen, inspectSlotRing(ring).readers]).toEqual([[0, 1], []])
  })

  test('in onError: the record that failed is finished', () => {
    const ring = ringOf()
    const { processor, seen } = leaverIn(ring, 'onError')
    fill(ring, 4)
    expect(processor.poll()).toBe(2)
    expect([seen, processor.state, processor.failed]).toEqual([[0, 1], 'ended', 2])
    expect(inspectSlotRing(ring).readers).toEqual([])
  })

  test('and then throws: it has left all the same', () => {
    const ring = ringOf()
    const processor: Processor = createBatchProcessor(joinSlotRing(ring)!, attachSlots(ring, record), () => {
      processor.leave()
      throw new Error('no')
    })
    fill(ring, 4)
    expect(() => processor.poll()).toThrow(code('ERR_RING_HANDLER'))
    expect(processor.state).toBe('ended')
    expect(inspectSlotRing(ring).readers).toEqual([])
  })

  test('in a run loop: the loop ends, and the state says so', () => {
    const ring = ringOf()
    const { processor, seen } = leaverIn(ring)
    fill(ring, 4)
    processor.run(busySpin(clock), 0)
    expect([seen, processor.state]).toEqual([[0, 1], 'ended'])
    expect(inspectSlotRing(ring).readers).toEqual([])
    expect(() => processor.poll()).toThrow(code('ERR_RING_PLACE'))
  })

  test.each(['onStart', 'onBatchStart', 'onTimeout', 'onShutdown'])('in %s', (hook) => {
    const ring = ringOf()
    const log: string[] = []
    const processor: Processor = createBatchProcessor(joinSlotRing(ring)!, attachSlots(ring, record), {
      onEvent: () => processor.halt(),
      [hook]: () => {
        log.push(hook)
        processor.leave()
      },
    })
    if (hook !== 'onTimeout') fill(ring, 1)
    processor.run(busySpin(clock), 0)
    expect([log, processor.state, processor.handled]).toEqual([[hook], 'ended', hook === 'onShutdown' ? 1 : 0])
    expect(inspectSlotRing(ring).readers).toEqual([])
  })

  test('a worker: its record is finished, the rest is for others', () => {
    for (const drive of ['poll', 'run'] as const) {
      const ring = poolOf()
      const seen: number[] = []
      const processor: Processor = createWorkProcessor(joinSlotPool(ring, 0)!, attachSlots(ring, record), (_slot, sequence) => {
        seen.push(sequence)
        if (sequence === 1) processor.leave()
      })
      fill(ring, 4)
      if (drive === 'poll') expect(processor.poll()).toBe(2)
      else processor.run(busySpin(clock), 0)
      expect([seen, processor.state]).toEqual([[0, 1], 'ended'])
      expect(inspectSlotRing(ring).readers.map(({ kind }) => kind)).toEqual(['pool'])
      const other = joinSlotPool(ring, 0)!
      expect([other.take(), other.sequence]).toEqual([true, 2])
    }
  })

  test.each(['lossless', 'lossy'] as const)('a %s reader of a broadcast ring', (mode) => {
    const ring = createBroadcastRing({ capacity: 1024 })
    const reader = joinBroadcast(ring, { mode })!
    fillRecords(ring, 4)
    const seen: number[] = []
    const count = reader.poll((type) => {
      seen.push(type)
      if (type !== 1) return
      reader.leave()
      reader.leave()
    })
    expect([count, seen]).toEqual([2, [0, 1]])
    expect(() => reader.next()).toThrow(code('ERR_RING_PLACE'))
    expect(joinBroadcast(ring)!.place).toBe(reader.place)
  })
})
