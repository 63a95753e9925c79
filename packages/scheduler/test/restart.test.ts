/** Restarts behind one ref: what the next incarnation gets and what it never sees. */
import { expect, test } from 'vitest'
import type { ActorContext } from '@cambium/actor'
import { behave, gate, handler, World } from './harness.ts'

const crashing = (world: World): ReturnType<typeof handler<string>> =>
  handler<string>((message, context) => {
    if (message === 'crash') throw new Error('boom')
    world.note(`${context.incarnation}: ${message}`)
  })

test.each([0, 1])(
  'queued messages reach the next incarnation in order; the one that crashed does not (C-38), core %i',
  async (core) => {
    const world = new World()
    const behaviour = crashing(world)
    const ref = world.spawn(core, behaviour, null)
    for (const message of ['a', 'crash', 'b', 'c']) ref.tell(message)
    await world.run()
    ref.tell('d') // while nobody is there
    await world.run()
    expect(world.notes).toEqual(['0: a'])
    expect(world.exits).toMatchObject([
      { ref: String(ref), incarnation: 0, reason: { kind: 'crash', error: { message: 'boom' } } },
    ])
    const restarted = world.restart(ref, behaviour, null)
    await world.run()
    expect(await restarted).toBe('started')
    expect(world.notes).toEqual(['0: a', '1: b', '1: c', '1: d'])
    expect(world.letters).toMatchObject([{ reason: 'crashed', message: 'crash', detail: 'boom' }])
    world.expectBalanced()
  },
)

test('a full mailbox holds its senders back through the restart, and nothing is lost', async () => {
  const world = new World()
  const behaviour = crashing(world)
  const ref = world.spawn(1, behaviour, null, { mailbox: { capacity: 4 } })
  ref.tell('crash')
  await world.run()
  for (let i = 0; i < 20; i += 1) {
    ref.tell(`${i}`)
    await world.run()
  }
  expect(world.queueOf(ref)).toBe(4)
  const restarted = world.restart(ref, behaviour, null, { mailbox: { capacity: 4 } })
  await world.run()
  await restarted
  expect(world.notes).toEqual(Array.from({ length: 20 }, (_, i) => `1: ${i}`))
  world.expectBalanced()
})

test('the slow stop of a child delays the news of the end; messages meanwhile reach the new behaviour (C-39)', async () => {
  const world = new World()
  const wait = gate()
  const child = behave<null, string>({
    init: () => null,
    receive: () => {},
    terminate: () => wait.promise.then(() => world.note('child ended')),
  })
  const parent = (name: string): ReturnType<typeof behave<null, string>> =>
    behave<null, string>({
      init: (_, context) => {
        context.spawn(child, null)
        return null
      },
      receive: (_, message) => {
        if (message === 'crash') throw new Error('boom')
        world.note(`${name} got ${message}`)
      },
      terminate: () => world.note(`${name} ended`),
    })
  const ref = world.spawn(1, parent('old'), null)
  ref.tell('crash')
  await world.run()
  ref.tell('meanwhile')
  await world.run()
  expect(world.exits).toEqual([])
  const tooEarly = world.restart(ref, parent('new'), null)
  await world.run()
  expect(await tooEarly).toBe('ERR_NOT_RESTARTABLE')
  wait.open()
  await world.run()
  expect(world.exits).toHaveLength(1)
  const restarted = world.restart(ref, parent('new'), null)
  await world.run()
  expect(await restarted).toBe('started')
  expect(world.notes).toEqual(['child ended', 'old ended', 'new got meanwhile'])
})

test('the state and the context of the old incarnation are gone', async () => {
  const world = new World()
  const contexts: ActorContext[] = []
  const behaviour = behave<number, string, number[]>({
    init: (start, context) => {
      contexts.push(context as ActorContext)
      return [start]
    },
    receive: (state, message) => {
      state.push(0)
      world.note([...state])
      if (message === 'crash') throw new Error('boom')
    },
  })
  const ref = world.spawn(1, behaviour, 1)
  ref.tell('a')
  ref.tell('crash')
  await world.run()
  const restarted = world.restart(ref, behaviour, 2)
  await world.run()
  await restarted
  ref.tell('b')
  await world.run()
  expect(world.notes).toEqual([
    [1, 0],
    [1, 0, 0],
    [2, 0],
  ])
  expect(contexts.map((context) => context.incarnation)).toEqual([0, 1])
  expect(() => contexts[0]?.setTimer('x', 1, 'x')).toThrow(expect.objectContaining({ code: 'ERR_ACTOR_STOPPED' }))
  expect(contexts[0]?.isAsked).toBe(false)
})

test('a restart that fails leaves slot and messages for the next attempt', async () => {
  const world = new World()
  const ref = world.spawn(1, crashing(world), null)
  ref.tell('crash')
  ref.tell('kept')
  await world.run()
  const broken = behave<null, string>({
    init: () => {
      throw new Error('still broken')
    },
    receive: () => {},
  })
  const failed = world.restart(ref, broken, null)
  await world.run()
  expect(await failed).toBe('ERR_INIT_FAILED')
  const good = world.restart(ref, crashing(world), null)
  await world.run()
  expect(await good).toBe('started')
  expect(world.notes).toEqual(['2: kept'])
  world.expectBalanced()
})

