/** Messages and replies that cannot travel or have nobody to go to, and those that are larger than a ring. */
import type { CambiumError } from '@cambium/base'
import { describe, expect, it } from 'vitest'
import { counter } from './fixtures/counter.ts'
import { courier } from './fixtures/courier.ts'
import { gate, gated } from './fixtures/gate.ts'
import { failureOf, next, settled, start } from './harness.ts'

const caught = (act: () => void): CambiumError => {
  try {
    act()
  } catch (error) {
    return error as CambiumError
  }
  expect.fail('nothing was thrown')
}

it.for([0, 1])('a message that cannot travel is an error at its sender, with the path: core %i', async (core) => {
  const system = await start()
  const ref = await system.spawn(counter, 0, { core })
  const message = { type: 'echo', value: { list: [1, { handler: () => 1 }] } } as const
  const text = 'message cannot travel: path=value.list[1].handler, found function'
  expect(caught(() => ref.tell(message)).message).toMatch(new RegExp(`^${text.replaceAll(/[[\].]/g, '\\$&')}`))
  for (const failing of [ref.send(message), ref.ask(message)]) {
    const error = await failureOf(failing)
    expect(error).toMatchObject({ code: 'ERR_CANNOT_TRAVEL', fields: { path: 'value.list[1].handler' } })
  }
  expect(caught(() => ref.trySend(message)).code).toBe('ERR_CANNOT_TRAVEL')
  expect(system.books().sent).toBe(0)
  expect(await ref.ask({ type: 'read' })).toEqual({ type: 'value', value: 0 })
})

it.for([0, 1])(
  'a reply that cannot travel crashes the actor that gave it, and its asker learns the path: core %i',
  async (core) => {
    const system = await start()
    const ref = await system.spawn(courier, undefined, { core })
    const restarted = next(system, 'actor_restarted')
    const error = await failureOf(ref.ask({ type: 'give_function' }))
    expect(error.code).toBe('ERR_CANNOT_TRAVEL')
    expect(error.message).toMatch(/^message cannot travel: path=given\[0\], found function/)
    expect(await restarted).toMatchObject({ actor: { core, slot: ref.slot, generation: ref.generation } })
    expect(await ref.ask({ type: 'give', size: 3 })).toEqual({ bytes: new Uint8Array([7, 7, 7]) })
  },
)

it.for([0, 1])('to a stopped actor: a tell is a dead letter, an ask fails at once: core %i', async (core) => {
  const system = await start()
  const ref = await system.spawn(counter, 0, { core, name: 'gone' })
  expect(await system.stop(ref)).toEqual({ kind: 'shutdown' })
  const letter = next(system, 'dead_letter')
  ref.tell({ type: 'inc' })
  expect(await letter).toMatchObject({
    reason: 'no_such_actor',
    target: { core, slot: ref.slot, generation: ref.generation },
    count: 1,
  })
  const error = await failureOf(ref.ask({ type: 'read' }, { timeoutMs: Infinity }))
  expect(error).toMatchObject({ code: 'ERR_NO_SUCH_ACTOR', message: `no such actor: ref=${String(ref)}` })
  // The next actor in the slot is another one.
  const heir = await system.spawn(counter, 5, { core })
  expect(heir.slot).toBe(ref.slot)
  ref.tell({ type: 'inc' })
  expect(await heir.ask({ type: 'read' })).toEqual({ type: 'value', value: 5 })
  await settled(system)
  expect(system.books().dead.no_such_actor).toBe(3)
  expect(await failureOf(system.stop(ref))).toMatchObject({
    code: 'ERR_NO_SUCH_ACTOR',
    message: `no supervised actor has this ref: ref=${String(ref)}`,
  })
})

it.for([0, 1])('an actor that stops with asks queued: each fails, and is a dead letter: core %i', async (core) => {
  const system = await start()
  const door = await system.spawn(gate, { isOpen: true }, { core: 0 })
  const ref = await system.spawn(gated, door, { core, name: 'gated' })
  door.tell({ type: 'close' })
  ref.tell({ type: 'pass' })
  await door.ask({ type: 'arrived', count: 2 }) // it waits in its handler, all that comes now is queued
  const asks = Array.from({ length: 10 }, () => failureOf(ref.ask({ type: 'where' })))
  const stopped = system.stop(ref, { shutdown: 'infinity' })
  door.tell({ type: 'open' })
  expect(await stopped).toEqual({ kind: 'shutdown' })
  for (const error of await Promise.all(asks))
    expect(error).toMatchObject({ code: 'ERR_NO_SUCH_ACTOR', message: 'actor has ended: actor=gated' })
  await settled(system)
  expect(system.books().dead.stopped).toBe(10)
})

it('an ask whose actor is killed in its handler fails, the message in hand is a dead letter', async () => {
  const system = await start()
  const door = await system.spawn(gate, { isOpen: true }, { core: 0 })
  const ref = await system.spawn(gated, door, { core: 1, name: 'gated' })
  door.tell({ type: 'close' })
  const failing = failureOf(ref.ask({ type: 'pass' }))
  await door.ask({ type: 'arrived', count: 2 })
  expect(await system.stop(ref, { shutdown: 'brutal_kill' })).toEqual({ kind: 'killed' })
  expect(await failing).toMatchObject({ code: 'ERR_NO_SUCH_ACTOR', message: 'actor has ended: actor=gated' })
  await settled(system)
  expect(system.books().dead.stopped).toBe(1)
})

describe('messages larger than the ring', () => {
  it('go in fragments, both ways, among small ones, in order', async () => {
    const system = await start({ cores: 2, ringBytes: 4096 })
    const far = await system.spawn(courier, undefined, { core: 2 })
    const near = await system.spawn(courier, undefined, { core: 1 })
    const bytes = new Uint8Array(1_000_000).map((_, i) => i % 251)
    const [large, small] = await Promise.all([near.ask({ type: 'carry', to: far, bytes }), near.ask({ type: 'give', size: 2 })])
    expect(large.bytes).toHaveLength(bytes.length)
    expect(Buffer.compare(large.bytes as Uint8Array, bytes)).toBe(0)
    expect(small.bytes).toEqual(new Uint8Array([7, 7]))
    await settled(system)
  })

  it('beyond messageBytesMax are a mistake of the sender', async () => {
    const system = await start({ messageBytesMax: 10_000 })
    const ref = await system.spawn(courier, undefined, { core: 1 })
    const error = await failureOf(ref.ask({ type: 'echo', bytes: new Uint8Array(20_000) }))
    expect(error.code).toBe('ERR_MESSAGE_TOO_LARGE')
    expect(error.message).toMatch(/^message is too large: bytes=200\d\d, limit=10000$/)
    const restarted = next(system, 'actor_restarted')
    expect(await failureOf(ref.ask({ type: 'give', size: 20_000 }))).toMatchObject({ code: 'ERR_MESSAGE_TOO_LARGE' })
    await restarted
    expect(await ref.ask({ type: 'give', size: 1 })).toEqual({ bytes: new Uint8Array([7]) })
  })
})
