/** Layout: words of different writers lie two cache lines apart, and records begin behind all of them. */
import { expect, test } from 'vitest'
import { attachConsumer, attachProducer, createSpscRing } from '../src/index.ts'
import { alignRecord, HEADER_BYTES, RECORD_ALIGNMENT } from '../src/record-layout.ts'
import {
  CAPACITY_INDEX,
  CONSUMER_INDEX,
  CONTROL_BYTES,
  HAND_INDEX,
  MAGIC_INDEX,
  PRODUCER_INDEX,
  VERSION_INDEX,
} from '../src/spsc-layout.ts'

test('R2.3 words of different writers lie 128 bytes or more apart, and off the lines written at creation', () => {
  const written: [writer: string, byte: number][] = [
    ['producer', PRODUCER_INDEX * 4],
    ['consumer', CONSUMER_INDEX * 4],
    ['consumer', HAND_INDEX * 4],
    ['producer', CONTROL_BYTES],
  ]
  for (const [a, byteA] of written) {
    for (const [b, byteB] of written)
      if (a !== b) expect(Math.abs(byteA - byteB), `${byteA}, ${byteB}`).toBeGreaterThanOrEqual(128)
    for (const index of [MAGIC_INDEX, VERSION_INDEX, CAPACITY_INDEX]) {
      expect(Math.floor((index * 4) / 128)).toBeLessThan(Math.floor(byteA / 128))
    }
  }
})

test('R2.3 the words that really change are the ones of the layout, and no others', () => {
  const ring = createSpscRing({ capacity: 1024 })
  const words = new Int32Array(ring.memory)
  const producer = attachProducer(ring)
  const consumer = attachConsumer(ring)
  const changed = (step: () => void): number[] => {
    const before = words.slice()
    step()
    return [...words.keys()].filter((index) => words[index] !== before[index])
  }
  const data = CONTROL_BYTES / 4
  expect(changed(() => producer.int32.fill(7, producer.claim(5, 4) >> 2, (HEADER_BYTES + 4) >> 2))).toEqual([data + 2])
  expect(changed(() => producer.commit())).toEqual([data, data + 1])
  expect(changed(() => producer.publish())).toEqual([PRODUCER_INDEX])
  // At position 0 the hand goes 0 → 1 (in hand) → 16.
  expect(changed(() => consumer.next())).toEqual([HAND_INDEX])
  expect(words[HAND_INDEX]).toBe(1)
  expect(changed(() => consumer.done())).toEqual([HAND_INDEX])
  expect(changed(() => consumer.release())).toEqual([CONSUMER_INDEX])
  expect([words[PRODUCER_INDEX], words[CONSUMER_INDEX], words[HAND_INDEX]]).toEqual([16, 16, 16])
})

test('a record takes its length rounded up to 8', () => {
  expect([8, 9, 15, 16, 17].map(alignRecord)).toEqual([8, 16, 16, 16, 24])
  expect(alignRecord(2 ** 27) % RECORD_ALIGNMENT).toBe(0)
})
