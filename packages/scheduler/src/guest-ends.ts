/** Ends of actors that are away, as their home has to bring them about: where they are, or once they have come back. */
import type { ExitReason } from '@cambium/actor'
import { formatAddress } from '@cambium/base'
import type { ActorAddress } from '@cambium/base'
import type { ActorCell } from './actor-cell.ts'
import { slotOf } from './move-signals.ts'
import type { MoveSignal } from './move-signals.ts'
import type { Moved } from './moved.ts'
import type { MovesHost } from './moves-host.ts'

export class GuestEnds {
  readonly #host: MovesHost

  constructor(host: MovesHost) {
    this.#host = host
  }

  /** It is to be stopped, within that time. Whoever asked for it has said so in the cell. */
  stop(cell: ActorCell, timeoutMs: number): void {
    this.#whenThere(
      cell,
      (place) => ({ type: 'guest_stop', ...slotOf(place), timeoutMs }),
      () => {
        this.#host.lifecycle.stopHere(cell, timeoutMs)
      },
    )
  }

  exit(cell: ActorCell, reason: ExitReason, isKill: boolean, ofLink: ActorAddress | undefined): void {
    this.#whenThere(
      cell,
      (place) => ({
        type: 'guest_exit',
        ...slotOf(place),
        reason,
        isKill,
        ofLink: ofLink && formatAddress(ofLink),
        heard: cell.moved?.heard ?? 0,
      }),
      () => {
        this.#host.lifecycle.exit(cell, reason, isKill, ofLink)
      },
    )
  }

  #whenThere(cell: ActorCell, make: (place: ActorAddress) => MoveSignal, here: () => void): void {
    const moved = cell.moved as Moved
    const { place } = moved
    if (place === undefined || moved.over !== undefined || moved.lost !== undefined) return // its end is under way
    // Once it was told to send everything back it looks at nothing else: what is asked for now is done here.
    if (moved.isRecalled) {
      const before = moved.onHome
      moved.onHome = () => {
        before?.()
        here()
      }
    } else this.#host.signal(place.core, make(place))
  }
}
