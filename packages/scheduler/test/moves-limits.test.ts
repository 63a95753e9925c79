/** What bounds a move: its time, the incarnation that it was asked of, and what a guest remembers. Nobody waits for ever, and nobody is ended for another. */
import { describe, expect, it } from 'vitest'
import type { ActorContext, Behaviour, Ref } from '@cambium/actor'
import type { ActorAddress } from '@cambium/base'
import type { ActorCell } from '../src/actor-cell.ts'
import { AWAITING, AWAY, LEAVING, READY, SUSPENDED } from '../src/actor-cell.ts'
import { behave, gate, handler, World } from './harness.ts'
import { expectNothingHeld } from './nothing-held.ts'

type Texts = Ref<string> & ActorAddress

/** Notes what it is told, and where. */
function noting(world: World): Behaviour<null, string> {
  return behave<null, string, { notes: number }>({
    init: () => ({ notes: 0 }),
    receive: ({ notes }, message, context) => {
      world.note(`${message} on ${context.core}`)
      return { notes: notes + 1 }
    },
  })
}

/** Waits in its handler while it is told to, until the gate opens. */
function waiting(world: World, open: Promise<void>): Behaviour<null, string> {
  return behave<null, string, null>({
    init: () => null,
    async receive(_, message, context) {
      if (message.startsWith('wait')) await open
      if (message.endsWith('crash')) throw new Error('crashed')
      world.note(`${message} on ${context.core}`)
    },
  })
}

/** Starts an actor on core 1. */
async function started(world: World, behaviour: Behaviour<null, string>): Promise<Texts> {
  const ref = world.spawn(1, behaviour, null) as Texts
  await world.run()
  return ref
}

async function moved(world: World, ref: Texts, to: number): Promise<void> {
  const move = world.migrate(ref, to)
  await world.advance(5)
  expect(await move).toBe('moved')
}

async function expectNothingLeft(world: World, ref: Texts): Promise<void> {
  const stopping = world.stop(ref)
  await world.advance(5)
  await stopping
  expectNothingHeld(world)
  world.expectBalanced()
}

describe('a host that does not get to have the behaviour', () => {
  function loadedLate(world: World): { behaviour: Behaviour<null, string>; loaded: ReturnType<typeof gate<void>> } {
    const behaviour = noting(world)
    const loaded = gate()
    world.modules.set(behaviour.module, () => loaded.promise.then(() => ({ behaviour })))
    return { behaviour, loaded }
  }

  it('is given up when the time is over, and the actor goes on where it was', async () => {
    const world = new World({ cores: 3 })
    const { behaviour, loaded } = loadedLate(world)
    const ref = await started(world, behaviour)
    const move = world.migrate(ref, 2, 100, false)
    await world.advance(90)
    expect(world.cell(ref)?.status).toBe(LEAVING)
    expect(world.core(2).moves.counts.guests).toBe(1)
    await world.advance(70)
    expect(await move).toBe('ERR_MOVE_TIMEOUT')
    expect(world.core(2).moves.counts.guests).toBe(0)
    expect(world.core(1).requests.size).toBe(0)
    ref.tell('goes on')
    await world.advance(5)
    loaded.open()
    await world.advance(5)
    ref.tell('still')
    await world.advance(5)
    expect(world.notes).toEqual(['goes on on 1', 'still on 1'])
    await moved(world, ref, 2)
    await expectNothingLeft(world, ref)
  })

  it('ends the wait of whoever wants the move when the actor has ended meanwhile', async () => {
    const world = new World({ cores: 3 })
    const ref = await started(world, loadedLate(world).behaviour)
    const move = world.migrate(ref, 2, 100, false)
    await world.advance(10)
    const stopping = world.stop(ref)
    await world.advance(1)
    expect(await stopping).toEqual({ kind: 'shutdown' })
    expect(await move).toBe('ERR_NO_SUCH_ACTOR')
    await expectNothingLeft(world, ref)
  })

  it('has no guest any more when the actor has ended meanwhile, and its home before an answer', async () => {
    const world = new World({ cores: 3 })
    const ref = await started(world, loadedLate(world).behaviour)
    const move = world.migrate(ref, 2, 100, false)
    await world.advance(10)
    expect(world.core(2).moves.counts.guests).toBe(1)
    const stopping = world.stop(ref)
    while (world.cell(ref) !== undefined) world.turn(1)
    // Its home has had its last turn.
    world.turn(0)
    expect(await stopping).toEqual({ kind: 'shutdown' })
    expect(await move).toBe('ERR_NO_SUCH_ACTOR')
    world.turn(2)
    expect(world.core(2).moves.counts).toEqual({ away: 0, guests: 0 })
  })

  it('has the guest of one incarnation ended, not of the next', async () => {
    const world = new World({ cores: 3 })
    const { behaviour, loaded } = loadedLate(world)
    const ref = await started(world, behaviour)
    const first = world.migrate(ref, 2, 1000, false)
    await world.advance(10)
    const stopping = world.stop(ref, { keepsSlot: true })
    const restarted = world.restart(ref, behaviour as never, null)
    const second = world.migrate(ref, 2, 1000, false)
    await world.advance(10)
    expect(await stopping).toEqual({ kind: 'shutdown' })
    expect(await restarted).toBe('started')
    expect(await first).toBe('ERR_NO_SUCH_ACTOR')
    expect(world.core(2).moves.counts.guests).toBe(1)
    loaded.open()
    await world.advance(10)
    expect(await second).toBe('moved')
    ref.tell('hello')
    await world.advance(5)
    expect(world.notes).toEqual(['hello on 2'])
    await expectNothingLeft(world, ref)
  })
})

