/**
 * Every interleaving of small programs. The ring's programs drive the real ring: each of its calls makes at most one access
 * that the other thread can see, so a call is a step. The doorbell's programs are its protocol written out access by access,
 * because `park` makes several; `doorbell.test.ts` holds the real one to the same critical order.
 */
import { describe, expect, test } from 'vitest'
import {
  attachConsumer,
  attachProducer,
  BELL_BUSY,
  BELL_PARKED,
  BELL_RUNG,
  createSpscRing,
  inspectRing,
  RING_FULL,
} from '../src/index.ts'
import type { RingConsumer, RingProducer, SpscRingDescriptor } from '../src/index.ts'
import { explore } from './interleavings.ts'
import type { Program, Thread } from './interleavings.ts'

const outcomesOf = <S>(program: Program<S>): string[] => [...explore(program).outcomes.keys()].toSorted()

describe('the explorer itself', () => {
  test('finds the lost update of two unprotected increments, and counts the interleavings', () => {
    const increment: Thread<{ value: number }> = function* (shared) {
      yield
      const read = shared.value
      yield
      shared.value = read + 1
    }
    const result = explore({ start: () => ({ value: 0 }), threads: [increment, increment], outcome: ({ value }) => `${value}` })
    expect(result.outcomes).toEqual(
      new Map([
        ['2', 2],
        ['1', 4],
      ]),
    )
    expect(result.runs).toBe(6)
  })

  test('names a run that cannot go on, and ends a program that is too large', () => {
    const waits: Thread<{ go: boolean }> = function* (shared) {
      yield () => shared.go
    }
    expect(outcomesOf({ start: () => ({ go: false }), threads: [waits], outcome: () => 'end' })).toEqual(['stuck end'])
    const long: Thread<object> = function* () {
      for (let i = 0; i < 20; i++) yield
    }
    expect(() => explore({ start: () => ({}), threads: [long, long], outcome: () => '' }, 1000)).toThrow(
      'too many interleavings: max=1000',
    )
  })
})

interface RingWorld {
  readonly ring: SpscRingDescriptor
  readonly producer: RingProducer
  readonly consumer: RingConsumer
  published: number
  readonly seen: string[]
}

function ringWorld(startPosition = 0): RingWorld {
  const ring = createSpscRing({ capacity: 1024, startPosition })
  return { ring, producer: attachProducer(ring), consumer: attachConsumer(ring), published: 0, seen: [] }
}

function commit(producer: RingProducer, value: number, bytes = 4): boolean {
  const offset = producer.claim(1, bytes)
  if (offset === RING_FULL) return false
  producer.int32[offset >> 2] = value
  producer.commit()
  return true
}

