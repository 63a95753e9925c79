/** Units of the ring: creation, attaching, claims, batches, handlers that throw, and what must not be believed. */
import { describe, expect, test } from 'vitest'
import { attachConsumer, attachProducer, createSpscRing, inspectRing, RING_FULL, spscRingBytes } from '../src/index.ts'
import type { RingProducer, SpscRingDescriptor } from '../src/index.ts'
import {
  CAPACITY_INDEX,
  CONSUMER_INDEX,
  CONTROL_BYTES,
  HAND_INDEX,
  MAGIC_INDEX,
  PRODUCER_INDEX,
  VERSION_INDEX,
} from '../src/spsc-layout.ts'

const code = (name: string): unknown => expect.objectContaining({ name: 'CambiumError', code: name })

/** Commits one record that holds `value` and, behind it, `bytes - 4` bytes. */
function put(producer: RingProducer, value: number, bytes = 4): boolean {
  const offset = producer.claim(1, bytes)
  if (offset === RING_FULL) return false
  producer.int32[offset >> 2] = value
  producer.commit()
  return true
}

function controlOf(ring: SpscRingDescriptor): Int32Array {
  return new Int32Array(ring.memory, ring.byteOffset)
}

describe('creation', () => {
  test.each([0, -1024, 512, 1000, 1025, 1536, 2 ** 31, 1024.5, Number.NaN])('capacity %s is ERR_RING_CAPACITY', (capacity) => {
    expect(() => createSpscRing({ capacity })).toThrow(code('ERR_RING_CAPACITY'))
    expect(() => spscRingBytes(capacity)).toThrow(code('ERR_RING_CAPACITY'))
  })

  test('capacities from 1 KiB to 1 GiB take a control block more', () => {
    expect([1024, 65_536, 2 ** 30].map((capacity) => spscRingBytes(capacity) - capacity)).toEqual([512, 512, 512])
  })

  test('a ring that is not on lines of its own, or does not fit, is ERR_RING_MEMORY', () => {
    const memory = new SharedArrayBuffer(4096)
    for (const byteOffset of [64, -128, 0.5, 4096 - 1024]) {
      expect(() => createSpscRing({ capacity: 1024, memory, byteOffset })).toThrow(code('ERR_RING_MEMORY'))
    }
    expect(() => createSpscRing({ capacity: 1024, memory: new ArrayBuffer(4096) as never })).toThrow(code('ERR_RING_MEMORY'))
  })

  test('creating a ring over a ring is ERR_RING_EXISTS and leaves it as it was', () => {
    const ring = createSpscRing({ capacity: 1024 })
    const producer = attachProducer(ring)
    put(producer, 7)
    producer.publish()
    expect(() => createSpscRing(ring)).toThrow(code('ERR_RING_EXISTS'))
    expect(inspectRing(ring).producer).toBe(16)
  })

  test.each([4, 2 ** 31, 0.5])('start position %s is ERR_OPTION', (startPosition) => {
    expect(() => createSpscRing({ capacity: 1024, startPosition })).toThrow(code('ERR_OPTION'))
  })

  test('a misspelt option is ERR_OPTION', () => {
    expect(() => createSpscRing({ capacity: 1024, start: 8 } as never)).toThrow(code('ERR_OPTION'))
  })
})

