/** Every order of accesses of small programs over a ring of slots: claims, publishes, parks, joins, leaves, pools and deaths. */
import { describe, expect, test } from 'vitest'
import {
  abortLostClaims,
  attachSlotConsumer,
  attachSlotProducer,
  attachSlotWorker,
  createBatchProcessor,
  evictOwner,
  evictPlace,
  evictProducer,
  inspectSlotRing,
  joinSlotPool,
  joinSlotRing,
  NO_ROOM,
  sequencesOnly,
} from '../src/index.ts'
import type { Processor, SlotRingOptions, SlotWorker } from '../src/index.ts'
import { bitOf } from '../src/places/place-bits.ts'
import { GATES, SEQUENCE } from '../src/places/place-layout.ts'
import { exploreAccesses } from './access-explorer.ts'
import type { AccessProgram, AccessThread } from './access-explorer.ts'
import {
  consumerOf,
  drain,
  drainWaiting,
  filledWorld,
  producerOf,
  put,
  putWaiting,
  readSlot,
  slotWorld,
  writeSlot,
} from './explored-ring.ts'
import type { SlotWorld } from './explored-ring.ts'

const memory = (world: SlotWorld): SharedArrayBuffer => world.memory
const outcomesOf = (program: Omit<AccessProgram<SlotWorld>, 'memory'>): string[] =>
  [...exploreAccesses({ ...program, memory }).outcomes.keys()].toSorted()

const one = { kind: 'consumer', after: [] } as const
const pool = { kind: 'pool', after: [] } as const
/** 2^31 - 1 makes the second sequence cross the sign, -1 the end of the sequences. */
const STARTS = [0, 2 ** 31 - 1, -1]

const producing =
  (values: readonly number[], place = 0): AccessThread<SlotWorld>['thread'] =>
  (world) => {
    const producer = producerOf(world, place)
    return () => values.map((value) => put(world, producer, value)).join(' ')
  }

describe('claim, publish, consume', () => {
  test.each(STARTS)(
    'C-43 C-49 one producer from %s: nothing before its publish, nothing twice, nothing out of order',
    (startSequence) => {
      const outcomes = outcomesOf({
        start: () => slotWorld({ capacity: 2, fixed: [one], startSequence }),
        threads: [
          { thread: producing([1, 2]) },
          {
            thread: (world) => {
              const consumer = consumerOf(world)
              return () => `${drain(world, consumer)}|${drain(world, consumer)}`
            },
          },
        ],
        outcome: (_world, results) => results.join(' / '),
      })
      expect(outcomes).toEqual(['1 2 / 12|', '1 2 / 1|', '1 2 / 1|2', '1 2 / |', '1 2 / |1', '1 2 / |12'])
    },
  )

  test.each(STARTS)('C-43 C-49 two producers from %s: record N+1 is not consumable before N', (startSequence) => {
    const outcomes = outcomesOf({
      start: () => slotWorld({ capacity: 2, producers: 'multi', fixed: [one], startSequence }),
      threads: [
        { thread: producing([1], 0) },
        { thread: producing([2], 1) },
        {
          thread: (world) => {
            const consumer = consumerOf(world)
            return () => {
              const seen = drain(world, consumer) + drain(world, consumer)
              // What was seen must be the slots' content up to there, whoever wrote them.
              const places = Array.from(seen, (_, at) => `${readSlot(world, (startSequence + at) | 0)}`)
              return seen === places.join('') ? seen : `${seen} but ${places.join('')}`
            }
          },
        },
      ],
      outcome: (_world, results) => results.join(' / '),
    })
    expect(outcomes).toEqual(['1 / 2 / ', '1 / 2 / 1', '1 / 2 / 12', '1 / 2 / 2', '1 / 2 / 21'])
  })

  test.each(['single', 'multi'] as const)('C-44 R2.3 a full ring, producers %s: room comes only with a release', (producers) => {
    const outcomes = outcomesOf({
      start: () => slotWorld({ capacity: 2, producers, fixed: [one] }),
      threads: [
        { thread: producing([1, 2, 3]) },
        {
          thread: (world) => {
            const consumer = consumerOf(world)
            return () => drain(world, consumer)
          },
        },
      ],
      outcome: (_world, results) => results.join(' / '),
    })
    // A 3 is there only when the consumer had given room back before; it never sees a 3 in the place of a 1.
    expect(outcomes).toEqual(['1 2 3 / 1', '1 2 3 / 12', '1 2 full / ', '1 2 full / 1', '1 2 full / 12'])
  })
})

