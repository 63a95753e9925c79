/** The overflow policies of D5 that tell the sender, or drop by priority: `fail`, `shed-low`, `drop-newest`, `drop-oldest`. */
import { describe, expect, test } from 'vitest'
import type { MailboxOptions, Ref } from '@cambium/actor'
import { behave, codeOf, gate, handler, outcomeOf, World } from './harness.ts'

function held(world: World, core: number, mailbox: MailboxOptions): { ref: Ref<unknown>; open: () => Promise<void> } {
  const { promise, open } = gate()
  const ref = world.spawn(
    core,
    handler<unknown>(
      async (message, context) => {
        world.note(message)
        if (message === 'hold') await promise
        if (context.isAsked) context.reply('answer')
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

const shedding = (world: World): { queued: number; dropped: number }[] =>
  world.signals.flatMap((signal) =>
    signal.type === 'news' && signal.news.event === 'load_shed'
      ? [{ queued: signal.news.detail.queued, dropped: signal.news.detail.dropped }]
      : [],
  )

describe.each([
  { where: 'on one core', core: 0 },
  { where: 'across cores', core: 1 },
])('a full mailbox $where', ({ core }) => {
  test('fail: the sender learns it by every way of sending, nobody is held back, nothing exceeds the capacity (D5)', async () => {
    const world = new World()
    const { ref, open } = held(world, core, { capacity: 4, overflow: 'fail' })
    await world.run()
    for (let i = 0; i < 4; i += 1) ref.tell(i)
    await world.run()
    ref.tell('lost')
    ref.tell('lost', { priority: 'high' })
    const failures = [
      outcomeOf(ref.ask('lost')),
      outcomeOf(ref.ask('lost', { priority: 'high' })),
      outcomeOf(ref.send('lost')),
      outcomeOf(ref.send('lost', { priority: 'high', timeoutMs: Infinity })),
    ]
    expect([ref.trySend('no'), ref.trySend('no', { priority: 'high' })]).toEqual(['full', 'full'])
    await world.run()
    expect(await Promise.all(failures)).toEqual(new Array(4).fill('ERR_MAILBOX_FULL'))
    expect(world.queueOf(ref)).toBe(4)
    expect(world.dead()).toEqual({ overflow: 4 })
    expect(world.letters[0]).toMatchObject({ reason: 'overflow', detail: 'mailbox is full: capacity=4' })
    expect(world.core(0).sender.waitingCount).toBe(0)
    await open()
    expect(world.notes).toEqual(['hold', 0, 1, 2, 3])
    expect(ref.trySend('again')).toBe('sent') // room for one is room
    await world.run()
    expect(world.notes.at(-1)).toBe('again')
    expect(world.congested(core)).toBe(0)
    world.expectBalanced()
  })

  test('fail: never throws in the sender’s handler, and does not hold it back', async () => {
    const world = new World()
    const { ref, open } = held(world, core, { capacity: 2, overflow: 'fail' })
    const target = world.inside(ref, 0)
    const sender = world.spawn(
      0,
      behave<null, 'go', number>({
        init: () => 0,
        receive(count) {
          target.tell(count)
          return count + 1
        },
      }),
      null,
    )
    await world.run()
    for (let i = 0; i < 50; i += 1) {
      sender.tell('go')
      await world.run()
    }
    expect(world.cell(sender)).toMatchObject({ outbox: 0, state: 50, incarnation: 0 })
    expect(world.dead()).toEqual({ overflow: 48 })
    await open()
    expect(world.notes).toEqual(['hold', 0, 1])
    world.expectBalanced()
  })

  test('shed-low: those of low priority are dropped, and only they, with news of it (R0.7)', async () => {
    const world = new World()
    const { ref, open } = held(world, core, { overflow: 'shed-low' }) // 1000 by default
    await world.run()
    for (let i = 0; i < 1100; i += 1) ref.tell(`l${i}`, { priority: 'low' })
    await world.run()
    expect(world.queueOf(ref)).toBe(1000)
    expect(world.dead()).toEqual({ shed: 100 })
    expect(world.letters[0]).toMatchObject({ reason: 'shed', message: 'l1000', detail: 'mailbox is full: capacity=1000' })
    expect(shedding(world)).toEqual([{ queued: 1000, dropped: 1 }])
    // Each of the others takes the place of the oldest low one.
    expect([ref.trySend('n'), ref.trySend('no', { priority: 'low' })]).toEqual(['sent', 'full'])
    for (let i = 1; i < 50; i += 1) ref.tell(`n${i}`)
    for (let i = 0; i < 50; i += 1) ref.tell(`h${i}`, { priority: 'high' })
    const asked = outcomeOf(ref.ask('l', { priority: 'low' }))
    await world.run()
    expect(await asked).toBe('ERR_MAILBOX_FULL')
    expect(world.queueOf(ref)).toBe(1000)
    expect(world.dead()).toEqual({ shed: 201 })
    await world.advance(1000)
    ref.tell('l', { priority: 'low' })
    await world.run()
    expect(shedding(world).at(-1)).toEqual({ queued: 1000, dropped: 201 }) // at most once a second
    await open()
    expect(world.notes).toHaveLength(1 + 900 + 100)
    expect(world.notes.filter((note) => /^[hn]/.test(String(note)))).toHaveLength(101)
    expect(world.notes.slice(1, 3)).toEqual(['h0', 'h1'])
    expect(world.dead()).toEqual({ shed: 202 })
    expect(shedding(world)).toHaveLength(2)
    world.expectBalanced()
  })

  test('shed-low: without low ones to drop the others are held back, and none of them is lost', async () => {
    const world = new World()
    const { ref, open } = held(world, core, { overflow: 'shed-low', capacity: 4 })
    await world.run()
    for (let i = 0; i < 4; i += 1) ref.tell('low', { priority: 'low' })
    await world.run()
    for (let i = 0; i < 100; i += 1) {
      ref.tell(i)
      await world.run()
    }
    expect(world.queueOf(ref)).toBe(4)
    expect(world.core(0).sender.waitingCount).toBe(96)
    expect(ref.trySend('no')).toBe('full')
    await open()
    expect(world.notes).toEqual(['hold', ...Array.from({ length: 100 }, (_, i) => i)])
    expect(world.dead()).toEqual({ shed: 4 })
    world.expectBalanced()
  })

  test('shed-low: what was dropped since the last news is told when the flood is over', async () => {
    const world = new World()
    const { ref, open } = held(world, core, { overflow: 'shed-low', capacity: 2 })
    await world.run()
    for (let i = 0; i < 10; i += 1) ref.tell(i, { priority: 'low' })
    await world.run()
    await open()
    expect(shedding(world).map(({ dropped }) => dropped)).toEqual([1, 7])
  })

  test.each(['drop-newest', 'drop-oldest'] as const)('%s drops from the lowest priority that there is', async (overflow) => {
    const world = new World()
    const { ref, open } = held(world, core, { overflow, capacity: 4 })
    await world.run()
    const tell = (name: string, priority: 'high' | 'normal' | 'low'): void => {
      for (const i of [1, 2]) ref.tell(`${name}${i}`, { priority })
    }
    tell('l', 'low')
    tell('n', 'normal')
    tell('h', 'high') // for the two low ones
    tell('m', 'low') // nobody is lower
    tell('i', 'high') // for the two normal ones
    tell('j', 'high') // among themselves
    await world.run()
    expect(world.queueOf(ref)).toBe(4)
    await open()
    expect(world.notes).toEqual(overflow === 'drop-newest' ? ['hold', 'h1', 'h2', 'i1', 'i2'] : ['hold', 'i1', 'i2', 'j1', 'j2'])
    expect(world.dead()).toEqual({ overflow: 8 })
    world.expectBalanced()
  })
})

test('two full mailboxes that share a bucket of the table hold back like any other, whatever their policies', async () => {
  const world = new World()
  const { ref, open } = held(world, 1, { capacity: 1, overflow: 'fail' })
  await world.run()
  const twin = { core: 1, slot: ref.slot + (1 << 14), generation: 77 }
  world.core(1).lifecycle.adopt([{ ...twin, name: 'twin', mailbox: { capacity: 1 } }])
  world.ref(twin).tell('kept')
  ref.tell(1)
  await world.run()
  ref.tell(2) // refused if the table could tell; as it is, it waits
  const outcome = ref.send(3).catch(codeOf)
  await world.run()
  expect(world.core(0).sender.waitingCount).toBe(2)
  await open()
  expect(world.notes).toEqual(['hold', 1])
  const { slot, generation } = twin
  world.signal(1, { type: 'release', slot, generation })
  await world.run()
  expect(await outcome).toBeUndefined()
  expect(world.notes).toEqual(['hold', 1, 2, 3])
  expect(world.congested(1)).toBe(0)
  world.expectBalanced()
})

test('what lies in a mailbox is in shared memory with every message that comes and goes, for whoever accounts for a dead core (D6)', async () => {
  const world = new World()
  const seen: number[] = []
  const queued = (slot: number): number => world.block(1).queued[slot] as number
  const sink: Ref<unknown> = world.spawn(
    1,
    handler(() => void seen.push(queued(sink.slot)), 'sink'),
    null,
  )
  const teller = world.spawn(
    1,
    handler(() => {
      const to = world.inside(sink, 1)
      for (let i = 0; i < 4; i += 1) {
        to.tell(i)
        seen.push(queued(sink.slot))
      }
    }, 'teller'),
    null,
  )
  teller.tell('go')
  await world.run()
  expect(seen).toEqual([1, 2, 3, 4, 3, 2, 1, 0])
})
