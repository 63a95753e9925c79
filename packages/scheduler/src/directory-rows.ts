/**
 * The rows of the directory as core 0 gives them out, each to an incarnation or to nobody, and the rows of each incarnation: a list, from the latest to the
 * first, of which the place of the actor has the head.
 */
import { assert } from '@cambium/base'
import type { ActorAddress } from '@cambium/base'
import { IntRows } from './int-rows.ts'

const NEXT = 0
/** 0 for the head of a list. */
const PREVIOUS = 1
const WORDS = 2
/** In place of the previous row: it belongs to nobody. */
const NOBODYS = -1

export class DirectoryRows {
  readonly #rows = new IntRows(WORDS)
  /** By core, then slot: the head of its list. */
  readonly #heads: (IntRows | undefined)[] = []
  /** Rows that were never given begin here; row 0 is none. */
  #fresh = 1
  #free = 0
  #count = 0

  /** A row for an actor, or for nobody. */
  take(owner: ActorAddress | undefined): number {
    const row = this.#free === 0 ? this.#fresh : this.#free
    if (this.#free === 0) this.#fresh += 1
    else this.#free = this.#rows.get(row, NEXT)
    this.#count += 1
    if (owner === undefined) {
      this.#rows.set(row, PREVIOUS, NOBODYS)
      return row
    }
    const heads = (this.#heads[owner.core] ??= new IntRows(1))
    const head = heads.get(owner.slot, 0)
    this.#rows.set(row, NEXT, head)
    this.#rows.set(row, PREVIOUS, 0)
    if (head !== 0) this.#rows.set(head, PREVIOUS, row)
    heads.set(owner.slot, 0, row)
    return row
  }

  /** `owner` is whose it was. */
  give(row: number, owner: ActorAddress): void {
    const rows = this.#rows
    const previous = rows.get(row, PREVIOUS)
    if (previous !== NOBODYS) {
      const next = rows.get(row, NEXT)
      if (next !== 0) rows.set(next, PREVIOUS, previous)
      if (previous !== 0) rows.set(previous, NEXT, next)
      else this.#heads[owner.core]?.set(owner.slot, 0, next)
    }
    rows.set(row, NEXT, this.#free)
    this.#free = row
    this.#count -= 1
    assert(this.#count >= 0, 'a row is given back once')
    if (this.#count === 0) this.#clear()
  }

  isNobodys(row: number): boolean {
    return this.#rows.get(row, PREVIOUS) === NOBODYS
  }

  /** The latest row of whoever is at that place; 0 for none. */
  latest(core: number, slot: number): number {
    return this.#heads[core]?.get(slot, 0) ?? 0
  }

  /** The one of the same actor before it; 0 for none. */
  before(row: number): number {
    return this.#rows.get(row, NEXT)
  }

  /** All rows of the actors of a core. */
  *on(core: number): Generator<number> {
    const end = this.#heads[core]?.end ?? 0
    for (let slot = 0; slot < end; slot += 1) for (let row = this.latest(core, slot); row !== 0; row = this.before(row)) yield row
  }

  #clear(): void {
    this.#rows.clear()
    this.#heads.length = 0
    this.#fresh = 1
    this.#free = 0
  }
}
