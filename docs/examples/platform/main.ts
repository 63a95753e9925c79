/** Starts the platform, has one whole domain fail again and again, and shows who noticed. */
import { applicationOf, childRef, startApplications, startSystem, whichChildren } from 'cambium'
import type { Ref, SupervisorRef } from 'cambium'
import { application } from './application.ts'
import { DOMAINS } from './platform.ts'

const system = await startSystem()
await startApplications(system, [application], { type: 'permanent' })
const { supervisor: top } = applicationOf(system, application)
const serviceOf = async (name: string, id: string): Promise<Ref<'work' | 'fail', string>> => {
  const domain = (await childRef(top, name)) as unknown as SupervisorRef
  return (await childRef(domain, id)) as unknown as Ref<'work' | 'fail', string>
}

const restarts = new Map<string, number>()
system.events.on('actor_restarted', ({ path = '' }) => {
  const [, name = ''] = path.split('/')
  restarts.set(name, (restarts.get(name) ?? 0) + 1)
})

for (let round = 0; round < 20; round += 1) {
  for (const id of DOMAINS['osint']?.services ?? []) {
    const service = await serviceOf('osint', id).catch(() => undefined)
    await service?.ask('fail').catch(() => {})
  }
}

for (const { id, status } of await whichChildren(top)) {
  console.log(`${id.padEnd(10)} ${status.padEnd(11)} ${restarts.get(id) ?? 0} restarts`)
}
const { isDrained } = await system.shutdown()
console.log(`stopped, drained: ${isDrained}`)
