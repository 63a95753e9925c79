/** Every order of accesses of small programs over a broadcast ring: laps, gates, parks, joins and deaths. */
import { describe, expect, test } from 'vitest'
import {
  attachBroadcastProducer,
  createBroadcastRing,
  evictBroadcastOwner,
  joinBroadcast,
  RING_FULL,
  succeedBroadcastReader,
} from '../src/index.ts'
import type { BroadcastDescriptor, BroadcastProducer, BroadcastReader } from '../src/index.ts'
import { broadcastRingBytes } from '../src/broadcast/broadcast-ring.ts'
import { EPOCH, TAIL } from '../src/broadcast/broadcast-layout.ts'
import { STATE } from '../src/places/place-layout.ts'
import { attachBroadcast } from '../src/broadcast/broadcast-ring.ts'
import { exploreAccesses } from './access-explorer.ts'
import type { AccessProgram, AccessThread } from './access-explorer.ts'

interface BroadcastWorld {
  readonly ring: BroadcastDescriptor
  readonly memory: SharedArrayBuffer
  readonly words: Int32Array
}

const CAPACITY = 1024
/** Eight of them fill the ring. */
const PAYLOAD_BYTES = 112
const TICK = EPOCH + 1

function broadcastWorld(startPosition = 0, prepare?: (world: BroadcastWorld) => void): BroadcastWorld {
  const memory = new SharedArrayBuffer(broadcastRingBytes(CAPACITY, 2))
  const ring = createBroadcastRing({ capacity: CAPACITY, readers: 2, startPosition, memory })
  const world = { ring, memory, words: new Int32Array(memory) }
  prepare?.(world)
  return world
}

/** With the records 0, 1, 2 … published. */
function filled(count: number): (world: BroadcastWorld) => void {
  return (world) => {
    const producer = attachBroadcastProducer(world.ring)
    for (let value = 0; value < count; value++) send(world, producer, value)
  }
}

/** An access that all threads make, so that they take turns between plain ones. */
function tick({ words }: BroadcastWorld): void {
  Atomics.add(words, TICK, 0)
}

/** Writes one record whose type and words are all `value`, in two halves. */
function send(world: BroadcastWorld, producer: BroadcastProducer, value: number, ticks = false): string {
  const offset = producer.claim(value, PAYLOAD_BYTES)
  if (offset === RING_FULL) return 'full'
  const half = PAYLOAD_BYTES / 8
  producer.int32.fill(value, offset >> 2, (offset >> 2) + half)
  if (ticks) tick(world)
  producer.int32.fill(value, (offset >> 2) + half, (offset >> 2) + 2 * half)
  producer.commit()
  producer.publish()
  return `${value}`
}

function receive(reader: BroadcastReader): string {
  let seen = ''
  while (reader.next()) {
    const words = reader.int32.subarray(reader.offset >> 2, (reader.offset + reader.length) >> 2)
    const isWhole = reader.length === PAYLOAD_BYTES && words.every((word) => word === reader.type)
    seen += isWhole ? `${reader.type}` : 'torn'
    reader.done()
  }
  reader.release()
  return seen
}

const explore = (program: Omit<AccessProgram<BroadcastWorld>, 'memory'>): string[] =>
  [...exploreAccesses({ ...program, memory: (world) => world.memory }).outcomes.keys()].toSorted()

const STARTS = [0, 2 ** 31 - 512, -512]

