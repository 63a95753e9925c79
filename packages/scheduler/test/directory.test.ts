/** The directory: names, entries and locks of actors on all cores, and that they end with their actors (C-37). */
import { describe, expect, test } from 'vitest'
import type { ActorContext, Info, Ref } from '@cambium/actor'
import { behave, codeOf, outcomeOf, World } from './harness.ts'

const CORES = 3

/** Actors that do nothing; what they do the test does in their names. */
class Town {
  readonly world: World
  readonly infos: string[] = []

  constructor(seed = 1) {
    this.world = new World({ cores: CORES, seed })
  }

  born(core: number, name = 'actor', onInfo: (info: Info, context: ActorContext) => void = () => {}): Ref<string> {
    const ref = this.world.spawn(
      core,
      behave<null, string, null>({
        init: () => null,
        receive: () => {},
        info: (_, info, context) => {
          this.infos.push(`${name} ${info.type}`)
          onInfo(info, context as unknown as ActorContext)
        },
      }),
      null,
    )
    this.world.drive()
    return ref
  }

  as(ref: Ref<never>): ActorContext {
    return this.world.cell(ref)?.context as ActorContext
  }

  at(ref: Ref<never>, core: number): Ref<never> {
    return this.world.inside(ref, core) as Ref<never>
  }

  /** What a promise comes to when all is at rest. */
  async outcome(promise: Promise<unknown>): Promise<unknown> {
    const outcome = outcomeOf(promise)
    await this.world.run()
    return outcome
  }

  async counts(): Promise<unknown> {
    await this.world.run()
    return this.world.cores.map(({ directory }) => Object.values(directory.counts))
  }

  async expectEmpty(): Promise<void> {
    expect(await this.counts()).toEqual([
      [0, 0, 0, 0],
      [0, 0, 0, 0],
      [0, 0, 0, 0],
    ])
  }
}

describe.each([0, 1, 2])('a name taken on core %i', (core) => {
  test('is found on every core, by its owner at once, and is unique in the system', async () => {
    const town = new Town()
    const [owner, other] = [town.born(core), town.born((core + 1) % CORES)]
    expect(await town.outcome(town.as(owner).register('ada'))).toBeUndefined()
    for (const on of [owner, other]) expect(town.as(on).whereis('ada')?.equals(owner)).toBe(true)
    expect(await town.outcome(town.as(other).register('ada'))).toBe('ERR_NAME_TAKEN')
    expect(await town.outcome(town.as(owner).register('ada'))).toBeUndefined() // it is its own
    expect(await town.outcome(town.as(other).unregister('ada'))).toBe(false)
    expect(await town.outcome(town.as(owner).unregister('ada'))).toBe(true)
    expect(town.as(other).whereis('ada')).toBeUndefined()
    await town.expectEmpty()
  })

  test('of two who ask at the same time one gets it', async () => {
    for (let seed = 1; seed <= 20; seed += 1) {
      const town = new Town(seed)
      const both = [town.born(core), town.born((core + 1) % CORES)].map((ref) => outcomeOf(town.as(ref).register('ada')))
      await town.world.run()
      expect((await Promise.all(both)).map(String).toSorted((x, y) => x.localeCompare(y))).toEqual([
        'ERR_NAME_TAKEN',
        'undefined',
      ])
    }
  })

  test('is free when the down of its owner comes, on whichever core (C-37)', async () => {
    for (let seed = 1; seed <= 30; seed += 1) {
      for (const watching of [0, 1, 2]) {
        const town = new Town(seed)
        const seen: unknown[] = []
        const owner = town.born(core)
        await town.outcome(town.as(owner).register('ada'))
        const watcher = town.born(watching, 'watcher', (info, context) => {
          seen.push(info.type, context.whereis('ada'))
          void context.register('ada').then(
            () => seen.push('mine'),
            (error: unknown) => seen.push(codeOf(error)),
          )
        })
        town.as(watcher).monitor(town.at(owner, watching))
        if (seed % 2 === 0) await town.world.run()
        if (seed % 3 === 0) void town.world.stop(owner)
        else town.as(owner).stop(new Error('boom'))
        await town.world.run()
        expect(seen).toEqual(['down', undefined, 'mine'])
      }
    }
  })
})