describe('a host that does not answer', () => {
  it('keeps a guest that is wanted back no longer than the time', async () => {
    const world = new World({ cores: 3 })
    const ref = await started(world, noting(world))
    await moved(world, ref, 2)
    let outcome: string | undefined
    void world.migrate(ref, 1, 100).then((code) => (outcome = code))
    /** Core 2 has no turn. */
    const pass = async (ms: number): Promise<void> => {
      world.nowMs += ms
      for (const core of [1, 0, 1, 0]) world.turn(core)
      await Promise.resolve()
    }
    await pass(1)
    await pass(130)
    expect(outcome).toBeUndefined()
    await pass(20)
    await world.advance(0)
    expect(outcome).toBe('ERR_MOVE_TIMEOUT')
    ref.tell('stays')
    await world.advance(5)
    expect(world.notes).toEqual(['stays on 2'])
    await moved(world, ref, 1)
    await expectNothingLeft(world, ref)
  })

  it('is not waited for by whoever stops the actor', async () => {
    const world = new World({ cores: 3 })
    const held = gate()
    const ref = await started(world, waiting(world, held.promise))
    await moved(world, ref, 2)
    ref.tell('wait')
    await world.advance(5)
    const move = world.migrate(ref, 1, 500)
    const stopping = world.stop(ref, { timeoutMs: 50 })
    await world.advance(60)
    expect(await stopping).toEqual({ kind: 'killed' })
    expect(await move).toBe('ERR_NO_SUCH_ACTOR')
    held.open()
    await expectNothingLeft(world, ref)
  })
})

describe('an incarnation that was to move', () => {
  it('ends, and the next one stays', async () => {
    const world = new World({ cores: 3 })
    const held = gate()
    const behaviour = waiting(world, held.promise)
    const ref = await started(world, behaviour)
    ref.tell('wait')
    await world.advance(5)
    const move = world.migrate(ref, 2, 1000)
    await world.advance(5)
    const stopping = world.stop(ref, { timeoutMs: 0, keepsSlot: true })
    await world.advance(2)
    await stopping
    expect(await move).toBe('ERR_NO_SUCH_ACTOR')
    const late = world.migrate(ref, 2, 1000)
    await world.advance(2)
    expect(world.cell(ref)?.status).toBe(AWAITING)
    expect(await late).toBe('ERR_NO_SUCH_ACTOR')
    const restarted = world.restart(ref, behaviour as never, null)
    await world.advance(5)
    expect(await restarted).toBe('started')
    expect(world.cell(ref)?.status).toBe(READY)
    held.open()
    await expectNothingLeft(world, ref)
  })

  it('ends and is restarted between two looks', async () => {
    const world = new World({ cores: 3 })
    const held = gate()
    const behaviour = waiting(world, held.promise)
    const ref = await started(world, behaviour)
    ref.tell('wait')
    await world.advance(5)
    const move = world.migrate(ref, 2, 1000)
    await world.advance(5)
    void world.stop(ref, { timeoutMs: 0, keepsSlot: true })
    void world.restart(ref, behaviour as never, null) // by the next signal, in the same turn
    await world.advance(5)
    expect(await move).toBe('ERR_NO_SUCH_ACTOR')
    expect(world.cell(ref)).toMatchObject({ status: READY, incarnation: 1 })
    held.open()
    await expectNothingLeft(world, ref)
  })

  it('crashes where it is a guest, and nobody waits for its return', async () => {
    const world = new World({ cores: 3 })
    const held = gate()
    const ref = await started(world, waiting(world, held.promise))
    await moved(world, ref, 2)
    ref.tell('wait, then crash')
    await world.advance(5)
    const move = world.migrate(ref, 1, 1000)
    await world.advance(5)
    held.open()
    await world.advance(5)
    expect(await move).toBe('ERR_NO_SUCH_ACTOR')
    expect(world.exits).toMatchObject([{ reason: { kind: 'crash' } }])
    await expectNothingLeft(world, ref)
  })
})

