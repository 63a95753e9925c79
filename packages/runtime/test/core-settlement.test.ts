/** What is settled at the end of a core's thread: what was in hand is lost once, however many ends there are before a successor reads. */
import { toErrorRecord } from '@cambium/base'
import { attachConsumer, attachProducer } from '@cambium/ring'
import { createSystemMemory, PUT, readBooks, SENT, sumBooks, TAKEN } from '@cambium/scheduler'
import type { CoreBlock } from '@cambium/scheduler'
import { expect, it } from 'vitest'
import { PROCESSED, TAKEN_MARK, TAKEN_NEXT } from '../../scheduler/src/books.ts'
import { ringMark } from '../../scheduler/src/books-recovery.ts'
import { settleCore } from '../src/core-settlement.ts'

const CORE = 3
const TELL = 1
const HEADER_BYTES = 16
const error = toErrorRecord(new Error('killed'))

/** A message to the actor in that slot, by whichever encoder. */
function tell(memory: ReturnType<typeof createSystemMemory>, source: number, slots: readonly number[]): void {
  const producer = attachProducer(memory.dataRing(source, CORE))
  for (const slot of slots) {
    const offset = producer.claim(TELL, HEADER_BYTES)
    producer.int32.set([slot, 1, 0, 0], offset >> 2)
    producer.commit()
  }
  producer.publish()
  const { books } = memory.blocks[source] as CoreBlock
  books[SENT] = books[PUT] = slots.length
}

function createMemory(): ReturnType<typeof createSystemMemory> {
  const shape = { cores: 4, dataRingBytes: 4096, controlRingBytes: 4096 }
  const memory = createSystemMemory(shape, (bytes) => new SharedArrayBuffer(bytes))
  for (const source of [0, 1, 2]) tell(memory, source, [source, source + 10])
  return memory
}

/** The first record of each ring is in hand, and that of one ring has been counted. */
function allInHand(counted: number): { memory: ReturnType<typeof createSystemMemory>; books: Float64Array } {
  const memory = createMemory()
  const positions = [0, 1, 2].map((source) => {
    const consumer = attachConsumer(memory.dataRing(source, CORE))
    consumer.next()
    return consumer.position
  })
  const { books } = memory.blocks[CORE] as CoreBlock
  books[TAKEN] = books[TAKEN_NEXT] = 1
  books[TAKEN_MARK] = ringMark(counted, positions[counted] as number)
  return { memory, books }
}

// A record that waits for its parcel is in hand, and there may be one of each ring.
it('records in hand of several rings are lost once, though the successor ends before it reads', () => {
  const memory = createMemory()
  for (const source of [0, 1]) attachConsumer(memory.dataRing(source, CORE)).next()
  const first = settleCore(memory, CORE, error, true)
  expect(first.loss.inHand.map(({ slot }) => slot)).toEqual([0, 1])
  const second = settleCore(memory, CORE, error, true)
  expect(second.loss).toMatchObject({ inHand: [], lost: 0 })
  expect(second.positions).toEqual(first.positions)
  const books = sumBooks(memory.blocks.map((block) => readBooks(block.books)))
  expect(books).toMatchObject({ sent: 6, put: 6, taken: 2, deadTotal: 2, queued: 4 })

  const read = [0, 1, 2].flatMap((source) => {
    const consumer = attachConsumer(memory.dataRing(source, CORE))
    const slots: number[] = []
    while (consumer.next()) slots.push(consumer.int32[consumer.offset >> 2] as number)
    return slots
  })
  expect(read).toEqual([10, 11, 2, 12])
})

it.each([0, 1, 2])('what had been counted is not counted again for others that are in hand: of ring %i', (counted) => {
  const { memory } = allInHand(counted)
  expect(settleCore(memory, CORE, error, true).loss.inHand).toHaveLength(3)
  const all = sumBooks(memory.blocks.map((block) => readBooks(block.books)))
  expect(all).toMatchObject({ sent: 6, put: 6, taken: 3, deadTotal: 3, queued: 3 })
})

it.each([0, 1, 2])('what was finished, and not yet marked so in its ring, is not among what was lost: of ring %i', (finished) => {
  const { memory, books } = allInHand(finished)
  books[PROCESSED] = 1
  const { loss } = settleCore(memory, CORE, error, true)
  expect(loss.inHand.map(({ slot }) => slot)).toEqual([0, 1, 2].filter((slot) => slot !== finished))
  expect(loss.lost).toBe(0)
})
