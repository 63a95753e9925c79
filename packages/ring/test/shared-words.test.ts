/** The two ways to make the accesses of the hot paths do the same: by `Atomics`, and by the WebAssembly module. */
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { bufferOf, createRingMemory } from '../src/ring-memory.ts'
import type { RingMemory } from '../src/ring-memory.ts'
import { sharedWordsOf } from '../src/shared-words.ts'
import type { SharedWords } from '../src/shared-words.ts'

const WORDS = 64

function pair(): readonly [SharedWords, SharedWords] {
  return [sharedWordsOf(createRingMemory(WORDS * 4)), sharedWordsOf(new SharedArrayBuffer(WORDS * 4))]
}

/** The first words of both memories must be the same after each call, and so must what the calls return. */
function same<T>([wasm, plain]: readonly [SharedWords, SharedWords], call: (words: SharedWords) => T): T {
  const result = call(wasm)
  expect(call(plain)).toEqual(result)
  expect(wasm.int32.slice(0, WORDS)).toEqual(plain.int32.slice(0, WORDS))
  return result
}

const word = fc.nat(WORDS - 1)
const value = fc.oneof(fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }), fc.constantFrom(-1, 0, 1, 2 ** 31 - 1, -(2 ** 31)))

describe('WebAssembly and Atomics', () => {
  test('one is the one, and one the other', () => {
    const [wasm, plain] = pair()
    expect([wasm.isWasm, plain.isWasm]).toEqual([true, false])
  })

  test('store, load, compareExchange, publish', () => {
    const calls = fc.array(
      fc.oneof(
        fc.record({ kind: fc.constant('store'), word, value, other: value }),
        fc.record({ kind: fc.constant('compareExchange'), word, value, other: value }),
        fc.record({ kind: fc.constant('publish'), word, value, other: fc.nat(WORDS / 2 - 1) }),
      ),
      { maxLength: 20 },
    )
    fc.assert(
      fc.property(calls, (list) => {
        const both = pair()
        for (const { kind, word: at, value: one, other } of list) {
          if (kind === 'store') same(both, (words) => words.store(at, one))
          else if (kind === 'compareExchange') same(both, (words) => words.compareExchange(at, other, one))
          else same(both, (words) => words.publish(at, one, other * 2))
          expect(same(both, (words) => words.load(at))).toBe(both[0].int32[at])
        }
      }),
    )
  })

  test('publish sees the store itself, the first and the second word, and nothing else', () => {
    const both = pair()
    expect(same(both, (words) => words.publish(8, 5, 10))).toBe(0)
    expect(same(both, (words) => words.publish(10, 5, 10))).toBe(1)
    expect(same(both, (words) => words.publish(10, 0, 10))).toBe(0)
    expect(same(both, (words) => words.publish(11, -1, 10))).toBe(1)
  })

  test('C-43 scan counts laps without a gap, whatever bit 0 says, across the ends of slots and numbers', () => {
    const shape = fc.record({
      shift: fc.integer({ min: 1, max: 4 }),
      from: value,
      there: fc.array(fc.boolean(), { minLength: 16, maxLength: 16 }),
      aborted: fc.array(fc.boolean(), { minLength: 16, maxLength: 16 }),
      count: fc.nat(16),
    })
    fc.assert(
      fc.property(shape, ({ shift, from, there, aborted, count }) => {
        const both = pair()
        const capacity = 1 << shift
        const limit = Math.min(count, capacity)
        for (let ahead = 0; ahead < capacity; ahead++) {
          const sequence = (from + ahead) | 0
          const lap = ((sequence >>> shift) << 1) | (aborted[ahead] ? 1 : 0)
          for (const { int32 } of both) int32[20 + (sequence & (capacity - 1))] = there[ahead] ? lap : lap + 2
        }
        const gap = there.slice(0, limit).indexOf(false)
        expect(same(both, (words) => words.scan(20, capacity - 1, shift, from, limit))).toBe(gap < 0 ? limit : gap)
      }),
    )
  })

  test('C-44 claim takes what the limit leaves room for, notes it, and never more than the capacity', () => {
    const shape = fc.record({
      cursor: value,
      room: fc.integer({ min: -3, max: 20 }),
      count: fc.integer({ min: 1, max: 16 }),
    })
    fc.assert(
      fc.property(shape, ({ cursor, room, count }) => {
        const both = pair()
        for (const { int32 } of both) {
          int32[0] = cursor
          int32[1] = (cursor + room) | 0
        }
        const taken = same(both, (words) => words.claim(0, 1, 4, count, 16))
        expect(taken).toBe(room >= count && room <= 16 ? 1 : 0)
        const noted = taken === 1 ? [(cursor + 1) | 0, (cursor + count) | 0, 2] : [0, 0, 0]
        expect(Array.from(both[0].int32.subarray(4, 7))).toEqual(noted)
        expect(both[0].int32[0]).toBe(taken === 1 ? (cursor + count) | 0 : cursor)
      }),
    )
  })
})

describe('memory', () => {
  test('one object of words for each memory, so that engines can inline its calls', () => {
    const memory = createRingMemory(128)
    expect(sharedWordsOf(memory)).toBe(sharedWordsOf(memory))
    expect(sharedWordsOf(memory).int32.buffer).toBe(bufferOf(memory))
  })

  test('what is neither shared memory nor a memory of WebAssembly is refused', () => {
    for (const memory of [new ArrayBuffer(8), undefined, {}, { buffer: new ArrayBuffer(8) }, 7]) {
      expect(() => sharedWordsOf(memory as unknown as RingMemory)).toThrow(expect.objectContaining({ code: 'ERR_RING_MEMORY' }))
    }
  })

  test('without WebAssembly everything works over plain shared memory', async () => {
    const fixture = fileURLToPath(new URL('./fixtures/without-wasm.ts', import.meta.url))
    // Node strips types by WebAssembly, which it loads for the fixture, unless that lies in the cache, and what it imports after that does not.
    const env = { ...process.env, NODE_DISABLE_COMPILE_CACHE: '1' }
    const { stdout } = await promisify(execFile)(process.execPath, ['--disallow-code-generation-from-strings', fixture], { env })
    expect(stdout).toBe('no WebAssembly, SharedArrayBuffer: 1000 records, sum 499500, name n999\n')
  })
})
