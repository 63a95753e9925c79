/**
 * How much the cases with actors do before they are measured. A message passes through some hundred functions, which V8 compiles one after the
 * other, on threads that want the processors that the actors keep busy: on two cores that takes a second or two. With a fifth of the
 * work as warm-up a `tell` between two cores was measured at 13 M/s, with this at 17, in turn.
 */

/** Half of the work, at least enough to have the hot functions compiled. */
export function warmupOf(count: number): number {
  return Math.min(count, Math.max(Math.ceil(count / 2), 20_000))
}

/** Of 20,000 restarts: p50 was 4.3 µs behind 1,000 of them, 3.4 behind 10,000, 3.1 behind as many as these. */
export const RESTARTS = 20_000
export const RESTARTS_WARMUP = 50_000

/** Of 100,000 actors: 0.57 million a second were started behind 2,000 of them, 1.3 behind as many again. */
export const LIVES_WARMUP = 100_000
