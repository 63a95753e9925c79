/** Actors that have moved, and whose home dies while they are to stop for good: the oracle of the stop order looks on. */
import { defineActor } from '@cambium/actor'
import type { Behaviour } from '@cambium/actor'
import { simulate } from '@cambium/testkit'
import { expect, test } from 'vitest'

const counter: Behaviour<number, 'read', number> = defineActor<number, 'read', number, number>(import.meta.url, 'counter', {
  init: (count) => count,
  receive(count, _message, context) {
    context.reply(count)
  },
  migrate: { save: (count) => count, load: (count) => count as number },
})

test('a shutdown goes on to actors that started earlier when a guest without a home has ended (R3.2)', async () => {
  const reports = await simulate(
    async (sim) => {
      await sim.spawn(counter, 0, { core: 1 })
      const younger = await sim.spawn(counter, 1, { core: 2 })
      await sim.system.migrate(younger, 3)
      expect(await younger.ask('read')).toBe(1)
      // The host does not hear of the death for a while.
      const heal = sim.partition([[0, 1, 2], [3]])
      const closing = sim.system.shutdown()
      sim.killCore(2)
      await sim.advance('20ms')
      heal()
      await closing
    },
    { seed: 3, runs: 60, cores: 3, faults: false },
  )
  expect(reports).toHaveLength(60)
})