describe('park and wake', () => {
  const waiting =
    (place: number, count: number): AccessThread<SlotWorld>['thread'] =>
    (world) => {
      const consumer = consumerOf(world, place)
      return () => drainWaiting(world, consumer, count)
    }

  test.each(['single', 'multi'] as const)('R2.3 two parked on one cursor: a publish wakes both, producers %s', (producers) => {
    const outcomes = outcomesOf({
      start: () => slotWorld({ capacity: 2, producers, fixed: [one, one] }),
      threads: [{ thread: producing([1]) }, { thread: waiting(0, 1) }, { thread: waiting(1, 1) }],
      outcome: (_world, results) => results.join(' / '),
    })
    expect(outcomes).toEqual(['1 / 1 / 1'])
  })

  test('C-46 one behind another: a finish wakes it, and the publish alone does not let it go', () => {
    const outcomes = outcomesOf({
      start: () => slotWorld({ capacity: 2, fixed: [one, { kind: 'consumer', after: [0] }] }),
      threads: [{ thread: producing([1]) }, { thread: waiting(0, 1) }, { thread: waiting(1, 1) }],
      outcome: (_world, results) => results.join(' / '),
    })
    expect(outcomes).toEqual(['1 / 1 / 1'])
  })

  test.each(['single', 'multi'] as const)('R2.3 a producer parked for room is woken by the gate, producers %s', (producers) => {
    const outcomes = outcomesOf({
      start: () => filledWorld(2, { capacity: 2, producers, fixed: [one] }),
      threads: [
        {
          thread: (world) => {
            const producer = producerOf(world)
            return () => {
              putWaiting(world, producer)
              return 'put'
            }
          },
        },
        { thread: waiting(0, 2) },
      ],
      outcome: (_world, results) => results.join(' / '),
    })
    expect(outcomes).toEqual(['put / 01'])
  })
})

