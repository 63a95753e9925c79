/**
 * The authority over the directory, on core 0, which lives as long as the system.
 *
 * 1. Actors ask it by signals; it decides in one order, tells every core what changed (`dir_set`, `dir_unset`), and then answers: on the same ring, so who has
 *    the answer has the change. It names an entry by its row, which all cores have at the same number; a row is given again behind its `dir_unset`.
 * 2. When an incarnation ends, its core says so (`dir_ended`) before it tells those who are bound to it. Bonds of an actor that has entries go by core 0
 *    as well, behind the change: so the `down` of its owner finds a name free (C-37), on whichever core.
 * 3. When a core dies, the entries of its actors are removed before the other cores hear of that; its successor is sent all that is left (`dir_anew`).
 * 4. Names that the root gives to actors it supervises are the actor's, not an incarnation's: they last through restarts and through the core's death.
 */
import { assert, CambiumError } from '@cambium/base'
import type { ActorAddress } from '@cambium/base'
import { DirectoryRows } from './directory-rows.ts'
import type { DirectoryNews, DirectoryRequest, EntryRecord } from './directory-signals.ts'
import type { DirectoryTable } from './directory-table.ts'
import { LockOffice } from './lock-office.ts'
import type { TimerWheel } from './timer-wheel.ts'

/** The space of names: `context.register`, and `name` of what the root starts. */
export const NAMES = 'names'
/** Entries of one system. */
const ENTRIES_MAX = 1 << 20
/** Entries in one signal. */
const ENTRIES_PER_SIGNAL = 256

export interface DirectoryOfficeHost {
  readonly wheel: TimerWheel
  readonly coreCount: number
  now(): number
  /** To a core; to core 0 itself at once. */
  tell(core: number, news: DirectoryNews): void
}

export class DirectoryOffice {
  readonly #host: DirectoryOfficeHost
  /** Of core 0. */
  readonly #table: DirectoryTable
  /** Those of names that the root has given are nobody's. */
  readonly #rows = new DirectoryRows()
  /** Names that the root has given to actors that are not there yet. */
  readonly #reserved = new Set<string>()
  readonly locks: LockOffice

  constructor(host: DirectoryOfficeHost, table: DirectoryTable) {
    this.#host = host
    this.#table = table
    this.locks = new LockOffice(host.wheel, () => host.now())
  }

  take(from: number, request: DirectoryRequest): void {
    const owner = { core: from, slot: request.slot, generation: request.generation }
    switch (request.type) {
      case 'dir_add':
        this.#answer(from, request.request, 0, this.#add(owner, request))
        return
      case 'dir_remove':
        this.#answer(from, request.request, this.#remove(owner, request), undefined)
        return
      case 'dir_lock':
        this.locks.lock(request.key, owner, request.waitMs, (error) => {
          this.#answer(from, request.request, 0, error)
        })
        return
      case 'dir_unlock':
        this.locks.unlock(request.key, owner)
        return
      case 'dir_ended':
        this.#unset(this.#rowsOf(owner))
        this.locks.ended(owner)
    }
  }

  /** Actors of a core have ended with it. Its successor, whose epoch is counted already, is sent what is left. */
  coreLost(core: number): void {
    this.#unset([...this.#rows.on(core)])
    this.locks.coreLost(core)
    this.#host.tell(core, { type: 'dir_anew' })
    let entries: EntryRecord[] = []
    for (const entry of this.#table.entries()) {
      entries.push(entry)
      if (entries.length < ENTRIES_PER_SIGNAL) continue
      this.#host.tell(core, { type: 'dir_set', entries })
      entries = []
    }
    if (entries.length > 0) this.#host.tell(core, { type: 'dir_set', entries })
  }

