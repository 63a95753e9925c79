/**
 * Steps 3 and 4 of the protocol of channels (channels.ts): no record lies unseen beside a core that sleeps, and no publisher sleeps beside room. Written out access
 * by access and run in every interleaving; the real ends are then held to the same order of accesses.
 */
import { afterEach, describe, expect, test, vi } from 'vitest'
import { explore } from '../../ring/test/interleavings.ts'
import type { Program, Thread } from '../../ring/test/interleavings.ts'
import type { ActorCell } from '../src/actor-cell.ts'
import { handler, World } from './harness.ts'

interface Shared {
  /** Records published, and read and given back. */
  published: number
  consumed: number
  wanted: number
  /** Of the core that waits: 0 busy, 1 parked, 2 rung. */
  bell: number
}

type Steps = Generator<void | (() => boolean), void, void>

function* ring(shared: Shared): Steps {
  yield
  if (shared.bell !== 1) return
  yield
  if (shared.bell === 1) shared.bell = 2
}

/** Says that it is parked, looks once more, sleeps until it is rung. */
function* park(shared: Shared, hasWork: () => boolean): Steps {
  yield
  shared.bell = 1
  yield
  if (!hasWork()) yield () => shared.bell !== 1
  shared.bell = 0
}

/** Looks for the last time, then says that it parks. */
function* parkLate(shared: Shared, hasWork: () => boolean): Steps {
  yield
  if (hasWork()) return
  yield
  shared.bell = 1
  yield () => shared.bell !== 1
  shared.bell = 0
}

const outcomes = (shared: Shared, ...threads: Thread<Shared>[]): string[] => {
  const program: Program<Shared> = {
    start: () => ({ ...shared }),
    threads,
    outcome: ({ published, consumed }) => `written ${published}, read ${consumed}`,
  }
  return [...explore(program).outcomes.keys()].toSorted()
}

/** Step 3: the reader sleeps while there is nothing to read. */
describe('every interleaving of publishing, and of a reader that sleeps', () => {
  const start: Shared = { published: 0, consumed: 0, wanted: 0, bell: 0 }
  const publish = (records: number, order: readonly ('publish' | 'ring')[]): Thread<Shared> =>
    function* (shared) {
      for (let written = 0; written < records; written += 1) {
        for (const step of order) {
          if (step === 'ring') yield* ring(shared)
          else {
            yield
            shared.published += 1
          }
        }
      }
    }
  const read = (records: number, sleep = park): Thread<Shared> =>
    function* (shared) {
      while (shared.consumed < records) {
        yield
        if (shared.published > shared.consumed) shared.consumed += 1
        else yield* sleep(shared, () => shared.published > shared.consumed)
      }
    }

  test('R1.7 every record is read', () => {
    expect(outcomes(start, publish(1, ['publish', 'ring']), read(1))).toEqual(['written 1, read 1'])
    expect(outcomes(start, publish(2, ['publish', 'ring']), read(2))).toEqual(['written 2, read 2'])
  })

  test('shows what would break: ringing before publishing, or looking before parking', () => {
    expect(outcomes(start, publish(1, ['ring', 'publish']), read(1))).toContain('stuck written 1, read 0')
    expect(outcomes(start, publish(1, ['publish', 'ring']), read(1, parkLate))).toContain('stuck written 1, read 0')
  })
})

