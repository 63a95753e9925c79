/** Parks at once on a doorbell that its peers ring. For threads that are seldom busy: it costs nothing while it waits. */
import type { Doorbell } from './doorbell.ts'
import { checkBell, checkWait, clockOf } from './wait-strategy.ts'
import type { ClockOptions, WaitStrategy } from './wait-strategy.ts'

/** `doorbell` belongs to the waiting thread; every peer calls its `ring()` after publishing. */
export function blocking(doorbell: Doorbell, options: ClockOptions): WaitStrategy {
  checkBell(doorbell)
  const now = clockOf(options)
  return {
    name: 'blocking',
    waitFor: (hasWork, timeoutMs) => {
      checkWait(hasWork, timeoutMs)
      if (hasWork()) return true
      return parkUntil(doorbell, hasWork, now() + timeoutMs, now)
    },
  }
}

/** Parks until there is work or the deadline has passed. A wake-up without work is no end: a peer may ring early. */
export function parkUntil(doorbell: Doorbell, hasWork: () => boolean, deadline: number, now: () => number): boolean {
  for (;;) {
    const left = deadline - now()
    if (left <= 0) return hasWork()
    if (doorbell.park(hasWork, left) === 'work' || hasWork()) return true
  }
}
