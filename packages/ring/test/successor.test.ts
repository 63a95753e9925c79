/**
 * A thread that ends at any step leaves a ring that its successor goes on with. The sides are driven call by call; each
 * call makes at most one store that others can see (publish, next, done and release one each), so cutting the sequence
 * after every call cuts it after every such store.
 */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { attachConsumer, attachProducer, createSpscRing, inspectRing, RING_FULL, watchPositions } from '../src/index.ts'
import type { RingConsumer, RingProducer, SpscRingDescriptor } from '../src/index.ts'

const STARTS = [0, 2 ** 31 - 64, -64, 1024 - 40]

function put(producer: RingProducer, value: number): void {
  const offset = producer.claim(1, 4 + (value % 3) * 12)
  if (offset === RING_FULL) throw new Error(`ring is too small for this test: value=${value}`)
  producer.int32[offset >> 2] = value
  producer.commit()
}

function drain(consumer: RingConsumer): number[] {
  const values: number[] = []
  while (consumer.next()) values.push(consumer.int32[consumer.offset >> 2]!)
  consumer.done()
  consumer.release()
  return values
}

function inHandValue(ring: SpscRingDescriptor): number | undefined {
  const { inHand } = inspectRing(ring)
  return inHand?.buffer.readInt32LE(inHand.payloadOffset)
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, value) => value)

describe.each(STARTS)('C-47 a producer killed at any step, from position %s', (startPosition) => {
  type Step = 'claim' | 'write' | 'commit' | 'publish' | 'abort'
  const record: Step[] = ['claim', 'write', 'commit']
  const steps: Step[] = [
    ...record,
    'publish',
    ...record,
    ...record,
    'claim',
    'abort',
    'publish',
    'claim',
    'write',
    'abort',
    ...record,
    ...record,
    'claim',
    'publish',
    'write',
    'commit',
    'publish',
  ]

  test.each(upTo(steps.length + 1))('after %s steps: readable up to its last publish, the successor goes on there', (cut) => {
    const ring = createSpscRing({ capacity: 1024, startPosition })
    const victim = attachProducer(ring)
    let offset = 0
    let written = 0
    let committed = 0
    let published = 0
    for (const step of steps.slice(0, cut)) {
      if (step === 'claim') offset = victim.claim(1, 24)
      else if (step === 'write') victim.int32[offset >> 2] = written
      else if (step === 'abort') victim.abort()
      else if (step === 'commit') {
        victim.commit()
        committed = ++written
      } else {
        victim.publish()
        published = committed
      }
    }
    const consumer = attachConsumer(ring)
    expect(drain(consumer)).toEqual(upTo(published))
    const successor = attachProducer(ring)
    expect([successor.position, successor.unpublished, successor.free]).toEqual([inspectRing(ring).producer, 0, 1024])
    for (let value = published; value < published + 5; value++) put(successor, value)
    successor.publish()
    expect(drain(consumer)).toEqual(upTo(published + 5).slice(published))
  })
})

describe.each(STARTS)('C-48 a consumer killed at any step, from position %s', (startPosition) => {
  type Step = 'next' | 'handle' | 'done' | 'release'
  const one: Step[] = ['next', 'handle', 'done']
  const steps: Step[] = [
    ...one,
    ...one,
    'release',
    'next',
    'handle',
    'release',
    'done',
    'next',
    'handle',
    'next',
    'handle',
    'release',
    ...one,
    'release',
    ...one,
    ...one,
    'next',
    'release',
    'handle',
    'done',
    'next',
    'release',
  ]
  const COUNT = 10

  test.each(upTo(steps.length + 1))('after %s steps: only the record in hand is lost, nothing comes twice', (cut) => {
    const ring = createSpscRing({ capacity: 1024, startPosition })
    const producer = attachProducer(ring)
    for (let value = 0; value < COUNT; value++) put(producer, value)
    producer.publish()
    const victim = attachConsumer(ring)
    const finished: number[] = []
    let holding: number | undefined
    for (const step of steps.slice(0, cut)) {
      if (step === 'next') {
        if (holding !== undefined) finished.push(holding)
        holding = victim.next() ? victim.int32[victim.offset >> 2] : undefined
      } else if (step === 'done') {
        if (holding !== undefined) finished.push(holding)
        holding = undefined
        victim.done()
      } else if (step === 'release') victim.release()
    }
    // The record in hand is named by the ring exactly when there is one.
    expect(inHandValue(ring)).toBe(holding)
    const successor = attachConsumer(ring)
    expect(inspectRing(ring).inHand).toBeUndefined()
    const rest = drain(successor)
    expect([...finished, ...(holding === undefined ? [] : [holding]), ...rest]).toEqual(upTo(COUNT))
    expect(producer.free).toBe(1024)
  })

  test('its room comes back through the first release of the successor, records to read or not', () => {
    const ring = createSpscRing({ capacity: 1024, startPosition })
    const producer = attachProducer(ring)
    let count = 0
    while (producer.hasRoom(28)) put(producer, count++)
    producer.publish()
    const victim = attachConsumer(ring)
    while (victim.next()); // the last one is finished by the next() that finds nothing; nothing is released
    expect(producer.hasRoom(28)).toBe(false)
    const successor = attachConsumer(ring)
    expect([successor.isEmpty, successor.release(), successor.release(), producer.free]).toEqual([true, true, false, 1024])
  })

  test('killed again before it has done anything: the same place, nothing in hand', () => {
    const ring = createSpscRing({ capacity: 1024, startPosition })
    const producer = attachProducer(ring)
    for (let value = 0; value < 3; value++) put(producer, value)
    producer.publish()
    attachConsumer(ring).next()
    const places = [attachConsumer(ring).position, attachConsumer(ring).position, inspectRing(ring).hand]
    expect(new Set(places).size).toBe(1)
    expect(drain(attachConsumer(ring))).toEqual([1, 2])
  })
})

