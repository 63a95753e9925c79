/** Spawning, asking and stopping many actors; their memory; the time of a restart. */
import type { Ref, System } from 'cambium'
import type { Proof, RoundOutcome } from '../../case.ts'
import { createLatencyHistogram } from '../latency-histogram.ts'
import { askEach, fragile, idler, memoryReader, parent, readMemory } from './lifecycle-actors.ts'
import type { LifeTally, MemoryReading, ParentMessage, Ping, ProbeAnswer } from './lifecycle-actors.ts'
import { nowNs } from './messages.ts'
import { PHASE_MS_MAX, withSystem } from './with-system.ts'

export interface SpawnSpec {
  readonly by: 'system' | 'context'
  readonly cores: number
  readonly actors: number
  readonly warmup: number
  /** Spawns, asks and stops under way at a time. */
  readonly chunk: number
}

export function runSpawn(spec: SpawnSpec): Promise<RoundOutcome> {
  return withSystem(spec.cores, async (system) => {
    const live = await liver(system, spec)
    await live(spec.warmup)
    const tally = await live(spec.actors)
    const rate = (ns: number): number => (spec.actors * 1e9) / ns
    return {
      metrics: {
        spawn: rate(tally.spawnNs),
        ask: rate(tally.askNs),
        stop: rate(tally.stopNs),
        'spawn-and-stop': rate(tally.spawnNs + tally.stopNs),
      },
      proof: proofOf(spec.actors, tally),
    }
  })
}

async function liver(system: System, { by, chunk }: SpawnSpec): Promise<(count: number) => Promise<LifeTally>> {
  if (by === 'system') return (count) => liveBySystem(system, count, chunk)
  const ref = await system.spawn(parent, null, { core: 1 })
  return (count) => ref.ask({ type: 'live', count, chunk }, { timeoutMs: PHASE_MS_MAX })
}

async function liveBySystem(system: System, count: number, chunk: number): Promise<LifeTally> {
  const startNs = nowNs()
  const refs = await spawnBySystem(system, count, chunk)
  const spawnedNs = nowNs()
  const answers = await askEach(refs, chunk)
  const askedNs = nowNs()
  for (let from = 0; from < count; from += chunk) {
    await Promise.all(refs.slice(from, from + chunk).map((ref) => system.stop(ref)))
  }
  return { spawnNs: spawnedNs - startNs, askNs: askedNs - spawnedNs, stopNs: nowNs() - askedNs, ...answers }
}

async function spawnBySystem(system: System, count: number, chunk: number): Promise<Ref<Ping, number>[]> {
  const refs: Ref<Ping, number>[] = []
  while (refs.length < count) {
    const from = refs.length
    const ids = Array.from({ length: Math.min(chunk, count - from) }, (_, index) => from + index)
    refs.push(...(await Promise.all(ids.map((id) => system.spawn(idler, id)))))
  }
  return refs
}

/**
 * Bytes for each idle actor. Heap: live bytes of the heaps of all cores, each read on its own thread after a full collection, with the
 * actors less without them. Resident: growth of the process, which counts what the allocator keeps as well.
 */
export function runMemory(spec: SpawnSpec): Promise<RoundOutcome> {
  return withSystem(spec.cores, async (system) => {
    const readers = await Promise.all(
      Array.from({ length: spec.cores }, (_, index) => system.spawn(memoryReader, null, { core: index + 1 })),
    )
    const read = async (): Promise<Pick<MemoryReading, 'heap' | 'rss'>> => {
      let { heap, rss } = readMemory()
      for (const reader of readers) {
        const reading = await reader.ask({ type: 'read' })
        heap += reading.heap
        rss = reading.rss // the last one is the one to believe: every heap has been collected
      }
      return { heap, rss }
    }
    const raise = await raiser(system, spec)
    await raise(spec.warmup)
    const before = await read()
    const { answers, keep } = await raise(spec.actors)
    const after = await read()
    if (keep.length > spec.actors) throw new Error('more refs than actors')
    return {
      metrics: { heap: (after.heap - before.heap) / spec.actors, resident: (after.rss - before.rss) / spec.actors },
      proof: proofOf(spec.actors, answers),
    }
  })
}

interface Raised {
  readonly answers: { readonly count: number; readonly checksum: number }
  /** Refs that whoever asked for the actors holds: they are part of what an actor costs. */
  readonly keep: readonly Ref<Ping, number>[]
}

async function raiser(system: System, { by, chunk }: SpawnSpec): Promise<(count: number) => Promise<Raised>> {
  if (by === 'system') {
    return async (count) => {
      const keep = await spawnBySystem(system, count, chunk)
      return { answers: await askEach(keep, chunk), keep }
    }
  }
  const ref: Ref<ParentMessage, LifeTally> = await system.spawn(parent, null, { core: 1 })
  return async (count) => ({ answers: await ref.ask({ type: 'raise', count, chunk }, { timeoutMs: PHASE_MS_MAX }), keep: [] })
}

/** Every actor answers with its number. */
function proofOf(actors: number, answers: { readonly count: number; readonly checksum: number }): Proof {
  let checksumExpected = 0
  for (let id = 0; id < actors; id += 1) checksumExpected = (checksumExpected + id) | 0
  return { countExpected: actors, count: answers.count, checksumExpected, checksum: answers.checksum }
}

export interface RestartSpec {
  readonly cores: number
  readonly core: number
  readonly restarts: number
  readonly warmup: number
}

/** From the throw in one message to the handling of the next, which waits in the mailbox meanwhile. */
export function runRestart(spec: RestartSpec): Promise<RoundOutcome> {
  return withSystem(spec.cores, async (system) => {
    // A period of a millisecond: no budget is ever used up.
    const ref = await system.spawn(fragile, null, { core: spec.core, intensity: 1_000, periodMs: 1 })
    const crash = async (): Promise<ProbeAnswer> => {
      ref.tell({ type: 'crash' })
      return await ref.ask({ type: 'probe' })
    }
    for (let restart = 0; restart < spec.warmup; restart += 1) await crash()
    const histogram = createLatencyHistogram()
    let count = 0
    let incarnations = 0
    for (let restart = 1; restart <= spec.restarts; restart += 1) {
      const { ns, incarnation } = await crash()
      histogram.record(ns)
      count += 1
      if (incarnation === spec.warmup + restart) incarnations += 1
    }
    return {
      metrics: histogram.metrics(),
      curve: histogram.curve(),
      proof: { countExpected: spec.restarts, count, checksumExpected: spec.restarts, checksum: incarnations },
    }
  })
}
