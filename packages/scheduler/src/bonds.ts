/**
 * Links, monitors and exit signals of the actors of one core (C-33 to C-36).
 *
 * 1. A bond is made by one end, in a row of its own core's table, and told to the other core by `bond_made` with its name there. A name is never given
 *    twice, so whatever is said of a bond that is not there any more concerns nobody. Neither end waits for an answer.
 * 2. A bond belongs to an incarnation: it ends with it (`bond_end`, with the reason), and a bond to an actor that is not there, or waits for its
 *    restart, ends at once (`noproc`). `bond_cut` is the end that nobody is told of.
 * 3. Two actors have one link at most. When both have made it at the same time, each row has two names, and lasts until both are cut or ended.
 *    An owner that was told of the end by one name is not told `noproc` by the other.
 * 4. Signals between two cores keep their order. What stands in the tables and whom an exit ends changes as they arrive. What is *told*, by `info`, waits
 *    until the messages that the same core sent before have been taken from its data ring (`after`), so that order holds for each pair (C-36);
 *    only what still waited for room comes later.
 * 5. When a core has died, each row whose peer was in that incarnation of it ends with `core_lost`: at the root's `core_lost`, or at the
 *    first signal of its successor, whichever comes first. A row names the incarnation that it was sent to: what was sent after the root had
 *    counted up the epoch is the successor's.
 * 6. Signals between actors of one core go through a queue, taken one after the other: a chain of links may be as long as it likes.
 */
import type { ExitReason, Info, Monitor } from '@cambium/actor'
import { CambiumError, toErrorRecord } from '@cambium/base'
import type { ActorAddress, ErrorRecord } from '@cambium/base'
import type { ActorBonds } from './actor-bonds.ts'
import { AWAITING } from './actor-cell.ts'
import type { ActorCell } from './actor-cell.ts'
import { BondPost } from './bond-post.ts'
import type { BondPostHost } from './bond-post.ts'
import type { BondSignal, News } from './bond-signals.ts'
import { BondTable, LINK, MINE, THEIRS, TOLD, WATCHED, WATCHING } from './bond-table.ts'
import { InfoDelivery } from './info-delivery.ts'
import type { InfoDeliveryHost } from './info-delivery.ts'
import { InfoBox, InfoMessage } from './info-message.ts'
import type { Lifecycle } from './lifecycle.ts'
import type { Signal } from './signals.ts'
import type { SlotTable } from './slot-table.ts'

/** Of an actor that has ended: it takes no bonds any more. */
const CLOSED = -1
/** Exit signals that an actor may have trapped and not yet handled, besides those of its links. The next ones are left out. */
const EXITS_WAITING_MAX = 1024

export interface BondsHost extends BondPostHost, InfoDeliveryHost {
  readonly slots: SlotTable
  readonly lifecycle: Lifecycle
  refOf(address: ActorAddress): Info['ref']
}

export class Bonds implements ActorBonds {
  readonly #host: BondsHost
  readonly #table = new BondTable()
  readonly #post: BondPost
  /** Incarnation of each core that is known; what an older one said is not heard. */
  readonly #epochs: number[]
  /** Who watches from outside actors, by row. */
  readonly #outside = new Map<number, (reason: ExitReason) => void>()
  /** Tells actors of this core. */
  readonly infos: InfoDelivery

