/** Applications on real threads: a whole life, the death of cores, and how the process learns of an end (C-52). */
import { once } from 'node:events'
import type { Ref } from '@cambium/actor'
import { child, startSystem } from '@cambium/runtime'
import type { System } from '@cambium/runtime'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { applicationOf, childRef, defineApplication, setting, stopApplications, whichApplications } from '../src/index.ts'
import { linesOf, log, tree } from './fixtures/family.ts'
import type { LogMessage, MemberMessage, Offspring } from './fixtures/family.ts'
import { startApplications, watchApplications } from './fixtures/started-applications.ts'

let system: System
let expectNothingLeft: () => Promise<void>
let logRef: Ref<LogMessage, readonly string[]>
beforeEach(async () => {
  system = await startSystem({ cores: 2, handleSignals: false })
  expectNothingLeft = await watchApplications(system)
  logRef = await system.spawn(log, undefined, { core: 0 })
})
afterEach(async () => {
  await expectNothingLeft()
  const { books } = await system.shutdown()
  expect(books.sent).toBe(books.processed + books.deadTotal)
})

const events: string[] = []
const application = (name: string, children: readonly Offspring[], dependencies: readonly string[] = [], intensity = 3) =>
  defineApplication(import.meta.url, name, {
    dependencies,
    config: { intensity: setting.integer({ default: intensity }) },
    tree: ({ config }) => child(tree, { log: logRef, intensity: config.intensity, children }, { core: 1 }),
    start: () => events.push(`start ${name}`),
    prepStop: () => {
      events.push(`prepStop ${name}`)
    },
    stop: () => {
      events.push(`stop ${name}`)
    },
  })
const store = application('store', [
  { id: 'rows', core: 1 },
  { id: 'index', core: 2 },
])
const web = application('web', [{ id: 'pages', core: 2 }], ['store'])

const memberOf = async (of: typeof store, id: string) =>
  (await childRef<MemberMessage, number>(applicationOf(system, of).supervisor, id)) as Ref<MemberMessage, number>

test('C-52 start follows dependencies, stop is the reverse, and nothing is left', async () => {
  events.length = 0
  const before = (await system.report()).map(({ actors }) => actors)
  expect(await startApplications(system, [web, store], { type: 'permanent', env: {} })).toEqual(['store', 'web'])
  expect(await (await memberOf(web, 'pages')).ask('where')).toBe(2)
  await stopApplications(system, [web, store])
  expect(events).toEqual(['start store', 'start web', 'prepStop web', 'stop web', 'prepStop store', 'stop store'])
  expect((await system.report()).map(({ actors }) => actors)).toEqual(before)
  // What a child tells as it stops and the news of its end go to core 0 on different ways.
  const expected = ['rows', 'index', 'pages'].flatMap((id) => [`start ${id}`, `stop ${id}`])
  await vi.waitFor(
    async () => {
      expect(await linesOf(logRef)).toEqual(expect.arrayContaining(expected))
    },
    { timeout: 10_000 },
  )
})

test('R3.3 a core dies under permanent applications: they run on, behind the same refs', async () => {
  await startApplications(system, [web, store], { type: 'permanent', env: {} })
  const [rows, pages] = [await memberOf(store, 'rows'), await memberOf(web, 'pages')]
  for (const core of [1, 2]) {
    const restarted = once(system.events, 'core_restarted')
    system.killCore(core)
    await restarted
    for (const each of [rows, pages]) expect(await each.ask('count', { timeoutMs: 20_000 })).toBe(0)
  }
  expect(whichApplications(system).map(({ name, status, type }) => [name, status, type])).toEqual([
    ['store', 'running', 'permanent'],
    ['web', 'running', 'permanent'],
  ])
})

test('C-52 R3.4 a permanent one that fails ends the system, and the rest of them in order', async () => {
  const fragile = application('fragile', [{ id: 'glass', core: 2 }], [], 0)
  await startApplications(system, [web, store], { env: {} })
  await startApplications(system, [fragile], { type: 'permanent', env: {} })
  events.length = 0
  const glass = await childRef<MemberMessage, number>(applicationOf(system, fragile).supervisor, 'glass')
  glass?.tell('crash')
  expect(await system.terminated).toMatchObject({ reason: 'failed', error: { code: 'ERR_APPLICATION_ENDED' } })
  expect(events).toEqual(['stop fragile', 'prepStop web', 'stop web', 'prepStop store', 'stop store'])
})

test('a temporary one that fails is told of, and the system goes on', async () => {
  const fragile = application('fragile', [{ id: 'glass', core: 2 }], [], 0)
  await startApplications(system, [fragile, store], { env: {} })
  const ended = once(system.events, 'application_ended')
  const glass = await childRef<MemberMessage, number>(applicationOf(system, fragile).supervisor, 'glass')
  glass?.tell('crash')
  expect((await ended)[0]).toMatchObject({ name: 'fragile', isAsked: false, reason: { kind: 'shutdown' } })
  expect(await (await memberOf(store, 'rows')).ask('count')).toBe(0)
  expect(await startApplications(system, [fragile], { env: {} })).toEqual(['fragile']) // after what is left of it has stopped
})
