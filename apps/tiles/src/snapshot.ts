/** What the live strip shows: one look at everything, without asking the cores, of which one may hang. */
import type { Gateway } from './gateway.ts'
import type { DeskState } from './protocol.ts'
import type { TileSystem } from './tile-system.ts'
import type { LifeEvent, Rates, VitalSigns } from './vital-signs.ts'

export interface Snapshot extends Rates {
  readonly cores: readonly {
    readonly core: number
    readonly isUp: boolean
    readonly deaths: number
    /** Messages in the mailboxes and outboxes of the core. */
    readonly queued: number
    readonly processed: number
  }[]
  /** Undefined while the desk does not answer. */
  readonly pool: DeskState | undefined
  readonly inFlight: number
  readonly retries: number
  readonly regions: number
  readonly answers: Readonly<Record<string, number>>
  readonly events: readonly LifeEvent[]
  readonly drills: boolean
}

const DESK_TIMEOUT_MS = 250
const EVENTS_SHOWN = 6

export function createSnapshot(
  { system, desk, regions }: TileSystem,
  gateway: Gateway,
  signs: VitalSigns,
  drills: boolean,
): () => Promise<Snapshot> {
  return async () => {
    const pool = await desk.ask({ type: 'state' }, { timeoutMs: DESK_TIMEOUT_MS }).catch(() => undefined)
    return {
      ...signs.rates(),
      // The books lie in shared memory: they can be read whatever their core is doing.
      cores: Array.from({ length: system.cores }, (_, index) => {
        const core = index + 1
        const { queued, processed } = system.booksOf(core)
        return { core, ...signs.core(core), queued: Math.max(0, queued), processed }
      }),
      pool,
      inFlight: gateway.inFlight,
      retries: gateway.retries,
      regions: regions.size,
      answers: Object.fromEntries(signs.answers),
      events: signs.events.slice(-EVENTS_SHOWN),
      drills,
    }
  }
}
