/** The bounded cache: by bytes, the least recently used goes first. */
import { expect, test } from 'vitest'
import { ByteLru } from '../src/byte-lru.ts'

const value = (bytes: number): Uint8Array => new Uint8Array(bytes)

test('keeps no more bytes than it may, and what was used last', () => {
  const lru = new ByteLru<Uint8Array>(4000)
  for (const key of ['a', 'b', 'c']) lru.set(key, value(1000))
  expect(lru.get('a')).toBeDefined() // so b is the oldest now
  lru.set('d', value(1000))
  expect(['a', 'b', 'c', 'd'].filter((key) => lru.get(key) !== undefined)).toEqual(['a', 'c', 'd'])
  expect(lru.bytes).toBeLessThanOrEqual(4000)
  for (let i = 0; i < 1000; i += 1) lru.set(`k${i}`, value(i % 900))
  expect(lru.bytes).toBeLessThanOrEqual(4000)
})

test('a value in the place of another counts once; one that is too large is not kept', () => {
  const lru = new ByteLru<Uint8Array>(4000)
  for (let i = 0; i < 10; i += 1) lru.set('a', value(1000))
  const { bytes } = lru
  expect(bytes).toBeLessThan(1300)
  lru.set('large', value(5000))
  expect([lru.get('large'), lru.bytes, lru.size]).toEqual([undefined, bytes, 1])
  lru.set('a', value(5000))
  expect([lru.get('a'), lru.bytes, lru.size]).toEqual([undefined, 0, 0])
})

test('even empty values have an end', () => {
  const lru = new ByteLru<Uint8Array>(10_000)
  for (let i = 0; i < 1000; i += 1) lru.set(`k${i}`, value(0))
  expect(lru.size).toBeLessThan(60)
})
