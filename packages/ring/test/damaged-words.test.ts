/**
 * Rings in whose memory one word is not what any correct peer can have written: whatever is done with them, it ends, and is an error with a
 * code or none. Each word that is no record's, several values, each thing that can be done, before and after attaching.
 */
import { CambiumError } from '@cambium/base'
import { describe, expect, test } from 'vitest'
import {
  abortLostClaims,
  attachBroadcastProducer,
  attachConsumer,
  attachProducer,
  attachSlotColumns,
  attachSlotConsumer,
  attachSlotProducer,
  attachSlots,
  attachSlotWorker,
  broadcastRingBytes,
  createBatchProcessor,
  createBroadcastRing,
  createSlotRing,
  createSpscRing,
  evictBroadcastOwner,
  evictOwner,
  evictPlace,
  haltPlace,
  haltRing,
  i32,
  inspectRing,
  inspectSlotRing,
  joinBroadcast,
  joinSlotPool,
  joinSlotRing,
  layout,
  NO_ROOM,
  RING_FULL,
  slotRingBytes,
  succeedBroadcastReader,
  watchHand,
  watchPositions,
} from '../src/index.ts'
import type { BroadcastReader, SlotRingDescriptor, SlotRingOptions } from '../src/index.ts'
import * as broadcastWord from '../src/broadcast/broadcast-layout.ts'
import { slotRingParts } from '../src/disruptor/slot-ring-layout.ts'
import * as slotWord from '../src/disruptor/slot-ring-layout.ts'
import * as placeWord from '../src/places/place-layout.ts'
import * as spscWord from '../src/spsc-layout.ts'

const record = layout({ value: i32 })
const code = (expected: string): unknown => expect.objectContaining({ code: expected })
const corrupt = code('ERR_RING_CORRUPT')
const nothing = (): void => undefined
/** No loop of a test goes on for longer: what is there is bounded by the ring. */
const ROUNDS = 40

/** Prepares, lets the word be damaged, acts. */
type Act = (damage: () => void) => void

interface World {
  readonly memory: SharedArrayBuffer
  readonly words: readonly number[]
  readonly acts: Readonly<Record<string, Act>>
}

/** An act of somebody who attaches: before and after the damage. */
function actOf<T>(attach: () => T, use: (attached: T) => void): Act[] {
  return [
    (damage) => {
      const attached = attach()
      damage()
      use(attached)
    },
    (damage) => {
      damage()
      use(attach())
    },
  ]
}

function named(acts: Readonly<Record<string, Act[]>>): Record<string, Act> {
  return Object.fromEntries(
    Object.entries(acts).flatMap(([name, [late, early]]) => [
      [`${name} after`, late!],
      [`${name} before`, early!],
    ]),
  )
}

/** The words of the places of a ring, but for the lock: one that is held for ever is waited for, a second each time. */
function placeWords(block: number, places: number): number[] {
  const {
    FIRST_PLACE,
    PLACE_WORDS,
    SEQUENCE,
    HOLDING,
    STARTED,
    FINISHED,
    CLAIMED,
    STATE,
    KIND,
    AFTER,
    BEFORE,
    MEMBERS,
    POOL,
    BELL,
    HALT,
  } = placeWord
  const all = [SEQUENCE, HOLDING, STARTED, FINISHED, CLAIMED, STATE, KIND, AFTER, BEFORE, MEMBERS, POOL, BELL, HALT]
  const own = Array.from({ length: places }, (_, place) => all.map((field) => block + FIRST_PLACE + place * PLACE_WORDS + field))
  return [placeWord.PARKED_READERS, placeWord.PARKED_PRODUCERS, placeWord.GATES].map((word) => block + word).concat(own.flat())
}

function spscWorld(): World {
  const ring = createSpscRing({ capacity: 1024 })
  const writer = attachProducer(ring)
  const reader = attachConsumer(ring)
  for (let type = 0; type < 4; type++) {
    writer.claim(type, 8)
    writer.commit()
  }
  writer.publish()
  reader.poll(nothing, 2)
  reader.next()
  const data = spscWord.CONTROL_BYTES / 4
  return {
    memory: ring.memory,
    words: [
      spscWord.MAGIC_INDEX,
      spscWord.VERSION_INDEX,
      spscWord.CAPACITY_INDEX,
      spscWord.PRODUCER_INDEX,
      spscWord.CONSUMER_INDEX,
      spscWord.HAND_INDEX,
      ...[0, 1, 4, 5, 8, 9, 12, 13].map((word) => data + word),
    ],
    acts: named({
      producer: actOf(
        () => attachProducer(ring),
        (producer) => {
          producer.hasRoom(8)
          for (let i = 0; i < ROUNDS && producer.claim(1, 8) !== RING_FULL; i++) {
            producer.commit()
            producer.publish()
          }
        },
      ),
      consumer: actOf(
        () => attachConsumer(ring),
        (consumer) => {
          consumer.look()
          consumer.poll(nothing)
          consumer.poll(nothing)
        },
      ),
      observer: actOf(
        () => [watchHand(ring), watchPositions(ring)] as const,
        ([hand, positions]) => [hand(), positions.producer, inspectRing(ring)],
      ),
    }),
  }
}

