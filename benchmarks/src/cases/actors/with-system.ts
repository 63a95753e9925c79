/** A system with default options for one round, which must come through it without a fault. */
import { startSystem } from 'cambium'
import type { System } from 'cambium'

/** Longest wait for an answer at the end of a phase, in milliseconds. The round's own deadline is shorter. */
export const PHASE_MS_MAX = 600_000

export async function withSystem<T>(cores: number, body: (system: System) => Promise<T>): Promise<T> {
  const system = await startSystem({ cores })
  let fault: string | undefined
  system.events.on('fault', ({ where, error }) => {
    fault ??= `${where}: ${error.message}`
  })
  system.events.on('core_lost', ({ core, error }) => {
    fault ??= `core ${core} was lost: ${error.message}`
  })
  try {
    const result = await body(system)
    if (fault !== undefined) throw new Error(`the system had a fault: ${fault}`)
    return result
  } finally {
    await system.shutdown()
  }
}
