/** `POST /drill/:kind`: failures on request. Only for pages of this very service, and only where the operator allows drills at all. */
import type { FastifyInstance } from 'fastify'
import { DRILLS } from '../drills.ts'
import type { Drill, Drills } from '../drills.ts'
import { sendProblem } from './problem.ts'

export function addDrillRoutes(app: FastifyInstance, drills: Drills): void {
  app.post<{ Params: { readonly kind: string } }>('/drill/:kind', async (request, reply) => {
    const { kind } = request.params
    if (!(DRILLS as readonly string[]).includes(kind))
      return sendProblem(reply, 404, `no such drill: expected ${DRILLS.join(', ')}`)
    // A page of another site could post here too: its browser says where it comes from.
    const { origin, host } = request.headers
    if (origin !== undefined && (!URL.canParse(origin) || new URL(origin).host !== host))
      return sendProblem(reply, 403, 'drills are for the page of this service')
    const report = await drills.run(kind as Drill)
    if (report === undefined) return sendProblem(reply, 503, 'no core runs just now: there is nothing to break')
    return reply.code(202).header('cache-control', 'no-store').send(report)
  })
}
