/** Messages larger than one record of their ring: in fragments, in order, among small ones. */
import { expect, test } from 'vitest'
import { handler, World } from './harness.ts'

const large = (i: number): string => `${i}:`.padEnd(3000 + i * 97, 'ab')

test('through rings of 4096 bytes, both ways, among small ones, in order (C-36)', async () => {
  for (let seed = 1; seed <= 5; seed += 1) {
    const world = new World({ ringBytes: 4096, seed })
    const echo = world.spawn(
      1,
      handler<string>((message, context) => {
        world.note(message)
        if (context.isAsked) context.reply(message)
      }),
      null,
    )
    const expected: string[] = []
    const answers: Promise<unknown>[] = []
    for (let i = 0; i < 40; i += 1) {
      const message = i % 3 === 0 ? large(i) : `small ${i}`
      expected.push(message)
      if (i % 2 === 0) answers.push(echo.ask(message))
      else echo.tell(message)
      if (world.random.chance(0.2)) world.turn(world.random.below(2))
    }
    await world.run()
    expect(world.notes).toEqual(expected)
    expect(await Promise.all(answers)).toEqual(expected.filter((_, i) => i % 2 === 0))
    world.expectBalanced()
  }
})

test('trySend and send take them too: one at a time, in order with what comes behind', async () => {
  const world = new World({ ringBytes: 4096 })
  const ref = world.spawn(
    1,
    handler<string>((message) => world.note(message.slice(0, 5))),
    null,
  )
  await world.run()
  expect(ref.trySend(`first${'x'.repeat(9000)}`)).toBe('sent')
  expect(ref.trySend(`again${'x'.repeat(9000)}`)).toBe('full')
  expect(ref.trySend('small')).toBe('full') // or it would overtake
  const sent = ref.send(`third${'x'.repeat(9000)}`)
  ref.tell('last!')
  await world.run()
  await sent
  expect(world.notes).toEqual(['first', 'third', 'last!'])
  world.expectBalanced()
})

test('as binary, byte for byte', async () => {
  const world = new World({ ringBytes: 4096 })
  const bytes = Uint8Array.from({ length: 50_000 }, (_, i) => (i * 31) & 255)
  const ref = world.spawn(
    1,
    handler<{ bytes: Uint8Array }>(({ bytes: got }, context) =>
      context.reply({ bytes: got, isSame: Buffer.compare(got, bytes) === 0 }),
    ),
    null,
  )
  const answer = ref.ask({ bytes })
  await world.run()
  expect(await answer).toEqual({ bytes, isSame: true })
  world.expectBalanced()
})

test('to a congested actor they are held whole, and go when it has room', async () => {
  const world = new World({ ringBytes: 4096 })
  const gates: (() => void)[] = []
  const ref = world.spawn(
    1,
    handler<string>(
      async (message) => {
        world.note(message.length)
        await new Promise<void>((resolve) => gates.push(resolve))
      },
      'slow',
      { capacity: 1 },
    ),
    null,
  )
  const lengths = [10, 20, 5000, 30, 7000]
  for (const length of lengths) {
    ref.tell('x'.repeat(length))
    await world.run()
  }
  expect(world.core(0).sender.waitingCount).toBe(3)
  for (let i = 0; i < lengths.length; i += 1) {
    gates.shift()?.()
    await world.run()
  }
  expect(world.notes).toEqual(lengths)
  world.expectBalanced()
})
