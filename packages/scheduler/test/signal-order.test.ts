/** A signal is never overtaken by a message that the same core sends after it (D4, C-36). */
import type { Ref } from '@cambium/actor'
import { expect, test } from 'vitest'
import { behave, World } from './harness.ts'

/** Kills the actor from core 0, then tells it something. */
function killAndTell(world: World, ref: Ref<string>): void {
  const { slot, generation } = ref
  world.core(0).signal(1, { type: 'stop', request: 9, slot, generation, timeoutMs: 0, keepsSlot: false })
  ref.tell('too late')
}

const noting = (world: World) =>
  behave<null, string, null>({ init: () => null, receive: (_, message) => world.note(message) }, 'noting')

test('published at once from outside a turn', () => {
  const world = new World({ cores: 2 })
  const ref = world.spawn(1, noting(world), null)
  world.drive()
  killAndTell(world, ref)
  world.turn(1) // core 0 has had no turn, whose end publishes what is left
  world.drive()
  expect(world.notes).toEqual([])
  expect(world.dead()).toEqual({ no_such_actor: 1 })
})

// Which of its peers a core sees to first takes turns.
test.each([0, 1])('both come in the middle of a turn, between the look at the signals and that at the messages (%i)', (extra) => {
  const world = new World({ cores: 3 })
  const ref = world.spawn(1, noting(world), null)
  const trigger = world.spawn(
    1,
    behave<null, string, null>({ init: () => null, receive: () => killAndTell(world, ref) }, 'trigger'),
    null,
  )
  world.drive()
  for (let turn = 0; turn < extra; turn += 1) world.turn(1)
  world.ref<string>(trigger, 2).tell('now')
  world.core(2).flush()
  world.turn(1)
  world.drive()
  expect(world.notes).toEqual([])
  expect(world.dead()).toEqual({ no_such_actor: 1 })
})

test('a flood of signals that takes more than a turn keeps the messages behind it', () => {
  const world = new World({ cores: 2 })
  const ref = world.spawn(1, noting(world), null)
  world.drive()
  const { slot, generation } = ref
  for (let i = 0; i < 300; i += 1) world.core(0).signal(1, { type: 'release', slot: 1_000_000 + i, generation: 0 })
  killAndTell(world, { ...ref, slot, generation, tell: (message: string) => ref.tell(message) } as Ref<string>)
  world.drive()
  expect(world.notes).toEqual([])
  expect(world.dead()).toEqual({ no_such_actor: 1 })
})

test('a signal that finds its ring full keeps the messages behind it', () => {
  const world = new World({ cores: 2 })
  const ref = world.spawn(1, noting(world), null)
  world.drive()
  const { control } = world.core(0).links[1]!
  for (let i = 0; control.queued === 0; i += 1) world.core(0).signal(1, { type: 'release', slot: 1_000_000 + i, generation: 0 })
  killAndTell(world, ref)
  world.core(0).flush()
  world.drive()
  expect(world.notes).toEqual([])
  expect(world.dead()).toEqual({ no_such_actor: 1 })
})
