/** Batch and work processors in one thread: batches, errors, hooks, timeouts, halting, and what they count. */
import { describe, expect, test } from 'vitest'
import {
  attachSlotConsumer,
  attachSlotProducer,
  attachSlots,
  busySpin,
  createBatchProcessor,
  createSlotRing,
  createWorkProcessor,
  haltPlace,
  i32,
  inspectSlotRing,
  joinSlotPool,
  joinSlotRing,
  layout,
  NO_ROOM,
} from '../src/index.ts'
import type {
  BatchHandler,
  EventHandler,
  LayoutView,
  Processor,
  SlotProducer,
  SlotRingDescriptor,
  WaitStrategy,
} from '../src/index.ts'

const fields = { value: i32 }
const record = layout(fields)
type Slot = LayoutView<typeof fields>
const code = (expected: string): unknown => expect.objectContaining({ code: expected })
/** Time that passes by itself: a millisecond a look. */
const clock = (): { now: () => number } => {
  let ms = 0
  return { now: () => ms++ }
}

interface Setting {
  readonly ring: SlotRingDescriptor
  readonly producer: SlotProducer
  readonly put: (...values: readonly number[]) => void
}

function setting(producers: 'single' | 'multi' = 'single', capacity = 8): Setting {
  const ring = createSlotRing({ capacity, layout: record, producers })
  const producer = attachSlotProducer(ring)!
  const slots = attachSlots(ring, record)
  const put = (...values: readonly number[]): void => {
    for (const value of values) {
      const sequence = producer.tryNext()
      if (sequence === NO_ROOM) throw new Error('no room')
      slots.at(sequence).value = value
      producer.publish(sequence)
    }
  }
  return { ring, producer, put }
}

function batchOf(ring: SlotRingDescriptor, handler: EventHandler<Slot> | BatchHandler<Slot>, maxBatch?: number): Processor {
  const options = maxBatch === undefined ? {} : { maxBatch }
  return createBatchProcessor(joinSlotRing(ring)!, attachSlots(ring, record), handler, options)
}

