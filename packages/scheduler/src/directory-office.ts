/**
 * The authority over the directory, on core 0, which lives as long as the system.
 *
 * 1. Actors ask it by signals; it decides in one order, tells every core what changed (`dir_set`, `dir_unset`), and then answers: on the same ring, so who has
 *    the answer has the change.
 * 2. When an incarnation ends, its core says so (`dir_ended`) before it tells those who are bound to it. Bonds of an actor that has entries go by core 0
 *    as well, behind the change: so the `down` of its owner finds a name free (C-37), on whichever core.
 * 3. When a core dies, the entries of its actors are removed before the other cores hear of that; its successor is sent all that is left.
 * 4. Names that the root gives to actors it supervises are the actor's, not an incarnation's: they last through restarts and through the core's death.
 */
import { CambiumError, sameAddress, slotKey, SLOTS_MAX } from '@cambium/base'
import type { ActorAddress } from '@cambium/base'
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

interface Owned {
  readonly generation: number
  readonly entries: Set<EntryRecord>
}

export class DirectoryOffice {
  readonly #host: DirectoryOfficeHost
  /** Of core 0. */
  readonly #table: DirectoryTable
  /** Entries of incarnations, by core and slot. */
  readonly #owned = new Map<number, Owned>()
  /** Names that the root has given, with their entry once the actor is there. */
  readonly #given = new Map<string, EntryRecord | undefined>()
  readonly locks: LockOffice
  #last = 0

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
        this.#ended(owner)
    }
  }

  /** Actors of a core have ended with it. Its successor, whose epoch is counted already, is sent what is left. */
  coreLost(core: number): void {
    const gone: EntryRecord[] = []
    for (const [place, { entries }] of this.#owned) {
      if (Math.floor(place / SLOTS_MAX) !== core) continue
      gone.push(...entries)
      this.#owned.delete(place)
    }
    this.#unset(gone)
    this.locks.release((owner) => owner.core === core)
    const left = this.#table.all()
    for (let at = 0; at < left.length; at += ENTRIES_PER_SIGNAL)
      this.#host.tell(core, { type: 'dir_set', entries: left.slice(at, at + ENTRIES_PER_SIGNAL) })
  }

  /** Throws `ERR_NAME_TAKEN`. */
  giveName(name: string): void {
    if (this.#given.has(name) || this.#table.find(NAMES, name).length > 0)
      throw new CambiumError('ERR_NAME_TAKEN', `name is taken: name=${name}`, { fields: { name } })
    this.#given.set(name, undefined)
  }

  /** The actor that has the name is there. */
  settleName(name: string, address: ActorAddress): void {
    const known = this.#given.get(name)
    if (known !== undefined && sameAddress(known, address)) return // restarted
    if (known !== undefined) this.#unset([known])
    const { core, slot, generation } = address
    this.#last += 1
    const entry = { id: this.#last, space: NAMES, key: name, core, slot, generation, value: undefined }
    this.#given.set(name, entry)
    this.#set(entry)
  }

  takeNameBack(name: string): void {
    const entry = this.#given.get(name)
    this.#given.delete(name)
    if (entry !== undefined) this.#unset([entry])
  }

  #add(owner: ActorAddress, request: Extract<DirectoryRequest, { type: 'dir_add' }>): string | undefined {
    const { space, key, value, isUnique } = request
    const found = this.#table.find(space, key)
    const own = isUnique ? found.find((entry) => sameAddress(entry, owner)) : undefined
    const isTaken = isUnique && ((own === undefined && found.length > 0) || (space === NAMES && this.#given.has(key)))
    if (isTaken) return 'ERR_NAME_TAKEN'
    if (own === undefined && this.#table.size >= ENTRIES_MAX) return 'ERR_DIRECTORY_FULL'
    if (own === undefined) this.#last += 1
    const entry = { id: own?.id ?? this.#last, space, key, ...owner, value }
    const place = slotKey(owner)
    let owned = this.#owned.get(place)
    if (owned?.generation !== owner.generation) {
      owned = { generation: owner.generation, entries: new Set() }
      this.#owned.set(place, owned)
    }
    if (own !== undefined) owned.entries.delete(own)
    owned.entries.add(entry)
    this.#set(entry)
    return undefined
  }

  #remove(owner: ActorAddress, { space, key, isAll }: Extract<DirectoryRequest, { type: 'dir_remove' }>): number {
    const owned = this.#owned.get(slotKey(owner))
    const mine = this.#table.find(space, key).filter((entry) => owned?.entries.has(entry) === true)
    const gone = isAll ? mine : mine.slice(-1)
    for (const entry of gone) owned?.entries.delete(entry)
    if (owned?.entries.size === 0) this.#owned.delete(slotKey(owner))
    this.#unset(gone)
    return gone.length
  }

  #ended(owner: ActorAddress): void {
    const owned = this.#owned.get(slotKey(owner))
    if (owned?.generation === owner.generation) {
      this.#owned.delete(slotKey(owner))
      this.#unset([...owned.entries])
    }
    if (this.locks.count > 0) this.locks.release((each) => sameAddress(each, owner))
  }

  #set(entry: EntryRecord): void {
    for (let core = 0; core < this.#host.coreCount; core += 1) this.#host.tell(core, { type: 'dir_set', entries: [entry] })
  }

  #unset(entries: readonly EntryRecord[]): void {
    for (let at = 0; at < entries.length; at += ENTRIES_PER_SIGNAL) {
      const news = {
        type: 'dir_unset',
        entries: entries.slice(at, at + ENTRIES_PER_SIGNAL).map((entry) => ({ ...entry, value: undefined })),
      } as const
      for (let core = 0; core < this.#host.coreCount; core += 1) this.#host.tell(core, news)
    }
  }

  #answer(core: number, request: number, count: number, error: string | undefined): void {
    this.#host.tell(core, { type: 'dir_answer', request, count, error })
  }
}
