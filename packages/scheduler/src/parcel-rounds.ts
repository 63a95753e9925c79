/** Looks after the parcels of one core: lets go of what their receivers have taken, and counts what is left. */
import type { InboundLink } from './inbound-link.ts'
import type { OutboundLink } from './outbound-link.ts'
import { LookTimer } from './timer-wheel.ts'
import type { TimerWheel } from './timer-wheel.ts'

/** How often a core that is idle looks, in milliseconds; one that is busy looks at each flush. */
const LOOK_MS = 50

export interface ParcelRoundsHost {
  readonly links: readonly (OutboundLink | undefined)[]
  readonly wheel: TimerWheel
  now(): number
  requestTurn(): void
}

export class ParcelRounds {
  readonly #host: ParcelRoundsHost
  readonly #inbound: readonly InboundLink[]
  #isDue = false
  /** Ways from successors, until what their predecessors left in them has been looked through. */
  readonly #renewed = new Set<InboundLink>()

  constructor(host: ParcelRoundsHost, inbound: readonly InboundLink[]) {
    this.#host = host
    this.#inbound = inbound
  }

  /** Parcels on their way from this core, and to it as far as they were fetched. */
  get count(): number {
    return this.#kept() + this.#inbound.reduce((sum, link) => sum + link.parcelsWaiting, 0)
  }

  /** There is a new way for parcels to a peer, or from one that has died. */
  connected(peer: number): void {
    this.#host.links[peer]?.connected()
    for (const link of this.#inbound) if (link.core === peer) this.#renewed.add(link)
    this.#host.requestTurn()
  }

  /** At each flush, which lets go of what was taken: sees to it that there is another one while anything is left. */
  look(): void {
    if (this.#renewed.size > 0) for (const link of this.#renewed) if (link.dropOrphans()) this.#renewed.delete(link)
    if (this.#isDue || (this.#renewed.size === 0 && this.#kept() === 0)) return
    this.#isDue = true
    const timer = new LookTimer(() => {
      this.#isDue = false
    })
    this.#host.wheel.start(timer, this.#host.now() + LOOK_MS)
  }

  #kept(): number {
    let kept = 0
    for (const link of this.#host.links) if (link !== undefined) kept += link.keptParcels
    return kept
  }
}
