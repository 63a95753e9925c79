/**
 * Writes the signals of links and monitors. Those to actors of this core go through a queue, taken one after the other: a chain of links may be as long
 * as it likes.
 */
import { EXIT_NOPROC } from '@cambium/actor'
import type { ExitReason } from '@cambium/actor'
import { CambiumError, Fifo, formatAddress } from '@cambium/base'
import type { ActorAddress } from '@cambium/base'
import type { ActorCell } from './actor-cell.ts'
import type { Behind, BondEnds, BondNames, BondSignal, News } from './bond-signals.ts'
import { LINK, MINE, THEIRS, WATCHED, WATCHING } from './bond-table.ts'
import type { BondTable } from './bond-table.ts'
import type { OutboundLink } from './outbound-link.ts'
import { noSuchCore } from './send-errors.ts'
import type { Signal } from './signals.ts'

/** Signals that may wait for room to one core before actors make no more of them. */
export const SIGNALS_WAITING_MAX = 65_536

export interface BondPostHost {
  readonly coreNumber: number
  readonly links: readonly (OutboundLink | undefined)[]
  /** Incarnation of a core as the root last counted it. */
  epochOf(core: number): number
  readonly router: { send(core: number, signal: Signal): void; toRoot(signal: Signal): void }
}

export class BondPost {
  readonly #host: BondPostHost
  readonly #table: BondTable
  readonly #epoch: number
  readonly #take: (signal: BondSignal) => void
  readonly #local: Fifo<BondSignal> = new Fifo()
  #isHeld = false

  /** `take` is given what is sent to actors of this core. */
  constructor(host: BondPostHost, table: BondTable, take: (signal: BondSignal) => void) {
    this.#host = host
    this.#table = table
    this.#epoch = host.epochOf(host.coreNumber)
    this.#take = take
  }

