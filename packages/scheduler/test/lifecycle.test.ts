/** Start and end of actors: init, stop in every status, children, kill on overrun. */
import { describe, expect, test } from 'vitest'
import { formatExitReason } from '@cambium/actor'
import type { ActorContext, Behaviour, ExitReason, Program, Ref } from '@cambium/actor'
import { behave, gate, handler, outcomeOf, World } from './harness.ts'

/** An actor that notes its end, and has `children` of its own kind. */
function noting(
  world: World,
  name: string,
  more: Partial<Program<unknown, null, string, unknown>> & { children?: Behaviour<null, string>[] } = {},
): Behaviour<null, string> {
  const { children = [], ...program } = more
  return behave<null, string>(
    {
      init: (_, context) => {
        for (const child of children) context.spawn(child, null)
        return null
      },
      receive: (_, message) => {
        if (message === 'crash') throw new Error('boom')
        world.note(`${name} got ${message}`)
      },
      terminate: (_, reason) => world.note(`${name}: ${formatExitReason(reason)}`),
      ...program,
    },
    name,
  )
}

describe('init', () => {
  test('messages wait for it, in order', async () => {
    const world = new World()
    const ready = gate<number>()
    const ref = world.spawn(
      1,
      behave<null, string, number>({
        init: () => ready.promise,
        receive: (state, message) => world.note([state, message]),
      }),
      null,
    )
    ref.tell('a')
    ref.tell('b')
    await world.run()
    expect(world.notes).toEqual([])
    ready.open(7)
    await world.run()
    expect(world.notes).toEqual([
      [7, 'a'],
      [7, 'b'],
    ])
    expect(world.core(1).wheel.size).toBe(0)
    world.expectBalanced()
  })

  test.each([
    [
      'throws',
      (): never => {
        throw new TypeError('no database')
      },
    ],
    ['rejects', (): Promise<never> => Promise.reject(new TypeError('no database'))],
  ])('that %s is a failed start: the slot is free, messages are dead letters (C-1)', async (_, init) => {
    const world = new World()
    const ref = world.spawn(1, behave<null, string>({ init, receive: () => {} }, 'reader'), null)
    const answer = outcomeOf(ref.ask('hello'))
    await world.run()
    expect(await answer).toBe('ERR_NO_SUCH_ACTOR')
    expect(world.notes).toEqual([expect.stringContaining('ERR_INIT_FAILED')])
    expect(world.core(1).report().actors).toBe(0)
    world.expectBalanced()
  })

  test('that takes too long is a failed start; what it resolves with later changes nothing', async () => {
    const world = new World()
    const ready = gate<number>()
    world.spawn(1, behave<null, string>({ init: () => ready.promise, receive: () => {} }), null, { initTimeoutMs: 100 })
    await world.advance(99)
    expect(world.core(1).report().actors).toBe(1)
    await world.advance(2)
    expect(world.notes).toEqual([expect.stringContaining('ERR_INIT_TIMEOUT')])
    ready.open(1)
    await world.run()
    expect(world.core(1).report()).toMatchObject({ actors: 0, timers: 0, asyncInFlight: 0 })
  })

  test('may stop the actor at once, and may start children and tell', async () => {
    const world = new World()
    const ref = world.spawn(
      1,
      noting(world, 'brief', {
        init: (_, context) => {
          context.spawn(noting(world, 'child'), null).tell('hello')
          context.stop()
          return null
        },
      }),
      null,
    )
    await world.run()
    expect(world.notes).toEqual(['child: shutdown', 'brief: normal'])
    expect(world.exits).toMatchObject([{ reason: { kind: 'normal' }, ref: String(ref) }])
    world.expectBalanced()
  })

  test('a context whose start failed is closed', async () => {
    const world = new World()
    let kept: ActorContext | undefined
    world.spawn(
      1,
      behave<null, string>({
        init: (_, context) => {
          kept = context as ActorContext
          throw new Error('no')
        },
        receive: () => {},
      }),
      null,
    )
    await world.run()
    expect(() => kept?.setTimer('x', 1, 'x')).toThrow(expect.objectContaining({ code: 'ERR_ACTOR_STOPPED' }))
  })

  test('behaviours are found by module and name; what is missing is named', async () => {
    const world = new World()
    const known = handler(() => {}, 'known')
    world.modules.set('test:module', async () => ({ known: { ...known, module: 'test:module' }, other: 7 }))
    world.modules.set('test:broken', async () => {
      throw new Error('syntax')
    })
    const spec = { argument: null, name: undefined, mailbox: undefined, initTimeoutMs: 100 }
    for (const [request, module, behaviour] of [
      [1, 'test:module', 'known'],
      [2, 'test:module', 'other'],
      [3, 'test:broken', 'x'],
      [4, 'test:absent', 'x'],
    ] as const) {
      world.signal(1, { type: 'spawn', request, spec: { ...spec, module, behaviour } })
    }
    await world.run()
    const answers = world.signals.flatMap((signal) =>
      signal.type === 'started'
        ? [[signal.request, 'started']]
        : signal.type === 'start_failed'
          ? [[signal.request, signal.error.code]]
          : [],
    )
    expect(answers.sort((a, b) => Number(a[0]) - Number(b[0]))).toEqual([
      [1, 'started'],
      [2, 'ERR_BEHAVIOUR_NOT_FOUND'],
      [3, 'ERR_MODULE_LOAD'],
      [4, 'ERR_MODULE_LOAD'],
    ])
    expect(world.core(1).report()).toMatchObject({ actors: 1, behaviours: ['test:module#known'] })
  })
})

