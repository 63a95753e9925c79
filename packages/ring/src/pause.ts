/**
 * Two ways to wait a moment: `pause` keeps the processor, `nap` gives it away.
 */

/** A spin-wait hint to the processor where the engine has one (Node 24 and later), otherwise nothing. */
export const pause: () => void = 'pause' in Atomics ? pauseOf(Atomics as { pause(): void }) : () => undefined

/**
 * Sleeps at least `ms`. JavaScript has no way to yield a processor, and a wait of 0 ms returns without a system call; the
 * shortest wait that does give it away takes about 70 µs on Linux, whatever smaller time is asked for.
 */
export function nap(ms: number): void {
  Atomics.wait(NEVER_NOTIFIED, 0, 0, ms)
}

/** Nobody writes or notifies it; only the timeout ends a wait on it. */
const NEVER_NOTIFIED: Int32Array = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT))

function pauseOf(atomics: { pause(): void }): () => void {
  // Called as a method: the engine inlines it only in this form.
  return () => atomics.pause()
}
