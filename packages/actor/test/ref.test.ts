/** Refs: equality, text, and what they hand to their core. */
import { expect, test } from 'vitest'
import { ActorRef, isRef } from '../src/index.ts'
import type { RefHost } from '../src/index.ts'

const calls: unknown[] = []
const host: RefHost = {
  system: calls,
  tell: (target, message) => void calls.push(['tell', target, message]),
  trySend: (target, message) => {
    calls.push(['trySend', target, message])
    return 'full'
  },
  send: (target, message, options) => {
    calls.push(['send', target, message, options])
    return Promise.resolve()
  },
  ask: (target, message, options) => {
    calls.push(['ask', target, message, options])
    return Promise.resolve('answer')
  },
  after: (delayMs) => {
    calls.push(['after', delayMs])
    return () => {}
  },
}

test('two refs are equal when core, slot and generation are (D8)', () => {
  const ref = new ActorRef(host, 2, 17, 40)
  expect(ref.equals(new ActorRef(host, 2, 17, 40))).toBe(true)
  expect(ref.equals({ core: 2, slot: 17, generation: 40 })).toBe(true)
  for (const [core, slot, generation] of [
    [1, 17, 40],
    [2, 16, 40],
    [2, 17, 41],
  ] as const) {
    expect(ref.equals(new ActorRef(host, core, slot, generation))).toBe(false)
  }
})

test('refs of two systems are not equal, whatever they say; refs of one are, on whichever hosts', () => {
  const ref = new ActorRef(host, 2, 17, 40)
  expect(ref.equals(new ActorRef({ ...host, system: {} }, 2, 17, 40))).toBe(false)
  expect(ref.equals(new ActorRef({ ...host }, 2, 17, 40))).toBe(true)
})

test('a ref is written as core, slot and generation', () => {
  const ref = new ActorRef(host, 2, 17, 40)
  expect(String(ref)).toBe('core-2/17#40')
  expect(JSON.stringify({ to: ref })).toBe('{"to":"core-2/17#40"}')
  expect(String(new ActorRef(host, 0, 0, -1))).toBe('core-0/0#4294967295') // generations are Int32, shown without a sign
})

test('isRef knows refs from what looks like them', () => {
  expect(isRef(new ActorRef(host, 0, 0, 1))).toBe(true)
  for (const value of [{ core: 0, slot: 0, generation: 1 }, null, undefined, 'core-0/0#1', {}]) expect(isRef(value)).toBe(false)
})

test('every way of sending goes to the host with the ref as its address', async () => {
  const ref = new ActorRef(host, 1, 2, 3)
  ref.tell('a')
  expect(ref.trySend('b')).toBe('full')
  await ref.send('c', { timeoutMs: 1 })
  expect(await ref.ask('d')).toBe('answer')
  expect(calls).toEqual([
    ['tell', ref, 'a'],
    ['trySend', ref, 'b'],
    ['send', ref, 'c', { timeoutMs: 1 }],
    ['ask', ref, 'd', undefined],
  ])
})
