/**
 * Spins while it pays, then parks.
 *
 * 1. The time it spins doubles with each short wait and halves with each long one, between 1 µs and `spinMsMax`. A wake-up
 *    costs up to 45 µs, so spinning up to that costs at most twice the best choice, and a consumer whose work comes rarely
 *    soon hardly spins at all.
 *    A wait is short when the longest spin would have found its work: it ended in the spin, or in a park no later than one
 *    wake-up after `spinMsMax`. Counting only what a spin found would be a trap: two threads that answer each other and have
 *    both come to park need a wake-up for each answer, which no short spin outlasts, and would park for ever.
 * 2. When the longest spin found nothing and yet the park was short, the peer was ready but did not run: as a rule it stood in
 *    line for the very processor that was spinning, where schedulers like to put a thread that has just been woken. Then every
 *    spin is pure delay: a round trip of 85 to 110 µs, against 5 to 10 µs when both park at once. So the next 4 waits park at
 *    once, and twice as many after each further spin of this kind, up to 256; then one spin tries whether the peer has a
 *    processor of its own.
 * 3. While it spins its doorbell says idle, so that peers publish at once; they need not notify.
 * 4. It never spins when `mayspin` says no: with more spinners than free cores, the one who spins keeps the one it waits
 *    for from running.
 * 5. It does not yield in between, as its relatives in other languages do: the shortest sleep in JavaScript takes longer
 *    (70 µs) than the wake-up of a parked thread (45 µs), and cannot be cut short by a ring.
 */
import { availableParallelism } from 'node:os'
import { checkDuration, optionError } from '@cambium/base'
import { parkUntil } from './blocking.ts'
import { spin } from './busy-spin.ts'
import type { Doorbell } from './doorbell.ts'
import { checkBell, checkWait, clockOf } from './wait-strategy.ts'
import type { ClockOptions, WaitStrategy } from './wait-strategy.ts'

export interface AdaptiveOptions extends ClockOptions {
  /** Asked before each wait: is there a free core to spin on? @default whether the machine has more than one core */
  readonly mayspin?: () => boolean
  /** Longest spin of one wait, in milliseconds. @default 0.05 */
  readonly spinMsMax?: number
}

const SPIN_MS_MIN = 0.001
/** What waking a parked thread takes, in milliseconds; a park ends so much later than its work came. */
const WAKE_MS = 0.05
/** Waits that park at once after a spin that was in vain. */
const PARKS_MIN = 4
const PARKS_MAX = 256

/** `doorbell` belongs to the waiting thread; every peer calls its `ring()` after publishing. */
export function adaptive(doorbell: Doorbell, options: AdaptiveOptions): WaitStrategy {
  checkBell(doorbell)
  const now = clockOf(options)
  const spinMsMax = checkDuration('spinMsMax', options.spinMsMax, { default: 0.05, min: SPIN_MS_MIN, max: 10 })
  const { mayspin: asked } = options
  if (asked !== undefined && typeof asked !== 'function')
    throw optionError('mayspin', asked, 'a function that says whether to spin')
  const manyCores = availableParallelism() > 1
  const mayspin = asked ?? (() => manyCores)
  let spinMs = spinMsMax
  /** Waits that still park at once, and how many it was last time. */
  let parksLeft = 0
  let parks = 0

  const learn = (isFound: boolean, isShort: boolean): void => {
    if (isFound) parks = 0
    if (!isShort) spinMs = Math.max(spinMs / 2, SPIN_MS_MIN)
    else if (isFound || spinMs < spinMsMax) spinMs = Math.min(spinMs * 2, spinMsMax)
    else {
      parks = Math.min(Math.max(parks * 2, PARKS_MIN), PARKS_MAX)
      parksLeft = parks
    }
  }

  return {
    name: 'adaptive',
    waitFor: (hasWork, timeoutMs) => {
      checkWait(hasWork, timeoutMs)
      if (hasWork()) return true
      const begin = now()
      const deadline = begin + timeoutMs
      if (!mayspin()) return parkUntil(doorbell, hasWork, deadline, now)
      if (parksLeft > 0) {
        parksLeft -= 1
        return parkUntil(doorbell, hasWork, deadline, now)
      }
      doorbell.idle()
      const isFound = spin(hasWork, Math.min(spinMs, timeoutMs), now)
      doorbell.busy()
      const hasCome = isFound || parkUntil(doorbell, hasWork, deadline, now)
      learn(isFound, isFound || (hasCome && now() - begin <= spinMsMax + WAKE_MS))
      return hasCome
    },
    reset: () => {
      spinMs = spinMsMax
      parksLeft = 0
      parks = 0
    },
  }
}