describe('joining and leaving', () => {
  /** Puts what there is room for; each value is its sequence. */
  const advancing: AccessThread<SlotWorld>['thread'] = (world) => {
    const producer = producerOf(world)
    return () => {
      for (let tries = 0, value = 0; tries < 4; tries++) if (put(world, producer, value) !== 'full') value++
      return 'put'
    }
  }
  /** Every value must be its sequence; `at` is the sequence before the first one. */
  const verdict = (at: number, seen: string): string =>
    seen === '0123'.slice(at + 1, at + 1 + seen.length) ? 'in order' : `from ${at + 1}: ${seen}`

  test.each(['single', 'multi'] as const)('C-46 a joiner against a producer that advances, producers %s', (producers) => {
    const outcomes = outcomesOf({
      start: () => slotWorld({ capacity: 2, producers }),
      threads: [
        { thread: advancing },
        {
          thread: (world) => () => {
            const consumer = joinSlotRing(world.ring)!
            const at = consumer.sequence
            return verdict(at, drain(world, consumer) + drain(world, consumer))
          },
        },
      ],
      outcome: (_world, results) => results.join(' / '),
    })
    expect(outcomes).toEqual(['put / in order'])
  })

  test('without its second look at the cursor a joiner is overrun, and the explorer shows how', () => {
    const { outcomes } = exploreAccesses({
      start: () => {
        // The fixed place joins by hand, so it is no gate yet.
        const world = slotWorld({ capacity: 2, fixed: [one] })
        Atomics.store(world.inside.int32, world.inside.placeBlock + GATES, 0)
        return world
      },
      memory,
      threads: [
        { thread: advancing },
        {
          thread: (world) => {
            const { int32, placeBlock, table, cursorWord } = world.inside
            return () => {
              Atomics.store(int32, table.wordOf(0) + SEQUENCE, Atomics.load(int32, cursorWord))
              Atomics.or(int32, placeBlock + GATES, bitOf(0))
              const at = Atomics.load(int32, table.wordOf(0) + SEQUENCE)
              let seen = ''
              const cursor = Atomics.load(int32, cursorWord)
              for (let sequence = at + 1; sequence <= cursor; sequence++) seen += `${readSlot(world, sequence)}`
              return verdict(at, seen)
            }
          },
        },
      ],
      outcome: (_world, results) => results.join(' / '),
    })
    expect([...outcomes.keys()].some((outcome) => outcome.includes('from'))).toBe(true)
  })

  const leaving: AccessThread<SlotWorld>['thread'] = (world) => {
    const leaf = consumerOf(world, 1)
    return () => {
      leaf.leave()
      return 'left'
    }
  }

  test('C-46 the leaf leaves: the one before it, which has read nothing, is not overrun', () => {
    const outcomes = outcomesOf({
      start: () => filledWorld(2, { capacity: 2, fixed: [one, { kind: 'consumer', after: [0] }] }),
      threads: [{ thread: producing([2, 3]) }, { thread: leaving }],
      outcome: (_world, results) => results.join(' / '),
    })
    expect(outcomes).toEqual(['full full / left'])
  })

  test('C-46 the leaf leaves: a producer that is parked for it goes on', () => {
    const outcomes = outcomesOf({
      start: () => {
        const world = filledWorld(2, { capacity: 2, fixed: [one, { kind: 'consumer', after: [0] }] })
        drain(world, consumerOf(world, 0))
        return world
      },
      threads: [
        {
          thread: (world) => {
            const producer = producerOf(world)
            return () => {
              putWaiting(world, producer)
              return 'put'
            }
          },
        },
        { thread: leaving },
      ],
      outcome: (_world, results) => results.join(' / '),
    })
    expect(outcomes).toEqual(['put / left'])
  })

  test('C-46 the one in the middle leaves: the last one never overtakes the first', () => {
    const fixed = [one, { kind: 'consumer', after: [0] }, { kind: 'consumer', after: [1] }] as const
    const outcomes = outcomesOf({
      start: () => filledWorld(2, { capacity: 2, places: 3, fixed }),
      threads: [
        {
          thread: (world) => {
            const first = consumerOf(world, 0)
            return () => drain(world, first)
          },
        },
        {
          thread: (world) => {
            const middle = consumerOf(world, 1)
            return () => {
              middle.leave()
              return 'left'
            }
          },
        },
        // Takes the place that was left, at the cursor: whoever still looks there must not believe it.
        { after: 1, thread: (world) => () => `${joinSlotRing(world.ring)?.place}` },
        {
          thread: (world) => {
            const last = consumerOf(world, 2)
            const { int32, table } = world.inside
            return () => {
              const count = last.available()
              const first = Atomics.load(int32, table.wordOf(0) + SEQUENCE)
              return last.sequence + count > first ? 'overtook' : 'behind'
            }
          },
        },
      ],
      outcome: (_world, results) => results.join(' / '),
    })
    expect(outcomes).toEqual(['01 / left / 1 / behind'])
  })

  test('two join and one of them leaves at the same time: each has its place, and nobody waits for ever', () => {
    const joining: AccessThread<SlotWorld>['thread'] = (world) => () => `${joinSlotRing(world.ring)?.place}`
    const outcomes = outcomesOf({
      start: () => slotWorld({ capacity: 2 }),
      threads: [
        { thread: joining },
        {
          thread: (world) => () => {
            const consumer = joinSlotRing(world.ring)!
            consumer.leave()
            return `${consumer.place}`
          },
        },
      ],
      outcome: (world, results) =>
        `${results.join(' ')}, gates ${inspectSlotRing(world.ring)
          .readers.map(({ place }) => place)
          .join(' ')}`,
    })
    expect(outcomes).toEqual(['0 0, gates 0', '0 1, gates 0', '1 0, gates 1'])
  })

  const evicting: AccessThread<SlotWorld> = {
    after: 0,
    thread: (world) => () => {
      evictOwner(world.ring, 7)
      return 'evicted'
    },
  }
  /** Fills the ring twice, so that whoever gates it from the beginning holds it back. */
  const filling: AccessThread<SlotWorld>['thread'] = (world) => {
    const producer = producerOf(world)
    return () => {
      for (let i = 0; i < 3; i++) putWaiting(world, producer)
      return 'put'
    }
  }
  // Whoever comes later can join.
  const afterEviction = (world: SlotWorld, results: readonly string[]): string =>
    `${results.slice(1).join(' / ')}, next at ${joinSlotRing(world.ring)?.place}`

  test('C-48 a thread that ends while it joins holds nobody back once it is evicted', () => {
    const outcomes = outcomesOf({
      start: () => slotWorld({ capacity: 2 }),
      threads: [
        { thread: (world) => () => `${joinSlotRing(world.ring, { owner: 7 })?.place}`, isMortal: true },
        evicting,
        { thread: filling },
      ],
      outcome: afterEviction,
    })
    expect(outcomes).toEqual(['evicted / put, next at 0'])
  })

  test('C-48 a thread that ends while it leaves holds nobody back once it is evicted', () => {
    const outcomes = outcomesOf({
      start: () => {
        const world = slotWorld({ capacity: 2 })
        joinSlotRing(world.ring, { owner: 7 })
        return world
      },
      threads: [
        {
          isMortal: true,
          thread: (world) => {
            const consumer = consumerOf(world)
            return () => {
              consumer.leave()
              return 'left'
            }
          },
        },
        evicting,
        { thread: filling },
      ],
      outcome: afterEviction,
    })
    expect(outcomes).toEqual(['evicted / put, next at 0'])
  })
})

