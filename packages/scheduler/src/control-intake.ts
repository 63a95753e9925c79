/** What a core takes from its control lanes (D4): signals of the root and of its peers, before any user message. */
import type { InboundLink } from './inbound-link.ts'
import type { Signal } from './signals.ts'
import type { TurnBudget } from './turn-budget.ts'

/** Signals of one peer in one turn. */
const SIGNALS_PER_LINK_MAX = 256

export interface ControlIntakeHost {
  /** A signal meant for this incarnation of the core. */
  take(from: number, signal: Signal): void
  /** Room was given back to a peer. */
  gaveRoom(): void
}

export class ControlIntake {
  readonly #host: ControlIntakeHost
  readonly #links: readonly InboundLink[]
  readonly #epoch: number

  constructor(host: ControlIntakeHost, links: readonly InboundLink[], epoch: number) {
    this.#host = host
    this.#links = links
    this.#epoch = epoch
  }

  get isEmpty(): boolean {
    for (const link of this.#links) if (!link.control.isEmpty) return false
    return true
  }

  /** A bounded number of each peer, and no more once the turn is over: a signal may start an actor, which takes its time. */
  take(budget: TurnBudget): number {
    let done = 0
    for (const link of this.#links) done += this.#takeFrom(link, SIGNALS_PER_LINK_MAX, budget)
    return done
  }

  /** Everything that has arrived; ends, since rings are bounded and their senders wait for this thread. */
  takeAll(): void {
    for (const link of this.#links) while (this.#takeFrom(link, Infinity, undefined) > 0);
  }

  #takeFrom(link: InboundLink, max: number, budget: TurnBudget | undefined): number {
    const lane = link.control
    if (lane.isEmpty) return 0
    let done = 0
    while (done < max) {
      const outcome = lane.next()
      if (outcome === 'none') break
      done += 1
      // What was meant for an earlier incarnation of this core the root has settled itself.
      if (outcome === 'record' && lane.record.a === this.#epoch) this.#host.take(link.core, link.decode(lane.record) as Signal)
      if (budget?.isSpent() === true) break
    }
    if (lane.release()) this.#host.gaveRoom()
    return done
  }
}
