/** What a guest wants of the directory: its home asks for it, so that what it has entered is its home's address and ends with it. Look-ups are of this core's copy. */
import type { DirectoryEntry } from '@cambium/actor'
import { CambiumError, fromErrorRecord } from '@cambium/base'
import type { ActorCell } from './actor-cell.ts'
import type { ActorDirectory, CoreDirectory, Wish } from './core-directory.ts'
import type { GuestBonds } from './guest-bonds.ts'
import type { MoveSignal } from './move-signals.ts'

/** Requests of the guests of one core that may wait for their answers. */
const REQUESTS_MAX = 65_536

export interface GuestDirectoryHost {
  readonly directory: CoreDirectory
  readonly sender: { hasSettled: boolean }
  takeLastSignals(core: number): void
  requestTurn(): void
}

interface Pending {
  readonly cell: ActorCell
  readonly resolve: (count: number) => void
  readonly reject: (error: Error) => void
}

export class GuestDirectory implements ActorDirectory {
  readonly #host: GuestDirectoryHost
  readonly #bonds: GuestBonds
  readonly #pending = new Map<number, Pending>()
  #last = 0

  constructor(host: GuestDirectoryHost, bonds: GuestBonds) {
    this.#host = host
    this.#bonds = bonds
  }

  find(space: string, key: string): readonly DirectoryEntry[] {
    return this.#host.directory.find(space, key)
  }

  keys(space: string): string[] {
    return this.#host.directory.keys(space)
  }

  ask(cell: ActorCell, wish: Wish): Promise<number> {
    return new Promise((resolve, reject) => {
      if (this.#pending.size >= REQUESTS_MAX)
        throw new CambiumError('ERR_DIRECTORY_FULL', `directory is full: key=${wish.key}`, {
          severity: 'crash',
          fields: { key: wish.key },
        })
      this.#last = (this.#last + 1) | 0
      const request = this.#last
      this.#bonds.say(cell, { act: 'wish', request, wish })
      this.#pending.set(request, { cell, resolve, reject })
    })
  }

  unlock(cell: ActorCell, key: string): void {
    this.#bonds.say(cell, { act: 'unlock', key })
  }

  watch(cell: ActorCell, space: string): void {
    this.#bonds.say(cell, { act: 'watch', space })
  }

  unwatch(cell: ActorCell, space: string): void {
    this.#bonds.say(cell, { act: 'unwatch', space })
  }

  answered({ request, count, error }: Extract<MoveSignal, { type: 'guest_answer' }>): void {
    const pending = this.#pending.get(request)
    this.#pending.delete(request)
    if (pending === undefined) return // its incarnation has ended
    this.#host.takeLastSignals(0) // what changed core 0 has told this core before it answered
    this.#host.sender.hasSettled = true
    this.#host.requestTurn()
    if (error === undefined) pending.resolve(count)
    else pending.reject(fromErrorRecord(error))
  }

  /** What comes back now is not heard. */
  ended(cell: ActorCell): void {
    for (const [request, pending] of this.#pending) if (pending.cell === cell) this.#pending.delete(request)
  }
}