describe('attaching', () => {
  const attach = { producer: attachProducer, consumer: attachConsumer, inspect: inspectRing }
  describe.each(Object.keys(attach) as (keyof typeof attach)[])('%s', (side) => {
    test('no magic: ERR_RING_MAGIC; other version: ERR_RING_VERSION; other capacity: ERR_RING_CAPACITY', () => {
      const memory = new SharedArrayBuffer(8192)
      expect(() => attach[side]({ memory, byteOffset: 0, capacity: 1024 })).toThrow(code('ERR_RING_MAGIC'))
      const ring = createSpscRing({ capacity: 1024, memory })
      expect(() => attach[side]({ ...ring, capacity: 2048 })).toThrow(code('ERR_RING_CAPACITY'))
      controlOf(ring)[VERSION_INDEX] = 99
      expect(() => attach[side](ring)).toThrow(code('ERR_RING_VERSION'))
    })

    test('positions that contradict each other are ERR_RING_CORRUPT', () => {
      for (const [index, value] of [
        [PRODUCER_INDEX, 4],
        [PRODUCER_INDEX, 2048],
        [CONSUMER_INDEX, 8],
      ] as const) {
        const ring = createSpscRing({ capacity: 1024 })
        controlOf(ring)[index] = value
        expect(() => attach[side](ring), `word ${index} = ${value}`).toThrow(code('ERR_RING_CORRUPT'))
      }
    })
  })

  test('a hand outside consumer…producer, or on no record, is ERR_RING_CORRUPT', () => {
    for (const hand of [8, -8, 2, 1]) {
      const ring = createSpscRing({ capacity: 1024 })
      controlOf(ring)[HAND_INDEX] = hand
      expect(() => attachConsumer(ring), `hand ${hand}`).toThrow(code('ERR_RING_CORRUPT'))
      expect(() => inspectRing(ring), `hand ${hand}`).toThrow(code('ERR_RING_CORRUPT'))
    }
  })

  test('the descriptor survives structured clone', () => {
    const ring = createSpscRing({ capacity: 1024, memory: new SharedArrayBuffer(4096), byteOffset: 128 })
    const producer = attachProducer(structuredClone(ring))
    put(producer, 7)
    producer.publish()
    expect(attachConsumer(ring).next()).toBe(true)
    expect(controlOf(ring)[MAGIC_INDEX]).not.toBe(0)
    expect(controlOf(ring)[CAPACITY_INDEX]).toBe(1024)
  })
})

describe('claims', () => {
  test('C-44 claims that the ring can never take are ERR_RING_CLAIM, and leave it usable', () => {
    const producer = attachProducer(createSpscRing({ capacity: 1024 }))
    expect(producer.recordBytesMax).toBe(120)
    for (const bytes of [-1, 121, 1.5, Number.NaN, Infinity, 2 ** 32, 2 ** 31]) {
      expect(() => producer.claim(1, bytes), `${bytes} bytes`).toThrow(code('ERR_RING_CLAIM'))
    }
    for (const type of [-1, -(2 ** 31), 0.5, 2 ** 31, Number.NaN]) {
      expect(() => producer.claim(type, 4), `type ${type}`).toThrow(code('ERR_RING_CLAIM'))
    }
    expect(producer.position).toBe(0)
    expect(producer.claim(2 ** 31 - 1, 120)).toBe(8)
  })

  test('C-44 a claim on a full ring says so at once, and succeeds when there is room again', () => {
    const ring = createSpscRing({ capacity: 1024 })
    const producer = attachProducer(ring)
    const consumer = attachConsumer(ring)
    let count = 0
    while (put(producer, count)) count++
    expect(count).toBe(64)
    expect([producer.free, producer.hasRoom(0), producer.claim(1, 0)]).toEqual([0, false, RING_FULL])
    expect(producer.unpublished).toBe(64)
    producer.publish()
    expect(consumer.next()).toBe(true)
    consumer.done()
    expect(producer.claim(1, 0)).toBe(RING_FULL) // done, but not yet released
    consumer.release()
    expect([producer.free, producer.hasRoom(9), producer.hasRoom(8)]).toEqual([16, false, true])
    expect(put(producer, 64)).toBe(true)
  })

  test('one claim at a time; commit and abort close it; a commit may shrink but not grow', () => {
    const producer = attachProducer(createSpscRing({ capacity: 1024 }))
    expect(() => producer.commit()).toThrow(code('ERR_RING_CLAIM'))
    producer.claim(1, 40)
    expect(() => producer.claim(1, 4)).toThrow(code('ERR_RING_CLAIM'))
    for (const bytes of [41, -1, 1.5]) expect(() => producer.commit(bytes)).toThrow(code('ERR_RING_CLAIM'))
    producer.commit(3)
    expect([producer.position, producer.unpublished]).toEqual([16, 1])
    expect(() => producer.commit()).toThrow(code('ERR_RING_CLAIM'))
    producer.claim(1, 40)
    producer.abort()
    producer.abort()
    expect([producer.position, producer.unpublished]).toEqual([16, 1])
    expect(producer.claim(1, 0)).toBe(24)
  })

  test('an aborted claim leaves nothing, its padding neither', () => {
    const ring = createSpscRing({ capacity: 1024, startPosition: 1024 - 32 })
    const producer = attachProducer(ring)
    const consumer = attachConsumer(ring)
    expect(producer.claim(1, 100)).toBe(8) // behind 32 bytes of padding
    producer.abort()
    expect(producer.publish()).toBe(false)
    expect(producer.claim(2, 4)).toBe(1024 - 32 + 8)
    producer.commit()
    producer.publish()
    expect([consumer.next(), consumer.type, consumer.length, consumer.next()]).toEqual([true, 2, 4, false])
  })

  test('publish while a claim is open shows what was committed, and only that', () => {
    const ring = createSpscRing({ capacity: 1024 })
    const producer = attachProducer(ring)
    const consumer = attachConsumer(ring)
    put(producer, 1)
    producer.int32[producer.claim(1, 4) >> 2] = 2
    expect(producer.publish()).toBe(true)
    expect([consumer.next(), consumer.next()]).toEqual([true, false])
    producer.commit()
    producer.publish()
    expect([consumer.next(), consumer.int32[consumer.offset >> 2]]).toEqual([true, 2])
  })

  test('a consumer position that no consumer wrote is ERR_RING_CORRUPT, not an overwritten record', () => {
    const ring = createSpscRing({ capacity: 1024 })
    const producer = attachProducer(ring)
    controlOf(ring)[CONSUMER_INDEX] = 64
    expect(() => producer.free).toThrow(code('ERR_RING_CORRUPT'))
  })
})

