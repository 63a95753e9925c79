/** The ring between real threads: a long stream through a tiny ring, consumers that are killed, every wait strategy. */
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { afterEach, describe, expect, test } from 'vitest'
import { attachConsumer, attachProducer, createDoorbell, createSpscRing, inspectRing } from '../src/index.ts'
import { STRATEGY_NAMES, strategyNamed } from './fixtures/strategies.ts'
import {
  CHECKSUM,
  createWorldMemory,
  openWorld,
  OUT_OF_ORDER,
  RECORDS_SEEN,
  WAIT_MS_MAX,
  WAKES_BY_CONSUMER,
  WAKES_BY_PRODUCER,
} from './fixtures/stream-world.ts'

const running = new Set<Worker>()

function start(fixture: string, workerData: object): Worker {
  const worker = new Worker(new URL(`./fixtures/${fixture}.ts`, import.meta.url), { workerData })
  running.add(worker)
  worker.once('exit', () => running.delete(worker))
  return worker
}

afterEach(async () => {
  await Promise.all([...running].map((worker) => worker.terminate()))
})

test('R2.3 C-49 two million records through a ring of 1 KiB: all, in order, with wake-ups of both sides', async () => {
  const records = 2_000_000
  const memory = createWorldMemory(records)
  const { report, ring } = openWorld(memory, records)
  const producer = start('stream-producer', { memory, records, meet: true })
  const producerEnd = once(producer, 'exit')
  const consumer = start('stream-consumer', { memory, records })
  const [sum] = await once(consumer, 'message')
  expect(await producerEnd).toEqual([0])
  expect(report[RECORDS_SEEN]).toBe(records)
  expect(report[OUT_OF_ORDER]).toBe(0)
  expect(sum).toBe(report[CHECKSUM])
  expect(report[WAKES_BY_PRODUCER]).toBeGreaterThan(0)
  expect(report[WAKES_BY_CONSUMER]).toBeGreaterThan(0)
  await consumer.terminate()
  expect(inspectRing(ring)).toMatchObject({ used: 0, inHand: undefined })
})

test('C-48 R3.3 consumers killed in the middle of a stream: nothing lost but the record in hand, nothing twice', async () => {
  const records = 400_000
  const memory = createWorldMemory(records)
  const { handled, report, ring } = openWorld(memory, records)
  const producer = start('stream-producer', { memory, records, meet: false })
  const producerEnd = once(producer, 'exit')
  const inHand: number[] = []

  // Every other one hangs inside a handler; the rest are killed wherever they are, some hundred records later.
  const kills = 12
  for (let kill = 0; kill < kills; kill++) {
    const hangs = kill % 2 === 0
    const orders = hangs ? { sayAfter: 0, hangAfter: 10_000 + kill } : { sayAfter: 700 + kill * 97, hangAfter: 20_000 }
    const victim = start('mortal-consumer', { memory, records, ...orders })
    const [said] = (await once(victim, 'message')) as [number | string]
    await victim.terminate()
    const hand = inspectRing(ring).inHand
    if (hand) inHand.push(hand.buffer.readInt32LE(hand.payloadOffset))
    if (hangs) expect(inHand.at(-1)).toBe(said)
  }
  const last = start('mortal-consumer', { memory, records, sayAfter: 0, hangAfter: 0 })
  expect(await once(last, 'message')).toEqual(['end'])
  expect(await producerEnd).toEqual([0])

  const twice = [...handled.keys()].filter((value) => handled[value]! > 1)
  const missing = [...handled.keys()].filter((value) => handled[value] === 0)
  expect(twice).toEqual([])
  expect(missing.filter((value) => !inHand.includes(value))).toEqual([])
  // The ones that hung are lost and are reported; nothing else can be lost than what was in hand.
  expect(inHand.length).toBeGreaterThanOrEqual(kills / 2)
  expect(new Set(inHand).size).toBe(inHand.length)
  expect(missing.length).toBeGreaterThanOrEqual(kills / 2)
  // A count that was cut between its two words belongs to a record in hand.
  expect(Math.abs(records - missing.length - report[RECORDS_SEEN]!)).toBeLessThanOrEqual(inHand.length)
})

describe.each(STRATEGY_NAMES)('wait strategy %s', (name) => {
  test('R2.3 a thousand round trips, each side waiting for the other', async () => {
    const rounds = 1000
    const there = createSpscRing({ capacity: 1024, startPosition: 2 ** 31 - 512 })
    const back = createSpscRing({ capacity: 1024, startPosition: -512 })
    const bells = new SharedArrayBuffer(256)
    const worker = start('echo', { name, there, back, bells, rounds })
    const end = once(worker, 'exit')
    const ownBell = createDoorbell(new Int32Array(bells, 0, 1))
    const peerBell = createDoorbell(new Int32Array(bells, 128, 1))
    const producer = attachProducer(there)
    const consumer = attachConsumer(back)
    const strategy = strategyNamed(name, ownBell)
    // The worker runs when it parks or answers; until then this thread must not block, for it starts the worker.
    await once(worker, 'online')
    const answers: number[] = []
    for (let round = 0; round < rounds; round++) {
      producer.int32[producer.claim(1, 4) >> 2] = round
      producer.commit()
      producer.publish()
      peerBell.ring()
      if (!strategy.waitFor(() => !consumer.isEmpty, WAIT_MS_MAX)) break
      consumer.poll((_type, _buffer, offset) => answers.push(consumer.int32[offset >> 2]!))
    }
    expect(answers).toEqual(Array.from({ length: rounds }, (_, round) => round))
    expect(await end).toEqual([0])
  })
})

test('R2.3 parkAsync: a worker wakes a thread that keeps its event loop running', async () => {
  const rounds = 300
  const there = createSpscRing({ capacity: 1024 })
  const back = createSpscRing({ capacity: 1024 })
  const bells = new SharedArrayBuffer(256)
  const worker = start('echo', { name: 'blocking', there, back, bells, rounds })
  const end = once(worker, 'exit')
  const ownBell = createDoorbell(new Int32Array(bells, 0, 1))
  const peerBell = createDoorbell(new Int32Array(bells, 128, 1))
  const producer = attachProducer(there)
  const consumer = attachConsumer(back)
  let answers = 0
  let waits = 0
  for (let round = 0; round < rounds; round++) {
    producer.int32[producer.claim(1, 4) >> 2] = round
    producer.commit()
    producer.publish()
    peerBell.ring()
    while (consumer.isEmpty) {
      const parked = ownBell.parkAsync(() => !consumer.isEmpty, WAIT_MS_MAX)
      if (parked !== 'work') waits++
      expect(await parked).not.toBe('timeout')
    }
    answers += consumer.poll(() => undefined)
  }
  expect(answers).toBe(rounds)
  expect(waits).toBeGreaterThan(0)
  expect(await end).toEqual([0])
})
