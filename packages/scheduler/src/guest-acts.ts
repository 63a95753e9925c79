/** What the home of a guest does for it, in its name: links, monitors, exits, entries of the directory. `guest-bonds.ts` is the other end. */
import { toErrorRecord } from '@cambium/base'
import type { ActorCell } from './actor-cell.ts'
import { slotOf } from './move-signals.ts'
import type { GuestAct } from './move-signals.ts'
import type { Moved } from './moved.ts'
import type { MovesHost } from './moves-host.ts'

/** So many links are cut before a guest is told that they are. */
const CUTS_TOLD = 64

export class GuestActs {
  readonly #host: MovesHost

  constructor(host: MovesHost) {
    this.#host = host
  }

  /** `number`: of what it has said there. */
  take(cell: ActorCell, moved: Moved, number: number, what: GuestAct): void {
    moved.heard = number
    moved.written = 'written' in what ? what.written : undefined
    try {
      this.#carryOut(cell, moved, what)
    } catch (error) {
      this.#host.reportFault(`${what.act} of ${cell.label}`, error)
    }
    moved.written = undefined
    if (what.act === 'unlink') this.#tellHeard(moved)
  }

  /** The guest remembers the links that it has cut until it knows that they are: it is told when it may not learn that by the way. */
  #tellHeard(moved: Moved): void {
    moved.cuts += 1
    if (moved.cuts < CUTS_TOLD || moved.place === undefined) return
    moved.cuts = 0
    this.#host.signal(moved.place.core, { type: 'guest_heard', ...slotOf(moved.place), heard: moved.heard })
  }

  /** Throws what links and monitors throw. */
  #carryOut(cell: ActorCell, moved: Moved, what: GuestAct): void {
    const { bonds, directory } = this.#host
    switch (what.act) {
      case 'link':
        bonds.link(cell, what.ref)
        return
      case 'unlink':
        bonds.unlink(cell, what.ref)
        return
      case 'monitor':
        moved.lastMonitor = what.name
        moved.name(bonds.monitor(cell, what.ref), what.name)
        return
      case 'demonitor':
        bonds.demonitor(cell, what.name as never, true)
        return
      case 'trap':
        bonds.trapExits(cell, what.isOn)
        return
      case 'exit':
        bonds.exit(cell, what.ref, what.reason)
        return
      case 'tell':
        bonds.tell(cell, what.ref, what.news)
        return
      case 'watch':
        directory.watch(cell, what.space)
        return
      case 'unwatch':
        directory.unwatch(cell, what.space)
        return
      case 'unlock':
        directory.unlock(cell, what.key)
        return
      case 'wish': {
        const { place } = moved
        const answer = (count: number, error: unknown): void => {
          if (place === undefined || moved.place !== place) return
          const record = error === undefined ? undefined : toErrorRecord(error)
          const { request } = what
          this.#host.signal(place.core, { type: 'guest_answer', ...slotOf(place), request, count, error: record })
          this.#host.requestTurn()
        }
        directory.ask(cell, what.wish).then(
          (count) => {
            answer(count, undefined)
          },
          (error: unknown) => {
            answer(0, error)
          },
        )
      }
    }
  }
}