describe('a lossy reader', () => {
  test.each(STARTS)('R1.7 C-49 from %s: it sees whole records, in order, and counts what it missed', (start) => {
    const sent = '0123456789'
    const outcomes = explore({
      start: () => broadcastWorld(start, filled(6)),
      threads: [
        {
          thread: (world) => {
            const producer = attachBroadcastProducer(world.ring)
            return () => [6, 7, 8].map((value) => send(world, producer, value, true)).join('')
          },
        },
        {
          thread: (world) => {
            // It joined before all this.
            Atomics.store(world.words, TAIL, start)
            Atomics.store(world.words, EPOCH, start >>> 30)
            const reader = joinBroadcast(world.ring, { mode: 'lossy' })!
            return () => {
              const seen = receive(reader)
              tick(world)
              return `${seen}${receive(reader)} lapped ${reader.lapped} lost ${reader.lost}`
            }
          },
        },
      ],
      outcome: (_world, results) => results.join(' / '),
    })
    expect(outcomes.length).toBeGreaterThan(5)
    for (const outcome of outcomes) {
      expect(outcome).toMatch(/^678 \/ \d* lapped \d lost \d$/)
      const [, seen = '', lapped = '', lost = ''] = /\/ (\d*) lapped (\d) lost (\d)/.exec(outcome)!
      expect(seen.split('').toSorted().join(''), outcome).toBe(seen)
      expect(new Set(seen).size, outcome).toBe(seen.length)
      // The first record that it sees after a lap tells how many are missing. Before its first record it has missed nothing.
      const gaps = seen === '' ? 0 : Number(seen.at(-1)) - Number(seen[0]) + 1 - seen.length
      expect(Number(lost), outcome).toBe(gaps)
      if (lapped === '0') expect(sent, outcome).toContain(seen)
    }
    expect(outcomes.some((outcome) => outcome.includes('lapped 0'))).toBe(true)
    expect(outcomes.some((outcome) => outcome.includes('lapped 1'))).toBe(true)
  })
})

