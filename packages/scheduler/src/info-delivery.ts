/**
 * Brings to actors what they are told of others. What concerns an actor of another core waits until the messages which that core wrote before have been
 * taken from its data ring: so order holds for each pair of actors (C-36).
 */
import type { ActorCell } from './actor-cell.ts'
import type { Dispatcher } from './dispatcher.ts'
import type { InboundLane } from './inbound-link.ts'
import { InfoBox } from './info-message.ts'
import type { InfoMessage } from './info-message.ts'

export interface InfoDeliveryHost {
  readonly coreNumber: number
  readonly dispatcher: Dispatcher
  /** The data that comes from that core. */
  inbound(core: number): InboundLane | undefined
  requestTurn(): void
}

interface DelayedInfo {
  readonly message: InfoMessage
  readonly core: number
  /** Position in that core's data ring. */
  after: number
  /** The core has died: the rest of what it had written is all that comes. */
  isLost: boolean
}

export class InfoDelivery {
  readonly #host: InfoDeliveryHost
  #delayed: DelayedInfo[] = []

  constructor(host: InfoDeliveryHost) {
    this.#host = host
  }

  get hasDelayed(): boolean {
    return this.#delayed.length > 0
  }

  /** `after` is where `core` had written its data ring up to; undefined when it has died. An actor without `info` is told nothing. */
  tell(cell: ActorCell, message: InfoMessage, core: number, after: number | undefined): void {
    if (cell.program !== undefined && cell.program.info === undefined) return
    ;(cell.infos ??= new InfoBox()).add(message)
    if (core === this.#host.coreNumber) this.#host.dispatcher.deliverInfo(message)
    else {
      this.#delayed.push({ message, core, after: after ?? this.#endOfRing(core), isLost: after === undefined })
      this.tellDelayed()
    }
    this.#host.requestTurn()
  }

  /** Tells what waited for messages that have been taken by now. */
  tellDelayed(): void {
    const delayed = this.#delayed
    this.#delayed = []
    for (const each of delayed) {
      if (this.#isDue(each)) this.#host.dispatcher.deliverInfo(each.message)
      else this.#delayed.push(each)
    }
  }

  /** What that core wrote last may never have been published. */
  coreLost(core: number): void {
    for (const delayed of this.#delayed) {
      if (delayed.core !== core) continue
      delayed.after = this.#endOfRing(core)
      delayed.isLost = true
    }
  }

  #isDue({ core, after, isLost }: DelayedInfo): boolean {
    const lane = this.#host.inbound(core)
    return lane === undefined || ((lane.position - after) | 0) >= 0 || (isLost && lane.isEmpty)
  }

  /** Where reading must have come to have passed, for certain, all that is in the ring now. */
  #endOfRing(core: number): number {
    const lane = this.#host.inbound(core)
    return lane === undefined ? 0 : (lane.position + lane.capacity) | 0
  }
}
