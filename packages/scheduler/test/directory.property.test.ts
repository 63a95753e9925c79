/** The directory against an array, and locks against lines of owners: whatever actors do, end, and lose with their cores. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { ActorAddress } from '@cambium/base'
import type { ActorCell } from '../src/actor-cell.ts'
import { NAMES } from '../src/directory-office.ts'
import { cellAt, Directories } from './core-directories.ts'
import { outcomeOf } from './harness.ts'

const CORES = 3
const SPACES = [NAMES, 'space']
const KEYS = ['a', 'b', 'c']

/** Two actors on each core, and the incarnation that each is in. */
class Town {
  readonly directories = new Directories(CORES)
  readonly #generations = new Array<number>(CORES * 2).fill(1)
  readonly #cells = this.#generations.map((generation, who) => cellAt({ slot: 600 * (who % 2), generation }))

  address(who: number): ActorAddress {
    return { core: Math.floor(who / 2), slot: 600 * (who % 2), generation: this.#generations[who] as number }
  }

  cell(who: number): ActorCell {
    return this.#cells[who] as ActorCell
  }

  end(who: number): void {
    this.directories.core(this.address(who).core).ended(this.cell(who))
    this.#next(who)
  }

  lose(core: number): void {
    this.directories.succeed(core)
    this.directories.core(0).coreLost(core)
    for (const who of [core * 2, core * 2 + 1]) this.#next(who)
  }

  #next(who: number): void {
    this.#generations[who] = (this.#generations[who] as number) + 1
    this.#cells[who] = cellAt(this.address(who))
  }
}

const who = fc.nat(CORES * 2 - 1)
const place = { space: fc.constantFrom(...SPACES), key: fc.constantFrom(...KEYS) }
const lost = fc.record({ do: fc.constant('lose' as const), core: fc.integer({ min: 1, max: CORES - 1 }) })
const ended = fc.record({ do: fc.constant('end' as const), who })

interface Entry {
  readonly space: string
  readonly key: string
  readonly owner: ActorAddress
  /** Whose it is; a name that the root has given is nobody's. */
  readonly who: number | undefined
  value: unknown
}

const entryStep = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('add' as const),
      who,
      ...place,
      isUnique: fc.boolean(),
      value: fc.option(fc.nat(3), { nil: undefined }),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('remove' as const), who, ...place, isAll: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('give' as const), who, key: place.key }) },
  { weight: 2, arbitrary: ended },
  { weight: 1, arbitrary: lost },
)

test('entries: every core has those that an array has, in its order', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(entryStep, { maxLength: 60 }), async (steps) => {
      const town = new Town()
      let model: Entry[] = []
      for (const step of steps) {
        const under = (entry: Entry, space: string, key: string): boolean => entry.space === space && entry.key === key
        switch (step.do) {
          case 'add': {
            const { space, key, value } = step
            const isUnique = step.isUnique || space === NAMES
            const there = model.filter((entry) => under(entry, space, key))
            const own = isUnique ? there.findLast((entry) => entry.who === step.who) : undefined
            const isTaken = isUnique && own === undefined && there.length > 0
            if (own !== undefined) own.value = value
            else if (!isTaken) model.push({ space, key, value, who: step.who, owner: town.address(step.who) })
            const { core } = town.address(step.who)
            const request = { type: 'dir_add', space, key, value, isUnique: step.isUnique } as const
            const outcome = await outcomeOf(town.directories.core(core).ask(town.cell(step.who), request))
            expect(outcome).toBe(isTaken ? 'ERR_NAME_TAKEN' : 0)
            break
          }
          case 'remove': {
            const { space, key, isAll } = step
            const own = model.filter((entry) => under(entry, space, key) && entry.who === step.who)
            const gone = new Set(isAll ? own : own.slice(-1))
            model = model.filter((entry) => !gone.has(entry))
            const { core } = town.address(step.who)
            const request = { type: 'dir_remove', space, key, isAll } as const
            expect(await town.directories.core(core).ask(town.cell(step.who), request)).toBe(gone.size)
            break
          }
          case 'give': {
            const office = town.directories.core(0).office as NonNullable<ReturnType<Directories['core']>['office']>
            const known = model.find((entry) => under(entry, NAMES, step.key))
            if (known === undefined) {
              office.giveName(step.key)
              expect(() => {
                office.giveName(step.key)
              }).toThrow('name is taken')
              office.settleName(step.key, town.address(step.who))
              model.push({ space: NAMES, key: step.key, value: undefined, who: undefined, owner: town.address(step.who) })
            } else if (known.who === undefined) {
              office.takeNameBack(step.key)
              model = model.filter((entry) => entry !== known)
            }
            break
          }
          case 'end':
            town.end(step.who)
            model = model.filter((entry) => entry.who !== step.who)
            break
          case 'lose':
            town.lose(step.core)
            model = model.filter((entry) => entry.who === undefined || Math.floor(entry.who / 2) !== step.core)
        }
        for (const directory of town.directories.cores)
          for (const space of SPACES) {
            const there = model.filter((entry) => entry.space === space)
            expect(new Set(directory.keys(space))).toEqual(new Set(there.map(({ key }) => key)))
            for (const key of KEYS)
              expect(directory.find(space, key)).toEqual(
                there.filter((entry) => entry.key === key).map(({ owner, value }) => ({ ref: owner, value })),
              )
          }
      }
      for (let each = 0; each < CORES * 2; each += 1) town.end(each)
      const given = model.filter((entry) => entry.who === undefined)
      for (const { key } of given) town.directories.core(0).office?.takeNameBack(key)
      for (const { counts } of town.directories.cores) expect(counts).toEqual({ entries: 0, requests: 0, watchers: 0, locks: 0 })
    }),
    { numRuns: 200 },
  )
})

