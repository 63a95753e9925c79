/** Properties of the decisions of stages, over random graphs, demands and orders of arrival: no actors, no time. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Dispatcher } from '../../src/flow/dispatcher.ts'
import { Network } from './fixtures/machinery.ts'
import type { Link } from './fixtures/machinery.ts'

const PARTITIONS = 3
const dispatchers: Record<string, Dispatcher<number>> = {
  demand: { kind: 'demand' },
  'round-robin': { kind: 'round-robin' },
  broadcast: { kind: 'broadcast' },
  partition: { kind: 'partition', partitions: PARTITIONS, partitionOf: (event) => event % PARTITIONS },
}
const demand = fc
  .integer({ min: 1, max: 20 })
  .chain((maxDemand) => fc.record({ maxDemand: fc.constant(maxDemand), minDemand: fc.integer({ min: 0, max: maxDemand - 1 }) }))
const fanOut = fc.record({
  kind: fc.constantFrom('demand', 'round-robin', 'broadcast', 'partition'),
  upstream: demand,
  downstream: fc.array(demand, { minLength: PARTITIONS, maxLength: PARTITIONS }),
  total: fc.integer({ min: 0, max: 120 }),
  page: fc.integer({ min: 1, max: 30 }),
  capacity: fc.integer({ min: 20, max: 40 }),
  times: fc.integer({ min: 0, max: 2 }),
})
const UPSTREAM = 100

/** Producer 0 → processor 1 → consumers 2, 3, 4. */
function build({ kind, upstream, downstream, total, page, capacity, times }: ReturnType<typeof fanOut.generate>['value']): {
  readonly network: Network
  readonly links: readonly Link[]
} {
  const links: Link[] = [
    { id: UPSTREAM, from: 0, to: 1, ...upstream },
    ...downstream.map((each, i) => ({ id: i, from: 1, to: 2 + i, ...each, ...(kind === 'partition' ? { partition: i } : {}) })),
  ]
  // Who makes two of one makes more than was wanted.
  const room = times > 1 ? 1000 : capacity
  const map = (event: number): readonly number[] => Array.from({ length: times }, () => event)
  const parts = [
    { make: (wanted: number) => Math.min(wanted, page) },
    { dispatcher: dispatchers[kind] as Dispatcher<number>, capacity: room, map },
    {},
    {},
    {},
  ]
  const network = new Network(parts, links, total)
  // Everybody is there before the first event: to who comes later nothing is sent again.
  if (kind === 'broadcast') for (const to of [2, 3, 4]) network.arrive(`${to}>1`)
  return { network, links }
}

/** What holds at every moment, for each subscription. */
function checkDemand(network: Network, links: readonly Link[]): void {
  for (const { id, to, maxDemand } of links) {
    const sent = network.sent.get(id)?.length ?? 0
    const asked = network.asked.get(id) ?? 0
    const handled = network.handled[to]?.flat().length ?? 0
    expect(sent).toBeLessThanOrEqual(asked)
    expect(asked - handled).toBeLessThanOrEqual(maxDemand)
  }
}

test('R2.3 never more than was asked for, never more under way than the maximum; nothing lost, nothing twice, order kept', () => {
  fc.assert(
    fc.property(fanOut, fc.infiniteStream(fc.nat()), (graph, choices) => {
      const { network, links } = build(graph)
      checkDemand(network, links)
      for (let pairs = network.pairs; pairs.length > 0; pairs = network.pairs) {
        network.arrive(pairs[(choices.next().value as number) % pairs.length] as string)
        checkDemand(network, links)
      }
      const upstream = Array.from({ length: graph.total }, (_, i) => i)
      expect(network.handled[1]?.flat()).toEqual(upstream)
      const made = upstream.flatMap((event) => Array.from({ length: graph.times }, () => event))
      const got = [2, 3, 4].map((at) => network.handled[at]?.flat() ?? [])
      for (const [i, each] of got.entries()) {
        if (graph.kind === 'broadcast') expect(each).toEqual(made)
        else if (graph.kind === 'partition') expect(each).toEqual(made.filter((event) => event % PARTITIONS === i))
        else expect(each).toEqual([...each].sort((a, b) => a - b))
      }
      if (graph.kind !== 'broadcast') expect(got.flat().sort((a, b) => a - b)).toEqual(made)
      expect(network.dropped).toEqual([])
      expect(network.stopped).toEqual(new Set([0, 1, 2, 3, 4])) // the end has reached everybody
    }),
    { numRuns: 400 },
  )
})