  constructor(host: BondsHost) {
    this.#host = host
    this.infos = new InfoDelivery(host)
    this.#post = new BondPost(host, this.#table, (signal) => {
      this.#handle(host.coreNumber, signal)
    })
    this.#epochs = Array.from(host.links, (_, core) => host.epochOf(core))
  }

  /** Ends of links and monitors on this core: two for each of its own actors. */
  get count(): number {
    return this.#table.count
  }

  // --- what actors do

  link(cell: ActorCell, ref: ActorAddress): void {
    if (isSame(cell, ref)) return
    const known = this.#table.link(cell.slot, ref)
    if (known !== 0) {
      this.#table.mark(known, TOLD, false) // linked anew: should the one under way find nobody, it is told
      return
    }
    const row = this.#make(LINK, cell, ref)
    this.#table.mark(row, MINE, true)
    this.#post.made(row, cell)
  }

  unlink(cell: ActorCell, ref: ActorAddress): void {
    const row = this.#table.link(cell.slot, ref)
    if (row !== 0) this.#cut(cell, row)
    cell.infos?.withdraw(({ info, isOfLink }) => info.type === 'exit' && isOfLink && isSame(info.ref, ref))
  }

  monitor(cell: ActorCell, ref: ActorAddress): Monitor {
    const row = this.#make(WATCHING, cell, ref)
    const name = this.#table.name(row) as Monitor
    this.#post.made(row, cell)
    return name
  }

  demonitor(cell: ActorCell, monitor: Monitor, isFlushed: boolean): boolean {
    const own = cell.moved?.monitorNamed(monitor) ?? monitor
    const row = this.#table.named(own)
    if (row !== 0 && this.#table.kind(row) === WATCHING && this.#table.owner(row) === cell.slot) {
      cell.moved?.forget(own)
      this.#cut(cell, row)
      return true
    }
    if (isFlushed) cell.infos?.withdraw(({ info }) => info.type === 'down' && info.monitor === monitor)
    return false
  }

  /** Throws `ERR_CANNOT_TRAVEL`. */
  exit(cell: ActorCell, ref: ActorAddress, reason: ExitReason): void {
    this.#post.checkRoom(ref)
    this.#post.exit(cell, ref, reason)
  }

  /** Tells another actor something by its `info`, without limit: what may be told of has one. Throws as `exit` does. */
  tell(cell: ActorCell, ref: ActorAddress, news: News): void {
    this.#post.checkRoom(ref)
    this.#post.told(cell, ref, news)
  }

  /** Names of the monitors that the actor has. */
  monitorsOf(cell: ActorCell): number[] {
    const table = this.#table
    const names: number[] = []
    for (let row = cell.bondHead; row > 0; row = table.next(row)) if (table.kind(row) === WATCHING) names.push(table.name(row))
    return names
  }

  trapExits(cell: ActorCell, isOn: boolean): boolean {
    const before = cell.infos?.isTrapping ?? false
    if (isOn !== before) (cell.infos ??= new InfoBox()).isTrapping = isOn
    return before
  }

  /** Watches for code outside actors; what is returned ends that. */
  watch(ref: ActorAddress, onDown: (reason: ExitReason) => void): () => void {
    const row = this.#make(WATCHING, undefined, ref)
    const name = this.#table.name(row)
    this.#outside.set(row, onDown)
    this.#post.made(row, undefined)
    return () => {
      if (this.#table.named(name) === row) this.#cut(undefined, row)
    }
  }

  // --- what happens to actors

  /** A new incarnation begins; it has no bonds. */
  opened(cell: ActorCell): void {
    cell.bondHead = 0
  }

  /**
   * The incarnation has ended: all its bonds do. What is returned tells the others, once whoever owns the actor has been told and has decided about its name.
   * `reasonOf` is asked only when there are any.
   */
  ended(cell: ActorCell, reasonOf: () => ExitReason): (() => void) | undefined {
    cell.infos = undefined
    if (cell.bondHead <= 0) {
      cell.bondHead = CLOSED
      return undefined
    }
    const reason = reasonOf()
    const sends: (() => void)[] = []
    while (cell.bondHead > 0) {
      const row = cell.bondHead
      const isPeerGone = this.#table.epoch(row) < this.#host.epochOf(this.#table.peerCore(row))
      const send = this.#post.end(row, cell, reason)
      this.#remove(row, cell)
      if (!isPeerGone) sends.push(send)
    }
    cell.bondHead = CLOSED
    return () => {
      this.#post.together(() => {
        for (const send of sends) send()
      })
    }
  }

  /** A core has ended in its incarnation `epoch`. */
  coreLost(core: number, epoch: number, error: ErrorRecord): void {
    if (epoch < (this.#epochs[core] as number)) return // its successor has told by itself
    this.#epochs[core] = epoch + 1
    const reason: ExitReason = { kind: 'core_lost', error }
    this.infos.coreLost(core)
    const table = this.#table
    for (const row of table.withPeerOn(core, epoch)) {
      const kind = table.kind(row)
      if (kind === 0) continue // ended meanwhile, with its owner
      const peer = table.peer(row)
      const name = table.name(row)
      const owner = this.#ownerOf(row)
      const isTold = table.has(row, TOLD)
      this.#remove(row, owner, (onDown) => {
        onDown(reason)
      })
      if (owner === undefined || isTold) continue
      if (kind === WATCHING) this.#tellDown(owner, name, peer, reason, core, undefined)
      else if (kind === LINK) this.#exited(owner, peer, reason, core, undefined, true)
    }
    this.#host.requestTurn()
  }

  // --- signals

  /** False when the signal is none of these. */
  take(from: number, signal: Signal): signal is BondSignal {
    switch (signal.type) {
      case 'bond_made':
      case 'bond_cut':
      case 'bond_end':
      case 'exit':
      case 'told':
        if (signal.epoch > (this.#epochs[from] as number)) this.coreLost(from, signal.epoch - 1, lostRecord(from))
        if (signal.epoch === this.#epochs[from]) this.#handle(from, signal)
        return true
      default:
        return false
    }
  }

  get hasDelayed(): boolean {
    return this.infos.hasDelayed
  }

  /** Tells what waited for messages that have been taken from the rings by now. */
  tellDelayed(): void {
    this.infos.tellDelayed()
  }

  #handle(from: number, signal: BondSignal): void {
    const { slot, generation, fromSlot, fromGeneration } = signal
    const sender = { core: from, slot: fromSlot, generation: fromGeneration }
    switch (signal.type) {
      case 'bond_made':
        this.#made(sender, signal)
        return
      case 'bond_cut':
        if (signal.kind === 'monitor') {
          const row = this.#table.watched(from, signal.mine)
          if (row !== 0) this.#remove(row, this.#ownerOf(row))
        } else this.#linkOver(sender, signal)
        return
      case 'bond_end':
        if (signal.kind === 'monitor') this.#down(from, signal)
        else this.#linkOver(sender, signal)
        return
      case 'exit': {
        const cell = this.#find(slot, generation)
        if (cell !== undefined) this.#exited(cell, sender, signal.reason, signal.of ?? from, signal.after, false)
        return
      }
      case 'told': {
        const cell = this.#find(slot, generation)
        if (cell === undefined) return
        const info: Info = { ...signal.news, ref: this.#host.refOf(sender) }
        this.infos.tell(cell, new InfoMessage(cell, info, false), signal.of ?? from, signal.after)
      }
    }
  }

  #made(sender: ActorAddress, signal: Extract<BondSignal, { type: 'bond_made' }>): void {
    const { kind, name, slot, generation, epoch } = signal
    const cell = this.#find(slot, generation)
    if (cell === undefined) {
      this.#post.noproc(sender, signal)
      return
    }
    const table = this.#table
    if (kind === 'monitor') {
      table.setForeign(table.add(WATCHED, cell, sender, epoch), name)
      return
    }
    const known = table.link(slot, sender)
    const row = known === 0 ? table.add(LINK, cell, sender, epoch) : known
    table.setEpoch(row, epoch)
    table.setForeign(row, name)
    table.mark(row, THEIRS, true)
    table.mark(row, TOLD, false)
  }

  #down(from: number, signal: Extract<BondSignal, { type: 'bond_end' }>): void {
    const row = this.#table.named(signal.yours)
    if (row === 0 || this.#table.kind(row) !== WATCHING) return
    const peer = this.#table.peer(row)
    const owner = this.#ownerOf(row)
    this.#remove(row, owner, (onDown) => {
      onDown(signal.reason)
    })
    if (owner !== undefined && from === peer.core)
      this.#tellDown(owner, signal.yours, peer, signal.reason, signal.of ?? from, signal.after)
  }

  /** The other end of a link has cut it, or has ended. */
  #linkOver(sender: ActorAddress, signal: Extract<BondSignal, { type: 'bond_cut' | 'bond_end' }>): void {
    const table = this.#table
    const cell = this.#find(signal.slot, signal.generation)
    const row = cell === undefined ? 0 : table.link(cell.slot, sender)
    if (cell === undefined || row === 0) return
    const isTheirs = signal.mine !== 0 && table.has(row, THEIRS) && table.foreignName(row) === signal.mine
    const isMine = signal.yours !== 0 && table.has(row, MINE) && table.name(row) === signal.yours
    if (!isTheirs && !isMine) return
    const isTold = table.has(row, TOLD) && isMine && !isTheirs
    if (isTheirs) table.mark(row, THEIRS, false)
    if (isMine) table.mark(row, MINE, false)
    if (table.has(row, MINE | THEIRS)) table.mark(row, TOLD, signal.type === 'bond_end')
    else this.#remove(row, cell)
    if (signal.type === 'bond_end' && !(isTold && signal.reason.kind === 'noproc'))
      this.#exited(cell, sender, signal.reason, signal.of ?? sender.core, signal.after, true)
  }

  /** An exit signal has come, of a link or sent by somebody. */
  #exited(
    cell: ActorCell,
    sender: ActorAddress,
    reason: ExitReason,
    lane: number,
    after: number | undefined,
    isOfLink: boolean,
  ): void {
    const { infos } = cell
    const isKill = reason.kind === 'killed' && !isOfLink
    if (!isKill && infos?.isTrapping === true) {
      if (!isOfLink && infos.exitsSent >= EXITS_WAITING_MAX) return
      const message = new InfoMessage(cell, { type: 'exit', ref: this.#host.refOf(sender), reason }, isOfLink)
      this.infos.tell(cell, message, lane, after)
    } else if (reason.kind !== 'normal' || isSame(cell, sender)) {
      this.#host.lifecycle.exit(cell, reason, isKill, isOfLink ? sender : undefined)
      this.#host.requestTurn()
    }
  }

  #tellDown(
    cell: ActorCell,
    name: number,
    peer: ActorAddress,
    reason: ExitReason,
    lane: number,
    after: number | undefined,
  ): void {
    const monitor = (cell.moved?.givenName(name) ?? name) as Monitor
    cell.moved?.forget(name)
    const info: Info = { type: 'down', monitor, ref: this.#host.refOf(peer), reason }
    this.infos.tell(cell, new InfoMessage(cell, info, false), lane, after)
  }

  // --- small parts

  #make(kind: number, cell: ActorCell | undefined, ref: ActorAddress): number {
    this.#post.checkRoom(ref)
    return this.#table.add(kind, cell, ref, this.#host.epochOf(ref.core))
  }

  /** Ends a bond that its owner does not want any more. */
  #cut(cell: ActorCell | undefined, row: number): void {
    const send = this.#post.cut(row, cell)
    this.#remove(row, cell)
    send()
  }

  #remove(row: number, owner: ActorCell | undefined, tellOutside?: (onDown: (reason: ExitReason) => void) => void): void {
    const onDown = owner === undefined ? this.#outside.get(row) : undefined
    this.#table.remove(row, owner)
    if (onDown === undefined) return
    this.#outside.delete(row)
    tellOutside?.(onDown)
  }

  /** The actor of that ref in its present incarnation; none while it waits for a restart, and none that has ended. */
  #find(slot: number, generation: number): ActorCell | undefined {
    const cell = this.#host.slots.find(slot, generation)
    return cell === undefined || cell.status === AWAITING || cell.bondHead === CLOSED ? undefined : cell
  }

  #ownerOf(row: number): ActorCell | undefined {
    const slot = this.#table.owner(row)
    return slot < 0 ? undefined : this.#host.slots.cells[slot]
  }
}

function isSame(a: ActorAddress, b: ActorAddress): boolean {
  return a.slot === b.slot && a.core === b.core && a.generation === b.generation
}

function lostRecord(core: number): ErrorRecord {
  return toErrorRecord(new CambiumError('ERR_CORE_LOST', `core died: core=${core}`, { severity: 'crash' }))
}