test('a restart that is killed while it starts keeps the slot if it is to be kept', async () => {
  const world = new World()
  const ref = world.spawn(1, crashing(world), null)
  ref.tell('crash')
  ref.tell('kept')
  await world.run()
  const hanging = world.restart(ref, behave<null, string>({ init: () => gate<null>().promise, receive: () => {} }), null)
  await world.run()
  const killed = world.stop(ref, { timeoutMs: 0, keepsSlot: true })
  await world.run()
  expect(await hanging).toBe('ERR_STOPPED_DURING_START')
  expect(await killed).toEqual({ kind: 'killed' })
  const good = world.restart(ref, crashing(world), null)
  await world.run()
  expect(await good).toBe('started')
  expect(world.notes).toEqual(['2: kept'])
})

test('a restart that is stopped while it starts, with a child that takes its time: the limit of that stop ends with it', async () => {
  const world = new World()
  const ref = world.spawn(1, crashing(world), null)
  ref.tell('crash')
  ref.tell('kept')
  await world.run()
  const slow = gate()
  const child = behave<null, string>({ init: () => null, receive: () => {}, terminate: () => slow.promise })
  const hanging = world.restart(
    ref,
    behave<null, string>({
      init: (_, context) => {
        context.spawn(child, null)
        return gate<null>().promise
      },
      receive: () => {},
    }),
    null,
  )
  await world.run()
  const stopped = world.stop(ref, { timeoutMs: 1000, keepsSlot: true })
  await world.run()
  slow.open()
  await world.run()
  expect(await hanging).toBe('ERR_STOPPED_DURING_START')
  expect(await stopped).toEqual({ kind: 'shutdown' })
  await world.advance(2000) // nobody restarts it for longer than the stop might have taken
  const good = world.restart(ref, crashing(world), null)
  await world.run()
  expect(await good).toBe('started')
  await world.advance(2000)
  expect(world.notes).toEqual(['2: kept'])
  expect(world.dead()).toEqual({ crashed: 1 })
  world.expectBalanced()
})

test('what an incarnation still had waiting for room is sent, and the next one waits for it', async () => {
  const world = new World()
  const wait = gate()
  const busy = world.spawn(
    1,
    handler(
      async (message) => {
        world.note(message)
        await wait.promise
      },
      'busy',
      { capacity: 1 },
    ),
    null,
  )
  for (let i = 0; i < 2; i += 1) {
    busy.tell(i)
    await world.run()
  }
  const inside = world.inside(busy, 0)
  const behaviour = handler<string>((message, context) => {
    if (message === 'crash') {
      inside.tell('parting')
      throw new Error('boom')
    }
    world.note(`${context.incarnation}: ${message}`)
  })
  const ref = world.spawn(0, behaviour, null)
  ref.tell('crash')
  ref.tell('next')
  await world.run()
  const restarted = world.restart(ref, behaviour, null)
  await world.run()
  expect(await restarted).toBe('started')
  expect(world.notes).toEqual([0])
  wait.open()
  await world.run()
  expect(world.notes).toHaveLength(4)
  expect(new Set(world.notes)).toEqual(new Set([0, 1, '1: next', 'parting']))
  world.expectBalanced()
})

test.each([0, 1])(
  'a kill in the middle of a restart is told once: as a failed start, after which it can be started again, core %i',
  async (core) => {
    const world = new World()
    const behaviour = behave<null, string, null>(
      {
        init: (_, context) => (context.incarnation === 1 ? new Promise<null>(() => {}) : null),
        receive: () => {
          throw new Error('boom')
        },
      },
      'stuck',
    )
    const ref = world.spawn(core, behaviour, null)
    const killer = world.spawn(
      core,
      handler<string>((_, context) => context.exit(world.inside(ref, core), { kind: 'killed' })),
      null,
    )
    ref.tell('crash')
    await world.run()
    const restarted = world.restart(ref, behaviour, null)
    await world.run()
    killer.tell('now')
    await world.run()
    expect(await restarted).toBe('ERR_STOPPED_DURING_START')
    expect(world.exits.map(({ incarnation }) => incarnation)).toEqual([0])
    const again = world.restart(ref, behaviour, null)
    await world.run()
    expect(await again).toBe('started')
  },
)

test.each([
  ['restart', 'release', 'ERR_STOPPED_DURING_START', 0],
  ['restart', 'stop', 'ERR_STOPPED_DURING_START', 0],
  ['release', 'restart', 'started', 1],
] as const)(
  'a supervisor’s %s, then a %s, while the incarnation before still ends: %s',
  async (...[first, second, expected, living]) => {
    const world = new World()
    const ending = gate()
    const behaviour = behave<null, string, null>(
      { init: () => null, receive: () => {}, terminate: () => ending.promise },
      'slow to end',
    )
    const ref = world.spawn(1, behaviour, null)
    await world.run()
    const { slot, generation } = ref
    // The core of its supervisor has died: it ends, and its slot waits.
    world.signal(1, { type: 'stop', request: 0, slot, generation, timeoutMs: 5000, keepsSlot: true })
    await world.run()
    const owner = { supervisor: { core: 2, slot: 0, generation: 1 }, id: 'a', path: 'top', isKept: false, life: 1 }
    let restarted: Promise<string> | undefined
    for (const what of [first, second]) {
      if (what === 'restart') restarted = world.restart(ref, behaviour, null, { owner })
      else if (what === 'release') world.signal(1, { type: 'release', slot, generation })
      else world.signal(1, { type: 'stop', request: 0, slot, generation, timeoutMs: 5000, keepsSlot: false })
      await world.run()
    }
    ending.open()
    await world.run()
    expect(await restarted).toBe(expected)
    const left = world.core(1).slots.cells.filter((cell) => cell !== undefined)
    expect(left).toHaveLength(living)
    world.expectBalanced()
  },
)
