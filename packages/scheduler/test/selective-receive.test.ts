/** Selective receive inside an `await`: what is taken, what stays, and how a receive ends. */
import { describe, expect, test } from 'vitest'
import type { ActorContext, Behaviour, MailboxOptions } from '@cambium/actor'
import { behave, codeOf, outcomeOf, World } from './harness.ts'

/** Runs `body` for the message `go`, and notes every other that reaches its handler. */
function receiver(
  world: World,
  body: (context: ActorContext<string, string>) => Promise<void>,
  mailbox: MailboxOptions = {},
): Behaviour<null, string, string> {
  return behave<null, string, null, string>(
    {
      init: () => null,
      async receive(_, message, context) {
        if (message === 'go') await body(context)
        else world.note(`handled ${message}`)
        if (context.isAsked) context.reply('done')
      },
    },
    'receiver',
    mailbox,
  )
}

const starts = (letter: string) => (message: string) => message.startsWith(letter)

describe.each([
  { where: 'on one core', core: 0 },
  { where: 'across cores', core: 1 },
])('receive $where', ({ core }) => {
  test('takes the first queued message that matches, else the first to come; the others stay in order', async () => {
    const world = new World()
    const ref = world.spawn(
      core,
      receiver(world, async (context) => {
        for (let i = 0; i < 4; i += 1) world.note((await context.receive(starts('b'))).message)
      }),
      null,
    )
    ref.tell('go', { priority: 'high' })
    for (const each of ['a1', 'b1', 'a2']) ref.tell(each)
    ref.tell('b2', { priority: 'low' })
    ref.tell('b0', { priority: 'high' })
    await world.run()
    ref.tell('a3')
    ref.tell('b3')
    await world.run()
    expect(world.notes).toEqual([
      ...(core === 0 ? ['b0', 'b1'] : ['b1', 'b0']),
      'b2',
      'b3',
      ...['a1', 'a2', 'a3'].map((each) => `handled ${each}`),
    ])
    world.expectBalanced()
  })

  test('a message that was asked is answered through what was received, and the message in hand by the context', async () => {
    const world = new World()
    const ref = world.spawn(
      core,
      receiver(world, async (context) => {
        const first = await context.receive((message) => message === 'x')
        expect(first.isAsked).toBe(true)
        first.reply('answer to x')
        const second = await context.receive((message) => message === 'y')
        expect(second.isAsked).toBe(false)
        expect(() => second.reply('nobody')).toThrow(expect.objectContaining({ code: 'ERR_NOT_ASKED' }))
      }),
      null,
    )
    const go = ref.ask('go', { priority: 'high' })
    const x = ref.ask('x', { priority: 'high' })
    await world.run()
    expect(await x).toBe('answer to x')
    ref.tell('y')
    await world.run()
    expect(await go).toBe('done')
    world.expectBalanced()
  })

  test('ends with its time, its signal, a match that throws; the message stays then', async () => {
    const world = new World()
    const controller = new AbortController()
    const ref = world.spawn(
      core,
      receiver(world, async (context) => {
        world.note(codeOf(await context.receive(starts('b'), { timeoutMs: 50 }).catch((error: unknown) => error)))
        const aborted = context.receive(starts('b'), { signal: controller.signal })
        controller.abort(new Error('enough'))
        world.note(await aborted.catch((error: unknown) => (error as Error).message))
        const queued = (): boolean => {
          throw new Error('no match')
        }
        world.note(await context.receive(queued).catch((error: unknown) => (error as Error).message))
        const coming = context.receive((message) => message === 'c' && queued())
        world.note('waiting')
        world.note(await coming.catch((error: unknown) => (error as Error).message))
      }),
      null,
    )
    ref.tell('go')
    ref.tell('a')
    await world.advance(60)
    expect(world.notes).toEqual(['ERR_RECEIVE_TIMEOUT', 'enough', 'no match', 'waiting'])
    ref.tell('c')
    await world.run()
    expect(world.notes.slice(4)).toEqual(['no match', 'handled a', 'handled c'])
    expect(world.core(core).wheel.size).toBe(0)
    world.expectBalanced()
  })

  test('ends with its incarnation, and takes nothing from the next one', async () => {
    const world = new World()
    const behaviour = receiver(world, async (context) => {
      await context.receive(starts('b'), { timeoutMs: Infinity })
      world.note('never')
    })
    const ref = world.spawn(core, behaviour, null)
    ref.tell('go')
    ref.tell('a')
    await world.run()
    const stopped = world.stop(ref, { timeoutMs: 10, keepsSlot: true })
    await world.advance(20)
    expect((await stopped).kind).toBe('killed')
    const restarted = world.restart(ref, behaviour, null)
    ref.tell('b')
    await world.run()
    expect(await restarted).toBe('started')
    expect(world.notes).toEqual(['handled a', 'handled b'])
    expect(world.dead()).toEqual({ stopped: 1 })
    world.expectBalanced()
  })

  test('expired messages and timers’ messages: the first is not taken, the second is', async () => {
    const world = new World()
    const ref = world.spawn(
      core,
      receiver(world, async (context) => {
        context.setTimer('t', 20, 'timer')
        world.note((await context.receive(() => true)).message)
      }),
      null,
    )
    ref.tell('go')
    ref.tell('late', { expiresMs: 0 })
    await world.advance(30)
    expect(world.notes).toEqual(['timer'])
    expect(world.dead()).toEqual({ expired: 1 })
    world.expectBalanced()
  })

  test('what is taken makes room: a full mailbox lets its senders go on', async () => {
    const world = new World()
    const ref = world.spawn(
      core,
      receiver(
        world,
        async (context) => {
          for (let i = 0; i < 20; i += 1) world.note((await context.receive(() => true)).message)
        },
        { capacity: 4 },
      ),
      null,
    )
    ref.tell('go')
    const expected = Array.from({ length: 20 }, (_, i) => `b${i}`)
    for (const each of expected) ref.tell(each)
    await world.run()
    expect(world.notes).toEqual(expected)
    expect(world.congested(core)).toBe(0)
    world.expectBalanced()
  })
})

test('outside a handler, beyond the bound and with wrong arguments it is an error; a receive nobody waits for ends with its handler', async () => {
  const world = new World()
  let leaked: ActorContext<string, string> | undefined
  const ref = world.spawn(
    0,
    receiver(world, async (context) => {
      leaked = context
      const open = Array.from({ length: 64 }, () => context.receive(starts('b')))
      world.note(await outcomeOf(context.receive(starts('b'))))
      expect(() => context.receive('b' as never)).toThrow(expect.objectContaining({ code: 'ERR_OPTION' }))
      expect(() => context.receive(starts('b'), { timeout: 1 } as never)).toThrow(expect.objectContaining({ code: 'ERR_OPTION' }))
      void outcomeOf(open[0] as Promise<unknown>).then((code) => {
        world.note(code)
      })
    }),
    null,
  )
  ref.tell('go')
  ref.tell('a')
  await world.run()
  expect(world.notes).toEqual(['ERR_RECEIVE_LIMIT', 'ERR_NOT_RECEIVING', 'handled a'])
  expect(await outcomeOf((leaked as ActorContext<string, string>).receive(starts('b')))).toBe('ERR_NOT_RECEIVING')
  ref.tell('b')
  await world.run()
  expect(world.notes.at(-1)).toBe('handled b')
  world.expectBalanced()
})