describe('reading', () => {
  test('records come in order with type, offset and length; an empty payload is a record', () => {
    const ring = createSpscRing({ capacity: 1024 })
    const producer = attachProducer(ring)
    const consumer = attachConsumer(ring)
    for (const [type, text] of [
      [0, ''],
      [7, 'a'],
      [2 ** 31 - 1, 'nine bytes'],
    ] as const) {
      producer.buffer.write(text, producer.claim(type, text.length), 'latin1')
      producer.commit()
    }
    expect([consumer.isEmpty, consumer.next()]).toEqual([true, false])
    producer.publish()
    const seen: unknown[] = []
    expect(consumer.isEmpty).toBe(false)
    while (consumer.next())
      seen.push([consumer.type, consumer.buffer.toString('latin1', consumer.offset, consumer.offset + consumer.length)])
    expect(seen).toEqual([
      [0, ''],
      [7, 'a'],
      [2 ** 31 - 1, 'nine bytes'],
    ])
    expect(consumer.isEmpty).toBe(true)
  })

  test('release never gives back the record in hand, and says whether there was anything to give', () => {
    const ring = createSpscRing({ capacity: 1024 })
    const producer = attachProducer(ring)
    const consumer = attachConsumer(ring)
    put(producer, 1)
    put(producer, 2)
    producer.publish()
    consumer.next()
    expect([consumer.release(), producer.free]).toEqual([false, 1024 - 32])
    consumer.next() // finishes the first
    expect([consumer.release(), producer.free, consumer.position]).toEqual([true, 1024 - 16, 16])
    consumer.done()
    expect([consumer.release(), consumer.release(), producer.free]).toEqual([true, false, 1024])
  })

  test('C-45 a handler that throws on record 2 of 5: all five are passed, the error is seen once', () => {
    const ring = createSpscRing({ capacity: 1024 })
    const producer = attachProducer(ring)
    const consumer = attachConsumer(ring)
    for (let value = 1; value <= 5; value++) put(producer, value)
    producer.publish()
    const seen: number[] = []
    const handler = (_type: number, _buffer: Buffer, offset: number): void => {
      const value = consumer.int32[offset >> 2]!
      seen.push(value)
      if (value === 2) throw new Error('record 2')
    }
    expect(() => consumer.poll(handler)).toThrow('record 2')
    expect(producer.free).toBe(1024 - 3 * 16)
    expect(inspectRing(ring).inHand).toBeUndefined()
    expect(consumer.poll(handler)).toBe(3)
    expect(seen).toEqual([1, 2, 3, 4, 5])
    expect(producer.free).toBe(1024)
  })

  test('poll takes at most its limit and releases once', () => {
    const ring = createSpscRing({ capacity: 1024 })
    const producer = attachProducer(ring)
    const consumer = attachConsumer(ring)
    for (let value = 0; value < 5; value++) put(producer, value)
    producer.publish()
    const frees: number[] = []
    expect(consumer.poll(() => frees.push(producer.free), 3)).toBe(3)
    expect(frees).toEqual([1024 - 80, 1024 - 80, 1024 - 80])
    expect(producer.free).toBe(1024 - 32)
    expect([consumer.poll(() => undefined, 0), consumer.poll(() => undefined), consumer.poll(() => undefined)]).toEqual([0, 2, 0])
  })

  test('R1.9 a poll without a limit ends after one lap, however fast the producer is', () => {
    const ring = createSpscRing({ capacity: 1024 })
    const producer = attachProducer(ring)
    const consumer = attachConsumer(ring)
    const refill = (): void => {
      while (put(producer, 0));
      producer.publish()
    }
    refill()
    expect(consumer.poll(refill)).toBe(64)
  })
})

