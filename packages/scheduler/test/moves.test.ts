/** Actors that move to another core: state, queue, timers, bonds and ends, in every order that a seed makes of the turns. */
import { describe, expect, it } from 'vitest'
import type { Info, Ref } from '@cambium/actor'
import { AWAY } from '../src/actor-cell.ts'
import { behave, gate, outcomeOf, World } from './harness.ts'

type Counter = { readonly type: 'add'; readonly n: number } | { readonly type: 'where' }

function counter() {
  return behave<number, Counter, { total: number; seen: number[] }>(
    {
      init: (start) => ({ total: start, seen: [] }),
      receive(state, message, context) {
        if (message.type === 'add') {
          state.seen.push(message.n)
          return { total: state.total + message.n, seen: state.seen }
        }
        context.reply({ core: context.core, self: context.self, total: state.total, seen: [...state.seen] })
        return undefined
      },
    },
    'counter',
  )
}

interface Where {
  readonly core: number
  readonly self: { readonly core: number; readonly slot: number; readonly generation: number }
  readonly total: number
  readonly seen: readonly number[]
}

async function answer<T>(world: World, asked: Promise<unknown>): Promise<T> {
  const outcome = outcomeOf(asked)
  await world.advance(10)
  return (await outcome) as T
}

async function moved(world: World, ref: { core: number; slot: number; generation: number }, to: number): Promise<string> {
  const outcome = world.migrate(ref, to)
  await world.advance(10)
  return outcome
}

describe.each([1, 2, 3, 4, 5, 6])('actors that move, seed %i', (seed) => {
  it('keep their state and their ref, and what is told to them arrives in order', async () => {
    const world = new World({ cores: 4, seed })
    const ref = world.spawn(1, counter(), 10) as unknown as Ref<Counter>
    await world.run()
    ref.tell({ type: 'add', n: 1 })
    const moving = world.migrate(ref, 2)
    for (let n = 2; n <= 200; n += 1) {
      ref.tell({ type: 'add', n })
      if (n % 20 === 0) world.turn(world.random.below(4))
    }
    await world.advance(10)
    expect(await moving).toBe('moved')
    for (let n = 201; n <= 210; n += 1) ref.tell({ type: 'add', n })
    const where = await answer<Where>(world, ref.ask({ type: 'where' }))
    expect(where.core).toBe(2)
    expect({ ...where.self }).toMatchObject({ core: 1, slot: ref.slot, generation: ref.generation })
    expect(where.seen).toEqual(Array.from({ length: 210 }, (_, i) => i + 1))
    expect(where.total).toBe(10 + (210 * 211) / 2)
    expect(world.cell(ref)?.status).toBe(AWAY)
    world.expectBalanced()
  })

  it('come back, and go on to a third core, while messages flow', async () => {
    const world = new World({ cores: 4, seed })
    const ref = world.spawn(1, counter(), 0) as unknown as Ref<Counter>
    await world.run()
    let n = 0
    for (const to of [2, 1, 3, 2, 0, 1]) {
      const moving = world.migrate(ref, to)
      for (let i = 0; i < 50; i += 1) {
        n += 1
        ref.tell({ type: 'add', n })
        world.turn(world.random.below(4))
      }
      await world.advance(20)
      expect(await moving).toBe('moved')
      const where = await answer<Where>(world, ref.ask({ type: 'where' }))
      expect(where.core).toBe(to)
      expect(where.seen).toEqual(Array.from({ length: n }, (_, i) => i + 1))
    }
    expect(world.cell(ref)?.status).not.toBe(AWAY)
    for (const core of world.cores) expect(core.moves.counts).toEqual({ away: 0, guests: 0 })
    world.expectBalanced()
  })
})

