/** Rings of slots whose cursor is where no producer can have put it: an error with a code, at once, and nothing that nobody wrote is handled. */
import { describe, expect, test } from 'vitest'
import {
  abortLostClaims,
  attachSlotConsumer,
  attachSlotProducer,
  attachSlots,
  createBatchProcessor,
  createSlotRing,
  i32,
  joinSlotPool,
  layout,
  slotRingBytes,
} from '../src/index.ts'
import type { SlotRingDescriptor, SlotRingOptions } from '../src/index.ts'
import { CURSOR } from '../src/disruptor/slot-ring-layout.ts'

const record = layout({ value: i32 })
const corrupt: unknown = expect.objectContaining({ code: 'ERR_RING_CORRUPT', severity: 'bug' })
const CURSORS = [1000, 8, -100, -(2 ** 31), 2 ** 31 - 1]

function ringWith(cursor: number, more: Partial<SlotRingOptions>): SlotRingDescriptor {
  const options: SlotRingOptions = {
    capacity: 8,
    layout: record,
    fixed: [
      { kind: 'consumer', after: [] },
      { kind: 'pool', after: [] },
    ],
    ...more,
  }
  const memory = new SharedArrayBuffer(slotRingBytes(options))
  const ring = createSlotRing({ ...options, memory })
  Atomics.store(new Int32Array(memory), CURSOR, cursor)
  return ring
}

describe.each(['single', 'multi'] as const)('%s', (producers) => {
  test.each(CURSORS)('a cursor at %i: nobody reads', (cursor) => {
    const ring = ringWith(cursor, { producers })
    const consumer = attachSlotConsumer(ring, 0)
    expect(() => consumer.available()).toThrow(corrupt)
    let handled = 0
    const processor = createBatchProcessor(consumer, attachSlots(ring, record), () => handled++)
    expect(() => processor.poll()).toThrow(corrupt)
    const worker = joinSlotPool(ring, 1)!
    expect(() => worker.hasWork).toThrow(corrupt)
    expect(() => worker.take()).toThrow(corrupt)
    expect(handled).toBe(0)
  })
})

test.each(CURSORS)('a cursor at %i: none of several producers claims', (cursor) => {
  const ring = ringWith(cursor, { producers: 'multi' })
  const producer = attachSlotProducer(ring)!
  expect(() => producer.tryNext()).toThrow(corrupt)
  expect(() => producer.hasRoom(1)).toThrow(corrupt)
  expect(() => producer.remaining).toThrow(corrupt)
})

test.each([1000, 8])('a cursor at %i, beyond what is gated: the only producer does not claim', (cursor) => {
  const producer = attachSlotProducer(ringWith(cursor, { producers: 'single' }))!
  expect(() => producer.tryNext()).toThrow(corrupt)
})

test.each([1000, 2 ** 31 - 2])('a cursor at %i, beyond what is gated: no claim is given up', (cursor) => {
  expect(() => abortLostClaims(ringWith(cursor, { producers: 'multi' }))).toThrow(corrupt)
})
