/** Links, monitors and exit signals, on one core and across cores: C-33 to C-36, and that none of them is left behind. */
import { describe, expect, test } from 'vitest'
import type { ActorContext, ActorRef, Behaviour, GivenReason, Info, Monitor, Ref } from '@cambium/actor'
import { crashReason, formatExitReason } from '@cambium/actor'
import { behave, codeOf, gate, handler, outcomeOf, World } from './harness.ts'

/** Two actors that note what `info` is told and how they end; `wait` keeps one busy. What they do the test does in their names. */
class Pair {
  readonly world: World
  readonly busy = gate()
  readonly infos: Info[] = []
  readonly a: Ref<string>
  readonly b: Ref<string>

  constructor(coreOfB: number, seed = 1) {
    this.world = new World({ cores: 3, seed })
    this.a = this.world.spawn(1, this.noting('a'), null)
    this.b = this.world.spawn(coreOfB, this.noting('b'), null)
    this.world.drive()
  }

  noting(name: string): Behaviour<null, string> {
    return behave<null, string, null>(
      {
        init: () => null,
        receive: (_, message) => {
          this.world.note(`${name} got ${message}`)
          return message === 'wait' ? this.busy.promise.then(() => {}) : undefined
        },
        info: (_, info) => {
          this.infos.push(info)
          this.world.note(`${name} ${info.type} ${'reason' in info ? formatExitReason(info.reason) : ''}`)
        },
        terminate: (_, reason) => this.world.note(`${name} ends: ${formatExitReason(reason)}`),
      },
      name,
    )
  }

  as<T>(ref: Ref<never>, act: (context: ActorContext, to: (ref: Ref<never>) => Ref<never>) => T): T {
    const to = (other: Ref<never>): Ref<never> => this.world.inside(other, ref.core) as Ref<never>
    return act(this.world.cell(ref)?.context as ActorContext, to)
  }

  async bonds(): Promise<number> {
    await this.world.run()
    return this.world.cores.reduce((sum, core) => sum + core.bonds.count, 0)
  }

  /** What was noted, when all is at rest and no bond is left. */
  async notes(): Promise<unknown[]> {
    expect(await this.bonds()).toBe(0)
    this.world.expectBalanced()
    return this.world.notes
  }
}

const boom = (): Error => new Error('boom')
const BOOM = 'crash: Error: boom'
const places = [
  ['on one core', 1],
  ['across cores', 2],
] as const

