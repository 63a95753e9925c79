/** Bounds, deadlines and cancellation, over real HTTP: nothing is queued without end, nothing is drawn for nobody (R1.9, R2.2, R2.8). */
import { expect, test } from 'vitest'
import { nowMs } from '../src/clock.ts'
import { ask, bytesOf, deskState, serve, SLOW_TILES, until } from './service-under-test.ts'
import type { Service } from '../src/service.ts'

const [SLOW = ''] = SLOW_TILES

/** Pictures and fields in the cache of core 1. */
async function drawn(service: Service): Promise<number> {
  return (await service.tiles.caches[1]?.ask({ type: 'size' }))?.fields ?? 0
}

test('a closed request is not drawn: neither one that waits, nor one in hand', async () => {
  const service = await serve({ cores: 1 })
  const gone = SLOW_TILES.slice(0, 4).map((path) => {
    const controller = new AbortController()
    const answer = ask(service, path, { signal: controller.signal }).then(
      () => 'answered',
      () => 'aborted',
    )
    return { controller, answer }
  })
  await until(async () => {
    const { waiting, drawing } = await deskState(service)
    return waiting === 3 && drawing === 1
  })
  for (const { controller } of gone) controller.abort()
  expect(await Promise.all(gone.map(({ answer }) => answer))).toEqual(['aborted', 'aborted', 'aborted', 'aborted'])
  await until(async () => {
    const { withdrawn, waiting, drawing } = await deskState(service)
    return withdrawn === 4 && waiting === 0 && drawing === 0
  })
  await until(() => service.gateway.inFlight === 0)
  // The renderer is free at once: a quick tile does not wait for the slow ones.
  const response = await ask(service, '/tiles/mandelbrot/0/0/0.png', { headers: { 'x-deadline-ms': '30000' } })
  expect(response.status).toBe(200)
  await response.arrayBuffer()
  expect(await drawn(service)).toBe(1)
  const { dead } = service.tiles.system.books()
  expect([dead.late_reply, dead.no_such_actor]).toEqual([0, 0])
}, 60_000)

test('a tile that another one still waits for is drawn', async () => {
  const service = await serve({ cores: 1 })
  const controller = new AbortController()
  const left = ask(service, SLOW, { signal: controller.signal }).catch(() => 'aborted')
  const stays = ask(service, SLOW)
  await until(() => service.gateway.inFlight === 2)
  await until(async () => (await deskState(service)).drawing === 1)
  controller.abort()
  expect(await left).toBe('aborted')
  const response = await stays
  expect([response.status, response.headers.get('x-tile-source')]).toEqual([200, 'drawn'])
  await response.arrayBuffer()
  expect((await deskState(service)).withdrawn).toBe(0)
}, 60_000)

test('a deadline travels along: 504 when it has passed, and the work is not begun', async () => {
  const service = await serve({ cores: 1 })
  const gone = new AbortController()
  // More work than fits into the deadline, which is long enough to reach the queue of the desk on a busy machine.
  const slow = [...SLOW_TILES, ...SLOW_TILES.map((path) => path.replace('561589', '561590'))].map((path) =>
    ask(service, path, { signal: gone.signal }).catch(() => undefined),
  )
  await until(async () => {
    const { waiting, drawing } = await deskState(service)
    return waiting + drawing + (await drawn(service)) === slow.length
  })
  const startedMs = performance.now()
  const late = await ask(service, '/tiles/mandelbrot/1/0/0.png', { headers: { 'x-deadline-ms': '3000' } })
  expect(late.status).toBe(504)
  expect(await late.json()).toMatchObject({ status: 504, title: 'Gateway Timeout', detail: 'not drawn within 3000 ms' })
  expect(performance.now() - startedMs).toBeGreaterThanOrEqual(2999)
  // It was at the desk, and was not handed out, or withdrawn even before its turn came.
  await until(async () => {
    const { late: notHandedOut, withdrawn } = await deskState(service)
    return notHandedOut + withdrawn === 1
  })
  gone.abort()
  await Promise.all(slow)
  await until(async () => (await deskState(service)).drawing === 0)
  const again = await ask(service, '/tiles/mandelbrot/1/0/0.png')
  expect([again.status, again.headers.get('x-tile-source')]).toEqual([200, 'drawn'])
  await again.arrayBuffer()
}, 90_000)