describe('stop', () => {
  test('runs terminate with the last state, aborts the signal, closes the context, buries what is queued', async () => {
    const world = new World()
    let kept: ActorContext | undefined
    const wait = gate()
    const ref = world.spawn(
      1,
      behave<number, string, number>({
        init: (start, context) => {
          kept = context as ActorContext
          context.signal.addEventListener('abort', () => world.note('aborted'))
          return start
        },
        receive: async (state) => {
          await wait.promise
          return state + 1
        },
        terminate: (state, reason) => world.note(`${state} ${reason.kind}`),
      }),
      5,
    )
    ref.tell('a')
    ref.tell('b')
    ref.tell('c')
    await world.run()
    const stopped = world.stop(ref)
    await world.run()
    expect(world.notes).toEqual([]) // BUSY: the message in hand is finished first
    wait.open()
    await world.run()
    expect(await stopped).toEqual({ kind: 'shutdown' })
    expect(world.notes).toEqual(['aborted', '6 shutdown'])
    expect(world.dead()).toEqual({ stopped: 2 })
    expect(() => kept?.self.tell('x')).not.toThrow()
    expect(() => kept?.stop()).toThrow(expect.objectContaining({ code: 'ERR_ACTOR_STOPPED' }))
    expect(() => kept?.signal).toThrow(expect.objectContaining({ code: 'ERR_ACTOR_STOPPED' }))
    await world.run()
    expect(world.exits).toEqual([]) // asked for: the one who asked has the answer
    world.expectBalanced()
  })

  test('a handler that overruns the time is killed, and the reason says so (C-9); its end comes too late', async () => {
    const world = new World()
    const wait = gate()
    const ref = world.spawn(1, noting(world, 'stuck', { receive: () => wait.promise }), null)
    const answer = outcomeOf(ref.ask('forever'))
    await world.run()
    const stopped = world.stop(ref, { timeoutMs: 200 })
    await world.advance(199)
    expect(world.core(1).report().actors).toBe(1)
    await world.advance(2)
    expect(await stopped).toEqual({ kind: 'killed' })
    expect(await answer).toBe('ERR_NO_SUCH_ACTOR')
    expect(world.notes).toEqual([]) // killed means no terminate
    expect(world.dead()).toEqual({ stopped: 1 })
    wait.open()
    await world.run()
    expect(world.core(1).report()).toMatchObject({ actors: 0, asyncInFlight: 0, timers: 0 })
    world.expectBalanced()
  })

  test('with time 0 kills at once, children first', async () => {
    const world = new World()
    const wait = gate()
    const ref = world.spawn(
      1,
      noting(world, 'parent', { children: [noting(world, 'child', { terminate: () => wait.promise })] }),
      null,
    )
    await world.run()
    const stopped = world.stop(ref, { timeoutMs: 0 })
    await world.run()
    expect(await stopped).toEqual({ kind: 'killed' })
    expect(world.core(1).report().actors).toBe(0)
    expect(world.notes).toEqual([])
  })

  test('a terminate that overruns is killed; one that throws is reported and changes nothing', async () => {
    const world = new World()
    const slow = world.spawn(1, noting(world, 'slow', { terminate: () => gate().promise }), null)
    const loud = world.spawn(
      1,
      noting(world, 'loud', {
        terminate: () => {
          throw new Error('disk full')
        },
      }),
      null,
    )
    const rejecting = world.spawn(
      1,
      noting(world, 'rejecting', { terminate: () => Promise.reject(new Error('disk gone')) }),
      null,
    )
    await world.run()
    const stopped = Promise.all([world.stop(slow, { timeoutMs: 100 }), world.stop(loud), world.stop(rejecting)])
    await world.advance(101)
    expect(await stopped).toEqual([{ kind: 'killed' }, { kind: 'shutdown' }, { kind: 'shutdown' }])
    expect(world.faults).toEqual([
      { where: expect.stringContaining('terminate of loud'), message: 'disk full' },
      { where: expect.stringContaining('terminate of rejecting'), message: 'disk gone' },
    ])
  })

  test('during STARTING fails the start, and ends the children that init had started', async () => {
    const world = new World()
    const ready = gate<null>()
    const ref = world.spawn(
      1,
      noting(world, 'starting', {
        init: (_, context) => {
          context.spawn(noting(world, 'child'), null)
          return ready.promise
        },
      }),
      null,
    )
    ref.tell('waits')
    await world.run()
    const stopped = world.stop(ref)
    await world.run()
    expect(formatExitReason(await stopped)).toMatch(/^crash: .*stopped during its start/)
    expect(world.notes).toEqual(['child: shutdown', expect.stringContaining('ERR_STOPPED_DURING_START')])
    ready.open(null)
    await world.run()
    expect(world.core(1).report()).toMatchObject({ actors: 0, asyncInFlight: 0 })
    world.expectBalanced()
  })

  test('killed while the children of a failed start are still stopping: freed once', async () => {
    const world = new World()
    const ref = world.spawn(
      1,
      noting(world, 'starting', {
        init: (_, context) => {
          context.spawn(noting(world, 'child', { terminate: () => gate().promise }), null)
          return gate<null>().promise
        },
      }),
      null,
    )
    await world.run()
    const first = world.stop(ref)
    await world.run()
    const second = world.stop(ref, { timeoutMs: 0 })
    await world.run()
    expect(await Promise.all([first, second])).toEqual([{ kind: 'killed' }, { kind: 'killed' }])
    expect(world.core(1).report().actors).toBe(0)
  })

  test('during STARTING, with a child that takes longer than the time: killed then', async () => {
    const world = new World()
    const child = noting(world, 'child', { terminate: () => gate().promise })
    const ref = world.spawn(
      1,
      behave<null, string>({ init: (_, context) => (context.spawn(child, null), gate<null>().promise), receive: () => {} }),
      null,
    )
    await world.run()
    const stopped = world.stop(ref, { timeoutMs: 100 })
    await world.advance(99)
    expect(world.core(1).report().actors).toBe(2)
    await world.advance(2)
    expect(await stopped).toEqual({ kind: 'killed' })
    expect(world.notes).toEqual([expect.stringContaining('ERR_STOPPED_DURING_START')])
    expect(world.core(1).report()).toMatchObject({ actors: 0, timers: 0 })
  })

  test('of an actor that is gone, or stopping already, is answered as well', async () => {
    const world = new World()
    const wait = gate()
    const ref = world.spawn(1, noting(world, 'slow', { terminate: () => wait.promise }), null)
    await world.run()
    const answers = [world.stop(ref), world.stop(ref)]
    await world.run()
    wait.open()
    await world.run()
    expect(await Promise.all(answers)).toEqual([{ kind: 'shutdown' }, { kind: 'shutdown' }])
    const late = world.stop(ref)
    await world.run()
    expect(await late).toEqual({ kind: 'shutdown' })
  })

  test('by the actor itself: normal without an error, a crash with one', async () => {
    const world = new World()
    const make = (error?: Error): Behaviour<null, unknown> =>
      handler((message, context) => {
        world.note(message)
        context.stop(error)
      })
    const [a, b] = [world.spawn(1, make(), null), world.spawn(1, make(new Error('broken')), null)]
    a.tell('last of a')
    a.tell('not handled')
    b.tell('last of b')
    await world.run()
    expect(world.notes).toEqual(['last of a', 'last of b'])
    expect(world.exits.map((exit) => formatExitReason(exit.reason))).toEqual(['normal', 'crash: Error: broken'])
    expect(world.queueOf(a)).toBe(1) // waits for the supervisor's decision
    world.signal(1, { type: 'release', slot: a.slot, generation: a.generation })
    await world.run()
    expect(world.dead()).toEqual({ stopped: 1 })
    world.expectBalanced()
  })

  test('of an actor on core 0 from inside its own handler: the handler still ends well', async () => {
    const world = new World()
    const wait = gate()
    const stopped: Promise<ExitReason>[] = []
    const make = (isAsync: boolean): Behaviour<null, unknown> =>
      handler((_, context) => {
        stopped.push(world.stop(context.self))
        return isAsync ? wait.promise : undefined
      })
    const refs = [world.spawn(0, make(false), null), world.spawn(0, make(true), null)]
    for (const ref of refs) ref.tell('go')
    await world.run()
    wait.fail(new Error('nobody listens'))
    await world.run()
    const reasons = await Promise.all(stopped)
    expect(reasons.map(({ kind }) => kind)).toEqual(['shutdown', 'crash'])
    expect(world.core(0).report()).toMatchObject({ actors: 0, asyncInFlight: 0 })
    world.expectBalanced()
  })
})