describe('a pool', () => {
  const worldOfPool = (): SlotWorld => {
    const world = slotWorld({ capacity: 2, places: 3, fixed: [pool] })
    joinSlotPool(world.ring, 0, { owner: 1 })
    joinSlotPool(world.ring, 0, { owner: 2 })
    return world
  }
  const work = (world: SlotWorld, worker: SlotWorker): string => {
    if (!worker.take()) return '-'
    const value = readSlot(world, worker.sequence)
    const first = value === worker.sequence ? `${value}` : `overwritten ${worker.sequence}`
    worker.done()
    return first
  }
  const working =
    (place: number, times: number): AccessThread<SlotWorld>['thread'] =>
    (world) => {
      const worker = attachSlotWorker(world.ring, place)
      return () => Array.from({ length: times }, () => work(world, worker)).join('')
    }
  const three: AccessThread<SlotWorld>['thread'] = (world) => {
    const producer = producerOf(world)
    return () => [0, 1, 2].map((value) => put(world, producer, value)).join(' ')
  }

  test('R1.8 each record goes to one worker, and none is written over while it is in work', () => {
    const outcomes = outcomesOf({
      start: worldOfPool,
      threads: [{ thread: three }, { thread: working(1, 1) }, { thread: working(2, 1) }],
      outcome: (_world, results) => results.slice(1).join(' '),
    })
    expect(outcomes).toEqual(['- -', '- 0', '0 -', '0 1', '1 0'])
  })

  test.each(['consumer', 'pool'] as const)('C-46 a pool behind a %s: a finish wakes its worker', (before) => {
    const finishing: AccessThread<SlotWorld>['thread'] = (world) => {
      if (before === 'pool') {
        const worker = attachSlotWorker(world.ring, 3)
        return () => work(world, worker)
      }
      const consumer = consumerOf(world)
      return () => drain(world, consumer)
    }
    const outcomes = outcomesOf({
      start: () => {
        const world = slotWorld({ capacity: 2, places: 4, fixed: [before === 'pool' ? pool : one, { ...pool, after: [0] }] })
        joinSlotPool(world.ring, 1)
        if (before === 'pool') joinSlotPool(world.ring, 0)
        put(world, producerOf(world), 0)
        return world
      },
      threads: [
        { thread: finishing },
        {
          thread: (world) => {
            const worker = attachSlotWorker(world.ring, 2)
            return () => {
              while (!worker.hasWork) worker.bell.park(() => worker.hasWork, Infinity)
              return work(world, worker)
            }
          },
        },
      ],
      outcome: (_world, results) => results.join(' / '),
    })
    expect(outcomes).toEqual(['0 / 0'])
  })

  test('R1.8 one behind the pool gets a record when its worker has finished it and all before it', () => {
    const outcomes = outcomesOf({
      start: () => {
        const world = slotWorld({ capacity: 2, places: 4, fixed: [pool, { kind: 'consumer', after: [0] }] })
        joinSlotPool(world.ring, 0)
        joinSlotPool(world.ring, 0)
        const producer = producerOf(world)
        put(world, producer, 0)
        put(world, producer, 1)
        return world
      },
      threads: [
        {
          thread: (world) => {
            const worker = attachSlotWorker(world.ring, 2)
            return () => {
              worker.take()
              Atomics.store(world.inside.int32, world.inside.base + 80 + worker.sequence, 1) // its work, in a spare word per record
              worker.done()
              return `${worker.sequence}`
            }
          },
        },
        {
          thread: (world) => {
            const worker = attachSlotWorker(world.ring, 3)
            return () => {
              worker.take()
              Atomics.store(world.inside.int32, world.inside.base + 80 + worker.sequence, 1)
              worker.done()
              return `${worker.sequence}`
            }
          },
        },
        {
          thread: (world) => {
            const behind = consumerOf(world, 1)
            return () => {
              const count = behind.available()
              for (let sequence = 0; sequence < count; sequence++) {
                if (Atomics.load(world.inside.int32, world.inside.base + 80 + sequence) !== 1) return 'not finished'
              }
              return `${Math.max(count, 0)}`
            }
          },
        },
      ],
      outcome: (_world, results) => results.join(' '),
    })
    expect(outcomes).toEqual(['0 1 0', '0 1 1', '0 1 2', '1 0 0', '1 0 1', '1 0 2'])
  })

  test('C-48 a worker that ends at any access loses one record at most, which is reported; the others go on', () => {
    const outcomes = outcomesOf({
      start: () => {
        const world = filledWorld(2, { capacity: 2, places: 4, fixed: [pool] })
        joinSlotPool(world.ring, 0)
        joinSlotPool(world.ring, 0)
        joinSlotPool(world.ring, 0)
        return world
      },
      threads: [
        { thread: working(1, 2), isMortal: true },
        { thread: working(2, 1) },
        {
          after: 0,
          thread: (world) => {
            const third = attachSlotWorker(world.ring, 3)
            return () => {
              const { inHand } = inspectSlotRing(world.ring).readers.find(({ place }) => place === 1)!
              evictPlace(world.ring, 1)
              const hand = inHand === undefined ? '' : `${inHand.sequence}${inHand.isCertain ? '!' : '?'}`
              return `${work(world, third)}${work(world, third)} hand ${hand}`
            }
          },
        },
      ],
      outcome: (world, results) => {
        // Nobody is left who could hold the producer back but the pool, whose records are all taken or left over.
        const producer = producerOf(world)
        const rest = joinSlotPool(world.ring, 0)!
        const left = `${work(world, rest)}${work(world, rest)}`
        return `${results.join(' / ')} / ${left} / room ${producer.remaining}`
      },
    })
    for (const outcome of outcomes) {
      const [mortal = '', second = '', third = '', left = '', room = ''] = outcome.split(' / ')
      const [, hand = ''] = third.split(' hand ')
      const seen = [mortal, second, third.split(' ')[0]!, left].join('').replaceAll(/[^01]/g, '')
      const lost = ['0', '1'].filter((value) => !seen.includes(value))
      expect(outcome).not.toContain('overwritten')
      expect(new Set(seen).size, outcome).toBe(seen.length)
      expect(room, outcome).toBe('room 2')
      // A thread that ended tells nothing itself: what it had handled counts as lost here, as what it had in hand does.
      if (mortal !== 'dead') expect(lost, outcome).toEqual([])
      else if (hand.endsWith('!')) expect(lost, outcome).toContain(hand[0])
    }
    // In hand for certain, perhaps in hand and in truth the other one's, and nothing in hand.
    expect(outcomes).toContain('dead / - / 1- hand 0! / -- / room 2')
    expect(outcomes).toContain('dead / 0 / 1- hand 0? / -- / room 2')
    expect(outcomes).toContain('01 / - / -- hand  / -- / room 2')
  })
})