const SLOTS = {
  capacity: 8,
  layout: record,
  producersMax: 2,
  places: 4,
  fixed: [
    { kind: 'consumer', after: [] },
    { kind: 'pool', after: [0] },
  ],
} as const satisfies SlotRingOptions

function slotMemory(producers: 'single' | 'multi'): { ring: SlotRingDescriptor; memory: SharedArrayBuffer } {
  const memory = new SharedArrayBuffer(slotRingBytes({ ...SLOTS, producers }))
  return { ring: createSlotRing({ ...SLOTS, producers, memory }), memory }
}

function slotWorld(producers: 'single' | 'multi'): World {
  const { ring, memory } = slotMemory(producers)
  const worker = joinSlotPool(ring, 1, { owner: 3 })!
  const writer = attachSlotProducer(ring, { owner: 4 })!
  writer.publish(writer.tryNext(3))
  const reader = attachSlotConsumer(ring, 0)
  reader.available()
  reader.take()
  reader.done()
  reader.release()
  worker.take()
  const isMulti = producers === 'multi'
  const parts = slotRingParts({ ...SLOTS, isMulti, slotBytes: record.bytes, producers: isMulti ? 2 : 1 })
  const producerFields = [
    slotWord.CLAIM_LOW,
    slotWord.CLAIM_HIGH,
    slotWord.CLAIM_PHASE,
    slotWord.PRODUCER_STATE,
    slotWord.PRODUCER_BELL,
  ]
  const { MAGIC, VERSION, CAPACITY, SLOT_BYTES, FINGERPRINT, MULTI, PLACES, PRODUCERS, POOLS, CURSOR, LIMIT, ABORTED, HALTED } =
    slotWord
  return {
    memory,
    words: [
      MAGIC,
      VERSION,
      CAPACITY,
      SLOT_BYTES,
      FINGERPRINT,
      MULTI,
      PLACES,
      PRODUCERS,
      POOLS,
      CURSOR,
      LIMIT,
      ABORTED,
      HALTED,
      ...placeWords(slotWord.PLACE_BLOCK, 3),
      ...producerFields.map((field) => parts.producers + field),
      ...(isMulti ? [0, 1, 2, 3].map((slot) => parts.flags + slot) : []),
    ],
    acts: named({
      producer: actOf(
        () => attachSlotProducer(ring),
        (producer) => {
          producer?.hasRoom(1)
          for (let i = 0; i < ROUNDS; i++) {
            const sequence = producer?.tryNext(2) ?? NO_ROOM
            if (sequence === NO_ROOM) break
            producer?.publish(sequence)
          }
          producer?.leave()
        },
      ),
      consumer: actOf(
        () => attachSlotConsumer(ring, 0),
        (consumer) => {
          for (let i = 0; i < ROUNDS; i++) {
            const count = consumer.available()
            // What was published is never more than the ring.
            expect(count).toBeLessThanOrEqual(SLOTS.capacity)
            if (count <= 0) break
            consumer.done((consumer.sequence + count) | 0)
            consumer.release()
          }
          consumer.leave()
        },
      ),
      processor: actOf(
        () => createBatchProcessor(attachSlotConsumer(ring, 0), attachSlots(ring, record), nothing),
        (processor) => {
          for (let i = 0; i < ROUNDS && processor.poll() > 0; i++) continue
        },
      ),
      worker: actOf(
        () => attachSlotWorker(ring, 2),
        (attached) => {
          for (let i = 0; i < ROUNDS && attached.take(); i++) attached.done()
          attached.leave()
        },
      ),
      joiner: actOf(nothing, () => {
        joinSlotRing(ring, { after: [0] })?.leave()
        joinSlotPool(ring, 1)?.leave()
      }),
      root: actOf(nothing, () => {
        inspectSlotRing(ring)
        haltPlace(ring, 1)
        haltRing(ring)
        attachSlotColumns(ring, record).value.get(1)
      }),
      eviction: actOf(nothing, () => {
        abortLostClaims(ring)
        evictOwner(ring, 3)
        evictOwner(ring, 4)
        evictPlace(ring, 0)
      }),
    }),
  }
}

