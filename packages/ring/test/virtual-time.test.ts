/**
 * The pipeline of R1.8 on virtual time: real rings and real sequences, driven by hand; only how long a stage takes is made up. A thread takes
 * a record at one moment and finishes it later; nothing else lets time pass.
 */
import { describe, expect, test } from 'vitest'
import { attachSlotConsumer, attachSlotProducer, attachSlots, disruptor, i32, joinSlotPool, layout } from '../src/index.ts'
import type { NodeDescriptor, NodeGroup, SlotConsumer, SlotWorker } from '../src/index.ts'

const STAGE_MS = 200
const ITEMS = 6
const STAGES = ['parse', 'enrich', 'store'] as const

/** `value` is what the stages make of an item, one after the other in the same slot. */
const fields = { item: i32, stage: i32, value: i32 }
const record = layout(fields)

/** What will happen when, in the order of time. */
class VirtualClock {
  nowMs = 0
  readonly #due: { atMs: number; run: () => void }[] = []

  after(delayMs: number, run: () => void): void {
    this.#due.push({ atMs: this.nowMs + delayMs, run })
    this.#due.sort((a, b) => a.atMs - b.atMs)
  }

  /** The next moment at which something happens, and all that happens then; false when nothing will. */
  step(): boolean {
    const next = this.#due[0]
    if (next === undefined) return false
    this.nowMs = next.atMs
    while (this.#due[0]?.atMs === this.nowMs) this.#due.shift()!.run()
    return true
  }
}

/** One thread at its place, as far as a clock sees it. */
interface Seat {
  readonly node: NodeDescriptor
  isBusy: boolean
  /** The sequence that it begins with, if there is one. */
  begin(): number | undefined
  finish(): void
}

function consumerSeat(node: NodeDescriptor): Seat {
  const consumer: SlotConsumer = attachSlotConsumer(node.ring, node.place)
  return {
    node,
    isBusy: false,
    begin() {
      if (consumer.available(1) <= 0) return undefined
      consumer.take()
      return (consumer.sequence + 1) | 0
    },
    finish() {
      consumer.done()
      consumer.release()
    },
  }
}

function workerSeat(node: NodeDescriptor): Seat {
  const worker: SlotWorker = joinSlotPool(node.ring, node.place)!
  return {
    node,
    isBusy: false,
    begin: () => (worker.take() ? worker.sequence : undefined),
    finish: () => worker.done(),
  }
}

/** Runs the items through a graph, and says how long it takes until all of them are through. */
function timeOf(
  stagesOf: ReadonlyMap<string, readonly number[]>,
  build: (start: ReturnType<typeof newGraph>) => NodeGroup<typeof fields>,
): number {
  const topology = build(newGraph()).build()
  const producer = attachSlotProducer(topology.ring)!
  const slots = attachSlots(topology.ring, record)
  const clock = new VirtualClock()
  const seats = topology.nodes.flatMap((node) =>
    node.kind === 'pool' ? Array.from({ length: node.workers }, () => workerSeat(node)) : [consumerSeat(node)],
  )

  const high = producer.tryNext(ITEMS)
  for (let item = 0; item < ITEMS; item++) slots.at(high - ITEMS + 1 + item).set({ item, stage: 0, value: item })
  producer.publish(high)

  const work = (seat: Seat, sequence: number): void => {
    for (const stage of stagesOf.get(seat.node.name)!) {
      slots.at(sequence)
      // Whoever comes after a stage finds in the slot what it has left there.
      expect(slots.stage).toBe(stage)
      slots.stage = stage + 1
      slots.value *= 10
    }
  }
  const beginAll = (): void => {
    for (const seat of seats.filter(({ isBusy }) => !isBusy)) {
      const sequence = seat.begin()
      if (sequence === undefined) continue
      seat.isBusy = true
      clock.after(STAGE_MS * stagesOf.get(seat.node.name)!.length, () => {
        work(seat, sequence)
        seat.finish()
        seat.isBusy = false
      })
    }
  }
  beginAll()
  while (clock.step()) beginAll()

  expect(topology.isDrained).toBe(true)
  const seen = Array.from({ length: ITEMS }, (_, at) => slots.at(high - ITEMS + 1 + at).toObject())
  expect(seen).toEqual(Array.from({ length: ITEMS }, (_, item) => ({ item, stage: STAGES.length, value: item * 1000 })))
  return clock.nowMs
}

const newGraph = () => disruptor({ capacity: 8, layout: record, places: 16 })
const eachItsOwn = new Map<string, readonly number[]>(STAGES.map((name, stage) => [name, [stage]]))

describe('R1.8 three stages of 0.2 s over six items', () => {
  test('sequential: 3.6 s', () => {
    expect(timeOf(new Map([['all', [0, 1, 2]]]), (graph) => graph.handle('all'))).toBe(3600)
  })

  test('pipelined: 1.6 s', () => {
    expect(timeOf(eachItsOwn, (graph) => graph.handle('parse').then('enrich').then('store'))).toBe(1600)
  })

  test('sharded over two workers: 1.0 s', () => {
    const pool = (name: string) => ({ name, workers: 2 })
    expect(timeOf(eachItsOwn, (graph) => graph.handle(pool('parse')).then(pool('enrich')).then(pool('store')))).toBe(1000)
  })
})
