/** A first-in first-out queue: what arrived while a step was under way, in the order of arrival. */
export interface Backlog<Entry> {
  entries: (Entry | undefined)[]
  first: number
}

/** Handled entries are cut off in blocks, so taking one costs constant time on average. */
const CUT_AT = 1024

export function createBacklog<Entry>(): Backlog<Entry> {
  return { entries: [], first: 0 }
}

export function backlogSize<Entry>(backlog: Backlog<Entry>): number {
  return backlog.entries.length - backlog.first
}

export function pushEntry<Entry>(backlog: Backlog<Entry>, entry: Entry): void {
  backlog.entries.push(entry)
}

export function shiftEntry<Entry>(backlog: Backlog<Entry>): Entry | undefined {
  if (backlog.first === backlog.entries.length) return undefined
  const entry = backlog.entries[backlog.first]
  backlog.entries[backlog.first++] = undefined // let go of it before the block is cut off
  if (backlog.first === backlog.entries.length) {
    backlog.entries = []
    backlog.first = 0
  } else if (backlog.first >= CUT_AT && backlog.first * 2 > backlog.entries.length) {
    backlog.entries.splice(0, backlog.first)
    backlog.first = 0
  }
  return entry
}