test('a name ends with its incarnation: a restarted actor does not have it', async () => {
  const town = new Town()
  const owner = town.born(1)
  await town.outcome(town.as(owner).register('ada'))
  town.as(owner).stop(new Error('boom'))
  await town.world.run()
  void town.world.restart(owner, behave<null, string, null>({ init: () => null, receive: () => {} }), null)
  await town.world.run()
  expect(town.as(owner).whereis('ada')).toBeUndefined()
  await town.expectEmpty()
})

test('entries with values: duplicates in their order, changed by their owner, gone with it', async () => {
  const town = new Town()
  const [one, two] = [town.born(1), town.born(2)]
  const add = (ref: Ref<never>, value: unknown, isUnique: boolean): Promise<unknown> =>
    town.outcome(town.as(ref).directory.add('space', isUnique ? 'own' : 'shared', value, { isUnique }))
  await add(one, 1, false)
  await add(two, { n: 2 }, false)
  await add(one, 3, false)
  const { directory } = town.as(two)
  expect(directory.find('space', 'shared').map(({ value }) => value)).toEqual([1, { n: 2 }, 3])
  expect(directory.find('space', 'shared').map(({ ref }) => ref.core)).toEqual([1, 2, 1])
  await add(one, 'old', true)
  await add(one, 'new', true)
  expect(directory.find('space', 'own').map(({ value }) => value)).toEqual(['new'])
  expect([...directory.keys('space')].toSorted((x, y) => x.localeCompare(y))).toEqual(['own', 'shared'])
  expect(await town.outcome(town.as(one).directory.remove('space', 'shared', { isAll: false }))).toBe(1)
  expect(directory.find('space', 'shared').map(({ value }) => value)).toEqual([1, { n: 2 }])
  void town.world.stop(one, { timeoutMs: 0 })
  await town.world.run()
  expect(directory.find('space', 'shared').map(({ value }) => value)).toEqual([{ n: 2 }])
  expect(directory.keys('space')).toEqual(['shared'])
  void town.world.stop(two)
  await town.expectEmpty()
})

test('who watches a space is told of what joins and leaves it', async () => {
  const town = new Town()
  const told: string[] = []
  const watcher = town.born(2, 'watcher', (info) => {
    if (info.type === 'joined' || info.type === 'left')
      told.push(`${info.type} ${info.key} ${String(info.value)} core-${info.ref.core}`)
  })
  const member = town.born(1)
  town.as(watcher).directory.watch('space')
  await town.outcome(town.as(member).directory.add('space', 'a', 1, { isUnique: false }))
  await town.outcome(town.as(member).directory.add('other', 'a', 1, { isUnique: false }))
  town.as(member).stop()
  await town.world.run()
  expect(told).toEqual(['joined a 1 core-1', 'left a undefined core-1'])
  town.as(watcher).directory.unwatch('space')
  await town.outcome(town.as(watcher).directory.add('space', 'b', 1, { isUnique: false }))
  expect(told.length).toBe(2)
  town.as(watcher).directory.watch('space')
  void town.world.stop(watcher)
  await town.expectEmpty()
})

