/**
 * Keeps a thread that was abandoned from writing into what its successor owns (`runtime/src/core-pool.ts`, a to c).
 *
 * The thread is in a native call, and the end of its JavaScript is pending: the engine ends it at the next function that is entered or loop that goes
 * round. Code that was compiled into one piece may run on until then. So the ways from a callback back to shared memory (its end, what it
 * sends, what it answers) pass the fence: one plain read of the core's epoch, which the root has counted up by then.
 */
export class Fence {
  readonly #epoch: Int32Array
  readonly #own: number

  /** `epoch`: the word of the core. Without one the fence never closes. */
  constructor(epoch: Int32Array = new Int32Array(1)) {
    this.#epoch = epoch
    this.#own = Atomics.load(epoch, 0)
  }

  /** Does not come back when another thread is this core by now: each round of the loop lets the engine end this one. */
  pass(): void {
    if (this.#epoch[0] !== this.#own) for (;;);
  }
}
