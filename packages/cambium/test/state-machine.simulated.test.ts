/** State machines on the simulated platform: the conformance cases under seeds, and a machine that is restarted and loses its core. */
import { simulate } from '@cambium/testkit'
import { expect, test } from 'vitest'
import { MACHINE_CASES } from '../../otp/test/fixtures/machine-cases.ts'
import { refHost } from '../../otp/test/fixtures/machine-hosts.ts'
import { closedAt } from '../../otp/test/fixtures/machines.ts'
import { recorder } from '../../otp/test/fixtures/recorder.ts'

test.each(MACHINE_CASES.map((each) => [each.name, each] as const))('%s', async (_name, each) => {
  await simulate(
    async (sim) => {
      const ref = await sim.spawn(recorder, {}, { core: sim.random.below(2) })
      expect(await each.run(refHost(ref))).toEqual(each.log)
    },
    { seed: 1, runs: 20 },
  )
})

test('R1.11 a state timeout of five minutes costs none', async () => {
  await simulate(
    async (sim) => {
      const ref = await sim.spawn(closedAt, 300_000, { core: 1 })
      const before = sim.now()
      await ref.ask({ type: 'open' })
      const closed = ref.ask({ type: 'await closed' }, { timeoutMs: 400_000 })
      expect(await closed).toBe('closed by itself')
      expect(sim.now() - before).toBeGreaterThanOrEqual(300_000)
    },
    { seed: 1, runs: 5 },
  )
})

test('C-41 a timeout of an incarnation that has ended does not come to the next one', async () => {
  await simulate(
    async (sim) => {
      const ref = await sim.spawn(recorder, {}, { core: 1 })
      ref.tell({ type: 'do', name: 'set', step: { actions: [{ type: 'timeout', name: 't', ms: 50 }] } })
      await ref.ask({ type: 'log', lines: 2 }) // it is set
      if (sim.random.below(2) === 0) sim.killCore(1)
      else ref.tell({ type: 'crash' })
      await sim.advance(10_000)
      expect(await ref.ask({ type: 'log' })).toEqual(['enter a from a'])
    },
    { seed: 1, runs: 50 },
  )
})