describe('ring', () => {
  // 2^31 - 16 makes the second record cross the sign, -16 the end of the data area and of the positions.
  test.each([0, 2 ** 31 - 16, -16])('C-43 record N+1 is not consumable before it is published, from position %s', (start) => {
    const producer: Thread<RingWorld> = function* (world) {
      yield
      commit(world.producer, 1)
      yield
      commit(world.producer, 2)
      yield
      world.producer.publish()
      world.published = 2
      yield
      commit(world.producer, 3)
      yield
      world.producer.publish()
      world.published = 3
    }
    const consumer: Thread<RingWorld> = function* ({ consumer: side, seen, ring }) {
      for (let i = 0; i < 4; i++) {
        yield
        seen.push(side.next() ? `${side.int32[side.offset >> 2]}` : '-')
        if (side.position !== inspectRing(ring).hand) seen.push('hand differs')
      }
    }
    const early: string[] = []
    const outcomes = outcomesOf({
      start: () => ringWorld(start),
      threads: [producer, consumer],
      outcome: (world) => {
        const values = world.seen.filter((x) => x !== '-')
        if (values.some((value) => Number(value) > world.published)) early.push(world.seen.join(' '))
        return world.seen.join(' ')
      },
    })
    // Either nothing, or 1 and 2 in a row (one publish), and 3 whenever it is there: no other order, no gap, no repeat.
    const acceptable = ['- - - -', '- - - 1', '- - 1 2', '- 1 2 -', '- 1 2 3', '1 2 - -', '1 2 - 3', '1 2 3 -'].toSorted()
    expect(outcomes).toEqual(acceptable)
    expect(early).toEqual([])
  })

  test('R2.3 a full ring: the room comes back only with the release, and nothing is overwritten before it is read', () => {
    // Eight records of 128 bytes fill the ring; two more need the room of two.
    const producer: Thread<RingWorld> = function* ({ producer: side, seen }) {
      for (let value = 8; value < 10; value++) {
        yield
        seen.push(commit(side, value, 120) ? 'put' : 'full')
        yield
        side.publish()
      }
    }
    const consumer: Thread<RingWorld> = function* ({ consumer: side, seen }) {
      for (let i = 0; i < 2; i++) {
        yield
        side.next()
        yield
        // The bytes must still be those of the record in hand, whatever the producer has done meanwhile.
        if (side.int32[side.offset >> 2] !== i) seen.push('overwritten')
        side.done()
        yield
        side.release()
      }
    }
    const outcomes = outcomesOf({
      start: () => {
        const world = ringWorld()
        for (let value = 0; value < 8; value++) commit(world.producer, value, 120)
        world.producer.publish()
        return world
      },
      threads: [producer, consumer],
      outcome: ({ seen }) => seen.join(' '),
    })
    expect(outcomes).toEqual(['full full', 'full put', 'put full', 'put put'])
  })

  test('C-48 a consumer stopped between any two steps of both sides: finished, in hand and left over are all there is', () => {
    interface World extends RingWorld {
      finished: number
      stopped: boolean
    }
    const producer: Thread<World> = function* ({ producer: side }) {
      for (let value = 0; value < 3; value++) {
        yield
        commit(side, value)
        yield
        side.publish()
      }
    }
    const consumer: Thread<World> = function* (world) {
      for (let i = 0; i < 2; i++) {
        yield
        if (world.stopped) return
        const took = world.consumer.next()
        yield
        if (world.stopped) return
        world.consumer.done()
        if (took) world.finished++
        yield
        if (world.stopped) return
        world.consumer.release()
      }
    }
    const killer: Thread<World> = function* (world) {
      yield
      world.stopped = true
    }
    const outcomes = outcomesOf({
      start: (): World => ({ ...ringWorld(-16), finished: 0, stopped: false }),
      threads: [producer, consumer, killer],
      outcome: ({ ring, finished }) => {
        const { inHand } = inspectRing(ring)
        const successor = attachConsumer(ring)
        const values = Array.from({ length: finished }, (_, value) => value)
        if (inHand) values.push(inHand.buffer.readInt32LE(inHand.payloadOffset))
        while (successor.next()) values.push(successor.int32[successor.offset >> 2]!)
        return values.join(' ')
      },
    })
    expect(outcomes).toEqual(['0 1 2'])
  })
})

interface BellWorld {
  bell: number
  /** Threads in Atomics.wait on the bell: only the owner. */
  waiting: boolean
  published: number
  taken: number
  /** How often the owner said parked. */
  announced: number
  notifies: number
  /** Waits that a notify has ended with the word at parked. */
  wokenForNothing: number
}
const bellWorld = (): BellWorld => ({
  bell: BELL_BUSY,
  waiting: false,
  published: 0,
  taken: 0,
  announced: 0,
  notifies: 0,
  wokenForNothing: 0,
})

/** The owner takes `records`, and parks whenever it finds none. */
function owner(records: number, options: { recheck: boolean }): Thread<BellWorld> {
  return function* (world) {
    for (;;) {
      yield
      while (world.taken < world.published) world.taken++
      if (world.taken === records) return
      yield
      world.bell = BELL_PARKED
      world.announced++
      if (options.recheck) {
        yield
        if (world.taken < world.published) {
          yield
          world.bell = BELL_BUSY
          continue
        }
      }
      // Atomics.wait compares and goes to sleep in one step.
      yield
      if (world.bell === BELL_PARKED) {
        world.waiting = true
        yield () => !world.waiting
        if (world.bell === BELL_PARKED) world.wokenForNothing++
      }
      world.bell = BELL_BUSY // the exchange after the wait, in one step with the wake-up
    }
  }
}

