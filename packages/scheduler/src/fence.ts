/**
 * Keeps a thread that was abandoned from writing into what its successor owns (`runtime/src/core-pool.ts`). Such a thread is in a native call, which nothing
 * can interrupt. It comes back from it at any time, also while the root is at work here.
 *
 *     word epoch of core k    the root adds one, Atomics; core k's thread reads it, plainly
 *
 * 1. The root asks the engine to end the thread (`terminate`). From then on no function is entered and no loop goes round in it: whatever comes back from
 *    the native call runs as straight code up to the next of these, and ends there. There is no native call in the runtime's own ways to shared memory.
 * 2. When `terminateTimeoutMs` have passed, the root adds one to the epoch.
 * 3. Each way from a callback back to shared memory (its end, what it sends, what it answers, what it reads and publishes of channels) begins at the fence:
 *    the thread reads the epoch, and when it is another one than its own it goes into a loop, which is (1). Code compiled into one piece may run
 *    from there to its write without entering a function: that is the *section* behind the fence.
 * 4. The root lets `FENCE_MS` pass. A thread that passed the fence before (2) leaves its section in that time: it needs the processor for less than a microsecond, and
 *    once. One that comes later sees the new epoch.
 * 5. Only then the root reads what the thread has left, brings it in order, and starts a successor.
 *
 * Without (4) a thread between its look and its write would write into what the root has read already. A thread that acknowledged each section, by a word set in
 * front of the fence and cleared behind the write, would spare the wait nothing: two plain stores are in the other order for a reader elsewhere unless a
 * barrier lies between them, which costs each message ten nanoseconds, to save a twentieth of `terminateTimeoutMs` in a failure that is rare. What is left to
 * chance is a thread that came back from its native call in the microsecond before (2), and is then denied the processor for all of (4).
 * Every interleaving: `test/fence.test.ts`.
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
