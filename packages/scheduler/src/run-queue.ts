/** Actors with messages to handle, first come first served: a circular array that grows with the number of runnable actors. */
import type { ActorCell } from './actor-cell.ts'

export class RunQueue {
  length = 0
  #cells: (ActorCell | undefined)[] = new Array(64).fill(undefined)
  #head = 0

  push(cell: ActorCell): void {
    const size = this.#cells.length
    if (this.length === size) {
      const grown: (ActorCell | undefined)[] = new Array(size * 2).fill(undefined)
      for (let i = 0; i < size; i += 1) grown[i] = this.#cells[(this.#head + i) & (size - 1)]
      this.#cells = grown
      this.#head = 0
    }
    this.#cells[(this.#head + this.length) & (this.#cells.length - 1)] = cell
    this.length += 1
  }

  shift(): ActorCell | undefined {
    if (this.length === 0) return undefined
    const cell = this.#cells[this.#head]
    this.#cells[this.#head] = undefined
    this.#head = (this.#head + 1) & (this.#cells.length - 1)
    this.length -= 1
    return cell
  }
}
