/** The subcommands there are. A subcommand gives its groups for an amount of work; the child process finds its case the same way. */
import type { BenchGroup } from './case.ts'

export interface Subcommand {
  readonly name: string
  readonly summary: string
  /** `scale` multiplies the work of each round. */
  readonly load: (scale: number) => Promise<readonly BenchGroup[]>
}

/** The first is the default. */
export const SUBCOMMANDS: readonly Subcommand[] = [
  {
    name: 'queue-vs-ring',
    summary: 'MessagePort, in-process array and shared-memory ring: throughput and latency',
    load: async (scale) => (await import('./cases/queue-vs-ring/groups.ts')).createQueueVsRingGroups(scale),
  },
  {
    name: 'actors',
    summary: 'tell, ask, spawn, memory, restart, timers, backpressure and idling, on one core and across cores',
    load: async (scale) => (await import('./cases/actors/groups.ts')).createActorGroups(scale),
  },
  {
    name: 'peers',
    summary: 'the same work on Erlang, the Java Disruptor, C, piscina, comlink, nact, xstate, ringbuf.js',
    load: async (scale) => (await import('./cases/peers/groups.ts')).createPeerGroups(scale),
  },
  {
    name: 'failover',
    summary: 'a core is killed under load: how long it is away, and what is lost',
    load: async (scale) => (await import('./cases/failover/groups.ts')).createFailoverGroups(scale),
  },
  {
    name: 'micro',
    summary: 'the hot functions one by one, with tinybench',
    load: async (scale) => (await import('./cases/micro/groups.ts')).createMicroGroups(scale),
  },
]

export function findSubcommand(name: string): Subcommand | undefined {
  return SUBCOMMANDS.find((subcommand) => subcommand.name === name)
}