describe('an actor on its way back', () => {
  it('is stopped once, however often that is asked for', async () => {
    const world = new World({ cores: 3 })
    const ref = await started(world, noting(world))
    await moved(world, ref, 2)
    const move = world.migrate(ref, 1)
    for (let turns = 0; world.cell(ref)?.moved?.isRecalled !== true; turns += 1) world.turn(turns % 3)
    const stops = [world.stop(ref, { keepsSlot: true }), world.stop(ref, { keepsSlot: true })]
    await world.advance(5)
    expect(await Promise.all(stops)).toEqual([{ kind: 'shutdown' }, { kind: 'shutdown' }])
    expect(await move).toBe('moved')
    expect(world.cell(ref)).toMatchObject({ status: AWAITING, deadline: undefined })
    await expectNothingLeft(world, ref)
  })
})

describe('a successor that starts an actor which may be elsewhere', () => {
  it('does not start it when it was stopped before that was known', async () => {
    const world = new World({ cores: 3 })
    const behaviour = noting(world)
    const ref = await started(world, behaviour)
    await moved(world, ref, 2)
    world.kill(1)
    world.replace(1, [{ slot: ref.slot, generation: ref.generation, name: undefined, mailbox: undefined, hosts: [2] }])
    for (let i = 0; i < 3; i += 1) world.turn(1)
    const restarted = world.restart(ref, behaviour as never, null)
    world.turn(1)
    const stopping = world.stop(ref, { keepsSlot: true })
    world.turn(1)
    await world.advance(5)
    expect(await stopping).toEqual({ kind: 'shutdown' })
    expect(await restarted).toBe('ERR_STOPPED_DURING_START')
    expect(world.cell(ref)?.status).toBe(AWAITING)
    const again = world.restart(ref, behaviour as never, null)
    await world.advance(5)
    expect(await again).toBe('started')
    await expectNothingLeft(world, ref)
  })

  it.each([1, 2])('does not say that it is on core %i before it is sure where it is not', async (to) => {
    const world = new World({ cores: 3 })
    const behaviour = noting(world)
    const ref = await started(world, behaviour)
    await moved(world, ref, 2)
    world.kill(1)
    world.replace(1, [{ slot: ref.slot, generation: ref.generation, name: undefined, mailbox: undefined, hosts: [2] }])
    while (world.cell(ref) === undefined) world.turn(1)
    const early = world.migrate(ref, to)
    await world.advance(5)
    expect(await early).toBe('ERR_NO_SUCH_ACTOR')
    const restarted = world.restart(ref, behaviour as never, null)
    await world.advance(5)
    expect(await restarted).toBe('started')
    await moved(world, ref, to)
    await expectNothingLeft(world, ref)
  })
})