describe.each(places)('links %s', (_, coreOfB) => {
  test('an abnormal end ends the other with the same reason, and its supervisor learns of it (C-33)', async () => {
    const pair = new Pair(coreOfB)
    pair.as(pair.a, (context, to) => context.link(to(pair.b)))
    expect(await pair.bonds()).toBe(2)
    pair.as(pair.a, (context) => context.stop(boom()))
    expect(await pair.notes()).toEqual([`a ends: ${BOOM}`, `b ends: ${BOOM}`])
    expect(pair.world.exits.map(({ reason }) => formatExitReason(reason))).toEqual([BOOM, BOOM])
  })

  test('a normal end of the other is ignored (C-33)', async () => {
    const pair = new Pair(coreOfB)
    pair.as(pair.b, (context, to) => context.link(to(pair.a)))
    await pair.bonds()
    pair.as(pair.a, (context) => context.stop())
    expect(await pair.notes()).toEqual(['a ends: normal'])
  })

  test('who traps exits is told instead, also of a normal end (C-33)', async () => {
    for (const [reason, told] of [
      [undefined, 'normal'],
      [boom(), BOOM],
      [{ kind: 'shutdown', detail: { code: 7 } }, 'shutdown: {"code":7}'],
      [{ kind: 'shutdown' }, 'shutdown'],
      [crashReason([1, 'two']), 'crash: [1,"two"]'],
    ] as readonly (readonly [Error | GivenReason | undefined, string])[]) {
      const pair = new Pair(coreOfB)
      expect(pair.as(pair.b, (context) => [context.trapExits(true), context.trapExits(true)])).toEqual([false, true])
      pair.as(pair.b, (context, to) => context.link(to(pair.a)))
      await pair.bonds()
      pair.as(pair.a, (context) => context.stop(reason))
      expect(await pair.notes()).toEqual([`a ends: ${told}`, `b exit ${told}`])
      expect(pair.a.equals((pair.infos[0] as Info).ref)).toBe(true)
    }
  })

  test('linking twice is linking once, whoever does it, at the same time too (C-34)', async () => {
    for (let seed = 1; seed <= 20; seed += 1) {
      const pair = new Pair(coreOfB, seed)
      pair.as(pair.b, (context) => context.trapExits(true))
      pair.as(pair.a, (context, to) => context.link(to(pair.b)))
      pair.as(pair.a, (context, to) => context.link(to(pair.b)))
      pair.as(pair.b, (context, to) => context.link(to(pair.a)))
      if (seed % 2 === 0) expect(await pair.bonds()).toBe(2)
      pair.as(pair.a, (context) => context.stop(boom()))
      expect(await pair.notes()).toEqual([`a ends: ${BOOM}`, `b exit ${BOOM}`])
    }
  })

  test('a link with oneself is none', async () => {
    const pair = new Pair(coreOfB)
    pair.as(pair.b, (context) => context.link(context.self as never))
    expect(await pair.bonds()).toBe(0)
  })

  test('unlinked actors are nothing to each other; linked again they are', async () => {
    const pair = new Pair(coreOfB)
    pair.as(pair.a, (context, to) => {
      context.link(to(pair.b))
      context.unlink(to(pair.b))
      context.unlink(to(pair.b))
    })
    expect(await pair.bonds()).toBe(0)
    pair.as(pair.a, (context, to) => context.link(to(pair.b)))
    await pair.bonds()
    pair.as(pair.b, (context, to) => context.unlink(to(pair.a)))
    expect(await pair.bonds()).toBe(0)
    pair.as(pair.a, (context, to) => {
      context.link(to(pair.b))
      context.unlink(to(pair.b))
      context.link(to(pair.b))
    })
    expect(await pair.bonds()).toBe(2)
    pair.as(pair.b, (context) => context.stop(boom()))
    expect(await pair.notes()).toEqual([`b ends: ${BOOM}`, `a ends: ${BOOM}`])
  })

  test('an exit that is queued already is not told after unlink', async () => {
    const pair = new Pair(coreOfB)
    pair.as(pair.a, (context) => context.trapExits(true))
    pair.as(pair.a, (context, to) => context.link(to(pair.b)))
    pair.a.tell('wait')
    await pair.bonds()
    pair.as(pair.b, (context) => context.stop())
    await pair.bonds()
    expect(pair.world.queueOf(pair.a)).toBe(1)
    pair.as(pair.a, (context, to) => context.unlink(to(pair.b)))
    pair.busy.open()
    expect(await pair.notes()).toEqual(['a got wait', 'b ends: normal'])
  })

  test('a link with who is not there, or waits for its restart, ends at once with noproc', async () => {
    const pair = new Pair(coreOfB)
    pair.as(pair.b, (context) => context.stop())
    await pair.bonds()
    pair.as(pair.a, (context, to) => context.link(to(pair.b)))
    expect(await pair.notes()).toEqual(['b ends: normal', 'a ends: noproc'])
  })

  test('a restarted actor has no links; its new incarnation may have its own (D8)', async () => {
    const pair = new Pair(coreOfB)
    pair.as(pair.a, (context) => context.trapExits(true))
    pair.as(pair.a, (context, to) => context.link(to(pair.b)))
    await pair.bonds()
    pair.as(pair.b, (context) => context.stop(boom()))
    await pair.bonds()
    void pair.world.restart(pair.b, pair.noting('b'), null)
    expect(await pair.bonds()).toBe(0)
    pair.as(pair.a, (context, to) => context.link(to(pair.b)))
    expect(await pair.bonds()).toBe(2)
    pair.as(pair.a, (context) => context.stop(boom()))
    expect(await pair.notes()).toEqual([`b ends: ${BOOM}`, `a exit ${BOOM}`, `a ends: ${BOOM}`, `b ends: ${BOOM}`])
  })
})