/** Step 4: the publisher sleeps while the ring, which holds one record, is full. */
describe('every interleaving of giving room, and of a publisher that sleeps', () => {
  const start: Shared = { published: 1, consumed: 0, wanted: 0, bell: 0 }
  const publish = (records: number, order: readonly ('want' | 'look')[], sleep = park): Thread<Shared> =>
    function* (shared) {
      const hasRoom = (): boolean => shared.published === shared.consumed
      while (shared.published < records) {
        yield
        if (hasRoom()) {
          shared.published += 1
          continue
        }
        let isThere = false
        for (const step of order) {
          yield
          if (step === 'want') shared.wanted = 1
          else isThere = hasRoom()
        }
        // Who has looked first relies on being rung.
        if (!isThere) yield* sleep(shared, order[0] === 'want' ? hasRoom : () => false)
        yield
        shared.wanted = 0
      }
    }
  const read = (records: number, order: readonly ('give' | 'look')[]): Thread<Shared> =>
    function* (shared) {
      while (shared.consumed < records) {
        yield () => shared.published > shared.consumed
        let isWanted = false
        for (const step of order) {
          yield
          if (step === 'give') shared.consumed += 1
          else isWanted = shared.wanted !== 0
        }
        if (isWanted) yield* ring(shared)
      }
    }

  test('R1.7 every record finds room', () => {
    expect(outcomes(start, publish(2, ['want', 'look']), read(2, ['give', 'look']))).toEqual(['written 2, read 2'])
    expect(outcomes(start, publish(3, ['want', 'look']), read(3, ['give', 'look']))).toEqual(['written 3, read 3'])
  })

  test('shows what would break: looking before wanting, looking before giving, looking before parking', () => {
    expect(outcomes(start, publish(2, ['look', 'want']), read(2, ['give', 'look']))).toContain('stuck written 1, read 1')
    expect(outcomes(start, publish(2, ['want', 'look']), read(2, ['look', 'give']))).toContain('stuck written 1, read 1')
    expect(outcomes(start, publish(2, ['want', 'look'], parkLate), read(2, ['give', 'look']))).toContain(
      'stuck written 1, read 1',
    )
  })
})

describe('the real ends', () => {
  afterEach(() => {
    vi.restoreAllMocks()
  })

  function ends() {
    const world = new World()
    const cellOn = (core: number): ActorCell =>
      world.cell(
        world.spawn(
          core,
          handler(() => {}),
          null,
        ),
      ) as ActorCell
    const writer = world.core(0).channels.open(cellOn(0), 1024)
    const place = writer.join(1)
    const { memory } = writer
    const end = world.core(1).channels.read(cellOn(1), { memory, core: 0, place }, 'wake')
    return { writer, end, memory }
  }

  /** Accesses by Atomics to the channel's memory while `act` runs: to the word *wanted*, which is its first, or to the ring. */
  function accesses(memory: SharedArrayBuffer, act: () => void): string[] {
    const seen: { order: number; text: string }[] = []
    const load = vi.spyOn(Atomics, 'load')
    const store = vi.spyOn(Atomics, 'store')
    act()
    for (const [kind, { mock }] of [
      ['load', load],
      ['store', store],
    ] as const)
      for (const [i, [array, index]] of mock.calls.entries()) {
        if (array.buffer !== memory) continue
        const isWanted = array.byteOffset === 0 && index === 0 && array.length === 1
        seen.push({ order: mock.invocationCallOrder[i] as number, text: `${kind} ${isWanted ? 'wanted' : 'ring'}` })
      }
    return seen.toSorted((a, b) => a.order - b.order).map(({ text }) => text)
  }

  test('the publisher wants room, then looks for it', () => {
    const { writer, memory } = ends()
    while (writer.write('x'.repeat(90)));
    const seen = accesses(memory, () => {
      void writer.whenRoom()
      expect(writer.hasWork).toBe(false)
    })
    expect(seen[0]).toBe('store wanted')
    expect(seen.slice(1)).toContain('load ring')
    expect(seen.filter((access) => access.startsWith('store'))).toEqual(['store wanted'])
  })

  test('the reader gives room, then looks who wants it', () => {
    const { writer, end, memory } = ends()
    writer.write('a')
    writer.flush()
    expect(end.next()).toBe(true)
    const seen = accesses(memory, () => end.release())
    expect(seen.indexOf('store ring')).toBeGreaterThanOrEqual(0)
    expect(seen.lastIndexOf('store ring')).toBeLessThan(seen.indexOf('load wanted'))
  })
})
