/** Circles of asks: refused at once, by name, on one core and across; and what is none. */
import { describe, expect, test } from 'vitest'
import type { Behaviour, Ref } from '@cambium/actor'
import type { ActorAddress } from '@cambium/base'
import { behave, codeOf, outcomeOf, World } from './harness.ts'

type Go = { readonly via: readonly Ref<Go, string>[]; readonly options?: object } | 'answer'

/** Asks the first actor of the way to go on with the rest, and answers what came of it. */
function relay(world: World, name: string, isAsync = true): Behaviour<null, Go, string> {
  const receive = async (message: Go, reply: (value: string) => void): Promise<void> => {
    if (message === 'answer') {
      reply(`${name} answers`)
      return
    }
    const [next, ...rest] = message.via
    if (next === undefined) {
      reply(`end at ${name}`)
      return
    }
    try {
      reply(await next.ask({ ...message, via: rest }, { timeoutMs: 5000, ...message.options }))
    } catch (error) {
      world.note(`${name}: ${String(codeOf(error))}: ${(error as Error).message.split('path=')[1] ?? ''}`)
      reply(`${name} was refused`)
    }
  }
  return behave<null, Go, null, string>(
    isAsync
      ? {
          init: () => null,
          async receive(_, message, context) {
            await receive(message, (value) => {
              context.reply(value)
            })
          },
        }
      : {
          init: () => null,
          receive: (_, message, context) =>
            receive(message, (value) => {
              context.reply(value)
            }).then(() => null),
        },
    name,
  )
}

/** Actors of these cores, which have moved to those. */
const setUp = async (
  cores: readonly number[],
  places: readonly number[] = cores,
  isAsync = true,
): Promise<{ world: World; refs: Ref<Go, string>[] }> => {
  const world = new World({ cores: 3 })
  const refs = cores.map((core, i) =>
    world.spawn(core, relay(world, 'ABCDE'[i] as string, isAsync), null, { name: 'ABCDE'[i] as string }),
  )
  for (const [i, place] of places.entries()) {
    const move = world.migrate(refs[i] as unknown as ActorAddress, place)
    await world.advance(5)
    expect(await move).toBe('moved')
  }
  return { world, refs }
}

const cycles = (world: World): string[] =>
  world.signals.flatMap((signal) =>
    signal.type === 'news' && signal.news.event === 'ask_cycle' ? [signal.news.detail.path] : [],
  )

describe.each([
  { where: 'on one core', cores: [0, 0, 0] },
  { where: 'across cores', cores: [0, 1, 2] },
  { where: 'there and back', cores: [1, 2, 1] },
  { where: 'through one that has moved', cores: [0, 1, 2], places: [0, 2, 2] },
  { where: 'from one that has moved', cores: [1, 2, 0], places: [0, 2, 0] },
  { where: 'of actors that have all moved', cores: [0, 1, 2], places: [1, 2, 0] },
])('a circle of asks $where', ({ cores, places }) => {
  test.each([true, false])(
    'A → B → A is refused at once, not when the time is up (handlers declared async: %s)',
    async (isAsync) => {
      const { world, refs } = await setUp(cores, places, isAsync)
      const [a, b] = refs as [Ref<Go, string>, Ref<Go, string>]
      const answer = a.ask({ via: [b, a] })
      await world.run() // no time passes
      expect(world.notes).toEqual(isAsync || cores[1] !== cores[0] ? ['B: ERR_ASK_CYCLE: B → A → B'] : world.notes)
      expect(await answer).toBe('B was refused')
      expect(cycles(world)).toEqual(['B → A → B'])
      await world.advance(6000)
      world.expectBalanced()
      expect(world.core(cores[0] as number).asks.size).toBe(0)
    },
  )

  test('A → B → C → A, and a longer way into it from outside', async () => {
    const { world, refs } = await setUp(cores, places)
    const [a, b, c] = refs as [Ref<Go, string>, Ref<Go, string>, Ref<Go, string>]
    const answer = a.ask({ via: [b, c, a] })
    await world.run()
    expect(world.notes).toEqual(['C: ERR_ASK_CYCLE: C → A → B → C'])
    expect(await answer).toBe('C was refused')
    await world.advance(6000)
    world.expectBalanced()
  })

  test('asks that meet, with no common beginning: everybody gets an answer at once', async () => {
    const { world, refs } = await setUp(cores, places)
    const [a, b] = refs as [Ref<Go, string>, Ref<Go, string>]
    const answers = [a.ask({ via: [b] }), b.ask({ via: [a] })]
    await world.run()
    // Whether they meet depends on the turns; if they do, somebody is refused. No time passes either way.
    const outcomes = await Promise.all(answers)
    expect(outcomes.filter((each) => each.endsWith('refused'))).toHaveLength(cycles(world).length)
    await world.advance(6000)
    world.expectBalanced()
  })

  test('who does not wait for the answer is no part of a circle', async () => {
    const { world, refs } = await setUp(cores, places)
    const [a, b] = refs as [Ref<Go, string>, Ref<Go, string>]
    const answer = outcomeOf(a.ask({ via: [b, a], options: { awaited: false } }))
    await world.advance(6000) // they said so, and waited all the same: their time ends it
    expect(world.notes.every((note) => String(note).includes('ERR_ASK_TIMEOUT'))).toBe(true)
    expect(cycles(world)).toEqual([])
    expect(await answer).toBe('ERR_ASK_TIMEOUT')
    world.expectBalanced()
  })
})