/** A peer publishes `records` and rings after each. */
function peer(records: number, options: { ringFirst: boolean; cas: boolean }): Thread<BellWorld> {
  const ring: Thread<BellWorld> = function* (world) {
    yield
    if (world.bell !== BELL_PARKED) return
    if (options.cas) {
      yield
      if (world.bell !== BELL_PARKED) return
      world.bell = BELL_RUNG
    }
    yield
    world.notifies++
    world.waiting = false
  }
  return function* (world) {
    for (let i = 0; i < records; i++) {
      if (options.ringFirst) yield* ring(world)
      yield
      world.published++
      if (!options.ringFirst) yield* ring(world)
    }
  }
}

describe('doorbell', () => {
  const sound = { ringFirst: false, cas: true }
  const outcome = ({ taken }: BellWorld): string => `taken ${taken}`

  test.each([
    ['one peer, two records', [peer(2, sound)], 2],
    ['two peers, one record each', [peer(1, sound), peer(1, sound)], 2],
    ['one peer, one record', [peer(1, sound)], 1],
  ] as const)('R2.3 no wake-up is lost in any interleaving: %s', (_name, peers, records) => {
    const result = explore({ start: bellWorld, threads: [owner(records, { recheck: true }), ...peers], outcome })
    expect([...result.outcomes.keys()]).toEqual([`taken ${records}`])
    expect(result.runs).toBeGreaterThan(10)
  })

  // Nobody's time is ever up here: whoever took the word for the outcome of the wait would say that it was.
  test('a notify that comes late ends a later wait, with the word at parked, and no wake-up is lost by that', () => {
    const told = ({ taken, wokenForNothing }: BellWorld): string =>
      `taken ${taken}${wokenForNothing > 0 ? ', woken for nothing' : ''}`
    const run = (records: number): string[] =>
      outcomesOf({ start: bellWorld, threads: [owner(records, { recheck: true }), peer(records, sound)], outcome: told })
    expect(run(1)).toEqual(['taken 1'])
    expect(run(2)).toEqual(['taken 2', 'taken 2, woken for nothing'])
  })

  test('without the second look a wake-up is lost, and the explorer shows the interleaving', () => {
    const result = explore({ start: bellWorld, threads: [owner(1, { recheck: false }), peer(1, sound)], outcome })
    expect([...result.outcomes.keys()].toSorted()).toEqual(['stuck taken 0', 'taken 1'])
    // Owner finds nothing; peer publishes and sees a bell that is not parked; owner parks on a queue that is not empty.
    expect(result.examples.get('stuck taken 0')).toEqual([0, 1, 1, 0, 0])
  })

  test('ringing before publishing loses a wake-up', () => {
    const outcomes = outcomesOf({
      start: bellWorld,
      threads: [owner(1, { recheck: true }), peer(1, { ringFirst: true, cas: true })],
      outcome,
    })
    expect(outcomes).toEqual(['stuck taken 0', 'taken 1'])
  })

  test('the CAS is what keeps a ring between the second look and the wait: a bare notify is lost, or given twice', () => {
    const counted = ({ taken, announced, notifies }: BellWorld): string =>
      `taken ${taken}${notifies > announced ? ', more notifies than parks' : ''}`
    const run = (cas: boolean): string[] => {
      const bare = peer(1, { ringFirst: false, cas })
      return outcomesOf({ start: bellWorld, threads: [owner(2, { recheck: true }), bare, bare], outcome: counted })
    }
    expect(run(true)).toEqual(['taken 2'])
    expect(run(false)).toEqual([
      'stuck taken 0, more notifies than parks',
      'stuck taken 1',
      'stuck taken 1, more notifies than parks',
      'taken 2',
      'taken 2, more notifies than parks',
    ])
  })
})
