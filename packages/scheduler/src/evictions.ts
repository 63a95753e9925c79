/**
 * An adopted actor that may still be a guest of another core, by the word of this one's predecessor, ends there before it starts here; and what it had said there has been taken before
 * it says anything more.
 *
 * 1. The root tells a successor with each slot on which cores the actor may be (`hosts`): from the request for a move on, until `settled`.
 * 2. A start of that slot asks these cores in turn (`evict`). Each ends whoever has that address, of whichever incarnation, and answers when its peers have taken all that it has written.
 * 3. The death of such a core answers for it. So what it had written is waited for here in any case, until the readers of its rings are past where they end.
 * 4. Then the root is told (`settled`), and the start goes on.
 * 5. A stop for good of such a slot asks in the same way before it frees it: its supervisor is told when it is nowhere any more. Where that is the root, it asks itself.
 * 6. Whoever gives the start up meanwhile, a stop that keeps the slot or another start among them, counts up `phase`: the start fails when the present answer has come, `hosts` stay as they
 *    are, and the next start begins at 2 again.
 * 7. Nothing gives up what frees the slot, and nobody asks beside it, since answers may overtake each other when a host dies: a start that comes meanwhile waits for the end of that, and has the
 *    slot made anew.
 */
import { CambiumError } from '@cambium/base'
import type { ActorCell } from './actor-cell.ts'
import type { Moved } from './moved.ts'
import type { MovesHost } from './moves-host.ts'
import { isOwnedByRoot } from './ownership.ts'

export interface EvictionsHost extends Pick<MovesHost, 'requests' | 'requestTurn'> {
  readonly moves: {
    /** Calls back when all that another core has written by now has been taken. */
    behind(core: number, act: () => void): void
    readonly moved: { settled(cell: ActorCell, hosts: readonly number[]): void }
  }
}

export class Evictions {
  readonly #host: EvictionsHost

  constructor(host: EvictionsHost) {
    this.#host = host
  }

  /** `done` is told when the actor is given up meanwhile, else `then` is called. A start before this one is given up. */
  begin(cell: ActorCell, done: (error: Error) => void, then: () => void): void {
    const moved = cell.moved as Moved
    cell.phase += 1
    const { phase } = cell
    const hosts = moved.hosts ?? []
    const next = (at: number): void => {
      const host = hosts[at]
      if (cell.phase !== phase)
        done(new CambiumError('ERR_STOPPED_DURING_START', `actor was stopped during its start: actor=${cell.label}`))
      else if (host === undefined) {
        this.#host.moves.moved.settled(cell, hosts)
        moved.hosts = undefined
        then()
      } else this.#evict(cell, host, () => next(at + 1))
      this.#host.requestTurn()
    }
    next(0)
  }

  /** Its slot is not wanted any more: `then` is called when it is nowhere else either. */
  free(cell: ActorCell, then: () => void): void {
    if (cell.moved?.hosts === undefined || cell.owner === undefined || isOwnedByRoot(cell.owner)) then()
    else this.begin(cell, then, then)
  }

  #evict({ core, slot, generation }: ActorCell, host: number, done: () => void): void {
    const home = { core, slot, generation }
    this.#host.requests.send(
      host,
      false,
      (request) => ({ type: 'evict', request, home, incarnation: undefined }),
      () => {
        // That core may have died as well: what it had written is waited for here.
        this.#host.moves.behind(host, done)
      },
    )
  }
}