describe.each(places)('monitors %s', (_, coreOfB) => {
  test('each monitor yields one down, with the reason and the ref (C-34)', async () => {
    const pair = new Pair(coreOfB)
    const monitors = pair.as(pair.a, (context, to) => [context.monitor(to(pair.b)), context.monitor(to(pair.b))])
    expect(await pair.bonds()).toBe(4)
    pair.as(pair.b, (context) => context.stop(boom()))
    expect(await pair.notes()).toEqual([`b ends: ${BOOM}`, `a down ${BOOM}`, `a down ${BOOM}`])
    const downs = pair.infos as Extract<Info, { type: 'down' }>[]
    expect(new Set(downs.map(({ monitor }) => monitor))).toEqual(new Set(monitors))
    expect(downs.every(({ ref }) => pair.b.equals(ref))).toBe(true)
  })

  test('the watched actor is not concerned when its watcher ends', async () => {
    const pair = new Pair(coreOfB)
    pair.as(pair.a, (context, to) => context.monitor(to(pair.b)))
    await pair.bonds()
    pair.as(pair.a, (context) => context.stop(boom()))
    expect(await pair.notes()).toEqual([`a ends: ${BOOM}`])
  })

  test('monitoring the dead gives noproc at once, for every kind of dead (C-34)', async () => {
    const pair = new Pair(coreOfB)
    const { a, b, world } = pair
    pair.as(a, (context) => context.monitor(world.inside({ core: coreOfB, slot: 999, generation: 1 }, 1) as never))
    expect(await pair.notes()).toEqual(['a down noproc'])
    pair.as(b, (context) => context.stop())
    await pair.bonds()
    pair.as(a, (context, to) => context.monitor(to(b))) // it waits for its restart
    expect((await pair.notes()).slice(1)).toEqual(['b ends: normal', 'a down noproc'])
    void world.stop(b)
    await pair.bonds()
    pair.as(a, (context, to) => context.monitor(to(b))) // its slot is free
    expect((await pair.notes()).slice(3)).toEqual(['a down noproc'])
  })

  test('demonitor ends it; with flush not even a queued down comes (C-35)', async () => {
    for (const flush of [false, true]) {
      const pair = new Pair(coreOfB)
      const [first, second] = pair.as(pair.a, (context, to) => [context.monitor(to(pair.b)), context.monitor(to(pair.b))])
      pair.a.tell('wait')
      await pair.bonds()
      expect(pair.as(pair.a, (context) => context.demonitor(first as Monitor))).toBe(true)
      expect(pair.as(pair.a, (context) => context.demonitor(first as Monitor))).toBe(false)
      expect(await pair.bonds()).toBe(2)
      pair.as(pair.b, (context) => context.stop())
      await pair.bonds()
      expect(pair.as(pair.a, (context) => context.demonitor(second as Monitor, { flush }))).toBe(false)
      pair.busy.open()
      expect(await pair.notes()).toEqual(['a got wait', 'b ends: normal', ...(flush ? [] : ['a down normal'])])
    }
  })

  test('a monitor of another actor, or of the last incarnation, is not its own to end', async () => {
    const pair = new Pair(coreOfB)
    const monitor = pair.as(pair.a, (context, to) => context.monitor(to(pair.b)))
    await pair.bonds()
    expect(pair.as(pair.b, (context) => context.demonitor(monitor, { flush: true }))).toBe(false)
    expect(await pair.bonds()).toBe(2)
  })

  test('a failed start, a stop and a kill are told with their reasons', async () => {
    const reasons = [5000, 0].map(async (timeoutMs) => {
      const pair = new Pair(coreOfB)
      pair.as(pair.a, (context, to) => context.monitor(to(pair.b)))
      await pair.bonds()
      void pair.world.stop(pair.b, { timeoutMs })
      return (await pair.notes()).at(-1)
    })
    expect(await Promise.all(reasons)).toEqual(['a down shutdown', 'a down killed'])
    const pair = new Pair(coreOfB)
    const start = gate()
    const starting = pair.world.spawn(coreOfB, behave<null, string>({ init: () => start.promise, receive: () => {} }), null)
    pair.world.drive()
    pair.as(pair.a, (context, to) => context.monitor(to(starting)))
    await pair.bonds()
    start.fail(boom())
    expect((await pair.notes())[1]).toMatch(/^a down crash: CambiumError: init failed: .*boom/)
  })

  test('what an actor told before its end comes before its down (C-36)', async () => {
    for (let seed = 1; seed <= 50; seed += 1) {
      const pair = new Pair(coreOfB, seed)
      const { world, a, b } = pair
      pair.as(a, (context, to) => context.monitor(to(b)))
      await pair.bonds()
      const teller = world.inside<string>(a, coreOfB)
      for (let i = 0; i < seed * 7; i += 1) {
        teller.tell(`${i}`)
        if (world.random.chance(0.1)) world.turn(coreOfB)
      }
      pair.as(b, (context) => context.stop())
      const told = Array.from({ length: seed * 7 }, (__, i) => `a got ${i}`)
      const notes = await pair.notes()
      expect(notes.filter((note) => note !== 'b ends: normal')).toEqual([...told, 'a down normal'])
    }
  })
})

