/** A core dies in the middle of traffic and a successor takes over (D3, D6, D10): what is lost, what is not, and who is told. */
import { describe, expect, test } from 'vitest'
import { defineActor } from '@cambium/actor'
import type { Behaviour, Ref } from '@cambium/actor'
import { SENT } from '../src/books.ts'
import { TELL } from '../src/record-lane.ts'
import type { RecordLane } from '../src/record-lane.ts'
import { gate, handler, outcomeOf, World } from './harness.ts'

const numbers = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i)
const adopted = (...refs: Ref<never>[]): { slot: number; generation: number; name: undefined; mailbox: undefined }[] =>
  refs.map(({ slot, generation }) => ({ slot, generation, name: undefined, mailbox: undefined }))

async function restart<A>(world: World, ref: Ref<never>, behaviour: Behaviour<A, never>, argument: A): Promise<void> {
  const answer = world.restart(ref, behaviour, argument)
  await world.run()
  expect(await answer).toBe('started')
}

test('what lies in the rings is handled by the successor: nothing lost, nothing twice', async () => {
  const world = new World()
  const behaviour = handler((message) => world.note(message))
  const ref = world.spawn(1, behaviour, null)
  ref.tell('before')
  await world.run()
  world.kill(1)
  for (let i = 0; i < 500; i += 1) ref.tell(i)
  await world.run() // its peers go on
  expect(world.replace(1, adopted(ref))).toEqual({ inHand: 0, lost: 0 })
  for (let i = 500; i < 600; i += 1) ref.tell(i) // while it starts
  await world.run()
  expect(world.notes).toEqual(['before'])
  await restart(world, ref, behaviour, null)
  expect(world.notes).toEqual(['before', ...numbers(0, 600)])
  world.expectBalanced()
})

test('what comes before its behaviour has the priority that this tells, as what comes after', async () => {
  const world = new World()
  const behaviour = defineActor<null, string, never, null>(
    'test:sorter',
    'sorter',
    {
      init: () => null,
      receive(_, message) {
        world.note(message)
      },
    },
    { mailbox: { priority: (message) => (message.startsWith('!') ? 'high' : message.startsWith('?') ? 'low' : 'normal') } },
  )
  const ref = world.spawn(1, behaviour, null)
  await world.run()
  world.kill(1)
  for (const message of ['?a', 'b', '!c', '?d', '!e']) ref.tell(message)
  ref.tell('f', { priority: 'high' })
  expect(world.replace(1, adopted(ref))).toEqual({ inHand: 0, lost: 0 })
  await world.run() // they lie in the mailbox of an actor of which nobody knows more
  expect(world.queueOf(ref)).toBe(6)
  await restart(world, ref, behaviour, null)
  expect(world.notes).toEqual(['f', '!c', '!e', 'b', '?a', '?d'])
  world.expectBalanced()
})

test('of the records in the rings exactly the one in hand is lost, and it is counted', async () => {
  for (const victim of [0, 1, 100, 255, 256, 299]) {
    const world = new World()
    const behaviour = handler<number>((message) => {
      world.note(message)
      if (message === victim && !world.isDead(1)) world.dieHere(1)
    })
    const ref = world.spawn(1, behaviour, null)
    await world.run()
    for (let i = 0; i < 300; i += 1) ref.tell(i)
    await world.run()
    expect(world.isDead(1)).toBe(true)
    expect(world.replace(1, adopted(ref))).toEqual({ inHand: 1, lost: 0 })
    const calm = handler((message) => world.note(message))
    await restart(world, ref, calm, null)
    expect(world.notes).toEqual(numbers(0, 300)) // the victim was noted in the moment of its death
    expect(world.dead()).toEqual({ in_hand: 1 })
    expect(world.expectBalanced().processed).toBe(299)
  }
})

test('a core that dies with the whole ring read and no room given back: its successor gives it back', async () => {
  const world = new World({ ringBytes: 4096 })
  let last = 0
  const ref = world.spawn(
    1,
    handler<number>((message) => {
      world.note(message)
      if (message === last) world.dieHere(1)
    }),
    null,
  )
  await world.run()
  while (ref.trySend(last + 1) === 'sent') last += 1
  expect(last).toBeLessThan(250) // so that one turn takes all of them
  ref.tell(last + 1) // waits for room
  world.turn(0)
  world.turn(1)
  expect(world.isDead(1)).toBe(true)
  expect(world.replace(1, adopted(ref))).toEqual({ inHand: 1, lost: 0 })
  await restart(
    world,
    ref,
    handler((message) => world.note(message)),
    null,
  )
  expect(world.notes).toEqual(numbers(1, last + 2))
  world.expectBalanced()
})

