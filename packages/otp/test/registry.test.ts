/** Registries, groups and locks on real threads. */
import type { Ref } from '@cambium/actor'
import { startSystem } from '@cambium/runtime'
import type { System } from '@cambium/runtime'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { expectNothingLeft } from '../../runtime/test/nothing-left.ts'
import { createGroupScope, createRegistry, withLock } from '../src/index.ts'
import { groups, shared, townsman, unique } from './fixtures/townsman.ts'
import type { TownMessage } from './fixtures/townsman.ts'

type Townsman = Ref<TownMessage>

let system: System
beforeAll(async () => {
  system = await startSystem({ cores: 2, handleSignals: false })
})
afterAll(async () => {
  await system.shutdown()
})
expectNothingLeft(() => system)

const born = (core: number): Promise<Townsman> =>
  system.spawn(townsman, undefined, { core, restart: 'temporary' }) as Promise<Townsman>

const soon = (check: () => unknown, expected: unknown): Promise<void> =>
  vi.waitFor(async () => expect(await check()).toEqual(expected))

test('unique keys have one actor, duplicate ones many; all end with their actors', async () => {
  const [one, two] = [await born(1), await born(2)]
  await one.ask({ type: 'register', key: 'a' })
  expect(await two.ask({ type: 'register', key: 'a' })).toBe('ERR_NAME_TAKEN')
  await one.ask({ type: 'add', key: 'b' })
  await two.ask({ type: 'add', key: 'b' })
  expect(await two.ask({ type: 'find', key: 'b' })).toEqual([1, 2])
  expect(unique.via(system, 'a').equals(one)).toBe(true)
  expect(shared.lookup(system, 'b').map(({ value }) => value)).toEqual([1, 2])
  expect(shared.list(system)).toEqual(['b'])
  const end = system.monitor(one)
  await system.stop(one)
  await end
  expect(unique.whereis(system, 'a')).toBeUndefined() // C-37
  expect(() => unique.via(system, 'a')).toThrow(expect.objectContaining({ code: 'ERR_NO_SUCH_NAME' }) as Error)
  expect(await two.ask({ type: 'register', key: 'a' })).toBeUndefined()
})

test('names of system.spawn and of actors are of one kind, and free when the end is told (C-37)', async () => {
  const named = await system.spawn(townsman, undefined, { core: 1, name: 'ada', restart: 'temporary' })
  await expect(system.spawn(townsman, undefined, { name: 'ada' })).rejects.toMatchObject({ code: 'ERR_NAME_TAKEN' })
  expect(system.whereis('ada')?.equals(named)).toBe(true)
  const end = system.monitor(named)
  await system.stop(named)
  expect(await end).toEqual({ kind: 'shutdown' })
  expect(system.whereis('ada')).toBeUndefined()
  await (await born(2)).ask({ type: 'register', key: 'ada' }) // a registry is another space
  expect((await system.spawn(townsman, undefined, { core: 1, name: 'ada' })).equals(named)).toBe(false)
})

test('groups: members everywhere and here, changes are told, a core’s death too', async () => {
  const [one, two, watcher] = [await born(1), await born(2), await born(2)]
  await one.ask({ type: 'join', key: 'g' })
  expect(await watcher.ask({ type: 'watch' })).toEqual(['g'])
  await two.ask({ type: 'join', key: 'g' })
  await two.ask({ type: 'join', key: 'g' })
  expect(await two.ask({ type: 'members', key: 'g' })).toEqual([1, 2, 2])
  expect(await two.ask({ type: 'local', key: 'g' })).toBe(2)
  expect(await two.ask({ type: 'leave', key: 'g' })).toBe(true)
  expect(await two.ask({ type: 'leave', key: 'none' })).toBe(false)
  system.killCore(1)
  await soon(() => watcher.ask({ type: 'told' }), ['joined g core-2', 'joined g core-2', 'left g core-2', 'left g core-1'])
  await soon(() => groups.members(system, 'g').length, 1)
  expect(groups.groups(system)).toEqual(['g'])
})

test('locks: one at a time across cores, bounded waits, released when their owner’s core dies', async () => {
  const [one, two] = [await born(1), await born(2)]
  expect(await two.ask({ type: 'lock', key: 'k' })).toBe('locked on core 2')
  expect(await two.ask({ type: 'lock', key: 'k', nested: true })).toBe('ERR_LOCK_HELD')
  one.tell({ type: 'hold', key: 'k' })
  await soon(async () => (await system.report())[0]?.directory.locks, 1)
  expect(await two.ask({ type: 'lock', key: 'k', waitMs: 10 })).toBe('ERR_LOCK_TIMEOUT')
  const waiting = two.ask({ type: 'lock', key: 'k', waitMs: 10_000 }, { timeoutMs: 10_000 })
  await soon(async () => (await system.report())[0]?.directory.locks, 2)
  system.killCore(1)
  expect(await waiting).toBe('locked on core 2')
  await soon(async () => (await system.report())[0]?.directory.locks, 0)
})

test('a registry of the other kind of keys is another one, whatever its name', async () => {
  const [one, two] = [await born(1), await born(2)]
  await one.ask({ type: 'register', key: 'k' })
  await two.ask({ type: 'addUnlike', key: 'k' })
  expect(await one.ask({ type: 'register', key: 'k' })).toBeUndefined()
  expect(await two.ask({ type: 'register', key: 'k' })).toBe('ERR_NAME_TAKEN')
  expect(await two.ask({ type: 'findUnlike', key: 'k' })).toEqual([[1], [2]])
})

test('a lock without work is refused, and not taken', async () => {
  const one = await born(1)
  expect(await one.ask({ type: 'idle', key: 'l' })).toBe('ERR_OPTION')
  expect(await (await born(2)).ask({ type: 'lock', key: 'l', waitMs: 0 })).toBe('locked on core 2')
})

test('what is no name is refused', () => {
  for (const make of [
    () => createRegistry(''),
    () => createRegistry('a', { keys: 'some' as never }),
    () => createRegistry('a', { kind: 'unique' } as never),
    () => createGroupScope(7 as never),
  ])
    expect(make).toThrow(expect.objectContaining({ code: 'ERR_OPTION' }) as Error)
})

test('a lock is an actor’s: without its context it is refused', async () => {
  const work = (): never => expect.fail('it is not begun')
  for (const wrong of [undefined, {}, system, { directory: null }])
    await expect(withLock(wrong as never, 'k', work)).rejects.toMatchObject({ code: 'ERR_OPTION', fields: { option: 'context' } })
})
