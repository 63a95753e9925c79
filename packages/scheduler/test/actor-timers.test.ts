/** Timers that actors set for themselves (R1.11): messages to one incarnation. */
import { describe, expect, test } from 'vitest'
import { gate, handler, World } from './harness.ts'

type Receive = Parameters<typeof handler<string>>[0]

const actor = async (
  receive: Receive,
): Promise<{ world: World; tell: (message: string) => void; ref: ReturnType<World['ref']> }> => {
  const world = new World()
  const ref = world.spawn(
    1,
    handler<string>((message, context) => {
      world.note(`${message} at ${world.nowMs - 1000.25}`)
      return receive(message, context)
    }),
    null,
  )
  await world.run()
  return { world, ref: ref as never, tell: (message) => ref.tell(message) }
}

describe('a timer', () => {
  test('sends its message once, not before its time; the books do not know it', async () => {
    const { world, tell } = await actor((message, context) => {
      if (message === 'go') context.setTimer('a', 100, 'tick')
    })
    tell('go')
    await world.advance(99)
    expect(world.notes).toEqual(['go at 0'])
    await world.advance(1000)
    expect(world.notes).toEqual(['go at 0', 'tick at 100.75']) // in the first whole millisecond of the clock at or after its time
    expect(world.expectBalanced()).toMatchObject({ sent: 1, processed: 1 })
    expect(world.core(1).wheel.size).toBe(0)
  })

  test('with the key of another replaces it', async () => {
    const { world, tell } = await actor((message, context) => {
      if (message !== 'go') return
      context.setTimer('a', 10, 'old')
      context.setTimer('a', 20, 'new')
      context.setTimer('b', 15, 'other')
    })
    tell('go')
    await world.advance(100)
    expect(world.notes.map((note) => String(note).split(' ')[0])).toEqual(['go', 'other', 'new'])
  })

  test('of delay 0 fires after the messages at hand, in a later turn', async () => {
    const { world, tell } = await actor((message, context) => {
      if (message === 'go') context.setTimer('a', 0, 'tick')
    })
    tell('go')
    tell('after')
    await world.advance(2)
    expect(world.notes.map((note) => String(note).split(' ')[0])).toEqual(['go', 'after', 'tick'])
  })

  test('repeats on its grid', async () => {
    const { world, tell } = await actor((message, context) => {
      if (message === 'go') context.setTimer('a', 50, 'tick', { repeat: true })
    })
    tell('go')
    await world.advance(500)
    expect(world.notes.filter((note) => String(note).startsWith('tick'))).toHaveLength(9)
    expect(world.core(1).wheel.size).toBe(1)
  })

  test('cancelled never fires, even when its message is queued already (C-41)', async () => {
    const wait = gate()
    const { world, tell } = await actor(async (message, context) => {
      if (message === 'go') {
        context.setTimer('a', 10, 'tick')
        context.setTimer('b', 10, 'tock', { repeat: true })
        await wait.promise // both expire meanwhile
        world.note([context.cancelTimer('a'), context.cancelTimer('b'), context.cancelTimer('none')])
      }
    })
    tell('go')
    await world.advance(35)
    wait.open()
    await world.advance(100)
    expect(world.notes).toEqual(['go at 0', [true, true, false]])
    expect(world.core(1).wheel.size).toBe(0)
  })

  test('replaced while its message is queued: only the new one fires (C-41)', async () => {
    const wait = gate()
    const { world, tell } = await actor(async (message, context) => {
      if (message !== 'go') return
      context.setTimer('a', 10, 'old')
      await wait.promise
      context.setTimer('a', 10, 'new')
    })
    tell('go')
    await world.advance(20)
    wait.open()
    await world.advance(50)
    expect(world.notes.map((note) => String(note).split(' ')[0])).toEqual(['go', 'new'])
  })

  test('of an old incarnation never reaches the new one, fired or not, queued or not (C-41)', async () => {
    const world = new World()
    const wait = gate()
    const behaviour = handler<string>(async (message, context) => {
      world.note(`${context.incarnation}: ${message}`)
      if (message !== 'go') return
      context.setTimer('queued', 10, 'queued')
      context.setTimer('repeats', 10, 'repeats', { repeat: true })
      context.setTimer('later', 1000, 'later')
      await wait.promise
      throw new Error('boom')
    })
    const ref = world.spawn(1, behaviour, null)
    ref.tell('go')
    await world.advance(25)
    ref.tell('behind the timers')
    await world.run()
    expect(world.queueOf(ref)).toBe(3)
    wait.open()
    await world.run()
    const restarted = world.restart(ref, behaviour, null)
    await world.run()
    await restarted
    await world.advance(5000)
    expect(world.notes).toEqual(['0: go', '1: behind the timers'])
    world.expectBalanced()
  })

  test('that repeats has one place in the mailbox, however often it expires meanwhile', async () => {
    const wait = gate()
    const { world, tell, ref } = await actor(async (message, context) => {
      if (message !== 'go') return
      context.setTimer('a', 10, 'tick', { repeat: true })
      await wait.promise
    })
    tell('go')
    await world.advance(1000)
    expect(world.queueOf(ref)).toBe(1)
    wait.open()
    await world.run()
    expect(world.notes.filter((note) => String(note).startsWith('tick'))).toHaveLength(1)
    await world.advance(10.5)
    expect(world.notes.filter((note) => String(note).startsWith('tick'))).toHaveLength(2)
  })

  test('that repeats does not make up for an hour of sleep in one turn', async () => {
    const { world, tell } = await actor((message, context) => {
      if (message === 'go') context.setTimer('a', 1, 'tick', { repeat: true })
    })
    tell('go')
    await world.run()
    world.nowMs += 3_600_000
    let done = 0
    for (let i = 0; i < 3; i += 1) done += world.turn(1)
    expect(done).toBeLessThan(10)
    const before = world.notes.length
    await world.advance(100)
    expect(world.notes.length - before).toBeGreaterThan(95) // and it goes on at its pace
    expect(world.notes.length - before).toBeLessThan(103)
  })

  test('is refused with a wrong key, delay or option', async () => {
    const { world, tell } = await actor((message, context) => {
      if (message !== 'go') return
      for (const call of [
        (): void => context.setTimer(7 as never, 1, 'x'),
        (): void => context.setTimer('a', -1, 'x'),
        (): void => context.setTimer('a', Number.NaN, 'x'),
        (): void => context.setTimer('a', Infinity, 'x'),
        (): void => context.setTimer('a', 0, 'x', { repeat: true }),
        (): void => context.setTimer('a', 1, 'x', null as never),
        (): void => context.setTimer('a', 1, 'x', 5 as never),
        (): void => context.setTimer('a', 1, 'x', { repeat: 1 } as never),
        (): void => context.setTimer('a', 1, 'x', { rpt: true } as never),
      ]) {
        try {
          call()
          world.note('accepted')
        } catch (error) {
          world.note((error as { fields?: { option: string } }).fields?.option)
        }
      }
    })
    tell('go')
    await world.run()
    expect(world.notes.slice(1, 6)).toEqual(['key', 'delayMs', 'delayMs', 'delayMs', 'delayMs'])
    expect(world.notes.slice(6)).toEqual(['options', 'options', 'options.repeat', 'options.rpt'])
  })
})

test('ctx.now and ctx.random come from the platform', async () => {
  const first = await actor((_, context) => first.world.note([context.now(), context.random()]))
  first.tell('x')
  await first.world.run()
  const [now, random] = first.world.notes[1] as [number, number]
  expect(now).toBe(first.world.nowMs)
  expect(random).toBeGreaterThanOrEqual(0)
  expect(random).toBeLessThan(1)
})