describe('locks', () => {
  test('have one owner at a time, in the order of the requests; the wait is bounded', async () => {
    const town = new Town()
    const refs = [town.born(0), town.born(1), town.born(2), town.born(1)]
    const got: unknown[] = []
    for (const [i, ref] of refs.entries()) {
      const waitMs = i === 2 ? 10 : 1000
      void outcomeOf(town.as(ref).directory.lock('key', waitMs)).then((outcome) => got.push([i, outcome]))
      await town.world.run()
    }
    expect(got).toEqual([[0, undefined]])
    expect(await town.outcome(town.as(refs[0] as Ref<never>).directory.lock('key', 10))).toBe('ERR_LOCK_HELD')
    expect(await town.outcome(town.as(refs[1] as Ref<never>).directory.lock('key', 10))).toBe('ERR_LOCK_HELD')
    await town.world.advance(20)
    expect(got).toEqual([
      [0, undefined],
      [2, 'ERR_LOCK_TIMEOUT'],
    ])
    town.as(refs[3] as Ref<never>).directory.unlock('key') // not its to give
    await town.world.run()
    expect(got.length).toBe(2)
    town.as(refs[0] as Ref<never>).directory.unlock('key')
    await town.world.run()
    expect(got.at(-1)).toEqual([1, undefined])
    void town.world.stop(refs[1] as Ref<never>) // with the lock
    await town.world.run()
    expect(got.at(-1)).toEqual([3, undefined])
    expect(await town.outcome(town.as(refs[2] as Ref<never>).directory.lock('key', 0))).toBe('ERR_LOCK_TIMEOUT')
    void town.world.stop(refs[3] as Ref<never>)
    await town.expectEmpty()
    expect(town.world.core(0).wheel.size).toBe(0)
  })

  test('an actor that ends while it waits is passed over', async () => {
    const town = new Town()
    const [first, second, third] = [town.born(0), town.born(1), town.born(2)] as const
    await town.outcome(town.as(first).directory.lock('key', Infinity))
    void town.as(second).directory.lock('key', Infinity)
    await town.world.run()
    const last = town.as(third).directory.lock('key', Infinity)
    await town.world.run()
    void town.world.stop(second)
    await town.world.run()
    town.as(first).directory.unlock('key')
    expect(await town.outcome(last)).toBeUndefined()
    void town.world.stop(third)
    await town.expectEmpty()
  })
})

test('what an actor wanted when it ended is not heard of, and nothing is left of it', async () => {
  const town = new Town()
  const ref = town.born(1)
  let isSettled = false
  void town
    .as(ref)
    .register('ada')
    .finally(() => (isSettled = true))
  void town.world.stop(ref, { timeoutMs: 0 })
  await town.expectEmpty()
  expect(isSettled).toBe(false)
})

test('the death of a core: its entries and locks are gone when the others hear of it; its successor has what is left', async () => {
  const town = new Town()
  const { world } = town
  const [lost, kept] = [town.born(1), town.born(2)]
  await town.outcome(town.as(lost).register('lost'))
  await town.outcome(town.as(kept).register('kept'))
  await town.outcome(town.as(lost).directory.lock('key', 0))
  const waiting = town.as(kept).directory.lock('key', Infinity)
  const seen: unknown[] = []
  const watcher = town.born(2, 'watcher', (info, context) => seen.push(info.type, context.whereis('lost')))
  town.as(watcher).monitor(town.at(lost, 2))
  await world.run()
  world.kill(1)
  world.replace(1)
  expect(await town.outcome(waiting)).toBeUndefined()
  expect(seen).toEqual(['down', undefined])
  const heir = town.born(1)
  expect(town.as(heir).whereis('kept')?.equals(kept)).toBe(true)
  expect(await town.outcome(town.as(heir).register('lost'))).toBeUndefined()
  for (const ref of [kept, heir, watcher]) void world.stop(ref)
  await town.expectEmpty()
})

test('what is no name, key or value is refused', async () => {
  const town = new Town()
  const context = town.as(town.born(1))
  expect(await town.outcome(context.register(''))).toBe('ERR_OPTION')
  expect(await town.outcome(context.register('x'.repeat(257)))).toBe('ERR_OPTION')
  expect(await town.outcome(context.directory.add('space', 'key', () => {}, { isUnique: true }))).toBe('ERR_CANNOT_TRAVEL')
  expect(await town.outcome(context.directory.lock('key', -1))).toBe('ERR_OPTION')
  expect(() => context.directory.watch(7 as never)).toThrow(expect.objectContaining({ code: 'ERR_OPTION' }) as Error)
  await town.expectEmpty()
})