describe.each(places)('exit signals %s', (_, coreOfB) => {
  test('end who does not trap them, with their reason; normal is ignored (C-33)', async () => {
    const pair = new Pair(coreOfB)
    pair.as(pair.a, (context, to) => context.exit(to(pair.b), { kind: 'normal' }))
    expect(await pair.notes()).toEqual([])
    pair.as(pair.a, (context, to) => context.exit(to(pair.b), { kind: 'shutdown', detail: 'enough' }))
    expect(await pair.notes()).toEqual(['b ends: shutdown: "enough"'])
    expect(pair.world.exits).toMatchObject([{ reason: { kind: 'shutdown', detail: 'enough' } }])
  })

  test('are told to who traps them, normal too; killed cannot be trapped, and leaves no time for terminate (C-33)', async () => {
    const pair = new Pair(coreOfB)
    pair.as(pair.b, (context) => context.trapExits(true))
    for (const reason of [{ kind: 'normal' }, { kind: 'shutdown' }, boom(), crashReason('why')] as const)
      pair.as(pair.a, (context, to) => context.exit(to(pair.b), reason))
    expect(await pair.notes()).toEqual(['b exit normal', 'b exit shutdown', `b exit ${BOOM}`, 'b exit crash: "why"'])
    pair.as(pair.a, (context, to) => context.exit(to(pair.b), { kind: 'killed' }))
    expect((await pair.notes()).slice(4)).toEqual([])
    expect(pair.world.exits.map(({ reason }) => reason.kind)).toEqual(['killed'])
    pair.as(pair.a, (context, to) => context.exit(to(pair.b), boom())) // nobody is there
    expect((await pair.notes()).slice(4)).toEqual([])
  })

  test('are not behind user messages, even in an actor that never comes to rest (D4)', async () => {
    const pair = new Pair(coreOfB)
    pair.b.tell('wait')
    await pair.bonds()
    for (let i = 0; i < 100; i += 1) pair.b.tell(`${i}`)
    pair.as(pair.a, (context, to) => context.exit(to(pair.b), { kind: 'shutdown' }))
    await pair.world.run()
    expect(pair.world.notes).toEqual(['b got wait'])
    await pair.world.advance(5001) // the handler is given as long as a stop gives
    expect(pair.world.exits.map(({ reason }) => reason.kind)).toEqual(['killed'])
    expect(pair.world.notes).toEqual(['b got wait'])
  })

  test('the rest of the message in hand is done first, and the next one is not', async () => {
    const pair = new Pair(coreOfB)
    pair.b.tell('wait')
    pair.b.tell('next')
    await pair.bonds()
    pair.as(pair.a, (context, to) => context.exit(to(pair.b), { kind: 'shutdown' }))
    await pair.world.run()
    pair.busy.open()
    await pair.world.run()
    expect(pair.world.notes).toEqual(['b got wait', 'b ends: shutdown'])
  })
})

test('an exit to oneself: normal terminates; trapped, it is told (C-33)', async () => {
  const pair = new Pair(2)
  pair.as(pair.a, (context) => context.exit(context.self as never, { kind: 'normal' }))
  pair.as(pair.b, (context) => context.trapExits(true))
  pair.as(pair.b, (context) => context.exit(context.self as never, { kind: 'normal' }))
  expect((await pair.notes()).map(String).toSorted((x, y) => x.localeCompare(y))).toEqual(['a ends: normal', 'b exit normal'])
})

test('an actor without info is told nothing, and traps all the same', async () => {
  const pair = new Pair(2)
  const deaf = pair.world.spawn(
    1,
    handler<string>((message) => pair.world.note(message)),
    null,
  )
  pair.world.drive()
  pair.as(deaf, (context, to) => {
    context.trapExits(true)
    context.link(to(pair.b))
    context.monitor(to(pair.b))
  })
  await pair.bonds()
  pair.as(pair.b, (context) => context.stop(boom()))
  await pair.bonds()
  deaf.tell('alive')
  expect(await pair.notes()).toEqual([`b ends: ${BOOM}`, 'alive'])
})