describe('a batch processor', () => {
  test('hands every record over in place, and says which one ends the batch and how many there are', () => {
    const { ring, put } = setting()
    const calls: unknown[] = []
    const processor = batchOf(ring, (slot, ...rest) => calls.push([slot.value, ...rest]))
    expect([processor.hasWork, processor.poll()]).toEqual([false, 0])
    put(10, 11, 12)
    expect(processor.hasWork).toBe(true)
    expect(processor.poll()).toBe(3)
    put(13)
    expect(processor.poll()).toBe(1)
    expect(calls).toEqual([
      [10, 0, false, 3],
      [11, 1, false, 3],
      [12, 2, true, 3],
      [13, 3, true, 1],
    ])
    expect(processor).toMatchObject({ sequence: 3, handled: 4, failed: 0, skipped: 0, state: 'idle' })
  })

  test('a batch has at most as many as it may have; the start of each batch is told, with what was there', () => {
    const { ring, put, producer } = setting()
    const starts: unknown[] = []
    const ends: number[] = []
    const processor = batchOf(
      ring,
      {
        onBatchStart: (...sizes) => starts.push(sizes),
        onEvent: (_slot, sequence, endOfBatch) => {
          if (endOfBatch) ends.push(sequence)
        },
      },
      3,
    )
    put(0, 1, 2, 3, 4, 5, 6)
    expect([processor.poll(), producer.remaining]).toEqual([3, 4])
    expect([processor.poll(2), processor.poll(0), processor.poll(100)]).toEqual([2, 0, 2])
    expect(starts).toEqual([
      [3, 7],
      [2, 4],
      [2, 2],
    ])
    expect(ends).toEqual([2, 4, 6])
  })

  test.each(['single', 'multi'] as const)('C-45 a handler that throws on record 2 of 5, producers %s', (producers) => {
    const { ring, put, producer } = setting(producers)
    const handled: number[] = []
    const seen: unknown[] = []
    const processor = batchOf(ring, {
      onEvent: ({ value }) => {
        if (value === 2) throw new Error('two')
        handled.push(value)
      },
      onError: (error, sequence, slot) => seen.push([(error as Error).message, sequence, slot.value]),
    })
    put(1, 2, 3, 4, 5)
    expect(processor.poll()).toBe(5)
    expect(handled).toEqual([1, 3, 4, 5])
    expect(seen).toEqual([['two', 1, 2]])
    expect(processor).toMatchObject({ sequence: 4, handled: 5, failed: 1, state: 'idle' })
    expect(producer.remaining).toBe(8)
  })

  test('every record may fail, the last one of a batch too', () => {
    const { ring, put } = setting()
    let failures = 0
    const processor = batchOf(ring, {
      onEvent: () => {
        throw new Error('all')
      },
      onError: () => void failures++,
    })
    put(1, 2, 3)
    expect([processor.poll(), failures, processor.sequence]).toEqual([3, 3, 2])
  })

  test.each([
    ['nobody decides', undefined],
    [
      'whoever decides throws too',
      () => {
        throw new Error('worse')
      },
    ],
  ])('C-45 when %s it ends, holds the producer back at that record, and says why', (_what, onError) => {
    const { ring, put, producer } = setting()
    const handler: BatchHandler<Slot> = {
      onEvent: ({ value }) => {
        if (value === 3) throw new Error('three')
      },
    }
    if (onError !== undefined) handler.onError = onError
    const processor = batchOf(ring, handler)
    put(1, 2, 3, 4, 5)
    const failed =
      /handler threw, so its processor has ended and holds the producer back: place=0, sequence=2, error=(three|worse)/
    expect(() => processor.poll()).toThrow(failed)
    expect(processor).toMatchObject({ sequence: 1, state: 'ended', failed: 1, handled: 3 })
    expect(() => processor.poll()).toThrow(code('ERR_RING_HANDLER'))
    expect(() => processor.run(busySpin(clock()))).toThrow(code('ERR_RING_HANDLER'))
    expect(producer.remaining).toBe(5)
    // The record is still in hand; a successor goes on behind it.
    expect(inspectSlotRing(ring).readers[0]!.inHand).toEqual({ sequence: 2, isCertain: true })
    const rest: number[] = []
    const successor = createBatchProcessor(attachSlotConsumer(ring, 0), attachSlots(ring, record), ({ value }) =>
      rest.push(value),
    )
    expect(successor.poll()).toBe(2)
    expect(rest).toEqual([4, 5])
    expect(producer.remaining).toBe(8)
  })

  test('slots that were given up are passed over, wherever they lie in the batch', () => {
    const { ring, producer } = setting('multi')
    const slots = attachSlots(ring, record)
    const seen: unknown[] = []
    const processor = batchOf(ring, ({ value }, sequence, endOfBatch, batchSize) =>
      seen.push([value, sequence, endOfBatch, batchSize]),
    )
    const claim = (values: readonly (number | 'given up')[]): void => {
      for (const value of values) {
        const sequence = producer.tryNext()
        if (value === 'given up') producer.abort()
        else {
          slots.at(sequence).value = value
          producer.publish(sequence)
        }
      }
    }
    claim(['given up', 1, 'given up', 'given up', 2, 'given up'])
    expect(processor.poll()).toBe(6)
    expect(seen).toEqual([
      [1, 1, false, 6],
      [2, 4, true, 6],
    ])
    claim(['given up', 'given up'])
    expect(processor.poll()).toBe(2)
    expect(processor).toMatchObject({ handled: 2, skipped: 6, sequence: 7 })
    expect(producer.remaining).toBe(8)
  })

  test('a consumer of somebody else, a handler that is none, a batch larger than the ring: refused', () => {
    const { ring } = setting()
    const slots = attachSlots(ring, record)
    const consumer = joinSlotRing(ring)!
    expect(() => createBatchProcessor({ ...consumer }, slots, () => undefined)).toThrow(code('ERR_OPTION'))
    expect(() => createBatchProcessor(consumer, slots, {} as never)).toThrow(code('ERR_OPTION'))
    expect(() => createBatchProcessor(consumer, slots, () => undefined, { maxBatch: 9 })).toThrow(code('ERR_OPTION'))
    expect(() => createBatchProcessor(consumer, slots, () => undefined, { maxBatches: 1 } as never)).toThrow(code('ERR_OPTION'))
  })

  test('C-46 leaving: what was handled counts, nobody waits for it any more, and it can do nothing else', () => {
    const { ring, put, producer } = setting()
    const processor = batchOf(ring, () => undefined)
    put(1, 2, 3)
    processor.poll(1)
    processor.leave()
    expect(processor.state).toBe('ended')
    expect(producer.remaining).toBe(8)
    expect(() => processor.poll()).toThrow('the processor has left the ring')
  })
})

