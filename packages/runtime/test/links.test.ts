/** Links and monitors between actors on real threads, and from outside actors. */
import type { Ref } from '@cambium/actor'
import type { System } from '@cambium/runtime'
import { expect, it, vi } from 'vitest'
import { kin, scribe } from './fixtures/kin.ts'
import type { KinMessage } from './fixtures/kin.ts'
import { failureOf, next, start, startWithSpare } from './harness.ts'

type Kin = Ref<KinMessage, string>

async function family(
  system: System,
): Promise<{ recorder: Ref<string, readonly string[]>; born: (name: string, core: number, traps?: boolean) => Promise<Kin> }> {
  const recorder = await system.spawn(scribe, undefined, { core: 0 })
  return {
    recorder,
    born: (name, core, traps = false) => system.spawn(kin, { name, traps, recorder }, { core, restart: 'temporary' }),
  }
}

const bonds = async (system: System): Promise<number> => (await system.report()).reduce((sum, core) => sum + core.bonds, 0)
const noBonds = (system: System): Promise<void> => vi.waitFor(async () => expect(await bonds(system)).toBe(0))
const lines = (recorder: Ref<string, readonly string[]>, expected: readonly string[]): Promise<void> =>
  vi.waitFor(async () => expect((await recorder.ask('')).toSorted((a, b) => a.localeCompare(b))).toEqual(expected))

it('an actor on another core, on the main thread, and code outside are told of a crash', async () => {
  const system = await start({ cores: 2 })
  const { recorder, born } = await family(system)
  const victim = await born('victim', 1)
  const near = await born('near', 1, true)
  const far = await born('far', 2)
  const main = await born('main', 0)
  await near.ask({ type: 'link', to: victim })
  await far.ask({ type: 'monitor', to: victim })
  await main.ask({ type: 'monitor', to: victim })
  const outside = system.monitor(victim)
  await expect(victim.ask({ type: 'crash' })).rejects.toMatchObject({ code: 'ERR_ACTOR_CRASHED' })
  expect(await outside).toMatchObject({ kind: 'crash', error: { message: 'boom' } })
  await lines(recorder, ['far down crash: Error: boom', 'main down crash: Error: boom', 'near exit crash: Error: boom'])
  expect(await system.monitor(victim)).toEqual({ kind: 'noproc' })
  await noBonds(system)
})

it('the death of a core reaches all who were bound to its actors, and ends those that were linked', async () => {
  const system = await startWithSpare({ cores: 2 })
  const { recorder, born } = await family(system)
  const victims = await Promise.all(Array.from({ length: 20 }, (_, i) => born(`victim-${i}`, 1)))
  const watcher = await born('watcher', 2)
  const linked = await born('linked', 2)
  for (const victim of victims) await watcher.ask({ type: 'monitor', to: victim })
  await victims[0]?.ask({ type: 'link', to: linked })
  const end = system.monitor(linked)
  const up = next(system, 'core_restarted')
  system.killCore(1)
  expect(await end).toMatchObject({ kind: 'core_lost', error: { code: 'ERR_CORE_KILLED' } })
  await up
  await vi.waitFor(async () => expect((await recorder.ask('')).length).toBe(20))
  for (const line of await recorder.ask('')) expect(line).toMatch(/^watcher down core_lost: .*killed on request/)
  await noBonds(system)
})

it('from outside: it can be given up, and ends with the system', async () => {
  const system = await start({ cores: 1 })
  const { born } = await family(system)
  const ref = await born('watched', 1)
  const controller = new AbortController()
  const aborted = failureOf(system.monitor(ref, { signal: controller.signal }))
  expect((await system.report())[0]?.bonds).toBe(1)
  controller.abort(new Error('enough'))
  expect(await aborted).toMatchObject({ message: 'enough' })
  await noBonds(system)
  expect(await failureOf(system.monitor(ref, { signal: controller.signal }))).toMatchObject({ message: 'enough' })
  expect(await failureOf(system.monitor('ref' as never))).toMatchObject({ code: 'ERR_OPTION' })
  expect(await failureOf(system.monitor(ref, { signl: 1 } as never))).toMatchObject({ code: 'ERR_OPTION' })
  const stranger = await (await start({ cores: 1 })).spawn(scribe, undefined)
  expect(await failureOf(system.monitor(stranger))).toMatchObject({ code: 'ERR_FOREIGN_REF' })
  const end = system.monitor(ref)
  await system.shutdown()
  expect(await end).toEqual({ kind: 'shutdown' })
  expect(await failureOf(system.monitor(ref))).toMatchObject({ code: 'ERR_SYSTEM_CLOSED' })
})

it('a supervised actor that was killed by an exit signal is restarted, and its monitors are over', async () => {
  const system = await start({ cores: 2 })
  const { recorder, born } = await family(system)
  const victim = await system.spawn(kin, { name: 'victim', traps: true, recorder }, { core: 1 })
  const killer = await born('killer', 2)
  await killer.ask({ type: 'monitor', to: victim })
  const restarted = next(system, 'actor_restarted')
  await killer.ask({ type: 'kill', to: victim })
  await restarted
  expect(await victim.ask({ type: 'sync' })).toBe('done')
  await lines(recorder, ['killer down killed'])
  await noBonds(system)
})
