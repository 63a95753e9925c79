/**
 * Latency of an actor on one core while another core computes without end, and without that. Open loop: ticks are due at fixed times, whoever is
 * late, and each latency counts from when its tick was due.
 */
import type { RoundOutcome } from '../../case.ts'
import { nowNs } from './messages.ts'
import { hog, ticked } from './neighbour-actors.ts'
import type { TickReading } from './neighbour-actors.ts'
import { withSystem } from './with-system.ts'

export interface NeighbourSpec {
  readonly hasHog: boolean
  readonly ticks: number
  readonly warmup: number
  readonly everyMs: number
}

const TICKED_CORE = 1
const HOG_CORE = 2

export function runNeighbour(spec: NeighbourSpec): Promise<RoundOutcome> {
  return withSystem(2, async (system) => {
    const target = await system.spawn(ticked, null, { core: TICKED_CORE })
    const burning = spec.hasHog ? await system.spawn(hog, null, { core: HOG_CORE, shutdown: 'brutal_kill' }) : undefined
    burning?.tell('burn')
    const phase = async (ticks: number): Promise<TickReading> => {
      await target.ask({ type: 'reset' })
      const startNs = nowNs() + spec.everyMs * 1e6
      for (let id = 0; id < ticks;) {
        const now = nowNs()
        for (let dueNs = startNs + id * spec.everyMs * 1e6; id < ticks && dueNs <= now; dueNs += spec.everyMs * 1e6) {
          target.tell({ type: 'tick', id, dueNs })
          id += 1
        }
        await new Promise((resolve) => setTimeout(resolve, Math.max(0, (startNs + id * spec.everyMs * 1e6 - nowNs()) / 1e6)))
      }
      return (await target.ask({ type: 'read' })) as TickReading
    }
    await phase(spec.warmup)
    const { metrics, curve, count, checksum } = await phase(spec.ticks)
    // It always has a message to handle, and a shutdown waits half of its time for those.
    if (burning !== undefined) await system.stop(burning)
    let checksumExpected = 0
    for (let id = 0; id < spec.ticks; id += 1) checksumExpected = (checksumExpected + id) | 0
    return { metrics, curve, proof: { countExpected: spec.ticks, count, checksumExpected, checksum } }
  })
}