const READERS = 3

function broadcastWorld(): World {
  const memory = new SharedArrayBuffer(broadcastRingBytes(1024, READERS))
  const ring = createBroadcastRing({ capacity: 1024, readers: READERS, memory })
  const first = joinBroadcast(ring)!
  joinBroadcast(ring, { after: [first.place], owner: 2 })
  const lossy = joinBroadcast(ring, { mode: 'lossy' })!
  const writer = attachBroadcastProducer(ring)
  for (let type = 0; type < 4; type++) {
    writer.claim(type, 8)
    writer.commit()
  }
  writer.publish()
  first.poll(nothing, 2)
  first.next()
  const read = (reader: BroadcastReader): void => {
    reader.poll(nothing)
    reader.poll(nothing)
    reader.leave()
  }
  const { MAGIC, VERSION, CAPACITY, PLACES, TAIL, LATEST, INTENT, EPOCH, PRODUCER_BELL } = broadcastWord
  return {
    memory,
    words: [
      MAGIC,
      VERSION,
      CAPACITY,
      PLACES,
      TAIL,
      LATEST,
      INTENT,
      EPOCH,
      PRODUCER_BELL,
      ...placeWords(broadcastWord.PLACE_BLOCK, READERS),
      ...[0, 1, 2, 3, 6, 7, 8, 9].map((word) => broadcastWord.controlBytes(READERS) / 4 + word),
    ],
    acts: named({
      producer: actOf(
        () => attachBroadcastProducer(ring),
        (producer) => {
          producer.hasRoom(8)
          for (let i = 0; i < ROUNDS && producer.claim(1, 8) !== RING_FULL; i++) {
            producer.commit()
            producer.publish()
          }
        },
      ),
      reader: actOf(() => succeedBroadcastReader(ring, 0), read),
      behind: actOf(() => succeedBroadcastReader(ring, 1), read),
      lossy: actOf(() => lossy, read),
      joiner: actOf(nothing, () => {
        evictBroadcastOwner(ring, 2)
        for (const mode of ['lossless', 'lossy'] as const) joinBroadcast(ring, { mode })?.poll(nothing)
      }),
    }),
  }
}

const valuesFor = (word: number): number[] => {
  const values = [0, 1, -1, 8, 33, 1000, 2 ** 31 - 1, -(2 ** 31), 2 ** 30, word + 8, word - 8, word + 1032, word + 1]
  return [...new Set(values.map((value) => value | 0))].filter((value) => value !== word)
}

/** What ended otherwise than it may. */
function wrongsOf(make: () => World): string[] {
  const wrongs: string[] = []
  const { memory, words, acts } = make()
  const before = new Int32Array(memory).slice()
  for (const word of words) {
    for (const value of valuesFor(before[word]!)) {
      for (const name of Object.keys(acts)) {
        const world = make()
        try {
          world.acts[name]!(() => (new Int32Array(world.memory)[word] = value))
        } catch (error) {
          if (!(error instanceof CambiumError)) wrongs.push(`${name}, word ${word}: ${before[word]} → ${value}: ${String(error)}`)
        }
      }
    }
  }
  return wrongs
}

describe('one word is damaged: an error with a code, or none, and soon', () => {
  test('a ring of records', () => expect(wrongsOf(spscWorld)).toEqual([]))
  test.each(['single', 'multi'] as const)(
    'a ring of slots: %s',
    (producers) => {
      expect(wrongsOf(() => slotWorld(producers))).toEqual([])
    },
    30_000,
  )
  test('a broadcast ring', () => expect(wrongsOf(broadcastWorld)).toEqual([]), 30_000)
})

