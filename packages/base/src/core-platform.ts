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
  /** Carries what bytes cannot hold from core to core. Absent where there is no way for it. */
  readonly parcels?: ParcelPost
  /** Runs `job` of the module at `url` off the schedulers, on a pool of plain threads. */
  offload(url: string, job: string, argument: unknown, signal: AbortSignal | undefined): Promise<unknown>
}

/** Buffers that belong to a record; see `scheduler/src/parcels.ts`. */
export interface PostedParcel {
  /** 0 for the data ring, 1 for the control ring. */
  readonly lane: number
  readonly id: number
  /** Undefined where they are lost: they were moved to a core that has died. */
  readonly buffers: readonly ArrayBufferLike[] | undefined
}

/** A way for parcels beside the rings, in order for each ordered pair of cores. What has been posted outlives its sender, not its receiver. */
export interface ParcelPost {
  /** False where there is no way to `peer` yet, and nothing happened; the core is told when there is one. `moved` are detached. */
  post(peer: number, parcel: PostedParcel, moved: ArrayBuffer[]): boolean
  /** The next parcel from `peer`. */
  receive(peer: number): PostedParcel | undefined
}