test('a subscriber that dies at any moment holds nobody up, and what it had not confirmed is known', () => {
  fc.assert(
    fc.property(fanOut, fc.infiniteStream(fc.nat()), fc.nat(60), (graph, choices, when) => {
      fc.pre(graph.kind !== 'partition') // there its events wait for the next subscriber
      const { network, links } = build(graph)
      let steps = 0
      for (let pairs = network.pairs; pairs.length > 0; pairs = network.pairs) {
        network.arrive(pairs[(choices.next().value as number) % pairs.length] as string)
        if (steps === when) network.die(0)
        steps += 1
      }
      const made = Array.from({ length: graph.total }, (_, i) => i).flatMap((event) =>
        Array.from({ length: graph.times }, () => event),
      )
      const lost = (network.sent.get(0) ?? []).length - (network.handled[2]?.flat().length ?? 0)
      const { unconfirmed } = network.cores[1]?.counts ?? { unconfirmed: -1 }
      if (steps > when) expect(lost).toBeLessThanOrEqual(unconfirmed)
      expect(unconfirmed).toBeLessThanOrEqual(links[1]?.maxDemand ?? 0)
      const others = [network.handled[3]?.flat() ?? [], network.handled[4]?.flat() ?? []]
      if (graph.kind === 'broadcast') for (const each of others) expect(each).toEqual(made)
      else expect(others.flat().length + (network.sent.get(0) ?? []).length).toBe(made.length)
      expect(network.stopped.has(1)).toBe(true)
    }),
    { numRuns: 400 },
  )
})

test('R2.3 manual demand: exactly what was asked for comes, in order, and no more can be asked for than the maximum allows', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 12 }),
      fc.nat(80),
      fc.infiniteStream(fc.nat({ max: 15 })),
      fc.array(fc.boolean(), { minLength: 20, maxLength: 120 }),
      (maxDemand, total, counts, steps) => {
        const links = [{ id: 1, from: 0, to: 1, maxDemand, minDemand: 0, isManual: true }]
        const network = new Network([{}, {}], links, total)
        expect(network.pairs).toEqual([]) // nothing is asked for by itself
        let asked = 0
        const handled = (): readonly number[] => network.handled[1]?.flat() ?? []
        for (const isAsk of steps) {
          const [pair] = network.pairs
          if (!isAsk && pair !== undefined) {
            network.arrive(pair)
            continue
          }
          const count = counts.next().value as number
          const isRight = count >= 1 && count <= maxDemand - (asked - handled().length)
          if (network.stopped.has(1)) break
          if (isRight) {
            network.demand(1, count)
            asked += count
          } else expect(() => network.demand(1, count)).toThrow(expect.objectContaining({ code: 'ERR_DEMAND' }))
        }
        for (let [pair] = network.pairs; pair !== undefined; [pair] = network.pairs) network.arrive(pair)
        expect(handled()).toEqual(Array.from({ length: Math.min(asked, total) }, (_, i) => i))
      },
    ),
    { numRuns: 300 },
  )
})

test('batches are full but for the last, whatever the demand', () => {
  fc.assert(
    fc.property(
      fc
        .integer({ min: 1, max: 9 })
        .chain((size) => fc.record({ size: fc.constant(size), maxDemand: fc.integer({ min: size, max: 20 }) })),
      fc.nat(100),
      fc.nat(20),
      ({ size, maxDemand }, total, least) => {
        // As a subscription is checked: what is not asked for yet must leave enough for a batch.
        const minDemand = Math.max(Math.min(least, maxDemand - 1), size - 1)
        const parts = [{}, { batch: { size, timeMs: Infinity } }]
        const network = new Network(parts, [{ id: 1, from: 0, to: 1, maxDemand, minDemand }], total)
        for (let [pair] = network.pairs; pair !== undefined; [pair] = network.pairs) network.arrive(pair)
        const sizes = (network.handled[1] ?? []).map((batch) => batch.length)
        expect(network.handled[1]?.flat()).toEqual(Array.from({ length: total }, (_, i) => i))
        expect(sizes.slice(0, -1).every((each) => each === size)).toBe(true)
      },
    ),
  )
})
