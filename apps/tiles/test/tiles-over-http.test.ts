/** Tiles over real HTTP: right pixels, right headers, clear answers to what is wrong. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ask, bytesOf, serve, startShared } from './service-under-test.ts'
import { checksumOf, plainChecksum } from './plain-renderer.ts'
import type { Service } from '../src/service.ts'

interface Problem {
  readonly type: string
  readonly title: string
  readonly status: number
  readonly detail: string
}

test('tiles have the pixels of the plain renderer, drawn, recoloured and from the cache', async () => {
  const own = await serve({ frontBytesMax: 0 })
  const seen: (string | null)[] = []
  for (const [set, z, x, y, palette] of [
    ['mandelbrot', 0, 0, 0, 'ember'],
    ['julia', 2, 1, 2, 'ocean'],
    ['burning-ship', 3, 2, 4, 'forest'],
    ['tricorn', 3, 2, 1, 'violet'],
    ['multibrot', 3, 2, 1, 'slate'],
    ['mandelbrot', 0, 0, 0, 'slate'],
    ['mandelbrot', 0, 0, 0, 'slate'],
  ] as const) {
    const response = await ask(own, `/tiles/${set}/${z}/${x}/${y}.png?palette=${palette}`)
    expect([response.status, response.headers.get('content-type')]).toEqual([200, 'image/png'])
    expect(['1', '2']).toContain(response.headers.get('x-tile-core'))
    seen.push(response.headers.get('x-tile-source'))
    expect(checksumOf(await bytesOf(response))).toBe(plainChecksum(set, z, x, y, palette))
  }
  expect(seen).toEqual(['drawn', 'drawn', 'drawn', 'drawn', 'drawn', 'recoloured', 'cache'])
})

test('who asks for the same tile at the same time gets one drawing, each in his colours', async () => {
  const own = await serve({ cores: 1 })
  const palettes = ['ember', 'ocean', 'ember', 'slate', 'ocean', 'ember']
  const responses = await Promise.all(palettes.map((palette) => ask(own, `/tiles/mandelbrot/5/7/13.png?palette=${palette}`)))
  const sums = await Promise.all(responses.map(async (response) => checksumOf(await bytesOf(response))))
  const expected = new Map(
    [...new Set(palettes)].map((palette) => [palette, plainChecksum('mandelbrot', 5, 7, 13, palette as 'ember')]),
  )
  expect(sums).toEqual(palettes.map((palette) => expected.get(palette)))
  const size = await own.tiles.caches[1]?.ask({ type: 'size' })
  expect(size).toMatchObject({ fields: 1, pictures: 3 })
})

test.each([0, 32 * 1024 * 1024])(
  'a tile from a cache is of the core that drew it (%i bytes at the front)',
  async (frontBytesMax) => {
    const own = await serve({ frontBytesMax })
    const coreOf = async (index: number, source: string): Promise<string | null> => {
      const response = await ask(own, `/tiles/mandelbrot/9/${176 + (index % 8)}/${192 + Math.floor(index / 8)}.png`)
      await response.arrayBuffer()
      expect([response.status, response.headers.get('x-tile-source')]).toEqual([200, source])
      return response.headers.get('x-tile-core')
    }
    const look = (source: string): Promise<(string | null)[]> =>
      Promise.all(Array.from({ length: 16 }, (_, index) => coreOf(index, source)))
    const drawers = await look('drawn') // all of one region, which lives on one core
    expect(new Set(drawers)).toEqual(new Set(['1', '2']))
    expect(await look('cache')).toEqual(drawers)
  },
)

test('a tile that is known is not sent again, whoever drew it and whether or not it is in a cache', async () => {
  const own = await serve({ cores: 1 })
  const path = '/tiles/mandelbrot/3/2/3.png'
  const first = await ask(own, path)
  const tag = first.headers.get('etag') ?? ''
  expect(first.headers.get('cache-control')).toBe('public, max-age=3600')
  await first.arrayBuffer()
  for (const ifNoneMatch of [tag, `W/${tag}`, `"other", ${tag}`, '*']) {
    const response = await ask(own, path, { headers: { 'if-none-match': ifNoneMatch } })
    expect([response.status, response.headers.get('etag'), (await bytesOf(response)).length]).toEqual([304, tag, 0])
  }
  const changed = await ask(own, path, { headers: { 'if-none-match': '"0/mandelbrot/3/2/3/ember"' } })
  expect(changed.status).toBe(200)
  await changed.arrayBuffer()
  const never = await ask(own, '/tiles/mandelbrot/3/2/4.png', { headers: { 'if-none-match': tag.replace('3/2/3', '3/2/4') } })
  expect(never.status).toBe(304)
})

let service: Service

beforeAll(async () => {
  service = await startShared({ cores: 1, deadlineMsMax: 10_000 })
})
afterAll(() => service.stop())

describe('what is wrong is told as a problem', () => {
  test.each([
    [404, '/tiles/nothing/0/0/0.png', 'no such set'],
    [404, '/tiles/mandelbrot/0/0/1.png', 'outside the world'],
    [404, '/tiles/mandelbrot/45/0/0.png', 'too deep for doubles'],
    [404, '/tiles/mandelbrot/0/0/0.jpg', 'tiles are /tiles/:set/:z/:x/:y.png'],
    [404, '/tiles/mandelbrot/0/0', 'nothing at this address'],
    [404, '/elsewhere', 'nothing at this address'],
    [414, `/tiles/mandelbrot/0/0/${'0'.repeat(500)}.png`, ''],
    [400, '/tiles/mandelbrot/-1/0/0.png', 'whole numbers'],
    [400, '/tiles/mandelbrot/0/0/zero.png', 'whole numbers'],
    [400, '/tiles/mandelbrot/0/%zz/0.png', ''],
    [400, '/tiles/mandelbrot/0/0/0.png?palette=pink', 'no such palette'],
    [400, '/tiles/mandelbrot/0/0/0.png?palette=ember&palette=ocean', 'more than once'],
  ])('%i for %s', async (status, path, detail) => {
    const response = await ask(service, path)
    expect([response.status, response.headers.get('content-type')]).toEqual([status, 'application/problem+json; charset=utf-8'])
    const problem = (await response.json()) as Problem
    expect(problem).toMatchObject({ type: 'about:blank', status })
    expect(problem.detail).toContain(detail)
    expect(problem.title).not.toBe('')
  })

  test('405 for other methods, with those that are allowed', async () => {
    for (const [method, path, allowed] of [
      ['POST', '/tiles/mandelbrot/0/0/0.png', 'GET, HEAD, OPTIONS'],
      ['DELETE', '/tiles/mandelbrot/0/0/0.png', 'GET, HEAD, OPTIONS'],
      ['PUT', '/healthz', 'GET, HEAD, OPTIONS'],
      ['GET', '/drill/kill', 'POST, OPTIONS'],
      ['POST', '/live', 'GET, OPTIONS'],
    ] as const) {
      const response = await ask(service, path, { method })
      expect([response.status, response.headers.get('allow')]).toEqual([405, allowed])
      expect(((await response.json()) as Problem).detail).toContain(method)
    }
    const options = await ask(service, '/tiles/mandelbrot/0/0/0.png', { method: 'OPTIONS' })
    expect([options.status, options.headers.get('allow')]).toEqual([204, 'GET, HEAD, OPTIONS'])
    const head = await ask(service, '/tiles/mandelbrot/0/0/0.png', { method: 'HEAD' })
    expect([head.status, head.headers.get('content-type'), (await bytesOf(head)).length]).toEqual([200, 'image/png', 0])
    expect(Number(head.headers.get('content-length'))).toBeGreaterThan(1000)
  })

  test.each(['0', '-5', '10001', 'soon', '1.5', ''])('400 for a deadline of %j', async (deadline) => {
    const response = await ask(service, '/tiles/mandelbrot/0/0/0.png', { headers: { 'x-deadline-ms': deadline } })
    expect(response.status).toBe(400)
    expect(((await response.json()) as Problem).detail).toContain('from 1 to 10000')
  })
})

test('the page and the map library come from here, with a policy that lets in nothing from elsewhere', async () => {
  for (const [path, type] of [
    ['/', 'text/html; charset=utf-8'],
    ['/page.js', 'text/javascript; charset=utf-8'],
    ['/page.css', 'text/css; charset=utf-8'],
    ['/leaflet.js', 'text/javascript; charset=utf-8'],
    ['/leaflet.css', 'text/css; charset=utf-8'],
    ['/favicon.svg', 'image/svg+xml'],
  ] as const) {
    const response = await ask(service, path)
    expect([response.status, response.headers.get('content-type')]).toEqual([200, type])
    const text = await response.text()
    if (path === '/') expect(text).not.toMatch(/(src|href)="(https?:)?\/\//)
    const again = await ask(service, path, { headers: { 'if-none-match': response.headers.get('etag') ?? '' } })
    expect(again.status).toBe(304)
  }
  const page = await ask(service, '/')
  expect(page.headers.get('content-security-policy')).toContain("default-src 'none'")
  await page.text()
})

test('health and readiness', async () => {
  expect(await (await ask(service, '/healthz')).json()).toEqual({ status: 'ok' })
  expect(await (await ask(service, '/readyz')).json()).toEqual({ status: 'ready' })
})
