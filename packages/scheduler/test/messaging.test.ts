/** tell, ask and reply between actors, on one core and across cores. */
import { describe, expect, test } from 'vitest'
import type { Ref } from '@cambium/actor'
import { behave, gate, handler, outcomeOf, World } from './harness.ts'

describe.each([
  { where: 'on one core', core: 0 },
  { where: 'across cores', core: 1 },
])('$where', ({ core }) => {
  test('tells arrive in order, each once (C-36)', async () => {
    const world = new World()
    const ref = world.spawn(
      core,
      handler<number>((message) => world.note(message)),
      null,
    )
    for (let i = 0; i < 1000; i += 1) ref.tell(i)
    await world.run()
    expect(world.notes).toEqual(Array.from({ length: 1000 }, (_, i) => i))
    expect(world.expectBalanced().processed).toBe(1000)
  })

  test('an ask resolves with the reply; state is what the last message returned', async () => {
    const world = new World()
    const counter = behave<number, { add: number }, number, number>({
      init: (start) => start,
      receive: (state, { add }, context) => {
        const next = state + add
        if (context.isAsked) context.reply(next)
        return next
      },
    })
    const ref = world.spawn(core, counter, 10)
    ref.tell({ add: 1 })
    const answers = [ref.ask({ add: 2 }), ref.ask({ add: 3 })]
    await world.run()
    expect(await Promise.all(answers)).toEqual([13, 16])
    expect(world.expectBalanced()).toMatchObject({ sent: 5, processed: 5 }) // a reply is a message too
  })

  test('a message handled without a reply rejects its ask with ERR_NO_REPLY', async () => {
    const world = new World()
    const ref = world.spawn(
      core,
      handler(() => {}, 'mute'),
      null,
    )
    const answer = outcomeOf(ref.ask('hello'))
    await world.run()
    expect(await answer).toBe('ERR_NO_REPLY')
    world.expectBalanced()
  })

  test('deferReply takes the duty: the reply may come later, from another message', async () => {
    const world = new World()
    const held: ((value: unknown) => void)[] = []
    const ref = world.spawn(
      core,
      handler<string>((message, context) => {
        if (message === 'ask') held.push(context.deferReply())
        else for (const reply of held) reply(`after ${message}`)
      }),
      null,
    )
    const answer = ref.ask('ask')
    await world.run()
    expect(held).toHaveLength(1)
    ref.tell('go')
    await world.run()
    expect(await answer).toBe('after go')
    world.expectBalanced()
  })

  test('a second reply is a dead letter (C-42), by reply and by a deferred one', async () => {
    const world = new World()
    const ref = world.spawn(
      core,
      handler<string>((message, context) => {
        const reply = message === 'deferred' ? context.deferReply() : (value: unknown): void => context.reply(value)
        reply('first')
        reply('second')
      }),
      null,
    )
    const answers = [ref.ask('direct'), ref.ask('deferred')]
    await world.run()
    expect(await Promise.all(answers)).toEqual(['first', 'first'])
    expect(world.exits).toEqual([])
    world.expectBalanced()
    expect(world.dead()).toEqual({ late_reply: 2 })
  })

  test('nobody to answer: reply and deferReply throw ERR_NOT_ASKED', async () => {
    const world = new World()
    const ref = world.spawn(
      core,
      handler<string>((message, context) => {
        expect(context.isAsked).toBe(message === 'deferred')
        if (message === 'deferred') context.deferReply()
        for (const call of [(): void => context.reply(1), (): unknown => context.deferReply()]) {
          try {
            call()
            world.note('no error')
          } catch (error) {
            world.note((error as { code: string }).code)
          }
        }
      }),
      null,
    )
    ref.tell('tell')
    await world.run()
    const answer = outcomeOf(ref.ask('deferred', { timeoutMs: 10 }))
    await world.advance(20)
    expect(await answer).toBe('ERR_ASK_TIMEOUT')
    expect(world.notes).toEqual(['ERR_NOT_ASKED', 'ERR_NOT_ASKED', 'ERR_NOT_ASKED', 'ERR_NOT_ASKED'])
    world.expectBalanced()
  })

  test('an ask that times out fails at its time; the server lives and the late reply is a dead letter (C-19, C-42)', async () => {
    const world = new World()
    let reply: (value: unknown) => void = () => {}
    const ref = world.spawn(
      core,
      handler<string>((message, context) => {
        if (message === 'slow') reply = context.deferReply()
        else context.reply('quick')
      }),
      null,
    )
    const answer = outcomeOf(ref.ask('slow', { timeoutMs: 100 }))
    let isOver = false
    void answer.then(() => (isOver = true))
    await world.advance(99)
    expect(isOver).toBe(false)
    await world.advance(2)
    expect(await answer).toBe('ERR_ASK_TIMEOUT')
    reply('too late')
    const next = ref.ask('again')
    await world.run()
    expect(await next).toBe('quick')
    expect(world.letters.map(({ reason, message }) => [reason, message])).toEqual([['late_reply', 'too late']])
    world.expectBalanced()
    expect(world.core(0).asks.size).toBe(0)
    expect(world.core(0).wheel.size).toBe(0)
  })

  test('the asks of an actor that has ended never settle: nothing of it goes on, and the reply is a dead letter (C-42)', async () => {
    for (const end of ['kill', 'crash'] as const) {
      const world = new World()
      let reply: (value: unknown) => void = () => {}
      const server = world.spawn(
        core,
        handler<string>((message, context) => {
          if (message === 'slow') reply = context.deferReply()
          else context.reply('quick')
        }),
        null,
      )
      const caller = world.spawn(
        0,
        behave<null, string, null>({
          init: () => null,
          async receive() {
            world.note(await server.ask('quick'))
            const asks = [server.ask('slow'), server.ask('slow', { timeoutMs: 9000 })]
            if (end === 'crash') throw new Error('boom')
            world.note(await Promise.race(asks).finally(() => world.note('went on')))
          },
        }),
        null,
      )
      caller.tell('go')
      await world.run()
      if (end === 'kill') void world.stop(caller, { timeoutMs: 0 })
      await world.run()
      reply('late')
      await world.advance(10_000)
      expect(world.notes).toEqual(['quick'])
      expect(world.cell(caller)?.asks).toBeUndefined()
      expect(world.core(0).asks.size + world.core(0).wheel.size).toBe(0)
      expect(world.dead().late_reply).toBe(1)
      void world.stop(server)
      await world.run()
      world.expectBalanced()
    }
  })

  test('an ask that is refused is none of its actor’s any more', async () => {
    const world = new World()
    const server = world.spawn(
      core,
      handler<unknown>(() => {}),
      null,
    )
    const caller = world.spawn(
      0,
      handler<string>(async () => world.note(await outcomeOf(server.ask({ no: () => {} })))),
      null,
    )
    caller.tell('go')
    await world.run()
    expect(world.notes).toEqual(['ERR_CANNOT_TRAVEL'])
    expect(world.cell(caller)?.asks).toBeUndefined()
    expect(world.core(0).asks.size).toBe(0)
  })

  test("the default timeout of an ask is the system's", async () => {
    const world = new World({ limits: { askTimeoutMs: 70 } })
    const ref = world.spawn(
      core,
      handler((_, context) => void context.deferReply()),
      null,
    )
    const answer = ref.ask('x')
    const failure = expect(answer).rejects.toMatchObject({ code: 'ERR_ASK_TIMEOUT', fields: { timeoutMs: 70 } })
    await world.advance(71)
    await failure
  })

  test('an aborted signal ends an ask: before it, nothing is sent; after it, the reply is late', async () => {
    const world = new World()
    const ref = world.spawn(
      core,
      handler((_, context) => context.reply('answer')),
      null,
    )
    const reason = new Error('gone home')
    await expect(ref.ask('x', { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
    expect(world.books().sent).toBe(0)
    const controller = new AbortController()
    const answer = ref.ask('x', { signal: controller.signal })
    const failure = expect(answer).rejects.toBe(reason)
    controller.abort(reason)
    await failure
    await world.run()
    world.expectBalanced()
    expect(world.dead()).toEqual({ late_reply: 1 })
    // One that has its answer no longer listens.
    const kept = new AbortController()
    const late = ref.ask('x', { signal: kept.signal })
    await world.run()
    kept.abort(reason)
    expect(await late).toBe('answer')
  })

  test('a dead actor: a tell is a dead letter, an ask fails at once (C-24)', async () => {
    const world = new World()
    const ref = world.spawn(
      core,
      handler(() => {}),
      null,
    )
    await world.run()
    const stopped = world.stop(ref)
    await world.run()
    expect(await stopped).toEqual({ kind: 'shutdown' })
    const other = world.spawn(
      core,
      handler(() => world.note('stranger')),
      null,
    )
    expect(other.slot).toBe(ref.slot) // the slot is taken again, by another generation
    ref.tell('hello')
    const answer = outcomeOf(ref.ask('hello'))
    await world.run()
    expect(await answer).toBe('ERR_NO_SUCH_ACTOR')
    expect(world.notes).toEqual([])
    expect(world.dead()).toEqual({ no_such_actor: 2 })
    world.expectBalanced()
  })

  test('an actor that dies with asks queued or deferred: each asker learns it at once (C-24)', async () => {
    const world = new World()
    const ref = world.spawn(
      core,
      handler<string>((message, context) => {
        if (message === 'defer') void context.deferReply()
        else throw new Error('boom')
      }),
      null,
    )
    const answers = [outcomeOf(ref.ask('defer')), outcomeOf(ref.ask('crash')), outcomeOf(ref.ask('queued'))]
    await world.run()
    expect(await Promise.race([answers[2], Promise.resolve('waits')])).toBe('waits') // kept for the next incarnation
    expect(await answers[0]).toBe('ERR_ACTOR_CRASHED')
    expect(await answers[1]).toBe('ERR_ACTOR_CRASHED')
    world.signal(core, { type: 'release', slot: ref.slot, generation: ref.generation })
    await world.run()
    expect(await answers[2]).toBe('ERR_NO_SUCH_ACTOR')
    world.expectBalanced()
  })

  test('a message that cannot travel names the path at its sender, which lives (R2.1)', async () => {
    const world = new World()
    const ref = world.spawn(
      core,
      handler((message) => world.note(message)),
      null,
    )
    const bad = { items: [{ run: () => 1 }] }
    expect(() => ref.tell(bad)).toThrow(
      expect.objectContaining({ code: 'ERR_CANNOT_TRAVEL', message: expect.stringContaining('items[0].run') }),
    )
    expect(() => ref.trySend(bad)).toThrow(expect.objectContaining({ code: 'ERR_CANNOT_TRAVEL' }))
    await expect(ref.send(bad)).rejects.toMatchObject({ code: 'ERR_CANNOT_TRAVEL' })
    await expect(ref.ask(bad)).rejects.toMatchObject({ code: 'ERR_CANNOT_TRAVEL' })
    const sender = world.spawn(
      0,
      handler((_, context) => {
        try {
          ref.tell(bad)
        } catch {
          world.note('caught')
        }
        context.reply('alive')
      }),
      null,
    )
    const answer = sender.ask('go')
    await world.run()
    expect(await answer).toBe('alive')
    expect(world.notes).toEqual(['caught'])
    world.expectBalanced()
    expect(world.core(0).asks.size).toBe(0)
  })

  test('a reply that cannot travel: the asker gets the error, the actor crashes', async () => {
    const world = new World()
    const ref = world.spawn(
      core,
      handler((_, context) => context.reply({ socket: () => 1 })),
      null,
    )
    const answer = ref.ask('x')
    const failure = expect(answer).rejects.toMatchObject({
      code: 'ERR_CANNOT_TRAVEL',
      message: expect.stringContaining('socket'),
    })
    await world.run()
    await failure
    expect(world.exits).toMatchObject([{ reason: { kind: 'crash', error: { code: 'ERR_CANNOT_TRAVEL' } } }])
    world.expectBalanced()
  })

  test('a crash answers its asker with ERR_ACTOR_CRASHED that names actor and error', async () => {
    const world = new World()
    const ref = world.spawn(
      core,
      handler(() => {
        throw new TypeError('bad input')
      }),
      null,
      { name: 'pricing' },
    )
    const answer = ref.ask('x')
    const failure = expect(answer).rejects.toMatchObject({
      code: 'ERR_ACTOR_CRASHED',
      message: expect.stringMatching(/pricing.*TypeError: bad input/),
    })
    await world.run()
    await failure
    world.expectBalanced()
  })

  test('refs travel in messages and answer from where they arrive (D8)', async () => {
    const world = new World({ cores: 3 })
    const last = world.spawn(
      2,
      handler<{ from: string }>((message) => world.note(message.from)),
      null,
    )
    const relay = world.spawn(
      core,
      handler<{ to: Ref<{ from: string }>; more: { to: Ref<{ from: string }> }[] }>((message, context) => {
        expect(message.to.equals(last)).toBe(true)
        message.to.tell({ from: `core-${context.core}` })
        message.more[0]?.to.tell({ from: 'nested' })
      }),
      null,
    )
    relay.tell({ to: last, more: [{ to: last }] })
    await world.run()
    expect(world.notes).toEqual([`core-${core}`, 'nested'])
    world.expectBalanced()
  })

  test('what a sender changes after it sent changes nothing, and receivers cannot change what they got (R2.1, D7)', async () => {
    const world = new World({ isStrict: true })
    const ref = world.spawn(
      core,
      handler<{ list: number[] }>((message) => {
        world.note([...message.list])
        if (core === 0) expect(() => message.list.push(3)).toThrow(TypeError)
      }),
      null,
    )
    const message = { list: [1, 2] }
    ref.tell(message)
    if (core === 0) expect(() => message.list.push(9)).toThrow(TypeError)
    else message.list.push(9)
    await world.run()
    expect(world.notes).toEqual([[1, 2]])
  })

  test('wrong wait options name the option', async () => {
    const world = new World()
    const ref = world.spawn(
      core,
      handler(() => {}),
      null,
    )
    for (const [options, option] of [
      [{ timeoutMs: -1 }, 'options.timeoutMs'],
      [{ timeoutMs: Number.NaN }, 'options.timeoutMs'],
      [{ timeoutMs: 2 ** 33 }, 'options.timeoutMs'],
      [{ signal: 7 }, 'options.signal'],
      [{ timeout: 7 }, 'options.timeout'],
    ] as const) {
      await expect(ref.ask('x', options as never)).rejects.toMatchObject({ code: 'ERR_OPTION', fields: { option } })
      await expect(ref.send('x', options as never)).rejects.toMatchObject({ code: 'ERR_OPTION', fields: { option } })
    }
    expect(world.books().sent).toBe(0)
  })

  test('a message beyond messageBytesMax is refused at its sender by every way of sending', async () => {
    const world = new World({ limits: { messageBytesMax: 5000 } })
    const ref = world.spawn(
      1,
      handler((_, context) => (context.isAsked ? context.reply('x'.repeat(6000)) : undefined)),
      null,
    )
    const large = 'x'.repeat(6000)
    const error = expect.objectContaining({ code: 'ERR_MESSAGE_TOO_LARGE' })
    expect(() => ref.tell(large)).toThrow(error)
    expect(() => ref.trySend(large)).toThrow(error)
    await expect(ref.send(large)).rejects.toEqual(error)
    await expect(ref.ask(large)).rejects.toEqual(error)
    const answer = outcomeOf(ref.ask('small'))
    await world.run()
    expect(await answer).toBe('ERR_MESSAGE_TOO_LARGE')
    world.expectBalanced()
  })
})

test('R3.7 the same sends give the same results on one core and across cores', async () => {
  const results: unknown[] = []
  for (const core of [0, 1]) {
    const world = new World({ seed: 5 })
    const ref = world.spawn(
      core,
      behave<null, number, number, number>({
        init: () => 0,
        receive: (sum, message, context) => {
          if (context.isAsked) context.reply(sum)
          else world.note(message)
          return sum + message
        },
      }),
      null,
    )
    const sender = world.spawn(
      0,
      handler<number>((message) => ref.tell(message)),
      null,
    )
    for (let i = 0; i < 50; i += 1) sender.tell(i)
    await world.run()
    const answer = ref.ask(0)
    await world.run()
    results.push({ notes: world.notes, answer: await answer, books: { ...world.expectBalanced(), put: 0, taken: 0 } })
  }
  expect(results[0]).toEqual(results[1])
})

test('a tell from an asynchronous handler, after its first await, is sent as from outside', async () => {
  const world = new World()
  const wait = gate()
  const target = world.spawn(
    1,
    handler<string>((message) => world.note(message)),
    null,
  )
  const sender = world.spawn(
    0,
    handler(async () => {
      target.tell('before')
      await wait.promise
      target.tell('after')
    }),
    null,
  )
  sender.tell('go')
  await world.run()
  expect(world.notes).toEqual(['before'])
  wait.open()
  await world.run()
  expect(world.notes).toEqual(['before', 'after'])
  world.expectBalanced()
})
