/**
 * What one core needs from the world outside it (D11). The real platform gives it clocks and modules of a thread, the
 * simulated one gives it virtual time under a seed. No code above reads a clock or calls `Math.random` by itself.
 */
export interface CorePlatform {
  /** Monotonic time in milliseconds, with fractions: one clock for all cores of a system. */
  now(): number
  /** Uniform in [0, 1). */
  random(): number
  /** The exports of the module at `url`; rejects when it is missing or throws while loading. */
  importModule(url: string): Promise<Readonly<Record<string, unknown>>>
  /**
   * Asks for a turn: something outside the core's own turn gave it work (a promise settled, a tell from outside an
   * actor). Idempotent and cheap; the turn comes later, never inside the call.
   */
  requestTurn(): void
  /**
   * For a platform that ends threads on purpose: called at the places of the protocols where the end of a thread would matter most. May
   * throw, and nothing of this core runs any more then. Absent on a real platform.
   */
  checkpoint?(): void
  /** Runs `job` of the module at `url` off the schedulers, on a pool of plain threads. */
  offload(url: string, job: string, argument: unknown, signal: AbortSignal | undefined): Promise<unknown>
}