test.each([2 ** 31 - 16, -16])(
  'C-48 C-49 the record in hand ends where positions wrap, from %s: the successor is at an Int32, and idle',
  (startPosition) => {
    const ring = createSpscRing({ capacity: 1024, startPosition })
    const producer = attachProducer(ring)
    put(producer, 0)
    producer.publish()
    attachConsumer(ring).next()
    const successor = attachConsumer(ring)
    const end = (startPosition + 16) | 0
    expect([successor.position, successor.isEmpty, successor.next(), successor.isEmpty]).toEqual([end, true, false, true])
    expect([successor.release(), successor.release(), inspectRing(ring).consumer]).toEqual([true, false, end])
  },
)

test('C-47 C-48 C-49 property: any number of successors on both sides, killed anywhere: each record once, or in hand', () => {
  const step = fc.constantFrom(
    'put',
    'put',
    'put',
    'publish',
    'next',
    'next',
    'done',
    'release',
    'killConsumer',
    'killProducer' as const,
  )
  fc.assert(
    fc.property(
      fc.constantFrom(...STARTS, -8, 2 ** 31 - 8),
      fc.array(step, { maxLength: 300, size: 'max' }),
      (startPosition, steps) => {
        const ring = createSpscRing({ capacity: 1024, startPosition })
        let producer = attachProducer(ring)
        let consumer = attachConsumer(ring)
        let next = 0
        let published = 0
        let holding: number | undefined
        const out: number[] = []
        const finish = (): void => {
          if (holding !== undefined) out.push(holding)
          holding = undefined
        }
        for (const action of steps) {
          if (action === 'put') {
            if (producer.hasRoom(28)) put(producer, next++)
          } else if (action === 'publish') {
            producer.publish()
            published = next
          } else if (action === 'next') {
            finish()
            if (consumer.next()) holding = consumer.int32[consumer.offset >> 2]
          } else if (action === 'done') {
            finish()
            consumer.done()
          } else if (action === 'release') consumer.release()
          else if (action === 'killProducer') {
            producer = attachProducer(ring)
            next = published // what was not published does not exist: the successor sends it again
          } else {
            expect(inHandValue(ring)).toBe(holding)
            finish() // reported by the root
            consumer = attachConsumer(ring)
          }
        }
        finish()
        producer.publish()
        expect([...out, ...drain(consumer)]).toEqual(upTo(next))
        expect(producer.free).toBe(1024)
      },
    ),
    { numRuns: 500 },
  )
})

test('an observer sees what is published and what is given back, each time it looks', () => {
  const ring = createSpscRing({ capacity: 1024 })
  const [producer, consumer, seen] = [attachProducer(ring), attachConsumer(ring), watchPositions(ring)]
  const start = seen.producer
  put(producer, 0)
  expect([seen.producer, seen.consumer]).toEqual([start, start])
  producer.publish()
  expect(seen.producer).toBeGreaterThan(start)
  expect(seen.consumer).toBe(start)
  drain(consumer)
  expect(seen.consumer).toBe(seen.producer)
})
