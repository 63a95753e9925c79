/** As many live actors as the machine should bear, half of them on each of two cores, and every one of them answers. */
import type { Ref } from 'cambium'
import type { RoundOutcome } from '../../case.ts'
import { crowd } from './crowd-actors.ts'
import type { CrowdMessage, CrowdTally } from './crowd-actors.ts'
import { PHASE_MS_MAX, withSystem } from './with-system.ts'

export interface ScaleSpec {
  readonly cores: number
  readonly actors: number
  /** Spawns and asks under way at a time, on each core. */
  readonly chunk: number
}

/** What an actor takes at most while so many are started: its live bytes, those of its first ask, and what the collector has not yet seen. */
const BYTES_PER_ACTOR_MAX = 4_000

/** Why so many actors cannot live here, or undefined. */
export function scaleAbsent({ actors }: ScaleSpec): string | undefined {
  const needed = actors * BYTES_PER_ACTOR_MAX
  const available = process.availableMemory()
  if (available >= needed) return undefined
  return `not enough memory: needed=${gibibytes(needed)}, available=${gibibytes(available)}`
}

/** How many actors answered when all were up. */
export function runScale({ cores, actors, chunk }: ScaleSpec): Promise<RoundOutcome> {
  return withSystem(cores, async (system) => {
    const crowds = await Promise.all(Array.from({ length: cores }, (_, index) => system.spawn(crowd, null, { core: index + 1 })))
    const all = async (message: (index: number) => CrowdMessage): Promise<CrowdTally> => {
      const ask = (ref: Ref<CrowdMessage, CrowdTally>, index: number): Promise<CrowdTally> =>
        ref.ask(message(index), { timeoutMs: PHASE_MS_MAX })
      const tallies = await Promise.all(crowds.map(ask))
      return tallies.reduce((sum, tally) => ({
        count: sum.count + tally.count,
        checksum: (sum.checksum + tally.checksum) | 0,
      }))
    }
    const share = (index: number): number => Math.floor((actors * index) / cores)
    await all((index) => ({ type: 'raise', firstId: share(index), count: share(index + 1) - share(index), chunk }))
    const { count, checksum } = await all(() => ({ type: 'ask', chunk }))
    return {
      metrics: { '': count },
      proof: { countExpected: actors, count, checksumExpected: ((actors * (actors - 1)) / 2) | 0, checksum },
    }
  })
}

function gibibytes(bytes: number): string {
  return `${(bytes / 2 ** 30).toFixed(1)} GiB`
}