test('a chain of ten thousand links ends without recursion', async () => {
  const world = new World()
  const link = handler<string>(() => {})
  const refs = Array.from({ length: 10_000 }, () => world.spawn(1, link, null, { isSupervised: false }))
  world.drive()
  for (const [i, ref] of refs.entries())
    if (i > 0) world.cell(ref)?.context?.link(world.inside(refs[i - 1] as Ref<never>, 1) as never)
  expect(world.core(1).bonds.count).toBe(2 * 9999)
  world.cell(refs[5000] as Ref<never>)?.context?.stop(boom())
  await world.run()
  expect(world.core(1).slots.count).toBe(0)
  expect(world.core(1).bonds.count).toBe(0)
})

test('children linked or monitored from before their init', async () => {
  const world = new World()
  const failing = behave<null, string>({
    init: () => {
      throw boom()
    },
    receive: () => {},
  })
  const parent = world.spawn(
    1,
    behave<null, string, null>({
      init: (_, context) => {
        context.trapExits(true)
        return null
      },
      receive: (_, message, context) => {
        context.spawn(failing, null, message === 'link' ? { link: true } : { monitor: true })
      },
      info: (_, info) => world.note(`${info.type} ${'reason' in info ? info.reason.kind : ''}`),
    }),
    null,
  )
  parent.tell('link')
  parent.tell('monitor')
  await world.run()
  expect(world.notes).toEqual(['exit crash', 'down crash'])
  expect(world.core(1).bonds.count).toBe(0)
})

test('infos come beyond the capacity of a mailbox, and are no user messages to drop', async () => {
  for (const overflow of ['drop-newest', 'drop-oldest', 'backpressure'] as const) {
    const world = new World()
    const open = gate()
    const watcher = world.spawn(
      1,
      behave<null, string, null>({
        init: () => null,
        receive: (_, message) => {
          world.note(message)
          return message === 'wait' ? open.promise.then(() => {}) : undefined
        },
        info: (_, info) => world.note(info.type),
      }),
      null,
      { mailbox: { capacity: 1, overflow } },
    )
    const others = Array.from({ length: 5 }, () =>
      world.spawn(
        1,
        handler<string>(() => {}),
        null,
      ),
    )
    world.drive()
    watcher.tell('wait')
    await world.run()
    for (const other of others) world.cell(watcher)?.context?.monitor(world.inside(other, 1) as never)
    for (const other of others) world.cell(other)?.context?.stop()
    await world.run()
    expect(world.queueOf(watcher)).toBe(5)
    open.open()
    await world.run()
    expect(world.notes).toEqual(['wait', 'down', 'down', 'down', 'down', 'down'])
    world.expectBalanced()
  }
})

test('trapped exits that somebody sends are bounded', async () => {
  const pair = new Pair(2)
  pair.as(pair.b, (context) => context.trapExits(true))
  pair.b.tell('wait')
  await pair.bonds()
  for (let i = 0; i < 3000; i += 1) pair.as(pair.a, (context, to) => context.exit(to(pair.b), { kind: 'shutdown' }))
  await pair.bonds()
  expect(pair.world.queueOf(pair.b)).toBe(1024)
  pair.busy.open()
  expect((await pair.notes()).length).toBe(1 + 1024)
})

test('signals that a stuck core does not take are bounded', async () => {
  const pair = new Pair(2)
  await pair.bonds()
  pair.world.kill(2)
  const flood = (): void => {
    pair.as(pair.a, (context, to) => {
      for (let i = 0; i < 100_000; i += 1) context.monitor(to(pair.b))
    })
  }
  expect(flood).toThrow(expect.objectContaining({ code: 'ERR_SIGNALS_FULL' }) as Error)
  pair.world.replace(2)
  await pair.world.run()
  expect(pair.infos.every((info) => 'reason' in info && info.reason.kind === 'core_lost')).toBe(true)
  expect(await pair.bonds()).toBe(0)
})

