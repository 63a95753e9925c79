/** The example docs/examples/platform, as a user runs it, and its tree as it is specified. */
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { simulate } from '@cambium/testkit'
import { applicationOf, childRef, startApplications, whichChildren } from 'cambium'
import type { Ref, SupervisorRef } from 'cambium'
import { expect, test } from 'vitest'
import { application } from '../examples/platform/application.ts'
import { domain, DOMAINS, platform, service } from '../examples/platform/platform.ts'
import { REPOSITORY } from './source-file.ts'

const execute = promisify(execFile)

test('R0.6 a whole domain fails again and again: the others show no restart', async () => {
  const { stdout, stderr } = await execute(process.execPath, [join(REPOSITORY, 'docs/examples/platform/main.ts')])
  expect(stderr).toBe('')
  const restarts = Object.fromEntries([...stdout.matchAll(/^(\w+) +\w+ +(\d+) restarts$/gm)].map(([, id, n]) => [id, Number(n)]))
  expect(restarts).toEqual({ core: 0, osint: expect.any(Number) as number, security: 0, dd: 0, evolution: 0 })
  expect(restarts['osint']).toBeGreaterThan(0)
  expect(stdout).toMatch(/stopped, drained: true/)
})

test('R0.1 R0.2 the tree runs, and each domain restarts by its own strategy', async () => {
  await simulate(
    async (sim) => {
      for (const behaviour of [platform, domain, service]) sim.learn(behaviour as never)
      await startApplications(sim.system, [application], { env: {} })
      const { supervisor: top } = applicationOf(sim.system, application)
      expect((await whichChildren(top)).map(({ id, status, kind }) => [id, status, kind])).toEqual(
        ['core', 'osint', 'security', 'dd', 'evolution'].map((id) => [id, 'running', 'supervisor']),
      )
      for (const [name, { strategy, services }] of Object.entries(DOMAINS)) {
        const own = (await childRef(top, name)) as unknown as SupervisorRef
        const refs = (await whichChildren(own)).map(({ ref }) => ref as unknown as Ref<'work' | 'fail', string>)
        for (const ref of refs) await ref.ask('work')
        refs[1]?.tell('fail')
        await sim.settle()
        const handled = await Promise.all(refs.map((ref) => ref.ask('work')))
        const last = strategy === 'rest_for_one' ? 1 : 2 // it followed the one that failed, or did not notice
        expect(handled).toEqual([`${services[0]} 2`, `${services[1]} 1`, `${services[2]} ${last}`])
      }
    },
    { runs: 10, cores: 3 },
  )
})
