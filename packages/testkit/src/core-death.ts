/**
 * The death of a simulated core inside one of its turns. As for a thread that ends between two instructions, nothing of what it would have
 * done afterwards may reach another core:
 *
 * 1. At the point of death the shared memory is copied, and {@link CoreDeath} is thrown to leave the turn.
 * 2. Code that catches everything (a handler's guard, say) goes on for a while; each further point throws again, and no callback runs.
 * 3. When the turn has been left, the copy is put back. No other core has run meanwhile, so none has seen what is taken away again.
 */
export class CoreDeath extends Error {
  override readonly name = 'CoreDeath'

  constructor() {
    super('simulated thread has ended')
  }
}

export class DeathWatch {
  #left = 0
  #codecLeft = 0
  #copy: Uint8Array | undefined = undefined
  /** For the next copy: one of some megabytes is dear to make. */
  #spare: Uint8Array | undefined = undefined
  #memory: SharedArrayBuffer | undefined = undefined

  /** True from the point of death until {@link settle}. */
  get isDying(): boolean {
    return this.#copy !== undefined
  }

  /** A turn begins; its `point`-th point is its last, or the `codecPoint`-th of those in the codec; 0 for none. */
  arm(memory: SharedArrayBuffer, point: number, codecPoint: number = 0): void {
    this.#memory = memory
    this.#left = point
    this.#codecLeft = codecPoint
  }

  /** One of the places where a thread may end. Throws {@link CoreDeath}. */
  point(): void {
    if (this.#copy !== undefined) throw new CoreDeath()
    if (this.#left === 0) return
    this.#left -= 1
    if (this.#left === 0) this.#die()
  }

  /** The same in the middle of encoding or decoding a message; `tear` leaves the memory as it is in the middle. */
  codecPoint(tear?: () => void): void {
    if (this.#copy !== undefined) throw new CoreDeath()
    const isLast = this.#left === 1 || this.#codecLeft === 1
    if (this.#left > 0) this.#left -= 1
    if (this.#codecLeft > 0) this.#codecLeft -= 1
    if (!isLast) return
    tear?.()
    this.#die()
  }

  /** The turn has been left. True when the core died in it. */
  settle(): boolean {
    this.#left = 0
    this.#codecLeft = 0
    const copy = this.#copy
    if (copy === undefined) return false
    this.#copy = undefined
    this.#spare = copy
    new Uint8Array(this.#memory as SharedArrayBuffer).set(copy)
    return true
  }

  #die(): never {
    const memory = this.#memory as SharedArrayBuffer
    this.#copy = this.#spare?.length === memory.byteLength ? this.#spare : new Uint8Array(memory.byteLength)
    this.#copy.set(new Uint8Array(memory))
    throw new CoreDeath()
  }
}
