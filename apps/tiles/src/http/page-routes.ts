/** The page and the map library, read once at the start and served from memory. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { FastifyInstance } from 'fastify'

const PAGE = fileURLToPath(new URL('../../page', import.meta.url))
const LEAFLET = dirname(fileURLToPath(import.meta.resolve('leaflet/dist/leaflet.js')))

const FILES: Readonly<Record<string, { readonly file: string; readonly type: string }>> = {
  '/': { file: join(PAGE, 'index.html'), type: 'text/html; charset=utf-8' },
  '/page.js': { file: join(PAGE, 'page.js'), type: 'text/javascript; charset=utf-8' },
  '/page.css': { file: join(PAGE, 'page.css'), type: 'text/css; charset=utf-8' },
  '/favicon.svg': { file: join(PAGE, 'favicon.svg'), type: 'image/svg+xml' },
  '/leaflet.js': { file: join(LEAFLET, 'leaflet.js'), type: 'text/javascript; charset=utf-8' },
  '/leaflet.css': { file: join(LEAFLET, 'leaflet.css'), type: 'text/css; charset=utf-8' },
}

/** Nothing from elsewhere is loaded. Leaflet sets styles on elements; tiles are pictures made from what was fetched. */
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' blob: data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

export const PAGE_PATHS: readonly string[] = Object.keys(FILES)

export function addPageRoutes(app: FastifyInstance): void {
  for (const [path, { file, type }] of Object.entries(FILES)) {
    const content = readFileSync(file)
    const tag = `"${createHash('sha256').update(content).digest('base64url').slice(0, 20)}"`
    app.get(path, async (request, reply) => {
      reply.header('etag', tag).header('cache-control', 'no-cache').header('x-content-type-options', 'nosniff')
      if (request.headers['if-none-match'] === tag) return reply.code(304).send()
      return reply.header('content-security-policy', POLICY).type(type).send(content)
    })
  }
}
