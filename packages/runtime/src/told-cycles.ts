/** Circles of waiting actors: each member of one finds it, and it is told once. */
import { formatAddress } from '@cambium/base'
import type { Signal } from '@cambium/scheduler'
import type { createSystemEvents } from './system-events.ts'

/** Circles that are remembered as told. */
const CYCLES_KEPT = 256

export class ToldCycles {
  readonly #events: ReturnType<typeof createSystemEvents>
  readonly #told = new Set<string>()

  constructor(events: ReturnType<typeof createSystemEvents>) {
    this.#events = events
  }

  tell(cycle: Extract<Signal, { type: 'wait_cycle' }>['cycle']): void {
    const key = cycle.map(formatAddress).sort().join(' ')
    if (this.#told.has(key)) return
    if (this.#told.size >= CYCLES_KEPT) this.#told.clear()
    this.#told.add(key)
    const actors = cycle.map(({ core, slot, generation }) => ({ core, slot, generation }))
    this.#events.publish('wait_cycle', { actors, path: [...cycle, cycle[0]].map((link) => link?.label).join(' → ') })
  }
}
