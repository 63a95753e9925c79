/** A supervisor of as many like children as it is told to start. */
import { defineSupervisor } from 'cambium'
import type { Supervisor } from 'cambium'

export const nursery: Supervisor<void> = defineSupervisor(import.meta.url, 'nursery', {
  // No budget is ever used up.
  init: () => ({ kind: 'dynamic', intensity: 1_000_000, periodMs: 1, children: [] }),
})