test('what its heap held is lost and counted; asks fail only if their message was taken', async () => {
  const world = new World()
  const ref = world.spawn(
    1,
    handler(() => gate().promise),
    null,
  )
  await world.run()
  const taken = numbers(0, 5).map((i) => outcomeOf(ref.ask(i)))
  await world.run()
  expect(world.queueOf(ref)).toBe(4)
  world.kill(1)
  const inRing = numbers(5, 8).map((i) => outcomeOf(ref.ask(i)))
  await world.run()
  expect(world.replace(1, adopted(ref))).toEqual({ inHand: 0, lost: 5 })
  await restart(
    world,
    ref,
    handler((message, context) => context.reply(message)),
    null,
  )
  expect(await Promise.all(taken)).toEqual(numbers(0, 5).map(() => 'ERR_CORE_LOST'))
  expect(await Promise.all(inRing)).toEqual([5, 6, 7])
  expect(world.dead()).toEqual({ lost_with_core: 5 })
  world.expectBalanced()
})

test('messages held back for one of its actors go on when it is replaced', async () => {
  const world = new World()
  const ref = world.spawn(
    1,
    handler(() => gate().promise, 'slow', { capacity: 2 }),
    null,
  )
  await world.run()
  for (let i = 0; i < 10; i += 1) {
    ref.tell(i)
    await world.run()
  }
  expect(world.core(0).sender.waitingCount).toBe(7)
  world.kill(1)
  expect(world.replace(1, adopted(ref))).toEqual({ inHand: 0, lost: 3 })
  expect(world.congested(1)).toBe(0)
  await restart(
    world,
    ref,
    handler((message) => world.note(message)),
    null,
  )
  expect(world.notes).toEqual(numbers(3, 10))
  expect(world.dead()).toEqual({ lost_with_core: 3 })
  world.expectBalanced()
})

describe('a core that dies while it sends', () => {
  test('takes with it what it had not published or was holding back; what it published arrives', async () => {
    const world = new World()
    const wait = gate()
    const slow = world.spawn(
      0,
      handler(() => wait.promise, 'slow', { capacity: 1 }),
      null,
    )
    const sink = world.spawn(
      0,
      handler((message) => world.note(message)),
      null,
    )
    const sender = handler<string>((message) => {
      if (message === 'hold') for (let i = 0; i < 5; i += 1) world.inside(slow, 1).tell(i)
      else for (let i = 0; i < 100; i += 1) world.inside(sink, 1).tell(i)
      if (message === 'die') world.dieHere(1)
    })
    const ref = world.spawn(1, sender, null)
    const other = world.spawn(1, sender, null)
    await world.run()
    ref.tell('hold')
    await world.run()
    ref.tell('hold')
    await world.run()
    const held = world.core(1).sender.waitingCount
    expect(held).toBe(5)
    other.tell('die')
    await world.run()
    // In hand: 'die'. Published in batches of 64: the other 36 were not.
    expect(world.replace(1)).toEqual({ inHand: 1, lost: held + 36 })
    await world.run()
    expect(world.notes).toEqual(numbers(0, 64))
    wait.open()
    await world.run()
    world.expectBalanced()
  })

  test("its asks die with it: the replies are dead letters, and find nobody else's ask", async () => {
    const world = new World()
    const replies: ((value: unknown) => void)[] = []
    const server = world.spawn(
      0,
      handler((_, context) => void replies.push(context.deferReply())),
      null,
    )
    const asking = handler((_, context) => {
      void world
        .inside(server, context.core)
        .ask('x')
        .then((value) => world.note(value))
    })
    const ref = world.spawn(1, asking, null)
    ref.tell('go')
    await world.run()
    world.kill(1)
    world.replace(1, adopted(ref))
    await restart(world, ref, asking, null)
    ref.tell('go')
    await world.run()
    expect(replies).toHaveLength(2)
    for (const [i, reply] of replies.entries()) reply(`reply ${i}`)
    await world.run()
    expect(world.notes).toEqual(['reply 1'])
    expect(world.dead()).toEqual({ late_reply: 1 })
    world.expectBalanced()
  })
})

