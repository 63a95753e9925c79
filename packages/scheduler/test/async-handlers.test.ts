/** Handlers that return promises: one at a time, and what becomes of their ends. */
import { expect, test } from 'vitest'
import { behave, gate, handler, World } from './harness.ts'

test('one at a time: messages wait until the promise has settled, then go on in order', async () => {
  const world = new World()
  const gates = [gate(), gate(), gate()]
  let running = 0
  const ref = world.spawn(
    1,
    handler<number>(async (i) => {
      running += 1
      expect(running).toBe(1)
      world.note(`begin ${i}`)
      await gates[i]?.promise
      world.note(`end ${i}`)
      running -= 1
    }),
    null,
  )
  for (let i = 0; i < 3; i += 1) ref.tell(i)
  await world.run()
  gates[1]?.open() // before its turn: nothing overtakes
  await world.run()
  expect(world.notes).toEqual(['begin 0'])
  expect(world.core(1).report().asyncInFlight).toBe(1)
  gates[0]?.open()
  await world.run()
  expect(world.notes).toEqual(['begin 0', 'end 0', 'begin 1', 'end 1', 'begin 2'])
  gates[2]?.open()
  await world.run()
  expect(world.core(1).report().asyncInFlight).toBe(0)
  expect(world.expectBalanced().processed).toBe(3)
})

test('what it resolves with is the next state; undefined keeps the present one', async () => {
  const world = new World()
  const ref = world.spawn(
    1,
    behave<number, number | 'read', number, number>({
      init: (start) => start,
      async receive(state, message, context) {
        await Promise.resolve()
        if (message !== 'read') return message < 0 ? undefined : state + message
        context.reply(state)
        return undefined
      },
    }),
    10,
  )
  for (const message of [1, -5, 2]) ref.tell(message)
  const answer = ref.ask('read')
  await world.run()
  expect(await answer).toBe(13)
})

test('another actor of the core goes on meanwhile', async () => {
  const world = new World()
  const slow = world.spawn(
    1,
    handler(() => gate().promise),
    null,
  )
  const quick = world.spawn(
    1,
    handler((_, context) => context.reply('here')),
    null,
  )
  slow.tell('x')
  const answer = quick.ask('x')
  await world.run()
  expect(await answer).toBe('here')
})

test('a rejection is a crash: a dead letter with the message, and the asker is told (R1.6)', async () => {
  const world = new World()
  const wait = gate()
  const ref = world.spawn(
    1,
    handler(() => wait.promise),
    null,
    { name: 'fetcher' },
  )
  const failure = expect(ref.ask({ id: 7 })).rejects.toMatchObject({
    code: 'ERR_ACTOR_CRASHED',
    message: expect.stringContaining('fetcher'),
  })
  ref.tell('kept')
  await world.run()
  wait.fail(new RangeError('offline'))
  await world.run()
  await failure
  expect(world.exits).toMatchObject([
    { reason: { kind: 'crash', error: { name: 'RangeError', message: 'offline' } }, incarnation: 0 },
  ])
  expect(world.letters).toMatchObject([{ reason: 'crashed', name: 'fetcher', message: { id: 7 }, detail: 'offline' }])
  expect(world.queueOf(ref)).toBe(1)
})

test('a reply from an asynchronous handler, before and after an await, answers the message in hand', async () => {
  const world = new World()
  const wait = gate()
  const ref = world.spawn(
    1,
    handler<string>(async (message, context) => {
      if (message === 'late') await wait.promise
      context.reply(message)
    }),
    null,
  )
  const answers = [ref.ask('late'), ref.ask('next')]
  await world.run()
  wait.open()
  await world.run()
  expect(await Promise.all(answers)).toEqual(['late', 'next'])
  world.expectBalanced()
})

test('the end of a handler that was killed is ignored, resolved or rejected, by the next incarnation too', async () => {
  for (const end of ['open', 'fail'] as const) {
    const world = new World()
    const wait = gate()
    const make = (receive: (message: unknown) => unknown): ReturnType<typeof behave<null, unknown, string>> =>
      behave<null, unknown, string>({
        init: () => 'fresh',
        receive: (state, message) => {
          if (message !== 'state') return receive(message) as Promise<string>
          world.note(state)
          return undefined
        },
      })
    const first = make(() => wait.promise.then(() => 'stale'))
    const ref = world.spawn(1, first, null)
    ref.tell('hang')
    await world.run()
    const killed = world.stop(ref, { timeoutMs: 0, keepsSlot: true })
    await world.run()
    expect(await killed).toEqual({ kind: 'killed' })
    const restarted = world.restart(
      ref,
      make(() => undefined),
      null,
    )
    await world.run()
    expect(await restarted).toBe('started')
    if (end === 'open') wait.open()
    else wait.fail(new Error('too late'))
    ref.tell('state')
    await world.run()
    expect(world.notes).toEqual(['fresh'])
    expect(world.exits).toEqual([])
    expect(world.dead()).toEqual({ stopped: 1 })
    expect(world.core(1).report().asyncInFlight).toBe(0)
    world.expectBalanced()
  }
})

test('what is asked inside a handler is answered while it waits', async () => {
  const world = new World({ cores: 3 })
  const backend = world.spawn(
    2,
    handler<number>((n, context) => context.reply(n * 2)),
    null,
  )
  const front = world.spawn(
    1,
    handler<number>(async (n, context) => {
      const doubled = (await world.inside<number, number>(backend, 1).ask(n)) as number
      context.reply(doubled + 1)
    }),
    null,
  )
  const answers = [1, 2, 3].map((n) => front.ask(n))
  await world.run()
  expect(await Promise.all(answers)).toEqual([3, 5, 7])
  world.expectBalanced()
})