describe('a run loop', () => {
  /** A strategy that finds what the test does while the loop waits. */
  const waiting = (...turns: readonly (() => boolean)[]): WaitStrategy & { timeouts: number[] } => {
    let turn = 0
    const timeouts: number[] = []
    return {
      name: 'test',
      timeouts,
      waitFor: (hasWork, timeoutMs) => {
        timeouts.push(timeoutMs)
        const isThere = turns[turn++]?.() ?? false
        expect(hasWork()).toBe(isThere)
        return isThere
      },
    }
  }

  test('handles, waits, tells of timeouts, and ends when its handler halts it; the batch is finished', () => {
    const { ring, put } = setting()
    const log: string[] = []
    const processor: Processor = batchOf(ring, {
      onStart: () => log.push('start'),
      onEvent: ({ value }) => {
        log.push(`${value} ${processor.state}`)
        if (value === 3) processor.halt()
      },
      onTimeout: (sequence) => log.push(`timeout after ${sequence}`),
      onShutdown: () => log.push('shutdown'),
    })
    put(1)
    const strategy = waiting(
      () => false,
      () => {
        put(2, 3, 4)
        return true
      },
    )
    processor.run(strategy, 250)
    expect(log).toEqual(['start', '1 running', 'timeout after 0', '2 running', '3 running', '4 running', 'shutdown'])
    expect(strategy.timeouts).toEqual([250, 250])
    expect(processor.state).toBe('idle')
    put(5)
    processor.halt()
    expect(processor.poll()).toBe(1)
  })

  test('haltPlace ends it while it waits, and it can run again', () => {
    const { ring, put } = setting()
    let seen = 0
    const processor = batchOf(ring, () => void seen++)
    processor.run(
      waiting(() => {
        haltPlace(ring, 0)
        return true
      }),
    )
    expect(inspectSlotRing(ring).readers[0]!.isHalted).toBe(true)
    put(1)
    // Still halted: a run handles what is there and ends.
    processor.run(waiting())
    expect(seen).toBe(1)
    const successor = createBatchProcessor(attachSlotConsumer(ring, 0), attachSlots(ring, record), () => void seen++)
    expect(inspectSlotRing(ring).readers[0]!.isHalted).toBe(false)
    put(2)
    expect(successor.poll()).toBe(1)
  })

  test('a handler that fails ends it, after onShutdown', () => {
    const { ring, put } = setting()
    const log: string[] = []
    const processor = batchOf(ring, {
      onEvent: () => {
        throw new Error('no')
      },
      onShutdown: () => log.push('shutdown'),
    })
    put(1)
    expect(() => processor.run(busySpin(clock()))).toThrow(code('ERR_RING_HANDLER'))
    expect([log, processor.state]).toEqual([['shutdown'], 'ended'])
  })
})

