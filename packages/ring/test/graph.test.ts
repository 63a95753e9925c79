/** Graphs of consumers: what each waits for, what gates the producer, what is no graph; and whole graphs polled in one thread. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  attachNode,
  attachSlotConsumer,
  attachSlotProducer,
  attachSlots,
  disruptor,
  evictPlace,
  i32,
  inspectSlotRing,
  joinSlotPool,
  layout,
  NO_ROOM,
  planGraph,
} from '../src/index.ts'
import type { DisruptorOptions, GraphNode, LayoutView, NodeDeclaration, NodeGroup, SlotWorker, Topology } from '../src/index.ts'

const fields = { value: i32, trail: i32 }
const record = layout(fields)
type Fields = typeof fields
type Slot = LayoutView<Fields>
const options: DisruptorOptions<Fields> = { capacity: 8, layout: record }
const code = (expected: string): unknown => expect.objectContaining({ code: expected })

function put(topology: Topology<Fields>, count: number): number {
  const producer = attachSlotProducer(topology.ring)!
  const slots = attachSlots(topology.ring, record)
  for (let at = 0; at < count; at++) {
    const sequence = producer.tryNext()
    if (sequence === NO_ROOM) return at
    slots.at(sequence).set({ value: sequence, trail: 0 })
    producer.publish(sequence)
  }
  return count
}

describe('plans', () => {
  const shown = (nodes: readonly GraphNode[]): unknown =>
    planGraph(nodes).map(({ name, waitsFor, gates }) => `${name} ${String(waitsFor)}${gates ? ' gates' : ''}`)

  test.each<[string, readonly GraphNode[], readonly string[]]>([
    ['one', [{ name: 'a' }], ['a cursor gates']],
    ['multicast', [{ name: 'a' }, { name: 'b' }], ['a cursor gates', 'b cursor gates']],
    ['pipeline', [{ name: 'a' }, { name: 'b', after: ['a'] }, { name: 'c', after: ['b'] }], ['a cursor', 'b 0', 'c 1 gates']],
    ['diamond', [{ name: 'a' }, { name: 'b' }, { name: 'c', after: ['b', 'a', 'b'] }], ['a cursor', 'b cursor', 'c 0,1 gates']],
    ['declared backwards', [{ name: 'b', after: ['a'] }, { name: 'a' }], ['a cursor', 'b 0 gates']],
    [
      'a pool',
      [
        { name: 'a', workers: 3 },
        { name: 'b', after: ['a'] },
      ],
      ['a cursor', 'b 0 gates'],
    ],
  ])('%s', (_name, nodes, plan) => {
    expect(shown(nodes)).toEqual(plan)
  })

  test.each<[string, readonly GraphNode[], string]>([
    ['no node', [], 'it has no node'],
    ['a name twice', [{ name: 'a' }, { name: 'a' }], 'a name is there twice, name=a'],
    ['no name', [{ name: '' }], 'a node has no name'],
    ['after nobody', [{ name: 'a', after: ['b'] }], 'name=a, after=b'],
    ['after itself', [{ name: 'a', after: ['a'] }], 'in a circle, nodes=a'],
    [
      'a circle',
      [{ name: 'x' }, { name: 'a', after: ['c', 'x'] }, { name: 'b', after: ['a'] }, { name: 'c', after: ['b'] }],
      'nodes=a, b, c',
    ],
    ['a pool of none', [{ name: 'a', workers: 0 }], 'workers=0'],
    ['more than there are places', Array.from({ length: 33 }, (_, at) => ({ name: `n${at}` })), 'nodes=33'],
  ])('%s is refused', (_name, nodes, message) => {
    expect(() => planGraph(nodes)).toThrow(code('ERR_RING_GRAPH'))
    expect(() => planGraph(nodes)).toThrow(message)
  })

  test('every node stands behind those it comes after, and the leaves and only they gate', () => {
    const graph = fc.array(fc.array(fc.nat(9), { maxLength: 3 }), { minLength: 1, maxLength: 10 })
    fc.assert(
      fc.property(graph, fc.nat(), (edges, shift) => {
        const nodes = edges.map((after, at) => ({ name: `${at}`, after: after.filter((one) => one < at).map(String) }))
        const turned = nodes.map((_, at) => nodes[(at + shift) % nodes.length]!)
        const plan = planGraph(turned)
        expect(plan.map(({ name }) => name).toSorted()).toEqual(nodes.map(({ name }) => name).toSorted())
        for (const { place, waitsFor, gates, name } of plan) {
          if (waitsFor !== 'cursor') for (const one of waitsFor) expect(one).toBeLessThan(place)
          expect(gates).toBe(nodes.every(({ after }) => !after.includes(name)))
        }
      }),
    )
  })
})

describe('nodes that are modules', () => {
  test('carry where their handler is found as plain data, and are run by nobody here', () => {
    const topology = disruptor(options)
      .handle({ name: 'first', module: new URL('file:///a.ts') })
      .then({ name: 'second', module: 'file:///b.js', export: 'default', argument: { rate: 2 }, workers: 2 })
      .build()
    expect(topology.nodes.map(({ module }) => module)).toEqual([
      { url: 'file:///a.ts', name: 'first', argument: undefined },
      { url: 'file:///b.js', name: 'default', argument: { rate: 2 } },
    ])
    put(topology, 3)
    expect(topology.poll()).toBe(0)
    expect(structuredClone({ ...topology.node('second'), ring: undefined }).module).toEqual(topology.node('second').module)
  })

  test.each<[string, NodeDeclaration<Fields>, string]>([
    ['a handler too', { name: 'a', module: 'file:///a.ts', handler: () => undefined }, 'both a handler and a module'],
    ['no URL', { name: 'a', module: './a.ts' }, 'a module is not named by a URL, name=a, module=./a.ts'],
    ['an export of no module', { name: 'a', export: 'b' }, 'a node without a module has an export or an argument'],
  ])('%s is refused', (_name, node, message) => {
    expect(() => disruptor(options).handle(node)).toThrow(code('ERR_RING_GRAPH'))
    expect(() => disruptor(options).handle(node)).toThrow(message)
  })
})

describe('the builder', () => {
  test.each<[string, unknown, string]>([
    [
      'a field that is none',
      { name: 'price', worker: 2 },
      'option nodes.price.worker is wrong: value=2, expected one of the fields name, ',
    ],
    ['its name misspelt', { nmae: 'price' }, 'option node.nmae is wrong'],
    ['no name', { workers: 2 }, 'graph is wrong: a node has no name'],
    ['a handler that is none', { name: 'price', handler: { onEvnt() {} } }, 'option nodes.price.handler is wrong'],
    ['an export that is no name', { name: 'price', module: 'file:///a.ts', export: 5 }, 'option nodes.price.export is wrong'],
    ['no declaration', 5, 'option node is wrong'],
  ])('refuses a node where it is declared, by its name: %s', (_name, node, message) => {
    expect(() => disruptor(options).handle('other', node as NodeDeclaration<Fields>)).toThrow(message)
  })

  test('C-46 handle, then, and: a diamond with a tail, polled in one thread', () => {
    const order: string[] = []
    const seen = (name: string) => (slot: Slot, sequence: number) => order.push(`${name}${sequence}:${slot.value}`)
    const builder = disruptor(options)
    const left = builder.handle({ name: 'left', handler: seen('l') })
    const right = builder.handle({ name: 'right', handler: seen('r') })
    const topology = left
      .and(right)
      .then({ name: 'join', handler: seen('j') })
      .then({ name: 'tail', handler: seen('t') })
      .build()
    expect(topology.nodes.map(({ name, after, gates }) => [name, after, gates])).toEqual([
      ['left', [], false],
      ['right', [], false],
      ['join', ['left', 'right'], false],
      ['tail', ['join'], true],
    ])
    put(topology, 2)
    expect(topology.isDrained).toBe(false)
    expect([topology.poll(), topology.poll()]).toEqual([8, 0])
    expect(order).toEqual(['l0:0', 'l1:1', 'r0:0', 'r1:1', 'j0:0', 'j1:1', 't0:0', 't1:1'])
    expect(topology.isDrained).toBe(true)
  })

  test('functions are nodes by their names; after finds them; several at once are a group', () => {
    function journal(slot: Slot): void {
      slot.trail += 1
    }
    function replicate(slot: Slot): void {
      slot.trail += 10
    }
    let trail = 0
    const builder = disruptor(options)
    builder.handle(journal, replicate)
    const apply = { name: 'apply', handler: (slot: Slot) => void (trail = slot.trail) }
    const topology = builder.after('journal', 'replicate').then(apply).build()
    put(topology, 1)
    topology.poll()
    expect(trail).toBe(11)
    expect(topology.processors('journal')[0]).toMatchObject({ handled: 1, place: 0 })
  })

  test.each<[string, () => unknown, string]>([
    ['a name twice', () => disruptor(options).handle('a').then('a'), 'a name is there twice'],
    ['a handler without a name', () => disruptor(options).handle(() => undefined), 'a handler has no name'],
    ['after nobody', () => disruptor(options).after('x'), 'there is no such node'],
    ['no node', () => disruptor(options).build(), 'it has no node'],
    ['no node given', () => disruptor(options).handle(), 'no node is given'],
    ['a group of another graph', () => disruptor(options).handle('a').and(disruptor(options).handle('b')), 'not of this graph'],
    [
      'a second build',
      () => {
        const group: NodeGroup<Fields> = disruptor(options).handle('a')
        group.build()
        return group.build()
      },
      'it is built already',
    ],
    ['a node that is not there', () => disruptor(options).handle('a').build().node('b'), 'there is no such node'],
  ])('%s is refused', (_name, build, message) => {
    expect(build).toThrow(code('ERR_RING_GRAPH'))
    expect(build).toThrow(message)
  })

  test('nodes that are only names wait for the threads that attach to them, from their descriptors', () => {
    const topology = disruptor(options).handle('first').then('second').build()
    expect(put(topology, 20)).toBe(8)
    expect([topology.poll(), topology.processors('first')]).toEqual([0, []])
    const seen: string[] = []
    const attach = (name: string): (() => number) => {
      const processor = attachNode(topology.node(name), record, (_slot, sequence) => seen.push(`${name} ${sequence}`))
      return () => processor.poll(1)
    }
    const [first, second] = [attach('first'), attach('second')]
    expect([second(), first(), second(), second()]).toEqual([0, 1, 1, 0])
    expect(seen).toEqual(['first 0', 'second 0'])
  })

  test('a descriptor is plain data', () => {
    const { ring, ...plain } = disruptor(options).handle('a').build().node('a')
    expect(structuredClone(plain)).toEqual(plain)
    expect(Object.keys(ring).toSorted()).toEqual(['byteOffset', 'memory'])
  })

  test('R1.8 a pool in the graph: its workers share the records, and the node behind it sees all of them', () => {
    const counts: number[] = []
    let behind = 0
    const topology = disruptor(options)
      .handle({ name: 'work', workers: 3, handler: (slot: Slot) => void (counts[slot.value] = (counts[slot.value] ?? 0) + 1) })
      .then({ name: 'sum', handler: () => void behind++ })
      .build()
    for (let round = 0; round < 10; round++) {
      put(topology, 7)
      topology.poll()
    }
    expect(counts).toEqual(Array.from({ length: 70 }, () => 1))
    expect(behind).toBe(70)
    expect(topology.processors('work')).toHaveLength(3)
    expect(topology.isDrained).toBe(true)
  })

  test('halt reaches every place; a pool has room for its workers and no more', () => {
    const topology = disruptor({ ...options, places: 2 })
      .handle({ name: 'work', workers: 1 })
      .build()
    attachNode(topology.node('work'), record, () => undefined, { owner: 4 })
    expect(() => attachNode(topology.node('work'), record, () => undefined)).toThrow(code('ERR_RING_PLACE'))
    topology.halt()
    expect(inspectSlotRing(topology.ring).isHalted).toBe(true)
    // Whoever comes later is halted too.
    const later = disruptor(options).handle('late').build()
    later.halt()
    expect(attachSlotConsumer(later.ring, 0).isHalted).toBe(true)
  })

  test('C-46 random graphs: nobody overtakes those before it, and all of it drains', () => {
    const graph = fc.array(fc.array(fc.nat(6), { maxLength: 2 }), { minLength: 1, maxLength: 7 })
    const steps = fc.array(fc.nat(9), { maxLength: 60 })
    fc.assert(
      fc.property(
        graph,
        steps,
        fc.constantFrom(0, 2 ** 31 - 4, -4),
        fc.constantFrom('single', 'multi'),
        (edges, moves, start, producers) => {
          const nodes = edges.map((after, at) => ({ name: `${at}`, after: after.filter((one) => one < at).map(String) }))
          const builder = disruptor({ ...options, startSequence: start, producers })
          for (const { name, after } of nodes) {
            if (after.length === 0) builder.handle(name)
            else builder.after(...after).then(name)
          }
          const topology = builder.build()
          const processors = topology.nodes.map((node) => {
            const processor = attachNode(node, record, ({ value }, sequence) => {
              expect(value).toBe(sequence)
              for (const one of node.after) {
                const before = processors.find(({ name }) => name === one)!.processor
                expect((before.sequence - sequence) | 0).toBeGreaterThanOrEqual(0)
              }
            })
            return { name: node.name, processor }
          })
          const producer = attachSlotProducer(topology.ring)!
          const slots = attachSlots(topology.ring, record)
          let count = 0
          for (const move of moves) {
            const chosen = processors[move]
            if (chosen !== undefined) chosen.processor.poll(1 + (move % 3))
            else {
              const sequence = producer.tryNext()
              if (sequence === NO_ROOM) continue
              slots.at(sequence).value = sequence
              producer.publish(sequence)
              count += 1
            }
          }
          for (const { processor } of processors) processor.poll()
          expect(topology.isDrained).toBe(true)
          expect(processors.map(({ processor }) => processor.handled)).toEqual(processors.map(() => count))
          expect(producer.remaining).toBe(8)
        },
      ),
      { numRuns: 150 },
    )
  })
})

describe('R1.8 three stages of 0.2 s over six items, on virtual time', () => {
  const STAGE_MS = 200
  const ITEMS = 6

  /** Something that works on one record at a time for `STAGE_MS`. */
  interface Station {
    busyUntil: number
    begin(): boolean
    end(): void
  }

  /** Whoever is free takes what is there; then time jumps to the next end. Ends when nobody is at work any more. */
  function timeOf(stations: readonly Station[]): number {
    let now = 0
    for (;;) {
      const isEnding = (station: Station): boolean => station.busyUntil === now
      for (const station of stations.filter(isEnding)) station.end()
      for (const station of stations) if (station.busyUntil <= now && station.begin()) station.busyUntil = now + STAGE_MS
      const next = Math.min(...stations.map(({ busyUntil }) => busyUntil).filter((end) => end > now))
      if (next === Infinity) return now
      now = next
    }
  }

  const station = (begin: () => boolean, end: () => void): Station => ({ busyUntil: -1, begin, end })

  function consumerStation(topology: Topology<Fields>, name: string, mark: (slot: Slot) => void): Station {
    const consumer = attachSlotConsumer(topology.ring, topology.node(name).place)
    const slots = attachSlots(topology.ring, record)
    return station(
      () => {
        if (consumer.available() <= 0) return false
        consumer.take()
        return true
      },
      () => {
        mark(slots.at(consumer.sequence + 1))
        consumer.done()
        consumer.release()
      },
    )
  }

  function workerStation(worker: SlotWorker, topology: Topology<Fields>, mark: (slot: Slot) => void): Station {
    const slots = attachSlots(topology.ring, record)
    return station(
      () => worker.take(),
      () => {
        mark(slots.at(worker.sequence))
        worker.done()
      },
    )
  }

  const STAGES = ['decode', 'enrich', 'store']
  /** Each stage finds what the one before it wrote into the same slot: nothing is copied between them. */
  const mark =
    (stage: number) =>
    (slot: Slot): void => {
      expect(slot.trail).toBe(stage)
      slot.trail = stage + 1
    }
  const trails = (topology: Topology<Fields>): number[] => {
    const slots = attachSlots(topology.ring, record)
    return Array.from({ length: ITEMS }, (_, at) => slots.at(at).trail)
  }

  test('one after the other 3.6 s, as a pipeline 1.6 s, with two workers a stage 1.0 s', () => {
    const sequential = disruptor(options).handle('all').build()
    put(sequential, ITEMS)
    // One station that does all three stages: three times as long for each item.
    const consumer = attachSlotConsumer(sequential.ring, 0)
    let sequentialMs = 0
    while (consumer.available() > 0) {
      sequentialMs += STAGES.length * STAGE_MS
      consumer.done()
    }
    expect(sequentialMs).toBe(3600)

    const pipeline = disruptor(options).handle(STAGES[0]!).then(STAGES[1]!).then(STAGES[2]!).build()
    put(pipeline, ITEMS)
    expect(timeOf(STAGES.map((name, stage) => consumerStation(pipeline, name, mark(stage))))).toBe(1600)
    expect(trails(pipeline)).toEqual([3, 3, 3, 3, 3, 3])
    expect(pipeline.isDrained).toBe(true)

    const pool = (name: string): { name: string; workers: number } => ({ name, workers: 2 })
    const sharded = disruptor(options).handle(pool('decode')).then(pool('enrich')).then(pool('store')).build()
    put(sharded, ITEMS)
    const workers = STAGES.flatMap((name, stage) =>
      Array.from({ length: 2 }, () => workerStation(joinSlotPool(sharded.ring, sharded.node(name).place)!, sharded, mark(stage))),
    )
    expect(timeOf(workers)).toBe(1000)
    expect(trails(sharded)).toEqual([3, 3, 3, 3, 3, 3])
  })

  test('a stage that is evicted lets the rest go on', () => {
    const topology = disruptor(options).handle('decode').then('enrich').then('store').build()
    put(topology, ITEMS)
    evictPlace(topology.ring, topology.node('enrich').place)
    const [first, last] = [
      consumerStation(topology, 'decode', () => undefined),
      consumerStation(topology, 'store', () => undefined),
    ]
    expect(timeOf([first, last])).toBe(1400)
  })
})
