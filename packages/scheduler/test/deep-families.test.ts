/** The end of families that are deep or wide: without a call for each generation, and in order. */
import { expect, test } from 'vitest'
import { formatExitReason } from '@cambium/actor'
import type { Behaviour } from '@cambium/actor'
import { behave, World } from './harness.ts'

interface Member {
  readonly name: string
  readonly members: readonly Member[]
}

/** Spawns its members when it starts, and notes its end. */
function family(world: World): Behaviour<Member, string> {
  const member: Behaviour<Member, string> = behave<Member, string, string>({
    init: ({ name, members }, context) => {
      for (const each of members) context.spawn(member, each)
      return name
    },
    receive: () => {},
    terminate: (name, reason) => world.note(`${name} ${formatExitReason(reason)}`),
  })
  return member
}

test('a chain of 3,000 children ends, the last of it first', async () => {
  const world = new World()
  const chain = behave<number, number, number>({
    init: (left) => left,
    receive: (_, left, context) => {
      if (left > 0) context.spawn(chain, left - 1).tell(left - 1)
    },
    terminate: (left) => world.note(left),
  })
  const head = world.spawn(1, chain, 3000)
  head.tell(3000)
  await world.run()
  expect(world.core(1).slots.count).toBe(3001)
  const stopped = world.stop(head)
  await world.run()
  expect((await stopped).kind).toBe('shutdown')
  expect(world.notes).toEqual(Array.from({ length: 3001 }, (_, i) => i))
  expect(world.core(1).slots.count).toBe(0)
  expect(world.core(1).wheel.size).toBe(0)
  world.expectBalanced()
})

test.each([3, 300])('%i children, with children of their own, end youngest first and before their parent', async (count) => {
  const world = new World()
  const members = Array.from({ length: count }, (_, i) => ({
    name: `${i}`,
    members:
      i % 2 === 0
        ? []
        : [
            { name: `${i}a`, members: [] },
            { name: `${i}b`, members: [] },
          ],
  }))
  const head = world.spawn(1, family(world), { name: 'head', members })
  await world.run()
  const stopped = world.stop(head)
  await world.run()
  expect((await stopped).kind).toBe('shutdown')
  const names = members.toReversed().flatMap(({ name, members: own }) => [...own.toReversed().map((each) => each.name), name])
  expect(world.notes).toEqual([...names, 'head'].map((name) => `${name} shutdown`))
  expect(world.core(1).slots.count).toBe(0)
})
