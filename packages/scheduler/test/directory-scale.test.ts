/** What the directory does for one actor does not depend on how many others there are: work is counted, not timed. */
import { afterEach, expect, test, vi } from 'vitest'
import { IntRows } from '../src/int-rows.ts'
import { LockOffice } from '../src/lock-office.ts'
import { TimerWheel } from '../src/timer-wheel.ts'
import { cellAt, Directories } from './core-directories.ts'
import { outcomeOf } from './harness.ts'

afterEach(() => {
  vi.restoreAllMocks()
})

const FEW = 10
const MANY = 10_000

/** Looks at rows while one more actor joins a group of `count`, leaves it, joins again and ends, the one in the middle leaves, and a name is taken. */
async function looksAmong(count: number): Promise<number> {
  const directories = new Directories(2)
  const core = directories.core(1)
  const join = { type: 'dir_add', space: 'space', key: 'group', value: undefined, isUnique: false } as const
  const leave = { type: 'dir_remove', space: 'space', key: 'group', isAll: true } as const
  const cells = Array.from({ length: count }, (_, slot) => cellAt({ slot, generation: 1 }))
  await Promise.all(cells.map((cell) => core.ask(cell, join)))
  const one = cellAt({ slot: count, generation: 1 })
  const looks = vi.spyOn(IntRows.prototype, 'get')
  await core.ask(one, join)
  expect(await core.ask(one, leave)).toBe(1)
  expect(await core.ask(cells[count / 2] as never, leave)).toBe(1)
  await core.ask(one, join)
  expect(await outcomeOf(core.ask(one, { ...join, space: 'names', key: 'name', isUnique: true }))).toBe(0)
  core.ended(one)
  const result = looks.mock.calls.length
  looks.mockRestore()
  expect(directories.cores.map(({ counts }) => counts.entries)).toEqual([count - 1, count - 1])
  return result
}

test('a member joins, leaves and ends among 10,000 as among 10', async () => {
  const looks = await looksAmong(FEW)
  expect(looks).toBeLessThan(250)
  expect(await looksAmong(MANY)).toBe(looks)
})

/** An owner whose address is counted as it is looked at. */
function countedOwner(slot: number, onLook: () => void): { core: number; slot: number; generation: number } {
  return {
    core: 1,
    generation: 1,
    get slot() {
      onLook()
      return slot
    },
  }
}

/** Looks at owners while one more actor takes a lock, waits behind `count` others for another one, and ends; then the first of those ends. */
function looksAtOwnersAmong(count: number): number {
  let looks = 0
  const owners = Array.from({ length: count + 1 }, (_, slot) => countedOwner(slot, () => looks++))
  const locks = new LockOffice(new TimerWheel(0), () => 0)
  const answers: unknown[] = []
  const answer = (error: string | undefined): void => {
    answers.push(error)
  }
  for (const [i, owner] of owners.slice(0, count).entries()) {
    locks.lock(`own ${i}`, owner, 0, answer)
    locks.lock('one', owner, Infinity, answer)
  }
  looks = 0
  const last = owners[count] as (typeof owners)[0]
  locks.lock('own', last, 0, answer)
  locks.lock('one', last, Infinity, answer)
  locks.ended(last)
  locks.ended(owners[0] as (typeof owners)[0])
  expect(answers.length).toBe(count + 3)
  expect(locks.count).toBe(2 * count - 2)
  return looks
}

test('locks are taken, waited for and given back among 10,000 as among 10', () => {
  const looks = looksAtOwnersAmong(FEW)
  expect(looks).toBeLessThan(20)
  expect(looksAtOwnersAmong(MANY)).toBe(looks)
})

test('an actor that ends while 10,000 others wait for answers looks at its own requests alone', () => {
  const directories = new Directories(2)
  const core = directories.core(1)
  const ask = (slot: number): ReturnType<typeof cellAt> => {
    const cell = cellAt({ slot, generation: 1 })
    void core.ask(cell, { type: 'dir_lock', key: 'one', waitMs: Infinity })
    return cell
  }
  const cells = Array.from({ length: MANY }, (_, slot) => ask(slot))
  const steps = vi.spyOn(Map.prototype as { [Symbol.iterator]: () => unknown }, Symbol.iterator)
  core.ended(cells[MANY / 2] as never)
  expect(steps).not.toHaveBeenCalled()
  steps.mockRestore()
  expect(core.counts.requests).toBe(MANY - 2)
})
