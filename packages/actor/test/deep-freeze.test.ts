/** Freezing of messages that go by reference: all of what a receiver could change in secret, and nothing that may not be frozen. */
import { expect, test } from 'vitest'
import { ActorRef, deepFreeze } from '../src/index.ts'

test('freezes objects and arrays at every depth (R2.1)', () => {
  const message = { a: { b: [{ c: 1 }] }, list: [[1], [2]] }
  deepFreeze(message)
  for (const part of [message, message.a, message.a.b, message.a.b[0], message.list, message.list[1]])
    expect(Object.isFrozen(part)).toBe(true)
  expect(() => (message.a.b as unknown[]).push(1)).toThrow(TypeError)
})

test('leaves bytes, refs and primitives as they are', () => {
  const ref = new ActorRef({} as never, 0, 0, 1)
  const message = {
    bytes: new Uint8Array(4),
    buffer: Buffer.from('x'),
    view: new DataView(new ArrayBuffer(2)),
    ref,
    nothing: null,
    text: 'x',
  }
  deepFreeze(message)
  message.bytes[0] = 7
  expect(message.bytes[0]).toBe(7)
  expect(Object.isFrozen(ref)).toBe(false)
  for (const value of [1, 'x', null, undefined, true, 1n]) expect(() => deepFreeze(value)).not.toThrow()
})

test('ends on a cycle, and after its bound on a huge message', () => {
  const cycle: { self?: object } = {}
  cycle.self = cycle
  deepFreeze(cycle)
  expect(Object.isFrozen(cycle)).toBe(true)
  const huge = Array.from({ length: 20_000 }, () => ({}))
  deepFreeze(huge)
  expect(Object.isFrozen(huge)).toBe(true)
  expect(huge.filter((part) => Object.isFrozen(part)).length).toBe(9_999)
})