describe('children', () => {
  test('stop in reverse order, before the terminate of their parent (C-8, R1.6)', async () => {
    const world = new World()
    const inner = noting(world, 'b', { children: [noting(world, 'b1'), noting(world, 'b2')] })
    const ref = world.spawn(1, noting(world, 'top', { children: [noting(world, 'a'), inner, noting(world, 'c')] }), null)
    await world.run()
    const stopped = world.stop(ref)
    await world.run()
    await stopped
    expect(world.notes).toEqual(['c: shutdown', 'b2: shutdown', 'b1: shutdown', 'b: shutdown', 'a: shutdown', 'top: shutdown'])
  })

  test('each waits for the end of the one before, however long that takes', async () => {
    const world = new World()
    const wait = gate()
    const slow = noting(world, 'slow', { terminate: () => wait.promise.then(() => world.note('slow')) })
    const ref = world.spawn(1, noting(world, 'top', { children: [noting(world, 'a'), slow, noting(world, 'c')] }), null)
    await world.run()
    void world.stop(ref, { timeoutMs: Infinity })
    await world.run()
    expect(world.notes).toEqual(['c: shutdown'])
    wait.open()
    await world.run()
    expect(world.notes).toEqual(['c: shutdown', 'slow', 'a: shutdown', 'top: shutdown'])
  })

  test.each([256, 257, 3000])('%i of them stop in reverse order as well', async (count) => {
    const world = new World()
    const child = behave<number, string, number>({ init: (i) => i, receive: () => {}, terminate: (i) => world.note(i) })
    const ref = world.spawn(
      1,
      behave<null, string>({
        init: (_, context) => {
          for (let i = 0; i < count; i += 1) context.spawn(child, i)
          return null
        },
        receive: () => {},
        terminate: () => world.note('parent'),
      }),
      null,
    )
    await world.run()
    const stopped = world.stop(ref)
    await world.run()
    await stopped
    expect(world.notes).toEqual([...Array.from({ length: count }, (_, i) => count - 1 - i), 'parent'])
    expect(world.core(1).report().actors).toBe(0)
  })

  test('a crash of the parent stops them; a crash of a child leaves the parent, and is reported', async () => {
    const world = new World()
    let child: Ref<string> | undefined
    const ref = world.spawn(
      1,
      behave<null, string>({
        init: (_, context) => {
          child = context.spawn(noting(world, 'first'), null) as Ref<string>
          context.spawn(noting(world, 'second'), null)
          return null
        },
        receive: (_, message) => {
          if (message === 'crash') throw new Error('parent')
          child?.tell(message)
        },
        terminate: (_, reason) => world.note(`parent: ${formatExitReason(reason)}`),
      }),
      null,
    )
    ref.tell('crash child')
    ref.tell('hello')
    await world.run()
    child?.tell('crash')
    await world.run()
    expect(world.faults).toEqual([{ where: expect.stringContaining('first'), message: 'boom' }])
    expect(world.exits).toEqual([])
    ref.tell('crash')
    await world.run()
    expect(world.notes).toEqual([
      'first got crash child',
      'first got hello',
      'first: crash: Error: boom',
      'second: shutdown',
      'parent: crash: Error: parent',
    ])
    expect(world.core(1).report().actors).toBe(1) // the parent's slot waits
    world.expectBalanced()
  })

  test('stopChild resolves when the child has ended, is quiet about the dead, and refuses a stranger', async () => {
    const world = new World()
    const stranger = world.spawn(1, noting(world, 'stranger'), null)
    const ref = world.spawn(
      1,
      handler<string>(async (_, context) => {
        const child = context.spawn(noting(world, 'child'), null)
        child.tell('hello')
        await context.stopChild(child as Ref<never>)
        world.note('stopped')
        await context.stopChild(child as Ref<never>)
        world.note(await outcomeOf(context.stopChild(world.inside(stranger, 1) as Ref<never>)))
        const foreign = new World().inside({ core: 1, slot: 0, generation: 1 }, 1) as Ref<never>
        world.note(await outcomeOf((async () => context.stopChild(foreign))()))
      }),
      null,
    )
    ref.tell('go')
    await world.run()
    expect(world.notes).toEqual(['child: shutdown', 'stopped', 'ERR_NOT_A_CHILD', 'ERR_FOREIGN_REF'])
    expect(world.dead()).toEqual({ stopped: 1 })
    world.expectBalanced()
  })

  test("terminate of a child stopped by its parent's handler leaves the parent current: its tells are its own", async () => {
    const world = new World()
    const wait = gate()
    const busy = world.spawn(
      1,
      handler(() => wait.promise, 'busy', { capacity: 1 }),
      null,
    )
    for (let i = 0; i < 3; i += 1) {
      busy.tell(i)
      await world.run()
    }
    const ref = world.spawn(
      0,
      behave<null, string, Ref<never>>({
        init: (_, context) => context.spawn(noting(world, 'child'), null) as Ref<never>,
        receive(child, _, context) {
          void context.stopChild(child)
          world.inside(busy, 0).tell('after the stop')
        },
      }),
      null,
    )
    ref.tell('go')
    await world.run()
    expect(world.notes).toEqual(['child: shutdown'])
    expect(world.cell(ref)?.outbox).toBe(1)
    wait.open()
    await world.run()
    world.expectBalanced()
  })

  test('an incarnation that is ending starts no more of them, and its last timers never fire', async () => {
    const world = new World()
    const ref = world.spawn(
      1,
      noting(world, 'late', {
        terminate: (_, _reason, context) => {
          context.setTimer('again', 1, 'tick', { repeat: true })
          try {
            context.spawn(noting(world, 'orphan'), null)
          } catch (error) {
            world.note((error as { code: string }).code)
          }
        },
      }),
      null,
    )
    await world.run()
    const stopped = world.stop(ref)
    await world.run()
    await stopped
    expect(world.notes).toEqual(['ERR_ACTOR_STOPPED'])
    expect(world.core(1).report()).toMatchObject({ actors: 0, timers: 0 })
  })

  test('spawn names its wrong options', async () => {
    const world = new World()
    const ref = world.spawn(
      1,
      handler((_, context) => {
        for (const [behaviour, options] of [
          [{}, {}],
          [noting(world, 'x'), { mailbox: { capacity: 0 } }],
          [noting(world, 'x'), { size: 1 }],
          [noting(world, 'x'), { name: 7 }],
          [noting(world, 'x'), { initTimeoutMs: 0 }],
        ] as const) {
          try {
            context.spawn(behaviour as Behaviour<null, string>, null, options as never)
          } catch (error) {
            world.note((error as { fields: { option: string } }).fields.option)
          }
        }
      }),
      null,
    )
    ref.tell('go')
    await world.run()
    expect(world.notes).toEqual(['behaviour', 'mailbox.capacity', 'options.size', 'options.name', 'options.initTimeoutMs'])
  })
})

test.each([true, false])(
  'a slot that one end was to free is freed, whoever else asks for another end, before it or after it: %s',
  async (isFirst) => {
    const world = new World()
    const ending = gate()
    const ref = world.spawn(
      1,
      behave<null, string, null>({ init: () => null, receive: () => {}, terminate: () => ending.promise }),
      null,
    )
    await world.run()
    const { slot, generation } = ref
    // Its owner's core has died, which the successor and the root tell by different ways.
    const release = { type: 'release', slot, generation } as const
    const stop = { type: 'stop', request: 0, slot, generation, timeoutMs: 5000, keepsSlot: true } as const
    for (const signal of isFirst ? [release, stop] : [stop, release]) {
      world.signal(1, signal)
      await world.run()
    }
    expect(world.cell(ref)).toBeDefined()
    ending.open()
    await world.run()
    expect(world.cell(ref)).toBeUndefined()
    world.expectBalanced()
  },
)
