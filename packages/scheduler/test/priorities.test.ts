/** Priorities and deadlines of messages (D4, D6), from the sender to the handler, on one core and across cores. */
import { describe, expect, test } from 'vitest'
import { defineActor } from '@cambium/actor'
import type { Priority, Ref } from '@cambium/actor'
import { gate, handler, outcomeOf, World } from './harness.ts'

/** An actor that notes what it handles; its first message holds it until the gate opens. */
function held(world: World, core: number, mailbox: { capacity?: number } = {}): { ref: Ref<unknown>; open: () => Promise<void> } {
  const { promise, open } = gate()
  const ref = world.spawn(
    core,
    handler<unknown>(
      async (message, context) => {
        world.note(message)
        if (message === 'hold') await promise
        if (context.isAsked) context.reply(`answer to ${String(message)}`)
      },
      'held',
      mailbox,
    ),
    null,
  )
  ref.tell('hold')
  return {
    ref,
    async open() {
      open(undefined)
      await world.run()
    },
  }
}

describe.each([
  { where: 'on one core', core: 0 },
  { where: 'across cores', core: 1 },
])('priorities $where', ({ core }) => {
  test('high before normal before low, by every way of sending; order per pair holds within one (D4, C-36)', async () => {
    const world = new World()
    const { ref, open } = held(world, core)
    await world.run()
    const outcomes: Promise<unknown>[] = []
    for (const i of [1, 2]) {
      ref.tell(`l${i}`, { priority: 'low' })
      ref.tell(`n${i}`)
      ref.tell(`h${i}`, { priority: 'high' })
      expect(ref.trySend(`l${i}t`, { priority: 'low' })).toBe('sent')
      outcomes.push(ref.send(`n${i}s`, { priority: 'normal' }))
      outcomes.push(ref.ask(`h${i}a`, { priority: 'high', timeoutMs: 1000 }))
    }
    await world.run()
    await open()
    expect(world.notes).toEqual('hold h1 h1a h2 h2a n1 n1s n2 n2s l1 l1t l2 l2t'.split(' '))
    expect(await Promise.all(outcomes)).toEqual([undefined, 'answer to h1a', undefined, 'answer to h2a'])
    world.expectBalanced()
  })

  test('one of high priority gets into a mailbox that is full of others, past what is held back', async () => {
    const world = new World()
    const { ref, open } = held(world, core, { capacity: 4 })
    await world.run()
    for (let i = 0; i < 4; i += 1) ref.tell(i)
    await world.run()
    for (let i = 4; i < 20; i += 1) ref.tell(i)
    await world.run()
    expect(world.queueOf(ref)).toBe(4)
    expect([ref.trySend('no'), ref.trySend('no', { priority: 'low' })]).toEqual(['full', 'full'])
    for (const i of [1, 2, 3]) ref.tell(`h${i}`, { priority: 'high' })
    expect(ref.trySend('h4', { priority: 'high' })).toBe('sent')
    await world.run()
    expect(world.queueOf(ref)).toBe(8)
    // They have a capacity of their own, as large: the fifth waits, before all others that wait.
    expect(ref.trySend('no', { priority: 'high' })).toBe('full')
    ref.tell('h5', { priority: 'high' })
    await world.run()
    expect(world.queueOf(ref)).toBe(8)
    await open()
    expect(world.notes.slice(1, 6)).toEqual(['h1', 'h2', 'h3', 'h4', 'h5'])
    expect(world.notes.slice(6)).toEqual(Array.from({ length: 20 }, (_, i) => i))
    expect(world.congested(core)).toBe(0)
    world.expectBalanced()
  })

  test('the behaviour may choose, and the sender overrides it; a choice that fails counts as normal', async () => {
    const world = new World()
    const { promise, open } = gate()
    const behaviour = defineActor<null, string, never, null>(
      'test:choosy',
      'choosy',
      {
        init: () => null,
        async receive(_, message) {
          world.note(message)
          if (message === 'hold') await promise
        },
      },
      {
        mailbox: {
          priority(message) {
            if (message === 'broken') throw new Error('no idea')
            return (message.startsWith('!') ? 'high' : message === 'odd' ? 'urgent' : 'low') as Priority
          },
        },
      },
    )
    const ref = world.spawn(core, behaviour, null)
    await world.run()
    ref.tell('hold')
    await world.run()
    for (const each of ['a', 'broken', 'odd', '!b']) ref.tell(each)
    ref.tell('!c', { priority: 'low' })
    ref.tell('d', { priority: 'high' })
    await world.run()
    open(undefined)
    await world.run()
    expect(world.notes).toEqual(['hold', '!b', 'd', 'broken', 'odd', 'a', '!c'])
    expect(world.faults.map(({ message }) => message)).toEqual([
      'no idea',
      'option mailbox.priority() is wrong: value="urgent", expected high, normal or low',
    ])
  })

  test('large messages, and messages that wait for the ring, keep their priority and their deadline', async () => {
    const world = new World({ ringBytes: 4096 })
    const { ref, open } = held(world, core, { capacity: 100 })
    await world.run()
    const large = 'x'.repeat(20_000)
    for (let i = 0; i < 20; i += 1) ref.tell(`n${i}`)
    ref.tell(large, { priority: 'high', expiresMs: 50 })
    ref.tell('late', { priority: 'high', expiresMs: 5 })
    await world.run()
    await world.advance(10)
    await open()
    expect(world.notes.slice(0, 3)).toEqual(['hold', large, 'n0'])
    expect(world.notes).toHaveLength(22)
    expect(world.dead()).toEqual({ expired: 1 })
    world.expectBalanced()
  })

  test('R2.2 a message is not handled after its time; it is a dead letter, and its asker is told', async () => {
    const world = new World()
    const { ref, open } = held(world, core)
    await world.run()
    ref.tell('a', { expiresMs: 10 })
    const asked = outcomeOf(ref.ask('b', { expiresMs: 10, timeoutMs: 1000 }))
    const timedOut = outcomeOf(ref.ask('c', { expiresMs: 10, timeoutMs: 10 }))
    ref.tell('d', { expiresMs: 30 })
    await world.advance(20)
    await open()
    expect(world.notes).toEqual(['hold', 'd'])
    expect(world.dead()).toEqual({ expired: 3, late_reply: 1 })
    expect(await asked).toBe('ERR_MESSAGE_EXPIRED')
    expect(await timedOut).toBe('ERR_ASK_TIMEOUT')
    expect(world.letters[0]).toMatchObject({ reason: 'expired', message: 'a', detail: 'its time was over: lateMs=10.0' })
    ref.tell('idle', { expiresMs: 0 }) // at once, though nobody is in its way
    await world.run()
    expect(world.dead()).toEqual({ expired: 4, late_reply: 1 })
    world.expectBalanced()
  })
})

test('wrong options are the caller’s mistake, named, and nothing is sent', async () => {
  const world = new World()
  const ref = world.spawn(
    1,
    handler(() => {}),
    null,
  ) as Ref<unknown>
  await world.run()
  const wrong: [object, string][] = [
    [{ priority: 'urgent' }, 'options.priority'],
    [{ priority: 1 }, 'options.priority'],
    [{ expiresMs: -1 }, 'options.expiresMs'],
    [{ expiresMs: Number.NaN }, 'options.expiresMs'],
    [{ expires: 1 }, 'options.expires'],
  ]
  for (const [options, option] of wrong) {
    const named = expect.objectContaining({ code: 'ERR_OPTION', fields: expect.objectContaining({ option }) })
    expect(() => ref.tell('x', options)).toThrow(named)
    expect(() => ref.trySend('x', options)).toThrow(named)
    await expect(ref.send('x', options)).rejects.toEqual(named)
    await expect(ref.ask('x', options)).rejects.toEqual(named)
  }
  expect(world.books().sent).toBe(0)
  ref.tell('x', {})
  await world.run()
  expect(world.expectBalanced().processed).toBe(1)
})
