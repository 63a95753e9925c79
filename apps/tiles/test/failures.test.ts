/** The four failures under load: who asks for tiles meanwhile gets them (R3.1, R3.3). The bound for failed requests is 0: they wait, then they are served. */
import { once } from 'node:events'
import { describe, expect, onTestFinished, test } from 'vitest'
import { ask, bytesOf, serve, until } from './service-under-test.ts'
import { checksumOf, plainChecksum } from './plain-renderer.ts'
import type { Service } from '../src/service.ts'

const CLIENTS = 4
const PRESSES = 2

interface Load {
  readonly statuses: Map<number, number>
  readonly longestMs: () => number
  stop(): Promise<void>
}

/** Clients that ask for tile after tile, none twice. */
function startLoad(service: Service): Load {
  const statuses = new Map<number, number>()
  let next = 0
  let longestMs = 0
  let isOver = false
  const client = async (): Promise<void> => {
    while (!isOver) {
      const index = next
      next += 1
      const askedMs = performance.now()
      const response = await ask(service, `/tiles/julia/8/${60 + (index % 128)}/${100 + (Math.floor(index / 128) % 50)}.png`)
      await response.arrayBuffer()
      longestMs = Math.max(longestMs, performance.now() - askedMs)
      statuses.set(response.status, (statuses.get(response.status) ?? 0) + 1)
    }
  }
  const clients = Array.from({ length: CLIENTS }, client)
  const stop = async (): Promise<void> => {
    isOver = true
    await Promise.all(clients)
  }
  onTestFinished(stop)
  return { statuses, longestMs: () => longestMs, stop }
}

async function press(service: Service, drill: string): Promise<{ readonly core: number; readonly target: string }> {
  const response = await ask(service, `/drill/${drill}`, { method: 'POST' })
  expect(response.status).toBe(202)
  return (await response.json()) as { core: number; target: string }
}

async function expectServed(service: Service, load: Load): Promise<void> {
  const before = load.statuses.get(200) ?? 0
  await until(() => (load.statuses.get(200) ?? 0) > before + 20) // it goes on as before
  await load.stop()
  expect([...load.statuses.keys()]).toEqual([200])
  const response = await ask(service, '/tiles/mandelbrot/4/4/7.png')
  expect(checksumOf(await bytesOf(response))).toBe(plainChecksum('mandelbrot', 4, 4, 7, 'ember'))
}

test('an actor throws: its supervisor starts it again, and nobody sees more than a delay', async () => {
  const service = await serve()
  const load = startLoad(service)
  await until(() => (load.statuses.get(200) ?? 0) > 10)
  const targets: string[] = []
  for (let i = 0; i < 2 * PRESSES; i += 1) {
    const restarted = once(service.tiles.system.events, 'actor_restarted')
    targets.push((await press(service, 'throw')).target)
    await restarted
  }
  expect(new Set(targets.map((target) => target.split(' ')[1]))).toEqual(new Set(['renderer', 'region']))
  await expectServed(service, load)
  const kinds = service.signs.events.map(({ kind }) => kind)
  expect(kinds.filter((kind) => kind === 'crash')).toHaveLength(2 * PRESSES)
  expect(kinds.filter((kind) => kind === 'restart')).toHaveLength(2 * PRESSES)
  expect(service.signs.core(1).deaths + service.signs.core(2).deaths).toBe(0)
}, 120_000)

describe('a core is lost, and succeeded; nobody sees more than a delay', () => {
  test.each([
    { drill: 'kill', code: 'ERR_CORE_KILLED' },
    { drill: 'hang', code: 'ERR_CORE_STUCK' },
    { drill: 'heap', code: 'ERR_CORE_OUT_OF_MEMORY' },
  ])(
    '$drill',
    async ({ drill, code }) => {
      // What is told apart is what ends the core first: a heap that fills up makes a slow machine hang as well.
      const service = await serve({ turnTimeoutMs: drill === 'hang' ? 1000 : 60_000 })
      const { events } = service.tiles.system
      const load = startLoad(service)
      await until(() => (load.statuses.get(200) ?? 0) > 10)
      for (let i = 0; i < PRESSES; i += 1) {
        const lost = once(events, 'core_lost')
        const restarted = once(events, 'core_restarted')
        const { core } = await press(service, drill)
        const [loss] = await lost
        expect([loss.core, loss.error.code]).toEqual([core, code])
        expect(loss.actors).toBeGreaterThanOrEqual(2)
        await restarted
      }
      await expectServed(service, load)
      // What one failure cost is less than what a client waits for anyway.
      expect(load.longestMs()).toBeLessThan(60_000)
      // Where a hang is a second long, a machine that is busy enough looks hung now and then.
      const deaths = service.signs.core(1).deaths + service.signs.core(2).deaths
      expect(drill === 'hang' ? Math.min(deaths, PRESSES) : deaths).toBe(PRESSES)
    },
    180_000,
  )
})

test('all cores die at once: requests wait until one is back', async () => {
  const service = await serve({ cores: 1 })
  const load = startLoad(service)
  await until(() => (load.statuses.get(200) ?? 0) > 10)
  const restarted = once(service.tiles.system.events, 'core_restarted')
  await press(service, 'kill')
  await restarted
  await expectServed(service, load)
}, 120_000)

test('drills: only known ones, only for this very page, and only where they are allowed', async () => {
  const service = await serve({ cores: 1 })
  const unknown = await ask(service, '/drill/nuke', { method: 'POST' })
  expect([unknown.status, await unknown.json()]).toMatchObject([
    404,
    { detail: 'no such drill: expected throw, hang, heap, kill' },
  ])
  for (const origin of ['https://elsewhere.example', 'null', 'http://127.0.0.1:1']) {
    const foreign = await ask(service, '/drill/kill', { method: 'POST', headers: { origin } })
    expect(foreign.status).toBe(403)
    await foreign.arrayBuffer()
  }
  const own = await ask(service, '/drill/kill', { method: 'POST', headers: { origin: service.address } })
  expect(own.status).toBe(202)
  await own.arrayBuffer()

  const sober = await serve({ cores: 1, drills: false })
  const refused = await ask(sober, '/drill/kill', { method: 'POST' })
  expect(refused.status).toBe(404)
  await refused.arrayBuffer()
}, 60_000)
