/** Errors as clients get them: problem details (RFC 9457), as JSON. */
import { STATUS_CODES } from 'node:http'
import type { FastifyReply } from 'fastify'

/** When it is worth trying again, in seconds. */
const RETRY_AFTER_S = 1

export function sendProblem(reply: FastifyReply, status: number, detail: string): FastifyReply {
  if (status === 503) reply.header('retry-after', String(RETRY_AFTER_S))
  return reply
    .code(status)
    .header('cache-control', 'no-store')
    .type('application/problem+json')
    .send(JSON.stringify({ type: 'about:blank', title: STATUS_CODES[status] ?? 'Error', status, detail }))
}