describe('a move', () => {
  it('takes timers along with the time that is left of them', async () => {
    const world = new World({ cores: 3 })
    const behaviour = behave<null, string, null>({
      init: (_, context) => {
        context.setTimer('once', 100, 'once')
        context.setTimer('often', 30, 'often', { repeat: true })
        return null
      },
      receive(_, message, context) {
        world.note(`${message} on ${context.core} at ${Math.round(world.nowMs - began)}`)
        if (message === 'stop') context.cancelTimer('often')
      },
    })
    const began = world.nowMs
    const ref = world.spawn(1, behaviour, null) as unknown as Ref<string>
    await world.advance(50)
    expect(await moved(world, ref, 2)).toBe('moved')
    await world.advance(65)
    ref.tell('stop')
    await world.advance(100)
    expect(world.notes).toEqual([
      'often on 1 at 31',
      'often on 2 at 61',
      'often on 2 at 91',
      'once on 2 at 101',
      'often on 2 at 121',
      'stop on 2 at 125',
    ])
    expect(world.core(1).wheel.size).toBe(0)
  })

  it('takes along what was put aside, with its askers', async () => {
    const world = new World({ cores: 3 })
    const behaviour = behave<null, string, { open: boolean }, string>({
      init: () => ({ open: false }),
      receive(state, message, context) {
        if (message === 'open') {
          context.unstashAll()
          return { open: true }
        }
        if (!state.open) context.stash()
        else if (context.isAsked) context.reply(`${message} on ${context.core}`)
        else world.note(message)
        return undefined
      },
    })
    const ref = world.spawn(1, behaviour, null) as unknown as Ref<string, string>
    await world.run()
    const asked = ref.ask('question')
    ref.tell('told')
    await world.run()
    expect(world.cell(ref)?.stash?.length).toBe(2)
    expect(await moved(world, ref, 2)).toBe('moved')
    expect(world.guest(ref)?.stash?.length).toBe(2)
    expect(await moved(world, ref, 1)).toBe('moved')
    expect(await moved(world, ref, 2)).toBe('moved')
    ref.tell('open')
    await world.advance(5)
    expect(await asked).toBe('question on 2')
    expect(world.notes).toEqual(['told'])
    world.expectBalanced()
  })

  it('waits until the handler under way has ended, and is given up when that takes too long', async () => {
    const world = new World({ cores: 3 })
    const held = gate()
    const behaviour = behave<null, string, null>({
      init: () => null,
      async receive(_, message, context) {
        if (message === 'wait') await held.promise
        world.note(`${message} on ${context.core}`)
      },
    })
    const ref = world.spawn(1, behaviour, null) as unknown as Ref<string>
    await world.run()
    ref.tell('wait')
    ref.tell('next')
    await world.run()
    const hasty = world.migrate(ref, 2, 50)
    await world.advance(60)
    expect(await hasty).toBe('ERR_MOVE_TIMEOUT')
    const patient = world.migrate(ref, 2, 1000)
    await world.advance(60)
    const second = world.migrate(ref, 2)
    await world.advance(5)
    expect(await second).toBe('ERR_NOT_MOVABLE')
    held.open()
    await world.advance(5)
    expect(await patient).toBe('moved')
    expect(world.notes).toEqual(['wait on 1', 'next on 2'])
  })

  it('is refused with its reason, and the actor goes on where it is', async () => {
    const world = new World({ cores: 3 })
    const child = behave<null, string, null>({ init: () => null, receive: () => undefined })
    const parent = behave<null, string, null>({
      init: (_, context) => {
        context.spawn(child, null)
        return null
      },
      receive: (_, message) => {
        world.note(message)
      },
    })
    const withState = behave<null, string, { f: () => void }>({
      init: () => ({ f: () => {} }),
      receive: (_, message) => {
        world.note(message)
      },
    })
    const a = world.spawn(1, parent, null) as unknown as Ref<string>
    const b = world.spawn(1, withState, null) as unknown as Ref<string>
    await world.run()
    expect(await moved(world, a, 2)).toBe('ERR_NOT_MOVABLE')
    expect(await moved(world, b, 2)).toBe('ERR_CANNOT_TRAVEL')
    a.tell('a')
    b.tell('b')
    await world.run()
    expect(new Set(world.notes)).toEqual(new Set(['a', 'b']))
    for (const core of world.cores) expect(core.moves.isBusy).toBe(false)
  })

  it('asks the behaviour how its state travels', async () => {
    const world = new World({ cores: 3 })
    const behaviour = behave<null, string, Map<string, () => string>, string>({
      init: () => new Map([['a', () => 'a']]),
      receive(state, _message, context) {
        context.reply([...state.values()].map((f) => f()).join())
      },
      migrate: {
        save: (state) => [...state.keys()],
        load: (saved) => new Map((saved as string[]).map((key) => [key, () => `loaded ${key}`])),
      },
    })
    const ref = world.spawn(1, behaviour, null) as unknown as Ref<string, string>
    await world.run()
    expect(await moved(world, ref, 2)).toBe('moved')
    expect(await answer(world, ref.ask('x'))).toBe('loaded a')
  })
})

