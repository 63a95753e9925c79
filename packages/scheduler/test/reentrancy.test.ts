/** Call-chain reentrancy: what comes of an actor's own chain of calls is handled while it awaits; all else waits. */
import { defineActor } from '@cambium/actor'
import type { Behaviour, Ref } from '@cambium/actor'
import { describe, expect, test } from 'vitest'
import { codeOf, outcomeOf, World } from './harness.ts'

type Message =
  /** Asks the actors of the way, one the next, and the last of them is asked to do what comes after. */
  | { readonly type: 'via'; readonly way: readonly Ref<Message, string>[]; readonly last: Message }
  | { readonly type: 'note'; readonly text: string }
  | { readonly type: 'boom' }
  | { readonly type: 'silent' }
  | { readonly type: 'slow'; readonly gate: Promise<void> }

let modules = 0

function node(world: World, reentrant: 'never' | 'call-chain'): Behaviour<null, Message, string> {
  modules += 1
  return defineActor<null, Message, string, { seen: string[] }>(
    `test:reentrant-${modules}`,
    'node',
    {
      init: () => ({ seen: [] }),
      async receive(state, message, context) {
        switch (message.type) {
          case 'via': {
            state.seen.push('begin')
            const [next, ...rest] = message.way
            const ask = rest.length > 0 ? { ...message, way: rest } : message.last
            const answer = next === undefined ? 'nobody' : await next.ask(ask).catch((error: unknown) => String(codeOf(error)))
            state.seen.push('end')
            world.note(`${context.name}: ${state.seen.join(' ')}`)
            context.reply(`${context.name}(${answer})`)
            break
          }
          case 'note':
            state.seen.push(message.text)
            context.reply(message.text)
            break
          case 'slow':
            context.reply('soon')
            await message.gate
            state.seen.push('slow')
            break
          case 'boom':
            throw new Error('boom')
          default:
        }
      },
    },
    { reentrant },
  )
}

const note = (text: string): Message => ({ type: 'note', text })

describe.each([
  { where: 'on one core', cores: [0, 0, 0] },
  { where: 'across cores', cores: [0, 1, 2] },
])('a reentrant actor $where', ({ cores }) => {
  const setUp = (reentrant: 'never' | 'call-chain'): { world: World; refs: Ref<Message, string>[] } => {
    const world = new World({ cores: 3, isStrict: false })
    const refs = cores.map((core, i) =>
      world.spawn(core, node(world, i === 0 ? reentrant : 'never'), null, { name: 'ABC'[i] as string }),
    )
    return { world, refs }
  }

  test('handles what comes of its own chain while it awaits, over whatever way; others wait', async () => {
    const { world, refs } = setUp('call-chain')
    const [a, b, c] = refs as [Ref<Message, string>, Ref<Message, string>, Ref<Message, string>]
    const answer = a.ask({ type: 'via', way: [b, c, a], last: note('inside') })
    const other = a.ask(note('outside'))
    await world.run()
    expect(await answer).toBe('A(B(C(inside)))')
    expect(await other).toBe('outside')
    expect(world.notes).toContain('A: begin inside end')
    await world.advance(6000)
    world.expectBalanced()
  })

  test('without it the same is a circle, refused by name', async () => {
    const { world, refs } = setUp('never')
    const [a, b, c] = refs as [Ref<Message, string>, Ref<Message, string>, Ref<Message, string>]
    const answer = a.ask({ type: 'via', way: [b, c, a], last: note('inside') })
    await world.run()
    expect(await answer).toBe('A(B(C(ERR_ASK_CYCLE)))')
  })

  test('a circle that is no chain of its own is refused all the same', async () => {
    const { world, refs } = setUp('call-chain')
    const [a, b] = refs as [Ref<Message, string>, Ref<Message, string>]
    // B’s ask comes of another chain than the one that A waits in.
    const answers = [a.ask({ type: 'via', way: [b], last: note('b') }), b.ask({ type: 'via', way: [a], last: note('a') })]
    await world.run()
    expect(await Promise.all(answers)).toHaveLength(2)
    await world.advance(6000)
    world.expectBalanced()
  })

  test('each asker gets its own answer, or learns that there is none; a crash inside is one of the actor, when the first has ended', async () => {
    const { world, refs } = setUp('call-chain')
    const [a, b] = refs as [Ref<Message, string>, Ref<Message, string>]
    const silent = a.ask({ type: 'via', way: [b, a], last: { type: 'silent' } })
    await world.run()
    expect(await silent).toBe('A(B(ERR_NO_REPLY))')
    expect(world.exits).toHaveLength(0)
    const boom = a.ask({ type: 'via', way: [b, a], last: { type: 'boom' } })
    await world.run()
    expect(await boom).toBe('A(B(ERR_ACTOR_CRASHED))')
    expect(world.exits.map(({ reason }) => reason.kind)).toEqual(['crash'])
    expect(world.dead()).toEqual({ crashed: 1 })
    await world.advance(6000)
    world.expectBalanced()
  })

  test('a kill gives up what is inside, too, and tells its askers', async () => {
    const { world, refs } = setUp('call-chain')
    const [a, b] = refs as [Ref<Message, string>, Ref<Message, string>]
    const answer = outcomeOf(a.ask({ type: 'via', way: [b, a], last: { type: 'via', way: [b], last: note('never') } }))
    await world.run()
    // A waits for B, which waits for A inside, which waits for B: that circle is refused, so nothing hangs; kill it from outside meanwhile.
    const stopped = world.stop(a, { timeoutMs: 0 })
    await world.advance(6000)
    await stopped
    await answer
    world.expectBalanced()
  })
})

test('a message inside that outlives the first handler is waited for before the next message', async () => {
  const world = new World({ isStrict: false })
  let open: () => void = () => {}
  const gate = new Promise<void>((resolve) => {
    open = resolve
  })
  const a = world.spawn(0, node(world, 'call-chain'), null, { name: 'A' })
  const b = world.spawn(0, node(world, 'never'), null, { name: 'B' })
  const answer = a.ask({ type: 'via', way: [b, a], last: { type: 'slow', gate } })
  const next = a.ask(note('next'))
  await world.run()
  expect(await answer).toBe('A(B(soon))')
  expect(world.cell(a)?.hand?.nested.size).toBe(1)
  expect(world.queueOf(a)).toBe(1)
  open()
  await world.run()
  expect(await next).toBe('next')
  expect(world.cell(a)?.state).toEqual({ seen: ['begin', 'end', 'slow', 'next'] })
  world.expectBalanced()
})
