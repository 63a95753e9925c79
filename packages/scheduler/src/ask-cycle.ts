/**
 * Circles of asks: a handler of A awaits an answer of B, whose handler awaits one of A. Both would wait until their time is up; the ask that closes the
 * circle is refused at once instead, with the path (after Chandy, Misra and Haas, 1983).
 *
 * 1. An ask belongs to the handler that made it, until it is answered or the handler ends.
 * 2. A search begins where an ask arrives at an actor whose own handler waits for answers: it follows what each of these was asked of, from actor to actor,
 *    to other cores by a signal. It goes on only through actors that wait, and ends at one that receives messages meanwhile (`ctx.receive`).
 * 3. Coming back to the actor whose ask began the search, it has found a circle. That is told on the asker's core, which alone knows the ask.
 * 4. Every ask of a circle may find it, if they are made at the same time on several cores. The latest one is refused: it saw all others, since they
 *    were there before it. Times are of the platform's clock, one for all cores; of two asks of the same moment both are refused.
 * 5. A circle stays as it is until somebody is refused or gives up, so a search that goes on while others work finds what is true.
 * 6. Who has moved is followed to where it is, by way of its home, and named by its ref. It stays there: an actor that waits for answers does not move.
 * 7. An ask that waits for room has not arrived, and begins no search: it ends by its time, if nothing else does.
 */
import type { ActorAddress } from '@cambium/base'
import { CambiumError, sameAddress } from '@cambium/base'
import { AWAY, BUSY } from './actor-cell.ts'
import type { ActorCell } from './actor-cell.ts'
import { PendingAsk } from './asks.ts'
import type { Asker, AskTable } from './asks.ts'
import type { Hand } from './hand.ts'
import { isAdmitted } from './nested-messages.ts'
import type { Replies } from './replies.ts'
import type { SignalWays } from './signals.ts'
import type { SlotTable } from './slot-table.ts'
import type { WaitLink } from './wait-cycle.ts'

/** Actors of one circle; a longer one is left to the asks' own times. */
const PATH_MAX = 64
/** Steps of one search on one core. */
const STEPS_MAX = 1024

export interface AskChain {
  /** Core of the ask that began the search, and its number there. */
  readonly origin: number
  readonly correlation: number
  /** Actors that wait, from the first ask's target on. */
  readonly path: readonly WaitLink[]
  /** When the latest of their asks was made. */
  readonly latestMs: number
  /** Chain of calls of the ask that leads to `next`. */
  readonly chain: number
  readonly next: ActorAddress
}

export interface AskCyclesHost {
  readonly coreNumber: number
  readonly slots: SlotTable
  readonly asks: AskTable
  readonly sender: { readonly replies: Replies }
  readonly router: SignalWays
}

export class AskCycles {
  readonly #host: AskCyclesHost

  constructor(host: AskCyclesHost) {
    this.#host = host
  }

  /** An ask has arrived at an actor whose handler waits for answers itself. */
  arrived(cell: ActorCell, asker: Asker, chain: number): void {
    let origin = this.#host.coreNumber
    if (asker instanceof PendingAsk) {
      if (asker.hand === undefined) return // no handler waits for it
      if (asker.correlation === 0) this.#host.asks.add(asker) // found by its number if the search leaves this core
    } else origin = asker.core
    this.follow({ origin, correlation: asker.correlation, path: [], latestMs: -Infinity, chain, next: address(cell) })
  }

  /** A handler that is not declared `async` has returned a promise: what it asked of actors of this core meanwhile was not refused. */
  recheck(hand: Hand): void {
    const asks = [...hand.asks()] // those that are refused leave the list
    for (const ask of asks) {
      const { target } = ask
      if (target.core !== this.#host.coreNumber) continue
      const cell = this.#host.slots.find(target.slot, target.generation)
      if (cell?.hand?.hasAsks === true) this.arrived(cell, ask, ask.chain)
    }
  }

  /** Takes up a search where it lies on this core. */
  follow(start: AskChain): void {
    const { coreNumber, slots, asks } = this.#host
    const open: AskChain[] = [start]
    for (let steps = 0; steps < STEPS_MAX; steps += 1) {
      const chain = open.pop()
      if (chain === undefined) return
      const { next, path } = chain
      if (next.core !== coreNumber) {
        this.#host.router.send(next.core, { type: 'ask_chain', chain: { ...chain, next: address(next) } })
        continue
      }
      const cell = slots.find(next.slot, next.generation)
      if (cell === undefined) continue
      if (cell.status === AWAY) {
        const place = cell.moved?.place
        if (place !== undefined) open.push({ ...chain, next: place })
        continue
      }
      if (isAdmitted(cell, chain.chain)) continue // it need not wait
      const ask = chain.origin === coreNumber ? asks.find(chain.correlation) : undefined
      // Whether the handler will return a promise is known before it does if it is declared `async`; else see recheck().
      const mayWait = cell.status === BUSY || cell.isAsync
      if (ask?.owner === cell && ask.hand !== undefined) {
        if (mayWait) this.#found(ask, cell, chain)
        continue
      }
      const { hand } = cell
      if (
        !mayWait ||
        hand === undefined ||
        !hand.hasAsks ||
        hand.receives.size > 0 ||
        path.length >= PATH_MAX ||
        path.some((link) => sameAddress(link, cell.address))
      )
        continue
      const longer = [...path, { ...address(cell.address), label: cell.label }]
      for (const each of hand.asks())
        open.push({
          ...chain,
          path: longer,
          latestMs: Math.max(chain.latestMs, each.askedAt),
          chain: each.chain,
          next: each.target,
        })
    }
  }

  #found(ask: PendingAsk, owner: ActorCell, { path, latestMs }: AskChain): void {
    if (ask.askedAt < latestMs) return // the latest finds it too
    const cycle: WaitLink[] = [{ ...address(owner.address), label: owner.label }, ...path]
    const names = [...cycle.map(({ label }) => label), owner.label]
    const actors = cycle.map(address)
    this.#host.sender.replies.failAsk(
      ask,
      new CambiumError('ERR_ASK_CYCLE', `ask closes a circle of actors that wait for each other: path=${names.join(' → ')}`, {
        severity: 'crash',
        fields: { path: names },
      }),
    )
    this.#host.router.toRoot({ type: 'news', news: { event: 'ask_cycle', detail: { actors, path: names.join(' → ') } } })
  }
}

function address({ core, slot, generation }: ActorAddress): ActorAddress {
  return { core, slot, generation }
}
