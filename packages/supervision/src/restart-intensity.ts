/**
 * The window of restarts of one supervisor or one child, with the semantics of `add_restart` in supervisor.erl: a restart
 * that is exactly one period old still counts, and more than `intensity` within the period are too many. OTP counts in
 * whole seconds, this counts in milliseconds.
 *
 * Restarts are kept oldest first. Those that have aged are skipped by moving `first`, and cut off once they make up half
 * of the array, so adding one costs constant time on average.
 */
export interface RestartWindow {
  times: number[]
  /** Index of the oldest restart that still counts. */
  first: number
}

export function createRestartWindow(): RestartWindow {
  return { times: [], first: 0 }
}

/** Counts a restart at `now`, which must not be before the last one; returns how many are in the window with it. */
export function addRestart(window: RestartWindow, now: number, periodMs: number): number {
  const { times } = window
  const threshold = now - periodMs
  while (window.first < times.length && (times[window.first] as number) < threshold) window.first++
  if (window.first * 2 > times.length) {
    times.splice(0, window.first)
    window.first = 0
  }
  times.push(now)
  return times.length - window.first
}
