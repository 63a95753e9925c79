/** The core as the contexts of its guests see it: what belongs to an actor's address is done by its home, all else here. */
import type { Behaviour, Ref, RefTarget } from '@cambium/actor'
import type { ActorCell } from './actor-cell.ts'
import type { Asker } from './asks.ts'
import { GuestBonds } from './guest-bonds.ts'
import { GuestDirectory } from './guest-directory.ts'
import type { Before } from './lifecycle.ts'
import type { MovesHost } from './moves-host.ts'
import type { RunContextHost } from './run-context.ts'
import type { StartSpec } from './signals.ts'

export class GuestHost implements RunContextHost {
  readonly #core: MovesHost
  readonly bonds: GuestBonds
  readonly directory: GuestDirectory

  constructor(core: MovesHost) {
    this.#core = core
    this.bonds = new GuestBonds(core)
    this.directory = new GuestDirectory(core, this.bonds)
  }

  get channels(): RunContextHost['channels'] {
    return this.#core.channels
  }

  get loader(): RunContextHost['loader'] {
    return this.#core.loader
  }

  get isStrict(): boolean {
    return this.#core.isStrict
  }

  get encoder(): RunContextHost['encoder'] {
    return this.#core.encoder
  }

  get router(): RunContextHost['router'] {
    return this.#core.router
  }

  get platform(): RunContextHost['platform'] {
    return this.#core.platform
  }

  get lifecycle(): RunContextHost['lifecycle'] {
    return this.#core.lifecycle
  }

  get dispatcher(): RunContextHost['dispatcher'] {
    return this.#core.dispatcher
  }

  get moves(): RunContextHost['moves'] {
    return this.#core.moves
  }

  get wheel(): RunContextHost['wheel'] {
    return this.#core.wheel
  }

  get sender(): RunContextHost['sender'] {
    return this.#core.sender
  }

  get limits(): RunContextHost['limits'] {
    return this.#core.limits
  }

  now(): number {
    return this.#core.now()
  }

  /** A guest's own ref leads to its home. */
  refOf(target: RefTarget): Ref<unknown> {
    const home = (target as Partial<ActorCell>).guest?.home
    return this.#core.refOf(home === undefined ? target : { ...home, layouts: target.layouts })
  }

  reply(asker: Asker, value: unknown): void {
    this.#core.reply(asker, value)
  }

  replyError(asker: Asker, error: Error): void {
    this.#core.replyError(asker, error)
  }

  buryReply(cell: ActorCell, value: unknown): void {
    this.#core.buryReply(cell, value)
  }

  spawnChild(parent: ActorCell, behaviour: Behaviour<unknown, unknown>, spec: StartSpec, before?: Before): Ref<unknown> {
    return this.#core.spawnChild(parent, behaviour, spec, before)
  }

  outstanding(change: 1 | -1): void {
    this.#core.outstanding(change)
  }

  stopSelf(cell: ActorCell, reason: Parameters<RunContextHost['stopSelf']>[1]): void {
    const waiting = cell.guest?.onBegun
    if (waiting === undefined) this.#core.stopSelf(cell, reason)
    else waiting.push(() => this.#core.stopSelf(cell, reason))
  }

  reportFault(where: string, error: unknown): void {
    this.#core.reportFault(where, error)
  }

  requestTurn(): void {
    this.#core.requestTurn()
  }
}
