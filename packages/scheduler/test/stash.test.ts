/** The stash: messages put aside and back, its bound, and what becomes of them at the end of an incarnation (C-38, C-40). */
import { describe, expect, test } from 'vitest'
import type { ActorContext, Behaviour, MailboxOptions } from '@cambium/actor'
import { behave, outcomeOf, World } from './harness.ts'

/** Puts everything aside until it is opened. */
function closed(world: World, mailbox: MailboxOptions = {}): Behaviour<null, string, string> {
  return behave<null, string, { isOpen: boolean }, string>(
    {
      init: () => ({ isOpen: false }),
      receive(state, message, context) {
        if (message === 'open') {
          world.note(`unstashed ${context.unstashAll()}`)
          return { isOpen: true }
        }
        if (message === 'boom') throw new Error('boom')
        if (!state.isOpen) {
          if (!context.stash()) world.note(`no room for ${message}`)
          return undefined
        }
        world.note(message)
        if (context.isAsked) context.reply(`answer to ${message}`)
        return undefined
      },
    },
    'closed',
    mailbox,
  )
}

describe.each([
  { where: 'on one core', core: 0 },
  { where: 'across cores', core: 1 },
])('the stash $where', ({ core }) => {
  test('what was put aside comes back before everything else, in order, with its askers', async () => {
    const world = new World()
    const ref = world.spawn(core, closed(world), null)
    ref.tell('a')
    const asked = ref.ask('b', { priority: 'low', timeoutMs: 1000 })
    await world.run()
    ref.tell('c', { expiresMs: 1000 })
    await world.run()
    expect([world.cell(ref)?.stash?.length, world.queueOf(ref)]).toEqual([3, 0])
    expect(world.books().queued).toBe(3) // neither processed nor dead
    for (const each of ['open', 'd', 'e']) ref.tell(each)
    await world.run()
    expect(world.notes).toEqual(['unstashed 3', 'a', 'b', 'c', 'd', 'e'])
    expect(await asked).toBe('answer to b')
    world.expectBalanced()
  })

  test('a full one is an explicit drop with a reason, and its asker is told (C-40)', async () => {
    const world = new World()
    const ref = world.spawn(core, closed(world, { stashCapacity: 2 }), null)
    for (const each of ['a', 'b', 'c']) ref.tell(each)
    const asked = outcomeOf(ref.ask('d'))
    await world.run()
    expect(world.notes).toEqual(['no room for c', 'no room for d'])
    expect(world.dead()).toEqual({ stash_full: 2 })
    expect(world.letters[0]).toMatchObject({ reason: 'stash_full', message: 'c', detail: 'stash is full: capacity=2' })
    expect(await asked).toBe('ERR_STASH_FULL')
    ref.tell('open')
    await world.run()
    expect(world.notes.slice(2)).toEqual(['unstashed 2', 'a', 'b'])
    world.expectBalanced()
  })

  test('a message that expired while it lay there is not handled', async () => {
    const world = new World()
    const ref = world.spawn(core, closed(world), null)
    ref.tell('a', { expiresMs: 10 })
    ref.tell('b', { expiresMs: 1000 })
    await world.advance(20)
    ref.tell('open')
    await world.run()
    expect(world.notes).toEqual(['unstashed 2', 'b'])
    expect(world.dead()).toEqual({ expired: 1 })
  })

  test('a restart hides nothing: kept messages reach the next incarnation in order, the one that crashed does not (C-38)', async () => {
    const world = new World()
    const behaviour = closed(world)
    const ref = world.spawn(core, behaviour, null)
    for (const each of ['a', 'b', 'boom', 'c', 'd']) ref.tell(each)
    await world.run()
    expect(world.exits).toHaveLength(1)
    expect(world.queueOf(ref)).toBe(4)
    const restarted = world.restart(ref, behaviour, null)
    await world.run()
    expect(await restarted).toBe('started')
    expect(world.cell(ref)?.stash?.length).toBe(4) // it has put them aside again
    ref.tell('open')
    await world.run()
    expect(world.notes).toEqual(['unstashed 4', 'a', 'b', 'c', 'd'])
    expect(world.dead()).toEqual({ crashed: 1 })
    world.expectBalanced()
  })

  test('a stop sends them to the dead letters, the oldest first, and tells their askers', async () => {
    const world = new World()
    const ref = world.spawn(core, closed(world), null)
    ref.tell('a')
    const asked = outcomeOf(ref.ask('b'))
    await world.run()
    const stopped = world.stop(ref)
    await world.run()
    await stopped
    expect(world.letters.map(({ reason, message }) => [reason, message])).toEqual([
      ['stopped', 'a'],
      ['stopped', 'b'],
    ])
    expect(await asked).toBe('ERR_NO_SUCH_ACTOR')
    world.expectBalanced()
  })
})

test('a timer’s message can be put aside; it holds its place, and a cancel still holds (C-41)', async () => {
  const world = new World()
  const ref = world.spawn(
    0,
    behave<null, string, { isOpen: boolean }>({
      init(_, context) {
        context.setTimer('tick', 10, 'tick', { repeat: true })
        context.setTimer('once', 5, 'once')
        return { isOpen: false }
      },
      receive(state, message, context) {
        if (message === 'open') {
          context.cancelTimer('tick')
          context.unstashAll()
          return { isOpen: true }
        }
        if (state.isOpen) world.note(message)
        else context.stash()
        return undefined
      },
    }),
    null,
  )
  await world.advance(100)
  expect(world.cell(ref)?.stash?.length).toBe(2) // not one for each expiry
  ref.tell('open')
  await world.run()
  expect(world.notes).toEqual(['once'])
  world.expectBalanced()
})

test('the message in hand stays aside when its own handler puts the others back', async () => {
  const world = new World()
  const ref = world.spawn(
    0,
    behave<null, string, number>({
      init: () => 0,
      receive(count, message, context) {
        world.note(message)
        if (count === 0) context.stash()
        if (count === 1) {
          context.stash()
          context.unstashAll()
        }
        return count + 1
      },
    }),
    null,
  )
  for (const each of ['a', 'b', 'c']) ref.tell(each)
  await world.run()
  expect(world.notes).toEqual(['a', 'b', 'a', 'c'])
  expect(world.cell(ref)?.stash?.length).toBe(1)
})

test('only a message in hand can be put aside', async () => {
  const world = new World()
  let leaked: ActorContext<string> | undefined
  const attempt = (context: ActorContext<string>, where: string): void => {
    try {
      context.stash()
    } catch (error) {
      world.note(`${where}: ${(error as { code: string }).code}`)
    }
  }
  const ref = world.spawn(
    0,
    behave<null, string, null>({
      init(_, context) {
        attempt(context, 'init')
        leaked = context
        return null
      },
      receive: () => null,
      terminate(_, __, context) {
        attempt(context, 'terminate')
      },
    }),
    null,
  )
  ref.tell('a')
  await world.run()
  attempt(leaked as ActorContext<string>, 'outside')
  await Promise.all([world.stop(ref), world.run()])
  expect(world.notes).toEqual(['init: ERR_NOT_STASHABLE', 'outside: ERR_NOT_STASHABLE', 'terminate: ERR_NOT_STASHABLE'])
})
