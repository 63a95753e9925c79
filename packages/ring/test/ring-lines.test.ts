/** Words that different threads write lie two cache lines apart, in rings of slots and in broadcast rings; proven on the real ones. */
import { describe, expect, test } from 'vitest'
import {
  attachBroadcastProducer,
  attachSlotConsumer,
  attachSlotProducer,
  attachSlots,
  createBatchProcessor,
  createBroadcastRing,
  createDoorbell,
  createSlotRing,
  createWorkProcessor,
  haltPlace,
  i32,
  joinBroadcast,
  joinSlotPool,
  joinSlotRing,
  layout,
} from '../src/index.ts'
import { attachRing } from '../src/disruptor/attached-ring.ts'
import { CLAIM_LOW } from '../src/disruptor/slot-ring-layout.ts'
import { bufferOf } from '../src/ring-memory.ts'
import type { RingMemory } from '../src/ring-memory.ts'

const record = layout({ value: i32, more: i32 })

/** Notes which pairs of lines each writer changes; a pair that two of them change is a conflict. */
function watch(memory: RingMemory): { by(writer: string, step: () => void): number[]; conflicts(): string[] } {
  const words = new Int32Array(bufferOf(memory))
  const writers = new Map<number, Set<string>>()
  return {
    by: (writer, step) => {
      const before = words.slice()
      step()
      const changed = [...words.keys()].filter((word) => words[word] !== before[word])
      for (const word of changed) writers.set(word >> 5, (writers.get(word >> 5) ?? new Set()).add(writer))
      return changed
    },
    conflicts: () =>
      [...writers].filter(([, names]) => names.size > 1).map(([line, names]) => `${line * 128}: ${[...names].join(', ')}`),
  }
}

describe('R2.3 words of different writers', () => {
  test.each(['single', 'multi'] as const)('a ring of slots, producers %s', (producers) => {
    const ring = createSlotRing({
      capacity: 64,
      layout: record,
      producers,
      fixed: [
        { kind: 'consumer', after: [] },
        { kind: 'pool', after: [0] },
      ],
    })
    const lines = watch(ring.memory)
    const producer = attachSlotProducer(ring)!
    const slots = attachSlots(ring, record)
    const consumer = createBatchProcessor(attachSlotConsumer(ring, 0), attachSlots(ring, record), () => undefined)
    const workers = [joinSlotPool(ring, 1)!, joinSlotPool(ring, 1)!].map((worker) =>
      createWorkProcessor(worker, attachSlots(ring, record), () => undefined),
    )
    const publish = (): void => {
      const sequence = producer.tryNext(3)
      slots.at(sequence).value = 7
      producer.publish(sequence)
    }
    const changed = [...lines.by('producer', publish), ...lines.by('producer', publish)]
    if (producers === 'single')
      expect(new Set(changed)).toEqual(
        new Set([32, ...changed.filter((word) => word >= attachRing(ring).base + attachRing(ring).parts.slots)]),
      )
    lines.by('consumer 0', () => consumer.poll())
    lines.by('worker 2', () => workers[0]!.poll(1))
    lines.by('worker 3', () => workers[1]!.poll(1))
    lines.by('halter', () => haltPlace(ring, 0))
    lines.by('parker', () => consumer.bell.idle())
    // The pool's sequence is the one word that several threads write, by CAS; they all are its workers.
    const { table } = attachRing(ring)
    expect(lines.conflicts().filter((line) => !line.startsWith(`${table.wordOf(1) * 4}:`))).toEqual([])
    expect(lines.conflicts().every((line) => line.includes('worker 2, worker 3'))).toBe(true)
  })

  test('producers of several have lines of their own beside the cursor', () => {
    const ring = createSlotRing({ capacity: 64, layout: record, producers: 'multi' })
    const lines = watch(ring.memory)
    const pair = [attachSlotProducer(ring)!, attachSlotProducer(ring)!]
    for (const [at, producer] of pair.entries()) lines.by(`producer ${at}`, () => producer.publish(producer.tryNext(32)))
    const { cursorWord, producerWord, flagsWord } = attachRing(ring)
    expect(Math.abs(producerWord(0) - producerWord(1))).toBeGreaterThanOrEqual(32)
    expect(producerWord(0) + CLAIM_LOW).toBeGreaterThan(cursorWord + 32)
    // The cursor is claimed by all of them; the laps of 32 slots fill a pair of lines.
    expect(flagsWord % 32).toBe(0)
    expect(lines.conflicts()).toEqual([`${cursorWord * 4}: producer 0, producer 1`])
  })

  test('a broadcast ring', () => {
    const ring = createBroadcastRing({ capacity: 1024 })
    const lines = watch(ring.memory)
    const producer = attachBroadcastProducer(ring)
    const readers = [joinBroadcast(ring)!, joinBroadcast(ring)!, joinBroadcast(ring, { mode: 'lossy' })!]
    lines.by('producer', () => {
      producer.claim(1, 8)
      producer.commit()
      producer.publish()
    })
    for (const [at, reader] of readers.entries()) lines.by(`reader ${at}`, () => reader.poll(() => undefined))
    expect(lines.conflicts()).toEqual([])
  })
})

test('nobody rings while nobody is parked: a publish and a finish look at one word and change only their own', () => {
  const ring = createSlotRing({ capacity: 8, layout: record })
  const producer = attachSlotProducer(ring)!
  const consumer = joinSlotRing(ring)!
  const { int32, table, producerWord } = attachRing(ring)
  const bells = [table.wordOf(0) + 96, producerWord(0) + 64]
  // Bells that say parked, without the bit that says so to peers: they must stay as they are.
  for (const word of bells) Atomics.store(int32, word, 1)
  producer.publish(producer.tryNext())
  expect(consumer.available()).toBe(1)
  consumer.done()
  consumer.release()
  expect(bells.map((word) => int32[word])).toEqual([1, 1])
  expect(createDoorbell(int32.subarray(bells[0], bells[0]! + 1)).ring()).toBe(true)
})