describe('a producer that ends', () => {
  test.each(STARTS)(
    'C-47 C-49 at any access: what it had published is there, its successor goes on behind it, from %s',
    (startSequence) => {
      const outcomes = outcomesOf({
        start: () => slotWorld({ capacity: 2, fixed: [one], startSequence }),
        threads: [
          { thread: producing([1, 2]), isMortal: true },
          {
            after: 0,
            thread: (world) => () => {
              const successor = attachSlotProducer(world.ring)!
              return put(world, successor, 3)
            },
          },
          {
            after: 1,
            thread: (world) => {
              const consumer = consumerOf(world)
              return () => drain(world, consumer)
            },
          },
        ],
        outcome: (_world, results) => results.join(' / '),
      })
      // After its last access it has nothing left to end in, so there is no dead one with both.
      expect(outcomes).toEqual(['1 2 / full / 12', 'dead / 3 / 13', 'dead / 3 / 3'])
    },
  )

  test('C-47 one of several, at any access: its open claim is passed over, and the others go on', () => {
    const outcomes = outcomesOf({
      start: () => slotWorld({ capacity: 4, producers: 'multi', fixed: [one] }),
      threads: [
        { thread: producing([1], 0), isMortal: true },
        { thread: producing([2], 1) },
        {
          after: 0,
          thread: (world) => () => {
            evictProducer(world.ring, 0)
            return 'evicted'
          },
        },
      ],
      // The other one may have been in the middle of its claim for all the time that the eviction looked.
      outcome: (world, results) => {
        expect(abortLostClaims(world.ring).undecided).toBe(0)
        return `${results.join(' / ')} / ${drain(world, consumerOf(world))}`
      },
    })
    // x is a slot that was given up. The dead one's record may have been published: then it is there.
    expect(outcomes).toEqual([
      '1 / 2 / evicted / 12',
      '1 / 2 / evicted / 21',
      'dead / 2 / evicted / 12',
      'dead / 2 / evicted / 2',
      'dead / 2 / evicted / 21',
      'dead / 2 / evicted / 2x',
      'dead / 2 / evicted / x2',
    ])
  })

  test('C-47 while the ring comes round: slots that are published again meanwhile are left alone', () => {
    const outcomes = outcomesOf({
      start: () => {
        const world = slotWorld({ capacity: 2, producers: 'multi', fixed: [one] })
        const other = producerOf(world, 1)
        put(world, other, 1)
        put(world, other, 2)
        return world
      },
      threads: [
        {
          thread: (world) => () => {
            // Had claimed nothing.
            const { aborted } = evictProducer(world.ring, 0)
            return `${aborted} given up`
          },
        },
        {
          thread: (world) => {
            const consumer = consumerOf(world)
            return () => drain(world, consumer)
          },
        },
        { thread: producing([3], 1) },
      ],
      outcome: (world, results) => {
        const [evicted, first, put3] = results
        return `${evicted} / ${put3} / ${first}${drain(world, consumerOf(world))}`
      },
    })
    expect(outcomes).toEqual(['0 given up / 3 / 123', '0 given up / full / 12'])
  })

  test('C-47 the same with a claim of two slots against claims of one: exactly its own slots are given up', () => {
    const outcomes = outcomesOf({
      start: () => slotWorld({ capacity: 4, producers: 'multi', fixed: [one] }),
      threads: [
        {
          isMortal: true,
          thread: (world) => {
            const producer = producerOf(world, 0)
            return () => {
              producer.tryNext(2)
              return 'claimed'
            }
          },
        },
        { thread: producing([1], 1) },
        { after: 0, thread: (world) => () => `${evictProducer(world.ring, 0).aborted}` },
      ],
      outcome: (world, results) => {
        const later = abortLostClaims(world.ring)
        expect(later.undecided).toBe(0)
        return `${Number(results[2]) + later.aborted} given up / ${drain(world, consumerOf(world))}`
      },
    })
    expect(outcomes).toEqual(['0 given up / 1', '2 given up / 1xx', '2 given up / xx1'])
  })
})

