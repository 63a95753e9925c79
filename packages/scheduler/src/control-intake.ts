/** What a core takes from its control lanes (D4): signals of the root and of its peers, before any user message. */
import type { InboundLink } from './inbound-link.ts'
import { isShareLost, ParcelWaits } from './parcel-waits.ts'
import type { ParcelWaitsHost } from './parcel-waits.ts'
import type { SignalRouter } from './signal-router.ts'
import type { Signal } from './signals.ts'
import type { TurnBudget } from './turn-budget.ts'

/** Signals of one peer in one turn. */
const SIGNALS_PER_LINK_MAX = 256

export interface ControlIntakeHost extends ParcelWaitsHost {
  /** Is given the signals that are meant for this incarnation of the core. */
  readonly router: SignalRouter
  /** Room was given back to a peer. */
  gaveRoom(): void
  reportFault(where: string, error: unknown): void
}

export class ControlIntake {
  readonly #host: ControlIntakeHost
  readonly #links: readonly InboundLink[]
  readonly #epoch: number
  readonly #waits: ParcelWaits

  constructor(host: ControlIntakeHost, links: readonly InboundLink[], epoch: number) {
    this.#host = host
    this.#links = links
    this.#epoch = epoch
    this.#waits = new ParcelWaits(host)
  }

  /** Whether there is nothing to {@link take}. */
  isEmptyFor(isOpen: boolean): boolean {
    for (const link of this.#links) if ((isOpen || link.core === 0) && !link.control.isEmpty) return false
    return true
  }

  /**
   * A bounded number of each peer, and no more once the turn is over: a signal may start an actor, which takes its time. A successor that is
   * not open yet takes the root's alone: other supervisors' orders are about slots that it has still to adopt.
   */
  take(budget: TurnBudget, isOpen: boolean): number {
    let done = 0
    for (const link of this.#links) {
      if (isOpen || link.core === 0) done += this.#takeFrom(link, SIGNALS_PER_LINK_MAX, budget)
    }
    return done
  }

  /** As {@link take}, of one peer. */
  takeOf(link: InboundLink, budget: TurnBudget): number {
    return this.#takeFrom(link, SIGNALS_PER_LINK_MAX, budget)
  }

  /** Everything that has arrived from one core, which is dead and says no more. */
  takeAllOf(core: number): void {
    for (const link of this.#links) if (link.core === core) while (this.#takeFrom(link, Infinity, undefined) > 0);
  }

  /** Everything that has arrived; ends, since rings are bounded and their senders wait for this thread. */
  takeAll(): void {
    for (const link of this.#links) while (this.#takeFrom(link, Infinity, undefined) > 0);
  }

  #takeSignal(link: InboundLink): void {
    let signal: Signal
    try {
      signal = link.decode(link.control.record) as Signal
    } catch (error) {
      // The order is lost with what it shared; who gave it has died.
      if (!isShareLost(error)) throw error
      this.#host.reportFault('a signal', error)
      return
    }
    this.#host.router.take(link.core, signal)
  }

  #takeFrom(link: InboundLink, max: number, budget: TurnBudget | undefined): number {
    const lane = link.control
    if (lane.isEmpty && !lane.isHeld) return 0
    let done = 0
    while (done < max) {
      const outcome = lane.next()
      if (outcome === 'none') break
      if (outcome === 'record' && !lane.fetchParcel(this.#waits.isOver(lane))) {
        this.#waits.begin(lane)
        break
      }
      done += 1
      // What was meant for an earlier incarnation of this core the root has settled itself.
      if (outcome === 'record' && lane.record.a === this.#epoch) this.#takeSignal(link)
      if (budget?.isSpent() === true) break
    }
    if (lane.release()) this.#host.gaveRoom()
    return done
  }
}