describe('a lossless reader', () => {
  const seven = (world: BroadcastWorld): void => {
    joinBroadcast(world.ring)
    filled(7)(world)
  }

  test('R1.7 R2.3 holds the producer back, and never sees a record that is written over', () => {
    const outcomes = explore({
      start: () => broadcastWorld(0, seven),
      threads: [
        {
          thread: (world) => {
            const producer = attachBroadcastProducer(world.ring)
            return () => [7, 8, 9].map((value) => send(world, producer, value)).join(' ')
          },
        },
        {
          thread: (world) => {
            const reader = succeedBroadcastReader(world.ring, 0)
            return () => receive(reader)
          },
        },
      ],
      outcome: (_world, results) => results.join(' / '),
    })
    expect(outcomes).toEqual([
      '7 8 9 / 0123456',
      '7 8 9 / 01234567',
      '7 full 9 / 0123456',
      '7 full 9 / 01234567',
      '7 full full / 0123456',
      '7 full full / 01234567',
    ])
  })

  test('R2.3 park and wake in both directions', () => {
    const outcomes = explore({
      start: () => broadcastWorld(0, seven),
      threads: [
        {
          thread: (world) => {
            const producer = attachBroadcastProducer(world.ring)
            return () => {
              send(world, producer, 7)
              producer.bell.park(() => producer.hasRoom(PAYLOAD_BYTES), Infinity)
              return send(world, producer, 8)
            }
          },
        },
        {
          thread: (world) => {
            const reader = succeedBroadcastReader(world.ring, 0)
            return () => {
              let seen = receive(reader)
              while (!seen.endsWith('8')) {
                reader.bell.park(() => !reader.isEmpty, Infinity)
                seen += receive(reader)
              }
              return seen
            }
          },
        },
      ],
      outcome: (_world, results) => results.join(' / '),
    })
    expect(outcomes).toEqual(['8 / 012345678'])
  })

  test('C-46 one that is behind another parks until that one has given back; the publish alone does not let it go', () => {
    const outcomes = explore({
      start: () =>
        broadcastWorld(0, (world) => {
          const first = joinBroadcast(world.ring)!
          joinBroadcast(world.ring, { after: [first.place] })
        }),
      threads: [
        {
          thread: (world) => {
            const producer = attachBroadcastProducer(world.ring)
            return () => send(world, producer, 1)
          },
        },
        ...[0, 1].map((place) => ({
          thread: (world: BroadcastWorld) => {
            const reader = succeedBroadcastReader(world.ring, place)
            return () => {
              let seen = ''
              while (seen === '') {
                reader.bell.park(() => !reader.isEmpty, Infinity)
                if (reader.next()) {
                  // The second one finds what the first one has left.
                  const word = reader.offset >> 2
                  seen = `${Atomics.load(reader.int32, word)}`
                  Atomics.store(reader.int32, word, 2)
                  reader.done()
                }
                reader.release()
              }
              return seen
            }
          },
        })),
      ],
      outcome: (_world, results) => results.join(' / '),
    })
    expect(outcomes).toEqual(['1 / 1 / 2'])
  })

  test('C-46 a joiner against a producer that advances', () => {
    const outcomes = explore({
      start: () => broadcastWorld(0, filled(4)),
      threads: [
        {
          thread: (world) => {
            const producer = attachBroadcastProducer(world.ring)
            return () => {
              // Two at once, so that few accesses come round the ring.
              let value = 4
              for (let tries = 0; tries < 6; tries++) {
                const offset = producer.claim(value, PAYLOAD_BYTES)
                if (offset === RING_FULL) continue
                producer.int32.fill(value, offset >> 2, (offset + PAYLOAD_BYTES) >> 2)
                producer.commit()
                value++
                if (value % 2 === 0) producer.publish()
              }
              return `${value}`
            }
          },
        },
        {
          thread: (world) => () => {
            const reader = joinBroadcast(world.ring)!
            return receive(reader) + receive(reader)
          },
        },
      ],
      outcome: (_world, results) => results.join(' / '),
    })
    for (const outcome of outcomes) {
      const [, seen = ''] = outcome.split(' / ')
      expect('0123456789', outcome).toContain(seen)
    }
    expect(outcomes.length).toBeGreaterThan(5)
  })

  test('C-48 that ends at any access: its successor goes on behind the record in hand, or it is evicted and holds nobody back', () => {
    const outcomes = explore({
      start: () =>
        broadcastWorld(0, (world) => {
          joinBroadcast(world.ring, { owner: 5 })
          filled(2)(world)
        }),
      threads: [
        {
          isMortal: true,
          thread: (world) => {
            const reader = succeedBroadcastReader(world.ring, 0)
            return () => {
              let seen = ''
              while (reader.next()) {
                tick(world)
                seen += `${reader.type}`
                reader.done()
                tick(world)
                reader.release()
              }
              return seen
            }
          },
        },
        {
          after: 0,
          thread: (world) => () => {
            tick(world)
            return receive(succeedBroadcastReader(world.ring, 0))
          },
        },
      ],
      outcome: (world, results) => {
        const evicted = evictBroadcastOwner(world.ring, 5)
        const { table } = attachBroadcast(world.ring)
        const producer = attachBroadcastProducer(world.ring)
        return `${results.join(' / ')} / evicted ${evicted.join()} ${table.read(0, STATE)} free ${producer.free}`
      },
    })
    const end = 'evicted 0 0 free 1024'
    expect(outcomes).toEqual([`01 /  / ${end}`, `dead /  / ${end}`, `dead / 01 / ${end}`, `dead / 1 / ${end}`])
  })
})

describe('a producer that ends', () => {
  const writing: AccessThread<BroadcastWorld>['thread'] = (world) => {
    const producer = attachBroadcastProducer(world.ring)
    return () => [1, 2].map((value) => send(world, producer, value, true)).join('')
  }

  test('C-47 at any access: readers get all that was published, and its successor goes on there', () => {
    const outcomes = explore({
      start: () => broadcastWorld(-256, ({ ring }) => void joinBroadcast(ring)),
      threads: [
        { thread: writing, isMortal: true },
        {
          after: 0,
          thread: (world) => () => {
            tick(world)
            return send(world, attachBroadcastProducer(world.ring), 3)
          },
        },
        {
          after: 1,
          thread: (world) => () => {
            const reader = succeedBroadcastReader(world.ring, 0)
            return `${receive(reader)} lost ${reader.lost} corrupt ${reader.corrupt}`
          },
        },
      ],
      outcome: (_world, results) => results.join(' / '),
    })
    const end = 'lost 0 corrupt 0'
    expect(outcomes).toEqual([`12 / 3 / 123 ${end}`, `dead / 3 / 13 ${end}`, `dead / 3 / 3 ${end}`])
  })
})