describe('a work processor', () => {
  const pooled = (workers: number): Setting & { processors: Processor[]; seen: number[][] } => {
    const ring = createSlotRing({ capacity: 8, layout: record, producers: 'multi', fixed: [{ kind: 'pool', after: [] }] })
    const producer = attachSlotProducer(ring)!
    const slots = attachSlots(ring, record)
    const seen: number[][] = []
    const processors = Array.from({ length: workers }, (_, at) => {
      const own: number[] = []
      seen.push(own)
      const worker = joinSlotPool(ring, 0)!
      return createWorkProcessor(worker, attachSlots(ring, record), {
        onEvent: ({ value }) => {
          own.push(value)
          if (value < 0) throw new Error(`bad ${value}`)
        },
        ...(at === 0 ? { onError: () => undefined } : {}),
      })
    })
    const put = (...values: readonly number[]): void => {
      for (const value of values) {
        const sequence = producer.tryNext()
        slots.at(sequence).value = value
        producer.publish(sequence)
      }
    }
    return { ring, producer, put, processors, seen }
  }

  test('R1.8 each record goes to one of them, and an idle one holds nobody back', () => {
    const { processors, put, seen, producer } = pooled(3)
    const [first, second] = processors as [Processor, Processor]
    for (let lap = 0; lap < 5; lap++) {
      put(1, 2, 3, 4)
      expect([first.poll(2), second.poll(1), first.poll(), second.poll()]).toEqual([2, 1, 1, 0])
    }
    expect(seen.map(({ length }) => length)).toEqual([15, 5, 0])
    expect(producer.remaining).toBe(8)
    expect(first).toMatchObject({ handled: 15, state: 'idle', hasWork: false })
  })

  test('a record in work holds back the producer and those behind the pool, and nothing else does', () => {
    const ring = createSlotRing({
      capacity: 4,
      layout: record,
      fixed: [
        { kind: 'pool', after: [] },
        { kind: 'consumer', after: [0] },
      ],
    })
    const producer = attachSlotProducer(ring)!
    const [slow, fast] = [joinSlotPool(ring, 0)!, joinSlotPool(ring, 0)!]
    const behind = attachSlotConsumer(ring, 1)
    for (let i = 0; i < 4; i++) producer.publish(producer.tryNext())
    expect([slow.take(), slow.sequence]).toEqual([true, 0])
    for (let i = 0; i < 3; i++) expect(fast.take()).toBe(true)
    expect(fast.take()).toBe(false)
    expect(behind.available()).toBe(0)
    expect(inspectSlotRing(ring).readers.map(({ inHand }) => inHand?.sequence)).toEqual([undefined, undefined, 0, undefined])
    slow.done()
    expect(behind.available()).toBe(4)
    expect(producer.remaining).toBe(0)
    behind.done(3)
    behind.release()
    expect(producer.remaining).toBe(4)
  })

  test('C-45 a handler that throws: asked, or the end of this worker; the others go on', () => {
    const { processors, put, seen, producer, ring } = pooled(2)
    const [asked, fatal] = processors as [Processor, Processor]
    put(-1, -2, 3)
    expect(asked.poll(1)).toBe(1)
    expect(() => fatal.poll()).toThrow(code('ERR_RING_HANDLER'))
    expect(() => fatal.poll()).toThrow(code('ERR_RING_HANDLER'))
    expect(asked.poll()).toBe(1)
    expect(seen).toEqual([[-1, 3], [-2]])
    expect([asked.failed, fatal.failed, fatal.state]).toEqual([1, 1, 'ended'])
    expect(producer.remaining).toBe(6)
    expect(inspectSlotRing(ring).readers[2]!.inHand).toEqual({ sequence: 1, isCertain: true })
    fatal.leave()
    expect(producer.remaining).toBe(8)
  })

  test('slots that were given up are passed over; a worker can be halted and can leave', () => {
    const { processors, put, producer, ring } = pooled(1)
    const [only] = processors as [Processor]
    producer.tryNext(2)
    producer.abort()
    put(5)
    expect(only.poll()).toBe(3)
    expect(only).toMatchObject({ handled: 1, skipped: 2 })
    haltPlace(ring, only.place)
    only.run(busySpin(clock()))
    only.leave()
    expect(inspectSlotRing(ring).readers.map(({ place }) => place)).toEqual([0])
  })
})
