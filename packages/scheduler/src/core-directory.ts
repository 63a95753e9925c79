/** One core's copy of the directory, and the requests that its actors have under way at core 0. The protocol is in `directory-office.ts`. */
import type { DirectoryEntry, Info } from '@cambium/actor'
import { CambiumError } from '@cambium/base'
import type { ActorAddress } from '@cambium/base'
import type { ActorCell } from './actor-cell.ts'
import { DirectoryOffice } from './directory-office.ts'
import type { DirectoryNews, DirectoryRequest, DirectorySignal, EntryRecord } from './directory-signals.ts'
import { DirectoryTable } from './directory-table.ts'
import type { InfoDelivery } from './info-delivery.ts'
import { InfoMessage } from './info-message.ts'
import type { Signal } from './signals.ts'
import type { TimerWheel } from './timer-wheel.ts'

/** Requests of one core that may wait for their answers. */
const REQUESTS_MAX = 65_536

export interface CoreDirectoryHost {
  readonly coreNumber: number
  readonly coreCount: number
  readonly wheel: TimerWheel
  readonly router: { send(core: number, signal: Signal): void }
  readonly sender: { hasSettled: boolean }
  readonly bonds: { readonly infos: InfoDelivery }
  now(): number
  refOf(address: ActorAddress): Info['ref']
  requestTurn(): void
}

interface Pending {
  readonly cell: ActorCell
  readonly resolve: (count: number) => void
  readonly reject: (error: Error) => void
  readonly what: string
}

/** What an incarnation has here, while it has anything. */
interface Own {
  readonly requests: Set<number>
  /** That it watches. */
  readonly spaces: Set<string>
}

/** A request without its address and number. */
type WishOf<T extends DirectoryRequest> = T extends DirectoryRequest ? Omit<T, 'slot' | 'generation' | 'request'> : never

/** What an actor may ask core 0 for. */
export type Wish = WishOf<Exclude<DirectoryRequest, { type: 'dir_unlock' | 'dir_ended' }>>

/** What an actor does with the directory, whether its core asks core 0 or, for a guest, its home. */
export interface ActorDirectory {
  find(space: string, key: string): readonly DirectoryEntry[]
  keys(space: string): string[]
  ask(cell: ActorCell, wish: Wish): Promise<number>
  unlock(cell: ActorCell, key: string): void
  watch(cell: ActorCell, space: string): void
  unwatch(cell: ActorCell, space: string): void
}

export class CoreDirectory implements ActorDirectory {
  /** Core 0 only. */
  readonly office: DirectoryOffice | undefined
  readonly #host: CoreDirectoryHost
  readonly #table = new DirectoryTable()
  readonly #pending = new Map<number, Pending>()
  readonly #watchers = new Map<string, Set<ActorCell>>()
  readonly #own = new Map<ActorCell, Own>()
  #last = 0

