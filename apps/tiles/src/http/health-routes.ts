/** `/healthz`: the process answers. `/readyz`: it can draw, and has not been told to stop; a balancer sends requests by it. */
import type { FastifyInstance } from 'fastify'
import { sendProblem } from './problem.ts'

export interface HealthRouteOptions {
  /** What stands in the way of drawing, if anything does. */
  readonly obstacle: () => Promise<string | undefined>
}

export function addHealthRoutes(app: FastifyInstance, { obstacle }: HealthRouteOptions): void {
  app.get('/healthz', async (_request, reply) => reply.header('cache-control', 'no-store').send({ status: 'ok' }))
  app.get('/readyz', async (_request, reply) => {
    const detail = await obstacle()
    if (detail !== undefined) return sendProblem(reply, 503, detail)
    return reply.header('cache-control', 'no-store').send({ status: 'ready' })
  })
}
