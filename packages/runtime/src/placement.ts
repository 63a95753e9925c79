/** Which core an actor goes to: the one asked for, the one of its key, or the worker with the fewest supervised actors. */
import { hashKey } from '@cambium/base'

export class Placement {
  readonly #counts: number[]
  readonly #workers: readonly number[]
  #turn = 0

  constructor(cores: number, workers: readonly number[]) {
    this.#counts = new Array<number>(cores).fill(0)
    this.#workers = workers
  }

  choose(core: number | undefined, key: string | undefined): number {
    if (core !== undefined) return core
    if (this.#workers.length === 0) return 0
    if (key !== undefined) return this.#workers[hashKey(key) % this.#workers.length] as number
    // Beginning elsewhere each time, so that equals take turns.
    this.#turn = (this.#turn + 1) % this.#workers.length
    let best = this.#workers[this.#turn] as number
    for (let i = 1; i < this.#workers.length; i += 1) {
      const candidate = this.#workers[(this.#turn + i) % this.#workers.length] as number
      if ((this.#counts[candidate] as number) < (this.#counts[best] as number)) best = candidate
    }
    return best
  }

  added(core: number): void {
    this.#counts[core] = (this.#counts[core] as number) + 1
  }

  removed(core: number): void {
    this.#counts[core] = (this.#counts[core] as number) - 1
  }
}
