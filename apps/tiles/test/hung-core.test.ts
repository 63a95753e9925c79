/** While the only core hangs: deadlines are kept, places are given back, and the service says that it cannot draw (R1.9, R3.3). */
import { EventEmitter } from 'node:events'
import { CambiumError, startSystem } from 'cambium'
import type { Ref, System } from 'cambium'
import { expect, onTestFinished, test } from 'vitest'
import { desk } from '../src/desk.ts'
import type { RendererMessage } from '../src/protocol.ts'
import { whatHinders } from '../src/readiness.ts'
import type { Service } from '../src/service.ts'
import { VitalSigns } from '../src/vital-signs.ts'
import { recorder } from './recorder.ts'
import { ask, serve, until } from './service-under-test.ts'

/** Longer than the test: nobody ends the hang but the test itself. */
const TURN_TIMEOUT_MS = 600_000
const SILENT_MS = 250
const PATIENCE = { 'x-deadline-ms': '500' }

/** One order for each core: a second one would wait for the successor. Resolves when the core is silent. */
async function hang({ tiles }: Service, core: number): Promise<void> {
  tiles.renderers.find((ref) => ref.core === core)?.tell({ type: 'drill', kind: 'hang' })
  const cache = tiles.caches[core]
  await until(async () => {
    const size = await cache?.ask({ type: 'size' }, { timeoutMs: SILENT_MS }).catch(() => undefined)
    return size === undefined
  })
}

function deaths({ signs, tiles }: Service): number {
  return Array.from({ length: tiles.system.cores }, (_, index) => signs.core(index + 1).deaths).reduce((a, b) => a + b)
}

/** And from then on all is well. */
async function killAll(service: Service): Promise<void> {
  const { system } = service.tiles
  for (let core = 1; core <= system.cores; core += 1) system.killCore(core)
  await until(async () => {
    const response = await ask(service, '/tiles/julia/3/3/3.png')
    await response.arrayBuffer()
    return response.status === 200
  })
}

test('a deadline is kept by a tile whose region runs there, and by one whose region cannot even start', async () => {
  const service = await serve({ cores: 1, turnTimeoutMs: TURN_TIMEOUT_MS })
  await (await ask(service, '/tiles/julia/3/2/2.png')).arrayBuffer()
  await hang(service, 1)
  const answers = await Promise.all(
    ['/tiles/julia/3/3/3.png', '/tiles/tricorn/3/2/2.png', '/tiles/tricorn/3/2/3.png'].map((path) =>
      ask(service, path, { headers: PATIENCE }),
    ),
  )
  for (const answer of answers) expect([answer.status, (await answer.json()) as unknown]).toMatchObject([504, { detail: 'not drawn within 500 ms' }]) // prettier-ignore
  expect([service.gateway.inFlight, deaths(service)]).toEqual([0, 0]) // so it hangs as before
  await killAll(service)
}, 60_000)

test('a client that goes away while its region cannot start gives its place back', async () => {
  const service = await serve({ cores: 1, turnTimeoutMs: TURN_TIMEOUT_MS, inFlightMax: 1 })
  await hang(service, 1)
  const gone = new AbortController()
  const left = ask(service, '/tiles/tricorn/3/2/2.png', { signal: gone.signal }).catch(() => 'aborted')
  await until(() => service.gateway.inFlight === 1)
  gone.abort()
  expect(await left).toBe('aborted')
  await until(() => service.gateway.inFlight === 0)
  const next = await ask(service, '/tiles/tricorn/3/2/2.png', { headers: PATIENCE })
  expect([next.status, deaths(service)]).toEqual([504, 0])
  await next.arrayBuffer()
  await killAll(service)
}, 60_000)

test('all cores hang: not ready, though alive; ready again when they are back', async () => {
  const service = await serve({ cores: 2, turnTimeoutMs: TURN_TIMEOUT_MS })
  const ready = async (): Promise<number> => {
    const response = await ask(service, '/readyz')
    await response.arrayBuffer()
    return response.status
  }
  expect(await ready()).toBe(200)
  await hang(service, 1)
  expect(await ready()).toBe(200)
  await hang(service, 2)
  await until(async () => (await ready()) === 503)
  const health = await ask(service, '/healthz')
  expect([health.status, deaths(service)]).toEqual([200, 0])
  await health.arrayBuffer()
  await killAll(service)
  await until(async () => (await ready()) === 200)
}, 60_000)

test('ready is one renderer on a core that is up', async () => {
  const system = await startSystem({ cores: 0, handleSignals: false })
  onTestFinished(async () => {
    await system.shutdown()
  })
  const front = await system.spawn(desk, { capacity: 1 })
  const ref = (await system.spawn(recorder, undefined)) as unknown as Ref<RendererMessage>
  const events = new EventEmitter()
  const signs = new VitalSigns({ cores: 2, events } as unknown as System)
  const lose = (core: number): boolean => events.emit('core_lost', { core, error: new CambiumError('ERR_CORE_KILLED', ''), actors: 1 }) // prettier-ignore
  const hinders = (): Promise<string | undefined> => whatHinders(front, signs)

  expect(await hinders()).toBe('nobody is there to draw') // nobody has announced himself
  for (const core of [1, 2]) front.tell({ type: 'ready', renderer: core, core, session: 1, ref, taken: 0, isDrawing: false })
  expect(await hinders()).toBeUndefined()
  lose(1)
  expect(await hinders()).toBeUndefined()
  lose(2)
  expect(await hinders()).toBe('nobody is there to draw')
  events.emit('core_restarted', { core: 1, tookMs: 1 })
  expect(await hinders()).toBeUndefined()
})