test('a successor that was told of some entries already has all of them in their order', async () => {
  const directories = new Directories(CORES)
  const join = (core: number): Promise<number> =>
    directories
      .core(core)
      .ask(cellAt({ slot: 0, generation: 1 }), { type: 'dir_add', space: 'space', key: 'a', value: undefined, isUnique: false })
  await join(2)
  directories.succeed(1)
  await join(0)
  directories.core(0).coreLost(1)
  for (const directory of directories.cores) expect(directory.find('space', 'a').map(({ ref }) => ref.core)).toEqual([2, 0])
})

const lockStep = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constant('lock' as const), who, key: place.key, waitMs: fc.constantFrom(0, 5, Infinity) }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('unlock' as const), who, key: place.key }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('wait' as const) }) },
  { weight: 2, arbitrary: ended },
  { weight: 1, arbitrary: lost },
)

test('locks: each goes from one owner to the next in its line, past those who have ended or waited long enough', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(lockStep, { maxLength: 60 }), async (steps) => {
      const town = new Town()
      const lines = new Map(KEYS.map((key) => [key, [] as { readonly who: number; readonly due: number; readonly id: number }[]]))
      const told: unknown[] = []
      const expected: unknown[] = []
      let now = 0
      /** The first of each line has the lock; who was not the first before is told. */
      const leave = (isGone: (claim: { who: number; due: number }, isFirst: boolean) => boolean): void => {
        for (const [key, line] of lines) {
          const left = line.filter((claim, i) => !isGone(claim, i === 0))
          const [first] = left
          if (first !== undefined && first !== line[0]) expected.push([first.id, 0])
          lines.set(key, left)
        }
      }
      for (const [id, step] of steps.entries()) {
        switch (step.do) {
          case 'lock': {
            const line = lines.get(step.key) as NonNullable<ReturnType<typeof lines.get>>
            if (line.some((claim) => claim.who === step.who)) expected.push([id, 'ERR_LOCK_HELD'])
            else if (line.length > 0 && step.waitMs === 0) expected.push([id, 'ERR_LOCK_TIMEOUT'])
            else {
              line.push({ who: step.who, due: now + step.waitMs, id })
              if (line.length === 1) expected.push([id, 0])
            }
            const { core } = town.address(step.who)
            const asked = town.directories
              .core(core)
              .ask(town.cell(step.who), { type: 'dir_lock', key: step.key, waitMs: step.waitMs })
            void outcomeOf(asked).then((outcome) => told.push([id, outcome]))
            break
          }
          case 'unlock':
            town.directories.core(town.address(step.who).core).unlock(town.cell(step.who), step.key)
            leave((claim, isFirst) => isFirst && claim.who === step.who && lines.get(step.key)?.includes(claim as never) === true)
            break
          case 'wait':
            now += 10
            for (const line of lines.values())
              for (const { id: waiting, due } of line.slice(1)) if (due <= now) expected.push([waiting, 'ERR_LOCK_TIMEOUT'])
            leave((claim, isFirst) => !isFirst && claim.due <= now)
            town.directories.nowMs = now
            town.directories.wheel.advance(now)
            break
          case 'end':
            town.end(step.who)
            leave((claim) => claim.who === step.who)
            break
          case 'lose':
            town.lose(step.core)
            leave((claim) => Math.floor(claim.who / 2) === step.core)
        }
        for (let round = 0; round < 5; round += 1) await Promise.resolve()
        const inOrder = (all: unknown[]): unknown[] => all.map(String).toSorted((a, b) => a.localeCompare(b))
        expect(inOrder(told)).toEqual(inOrder(expected))
        const { locks } = town.directories.core(0).counts
        expect(locks).toBe([...lines.values()].reduce((sum, line) => sum + line.length, 0))
      }
      for (let each = 0; each < CORES * 2; each += 1) town.end(each)
      expect(town.directories.cores.map(({ counts }) => [counts.requests, counts.locks])).toEqual([
        [0, 0],
        [0, 0],
        [0, 0],
      ])
      expect(town.directories.wheel.size).toBe(0)
    }),
    { numRuns: 200 },
  )
})