describe('a consumer that ends', () => {
  test.each(STARTS)('C-48 C-49 at any access: its successor goes on behind the record in hand, from %s', (startSequence) => {
    const outcomes = outcomesOf({
      start: () => {
        const world = slotWorld({ capacity: 2, fixed: [one], startSequence })
        const producer = producerOf(world)
        put(world, producer, 1)
        put(world, producer, 2)
        return world
      },
      threads: [
        {
          isMortal: true,
          thread: (world) => {
            const consumer = consumerOf(world)
            return () => drain(world, consumer)
          },
        },
        {
          after: 0,
          thread: (world) => () => {
            const { inHand } = inspectSlotRing(world.ring).readers[0]!
            const hand = inHand === undefined ? '' : ` hand ${(inHand.sequence - startSequence) | 0}`
            return drain(world, attachSlotConsumer(world.ring, 0)) + hand
          },
        },
        {
          thread: (world) => {
            const producer = producerOf(world)
            return () => put(world, producer, 3)
          },
        },
      ],
      outcome: (world, results) => `${results.slice(0, 2).join(' / ')} / ${drain(world, consumerOf(world))}`,
    })
    const acceptable = [
      '12 / ',
      '12 / 3',
      'dead / ',
      'dead / 12',
      'dead / 2 hand 0',
      'dead /  hand 1',
      'dead / 3',
      'dead / 23 hand 0',
      'dead / 3 hand 1',
    ]
    for (const outcome of outcomes) expect(acceptable).toContain(outcome.split(' / ').slice(0, 2).join(' / '))
    expect(outcomes.length).toBeGreaterThan(4)
  })
})

