/** Bounded queues, felt by the sender (D5): congestion, holding back, relief, and the limits of waiting. */
import { describe, expect, test } from 'vitest'
import type { Ref } from '@cambium/actor'
import { inspectRing } from '@cambium/ring'
import { behave, outcomeOf, codeOf, gate, handler, World } from './harness.ts'

/** An actor that handles one message each time it is let, and notes it. */
function valve(
  world: World,
  capacity: number,
): { behaviour: ReturnType<typeof handler<unknown>>; let: (count?: number) => Promise<void>; openAll: () => Promise<void> } {
  const waiting: (() => void)[] = []
  let isOpen = false
  return {
    behaviour: handler<unknown>(
      async (message) => {
        world.note(message)
        if (isOpen) return
        const { promise, open } = gate()
        waiting.push(() => open(undefined))
        await promise
      },
      'valve',
      { capacity },
    ),
    async let(count = 1) {
      for (let i = 0; i < count; i += 1) {
        waiting.shift()?.()
        await world.run()
      }
    },
    async openAll() {
      isOpen = true
      for (const open of waiting.splice(0)) open()
      await world.run()
    },
  }
}

const numbers = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i)

describe.each([
  { where: 'on one core', core: 0 },
  { where: 'across cores', core: 1 },
])('a congested mailbox $where', ({ core }) => {
  test('holds messages back at their sender and takes them in order when it has drained to half (D5)', async () => {
    const world = new World()
    const slow = valve(world, 8)
    const ref = world.spawn(core, slow.behaviour, null)
    for (let i = 0; i < 10; i += 1) ref.tell(i)
    await world.run()
    const inMailbox = world.queueOf(ref) // on one core the ninth was held back, across cores it was under way
    expect(inMailbox).toBe(core === 0 ? 7 : 9)
    expect(world.congested(core)).toBe(1)
    for (let i = 10; i < 60; i += 1) ref.tell(i)
    await world.run()
    expect(world.queueOf(ref)).toBe(inMailbox) // nothing more entered
    expect(world.core(0).sender.waitingCount).toBe(core === 0 ? 52 : 50)
    await slow.let(inMailbox - 5) // 5 left: still above half of 8
    expect(world.queueOf(ref)).toBe(5)
    await slow.let()
    // At 4 it was relieved. Its own core fills it to the brim; from afar all goes that the ring takes before it is congested again.
    expect(world.queueOf(ref)).toBe(core === 0 ? 8 : 54)
    await slow.openAll()
    expect(world.notes).toEqual(numbers(0, 60))
    world.expectBalanced()
    expect(world.congested(core)).toBe(0)
  })

  test('order per pair holds for each of several senders on one core, through congestion and relief (C-36)', async () => {
    for (let seed = 1; seed <= 5; seed += 1) {
      const world = new World({ seed })
      const slow = valve(world, 4)
      const target = world.inside(world.spawn(core, slow.behaviour, null), 0)
      const senders = ['a', 'b', 'c'].map((name) =>
        world.spawn(
          0,
          behave<null, 'go', number>({
            init: () => 0,
            receive(sent) {
              for (let i = 0; i < 3; i += 1) target.tell([name, sent + i])
              return sent + 3
            },
          }),
          null,
        ),
      )
      for (let round = 0; round < 20; round += 1) {
        for (const sender of senders) sender.tell('go')
        if (round % 3 === 0) await slow.let(world.random.below(4))
      }
      await slow.openAll()
      for (const name of ['a', 'b', 'c']) {
        expect(world.notes.filter((note) => (note as [string, number])[0] === name)).toEqual(numbers(0, 60).map((i) => [name, i]))
      }
      world.expectBalanced()
    }
  })

  test('an actor that has messages waiting is not scheduled until they are on their way', async () => {
    const world = new World()
    const slow = valve(world, 2)
    const target = world.spawn(core, slow.behaviour, null)
    const inside = world.inside(target, 0)
    let handled = 0
    const sender = world.spawn(
      0,
      handler(() => {
        handled += 1
        inside.tell(handled)
      }),
      null,
    )
    for (let i = 0; i < 20; i += 1) {
      sender.tell('go')
      await world.run()
    }
    const before = handled
    expect(before).toBeLessThan(20)
    expect(world.cell(sender)).toMatchObject({ outbox: 1, waitsFor: inside })
    expect(world.queueOf(sender)).toBe(20 - before)
    await world.run()
    expect(handled).toBe(before)
    await slow.let()
    await slow.let()
    expect(handled).toBeGreaterThan(before)
    await slow.openAll()
    expect(handled).toBe(20)
    expect(world.notes).toEqual(numbers(1, 21))
    world.expectBalanced()
  })

  test('trySend says full, and sends again when there is room', async () => {
    const world = new World()
    const slow = valve(world, 2)
    const ref = world.spawn(core, slow.behaviour, null)
    await world.run()
    const outcomes: string[] = []
    for (let i = 0; i < 8; i += 1) {
      outcomes.push(ref.trySend(i))
      await world.run()
    }
    expect(outcomes).toEqual(['sent', 'sent', 'sent', 'full', 'full', 'full', 'full', 'full']) // one in hand, two queued
    await slow.openAll()
    expect(ref.trySend('again')).toBe('sent')
    await world.run()
    expect(world.notes).toEqual([0, 1, 2, 'again'])
    expect(world.expectBalanced().sent).toBe(4)
  })

  test('an ask that says so fails at once where there is no room, and leaves nothing behind', async () => {
    const world = new World()
    const slow = valve(world, 2)
    const ref = world.spawn(core, slow.behaviour, null)
    for (let i = 0; i < 3; i += 1) {
      ref.tell(i)
      await world.run()
    }
    const sent = world.books().sent
    const answers = [1, 2, 3].map(() => outcomeOf(ref.ask('urgent', { ifFull: 'fail' })))
    expect(await Promise.all(answers)).toEqual(['ERR_MAILBOX_FULL', 'ERR_MAILBOX_FULL', 'ERR_MAILBOX_FULL'])
    expect([world.books().sent, world.core(0).sender.waitingCount, world.core(0).asks.size]).toEqual([sent, 0, 0])
    await slow.openAll()
    const taken = outcomeOf(ref.ask('taken', { ifFull: 'fail' }))
    await world.run()
    expect(await taken).toBe('ERR_NO_REPLY') // the valve answers nobody, but it was asked
    expect(world.notes).toEqual([0, 1, 2, 'taken'])
    world.expectBalanced()
  })

  test('send waits for room, in the order of the sends', async () => {
    const world = new World()
    const slow = valve(world, 2)
    const ref = world.spawn(core, slow.behaviour, null)
    await world.run()
    const accepted: number[] = []
    for (let i = 0; i < 6; i += 1) {
      void ref.send(i).then(() => accepted.push(i))
      await world.run()
    }
    expect(accepted).toEqual([0, 1, 2])
    expect(world.books().sent).toBe(3) // what waits in `send` is not yet sent
    await slow.let()
    expect(accepted).toEqual(core === 0 ? [0, 1, 2, 3] : [0, 1, 2, 3, 4, 5])
    await slow.openAll()
    expect(accepted).toEqual([0, 1, 2, 3, 4, 5])
    expect(world.notes).toEqual([0, 1, 2, 3, 4, 5])
    world.expectBalanced()
  })

  test('send gives up at its timeout and at its signal; what it gave up never arrives', async () => {
    const world = new World()
    const slow = valve(world, 1)
    const ref = world.spawn(core, slow.behaviour, null)
    await world.run()
    ref.tell('first')
    await world.run()
    ref.tell('second')
    await world.run()
    const controller = new AbortController()
    const reason = new Error('enough')
    const outcomes = Promise.allSettled([
      ref.send('late', { timeoutMs: 50 }),
      ref.send('aborted', { timeoutMs: Infinity, signal: controller.signal }),
      ref.send('kept', { timeoutMs: 1000 }),
    ])
    await world.advance(60)
    controller.abort(reason)
    await slow.openAll()
    expect(await outcomes).toEqual([
      { status: 'rejected', reason: expect.objectContaining({ code: 'ERR_SEND_TIMEOUT', fields: { timeoutMs: 50 } }) },
      { status: 'rejected', reason },
      { status: 'fulfilled', value: undefined },
    ])
    expect(world.notes).toEqual(['first', 'second', 'kept'])
    expect(world.expectBalanced().sent).toBe(3)
    expect(world.core(0).sender.outbox.outsideWaiting).toBe(0)
    await expect(ref.send('x', { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
  })

  test('beyond the outbox of an actor: dead letters outbox_full, asks fail at once (R2.2)', async () => {
    const world = new World({ limits: { outboxCapacity: 5 } })
    const slow = valve(world, 1)
    const target = world.spawn(core, slow.behaviour, null)
    await world.run()
    for (const message of ['first', 'second', 'third']) {
      target.tell(message)
      await world.run()
    }
    const inside = world.inside(target, 0)
    const sender = world.spawn(
      0,
      handler(() => {
        for (let i = 0; i < 12; i += 1) inside.tell(i)
        inside.ask('asked').catch((error: unknown) => world.note(codeOf(error)))
      }),
      null,
    )
    sender.tell('go')
    await world.run()
    expect(world.cell(sender)?.outbox).toBe(5)
    expect(world.dead()).toEqual({ outbox_full: 8 })
    expect(world.notes).toEqual(['first', 'ERR_OUTBOX_FULL'])
    await slow.openAll()
    expect(world.notes.slice(2)).toEqual(['second', 'third', 0, 1, 2, 3, 4])
    world.expectBalanced()
  })

  test('beyond what outside actors may have waiting: tell is a dead letter, send and ask reject', async () => {
    const world = new World({ limits: { outsideCapacity: 3 } })
    const slow = valve(world, 1)
    const ref = world.spawn(core, slow.behaviour, null)
    await world.run()
    for (const message of ['first', 'second', 'held', 'held', 'held', 'dropped']) {
      ref.tell(message)
      await world.run()
    }
    expect(world.dead()).toEqual({ outbox_full: 1 })
    await expect(ref.send('x')).rejects.toMatchObject({ code: 'ERR_OUTBOX_FULL' })
    await expect(ref.ask('x')).rejects.toMatchObject({ code: 'ERR_OUTBOX_FULL' })
    await slow.openAll()
    expect(world.notes).toEqual(['first', 'second', 'held', 'held', 'held'])
    world.expectBalanced()
  })

  test('a wait has a limit: then it is a dead letter send_timeout, and its ask fails (R2.2)', async () => {
    const world = new World({ limits: { sendTimeoutMs: 1000, askTimeoutMs: 60_000 } })
    const slow = valve(world, 1)
    const ref = world.spawn(core, slow.behaviour, null)
    await world.run()
    for (const message of ['first', 'second']) {
      ref.tell(message)
      await world.run()
    }
    // A send with a limit of its own at the head does not keep those behind it alive.
    const patient = ref.send('patient', { timeoutMs: 60_000 })
    const failure = expect(ref.ask('asked')).rejects.toMatchObject({ code: 'ERR_SEND_TIMEOUT' })
    ref.tell('told')
    await world.advance(900)
    expect(world.dead()).toEqual({})
    await world.advance(300)
    await failure
    expect(world.dead()).toEqual({ send_timeout: 2 })
    await slow.openAll()
    await patient
    expect(world.notes).toEqual(['first', 'second', 'patient'])
    world.expectBalanced()
  })

  test('an ask that was given up while it waited is not sent', async () => {
    const world = new World()
    const slow = valve(world, 1)
    const ref = world.spawn(core, slow.behaviour, null)
    await world.run()
    for (const message of ['first', 'second']) {
      ref.tell(message)
      await world.run()
    }
    const failure = expect(ref.ask('asked', { timeoutMs: 10 })).rejects.toMatchObject({ code: 'ERR_ASK_TIMEOUT' })
    await world.advance(20)
    await failure
    await slow.openAll()
    expect(world.notes).toEqual(['first', 'second'])
    expect(world.dead()).toEqual({ send_timeout: 1 })
    world.expectBalanced()
  })

  test('stopping it sends what was held for it to the dead letters', async () => {
    const world = new World()
    const slow = valve(world, 2)
    const ref = world.spawn(core, slow.behaviour, null)
    await world.run()
    for (let i = 0; i < 10; i += 1) {
      ref.tell(i)
      await world.run()
    }
    const stopped = world.stop(ref, { timeoutMs: 0 })
    await world.run()
    expect(await stopped).toEqual({ kind: 'killed' })
    expect(world.dead()).toEqual({ stopped: 3, no_such_actor: 7 })
    world.expectBalanced()
    expect(world.congested(core)).toBe(0)
  })

  test('R1.9 a producer ten times faster keeps every queue within its bound', async () => {
    const world = new World({ ringBytes: 4096, limits: { outboxCapacity: 50 } })
    const slow = valve(world, 16)
    const target = world.spawn(core, slow.behaviour, null)
    const inside = world.inside(target, 0)
    let produced = 0
    const producer = world.spawn(
      0,
      handler<'go'>((_, context) => {
        for (let i = 0; i < 10; i += 1) inside.tell((produced += 1))
        if (produced < 3000) (context.self as Ref<'go'>).tell('go')
      }),
      null,
    )
    producer.tell('go')
    await world.run()
    // What the ring held when the mailbox filled up still enters it: 4096 bytes of records of 24 at least.
    const inFlight = 16 + 4096 / 24 + 10
    for (let consumed = 1; consumed < 1000; consumed += 1) {
      await slow.let()
      expect(world.queueOf(target)).toBeLessThanOrEqual(inFlight)
      expect(world.core(0).sender.waitingCount).toBeLessThanOrEqual(50)
      expect(world.cell(producer)?.outbox).toBeLessThanOrEqual(50)
      expect(produced - consumed).toBeLessThanOrEqual(inFlight + 50)
    }
    if (core === 1) expect(inspectRing(world.memory.dataRing(0, 1)).used).toBeLessThanOrEqual(4096)
    await slow.openAll()
    expect(world.notes).toEqual(numbers(1, 3001))
    world.expectBalanced()
    expect(world.dead()).toEqual({})
  })
})

describe('a slow actor', () => {
  test('does not block the ring for the others of its core (no head-of-line blocking)', async () => {
    const world = new World({ ringBytes: 4096 })
    const slow = valve(world, 4)
    const blocked = world.spawn(1, slow.behaviour, null)
    const quick = world.spawn(
      1,
      handler((message) => world.note(`quick ${message as number}`)),
      null,
    )
    for (let i = 0; i < 10; i += 1) {
      blocked.tell(i)
      await world.run()
    }
    for (let i = 0; i < 300; i += 1) {
      blocked.tell(1000 + i) // far more than the ring holds
      quick.tell(i)
    }
    await world.run()
    expect(world.notes).toEqual([0, ...numbers(0, 300).map((i) => `quick ${i}`)])
    await slow.openAll()
    expect(world.notes.slice(301)).toEqual([...numbers(1, 10), ...numbers(1000, 1300)])
    world.expectBalanced()
  })

  test('is waited for by its senders alone: another actor of their core goes on', async () => {
    const world = new World()
    const slow = valve(world, 1)
    const blocked = world.inside(world.spawn(1, slow.behaviour, null), 0)
    const quick = world.inside(
      world.spawn(
        1,
        handler((message) => world.note(message)),
        null,
      ),
      0,
    )
    const make = (name: string, target: Ref<unknown>): Ref<string> =>
      world.spawn(
        0,
        handler<string>((message) => target.tell(`${name} ${message}`)),
        null,
      )
    const [a, b] = [make('a', blocked), make('b', quick)]
    for (let i = 0; i < 10; i += 1) {
      a.tell(`${i}`)
      b.tell(`${i}`)
      await world.run()
    }
    expect(world.notes.filter((note) => String(note).startsWith('b'))).toHaveLength(10)
    expect(world.notes.filter((note) => String(note).startsWith('a'))).toHaveLength(1)
    await slow.openAll()
    world.expectBalanced()
  })
})

describe('a full ring', () => {
  test('of 4096 bytes keeps order and loses nothing, whoever takes turns when (R2.3)', async () => {
    for (let seed = 1; seed <= 10; seed += 1) {
      const world = new World({ cores: 3, ringBytes: 4096, seed })
      const targets = [1, 2].map((core) =>
        world.spawn(
          core,
          handler<[number, number, string]>((message) => world.note(message.slice(0, 2)), 'sink', { capacity: 10_000 }),
          null,
        ),
      )
      for (let i = 0; i < 500; i += 1) {
        for (const [t, ref] of targets.entries()) ref.tell([t, i, 'x'.repeat(world.random.below(200))])
        if (world.random.chance(0.05)) world.turn(world.random.below(3))
      }
      expect(world.core(0).sender.waitingCount).toBeGreaterThan(0)
      await world.run()
      for (const t of [0, 1])
        expect(world.notes.filter((note) => (note as number[])[0] === t)).toEqual(numbers(0, 500).map((i) => [t, i]))
      world.expectBalanced()
      expect(world.dead()).toEqual({})
    }
  })

  test('trySend says full, send waits, tell waits in its place', async () => {
    const world = new World({ ringBytes: 4096 })
    const ref = world.spawn(
      1,
      handler((message) => world.note(message), 'sink', { capacity: 10_000 }),
      null,
    )
    await world.run()
    let sent = 0
    while (ref.trySend(sent) === 'sent') sent += 1
    expect(sent).toBeGreaterThan(50)
    let isAccepted = false
    void ref.send('sent').then(() => (isAccepted = true))
    ref.tell('told')
    expect(ref.trySend('refused')).toBe('full')
    await Promise.resolve()
    expect(isAccepted).toBe(false)
    await world.run()
    expect(isAccepted).toBe(true)
    expect(world.notes).toEqual([...numbers(0, sent), 'sent', 'told'])
    expect(world.expectBalanced().sent).toBe(sent + 2)
  })

  test('an ask that says so fails at once, whether a layout has its message or not', async () => {
    const world = new World({ ringBytes: 4096 })
    const ref = world.spawn(
      1,
      handler((message) => world.note(message), 'sink', { capacity: 10_000 }),
      null,
    )
    await world.run()
    const asked: Promise<unknown>[] = []
    for (let i = 0; i < 500; i += 1) asked.push(outcomeOf(ref.ask({ type: 'work', i }, { ifFull: 'fail' })))
    asked.push(outcomeOf(ref.ask(new Set(['no layout']), { ifFull: 'fail' })))
    expect(world.core(0).sender.waitingCount).toBe(0)
    await world.run()
    const codes = await Promise.all(asked)
    const full = codes.indexOf('ERR_MAILBOX_FULL')
    expect(full).toBeGreaterThan(20)
    expect(codes).toEqual(codes.map((_, i) => (i < full ? 'ERR_NO_REPLY' : 'ERR_MAILBOX_FULL')))
    expect(world.notes).toHaveLength(full)
    expect(world.core(0).asks.size).toBe(0)
    world.expectBalanced()
  })

  test('that nobody empties: what waits for it expires too, whatever waits before it', async () => {
    const world = new World({ ringBytes: 4096, limits: { sendTimeoutMs: 500 } })
    const ref = world.spawn(
      1,
      handler((message) => world.note(message), 'sink', { capacity: 10_000 }),
      null,
    )
    await world.run()
    let sent = 0
    while (ref.trySend(sent) === 'sent') sent += 1
    const patient = ref.send('patient', { timeoutMs: Infinity })
    for (let i = 0; i < 10; i += 1) ref.tell('told')
    for (let i = 0; i < 10; i += 1) {
      world.nowMs += 100
      world.turn(0) // core 1 takes no turn: it is stuck
    }
    expect(world.dead()).toEqual({ send_timeout: 10 })
    await world.run()
    await patient
    expect(world.notes).toEqual([...numbers(0, sent), 'patient'])
    world.expectBalanced()
  })

  test('replies wait for room as well, and none is lost', async () => {
    const world = new World({ ringBytes: 4096 })
    const ref = world.spawn(
      1,
      handler((message, context) => context.reply(['x'.repeat(300), message]), 'echo', { capacity: 10_000 }),
      null,
    )
    const answers = numbers(0, 200).map((i) => ref.ask(i) as Promise<[string, number]>)
    await world.run()
    expect((await Promise.all(answers)).map(([, i]) => i)).toEqual(numbers(0, 200))
    world.expectBalanced()
  })
})

describe('circles of waiting actors', () => {
  test('A → B → A on one core: the dead letter names the cycle (R2.2, D5)', async () => {
    const world = new World({ limits: { sendTimeoutMs: 1000 } })
    const refs: Record<string, Ref<number>> = {}
    const player = (name: string, other: string): void => {
      refs[name] = world.spawn(
        0,
        handler<number>(
          (n) => {
            world.note(n)
            const target = world.inside<number>(refs[other] as Ref<number>, 0)
            for (let i = 0; i < 4; i += 1) target.tell(n + 1)
          },
          'player',
          { capacity: 2 },
        ),
        null,
        { name },
      )
    }
    player('A', 'B')
    player('B', 'A')
    refs['A']?.tell(0)
    refs['B']?.tell(0)
    await world.run()
    const stuck = world.notes.length
    expect(world.cell(refs['A'] as Ref<number>)?.outbox).toBeGreaterThan(0)
    expect(world.cell(refs['B'] as Ref<number>)?.outbox).toBeGreaterThan(0)
    await world.advance(1200)
    const timeouts = world.letters.filter((letter) => letter.reason === 'send_timeout')
    expect(timeouts.length).toBeGreaterThan(0)
    expect(timeouts[0]?.detail).toMatch(/A → B → A \(cycle\)|B → A → B \(cycle\)/)
    expect(world.notes.length).toBeGreaterThan(stuck) // and the limit has broken it
  })

  test('an actor that tells itself is bounded and never waits for itself', async () => {
    const world = new World({ limits: { outboxCapacity: 10 } })
    let handled = 0
    const ref = world.spawn(
      0,
      handler<'start' | number>(
        (message, context) => {
          handled += 1
          if (message === 'start') for (let i = 0; i < 40; i += 1) (context.self as Ref<number>).tell(i)
          else world.note(message)
        },
        'self',
        { capacity: 5 },
      ),
      null,
    )
    ref.tell('start')
    await world.run()
    expect(world.notes).toEqual(numbers(0, 15))
    expect(handled).toBe(16)
    expect(world.dead()).toEqual({ outbox_full: 25 })
    world.expectBalanced()
  })
})

describe('overflow policies', () => {
  test.each([
    ['drop-newest', numbers(0, 5)],
    ['drop-oldest', [0, ...numbers(16, 20)]],
  ] as const)('%s never exceeds the capacity, and each drop is a dead letter with its asker told', async (overflow, kept) => {
    const world = new World()
    const wait = gate()
    const ref = world.spawn(
      1,
      handler(
        async (message) => {
          world.note(message)
          await wait.promise
        },
        'dropper',
        { capacity: 4, overflow },
      ),
      null,
    )
    const answers = numbers(0, 20).map((i) => ref.ask(i).then(() => 'reply', codeOf))
    await world.run()
    expect(world.queueOf(ref)).toBe(4)
    expect(world.congested(1)).toBe(0) // its senders never wait
    wait.open()
    await world.run()
    expect(world.notes).toEqual(kept)
    const codes = await Promise.all(answers)
    expect(codes.flatMap((code, i) => (code === 'ERR_MAILBOX_FULL' ? [] : [i]))).toEqual(kept)
    expect(world.dead()).toEqual({ overflow: 15 })
    expect(world.letters[0]).toMatchObject({ reason: 'overflow', detail: 'mailbox is full: capacity=4' })
    world.expectBalanced()
  })

  test('drop-oldest drops no timer, repeating or not', async () => {
    const world = new World()
    const wait = gate()
    const ref = world.spawn(
      0,
      handler<string>(
        async (message, context) => {
          world.note(message)
          if (message !== 'start') return
          context.setTimer('once', 5, 'once')
          context.setTimer('again', 5, 'again', { repeat: true })
          await wait.promise
        },
        'dropper',
        { capacity: 3, overflow: 'drop-oldest' },
      ),
      null,
    )
    ref.tell('start')
    await world.advance(6)
    for (let i = 0; i < 10; i += 1) ref.tell(`m${i}`)
    await world.run()
    wait.open()
    await world.advance(6)
    expect(world.notes.filter((note) => note === 'once')).toHaveLength(1)
    expect(world.notes.filter((note) => note === 'again')).toHaveLength(2)
    expect(world.notes).toContain('m9')
    expect(world.dead()).toEqual({ overflow: 9 })
    world.expectBalanced()
  })
})

test('R1.9 the memory of a flood is given back when its mailbox is empty', async () => {
  const world = new World()
  const slow = valve(world, 1 << 16)
  const ref = world.spawn(0, slow.behaviour, null)
  for (let i = 0; i < 20_000; i += 1) ref.tell(i)
  await world.run()
  expect(world.cell(ref)?.mailbox?.room).toBeGreaterThanOrEqual(19_999)
  await slow.openAll()
  expect(world.notes).toHaveLength(20_000)
  expect(world.cell(ref)?.mailbox).toBeUndefined()
  world.expectBalanced()
})
