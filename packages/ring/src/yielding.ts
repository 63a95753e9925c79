/** Spins a little, then gives the processor away between two looks. For threads that share cores and cannot be rung. */
import { nap, pause } from './pause.ts'
import { checkWait, clockOf } from './wait-strategy.ts'
import type { ClockOptions, WaitStrategy } from './wait-strategy.ts'

const SPINS = 100
/** The shortest sleep there is; see `nap`. */
const YIELD_MS = 0.001

export function yielding(options: ClockOptions): WaitStrategy {
  const now = clockOf(options)
  return {
    name: 'yielding',
    waitFor: (hasWork, timeoutMs) => {
      checkWait(hasWork, timeoutMs)
      const deadline = now() + timeoutMs
      for (let spins = 0; spins < SPINS; spins++) {
        if (hasWork()) return true
        pause()
      }
      while (now() < deadline) {
        nap(YIELD_MS)
        if (hasWork()) return true
      }
      return hasWork()
    },
  }
}