  constructor(host: CoreDirectoryHost) {
    this.#host = host
    const office = {
      wheel: host.wheel,
      coreCount: host.coreCount,
      now: () => host.now(),
      tell: (core: number, news: DirectoryNews) => {
        if (core === 0) this.#hear(news)
        else host.router.send(core, news)
      },
    }
    this.office = host.coreNumber === 0 ? new DirectoryOffice(office, this.#table) : undefined
  }

  /** Entries on this core's copy, requests under way and watching actors; on core 0 locks as well. */
  get counts(): { readonly entries: number; readonly requests: number; readonly watchers: number; readonly locks: number } {
    let watchers = 0
    for (const cells of this.#watchers.values()) watchers += cells.size
    return {
      entries: this.#table.size,
      requests: this.#pending.size,
      watchers,
      locks: this.office?.locks.count ?? 0,
    }
  }

  find(space: string, key: string): readonly DirectoryEntry[] {
    const table = this.#table
    const found: DirectoryEntry[] = []
    for (let row = table.first(space, key); row !== 0; row = table.next(row))
      found.push({ ref: this.#host.refOf(table.owner(row)), value: table.value(row) })
    return found
  }

  /** Whose the first entry of a key is, without a list: for names. */
  first(space: string, key: string): ActorAddress | undefined {
    const row = this.#table.first(space, key)
    return row === 0 ? undefined : this.#table.owner(row)
  }

  keys(space: string): string[] {
    return this.#table.keys(space)
  }

  /** Asks core 0; what comes back after the end of the incarnation is not heard. */
  ask(cell: ActorCell, wish: Wish): Promise<number> {
    return new Promise((resolve, reject) => {
      if (this.#pending.size >= REQUESTS_MAX) {
        reject(failure('ERR_DIRECTORY_FULL', wish.key))
        return
      }
      this.#last = (this.#last + 1) | 0
      const request = this.#last
      this.#pending.set(request, { cell, resolve, reject, what: wish.key })
      this.#ownOf(cell).requests.add(request)
      cell.hasEntries = true
      try {
        this.#toOffice({ ...wish, request, slot: cell.slot, generation: cell.generation })
      } catch (error) {
        this.#settle(request)
        throw error
      }
    })
  }

  unlock(cell: ActorCell, key: string): void {
    this.#toOffice({ type: 'dir_unlock', key, slot: cell.slot, generation: cell.generation })
  }

  watch(cell: ActorCell, space: string): void {
    const watchers = this.#watchers.get(space)
    if (watchers === undefined) this.#watchers.set(space, new Set([cell]))
    else watchers.add(cell)
    this.#ownOf(cell).spaces.add(space)
    cell.hasEntries = true
  }

  unwatch(cell: ActorCell, space: string): void {
    const watchers = this.#watchers.get(space)
    if (watchers?.delete(cell) === true && watchers.size === 0) this.#watchers.delete(space)
    this.#own.get(cell)?.spaces.delete(space)
    this.#forget(cell)
  }

  /** The incarnation has ended, and with it what it had entered, watched and asked for. */
  ended(cell: ActorCell): void {
    if (!cell.hasEntries) return
    for (const space of this.#own.get(cell)?.spaces ?? []) this.unwatch(cell, space)
    for (const request of this.#own.get(cell)?.requests ?? []) this.#settle(request)
    this.#toOffice({ type: 'dir_ended', slot: cell.slot, generation: cell.generation })
  }

  /** A core has died. On core 0, before any other core is told. */
  coreLost(core: number): void {
    this.office?.coreLost(core)
  }

  /** False when the signal is none of the directory. */
  take(from: number, signal: Signal): signal is DirectorySignal {
    switch (signal.type) {
      case 'dir_add':
      case 'dir_remove':
      case 'dir_lock':
      case 'dir_unlock':
      case 'dir_ended':
        this.office?.take(from, signal)
        return true
      case 'dir_set':
      case 'dir_unset':
      case 'dir_anew':
      case 'dir_answer':
        this.#hear(signal)
        return true
      default:
        return false
    }
  }

  #toOffice(request: DirectoryRequest): void {
    if (this.office === undefined) this.#host.router.send(0, request)
    else this.office.take(0, request)
  }

  #hear(news: DirectoryNews): void {
    switch (news.type) {
      case 'dir_set':
        for (const entry of news.entries) if (this.#table.add(entry) === 'new') this.#tell('joined', entry)
        return
      case 'dir_unset':
        for (const row of news.rows) this.#unset(row)
        return
      case 'dir_anew':
        this.#table.clear()
        return
      case 'dir_answer': {
        const pending = this.#settle(news.request)
        if (pending === undefined) return // its incarnation has ended
        this.#host.sender.hasSettled = true
        this.#host.requestTurn()
        if (news.error === undefined) pending.resolve(news.count)
        else pending.reject(failure(news.error, pending.what))
      }
    }
  }

  /** A successor may be told of the end of what it never had. */
  #unset(row: number): void {
    if (!this.#table.has(row)) return
    const entry = this.#watchers.size > 0 ? this.#table.entry(row) : undefined
    this.#table.remove(row)
    if (entry !== undefined) this.#tell('left', { ...entry, value: undefined })
  }

  /** A request waits no longer. */
  #settle(request: number): Pending | undefined {
    const pending = this.#pending.get(request)
    if (pending === undefined) return undefined
    this.#pending.delete(request)
    this.#own.get(pending.cell)?.requests.delete(request)
    this.#forget(pending.cell)
    return pending
  }

  #ownOf(cell: ActorCell): Own {
    let own = this.#own.get(cell)
    if (own === undefined) this.#own.set(cell, (own = { requests: new Set(), spaces: new Set() }))
    return own
  }

  #forget(cell: ActorCell): void {
    const own = this.#own.get(cell)
    if (own !== undefined && own.requests.size === 0 && own.spaces.size === 0) this.#own.delete(cell)
  }

  #tell(type: 'joined' | 'left', entry: EntryRecord): void {
    const { space, key, value } = entry
    const watchers = this.#watchers.get(space)
    if (watchers === undefined) return
    for (const cell of watchers) {
      const info: Info = { type, space, key, ref: this.#host.refOf(entry), value }
      this.#host.bonds.infos.tell(cell, new InfoMessage(cell, info, false), this.#host.coreNumber, 0)
    }
  }
}

function failure(code: string, key: string): CambiumError {
  switch (code) {
    case 'ERR_NAME_TAKEN':
      return new CambiumError('ERR_NAME_TAKEN', `name is taken: name=${key}`, { fields: { name: key } })
    case 'ERR_LOCK_TIMEOUT':
      return new CambiumError('ERR_LOCK_TIMEOUT', `lock was not free in time: key=${key}`, { severity: 'crash', fields: { key } })
    case 'ERR_LOCK_HELD':
      return new CambiumError('ERR_LOCK_HELD', `actor has this lock, or waits for it: key=${key}`, { fields: { key } })
    default:
      return new CambiumError('ERR_DIRECTORY_FULL', `directory is full: key=${key}`, { severity: 'crash', fields: { key } })
  }
}