describe('a message in fragments, cut by a death', () => {
  const large = 'x'.repeat(9000)

  test('of its receiver: the message is lost and counted, its ask fails at once, the next ones are whole', async () => {
    const world = new World({ ringBytes: 4096 })
    const behaviour = handler<string>((message, context) => {
      world.note(message.length)
      if (context.isAsked) context.reply('done')
    })
    const ref = world.spawn(1, behaviour, null)
    await world.run()
    const answer = outcomeOf(ref.ask(large))
    world.turn(0)
    world.turn(1) // takes the first fragments
    world.turn(0)
    world.kill(1)
    ref.tell(`${large}y`)
    const later = outcomeOf(ref.ask('small'))
    world.replace(1, adopted(ref))
    await restart(world, ref, behaviour, null)
    expect(await answer).toBe('ERR_CORE_LOST')
    expect(await later).toBe('done')
    expect(world.notes).toEqual([9001, 5])
    expect(world.dead()).toEqual({ lost_with_core: 1 })
    world.expectBalanced()
  })

  test('of its receiver before it took any: the successor gets all of it', async () => {
    const world = new World({ ringBytes: 4096 })
    const behaviour = handler<string>((message, context) => context.reply(message.length))
    const ref = world.spawn(1, behaviour, null)
    await world.run()
    const answer = outcomeOf(ref.ask(large))
    world.turn(0)
    world.kill(1)
    world.replace(1, adopted(ref))
    await restart(world, ref, behaviour, null)
    expect(await answer).toBe(9000)
    world.expectBalanced()
  })

  test("of its sender: the receiver forgets the torso, and the successor's messages are whole", async () => {
    const world = new World({ ringBytes: 4096 })
    const sink = world.spawn(
      0,
      handler<string>((message) => world.note(message.length)),
      null,
    )
    const sender = handler<number>((length) => world.inside<string>(sink, 1).tell('x'.repeat(length)))
    const ref = world.spawn(1, sender, null)
    await world.run()
    ref.tell(9000)
    world.turn(0)
    world.turn(1)
    world.turn(0) // takes the first fragments
    world.kill(1)
    expect(world.replace(1, adopted(ref))).toEqual({ inHand: 0, lost: 1 })
    await restart(world, ref, sender, null)
    for (const length of [9001, 10, 9002]) ref.tell(length)
    await world.run()
    expect(world.notes).toEqual([9001, 10, 9002])
    expect(world.dead()).toEqual({ lost_with_core: 1 })
    world.expectBalanced()
  })
})

test('refs of actors that nobody restarts lead to dead letters, never to a stranger (D8)', async () => {
  const world = new World()
  const behaviour = handler((message) => world.note(message))
  const [first, second] = [world.spawn(1, behaviour, null), world.spawn(1, behaviour, null)]
  await world.run()
  world.kill(1)
  first.tell('lost')
  const answer = outcomeOf(first.ask('lost'))
  world.replace(1, adopted(second))
  await world.run()
  const fresh = world.spawn(1, behaviour, null)
  expect(fresh.slot).toBe(first.slot)
  expect(fresh.generation).not.toBe(first.generation)
  first.tell('lost')
  await restart(world, second, behaviour, null)
  second.tell('found')
  await world.run()
  expect(await answer).toBe('ERR_NO_SUCH_ACTOR')
  expect(world.notes).toEqual(['found'])
  expect(world.dead()).toEqual({ no_such_actor: 3 })
  world.expectBalanced()
})