test('a tile in hand whose deadline passes is left', async () => {
  const service = await serve({ cores: 1 })
  const late = await ask(service, SLOW, { headers: { 'x-deadline-ms': '100' } })
  expect(late.status).toBe(504)
  await late.arrayBuffer()
  await until(async () => (await deskState(service)).drawing === 0)
  expect(await drawn(service)).toBe(0)
})

test('a flood is refused with 503 and Retry-After, never queued, and leaves nothing behind', async () => {
  const service = await serve({ cores: 1, queuePerCore: 4 })
  let waitingMost = 0
  let isOver = false
  const watch = (async () => {
    while (!isOver) waitingMost = Math.max(waitingMost, (await deskState(service)).waiting)
  })()
  const answers = await Promise.all(
    Array.from({ length: 200 }, async (_, index) => {
      // Around the valley of the slow tiles: each takes far longer to draw than to ask for.
      const response = await ask(service, `/tiles/mandelbrot/9/${220 + (index % 20)}/${270 + Math.floor(index / 20)}.png`)
      const bytes = await bytesOf(response)
      return { status: response.status, retryAfter: response.headers.get('retry-after'), bytes: bytes.length }
    }),
  )
  isOver = true
  await watch
  const refused = answers.filter(({ status }) => status === 503)
  const served = answers.filter(({ status }) => status === 200)
  expect(refused.length + served.length).toBe(200)
  expect(served.length).toBeGreaterThanOrEqual(5) // one in hand, four in the queue
  expect(refused.length).toBeGreaterThan(100)
  expect(refused.every(({ retryAfter }) => retryAfter === '1')).toBe(true)
  expect(waitingMost).toBeLessThanOrEqual(4)
  expect(service.gateway.inFlight).toBe(0)
  const response = await ask(service, '/tiles/julia/0/0/0.png')
  expect(response.status).toBe(200)
  await response.arrayBuffer()
}, 60_000)

test('no more requests are under way than may be', async () => {
  const service = await serve({ cores: 1, inFlightMax: 2 })
  const open = SLOW_TILES.slice(0, 2).map((path) => ask(service, path))
  await until(() => service.gateway.inFlight === 2)
  const refused = await ask(service, '/tiles/mandelbrot/1/0/0.png')
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '1'])
  await refused.arrayBuffer()
  for (const response of await Promise.all(open)) {
    expect(response.status).toBe(200)
    await response.arrayBuffer()
  }
}, 60_000)

test('a region that cannot take more says so: its mailbox reaches HTTP', async () => {
  const service = await serve({ cores: 1, turnTimeoutMs: 60_000, inFlightMax: 100_000 })
  const first = await ask(service, '/tiles/mandelbrot/3/0/0.png')
  await first.arrayBuffer()
  // Its core does nothing for a while, so what is asked of the region stays in the ring, and then in nobody's memory.
  const region = await service.tiles.regions.lastUsed()
  for (const ref of service.tiles.renderers) ref.tell({ type: 'drill', kind: 'hang' })
  expect(region?.core).toBe(1)
  const statuses = new Map<number, number>()
  const gone = new AbortController()
  const asked: Promise<unknown>[] = []
  const flood = async (): Promise<void> => {
    for (let index = 0; !statuses.has(503); index += 1) {
      const palette = ['ocean', 'forest'][index % 2]
      asked.push(
        service.gateway
          .picture(
            { tile: { set: 'mandelbrot', z: 3, x: index % 8, y: (index >> 3) % 8 }, palette: palette as 'ocean' },
            nowMs() + 600_000,
            gone.signal,
          )
          .then(({ kind }) => statuses.set(kind === 'busy' ? 503 : 0, 1)),
      )
      if (index % 500 === 0) await new Promise((resolve) => setImmediate(resolve))
    }
  }
  await flood()
  expect(asked.length).toBeGreaterThan(500)
  const response = await ask(service, '/tiles/mandelbrot/3/1/1.png')
  expect([response.status, response.headers.get('retry-after')]).toEqual([503, '1'])
  await response.arrayBuffer()
  gone.abort()
  service.tiles.system.killCore(1) // and all of it goes on
  await Promise.all(asked)
  await until(async () => {
    const after = await ask(service, '/tiles/mandelbrot/3/1/1.png')
    await after.arrayBuffer()
    return after.status === 200
  })
}, 60_000)
