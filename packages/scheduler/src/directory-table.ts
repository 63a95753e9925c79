/** The entries of the directory on one core, by space and key. */
import type { EntryRecord } from './directory-signals.ts'

const NONE: readonly EntryRecord[] = Object.freeze([])

export class DirectoryTable {
  size = 0
  /** A key with one entry has it without a list: most have. */
  readonly #spaces = new Map<string, Map<string, EntryRecord | EntryRecord[]>>()

  find(space: string, key: string): readonly EntryRecord[] {
    const found = this.#spaces.get(space)?.get(key)
    return found === undefined ? NONE : Array.isArray(found) ? found : [found]
  }

  keys(space: string): string[] {
    return [...(this.#spaces.get(space)?.keys() ?? [])]
  }

  all(): EntryRecord[] {
    return Array.from(this.#spaces.values(), (keys) => [...keys.values()].flat()).flat()
  }

  /** An entry of the same number is replaced in its place. */
  add(entry: EntryRecord): 'new' | 'changed' {
    let keys = this.#spaces.get(entry.space)
    if (keys === undefined) this.#spaces.set(entry.space, (keys = new Map()))
    const found = keys.get(entry.key)
    if (found === undefined) keys.set(entry.key, entry)
    else if (Array.isArray(found)) {
      const at = found.findIndex(({ id }) => id === entry.id)
      if (at >= 0) {
        found[at] = entry
        return 'changed'
      }
      found.push(entry)
    } else if (found.id === entry.id) {
      keys.set(entry.key, entry)
      return 'changed'
    } else keys.set(entry.key, [found, entry])
    this.size += 1
    return 'new'
  }

  /** False when it is not there any more. */
  remove({ space, key, id }: EntryRecord): boolean {
    const keys = this.#spaces.get(space)
    const found = keys?.get(key)
    if (keys === undefined || found === undefined) return false
    if (Array.isArray(found)) {
      const at = found.findIndex((entry) => entry.id === id)
      if (at < 0) return false
      found.splice(at, 1)
      if (found.length === 1) keys.set(key, found[0] as EntryRecord)
    } else {
      if (found.id !== id) return false
      keys.delete(key)
      if (keys.size === 0) this.#spaces.delete(space)
    }
    this.size -= 1
    return true
  }
}