  /** Throws `ERR_NAME_TAKEN`. */
  giveName(name: string): void {
    if (this.#reserved.has(name) || this.#table.first(NAMES, name) !== 0)
      throw new CambiumError('ERR_NAME_TAKEN', `name is taken: name=${name}`, { fields: { name } })
    this.#reserved.add(name)
  }

  /** The actor that has the name is there. */
  settleName(name: string, address: ActorAddress): void {
    const known = this.#table.first(NAMES, name)
    if (known !== 0 && this.#table.isOf(known, address)) return // restarted
    if (known !== 0) this.#unset([known])
    this.#reserved.delete(name)
    this.#set(this.#rows.take(undefined), NAMES, name, address, undefined)
  }

  takeNameBack(name: string): void {
    if (this.#reserved.delete(name)) return
    const row = this.#table.first(NAMES, name)
    if (row !== 0 && this.#rows.isNobodys(row)) this.#unset([row])
  }

  /** A name has one actor, whichever way it is entered. */
  #add(owner: ActorAddress, request: Extract<DirectoryRequest, { type: 'dir_add' }>): string | undefined {
    const { space, key, value } = request
    const isUnique = request.isUnique || space === NAMES
    if (space === NAMES && this.#reserved.has(key)) return 'ERR_NAME_TAKEN'
    const own = isUnique ? (this.#rowsUnder(owner, space, key, false)[0] ?? 0) : 0
    if (isUnique && own === 0 && this.#table.first(space, key) !== 0) return 'ERR_NAME_TAKEN'
    if (own === 0 && this.#table.size >= ENTRIES_MAX) return 'ERR_DIRECTORY_FULL'
    this.#set(own === 0 ? this.#rows.take(owner) : own, space, key, owner, value)
    return undefined
  }

  #remove(owner: ActorAddress, { space, key, isAll }: Extract<DirectoryRequest, { type: 'dir_remove' }>): number {
    const gone = this.#rowsUnder(owner, space, key, isAll)
    this.#unset(gone)
    return gone.length
  }

  /** Rows of an incarnation, in the order in which they were made. */
  #rowsOf(owner: ActorAddress): number[] {
    const rows: number[] = []
    for (let row = this.#rows.latest(owner.core, owner.slot); row !== 0; row = this.#rows.before(row)) rows.push(row)
    const [latest] = rows
    assert(
      latest === undefined || this.#table.isOf(latest, owner),
      'what an incarnation had entered ends before the next one at its place',
    )
    return rows.reverse()
  }

  /**
   * Rows of an incarnation under one key, the latest first: all of them, or one. Goes through the rows of the actor and those of the key in step, so it takes as
   * long as the shorter of the two lists.
   */
  #rowsUnder(owner: ActorAddress, space: string, key: string, isAll: boolean): number[] {
    const table = this.#table
    const ofOwner: number[] = []
    const ofKey: number[] = []
    let own = this.#rows.latest(owner.core, owner.slot)
    let there = table.last(space, key)
    while (own !== 0 && there !== 0) {
      if (table.isUnder(own, space, key)) ofOwner.push(own)
      if (table.isOf(there, owner) && !this.#rows.isNobodys(there)) ofKey.push(there)
      if (!isAll && ofOwner.length > 0) return ofOwner
      if (!isAll && ofKey.length > 0) return ofKey
      own = this.#rows.before(own)
      there = table.previous(there)
    }
    return own === 0 ? ofOwner : ofKey
  }

  #set(row: number, space: string, key: string, { core, slot, generation }: ActorAddress, value: unknown): void {
    const news = { type: 'dir_set', entries: [{ row, space, key, core, slot, generation, value }] } as const
    for (let to = 0; to < this.#host.coreCount; to += 1) this.#host.tell(to, news)
  }

  #unset(rows: readonly number[]): void {
    for (let at = 0; at < rows.length; at += ENTRIES_PER_SIGNAL) {
      const gone = rows.slice(at, at + ENTRIES_PER_SIGNAL)
      const owners = gone.map((row) => this.#table.owner(row))
      for (let core = 0; core < this.#host.coreCount; core += 1) this.#host.tell(core, { type: 'dir_unset', rows: gone })
      for (const [i, row] of gone.entries()) this.#rows.give(row, owners[i] as ActorAddress)
    }
  }

  #answer(core: number, request: number, count: number, error: string | undefined): void {
    this.#host.tell(core, { type: 'dir_answer', request, count, error })
  }
}