  /** Throws `ERR_NO_SUCH_CORE`, `ERR_SIGNALS_FULL`. */
  checkRoom(ref: ActorAddress): void {
    if (ref.core === this.#host.coreNumber) return
    const link = this.#host.links[ref.core]
    if (link === undefined) throw noSuchCore(ref, this.#host.links.length)
    if (link.control.queued >= SIGNALS_WAITING_MAX) throw bondsFull(ref, link.control.queued)
  }

  /** Tells the peer of a bond that its row has just been made. */
  made(row: number, owner: ActorCell | undefined): void {
    const table = this.#table
    const kind = table.kind(row) === LINK ? 'link' : 'monitor'
    this.#send(
      table.peerCore(row),
      { type: 'bond_made', kind, ...this.#endsOf(row, owner), name: table.name(row) },
      isRelayed(owner),
    )
  }

  /** The bond of that row is about to be removed: its owner does not want it any more. Answers what sends that. */
  cut(row: number, owner: ActorCell | undefined): () => void {
    const core = this.#table.peerCore(row)
    const signal: BondSignal = { type: 'bond_cut', ...this.#endsOf(row, owner), ...this.#namesOf(row) }
    return () => {
      this.#send(core, signal, isRelayed(owner))
    }
  }

  /** The same, when its owner has ended. */
  end(row: number, owner: ActorCell, reason: ExitReason): () => void {
    const table = this.#table
    if (table.kind(row) === WATCHING) return this.cut(row, owner)
    const core = table.peerCore(row)
    const names = { ...this.#endsOf(row, owner), ...this.#namesOf(row) }
    const there = behindGuest(core, owner)
    return () => {
      const behind = there ?? this.#written(core)
      try {
        this.#send(core, { type: 'bond_end', ...names, reason, ...behind }, isRelayed(owner))
      } catch {
        // A detail larger than a signal may be: the end itself must not fail to be told.
        const bare = { ...reason, detail: undefined } as ExitReason
        this.#send(core, { type: 'bond_end', ...names, reason: bare, ...behind }, isRelayed(owner))
      }
    }
  }

  /** Answers a `bond_made` for an actor that is not there; behind the end of its entries, should it have had any. */
  noproc(sender: ActorAddress, { kind, slot, generation, name }: Extract<BondSignal, { type: 'bond_made' }>): void {
    const { core } = sender
    const ends = {
      epoch: this.#epoch,
      fromSlot: slot,
      fromGeneration: generation,
      slot: sender.slot,
      generation: sender.generation,
    }
    this.#send(core, { type: 'bond_end', kind, ...ends, mine: 0, yours: name, reason: EXIT_NOPROC, ...this.#written(core) }, true)
  }

  /** Throws `ERR_CANNOT_TRAVEL`, `ERR_MESSAGE_TOO_LARGE`. */
  exit(cell: ActorCell, ref: ActorAddress, reason: ExitReason): void {
    const { core, slot, generation } = ref
    const ends = { epoch: this.#epoch, fromSlot: cell.slot, fromGeneration: cell.generation, slot, generation }
    this.#send(core, { type: 'exit', ...ends, reason, ...this.#behind(core, cell) }, isRelayed(cell))
  }

  /** Throws `ERR_CANNOT_TRAVEL`, `ERR_MESSAGE_TOO_LARGE`. */
  told(cell: ActorCell, ref: ActorAddress, news: News): void {
    const { core, slot, generation } = ref
    const ends = { epoch: this.#epoch, fromSlot: cell.slot, fromGeneration: cell.generation, slot, generation }
    this.#send(core, { type: 'told', ...ends, news, ...this.#behind(core, cell) }, isRelayed(cell))
  }

  /** Nobody of this core acts on what `send` sends before all of it is done. */
  together(send: () => void): void {
    const wasHeld = this.#isHeld
    this.#isHeld = true
    try {
      send()
    } finally {
      this.#isHeld = wasHeld
    }
    this.#takeLocal()
  }

  #endsOf(row: number, owner: ActorCell | undefined): BondEnds {
    const { slot, generation } = this.#table.peer(row)
    return { epoch: this.#epoch, fromSlot: owner?.slot ?? -1, fromGeneration: owner?.generation ?? 0, slot, generation }
  }

  #namesOf(row: number): BondNames {
    const table = this.#table
    const kind = table.kind(row)
    if (kind === WATCHING) return { kind: 'monitor', mine: table.name(row), yours: 0 }
    if (kind === WATCHED) return { kind: 'monitor', mine: 0, yours: table.foreignName(row) }
    const mine = table.has(row, MINE) ? table.name(row) : 0
    const yours = table.has(row, THEIRS) ? table.foreignName(row) : 0
    return { kind: 'link', mine, yours }
  }

  /** Up to where this core has written into the data ring to that core. */
  #written(core: number): Behind {
    return { after: this.#host.links[core]?.data.ringPosition ?? 0 }
  }

  #behind(core: number, cell: ActorCell): Behind {
    return behindGuest(core, cell) ?? this.#written(core)
  }

  #send(core: number, signal: BondSignal, byRoot: boolean): void {
    if (byRoot) {
      // What went the short way is to arrive before.
      this.#host.links[core]?.control.flush()
      this.#host.router.toRoot({ type: 'bond_relay', from: this.#host.coreNumber, to: core, signal })
      return
    }
    if (core === this.#host.coreNumber) {
      this.#local.push(signal)
      this.#takeLocal()
    } else if (this.#host.links[core] !== undefined) this.#host.router.send(core, signal) // else this core was severed
  }

  #takeLocal(): void {
    if (this.#isHeld) return
    this.#isHeld = true
    try {
      for (let signal = this.#local.first; signal !== undefined; signal = this.#local.first) {
        this.#local.shift()
        this.#take(signal)
      }
    } finally {
      this.#isHeld = false
    }
  }
}

/** Actors with names, and with other entries of the directory: whoever hears of their end is to find those gone. */
function isRelayed(owner: ActorCell | undefined): boolean {
  return owner !== undefined && (owner.hasEntries || (owner.name !== undefined && owner.isSupervised))
}

/** What an actor that is a guest elsewhere had written there. */
function behindGuest(core: number, { moved }: ActorCell): Behind | undefined {
  return moved?.written && { after: moved.written.positions[core] ?? 0, of: moved.written.core }
}

export function bondsFull(ref: ActorAddress, waiting: number): CambiumError {
  return new CambiumError(
    'ERR_SIGNALS_FULL',
    `too many signals wait for the core: ref=${formatAddress(ref)}, waiting=${waiting}, limit=${SIGNALS_WAITING_MAX}`,
    { severity: 'crash' },
  )
}
