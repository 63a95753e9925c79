/**
 * The children of an actor on its own core, in the order of their start: a list through the cells themselves. A `Set` of many is slow to
 * grow and to take from.
 */
import type { ActorCell } from './actor-cell.ts'

export class Children {
  size = 0
  youngest: ActorCell | undefined = undefined

  add(cell: ActorCell): void {
    const { youngest } = this
    cell.older = youngest
    if (youngest !== undefined) youngest.younger = cell
    this.youngest = cell
    this.size += 1
  }

  /** It is one of them, and is none any more. */
  remove(cell: ActorCell): void {
    const { older, younger } = cell
    if (younger === undefined) this.youngest = older
    else younger.older = older
    if (older !== undefined) older.younger = younger
    cell.older = undefined
    cell.younger = undefined
    this.size -= 1
  }

  /** The youngest first. */
  list(): ActorCell[] {
    const cells: ActorCell[] = []
    for (let cell = this.youngest; cell !== undefined; cell = cell.older) cells.push(cell)
    return cells
  }
}

/** The youngest first, each after its own children. Without recursion: families may be as deep as they like. */
export function descendantsOf(cell: ActorCell): ActorCell[] {
  const found: ActorCell[] = []
  const left = cell.children?.list() ?? []
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    found.push(next)
    if (next.children !== undefined) left.push(...next.children.list())
  }
  return found.reverse() // found parents first, the oldest first
}
