/**
 * Spins, yields, then sleeps twice as long each time, up to a limit. After Agrona's backoff idle strategy: 10 spins, 5 yields,
 * sleeps from 1 µs to 1 ms. For work that comes in bursts from peers that do not ring.
 */
import { checkDuration } from '@cambium/base'
import { nap, pause } from './pause.ts'
import { checkWait, clockOf } from './wait-strategy.ts'
import type { ClockOptions, WaitStrategy } from './wait-strategy.ts'

export interface BackoffOptions extends ClockOptions {
  /** Longest sleep between two looks, in milliseconds. @default 1 */
  readonly sleepMsMax?: number
}

const SPINS = 10
const YIELDS = 5
const SLEEP_MS_MIN = 0.001

export function backoff(options: BackoffOptions): WaitStrategy {
  const now = clockOf(options)
  const sleepMsMax = checkDuration('sleepMsMax', options.sleepMsMax, { default: 1, min: SLEEP_MS_MIN, max: 1000 })
  return {
    name: 'backoff',
    waitFor: (hasWork, timeoutMs) => {
      checkWait(hasWork, timeoutMs)
      const deadline = now() + timeoutMs
      for (let spins = 0; spins < SPINS; spins++) {
        if (hasWork()) return true
        pause()
      }
      let sleepMs = SLEEP_MS_MIN
      for (let naps = 0; ; naps++) {
        const left = deadline - now()
        if (left <= 0) return hasWork()
        nap(Math.min(sleepMs, left))
        if (hasWork()) return true
        if (naps >= YIELDS) sleepMs = Math.min(sleepMs * 2, sleepMsMax)
      }
    },
  }
}
