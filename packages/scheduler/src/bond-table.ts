/**
 * The links and monitors of one core, in rows of 40 bytes: one for each end of a bond that lives here. Rows lie in pages of plain integers, so a
 * hundred thousand of them are nothing to the garbage collector.
 *
 *    0  owner              slot of the actor whose row it is; -1 for code outside actors
 *    1  peer               core << 24 | slot
 *    2  peer generation
 *    3  serial             with the row number, the name of a bond that was made here
 *    4  foreign row        its name at the peer's core, when it was made there
 *    5  foreign serial
 *    6  state              kind, flags, and epoch << 8 of the peer's core
 *    7  next, 8 previous   of the same owner; the owner has the first
 *    9  chain              the next row of the same bucket
 *
 * Rows that the peer names are found by a hash: WATCHED by the peer's core and row, LINK by owner and peer.
 */
import { assert, CambiumError } from '@cambium/base'
import type { ActorAddress } from '@cambium/base'

export const WATCHING = 1
export const WATCHED = 2
export const LINK = 3
const KIND_MASK = 3
/** Of a link: this end has made it, and the name is this row's. */
export const MINE = 4
/** Of a link: the other end has made it, and the name is the foreign one. Both, when both did so at once. */
export const THEIRS = 8
/** Of a link: its owner was told that the peer ended, but has itself a `bond_made` under way to it. */
export const TOLD = 16
const EPOCH_SHIFT = 8

const OWNER = 0
const PEER = 1
const PEER_GENERATION = 2
const SERIAL = 3
const FOREIGN = 4
const FOREIGN_SERIAL = 5
const STATE = 6
const NEXT = 7
const PREVIOUS = 8
const CHAIN = 9
const WORDS = 10

const PAGE_BITS = 8
const PAGE_ROWS = 1 << PAGE_BITS
const ROW_BITS = 26
const ROWS_MAX = 1 << ROW_BITS
const SERIAL_MAX = (1 << 27) - 1
const BUCKETS_MIN = 64

/** Owner of rows: an actor's cell. */
export interface BondOwner {
  readonly slot: number
  /** Its first row; 0 for none. */
  bondHead: number
}

/** The name of a bond: unique on the core that made it, and never 0. */
function bondName(row: number, serial: number): number {
  return serial * ROWS_MAX + row
}

export class BondTable {
  /** Rows in use. */
  count = 0
  readonly #pages: Int32Array[] = []
  /** Rows that were never used begin here; row 0 is none. */
  #fresh = 1
  #free = 0
  #serial = 0
  #buckets: Int32Array | undefined = undefined
  #indexed = 0

  /** A row of `owner`, or of code outside actors. Throws `ERR_BONDS_EXHAUSTED`. */
  add(kind: number, owner: BondOwner | undefined, peer: ActorAddress, epoch: number): number {
    const row = this.#take()
    const page = this.#page(row)
    const at = offset(row)
    this.#serial = this.#serial === SERIAL_MAX ? 1 : this.#serial + 1
    page[at + OWNER] = owner?.slot ?? -1
    page[at + PEER] = peerWord(peer.core, peer.slot)
    page[at + PEER_GENERATION] = peer.generation
    page[at + SERIAL] = this.#serial
    page[at + FOREIGN] = 0
    page[at + FOREIGN_SERIAL] = 0
    page[at + STATE] = kind | (epoch << EPOCH_SHIFT)
    page[at + PREVIOUS] = 0
    page[at + NEXT] = owner?.bondHead ?? 0
    if (owner !== undefined) {
      if (owner.bondHead !== 0) this.#set(owner.bondHead, PREVIOUS, row)
      owner.bondHead = row
    }
    if (kind === LINK) this.#index(row)
    this.count += 1
    return row
  }

