/**
 * The protocol for room (outbound-link.ts): a sender that waits is never left asleep beside a mailbox that has room. The protocol is written
 * out access by access and run in every interleaving; the real link is then held to the same order of accesses.
 */
import { afterEach, describe, expect, test, vi } from 'vitest'
import { explore } from '../../ring/test/interleavings.ts'
import type { Program, Thread } from '../../ring/test/interleavings.ts'
import { handler, World } from './harness.ts'

interface Shared {
  /** The target's congestion counter. */
  congestion: number
  /** The sender's waiting word at the receiver. */
  waiting: number
  /** The sender's bell: 0 busy, 1 parked, 2 rung. */
  bell: number
  sent: number
}

/** Sends `messages`, each when the mailbox has room, and parks as the core loop does: bell, waiting word, last look. */
const sender = (messages: number, order: 'announce, look' | 'look, announce'): Thread<Shared> =>
  function* (shared) {
    while (shared.sent < messages) {
      yield
      if (shared.congestion === 0) {
        shared.sent += 1
        continue
      }
      yield
      shared.bell = 1
      let hasRoom = false
      for (const step of order.split(', ')) {
        yield
        if (step === 'announce') shared.waiting = 1
        else hasRoom = shared.congestion === 0
      }
      if (!hasRoom) yield () => shared.bell !== 1
      yield
      shared.bell = 0
    }
  }

function* announce(shared: Shared): Generator<void, void, void> {
  yield
  if (shared.waiting === 0) return
  yield
  shared.waiting = 0
  yield
  if (shared.bell !== 1) return
  yield
  if (shared.bell === 1) shared.bell = 2
}

/** Drains and fills its mailbox: each step is what it stores in the counter, or the announcement at the end of a turn. */
const receiver = (...steps: (0 | 1 | 'announce')[]): Thread<Shared> =>
  function* (shared) {
    for (const step of steps) {
      if (step === 'announce') yield* announce(shared)
      else {
        yield
        shared.congestion = step
      }
    }
  }

const program = (messages: number, order: 'announce, look' | 'look, announce', receiving: Thread<Shared>): Program<Shared> => ({
  start: () => ({ congestion: 1, waiting: 0, bell: 0, sent: 0 }),
  threads: [sender(messages, order), receiving],
  outcome: ({ sent }) => `sent ${sent}`,
})

const outcomes = (each: Program<Shared>): string[] => [...explore(each).outcomes.keys()].toSorted()

describe('every interleaving', () => {
  test('of one relief: the sender wakes and sends (D5, R2.3)', () => {
    expect(outcomes(program(1, 'announce, look', receiver(0, 'announce')))).toEqual(['sent 1'])
    expect(outcomes(program(2, 'announce, look', receiver(0, 'announce')))).toEqual(['sent 2'])
  })

  test('of a mailbox that is full again before its room was announced, and relieved later', () => {
    expect(outcomes(program(1, 'announce, look', receiver(0, 1, 'announce', 0, 'announce')))).toEqual(['sent 1'])
  })

  test('of room that is announced twice for one wait', () => {
    expect(outcomes(program(1, 'announce, look', receiver(0, 'announce', 1, 0, 'announce')))).toEqual(['sent 1'])
  })

  test('shows what would break: looking before announcing, or no announcement', () => {
    expect(outcomes(program(1, 'look, announce', receiver(0, 'announce')))).toContain('stuck sent 0')
    expect(outcomes(program(1, 'announce, look', receiver(0)))).toContain('stuck sent 0')
    expect(outcomes(program(1, 'announce, look', receiver('announce', 0)))).toContain('stuck sent 0')
  })
})

describe('the real link', () => {
  afterEach(() => {
    vi.restoreAllMocks()
  })

  /** Accesses to the two words of one wait, in order, while `act` runs. */
  function accesses(world: World, slot: number, act: () => void): string[] {
    const seen: string[] = []
    const { congestion, waiting } = world.block(1)
    const nameOf = (array: unknown, index: number): string | undefined =>
      array === congestion && index === slot ? 'congestion' : array === waiting[0] ? 'waiting' : undefined
    const load = vi.spyOn(Atomics, 'load')
    const store = vi.spyOn(Atomics, 'store')
    act()
    const calls = [
      ...load.mock.calls.map((call, i) => ({ order: load.mock.invocationCallOrder[i] as number, call, kind: 'load' })),
      ...store.mock.calls.map((call, i) => ({ order: store.mock.invocationCallOrder[i] as number, call, kind: 'store' })),
    ].sort((a, b) => a.order - b.order)
    for (const { call, kind } of calls) {
      const name = nameOf(call[0], call[1])
      if (name !== undefined) seen.push(kind === 'store' ? `store ${name} ${String(call[2])}` : `load ${name}`)
    }
    return seen
  }

  async function congested(): Promise<{ world: World; slot: number; open: () => void }> {
    const world = new World()
    const gates: (() => void)[] = []
    const ref = world.spawn(
      1,
      handler(() => new Promise<void>((resolve) => gates.push(resolve)), 'slow', { capacity: 1 }),
      null,
    )
    for (let i = 0; i < 3; i += 1) {
      ref.tell(i)
      await world.run()
    }
    return { world, slot: ref.slot, open: () => gates.shift()?.() }
  }

  test('announces, then looks', async () => {
    const { world, slot } = await congested()
    expect(world.core(0).sender.waitingCount).toBe(1)
    expect(accesses(world, slot, () => expect(world.core(0).hasWork()).toBe(false))).toEqual([
      'store waiting 1',
      'load congestion',
    ])
  })

  test('gives room, then looks who waits', async () => {
    const { world, slot, open } = await congested()
    open()
    await new Promise((resolve) => setImmediate(resolve)) // the handler ends
    const seen = accesses(world, slot, () => void world.turn(1)).filter((access) => access !== 'load congestion')
    expect(seen).toEqual(['store congestion 0', 'load waiting', 'store waiting 0'])
    await world.run()
    expect(world.core(0).sender.waitingCount).toBe(0)
  })

  test('says that there is something to do when the ring, not the mailbox, has room again', async () => {
    const world = new World({ ringBytes: 4096 })
    const ref = world.spawn(
      1,
      handler((message) => world.note(message), 'sink', { capacity: 10_000 }),
      null,
    )
    await world.run()
    for (let i = 0; i < 400; i += 1) ref.tell(i)
    world.turn(0)
    expect(world.core(0).hasWork()).toBe(false) // full
    expect(Atomics.load(world.block(1).waiting[0] as Int32Array, 0)).toBe(1)
    world.turn(1)
    expect(Atomics.load(world.block(1).waiting[0] as Int32Array, 0)).toBe(0)
    expect(world.core(0).hasWork()).toBe(true)
    await world.run()
    expect(world.notes).toEqual(Array.from({ length: 400 }, (_, i) => i))
  })
})