describe('a processor that ends, which notes a record only when it begins', () => {
  const HANDLED = 10
  const processorOf = (world: SlotWorld): Processor =>
    createBatchProcessor(consumerOf(world), sequencesOnly, (sequence) => {
      writeSlot(world, sequence, readSlot(world, sequence) + HANDLED)
      // One more step, so that it may end with the record handled and still in hand.
      readSlot(world, sequence)
    })

  test.each(STARTS.flatMap((start) => [[start, 'single'] as const, [start, 'multi'] as const]))(
    'C-48 C-49 at any access: each record is handled once, but the one in hand, from %s, producers %s',
    (startSequence, producers) => {
      const sequences = [0, 1, 2, 3].map((ahead) => (startSequence + ahead) | 0)
      const outcomes = outcomesOf({
        start: () => {
          const world = slotWorld({ capacity: 4, fixed: [one], startSequence, producers })
          const producer = producerOf(world)
          put(world, producer, 1)
          put(world, producer, 2)
          // Of several producers one gives a slot up in between.
          if (producer.tryNext() !== NO_ROOM) producer.abort()
          put(world, producer, 3)
          return world
        },
        threads: [
          {
            isMortal: true,
            thread: (world) => {
              const processor = processorOf(world)
              return () => `${processor.poll(2)} ${processor.poll()}`
            },
          },
          {
            after: 0,
            thread: (world) => () => {
              const { inHand } = inspectSlotRing(world.ring).readers[0]!
              processorOf(world).poll()
              return inHand === undefined ? 'none' : `${sequences.indexOf(inHand.sequence)}`
            },
          },
        ],
        outcome: (world, [, hand]) => {
          const times = sequences.map((sequence) => Math.floor(readSlot(world, sequence) / HANDLED))
          const { sequence } = inspectSlotRing(world.ring).readers[0]!
          return `${times.join('')} hand ${hand} left ${inspectSlotRing(world.ring).cursor - sequence}`
        },
      })
      // By the slot: the third one was given up, with one producer it was never there.
      const isMulti = producers === 'multi'
      const all = isMulti ? '1101' : '1110'
      const missing = (at: number): string => `${all.slice(0, at)}0${all.slice(at + 1)}`
      const acceptable = [`${all} hand none left 0`]
      for (const at of isMulti ? [0, 1, 3] : [0, 1, 2]) {
        acceptable.push(`${missing(at)} hand ${at} left 0`, `${all} hand ${at} left 0`)
      }
      expect(outcomes).toEqual(acceptable.toSorted())
    },
  )
})