describe('a guest', () => {
  const linker = (world: World) =>
    behave<null, { do: string; with?: Ref<never> }, { monitor: number }>({
      init: (_, context) => {
        context.trapExits(true)
        return { monitor: 0 }
      },
      receive(state, message, context) {
        if (message.do === 'link') context.link(message.with as Ref<never>)
        if (message.do === 'unlink') context.unlink(message.with as Ref<never>)
        if (message.do === 'monitor') return { monitor: context.monitor(message.with as Ref<never>) as number }
        if (message.do === 'demonitor') world.note(`demonitor ${context.demonitor(state.monitor as never)}`)
        if (message.do === 'exit') context.exit(message.with as Ref<never>, { kind: 'shutdown' })
        if (message.do === 'crash') throw new Error('crashed')
        if (message.do === 'note') world.note(`noted on ${context.core}`)
        return undefined
      },
      info(state, info: Info, context) {
        if (info.type === 'down') world.note(`down ${info.reason.kind} ${info.monitor === state.monitor} on ${context.core}`)
        if (info.type === 'exit') world.note(`exit ${info.reason.kind} on ${context.core}`)
      },
    })

  it('hears of links and monitors that it had before, and of those that it makes', async () => {
    const world = new World({ cores: 4 })
    const a = world.spawn(1, linker(world), null) as unknown as Ref<unknown>
    const peers = [0, 1, 2, 3, 2].map((core) => world.spawn(core, linker(world), null))
    await world.run()
    const [p0, p1, p2, p3, p4] = peers as unknown as [Ref<never>, Ref<never>, Ref<never>, Ref<never>, Ref<never>]
    a.tell({ do: 'monitor', with: world.inside(p1, 0) })
    a.tell({ do: 'link', with: world.inside(p2, 0) })
    await world.advance(5)
    expect(await moved(world, a, 3)).toBe('moved')
    p1.tell({ do: 'crash' } as never)
    await world.advance(5)
    expect(world.notes.splice(0)).toEqual(['down crash true on 3'])
    p2.tell({ do: 'crash' } as never)
    await world.advance(5)
    expect(world.notes.splice(0)).toEqual(['exit crash on 3'])
    a.tell({ do: 'monitor', with: world.inside(p0, 0) })
    a.tell({ do: 'link', with: world.inside(p3, 0) })
    await world.advance(5)
    expect(await moved(world, a, 1)).toBe('moved')
    p0.tell({ do: 'crash' } as never)
    await world.advance(5)
    expect(world.notes.splice(0)).toEqual(['down crash true on 1'])
    expect(await moved(world, a, 2)).toBe('moved')
    p3.tell({ do: 'crash' } as never)
    await world.advance(5)
    expect(world.notes.splice(0)).toEqual(['exit crash on 2'])
    a.tell({ do: 'monitor', with: world.inside(p4, 0) })
    await world.advance(5)
    expect(await moved(world, a, 3)).toBe('moved')
    a.tell({ do: 'demonitor' })
    a.tell({ do: 'demonitor' })
    await world.advance(5)
    p4.tell({ do: 'crash' } as never)
    await world.advance(5)
    expect(world.notes.splice(0)).toEqual(['demonitor true', 'demonitor false'])
    for (const core of world.cores) expect(core.bonds.count).toBe(0)
  })

  it.each([
    ['leaves home', [3]],
    ['goes on to a third core', [3, 2]],
    ['comes back', [3, 1]],
  ])('hears of an end that it had still to be told of when it %s', async (_, [first, ...rest]) => {
    const world = new World({ cores: 4 })
    const a = world.spawn(1, linker(world), null) as unknown as Ref<unknown>
    const peer = world.spawn(0, linker(world), null) as unknown as Ref<unknown>
    await world.run()
    a.tell({ do: 'monitor', with: world.inside(peer, 0) })
    await world.advance(5)
    const order = async (what: 'suspend' | 'resume'): Promise<void> => {
      await Promise.all([world.inspect(a, { what }), world.advance(5)])
    }
    await order('suspend')
    peer.tell({ do: 'crash' })
    await world.advance(5)
    expect(await moved(world, a, first as number)).toBe('moved')
    for (const to of rest) expect(await moved(world, a, to)).toBe('moved')
    expect(world.notes).toEqual([])
    await order('resume')
    expect(world.notes).toEqual([`down crash true on ${rest[0] ?? first}`])
  })

  it('ends by an exit signal, and those who are bound to it hear of it', async () => {
    const world = new World({ cores: 4 })
    const watcher = world.spawn(3, linker(world), null) as unknown as Ref<unknown>
    const plain = behave<null, string, null>({
      init: () => null,
      receive: (_, message) => {
        world.note(message)
      },
    })
    const a = world.spawn(1, plain, null)
    await world.run()
    watcher.tell({ do: 'monitor', with: world.inside(a, 0) })
    await world.advance(5)
    expect(await moved(world, a, 2)).toBe('moved')
    watcher.tell({ do: 'exit', with: world.inside(a, 0) })
    await world.advance(5)
    expect(world.notes.splice(0)).toEqual(['down shutdown true on 3'])
    expect(world.exits).toMatchObject([{ reason: { kind: 'shutdown' } }])
    expect(world.guest(a)).toBeUndefined()
    for (const core of world.cores) expect(core.moves.counts).toEqual({ away: 0, guests: 0 })
  })

  it('is restarted at home when it crashes, and its queue waits for that', async () => {
    const world = new World({ cores: 4 })
    const behaviour = counter()
    const crashing = behave<number, Counter | { type: 'crash' }, { total: number; seen: number[] }>({
      ...(behaviour.program as never as object),
      init: (start: number) => ({ total: start, seen: [] }),
      receive(state: { total: number; seen: number[] }, message: Counter | { type: 'crash' }, context: never) {
        if (message.type === 'crash') throw new Error('crashed')
        return (behaviour.program.receive as (s: unknown, m: unknown, c: unknown) => never)(state, message, context)
      },
    } as never)
    const a = world.spawn(1, crashing, 0) as unknown as Ref<Counter | { type: 'crash' }>
    await world.run()
    expect(await moved(world, a, 2)).toBe('moved')
    a.tell({ type: 'add', n: 1 })
    a.tell({ type: 'crash' })
    for (let n = 2; n < 30; n += 1) a.tell({ type: 'add', n })
    await world.advance(5)
    expect(world.exits).toMatchObject([{ reason: { kind: 'crash' } }])
    expect(world.queueOf(a)).toBe(28)
    const restarted = world.restart(a, crashing as never, 100 as never)
    await world.advance(5)
    expect(await restarted).toBe('started')
    const where = await answer<Where>(world, a.ask({ type: 'where' }))
    expect(where).toMatchObject({ core: 1, total: 100 + (28 * 31) / 2 })
    expect(where.seen).toEqual(Array.from({ length: 28 }, (_, i) => i + 2))
    expect(world.dead()).toEqual({ crashed: 1 })
    world.expectBalanced()
  })

  it('is stopped where it is', async () => {
    const world = new World({ cores: 3 })
    const behaviour = behave<null, string, null>({
      init: () => null,
      receive: (_, message) => {
        world.note(message)
      },
      terminate: (_, reason, context) => {
        world.note(`terminate ${reason.kind} on ${context.core}`)
      },
    })
    const a = world.spawn(1, behaviour, null) as unknown as Ref<string>
    await world.run()
    expect(await moved(world, a, 2)).toBe('moved')
    a.tell('one')
    await world.advance(5)
    const stopping = world.stop(a)
    await world.advance(5)
    expect(await stopping).toEqual({ kind: 'shutdown' })
    expect(world.notes).toEqual(['one', 'terminate shutdown on 2'])
    expect(world.cell(a)).toBeUndefined()
    expect(world.core(2).slots.count).toBe(0)
    a.tell('late')
    await world.advance(5)
    expect(world.dead()).toEqual({ no_such_actor: 1 })
  })

  it('whose senders are faster than it holds them back as ever', async () => {
    const world = new World({ cores: 4, ringBytes: 4096 })
    const held = gate()
    const behaviour = behave<null, number, null>(
      {
        init: () => null,
        async receive(_, message) {
          if (message === 0) await held.promise
          world.note(message)
        },
      },
      'slow',
      { capacity: 16 },
    )
    const a = world.spawn(1, behaviour, null) as unknown as Ref<number>
    await world.run()
    expect(await moved(world, a, 2)).toBe('moved')
    for (let n = 0; n < 500; n += 1) {
      a.tell(n)
      if (n % 10 === 9) await world.run()
    }
    const guest = world.guest(a)
    expect(guest?.mailbox?.length).toBeLessThan(150)
    expect(world.queueOf(a)).toBeLessThan(150)
    expect(world.core(0).sender.waitingCount).toBeGreaterThan(200)
    held.open()
    await world.advance(50)
    expect(world.notes).toEqual(Array.from({ length: 500 }, (_, i) => i))
    world.expectBalanced()
  })
})