test('an actor that asks itself and waits is a circle of one', async () => {
  const { world, refs } = await setUp([1])
  const [a] = refs as [Ref<Go, string>]
  const answer = a.ask({ via: [a] })
  await world.run()
  expect(world.notes).toEqual(['A: ERR_ASK_CYCLE: A → A'])
  expect(await answer).toBe('A was refused')
})

test('a busy target, a chain without a circle, and a handler that asks without waiting are none', async () => {
  const { world, refs } = await setUp([0, 1, 2, 0])
  const [a, b, c, d] = refs as [Ref<Go, string>, Ref<Go, string>, Ref<Go, string>, Ref<Go, string>]
  const answers = [a.ask({ via: [b, c] }), d.ask({ via: [b, c] }), b.ask('answer')]
  await world.run()
  expect(await Promise.all(answers)).toEqual(['end at C', 'end at C', 'B answers'])
  const asker = world.spawn(
    0,
    behave<null, 'go', null>({
      init: () => null,
      receive(_, __, context) {
        // Not awaited, in a synchronous handler. The actor ends, and the asks of one that has ended never settle (C-42).
        void (context.self as Ref<'go', string>).ask('go', { timeoutMs: 10 }).catch((error: unknown) => {
          world.note(codeOf(error))
        })
        context.stop()
      },
    }),
    null,
    { isSupervised: false },
  )
  asker.tell('go')
  await world.run()
  expect(cycles(world)).toEqual([])
  expect(world.notes).toEqual([])
  world.expectBalanced()
})

test('an actor that receives messages while it waits is no part of a circle', async () => {
  const world = new World()
  const server: Ref<unknown, string> = world.spawn(
    0,
    behave<null, Ref<unknown, string> | 'callback', null, string>({
      init: () => null,
      async receive(_, message, context) {
        if (message === 'callback') return
        const [{ reply }, answer] = await Promise.all([
          context
            .receive((each) => each === 'callback')
            .then((received) => {
              received.reply('called back')
              return received
            }),
          message.ask(context.self),
        ])
        expect(typeof reply).toBe('function')
        context.reply(answer)
      },
    }),
    null,
  ) as Ref<unknown, string>
  const client = world.spawn(
    1,
    behave<null, Ref<unknown, string>, null, string>({
      init: () => null,
      async receive(_, message, context) {
        context.reply(await message.ask('callback'))
      },
    }),
    null,
  )
  const answer = server.ask(client)
  await world.run()
  expect(await answer).toBe('called back')
  expect(cycles(world)).toEqual([])
})
