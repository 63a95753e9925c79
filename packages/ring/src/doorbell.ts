/**
 * Wakes a thread that waits for work in shared memory: one Int32, no lost wake-up, no needless system call.
 *
 * ```
 *   0 busy     the owner runs and will look at its queues by itself
 *   1 parked   the owner waits; whoever wins 1 → 2 notifies it, once
 *   2 rung     a peer has won and notifies; the owner has not run yet
 *   3 idle     the owner looks at its queues all the time: publish at once, no notify
 * ```
 *
 * Protocol
 * 1. Peer: publish (Atomics.store), then load the bell; if it is parked, CAS 1 → 2, and the winner notifies once.
 * 2. Owner: store 1, then look at every queue once more; anything there → store 0 and go on; else wait while it is 1.
 * 3. The owner alone writes 0, 1 and 3; a peer writes only 1 → 2. So at most one notify per park is under way.
 * 4. A winner may come to its notify late: the owner found 2 by itself, went on and is parked again. That wait ends with the word at 1, woken for
 *    nothing; it was not its time that was up.
 *
 * Memory order: all accesses are sequentially consistent. Of "publish, load bell" and "store 1, look at the queues" one
 * comes last in the one order of all of them, and it sees the other: either the peer sees 1, or the owner the record.
 * The look in step 2 must therefore be an Atomics.load of what the peer published, as `RingConsumer.isEmpty` is.
 */
import { doorbellWordError } from './errors.ts'
import { checkWait } from './wait-strategy.ts'

export const BELL_BUSY = 0
export const BELL_PARKED = 1
export const BELL_RUNG = 2
export const BELL_IDLE = 3

/**
 * How a wait ended: `work` there was work before the wait began (or the owner itself called `busy()`), `woken` a peer rang,
 * `timeout` nobody did. Look at the queues after each of them.
 */
export type ParkOutcome = 'work' | 'woken' | 'timeout'

/** One side is the owner (`busy`, `idle`, `park`, `parkAsync`; one thread), all others are peers (`ring`, `state`). */
export interface Doorbell {
  /** The word now: one of the four `BELL_` values. */
  readonly state: number
  /** The same by a plain read, at a tenth of the cost: a hint for whoever looks at the bell for each record and rings it later in any case. */
  readonly hint: number
  /** Peer, after publishing: wakes the owner if it is parked. True if this call won the wake-up. Never blocks. */
  ring(): boolean
  /** Owner: it runs. Ends a `parkAsync` that is under way; that one resolves with `work`. */
  busy(): void
  /** Owner: it looks at its queues in a loop and wants records published at once. Ends a `parkAsync` as `busy()` does. */
  idle(): void
  /**
   * Owner: blocks the thread until it is rung or `timeoutMs` (Infinity allowed) have passed. `hasWork` is called once, after the
   * bell says parked. Leaves the bell busy. No timer, I/O or promise of this thread runs meanwhile.
   *
   * @throws `ERR_OPTION` when `hasWork` is no function, or `timeoutMs` no number
   */
  park(hasWork: () => boolean, timeoutMs: number): ParkOutcome
  /**
   * Owner: the same without blocking. When there is work at once it says so without a promise. One wait at a time: a second
   * call, `park`, `busy` or `idle` end the first one.
   *
   * The promise does not keep the thread alive: hold a ref'd handle (a port, a timer) of your own while it is pending, or
   * Node ends the thread in the middle of the wait.
   *
   * @throws `ERR_OPTION` as {@link park}
   */
  parkAsync(hasWork: () => boolean, timeoutMs: number): Promise<ParkOutcome> | 'work'
}

/**
 * A doorbell over the first element of `word`, which lies in shared memory and is 0 at the start. The word belongs on cache
 * lines of its own: a part taken from a region cursor does.
 *
 * @throws `ERR_DOORBELL_WORD`
 */
export function createDoorbell(word: Int32Array): Doorbell {
  if (!(word instanceof Int32Array) || !(word.buffer instanceof SharedArrayBuffer)) {
    throw doorbellWordError('not an Int32Array over a SharedArrayBuffer')
  }
  if (word.length < 1) throw doorbellWordError('no element')
  return new WordDoorbell(word)
}

class WordDoorbell implements Doorbell {
  readonly #word: Int32Array
  /** The async wait under way, 0 for none. A wait that is no longer this one must not write the word. */
  #wait = 0
  #waits = 0

  constructor(word: Int32Array) {
    this.#word = word
  }

  get state(): number {
    return Atomics.load(this.#word, 0)
  }

  get hint(): number {
    // Plain: what its owner and its peers last stored there. A value that is not the latest only delays or hastens a publish.
    return this.#word[0] as number
  }

  ring(): boolean {
    // The load comes first because a failed CAS costs a full barrier and takes the cache line for itself.
    if (Atomics.load(this.#word, 0) !== BELL_PARKED) return false
    if (Atomics.compareExchange(this.#word, 0, BELL_PARKED, BELL_RUNG) !== BELL_PARKED) return false
    Atomics.notify(this.#word, 0, 1)
    return true
  }

  busy(): void {
    Atomics.store(this.#word, 0, BELL_BUSY)
    if (this.#wait !== 0) this.#endWait()
  }

  idle(): void {
    Atomics.store(this.#word, 0, BELL_IDLE)
    if (this.#wait !== 0) this.#endWait()
  }

  park(hasWork: () => boolean, timeoutMs: number): ParkOutcome {
    checkWait(hasWork, timeoutMs)
    if (this.#announce(hasWork)) return 'work'
    return this.#leave(Atomics.wait(this.#word, 0, BELL_PARKED, timeoutMs))
  }

  parkAsync(hasWork: () => boolean, timeoutMs: number): Promise<ParkOutcome> | 'work' {
    checkWait(hasWork, timeoutMs)
    if (this.#announce(hasWork)) return 'work'
    const wait = Atomics.waitAsync(this.#word, 0, BELL_PARKED, timeoutMs)
    if (!wait.async) return Promise.resolve(this.#leave(wait.value))
    const id = ++this.#waits
    this.#wait = id
    return wait.value.then((ended) => {
      if (this.#wait !== id) return 'work'
      this.#wait = 0
      return this.#leave(ended)
    })
  }

  /** Says parked, then looks once more. True, and busy again, when there is work or the look threw. */
  #announce(hasWork: () => boolean): boolean {
    if (this.#wait !== 0) this.#endWait()
    Atomics.store(this.#word, 0, BELL_PARKED)
    let found = true
    try {
      found = hasWork()
    } finally {
      if (found) Atomics.store(this.#word, 0, BELL_BUSY)
    }
    return found
  }

  /** Busy again. The exchange tells whether a peer rang, even if that was after the time was up. A late notify (4) is no timeout either. */
  #leave(ended: 'ok' | 'not-equal' | 'timed-out'): ParkOutcome {
    const isRung = Atomics.exchange(this.#word, 0, BELL_BUSY) === BELL_RUNG
    return isRung || ended !== 'timed-out' ? 'woken' : 'timeout'
  }

  /** Without the notify each wait that was given up would stay in the engine's list until its own timeout. */
  #endWait(): void {
    this.#wait = 0
    Atomics.notify(this.#word, 0)
  }
}