describe('what a guest wants of the directory', () => {
  const named = (world: World) =>
    behave<null, string, null>({
      init: () => null,
      async receive(_, message, context) {
        try {
          if (message === 'register') await context.register('somebody')
          else if (message === 'unregister') world.note(await context.unregister('somebody'))
        } catch (error) {
          world.note((error as { code: string }).code)
        }
        const found = context.whereis('somebody')
        world.note(`${found === undefined ? 'nobody' : found.equals(context.self)} on ${context.core}`)
      },
    })

  it('is done in the name of its home, and ends with it', async () => {
    const world = new World({ cores: 4 })
    const a = world.spawn(1, named(world), null) as unknown as Ref<string>
    const b = world.spawn(3, named(world), null) as unknown as Ref<string>
    await world.run()
    expect(await moved(world, a, 2)).toBe('moved')
    a.tell('register')
    await world.advance(5)
    b.tell('register')
    await world.advance(5)
    expect(world.notes.splice(0)).toEqual(['true on 2', 'ERR_NAME_TAKEN', 'false on 3'])
    expect(world.core(0).directory.first('names', 'somebody')).toMatchObject({ core: 1, slot: a.slot })
    a.tell('unregister')
    await world.advance(5)
    expect(world.notes.splice(0)).toEqual([true, 'nobody on 2'])
    a.tell('register')
    await world.advance(5)
    const stopping = world.stop(a)
    await world.advance(5)
    await stopping
    b.tell('look')
    await world.advance(5)
    expect(world.notes.splice(0)).toEqual(['true on 2', 'nobody on 3'])
  })
})

