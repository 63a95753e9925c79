/**
 * The journal's log in shared memory, for actors on real threads (`src/workloads/journal-log.ts`). It outlives every thread that writes into it.
 *
 *     word 0   bytes taken, counted from the first entry    writers, Atomics.add
 *     word 1   1 when faults are over                       the scenario's thread
 *     word 2   messages taken                               actors' threads, Atomics.add
 *     word 4   entries, each on a multiple of 8 bytes:  int32 length (negative: bytes taken, not written yet), int32 unused, JSON
 *
 * 1. A writer takes room by one `Atomics.add`: the order of entries is that of these.
 * 2. It marks the room with its size, negative, writes the text, then stores the text's length (Atomics): now the entry is there.
 * 3. The reader goes on in order. For what is not there yet it waits, in all for a limited time: all writers go on meanwhile. What does not
 *    come was its thread's last, and is left out.
 */
import type { JournalEntry, JournalLog } from '../../src/workloads/journal-log.ts'

const BYTES = 0
const CALM = 1
const TAKES = 2
const ENTRIES = 4
const HEAD_BYTES = 8
/** A thread that runs writes an entry in microseconds; one that has to wait for a core of the machine, within so many milliseconds. */
const WRITE_MS_MAX = 1000

export class SharedLog implements JournalLog {
  readonly memory: SharedArrayBuffer
  readonly #words: Int32Array
  readonly #text: Buffer
  #read = 0

  constructor(memory: SharedArrayBuffer) {
    this.memory = memory
    this.#words = new Int32Array(memory)
    this.#text = Buffer.from(memory, ENTRIES * 4)
  }

  get isCalm(): boolean {
    return Atomics.load(this.#words, CALM) === 1
  }

  /** No actor crashes on purpose any more. */
  calm(): void {
    Atomics.store(this.#words, CALM, 1)
  }

  /** Counts a message as taken; answers how many have been. */
  countTake(): number {
    return Atomics.add(this.#words, TAKES, 1) + 1
  }

  write(run: number, method: string, args: readonly unknown[]): number {
    const text = Buffer.from(JSON.stringify([run, method, args]))
    const size = (HEAD_BYTES + text.length + 7) & -8
    const at = Atomics.add(this.#words, BYTES, size)
    if (at + size > this.#text.length) throw new RangeError(`the journal's log is full: bytes=${this.#text.length}`)
    const head = ENTRIES + at / 4
    Atomics.store(this.#words, head, -size)
    this.#text.set(text, at + HEAD_BYTES)
    Atomics.store(this.#words, head, text.length)
    return at / 8 + 1
  }

  *read(): Generator<JournalEntry> {
    let patienceMs = WRITE_MS_MAX
    // Ends: what is taken is bounded by the memory, and each step goes on by 8 bytes at least.
    while (this.#read < Atomics.load(this.#words, BYTES)) {
      const at = this.#read
      const head = ENTRIES + at / 4
      let length = Atomics.load(this.#words, head)
      for (; length <= 0 && patienceMs > 0; patienceMs -= 1) {
        Atomics.wait(this.#words, head, length, 1)
        length = Atomics.load(this.#words, head)
      }
      if (length <= 0) {
        // Unmarked room is all zeros, up to the next mark.
        this.#read += length < 0 ? -length : 8
        continue
      }
      this.#read += (HEAD_BYTES + length + 7) & -8
      // A plain read of what the Atomics.store of the length published.
      const text = this.#text.toString('utf8', at + HEAD_BYTES, at + HEAD_BYTES + length)
      const [run, method, args] = JSON.parse(text) as [number, string, unknown[]]
      yield { place: at / 8 + 1, run, method, args }
    }
  }
}
