/** The live stream: server-sent events with what the strip shows. */
import { expect, test } from 'vitest'
import type { Snapshot } from '../src/snapshot.ts'
import { ask, serve, until } from './service-under-test.ts'
import type { Service } from '../src/service.ts'

/** Snapshots as they come. */
async function* listen(service: Service): AsyncGenerator<Snapshot> {
  const response = await ask(service, '/live')
  expect([response.status, response.headers.get('content-type')]).toEqual([200, 'text/event-stream'])
  let text = ''
  const decoder = new TextDecoder()
  for await (const chunk of response.body as ReadableStream<Uint8Array>) {
    text += decoder.decode(chunk, { stream: true })
    for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
      const event = text.slice(0, end)
      text = text.slice(end + 2)
      if (event.startsWith('data: ')) yield JSON.parse(event.slice(6)) as Snapshot
    }
  }
}

test('tells of cores, queues, rates, and of what failed and came back', async () => {
  const service = await serve({ cores: 2 })
  const live = listen(service)
  const { value: first } = (await live.next()) as { value: Snapshot }
  expect(first.cores).toMatchObject([
    { core: 1, isUp: true, deaths: 0 },
    { core: 2, isUp: true, deaths: 0 },
  ])
  expect(first).toMatchObject({ pool: { waiting: 0, capacity: 64 }, inFlight: 0, drills: true, events: [] })
  for (let x = 0; x < 4; x += 1) await (await ask(service, `/tiles/mandelbrot/2/${x}/1.png`)).arrayBuffer()
  await (await ask(service, '/drill/kill', { method: 'POST' })).arrayBuffer()
  let last = first
  for await (const snapshot of live) {
    last = snapshot
    if (snapshot.events.some(({ kind }) => kind === 'core back')) break
  }
  expect(last.events.map(({ kind }) => kind)).toEqual(['drill', 'core lost', 'core back'])
  expect(last.cores.reduce((sum, { deaths }) => sum + deaths, 0)).toBe(1)
  expect(last.answers['200']).toBe(4)
  expect(last.tilesDrawnPerSecond).toBeGreaterThan(0)
  expect(last.p99Ms).toBeGreaterThanOrEqual(last.p50Ms)
})

test('has a bounded number of listeners, and lets go of those who leave', async () => {
  const service = await serve({ cores: 1 })
  const gone = new AbortController()
  const open = await Promise.all(Array.from({ length: 64 }, () => ask(service, '/live', { signal: gone.signal })))
  expect(open.every(({ status }) => status === 200)).toBe(true)
  const refused = await ask(service, '/live')
  expect(refused.status).toBe(503)
  await refused.arrayBuffer()
  gone.abort()
  await until(async () => {
    const controller = new AbortController()
    const { status } = await ask(service, '/live', { signal: controller.signal })
    controller.abort()
    return status === 200
  })
})
