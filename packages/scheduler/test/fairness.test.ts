/** Turns are bounded (D4, D12): whatever one actor or one peer does, the others, the timers and the signals have their share. */
import { expect, test } from 'vitest'
import type { Ref } from '@cambium/actor'
import { handler, World } from './harness.ts'

/** An actor that keeps itself busy for ever. */
const endless = handler<'go'>((_, context) => (context.self as Ref<'go'>).tell('go'), 'endless')

test('an actor that floods itself starves no other actor of its core, no timer, no signal', async () => {
  const world = new World()
  const quick = world.spawn(
    1,
    handler<string>((message, context) => {
      world.note(message)
      if (message === 'set') context.setTimer('a', 10, 'timer')
    }),
    null,
  )
  await world.run()
  const busy = world.spawn(1, endless, null)
  busy.tell('go')
  quick.tell('set')
  const turns = (): void => {
    for (let i = 0; i < 3; i += 1) for (const core of [0, 1]) expect(world.turn(core)).toBeLessThanOrEqual(2000)
  }
  turns()
  expect(world.notes).toEqual(['set'])
  world.nowMs += 11
  turns()
  expect(world.notes).toEqual(['set', 'timer'])
  const stopped = world.stop(busy)
  await world.run() // the flood has ended, or this would not
  expect(await stopped).toEqual({ kind: 'shutdown' })
  expect(world.dead()).toEqual({ stopped: 1 })
  world.expectBalanced()
})

test('many busy actors take turns: none is ahead of another by more than one go', () => {
  const world = new World()
  const counts = new Map<string, number>()
  const refs = Array.from({ length: 20 }, (_, i) =>
    world.spawn(
      0,
      handler<'go'>((_message, context) => {
        counts.set(context.name as string, (counts.get(context.name as string) ?? 0) + 1)
        ;(context.self as Ref<'go'>).tell('go')
      }),
      null,
      { name: `a${i}` },
    ),
  )
  for (const ref of refs) ref.tell('go')
  for (let i = 0; i < 200; i += 1) world.turn(0)
  const all = [...counts.values()]
  expect(all).toHaveLength(20)
  expect(Math.min(...all)).toBeGreaterThan(0)
  expect(Math.max(...all) - Math.min(...all)).toBeLessThanOrEqual(64)
})

test('signals overtake the messages in the rings (D4)', async () => {
  const world = new World({ ringBytes: 1 << 20 })
  const ref = world.spawn(
    1,
    handler((message) => world.note(message), 'sink', { capacity: 1 << 20 }),
    null,
  )
  await world.run()
  for (let i = 0; i < 5000; i += 1) ref.tell(i)
  world.turn(0) // published
  const stopped = world.stop(ref)
  world.turn(0)
  world.turn(1)
  expect(world.core(1).report().actors).toBe(0) // though the ring was full of messages
  await world.run()
  await stopped
  expect(world.notes).toEqual([])
  expect(world.dead()).toEqual({ no_such_actor: 5000 })
  world.expectBalanced()
})

test('a turn takes a bounded number of records from each peer, and begins with another peer each time', async () => {
  const world = new World({ cores: 4, ringBytes: 1 << 18 })
  const target = world.spawn(
    3,
    handler<number>((from) => world.note(from)),
    null,
  )
  const senders = [0, 1, 2].map((core) =>
    world.spawn(
      core,
      handler<number>((count) => {
        for (let i = 0; i < count; i += 1) world.inside<number>(target, core).tell(core)
      }),
      null,
    ),
  )
  await world.run()
  for (const sender of senders) sender.tell(3000)
  for (const core of [0, 1, 2]) while (world.turn(core) > 0);
  const firsts: unknown[] = []
  for (let turn = 0; turn < 3; turn += 1) {
    const before = world.notes.length
    const done = world.turn(3)
    expect(done).toBeLessThanOrEqual(3 * 256 + 512)
    const seen = world.notes.slice(before)
    firsts.push(seen[0])
    for (const core of [0, 1, 2]) expect(seen.filter((from) => from === core)).toHaveLength(256)
  }
  expect(new Set(firsts).size).toBe(3)
  await world.run()
  expect(world.notes).toHaveLength(9000)
  world.expectBalanced()
})

test('a turn gives way after its time, however short its messages are in number', () => {
  const world = new World()
  let handled = 0
  const ref = world.spawn(
    0,
    handler<'go'>((_, context) => {
      handled += 1
      world.nowMs += 0.4 // each takes a while
      ;(context.self as Ref<'go'>).tell('go')
    }),
    null,
  )
  const other = world.spawn(
    0,
    handler(() => world.note('other')),
    null,
  )
  ref.tell('go')
  other.tell('x')
  world.turn(0)
  world.turn(0)
  expect(world.notes).toEqual(['other'])
  expect(handled).toBeLessThanOrEqual(2 * 64)
})
