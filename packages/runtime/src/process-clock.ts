/**
 * One clock for all threads of the process. `performance.now` counts from the start of its own thread, and a time that one core gave a message
 * (when it expires) would mean another one to the next; `process.hrtime` has one beginning for all, and is dearer.
 */

/** Between the two reads of a sample the thread may be interrupted: the closest pair of so many counts. */
const SAMPLES = 16

/** Monotonic milliseconds with fractions, for the thread that calls this: the same in every thread, to a few microseconds. */
export function createProcessClock(): () => number {
  let offsetMs = Infinity
  for (let i = 0; i < SAMPLES; i += 1) {
    const own = performance.now()
    offsetMs = Math.min(offsetMs, Number(process.hrtime.bigint()) / 1e6 - own)
  }
  return () => offsetMs + performance.now()
}
