/** Spins until there is work. For a thread with a core of its own, where nothing but latency counts. */
import { pause } from './pause.ts'
import { checkWait, clockOf } from './wait-strategy.ts'
import type { ClockOptions, WaitStrategy } from './wait-strategy.ts'

/** Looks between two looks at the clock, which costs as much as several of them. */
const LOOKS_PER_CLOCK = 64

export function busySpin(options: ClockOptions): WaitStrategy {
  const now = clockOf(options)
  return {
    name: 'busySpin',
    waitFor: (hasWork, timeoutMs) => {
      checkWait(hasWork, timeoutMs)
      return spin(hasWork, timeoutMs, now)
    },
  }
}

/** Spins for at most `limitMs`. Shared with the strategies that begin by spinning. */
export function spin(hasWork: () => boolean, limitMs: number, now: () => number): boolean {
  if (hasWork()) return true
  if (limitMs <= 0) return false
  const deadline = now() + limitMs
  for (;;) {
    for (let look = 0; look < LOOKS_PER_CLOCK; look++) {
      pause()
      if (hasWork()) return true
    }
    if (now() >= deadline) return hasWork()
  }
}