test('signals meant for the dead core are not obeyed by its successor', async () => {
  const world = new World()
  const behaviour = handler((message) => world.note(message))
  const ref = world.spawn(1, behaviour, null)
  await world.run()
  world.kill(1)
  const { module, name } = behaviour
  world.modules.set(module, async () => ({ behaviour }))
  const spec = { module, behaviour: name, argument: null, name: undefined, mailbox: undefined, initTimeoutMs: 100 }
  world.signal(1, { type: 'spawn', request: 4711, spec }) // lies in the control ring; its sender has been told that the core is gone
  world.turn(0)
  world.replace(1, adopted(ref))
  await restart(world, ref, behaviour, null)
  ref.tell('alive')
  await world.run()
  expect(world.notes).toEqual(['alive'])
  expect(world.core(1).report().actors).toBe(1)
  expect(world.signals.filter((signal) => 'request' in signal && signal.request === 4711)).toEqual([])
})

test('dying again and again, anywhere: order holds, nothing comes twice, the books come out even', async () => {
  for (let seed = 1; seed <= 30; seed += 1) {
    const world = new World({ cores: 3, seed, ringBytes: 4096, limits: { outsideCapacity: 100_000 } })
    const { random } = world
    const behaviour = handler<[number, string]>(
      (message, context) => {
        world.note([context.core, message[0]])
        if (random.chance(0.01)) world.dieHere(context.core)
      },
      'mortal',
      { capacity: 16 },
    )
    const refs = [1, 2].map((core) => world.spawn(core, behaviour, null))
    await world.run()
    let died = 0
    const revive = async (): Promise<void> => {
      for (const core of [1, 2]) {
        if (!world.isDead(core)) continue
        died += 1
        const ref = refs[core - 1] as Ref<never>
        world.replace(core, adopted(ref))
        const answer = world.restart(ref, behaviour, null)
        await world.run()
        // It may have died again before it could say so.
        if (!world.isDead(core)) expect(await answer).toBe('started')
      }
    }
    for (let i = 0; i < 300; i += 1) {
      for (const ref of refs) ref.tell([i, 'x'.repeat(random.chance(0.1) ? 2000 : random.below(100))])
      if (random.chance(0.2))
        for (let turns = random.below(6); turns > 0; turns -= 1) {
          const core = random.below(3)
          if (!world.isDead(core)) world.turn(core)
        }
      if (random.chance(0.1)) await world.run()
      await revive()
    }
    for (let calm = false; !calm;) {
      await world.run()
      calm = !world.isDead(1) && !world.isDead(2)
      await revive()
    }
    for (const core of [1, 2]) {
      const seen = (world.notes as [number, number][]).filter((note) => note[0] === core).map((note) => note[1])
      expect(seen).toEqual([...new Set(seen)].sort((a, b) => a - b)) // each once at most, in order
    }
    const books = world.expectBalanced()
    expect(books.sent).toBe(600)
    expect(died).toBeGreaterThan(0)
    expect(world.notes.length).toBe(books.processed + books.dead.in_hand)
    expect(books.dead.in_hand).toBeLessThanOrEqual(died)
    expect(Object.keys(world.dead()).filter((reason) => reason !== 'in_hand' && reason !== 'lost_with_core')).toEqual([])
  }
})

test('an ask whose message was taken fails with its core, however far the ring has gone on since (C-49)', async () => {
  const world = new World({ ringBytes: 1 << 24 })
  const ref = world.spawn(
    1,
    handler((_, context) => void context.deferReply()),
    null,
  )
  let outcome: unknown = 'none'
  void outcomeOf(ref.ask('wait', { timeoutMs: Infinity })).then((settled) => (outcome = settled))
  await world.run()
  // More than 2^31 bytes for nobody: the ring's position has gone beyond where a distance in 32 bits can be told.
  const lane = world.core(0).links[1]?.data as RecordLane
  const { books } = world.block(0)
  const bytes = Buffer.alloc(2_000_000)
  for (let gone = 0; gone < 2.5 * 2 ** 30;) {
    if (lane.write(TELL, 77, 1, 0, bytes, 0)) {
      books[SENT] = (books[SENT] as number) + 1
      gone += bytes.length
      continue
    }
    lane.flush()
    world.turn(1)
  }
  await world.run()
  world.kill(1)
  const inRing = outcomeOf(ref.ask('after', { timeoutMs: Infinity }))
  await world.run()
  world.replace(1, adopted(ref))
  await world.run()
  expect(outcome).toBe('ERR_CORE_LOST')
  await restart(
    world,
    ref,
    handler((_, context) => context.reply('new')),
    null,
  )
  expect(await inRing).toBe('new')
})
