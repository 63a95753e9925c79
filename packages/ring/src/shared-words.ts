/**
 * The atomic accesses of the hot paths: `Atomics` where the memory is a SharedArrayBuffer, functions of a WebAssembly module where
 * it is a memory of WebAssembly.
 *
 * Why: V8 compiles each call of `Atomics` to a call of a built-in function that checks its arguments anew, 8 ns for a load as for a
 * store. Calls of WebAssembly are inlined, and a function can make several accesses: "store, then load" takes 5 ns instead of 16,
 * with rings in several memories at once 12 ns (Node 26). One record at a time between two threads: 70 M/s instead of 38 M/s.
 *
 * Both make the same accesses in the same order, all of them sequentially consistent; a test holds them together.
 */
import { int32Of, wasmEngine } from './ring-memory.ts'
import type { RingMemory } from './ring-memory.ts'
import { wordFunctionsCode } from './shared-words-code.ts'
import type { WordFunctions } from './shared-words-code.ts'

/** Int32 words of one memory; a word is named by its index. Internal. */
export interface SharedWords {
  /** All words of the memory, for plain accesses and for what is seldom done. */
  readonly int32: Int32Array
  /** Whether accesses go through WebAssembly. */
  readonly isWasm: boolean
  load(word: number): number
  store(word: number, value: number): void
  /** Stores `value` if the word is `expected`; gives the value that was there. */
  compareExchange(word: number, expected: number, value: number): number
  /** Stores, and then looks whether one of the two words from `flags` on, an even index, is not 0. Gives 1 or 0. */
  publish(word: number, value: number, flags: number): number
  /**
   * Slots say by their lap number that they are published. Counts how many do without a gap, from sequence `from` on and `count`
   * at most; the lap of a sequence is `(sequence >>> shift) << 1`, bit 0 of a word is not looked at.
   */
  scan(words: number, mask: number, shift: number, from: number, count: number): number
  /**
   * Moves a cursor on by `count` if the limit leaves room for that: 1, or 0 when it does not. Before the CAS it notes in three words from
   * `own` on the first and the last of what it claims and phase 1, after it phase 2, all by plain stores.
   */
  claim(cursor: number, limit: number, own: number, count: number, capacity: number): number
}

const known = new WeakMap<object, SharedWords>()
let compiled: object | undefined

/** The words of a memory. One object per memory and thread: calls of one object's functions are what engines inline. */
export function sharedWordsOf(memory: RingMemory): SharedWords {
  let words = known.get(memory)
  if (words === undefined) {
    const int32 = int32Of(memory)
    words =
      memory instanceof SharedArrayBuffer || !wasmEngine ? new AtomicWords(int32) : new WasmWords(int32, instantiate(memory))
    known.set(memory, words)
  }
  return words
}

function instantiate(memory: RingMemory): WordFunctions {
  compiled ??= new wasmEngine!.Module(wordFunctionsCode())
  return new wasmEngine!.Instance(compiled, { ring: { memory } }).exports as unknown as WordFunctions
}

class WasmWords implements SharedWords {
  readonly isWasm = true
  readonly int32: Int32Array
  readonly load: (word: number) => number
  readonly store: (word: number, value: number) => void
  readonly compareExchange: (word: number, expected: number, value: number) => number
  readonly publish: (word: number, value: number, flags: number) => number
  readonly scan: (words: number, mask: number, shift: number, from: number, count: number) => number
  readonly claim: (cursor: number, limit: number, own: number, count: number, capacity: number) => number

  constructor(int32: Int32Array, functions: WordFunctions) {
    this.int32 = int32
    this.load = functions.load
    this.store = functions.store
    this.compareExchange = functions.compareExchange
    this.publish = functions.publish
    this.scan = functions.scan
    this.claim = functions.claim
  }
}

class AtomicWords implements SharedWords {
  readonly isWasm = false
  readonly int32: Int32Array

  constructor(int32: Int32Array) {
    this.int32 = int32
  }

  load(word: number): number {
    return Atomics.load(this.int32, word)
  }

  store(word: number, value: number): void {
    Atomics.store(this.int32, word, value)
  }

  compareExchange(word: number, expected: number, value: number): number {
    return Atomics.compareExchange(this.int32, word, expected, value)
  }

  publish(word: number, value: number, flags: number): number {
    Atomics.store(this.int32, word, value)
    return Atomics.load(this.int32, flags) !== 0 || Atomics.load(this.int32, flags + 1) !== 0 ? 1 : 0
  }

  scan(words: number, mask: number, shift: number, from: number, count: number): number {
    for (let found = 0; found < count; found++) {
      const sequence = (from + found) | 0
      const lap = (sequence >>> shift) << 1
      if ((Atomics.load(this.int32, words + (sequence & mask)) & -2) !== lap) return found
    }
    return count
  }
  claim(cursor: number, limit: number, own: number, count: number, capacity: number): number {
    const int32 = this.int32
    // Ends: a CAS that fails is another producer's claim, and the room for those is bounded.
    for (;;) {
      const current = Atomics.load(int32, cursor)
      const room = (Atomics.load(int32, limit) - current) | 0
      // More than the capacity: the cursor was moved on between the two loads.
      if (room < count || room > capacity) return 0
      const next = (current + count) | 0
      int32[own] = (current + 1) | 0
      int32[own + 1] = next
      int32[own + 2] = 1
      if (Atomics.compareExchange(int32, cursor, current, next) === current) {
        int32[own + 2] = 2
        return 1
      }
    }
  }
}
