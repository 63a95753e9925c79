/**
 * The entries of the directory on one core. An entry is a row of 12 bytes, of the same number on every core (core 0 gives it), beside its key; most have no
 * value, and none has an object.
 *
 *    0  owner        core << 24 | slot
 *    1  generation
 *    2  space        its number on this core; 0 for a row that is not in use
 *
 * Those of one key are a chain, in the order in which they were made. An entry that is alone under its key has zeros there, which take no room.
 *
 *    0  next         0 behind the last
 *    1  previous     of the first, the last one
 */
import type { ActorAddress } from '@cambium/base'
import type { EntryRecord } from './directory-signals.ts'
import { IntRows } from './int-rows.ts'

const OWNER = 0
const GENERATION = 1
const SPACE = 2
const WORDS = 3
const NEXT = 0
const PREVIOUS = 1
const CHAIN_WORDS = 2

interface Space {
  readonly name: string
  readonly number: number
  /** The first row of each key. */
  readonly keys: Map<string, number>
}

export class DirectoryTable {
  size = 0
  readonly #spaces = new Map<string, Space>()
  /** By number; those that are free again are in the list. */
  readonly #numbered: (Space | undefined)[] = [undefined]
  readonly #freeNumbers: number[] = []
  readonly #rows = new IntRows(WORDS)
  readonly #chains = new IntRows(CHAIN_WORDS)
  /** By row. */
  readonly #keys: string[] = []
  readonly #values = new Map<number, unknown>()

  /** The first row of a key; 0 for none. */
  first(space: string, key: string): number {
    return this.#spaces.get(space)?.keys.get(key) ?? 0
  }

  /** The next row of the same key; 0 behind the last. */
  next(row: number): number {
    return this.#chains.get(row, NEXT)
  }

  /** The row before it of the same key; 0 before the first. */
  previous(row: number): number {
    const previous = this.#chains.get(row, PREVIOUS)
    return this.next(previous) === 0 ? 0 : previous
  }

  last(space: string, key: string): number {
    const first = this.first(space, key)
    return first === 0 ? 0 : this.#lastFrom(first)
  }

  has(row: number): boolean {
    return this.#rows.get(row, SPACE) !== 0
  }

  isUnder(row: number, space: string, key: string): boolean {
    return this.#keys[row] === key && this.#spaceOf(row).name === space
  }

  isOf(row: number, { core, slot, generation }: ActorAddress): boolean {
    return this.#rows.get(row, OWNER) === ownerWord(core, slot) && this.#rows.get(row, GENERATION) === (generation | 0)
  }

  owner(row: number): ActorAddress {
    const word = this.#rows.get(row, OWNER)
    return { core: word >>> 24, slot: word & 0xff_ffff, generation: this.#rows.get(row, GENERATION) }
  }

  value(row: number): unknown {
    return this.#values.get(row)
  }

  entry(row: number): EntryRecord {
    return { row, space: this.#spaceOf(row).name, key: this.#keys[row] as string, ...this.owner(row), value: this.value(row) }
  }

  keys(space: string): string[] {
    return [...(this.#spaces.get(space)?.keys.keys() ?? [])]
  }

  /** All entries; those of a key in the order in which they were made. */
  *entries(): Generator<EntryRecord> {
    for (const { keys } of this.#spaces.values())
      for (const first of keys.values()) for (let row = first; row !== 0; row = this.next(row)) yield this.entry(row)
  }

  /** A row that is in use already gets another value. */
  add({ row, space, key, core, slot, generation, value }: EntryRecord): 'new' | 'changed' {
    const isNew = !this.has(row)
    if (isNew) {
      const rows = this.#rows
      rows.set(row, OWNER, ownerWord(core, slot))
      rows.set(row, GENERATION, generation)
      while (this.#keys.length <= row) this.#keys.push('')
      this.#keys[row] = key
      this.#chain(row, this.#spaces.get(space) ?? this.#addSpace(space), key)
      this.size += 1
    }
    if (value !== undefined) this.#values.set(row, value)
    else this.#values.delete(row)
    return isNew ? 'new' : 'changed'
  }

  /** Of a row that is in use. */
  remove(row: number): void {
    this.#unchain(row)
    this.#rows.set(row, SPACE, 0)
    this.#keys[row] = ''
    this.#values.delete(row)
    this.size -= 1
    if (this.size === 0) this.clear()
  }

  /** Empties it, and gives back what it held. */
  clear(): void {
    this.size = 0
    this.#spaces.clear()
    this.#numbered.length = 1
    this.#freeNumbers.length = 0
    this.#rows.clear()
    this.#chains.clear()
    this.#keys.length = 0
    this.#values.clear()
  }

  #spaceOf(row: number): Space {
    return this.#numbered[this.#rows.get(row, SPACE)] as Space
  }

  #addSpace(name: string): Space {
    const number = this.#freeNumbers.pop() ?? this.#numbered.length
    const space = { name, number, keys: new Map<string, number>() }
    this.#numbered[number] = space
    this.#spaces.set(name, space)
    return space
  }

  #lastFrom(first: number): number {
    const last = this.#chains.get(first, PREVIOUS)
    return last === 0 ? first : last
  }

  #chain(row: number, space: Space, key: string): void {
    const first = space.keys.get(key)
    this.#rows.set(row, SPACE, space.number)
    if (first === undefined) {
      space.keys.set(key, row)
      return
    }
    const chains = this.#chains
    const last = this.#lastFrom(first)
    chains.set(row, PREVIOUS, last)
    chains.set(last, NEXT, row)
    chains.set(first, PREVIOUS, row)
  }

  #unchain(row: number): void {
    const chains = this.#chains
    const space = this.#spaceOf(row)
    const key = this.#keys[row] as string
    const first = space.keys.get(key) as number
    const next = chains.get(row, NEXT)
    const previous = chains.get(row, PREVIOUS)
    chains.set(row, NEXT, 0)
    chains.set(row, PREVIOUS, 0)
    if (row !== first) {
      chains.set(previous, NEXT, next)
      const behind = next === 0 ? first : next
      chains.set(behind, PREVIOUS, behind === previous ? 0 : previous)
    } else if (next !== 0) {
      chains.set(next, PREVIOUS, next === previous ? 0 : previous)
      space.keys.set(key, next)
    } else {
      space.keys.delete(key)
      if (space.keys.size > 0) return
      this.#spaces.delete(space.name)
      this.#numbered[space.number] = undefined
      this.#freeNumbers.push(space.number)
    }
  }
}

function ownerWord(core: number, slot: number): number {
  return (core << 24) | slot
}
