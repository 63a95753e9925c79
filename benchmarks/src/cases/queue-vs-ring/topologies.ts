/** The graphs that are measured, named as the Disruptor's benchmarks are. All are built from single-producer links. */
import type { Role } from './flow.ts'

export interface Topology {
  readonly name: string
  readonly roles: readonly Role[]
  /** Each link as the indexes of its writer and its reader. */
  readonly links: readonly (readonly [number, number])[]
  readonly description: string
}

export const ONE_TO_ONE: Topology = {
  name: '1P1C',
  roles: ['source', 'sink'],
  links: [[0, 1]],
  description: 'one producer, one consumer',
}

export const TWO_TO_ONE: Topology = {
  name: '2P1C',
  roles: ['source', 'source', 'sink'],
  links: [
    [0, 2],
    [1, 2],
  ],
  description: 'two producers, one consumer of two single-producer links',
}

export const ONE_TO_TWO: Topology = {
  name: '1P2C',
  roles: ['source', 'sink', 'sink'],
  links: [
    [0, 1],
    [0, 2],
  ],
  description: 'one producer, each message to both of two consumers over a link each',
}

export const PIPELINE: Topology = {
  name: 'pipeline',
  roles: ['source', 'stage', 'sink'],
  links: [
    [0, 1],
    [1, 2],
  ],
  description: 'producer, a stage that decodes and passes on, consumer; a link between each two',
}

export const DIAMOND: Topology = {
  name: 'diamond',
  roles: ['source', 'stage', 'stage', 'sink'],
  links: [
    [0, 1],
    [0, 2],
    [1, 3],
    [2, 3],
  ],
  description: 'producer, each message to both of two stages, both to one consumer; four links',
}

export const PING_PONG: Topology = {
  name: 'ping-pong',
  roles: ['client', 'server'],
  links: [
    [0, 1],
    [1, 0],
  ],
  description: 'one message in flight, there and back',
}

export const PACED: Topology = {
  name: 'paced',
  roles: ['pacer', 'timer'],
  links: [[0, 1]],
  description: 'messages sent by a schedule that does not wait for anybody',
}

/** Paths by which a message of a source reaches each node, and how many: what each node receives per message sent. */
export function pathsTo(topology: Topology): readonly number[] {
  const paths: number[] = topology.roles.map((role) => (role === 'source' || role === 'client' || role === 'pacer' ? 1 : 0))
  if (topology === PING_PONG) return [1, 1]
  // Nodes are listed in the order of the flow, so one pass over the links in order of their readers is enough.
  const links = [...topology.links].sort(([, a], [, b]) => a - b)
  for (const [from, to] of links) paths[to] = (paths[to] as number) + (paths[from] as number)
  return paths.map((count, index) => (topology.links.some(([, to]) => to === index) ? count : 0))
}