describe('corruption', () => {
  const HUGE = 2 ** 31 - 1
  const cases: [name: string, length: number, type: number][] = [
    ['zero', 0, 1],
    ['negative', -16, 1],
    ['least Int32', -(2 ** 31), 1],
    ['shorter than a header', 7, 1],
    ['beyond what is published', 33, 1],
    ['beyond the ring', HUGE, 1],
    ['reserved type', 12, -2],
    ['padding that does not reach the end', 16, -1],
    ['unaligned padding', 15, -1],
    ['padding beyond what is published', 1024, -1],
  ]
  test.each(cases)('a length or type that cannot be is ERR_RING_CORRUPT each time: %s', (_name, length, type) => {
    const ring = createSpscRing({ capacity: 1024 })
    const producer = attachProducer(ring)
    const consumer = attachConsumer(ring)
    put(producer, 1)
    put(producer, 2)
    put(producer, 3)
    producer.publish()
    consumer.next()
    const words = new Int32Array(ring.memory, CONTROL_BYTES)
    words[4] = length
    words[5] = type
    expect(() => consumer.next()).toThrow(code('ERR_RING_CORRUPT'))
    expect(() => consumer.poll(() => undefined)).toThrow(code('ERR_RING_CORRUPT'))
    // The good record before it is finished, and nothing is in hand.
    expect(inspectRing(ring)).toMatchObject({ hand: 16, consumer: 16, inHand: undefined })
  })

  test('a record that crosses the end of the data area is ERR_RING_CORRUPT', () => {
    const ring = createSpscRing({ capacity: 1024, startPosition: 1024 - 16 })
    const consumer = attachConsumer(ring)
    const words = new Int32Array(ring.memory)
    words[CONTROL_BYTES / 4 + 252] = 24
    words[CONTROL_BYTES / 4 + 253] = 1
    words[PRODUCER_INDEX] = 1024 + 16
    expect(() => consumer.next()).toThrow(code('ERR_RING_CORRUPT'))
  })

  test('a reserved type is not taken for padding, even where its length reaches the end', () => {
    const ring = createSpscRing({ capacity: 1024, startPosition: 1024 - 32 })
    const producer = attachProducer(ring)
    const consumer = attachConsumer(ring)
    producer.claim(1, 64) // behind 32 bytes of padding
    producer.commit()
    producer.publish()
    new Int32Array(ring.memory, CONTROL_BYTES)[(1024 - 32) / 4 + 1] = -2
    expect(() => consumer.next()).toThrow(code('ERR_RING_CORRUPT'))
  })

  test.each([4, 20, -8, 1032])('a producer position of %s is ERR_RING_CORRUPT before any record is handed out', (position) => {
    const ring = createSpscRing({ capacity: 1024 })
    const consumer = attachConsumer(ring)
    put(attachProducer(ring), 1) // a good record at 0: the position alone is what is wrong
    controlOf(ring)[PRODUCER_INDEX] = position
    for (let attempt = 0; attempt < 2; attempt++) {
      expect(() => consumer.next()).toThrow(
        expect.objectContaining({
          code: 'ERR_RING_CORRUPT',
          fields: { cause: 'producer position is out of range', producer: position, position: 0, capacity: 1024 },
        }),
      )
    }
  })
})
