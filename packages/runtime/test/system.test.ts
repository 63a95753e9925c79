/** A system as a whole: isolation, the control plane, parking when idle, and size. */
import { channel } from 'node:diagnostics_channel'
import { createSystem } from '@cambium/runtime'
import type { SystemPlatform } from '@cambium/runtime'
import { BELL_PARKED } from '@cambium/ring'
import { attachSystemMemory } from '@cambium/scheduler'
import { expect, it, onTestFinished, vi } from 'vitest'
import { createWorkerPlatform } from '../src/worker-platform.ts'
import { counter } from './fixtures/counter.ts'
import { collect, expectActors, failureOf, next, settled, start, startWithSpare } from './harness.ts'

it('two systems in one process know nothing of each other', async () => {
  const [one, two] = await Promise.all([startWithSpare({ cores: 1 }), startWithSpare({ cores: 1 })])
  const ada = await one.spawn(counter, 1, { core: 1, name: 'ada' })
  const other = await two.spawn(counter, 2, { core: 1, name: 'ada' })
  expect(one.whereis('ada')?.equals(ada)).toBe(true)
  const restarted = next(one, 'core_restarted')
  one.killCore(1)
  expect(await other.ask({ type: 'where' })).toMatchObject({ incarnation: 0 })
  await restarted
  await settled(one)
  expect(two.books().deadTotal).toBe(0)
  await one.shutdown()
  expect(await other.ask({ type: 'read' })).toEqual({ type: 'value', value: 2 })
  expect(two.whereis('ada')?.equals(other)).toBe(true)
})

it('report looks into each core, load imports a module ahead of its use', async () => {
  const system = await start({ cores: 2 })
  const url = new URL('./fixtures/counter.ts', import.meta.url)
  await system.load(url)
  const ref = await system.spawn(counter, 0, { core: 2 })
  await ref.ask({ type: 'read' })
  const report = await system.report()
  expect(
    report.map(({ core, actors, asks, waiting, asyncInFlight, runnable }) => ({
      core,
      actors,
      asks,
      waiting,
      asyncInFlight,
      runnable,
    })),
  ).toEqual([0, 1, 2].map((core) => ({ core, actors: core === 2 ? 1 : 0, asks: 0, waiting: 0, asyncInFlight: 0, runnable: 0 })))
  for (const { behaviours } of report.slice(1)) expect(behaviours).toContain(`${url.href}#counter`)
  expect(report[2]?.books).toMatchObject({ taken: 1, processed: 1, put: 1, queued: 0 })
  expect(system.booksOf(2)).toEqual(report[2]?.books)
})

it('load meets a core that is being replaced: its successor loads, in whatever moment', async () => {
  const system = await startWithSpare({ cores: 2 })
  const url = new URL('./fixtures/counter.ts', import.meta.url)
  const knowing = async (): Promise<boolean[]> =>
    (await system.report()).slice(1).map(({ behaviours }) => behaviours.includes(`${url.href}#counter`))

  const restarted = next(system, 'core_restarted')
  system.killCore(1)
  await system.load(url) // its thread is ending
  await restarted
  expect(await knowing()).toEqual([true, true])

  const lost = next(system, 'core_lost')
  const again = next(system, 'core_restarted')
  system.killCore(2)
  await lost
  await system.load(url) // the successor is starting
  await again
  expect(await knowing()).toEqual([true, true])
})

it('load of a module that ends its thread: ERR_CORE_LOST, after one more try', async () => {
  const system = await startWithSpare({ cores: 1 })
  const deaths = collect(system, 'core_lost')
  const url = new URL('./fixtures/exiting-module.ts', import.meta.url)
  expect(await failureOf(system.load(url))).toMatchObject({ code: 'ERR_CORE_LOST' })
  expect(deaths).toHaveLength(2)
  expect(await (await system.spawn(counter, 1)).ask({ type: 'read' })).toEqual({ type: 'value', value: 1 })
})

it('load during and after the shutdown: ERR_SYSTEM_CLOSED', async () => {
  const system = await start({ cores: 1 })
  const url = new URL('./fixtures/counter.ts', import.meta.url)
  const ending = system.shutdown()
  expect(await failureOf(system.load(url))).toMatchObject({ code: 'ERR_SYSTEM_CLOSED' })
  await ending
  expect(await failureOf(system.load(url))).toMatchObject({ code: 'ERR_SYSTEM_CLOSED' })
})

it('load of a module that cannot be loaded: ERR_MODULE_LOAD', async () => {
  const system = await start()
  for (const [name, cause] of [
    ['broken-module.ts', 'module threw on purpose'],
    ['no-such-module.ts', 'Cannot find module'],
  ] as const) {
    const module = new URL(`./fixtures/${name}`, import.meta.url).href
    const error = await failureOf(system.load(module))
    expect(error).toMatchObject({ code: 'ERR_MODULE_LOAD', fields: { module } })
    expect(error.message).toContain(`module cannot be loaded: module=${module}, cause=${cause}`)
  }
  expect(await (await system.spawn(counter, 1)).ask({ type: 'read' })).toEqual({ type: 'value', value: 1 })
})

it('tells telemetry what it tells its listeners', async () => {
  const seen: unknown[] = []
  const listen = (message: unknown): void => {
    seen.push(message)
  }
  channel('cambium:system').subscribe(listen)
  onTestFinished(() => {
    channel('cambium:system').unsubscribe(listen)
  })
  const system = await startWithSpare()
  const restarted = next(system, 'core_restarted')
  system.killCore(1)
  await restarted
  const ofCores = seen.filter((each) => !(each as { event: string }).event.startsWith('spare_'))
  expect(ofCores).toMatchObject([
    { system: expect.stringMatching(/^system-\d+$/), event: 'core_lost', detail: { core: 1 } },
    { event: 'core_restarted', detail: { core: 1 } },
  ])
})

it('an idle system is parked on all its cores, before its first message and after it', async () => {
  const real = createWorkerPlatform()
  let shared: SharedArrayBuffer | undefined
  const platform: SystemPlatform = {
    ...real,
    allocate(bytes) {
      shared = real.allocate(bytes)
      return shared
    },
  }
  const system = await createSystem(platform, { cores: 2 })
  onTestFinished(async () => {
    await system.shutdown()
  })
  const { blocks } = attachSystemMemory(shared as SharedArrayBuffer)
  const allParked = () =>
    vi.waitFor(
      () => {
        expect(blocks.map(({ bell }) => Atomics.load(bell, 0))).toEqual([BELL_PARKED, BELL_PARKED, BELL_PARKED])
      },
      { timeout: 5000, interval: 5 },
    )
  await allParked()
  const ref = await system.spawn(counter, 0, { core: 1 })
  expect(await ref.ask({ type: 'read' })).toEqual({ type: 'value', value: 0 })
  await allParked()
})

it('100,000 actors on two cores start, answer and stop (R3.8)', async () => {
  const system = await start({ cores: 2, shutdownTimeoutMs: 60_000 })
  const count = 100_000
  const refs = await Promise.all(Array.from({ length: count }, (_, i) => system.spawn(counter, i)))
  const replies = await Promise.all(refs.map((ref) => ref.ask({ type: 'read' }, { timeoutMs: 30_000 })))
  expect(replies.every((reply, i) => reply.value === i)).toBe(true)
  await expectActors(system, [0, count / 2, count / 2])
  for (const reason of await Promise.all(refs.map((ref) => system.stop(ref)))) expect(reason.kind).toBe('shutdown')
  await expectActors(system, [0, 0, 0])
  await settled(system)
}, 60_000)
