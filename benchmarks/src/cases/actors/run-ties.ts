/** Bytes of a name, a link and a monitor, on each core that has a part of it. */
import type { System } from 'cambium'
import type { RoundOutcome } from '../../case.ts'
import { memoryReader, readMemory } from './lifecycle-actors.ts'
import { tier } from './tie-actors.ts'
import type { TieKind } from './tie-actors.ts'
import { PHASE_MS_MAX, withSystem } from './with-system.ts'

export interface TieSpec {
  readonly kind: TieKind
  readonly count: number
  readonly warmup: number
  readonly chunk: number
}

/** The children and who holds them are on core 1; core 2 has nothing but its copy of the names. */
const CORES = 2

/** Live bytes of each core, buffers included, after a full collection there, with the ties less without them. */
export function runTies({ kind, count, warmup, chunk }: TieSpec): Promise<RoundOutcome> {
  return withSystem(CORES, async (system) => {
    const read = await memoryOf(system)
    const ref = await system.spawn(tier, chunk, { core: 1 })
    const options = { timeoutMs: PHASE_MS_MAX }
    await ref.ask({ type: 'raise', count: warmup }, options)
    await ref.ask({ type: 'tie', kind, from: 0 }, options)
    await ref.ask({ type: 'raise', count }, options)
    const before = await read()
    const tiesBefore = await tiesOf(system, kind)
    await ref.ask({ type: 'tie', kind, from: warmup }, options)
    const after = await read()
    const ties = (await tiesOf(system, kind)) - tiesBefore
    const [mainThread, own, other] = after.map((bytes, core) => (bytes - (before[core] as number)) / count) as [
      number,
      number,
      number,
    ]
    return {
      metrics: kind === 'name' ? { 'own-core': own, 'main-thread': mainThread, 'other-core': other } : { '': own },
      proof: { countExpected: count, count: ties, checksumExpected: 0, checksum: 0 },
    }
  })
}

async function memoryOf(system: System): Promise<() => Promise<number[]>> {
  const readers = [await system.spawn(memoryReader, null, { core: 1 }), await system.spawn(memoryReader, null, { core: CORES })]
  return async () => {
    const bytes = [total(readMemory())]
    for (const reader of readers) bytes.push(total(await reader.ask({ type: 'read' })))
    return bytes
  }
}

function total({ heap, buffers }: { readonly heap: number; readonly buffers: number }): number {
  return heap + buffers
}

/** Names that core 2 has a copy of; bonds, which have two ends on core 1. */
async function tiesOf(system: System, kind: TieKind): Promise<number> {
  const reports = await system.report()
  return kind === 'name' ? (reports[CORES]?.directory.entries ?? 0) : (reports[1]?.bonds ?? 0) / 2
}