describe('what is said of it', () => {
  const { PLACE_BLOCK } = slotWord
  const placeField = (block: number, place: number, field: number): number =>
    block + placeWord.FIRST_PLACE + place * placeWord.PLACE_WORDS + field
  const set = (memory: SharedArrayBuffer, word: number, value: number): void => {
    new Int32Array(memory)[word] = value
  }

  test.each([
    ['capacity', slotWord.CAPACITY, 7],
    ['capacity', slotWord.CAPACITY, -8],
    ['slotBytes', slotWord.SLOT_BYTES, 0],
    ['slotBytes', slotWord.SLOT_BYTES, 12],
    ['multi', slotWord.MULTI, 2],
    ['places', slotWord.PLACES, 0],
    ['places', slotWord.PLACES, 33],
    ['producers', slotWord.PRODUCERS, 0],
    ['producers', slotWord.PRODUCERS, 2],
    ['pools', slotWord.POOLS, 1 << 4],
  ])('a ring of slots: %s, in word %i, is %i', (name, word, value) => {
    const { ring, memory } = slotMemory('single')
    set(memory, word, value)
    for (const call of [
      attachSlotProducer,
      inspectSlotRing,
      joinSlotRing,
      (one: SlotRingDescriptor) => attachSlots(one, record),
    ]) {
      expect(() => call(ring)).toThrow(corrupt)
    }
    expect(() => attachSlotProducer(ring)).toThrow(new RegExp(`no ring is made like this, .*${name}=${value}(,|$)`))
  })

  test.each([
    ['capacity', broadcastWord.CAPACITY, 1000],
    ['capacity', broadcastWord.CAPACITY, 512],
    ['places', broadcastWord.PLACES, 0],
    ['places', broadcastWord.PLACES, 33],
  ])('a broadcast ring: %s, in word %i, is %i', (name, word, value) => {
    const memory = new SharedArrayBuffer(broadcastRingBytes(1024))
    const ring = createBroadcastRing({ capacity: 1024, memory })
    set(memory, word, value)
    expect(() => joinBroadcast(ring)).toThrow(corrupt)
    expect(() => attachBroadcastProducer(ring)).toThrow(new RegExp(`no ring is made like this, .*${name}=${value}(,|$)`))
  })

  test('sets of places that the ring has not', () => {
    const { ring, memory } = slotMemory('single')
    const producer = attachSlotProducer(ring)!
    set(memory, PLACE_BLOCK + placeWord.GATES, 1 << 4)
    expect(() => producer.tryNext()).toThrow('a set of places has some that the ring has not, set=16, places=4')
    set(memory, PLACE_BLOCK + placeWord.GATES, 2)
    set(memory, placeField(PLACE_BLOCK, 1, placeWord.MEMBERS), -1)
    expect(() => producer.tryNext()).toThrow(corrupt)
    expect(() => haltPlace(ring, 1)).toThrow(corrupt)
  })

  test('a place beside places that there are not: it stays as it was, and nobody is locked out', () => {
    const { ring, memory } = slotMemory('single')
    const consumer = joinSlotRing(ring)!
    const worker = joinSlotPool(ring, 1)!
    set(memory, placeField(PLACE_BLOCK, consumer.place, placeWord.AFTER), 1 << 31)
    set(memory, placeField(PLACE_BLOCK, worker.place, placeWord.POOL), 9)
    const before = new Int32Array(memory).slice()
    expect(() => consumer.leave()).toThrow(corrupt)
    expect(() => evictPlace(ring, worker.place)).toThrow('a worker has no pool')
    expect(new Int32Array(memory).slice()).toEqual(before)
    expect(() => attachSlotWorker(ring, worker.place)).toThrow(corrupt)
    set(memory, placeField(PLACE_BLOCK, consumer.place, placeWord.AFTER), 0)
    consumer.leave()
  })

  test('a tail that the producer of a broadcast ring cannot have stored', () => {
    const memory = new SharedArrayBuffer(broadcastRingBytes(1024))
    const ring = createBroadcastRing({ capacity: 1024, memory })
    const readers = (['lossless', 'lossy'] as const).map((mode) => joinBroadcast(ring, { mode })!)
    const producer = attachBroadcastProducer(ring)
    producer.claim(1, 8)
    producer.commit()
    producer.publish()
    set(memory, broadcastWord.TAIL, 2 ** 30)
    for (const reader of readers) expect(() => reader.poll(nothing)).toThrow(corrupt)
    set(memory, broadcastWord.TAIL, producer.position)
    for (const reader of readers) expect(reader.poll(nothing)).toBe(1)
  })

  test('a reader of a broadcast ring that is further behind than the producer lets anybody be', () => {
    const memory = new SharedArrayBuffer(broadcastRingBytes(1024))
    const ring = createBroadcastRing({ capacity: 1024, memory })
    const reader = joinBroadcast(ring)!
    const producer = attachBroadcastProducer(ring)
    set(memory, placeField(broadcastWord.PLACE_BLOCK, reader.place, placeWord.SEQUENCE), -2048)
    expect(() => producer.claim(1, 8)).toThrow('readers are more than the capacity behind, tail=0, least=-2048, capacity=1024')
  })
})
