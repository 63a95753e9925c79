/** How long a core waits for parcels whose records have come (`parcels.ts`, 4): for so long and no longer, whatever the bytes of a record say. */
import { CambiumError } from '@cambium/base'
import type { CorePlatform } from '@cambium/base'
import type { InboundLane } from './inbound-link.ts'
import { LookTimer } from './timer-wheel.ts'
import type { TimerWheel } from './timer-wheel.ts'

/** A way for parcels is there within some milliseconds of a core's start. */
const WAIT_MS_MAX = 2000

export interface ParcelWaitsHost {
  readonly platform: CorePlatform
  readonly wheel: TimerWheel
}

export class ParcelWaits {
  readonly #host: ParcelWaitsHost
  /** When the wait began, by lane. */
  readonly #since = new Map<InboundLane, number>()

  constructor(host: ParcelWaitsHost) {
    this.#host = host
  }

  /** The record in hand of a lane waits for its parcel. */
  begin(lane: InboundLane): void {
    if (this.#since.has(lane)) return
    const now = this.#host.platform.now()
    this.#since.set(lane, now)
    // The turn that it brings looks again.
    this.#host.wheel.start(new LookTimer(() => {}), now + WAIT_MS_MAX)
  }

  /** Whether the lane has waited for long enough. Asked before each record. */
  isOver(lane: InboundLane): boolean {
    if (this.#since.size === 0) return false
    const since = this.#since.get(lane)
    if (since === undefined) return false
    if (this.#host.platform.now() - since < WAIT_MS_MAX) {
      if (!lane.isHeld) this.#since.delete(lane)
      return false
    }
    this.#since.delete(lane)
    return true
  }
}

export function isShareLost(error: unknown): error is CambiumError {
  return error instanceof CambiumError && error.code === 'ERR_SHARE_LOST'
}