describe('a processor whose handler leaves in the middle of a batch', () => {
  const HANDLED = 10
  /** Leaves at the sequence `last`. A look at the slot, as good as a write, is a step between the note of a record and its handler. */
  const leaverOf = (world: SlotWorld, last: number): Processor => {
    const look = (sequence: number): number => {
      const value = readSlot(world, sequence)
      writeSlot(world, sequence, value)
      return value
    }
    const slots = { at: look }
    const processor: Processor = createBatchProcessor(consumerOf(world), slots, (value, sequence) => {
      writeSlot(world, sequence, value + HANDLED)
      if (sequence === last) processor.leave()
    })
    return processor
  }
  const joined = (capacity: number, options: Partial<SlotRingOptions>): SlotWorld => {
    const world = slotWorld({ capacity, places: 1, ...options })
    joinSlotRing(world.ring, { owner: 7 })
    return world
  }

  test.each(STARTS.flatMap((start) => [[start, 'single'] as const, [start, 'multi'] as const]))(
    'C-48 C-49 at any access: it is handed nothing more, and what it had in hand is known, from %s, producers %s',
    (startSequence, producers) => {
      const sequences = [0, 1, 2, 3].map((ahead) => (startSequence + ahead) | 0)
      const outcomes = outcomesOf({
        start: () => {
          const world = joined(4, { startSequence, producers })
          const producer = producerOf(world)
          put(world, producer, 1)
          put(world, producer, 1)
          // Of several producers one gives a slot up, which is passed over before the leaver is found to have left.
          if (producer.tryNext() !== NO_ROOM) producer.abort()
          put(world, producer, 1)
          return world
        },
        threads: [
          {
            isMortal: true,
            thread: (world) => {
              const processor = leaverOf(world, sequences[1]!)
              return () => `${processor.poll()} ${processor.state} at ${sequences.indexOf(processor.sequence)}`
            },
          },
          {
            after: 0,
            thread: (world) => () => {
              const [reader] = inspectSlotRing(world.ring).readers
              const inHand = reader?.inHand === undefined ? 'nothing' : `${sequences.indexOf(reader.inHand.sequence)}`
              evictOwner(world.ring, 7)
              const times = sequences.map((sequence) => Math.floor(readSlot(world, sequence) / HANDLED))
              return `${times.join('')} ${reader === undefined ? 'left' : `with ${inHand} in hand`}`
            },
          },
        ],
        outcome: (world, results) => `${results.join(' / ')} / next at ${joinSlotRing(world.ring)?.place}`,
      })
      // When it ends between the note of the next record and the throw, that record counts as in hand, as with any handler that was not called yet.
      expect(outcomes).toEqual([
        producers === 'single' ? '2 ended at 1 / 1100 left / next at 0' : '3 ended at 2 / 1100 left / next at 0',
        'dead / 0000 with 0 in hand / next at 0',
        'dead / 0000 with nothing in hand / next at 0',
        'dead / 1000 with 1 in hand / next at 0',
        `dead / 1100 with ${producers === 'single' ? 2 : 3} in hand / next at 0`,
        'dead / 1100 with nothing in hand / next at 0',
      ])
    },
  )

  test.each(['single', 'multi'] as const)('C-46 a producer that is parked for it goes on, producers %s', (producers) => {
    const outcomes = outcomesOf({
      start: () => {
        const world = joined(2, { producers })
        const producer = producerOf(world)
        for (let i = 0; i < 2; i++) putWaiting(world, producer)
        return world
      },
      threads: [
        {
          thread: (world) => {
            const producer = producerOf(world)
            return () => {
              for (let i = 0; i < 2; i++) putWaiting(world, producer)
              return 'put'
            }
          },
        },
        {
          thread: (world) => {
            const processor = leaverOf(world, 0)
            return () => `${processor.poll()} ${processor.state}`
          },
        },
      ],
      // Whoever comes next begins at the cursor, and is not moved back.
      outcome: (world, results) => `${results.join(' / ')} / next behind ${joinSlotRing(world.ring)?.sequence}`,
    })
    expect(outcomes).toEqual(['put / 1 ended / next behind 3'])
  })
})
