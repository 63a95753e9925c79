/** The HTTP server: limits, errors as problem details, methods. Routes are added by those who have something to serve. */
import Fastify from 'fastify'
import type { FastifyInstance } from 'fastify'
import { sendProblem } from './problem.ts'

const CONNECTIONS_MAX = 2048
/** Nobody has to send us more than a few headers. */
const BODY_BYTES_MAX = 1024
const HEADERS_TIMEOUT_MS = 10_000
const KEEP_ALIVE_TIMEOUT_MS = 65_000

/** `methodsOf` tells which methods a path has, if the path is one of ours. */
export function createServer(methodsOf: (path: string) => string | undefined): FastifyInstance {
  const app = Fastify({
    logger: false,
    bodyLimit: BODY_BYTES_MAX,
    keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
    requestTimeout: HEADERS_TIMEOUT_MS,
    forceCloseConnections: 'idle',
    // What comes on an open connection while the service stops is answered too; the connection is closed after it.
    return503OnClosing: false,
    frameworkErrors: (error, _request, reply) => {
      sendProblem(reply, error.statusCode ?? 400, error.message)
    },
  })
  app.server.maxConnections = CONNECTIONS_MAX
  app.setNotFoundHandler((request, reply) => {
    const [path = ''] = request.url.split('?', 1)
    const methods = methodsOf(path)
    if (methods === undefined) return sendProblem(reply, 404, 'there is nothing at this address')
    reply.header('allow', methods)
    if (request.method === 'OPTIONS') return reply.code(204).send()
    return sendProblem(reply, 405, `method is not allowed here: method=${request.method}, expected ${methods}`)
  })
  app.setErrorHandler((error, _request, reply) => {
    const status = statusOf(error)
    sendProblem(reply, status, status < 500 && error instanceof Error ? error.message : 'something went wrong on our side')
  })
  return app
}

function statusOf(error: unknown): number {
  const status = typeof error === 'object' && error !== null && 'statusCode' in error ? Number(error.statusCode) : 500
  return status >= 400 && status <= 599 ? status : 500
}