describe('a guest', () => {
  it('remembers no more than 64 links that it has cut, though nobody tells it anything', async () => {
    const world = new World({ cores: 3 })
    const peers = Array.from({ length: 200 }, () => world.spawn(0, noting(world), null))
    const cutter = behave<null, string, null>({
      init: () => null,
      receive(_, message, context) {
        for (const peer of peers) {
          const ref = world.inside(peer, context.core)
          if (message === 'link') context.link(ref)
          else context.unlink(ref)
        }
      },
    })
    const ref = await started(world, cutter)
    await moved(world, ref, 2)
    ref.tell('link')
    await world.advance(5)
    expect(world.core(0).bonds.count).toBe(200)
    ref.tell('unlink')
    await world.advance(5)
    expect(world.core(0).bonds.count).toBe(0)
    expect(world.guest(ref)?.guest?.cuts.size).toBeLessThanOrEqual(64)
    await Promise.all([...peers.map((peer) => world.stop(peer)), world.advance(5)])
    await expectNothingLeft(world, ref)
  })

  it('begins with all that it had before it ends by its own wish', async () => {
    const world = new World({ cores: 3 })
    const behaviour = behave<null, string, { text: string }>({
      init: () => ({ text: 'from home' }),
      receive: () => undefined,
      terminate: (state, reason) => {
        world.note(`ended with ${state.text}: ${reason.kind}`)
      },
      migrate: {
        save: (state) => state,
        load: (saved, context) => {
          ;(context as ActorContext).stop()
          return saved as { text: string }
        },
      },
    })
    const ref = await started(world, behaviour)
    await moved(world, ref, 2)
    await world.advance(5)
    expect(world.notes).toEqual(['ended with from home: normal'])
    expect(world.exits).toMatchObject([{ reason: { kind: 'normal' } }])
    expect(world.faults).toEqual([])
    await expectNothingLeft(world, ref)
  })

  it('is looked after until its last messages are under way, when it has gone with its home', async () => {
    const world = new World({ cores: 3 })
    const held = gate()
    const slow = world.spawn(
      0,
      handler(() => held.promise, 'slow', { capacity: 1 }),
      null,
    )
    const ref = await started(
      world,
      behave<null, string, null>({
        init: () => null,
        receive: (_, message, context) => {
          for (let i = 0; i < 5; i += 1) world.inside(slow, context.core).tell(message)
        },
      }),
    )
    await moved(world, ref, 2)
    ref.tell('message')
    await world.advance(5)
    ref.tell('message')
    await world.advance(5)
    expect(world.guest(ref)?.outbox).toBeGreaterThan(0)
    world.kill(1)
    world.replace(1)
    await world.advance(5)
    expect(world.core(2).moves.counts.guests).toBe(0)
    expect(world.core(2).moves.isBusy).toBe(true)
    held.open()
    await world.advance(5)
    expect(world.core(2).moves.isBusy).toBe(false)
  })
})

describe('who wants an actor suspended, or to go on', () => {
  const suspend = { what: 'suspend' } as const
  const resume = { what: 'resume' } as const

  it('is heard at its host when its home lets go of it in the turn in which that was told', async () => {
    const world = new World({ cores: 3 })
    const ref = await started(world, noting(world))
    const move = world.migrate(ref, 2)
    for (let turns = 0; world.core(2).moves.counts.guests === 0; turns += 1) world.turn(turns % 3)
    const ordered = world.inspect(ref, suspend)
    world.turn(1)
    expect(world.cell(ref)?.status).toBe(AWAY)
    await world.advance(5)
    expect(await move).toBe('moved')
    await ordered
    expect(world.guest(ref)).toMatchObject({ isSuspended: true, status: SUSPENDED })
    await expectNothingLeft(world, ref)
  })

  it('is heard while it is on its way out', async () => {
    const world = new World({ cores: 3 })
    const ref = await started(world, noting(world))
    const move = world.migrate(ref, 2)
    for (let turns = 0; world.core(2).moves.counts.guests === 0; turns += 1) world.turn(turns % 3)
    expect(world.cell(ref)?.status).toBe(LEAVING)
    world.core(1).inspection.follow(ref, suspend, () => {})
    await world.advance(5)
    expect(await move).toBe('moved')
    expect(world.guest(ref)).toMatchObject({ isSuspended: true, status: SUSPENDED })
    ref.tell('held')
    await world.advance(5)
    expect(world.notes).toEqual([])
    await world.advance(5)
    await Promise.all([world.inspect(ref, resume), world.advance(5)])
    expect(world.notes).toEqual(['held on 2'])
    await expectNothingLeft(world, ref)
  })

  it('is heard between its arrival and its begin', async () => {
    const world = new World({ cores: 3 })
    const ref = await started(world, noting(world))
    await Promise.all([world.inspect(ref, suspend), world.advance(5)])
    const move = world.migrate(ref, 2)
    for (let turns = 0; world.core(2).moves.counts.guests === 0; turns += 1) world.turn(turns % 3)
    world.turn(1) // home has let go, and said so
    expect(world.cell(ref)?.status).toBe(AWAY)
    world.core(2).inspection.follow(world.guest(ref) as ActorAddress, resume, () => {})
    ref.tell('runs')
    await world.advance(5)
    expect(await move).toBe('moved')
    expect(world.notes).toEqual(['runs on 2'])
    await expectNothingLeft(world, ref)
  })

  it('is heard while it is on its way back', async () => {
    const world = new World({ cores: 3 })
    const ref = await started(world, noting(world))
    await moved(world, ref, 2)
    const guest = world.guest(ref) as ActorCell
    const move = world.migrate(ref, 1)
    for (let turns = 0; guest.status !== LEAVING; turns += 1) world.turn(turns % 3)
    world.core(2).inspection.follow(guest, suspend, () => {})
    await world.advance(5)
    expect(await move).toBe('moved')
    expect(world.cell(ref)).toMatchObject({ isSuspended: true, status: SUSPENDED })
    await expectNothingLeft(world, ref)
  })
})
