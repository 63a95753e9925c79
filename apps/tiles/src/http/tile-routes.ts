/** `GET /tiles/:set/:z/:x/:y.png?palette=…`: the tiles, with entity tags, deadlines, and a refusal where there is no room. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { nowMs } from '../clock.ts'
import type { PictureSource } from '../gateway.ts'
import type { PictureOutcome } from '../protocol.ts'
import { entityTag, parsePicture } from '../tile-address.ts'
import { sendProblem } from './problem.ts'

export interface TileRouteOptions {
  readonly source: PictureSource
  /** Longest time that a request may take, and what it may take when it does not say, in milliseconds. */
  readonly deadlineMsMax: number
  /** Seconds that clients and proxies may keep a tile without asking. */
  readonly maxAgeS: number
  readonly onAnswer?: (status: number, tookMs: number, outcome: PictureOutcome | undefined) => void
}

interface TileRequest {
  readonly Params: { readonly set: string; readonly z: string; readonly x: string; readonly file: string }
  readonly Querystring: { readonly palette?: string | readonly string[] }
}

const SUFFIX = '.png'

export function addTileRoutes(app: FastifyInstance, options: TileRouteOptions): void {
  app.get<TileRequest>('/tiles/:set/:z/:x/:file', async (request, reply) => {
    const startedMs = nowMs()
    const outcome = await answer(request, reply, options, startedMs)
    options.onAnswer?.(reply.statusCode, nowMs() - startedMs, outcome)
    return reply
  })
}

async function answer(
  request: FastifyRequest<TileRequest>,
  reply: FastifyReply,
  { source, deadlineMsMax, maxAgeS }: TileRouteOptions,
  startedMs: number,
): Promise<PictureOutcome | undefined> {
  const { set, z, x, file } = request.params
  const { palette } = request.query
  if (!file.endsWith(SUFFIX)) {
    sendProblem(reply, 404, 'tiles are /tiles/:set/:z/:x/:y.png')
    return undefined
  }
  if (palette !== undefined && typeof palette !== 'string') {
    sendProblem(reply, 400, 'palette is given more than once')
    return undefined
  }
  const parsed = parsePicture(set, z, x, file.slice(0, -SUFFIX.length), palette)
  if (parsed.kind !== 'picture') {
    sendProblem(reply, parsed.kind === 'malformed' ? 400 : 404, parsed.detail)
    return undefined
  }
  const deadline = deadlineOf(request.headers['x-deadline-ms'], deadlineMsMax)
  if (deadline === undefined) {
    sendProblem(reply, 400, `x-deadline-ms is a whole number of milliseconds from 1 to ${deadlineMsMax}`)
    return undefined
  }
  const { picture } = parsed
  const tag = entityTag(picture)
  if (matches(request.headers['if-none-match'], tag)) {
    reply.code(304).header('etag', tag).header('cache-control', `public, max-age=${maxAgeS}`).send()
    return undefined
  }
  const outcome = source.atHand(picture) ?? (await drawn(reply, source, parsed.picture, startedMs + deadline))
  switch (outcome.kind) {
    case 'picture':
      reply
        .type('image/png')
        .header('etag', tag)
        .header('cache-control', `public, max-age=${maxAgeS}`)
        .header('x-tile-core', String(outcome.core))
        .header('x-tile-source', outcome.source)
        .send(Buffer.from(outcome.png.buffer, outcome.png.byteOffset, outcome.png.byteLength))
      break
    case 'busy':
      sendProblem(reply, 503, 'as much work waits as may wait')
      break
    case 'late':
      sendProblem(reply, 504, `not drawn within ${deadline} ms`)
      break
    case 'cancelled':
      // Nobody reads this; the status is for our own counts.
      reply.code(499).send()
      break
    case 'failed':
      sendProblem(reply, 500, outcome.detail)
  }
  return outcome
}

/** Cancelled when the client goes away before it has its answer. */
async function drawn(
  reply: FastifyReply,
  source: PictureSource,
  picture: Parameters<PictureSource['picture']>[0],
  deadlineMs: number,
): Promise<PictureOutcome> {
  const gone = new AbortController()
  const onClose = (): void => gone.abort()
  reply.raw.once('close', onClose)
  if (reply.raw.destroyed) gone.abort()
  try {
    return await source.picture(picture, deadlineMs, gone.signal)
  } finally {
    reply.raw.off('close', onClose)
  }
}

function deadlineOf(header: string | string[] | undefined, msMax: number): number | undefined {
  if (header === undefined) return msMax
  const ms = typeof header === 'string' && /^\d{1,9}$/.test(header) ? Number(header) : 0
  return ms >= 1 && ms <= msMax ? ms : undefined
}

/** Weak comparison, as a conditional GET asks for it. */
function matches(ifNoneMatch: string | undefined, tag: string): boolean {
  if (ifNoneMatch === undefined) return false
  return ifNoneMatch.split(',').some((each) => each.trim() === '*' || each.trim().replace(/^W\//, '') === tag)
}
