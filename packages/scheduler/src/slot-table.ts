/**
 * Slots of one core. A slot is taken with a new generation from a counter in shared memory, which the core's successor continues:
 * so (slot, generation) names one actor for the life of the system, up to 2^32 starts on the core.
 */
import { CambiumError, SLOTS_MAX } from '@cambium/base'
import type { ActorCell } from './actor-cell.ts'

/** No actor has this slot: see `reply-tokens.ts`. */
export const REPLY_SLOT: number = SLOTS_MAX - 1

export class SlotTable {
  /** Cells by slot; holes are `undefined`. Read directly on the message path. */
  readonly cells: (ActorCell | undefined)[] = []
  readonly #free: number[] = []
  readonly #generation: Int32Array
  #count = 0

  constructor(generation: Int32Array) {
    this.#generation = generation
  }

  get count(): number {
    return this.#count
  }

  /** A free slot with a fresh generation. Throws `ERR_SLOTS_EXHAUSTED`. */
  reserve(): { slot: number; generation: number } {
    let slot = this.#free.pop()
    while (slot !== undefined && this.cells[slot] !== undefined) slot = this.#free.pop() // adopted meanwhile
    if (slot === undefined) {
      slot = this.cells.length
      if (slot >= REPLY_SLOT)
        throw new CambiumError('ERR_SLOTS_EXHAUSTED', `core has no free slot: slots=${REPLY_SLOT}`, {
          fields: { slots: REPLY_SLOT },
        })
      this.cells.push(undefined)
    }
    return { slot, generation: this.nextGeneration() }
  }

  /** A generation that this core has never given, nor will, in none of its lives. */
  nextGeneration(): number {
    const generation = (Atomics.load(this.#generation, 0) + 1) | 0
    Atomics.store(this.#generation, 0, generation)
    return generation
  }

  put(cell: ActorCell): void {
    while (this.cells.length <= cell.slot) {
      if (this.cells.length < cell.slot) this.#free.push(this.cells.length)
      this.cells.push(undefined)
    }
    this.cells[cell.slot] = cell
    this.#count += 1
  }

  free(cell: ActorCell): void {
    this.cells[cell.slot] = undefined
    this.#free.push(cell.slot)
    this.#count -= 1
  }

  find(slot: number, generation: number): ActorCell | undefined {
    const cell = this.cells[slot]
    return cell !== undefined && cell.generation === generation ? cell : undefined
  }
}