  remove(row: number, owner: BondOwner | undefined): void {
    const kind = this.kind(row)
    assert(kind !== 0, 'a bond is removed once')
    if (kind === LINK || (kind === WATCHED && this.#get(row, FOREIGN) !== 0)) this.#unindex(row)
    const next = this.#get(row, NEXT)
    const previous = this.#get(row, PREVIOUS)
    if (next !== 0) this.#set(next, PREVIOUS, previous)
    if (previous !== 0) this.#set(previous, NEXT, next)
    else if (owner !== undefined) owner.bondHead = next
    this.#set(row, STATE, 0)
    this.#set(row, NEXT, this.#free)
    this.#free = row
    this.count -= 1
    if (this.count === 0) this.#forget()
  }

  /** 0 for a row that is not in use. */
  kind(row: number): number {
    return this.#get(row, STATE) & KIND_MASK
  }

  has(row: number, flag: number): boolean {
    return (this.#get(row, STATE) & flag) !== 0
  }

  mark(row: number, flag: number, isOn: boolean): void {
    const state = this.#get(row, STATE)
    this.#set(row, STATE, isOn ? state | flag : state & ~flag)
  }

  epoch(row: number): number {
    return this.#get(row, STATE) >>> EPOCH_SHIFT
  }

  setEpoch(row: number, epoch: number): void {
    this.#set(row, STATE, (this.#get(row, STATE) & ((1 << EPOCH_SHIFT) - 1)) | (epoch << EPOCH_SHIFT))
  }

  /** Slot of the owner; -1 for code outside actors. */
  owner(row: number): number {
    return this.#get(row, OWNER)
  }

  peer(row: number): ActorAddress {
    const word = this.#get(row, PEER)
    return { core: word >>> 24, slot: word & 0xff_ffff, generation: this.#get(row, PEER_GENERATION) }
  }

  peerCore(row: number): number {
    return this.#get(row, PEER) >>> 24
  }

  /** The next row of its owner; 0 for none. */
  next(row: number): number {
    return this.#get(row, NEXT)
  }

  name(row: number): number {
    return bondName(row, this.#get(row, SERIAL))
  }

  foreignName(row: number): number {
    return bondName(this.#get(row, FOREIGN), this.#get(row, FOREIGN_SERIAL))
  }

  /** What the peer's core calls this bond; a watched row is found by it from now on. */
  setForeign(row: number, name: number): void {
    this.#set(row, FOREIGN, name % ROWS_MAX)
    this.#set(row, FOREIGN_SERIAL, Math.floor(name / ROWS_MAX))
    if (this.kind(row) === WATCHED) this.#index(row)
  }

  /** The row of that name, if it still is. */
  named(name: number): number {
    const row = name % ROWS_MAX
    if (row === 0 || row >= this.#fresh || this.kind(row) === 0) return 0
    return this.#get(row, SERIAL) === Math.floor(name / ROWS_MAX) ? row : 0
  }

  /** The watched row whose watcher on `core` gave it that name. */
  watched(core: number, name: number): number {
    if (this.#buckets === undefined) return 0
    const foreign = name % ROWS_MAX
    let row = this.#buckets[mix(WATCHED, core, foreign) & (this.#buckets.length - 1)] as number
    while (row !== 0 && !(this.kind(row) === WATCHED && this.#get(row, FOREIGN) === foreign && this.peerCore(row) === core))
      row = this.#get(row, CHAIN)
    return row !== 0 && this.foreignName(row) === name ? row : 0
  }

  /** The link of that owner with that peer. */
  link(slot: number, peer: ActorAddress): number {
    if (this.#buckets === undefined) return 0
    const word = peerWord(peer.core, peer.slot)
    let row = this.#buckets[mix(slot, word, peer.generation) & (this.#buckets.length - 1)] as number
    for (; row !== 0; row = this.#get(row, CHAIN)) {
      const page = this.#page(row)
      const at = offset(row)
      const isThis = page[at + OWNER] === slot && page[at + PEER] === word && page[at + PEER_GENERATION] === (peer.generation | 0)
      if (isThis && this.kind(row) === LINK) return row
    }
    return 0
  }

  /** Rows whose peer is on `core` in an incarnation up to `epoch`. */
  withPeerOn(core: number, epoch: number): number[] {
    const rows: number[] = []
    for (let row = 1; row < this.#fresh; row += 1)
      if (this.kind(row) !== 0 && this.peerCore(row) === core && this.epoch(row) <= epoch) rows.push(row)
    return rows
  }

  #take(): number {
    if (this.#free !== 0) {
      const row = this.#free
      this.#free = this.#get(row, NEXT)
      return row
    }
    if (this.#fresh >= ROWS_MAX)
      throw new CambiumError('ERR_BONDS_EXHAUSTED', `core has no room for another link or monitor: bonds=${this.count}`)
    const row = this.#fresh
    if (row >> PAGE_BITS >= this.#pages.length) this.#pages.push(new Int32Array(PAGE_ROWS * WORDS))
    this.#fresh += 1
    return row
  }

  /** What a flood has left of an empty table is given back. Serials go on, so an old name finds nothing. */
  #forget(): void {
    this.#pages.length = Math.min(this.#pages.length, 1)
    this.#fresh = 1
    this.#free = 0
    this.#buckets = undefined
    this.#indexed = 0
  }

  #index(row: number): void {
    this.#indexed += 1
    if (this.#buckets === undefined || this.#indexed > this.#buckets.length) this.#rehash()
    else this.#chain(this.#buckets, row)
  }

  #unindex(row: number): void {
    const buckets = this.#buckets as Int32Array
    const bucket = this.#hash(row) & (buckets.length - 1)
    const next = this.#get(row, CHAIN)
    this.#indexed -= 1
    if (buckets[bucket] === row) {
      buckets[bucket] = next
      return
    }
    let before = buckets[bucket] as number
    while (this.#get(before, CHAIN) !== row) before = this.#get(before, CHAIN)
    this.#set(before, CHAIN, next)
  }

  #rehash(): void {
    const buckets = new Int32Array(Math.max(BUCKETS_MIN, (this.#buckets?.length ?? 0) * 2))
    for (let row = 1; row < this.#fresh; row += 1) {
      const kind = this.kind(row)
      if (kind === LINK || (kind === WATCHED && this.#get(row, FOREIGN) !== 0)) this.#chain(buckets, row)
    }
    this.#buckets = buckets
  }

  #chain(buckets: Int32Array, row: number): void {
    const bucket = this.#hash(row) & (buckets.length - 1)
    this.#set(row, CHAIN, buckets[bucket] as number)
    buckets[bucket] = row
  }

  #hash(row: number): number {
    const page = this.#page(row)
    const at = offset(row)
    return this.kind(row) === WATCHED
      ? mix(WATCHED, this.peerCore(row), page[at + FOREIGN] as number)
      : mix(page[at + OWNER] as number, page[at + PEER] as number, page[at + PEER_GENERATION] as number)
  }

  #page(row: number): Int32Array {
    return this.#pages[row >> PAGE_BITS] as Int32Array
  }

  #get(row: number, word: number): number {
    return this.#page(row)[offset(row) + word] as number
  }

  #set(row: number, word: number, value: number): void {
    this.#page(row)[offset(row) + word] = value
  }
}

function offset(row: number): number {
  return (row & (PAGE_ROWS - 1)) * WORDS
}

function peerWord(core: number, slot: number): number {
  return (core << 24) | (slot & 0xff_ffff)
}

/** Three integers to one that differs in its low bits (the finaliser of MurmurHash3, Appleby). */
function mix(a: number, b: number, c: number): number {
  let hash = Math.imul(a, 0x9e37_79b1) ^ Math.imul(b, 0x85eb_ca6b) ^ Math.imul(c, 0xc2b2_ae35)
  hash ^= hash >>> 16
  hash = Math.imul(hash, 0x85eb_ca6b)
  hash ^= hash >>> 13
  hash = Math.imul(hash, 0xc2b2_ae35)
  return hash ^ (hash >>> 16)
}
