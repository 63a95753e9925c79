/** Worlds and threads for programs that `access-explorer.ts` explores: rings of slots whose payloads are written access by access. */
import { attachSlotConsumer, attachSlotProducer, createSlotRing, i32, layout, NO_ROOM, slotRingBytes } from '../src/index.ts'
import type { SlotConsumer, SlotProducer, SlotRingDescriptor, SlotRingOptions } from '../src/index.ts'
import { attachRing } from '../src/disruptor/attached-ring.ts'
import type { AttachedRing } from '../src/disruptor/attached-ring.ts'
import { PRODUCER_STATE } from '../src/disruptor/slot-ring-layout.ts'
import { STATE_FREE, STATE_MEMBER } from '../src/places/place-layout.ts'

export const record = layout({ value: i32 })

export interface SlotWorld {
  readonly ring: SlotRingDescriptor
  readonly memory: SharedArrayBuffer
  /** The ring's insides, for what a test looks at or does wrong on purpose. */
  readonly inside: AttachedRing
}

/** A tiny ring in a memory that is not WebAssembly's, with all its producers' places taken. */
export function slotWorld(options: Omit<SlotRingOptions, 'layout' | 'memory'>): SlotWorld {
  const shape = { places: 2, producersMax: 2, ...options, layout: record }
  const memory = new SharedArrayBuffer(slotRingBytes(shape))
  const ring = createSlotRing({ ...shape, memory })
  if (options.producers === 'multi') while (attachSlotProducer(ring)) continue
  return { memory, ring, inside: attachRing(ring) }
}

/** The same with `count` records published, each of which is its sequence. */
export function filledWorld(count: number, options: Omit<SlotRingOptions, 'layout' | 'memory'>): SlotWorld {
  const world = slotWorld(options)
  const producer = producerOf(world)
  for (let i = 0; i < count; i++) putWaiting(world, producer)
  if (world.inside.isMulti) Atomics.store(world.inside.int32, world.inside.producerWord(0) + PRODUCER_STATE, STATE_MEMBER)
  return world
}

/** One of the producers of a world: the threads of a program are prepared one by one, each on the memory as it was at the start. */
export function producerOf({ ring, inside }: SlotWorld, place = 0): SlotProducer {
  if (inside.isMulti) Atomics.store(inside.int32, inside.producerWord(place) + PRODUCER_STATE, STATE_FREE)
  return attachSlotProducer(ring)!
}

export function consumerOf({ ring }: SlotWorld, place = 0): SlotConsumer {
  return attachSlotConsumer(ring, place)
}

export function writeSlot({ inside }: SlotWorld, sequence: number, value: number): void {
  Atomics.store(inside.int32, slotWord(inside, sequence), value)
}

export function readSlot({ inside }: SlotWorld, sequence: number): number {
  return Atomics.load(inside.int32, slotWord(inside, sequence))
}

/** Puts one record; `full` when there is no room. */
export function put(world: SlotWorld, producer: SlotProducer, value: number): string {
  const sequence = producer.tryNext()
  if (sequence === NO_ROOM) return 'full'
  writeSlot(world, sequence, value)
  producer.publish(sequence)
  return `${value}`
}

/** Puts one record whose value is its sequence, and parks for room if it must. */
export function putWaiting(world: SlotWorld, producer: SlotProducer): void {
  let sequence = producer.tryNext()
  while (sequence === NO_ROOM) {
    producer.bell.park(() => producer.hasRoom(1), Infinity)
    sequence = producer.tryNext()
  }
  writeSlot(world, sequence, sequence)
  producer.publish(sequence)
}

/** Handles what is there, and says what it saw. */
export function drain(world: SlotWorld, consumer: SlotConsumer): string {
  let seen = ''
  for (let count = consumer.available(); count > 0; count--) {
    const sequence = (consumer.sequence + 1) | 0
    if (consumer.isAborted(sequence)) seen += 'x'
    else {
      consumer.take()
      seen += `${readSlot(world, sequence)}`
    }
    consumer.done(sequence)
  }
  consumer.release()
  return seen
}

/** Handles `count` records, and parks for them if it must. */
export function drainWaiting(world: SlotWorld, consumer: SlotConsumer, count: number): string {
  let seen = ''
  while (seen.length < count) {
    consumer.bell.park(() => consumer.available() > 0, Infinity)
    seen += drain(world, consumer)
  }
  return seen
}

function slotWord({ base, parts, capacity }: AttachedRing, sequence: number): number {
  return base + parts.slots + (sequence & (capacity - 1)) * (record.bytes / 4)
}
