/**
 * Who comes after whom in a ring: a graph of named nodes as plain data, and the plan that follows from it. Pure: no ring is made here.
 *
 * 1. A node that comes after none waits for the producer's cursor, every other one for the sequences of those it comes after.
 * 2. The nodes that none comes after, the leaves, gate the producer.
 * 3. Places are given in an order in which each node stands behind those it comes after; among equals in the order of their declaration.
 */
import { checkFields, optionError } from '@cambium/base'
import { ringGraphError } from '../errors.ts'
import { PLACES_MAX } from '../places/place-layout.ts'
import type { FixedPlace } from './slot-ring.ts'

/** One node, declared. */
export interface GraphNode {
  readonly name: string
  /** Names of those that it comes after. @default none: it comes after the producer */
  readonly after?: readonly string[]
  /** Makes it a pool of so many workers, each record to one of them. @default no pool: one consumer that gets every record */
  readonly workers?: number
}

/** One node, placed. */
export interface PlannedNode {
  readonly name: string
  readonly kind: 'consumer' | 'pool'
  readonly place: number
  readonly after: readonly string[]
  /** What it waits for: `cursor`, or the sequences of places. */
  readonly waitsFor: 'cursor' | readonly number[]
  /** Whether the producer waits for it. */
  readonly gates: boolean
  /** 0 for a consumer. */
  readonly workers: number
}

/** Workers of one pool at most. */
const WORKERS_MAX = PLACES_MAX - 1

/** @throws `ERR_RING_GRAPH` for no node, a name twice, a name that is nobody's, a circle, or too many nodes; `ERR_OPTION` */
export function planGraph(nodes: readonly GraphNode[]): readonly PlannedNode[] {
  if (!Array.isArray(nodes)) throw optionError('nodes', nodes, 'an array of nodes')
  if (nodes.length === 0) throw ringGraphError('it has no node', { nodes: 0 })
  const names = checkNames(nodes)
  const order = sort(nodes, names)
  const placeOf = new Map(order.map(({ name }, place) => [name, place]))
  const followed = new Set(nodes.flatMap(({ after = [] }) => after))
  const workers = nodes.reduce((sum, node) => sum + (node.workers ?? 0), 0)
  if (order.length + workers > PLACES_MAX) {
    throw ringGraphError('it needs more places than a ring has', { nodes: order.length, workers, max: PLACES_MAX })
  }
  return order.map((node, place) => {
    const after = [...new Set(node.after ?? [])]
    return {
      name: node.name,
      kind: node.workers === undefined ? 'consumer' : 'pool',
      place,
      after,
      waitsFor: after.length === 0 ? 'cursor' : after.map((name) => placeOf.get(name)!).toSorted((a, b) => a - b),
      gates: !followed.has(node.name),
      workers: node.workers ?? 0,
    }
  })
}

/** The fixed places of a plan, for `createSlotRing`. */
export function fixedPlacesOf(plan: readonly PlannedNode[]): FixedPlace[] {
  return plan.map(({ kind, waitsFor }) => ({ kind, after: waitsFor === 'cursor' ? [] : waitsFor }))
}

function checkNames(nodes: readonly GraphNode[]): ReadonlySet<string> {
  const names = new Set<string>()
  for (const [index, node] of nodes.entries()) {
    checkFields(`nodes[${index}]`, node, ['name', 'after', 'workers'])
    const { name, after = [], workers } = node
    if (!Array.isArray(after)) throw optionError(`nodes[${index}].after`, after, 'an array of names')
    if (typeof name !== 'string' || name === '') throw ringGraphError('a node has no name', { name })
    if (names.has(name)) throw ringGraphError('a name is there twice', { name })
    if (workers !== undefined && (!Number.isInteger(workers) || workers < 1 || workers > WORKERS_MAX)) {
      throw ringGraphError(`a pool has not 1 to ${WORKERS_MAX} workers`, { name, workers })
    }
    names.add(name)
  }
  for (const { name, after = [] } of nodes) {
    const unknown = after.find((one) => !names.has(one))
    if (unknown !== undefined) throw ringGraphError('nobody has the name of whom a node comes after', { name, after: unknown })
  }
  return names
}

/** Each node behind those it comes after; each turn places at least one node or finds the circle. */
function sort(nodes: readonly GraphNode[], names: ReadonlySet<string>): readonly GraphNode[] {
  const order: GraphNode[] = []
  const placed = new Set<string>()
  while (placed.size < names.size) {
    const ready = nodes.filter(({ name, after = [] }) => !placed.has(name) && after.every((one) => placed.has(one)))
    if (ready.length === 0) {
      const circle = nodes.filter(({ name }) => !placed.has(name)).map(({ name }) => name)
      throw ringGraphError('nodes come after each other in a circle', { nodes: circle.join(', ') })
    }
    for (const node of ready) placed.add(node.name)
    order.push(...ready)
  }
  return order
}