describe('the death of a core', () => {
  test('everybody who was linked to its actors, or monitored them, is told core_lost at once; nothing is left', async () => {
    for (const when of ['before', 'after'] as const) {
      const pair = new Pair(2)
      const { world, a, b } = pair
      pair.as(a, (context) => context.trapExits(true))
      pair.as(a, (context, to) => context.monitor(to(b)))
      pair.as(a, (context, to) => context.link(to(b)))
      pair.as(b, (context, to) => context.monitor(to(a)))
      await pair.bonds()
      world.kill(2)
      if (when === 'after') pair.as(a, (context, to) => context.monitor(to(b)))
      world.replace(2, [{ slot: b.slot, generation: b.generation, name: undefined, mailbox: undefined }])
      const notes = await pair.notes()
      const lost = 'core_lost: Error: core was killed'
      expect(notes.map(String).toSorted((x, y) => x.localeCompare(y))).toEqual([
        `a down ${lost}`,
        ...(when === 'after' ? [`a down ${lost}`] : []),
        `a exit ${lost}`,
      ])
      void world.restart(b, pair.noting('b'), null)
      await pair.bonds()
      pair.as(a, (context, to) => context.monitor(to(b)))
      expect(await pair.bonds()).toBe(2)
    }
  })

  test('ends actors that were linked and do not trap', async () => {
    const pair = new Pair(2)
    pair.as(pair.b, (context, to) => context.link(to(pair.a)))
    await pair.bonds()
    pair.world.kill(2)
    pair.world.replace(2)
    expect(await pair.notes()).toEqual(['a ends: core_lost: Error: core was killed'])
  })

  test('a monitor made after the epoch was counted up is the successor’s', async () => {
    const pair = new Pair(2)
    const { world, a, b } = pair
    await pair.bonds()
    world.kill(2)
    world.replace(2, [{ slot: b.slot, generation: b.generation, name: undefined, mailbox: undefined }])
    pair.as(a, (context, to) => context.monitor(to(b))) // core 1 has not heard of the death
    expect(await pair.notes()).toEqual(['a down noproc']) // and the successor holds the slot for a restart
  })

  test('what the dead core told before comes before the down (C-36)', async () => {
    const pair = new Pair(2)
    const { world, a, b } = pair
    pair.as(a, (context, to) => context.monitor(to(b)))
    await pair.bonds()
    for (let i = 0; i < 20; i += 1) world.inside<string>(a, 2).tell(`${i}`)
    world.core(2).flush()
    world.kill(2)
    world.replace(2)
    const told = Array.from({ length: 20 }, (_, i) => `a got ${i}`)
    expect(await pair.notes()).toEqual([...told, 'a down core_lost: Error: core was killed'])
  })
})

describe('refused', () => {
  test('what is no ref, no monitor, no reason', async () => {
    const pair = new Pair(2)
    const stranger = new Pair(2).a
    const to = (other: Ref<never>): Ref<never> => pair.world.inside(other, 1) as never
    const context = pair.world.cell(pair.a)?.context as ActorContext
    const attempt = (act: () => unknown): unknown => {
      try {
        return act()
      } catch (error) {
        return codeOf(error)
      }
    }
    expect(
      [
        () => context.link({ core: 1, slot: 1, generation: 1 } as never),
        () => context.monitor(undefined as never),
        () => context.monitor(stranger),
        () => context.exit(stranger, boom()),
        () => context.monitor(pair.world.inside({ core: 9, slot: 1, generation: 1 }, 1) as ActorRef as never),
        () => context.demonitor('1' as never),
        () => context.demonitor(1 as never, { flsh: true } as never),
        () => context.exit(to(pair.b), { kind: 'noproc' } as never),
        () => context.exit(to(pair.b), 'killed' as never),
        () => context.stop({ kind: 'crash' } as never),
        () => context.exit(to(pair.b), { kind: 'shutdown', detail: () => {} }),
        () => context.trapExits(1 as never),
        () =>
          context.spawn(
            handler(() => {}),
            null,
            { link: 1 } as never,
          ),
      ].map(attempt),
    ).toEqual([
      'ERR_OPTION',
      'ERR_OPTION',
      'ERR_FOREIGN_REF',
      'ERR_FOREIGN_REF',
      'ERR_NO_SUCH_CORE',
      'ERR_OPTION',
      'ERR_OPTION',
      'ERR_OPTION',
      'ERR_OPTION',
      'ERR_OPTION',
      'ERR_CANNOT_TRAVEL',
      'ERR_OPTION',
      'ERR_OPTION',
    ])
    expect(await pair.bonds()).toBe(0)
    const kept = context
    void pair.world.stop(pair.a)
    await pair.world.run()
    expect(attempt(() => kept.monitor(pair.b))).toBe('ERR_ACTOR_STOPPED')
    expect(await outcomeOf(Promise.resolve(await pair.bonds()))).toBe(0)
  })
})