describe('a core dies', () => {
  it('that hosts: the actor ends with its core, waits at home, and its asks fail at once', async () => {
    const world = new World({ cores: 4 })
    const watch = behave<null, Ref<never>, null>({
      init: () => null,
      receive: (_, ref, context) => {
        context.monitor(ref)
      },
      info: (_, info) => {
        if (info.type === 'down') world.note(`down ${info.reason.kind}`)
      },
    })
    const behaviour = behave<null, string, null, string>({
      init: () => null,
      receive: (_, message, context) => {
        if (message === 'die') world.dieHere(2)
        else if (context.isAsked) context.reply(message)
        else world.note(message)
      },
    })
    const a = world.spawn(1, behaviour, null) as unknown as Ref<string, string>
    await world.run()
    ;(world.spawn(3, watch, null) as unknown as Ref<Ref<never>>).tell(world.inside(a, 0))
    await world.run()
    expect(await moved(world, a, 2)).toBe('moved')
    a.tell('die')
    const asked = outcomeOf(a.ask('lost'))
    await world.advance(1)
    expect(world.isDead(2)).toBe(true)
    world.replace(2)
    await world.advance(5)
    expect(await asked).toBe('ERR_CORE_LOST')
    expect(world.notes.splice(0)).toEqual(['down core_lost'])
    expect(world.signals.find((signal) => signal.type === 'exited')).toMatchObject({
      reason: { kind: 'core_lost' },
      loss: { isBlamed: false },
    })
    a.tell('after')
    const restarted = world.restart(a, behaviour as never, null)
    await world.advance(5)
    expect(await restarted).toBe('started')
    expect(world.notes).toEqual(['after'])
    expect(await answer(world, a.ask('here'))).toBe('here')
    world.expectBalanced()
  })

  it('that is home: the guest ends before its successor is started', async () => {
    const world = new World({ cores: 4 })
    const behaviour = behave<string, string, string, string>({
      init: (name) => name,
      receive: (name, message, context) => {
        if (context.isAsked) context.reply(`${name} on ${context.core}`)
        else world.note(`${name}: ${message}`)
      },
    })
    const a = world.spawn(1, behaviour, 'first') as unknown as Ref<string, string>
    await world.run()
    expect(await moved(world, a, 2)).toBe('moved')
    const guest = world.guest(a)
    world.kill(1)
    a.tell('in the ring')
    world.replace(1, [{ slot: a.slot, generation: a.generation, name: undefined, mailbox: undefined, hosts: [2] }])
    const restarted = world.restart(a, behaviour as never, 'second' as never)
    await world.advance(5)
    expect(await restarted).toBe('started')
    expect(guest?.status).toBe(5)
    expect(world.notes).toEqual(['second: in the ring'])
    expect(await answer(world, a.ask('x'))).toBe('second on 1')
    world.expectBalanced()
  })
})
