/** Looking inside, priorities, and circles of asks on the simulated platform, under faults and without: the same as on threads. */
import { defineActor } from '@cambium/actor'
import type { Ref } from '@cambium/actor'
import { simulate } from '@cambium/testkit'
import { expect, test } from 'vitest'

const tally = defineActor<number, number | 'read', number, { sum: number }>(import.meta.url, 'tally', {
  init: (sum) => ({ sum }),
  receive(state, message, context) {
    if (message === 'read') context.reply(state.sum)
    else return { sum: state.sum + message }
    return undefined
  },
  redact: ({ sum }) => `about ${Math.round(sum / 10) * 10}`,
})

type Way = { readonly via: readonly Ref<Way, string>[] }

const relay = defineActor<null, Way, string, null>(import.meta.url, 'relay', {
  init: () => null,
  async receive(_, { via }, context) {
    const [next, ...rest] = via
    context.reply(
      next === undefined ? 'end' : await next.ask({ via: rest }).catch((error: unknown) => (error as { code: string }).code),
    )
  },
})

test('C-50, C-51: state, suspension and statistics, whatever the order of turns', async () => {
  await simulate(
    async (sim) => {
      const ref = await sim.spawn(tally, 40, { core: 1 })
      const look = sim.system.inspect(ref)
      expect(await look.getState()).toEqual({ sum: 40 })
      await look.statistics(true)
      await look.suspend()
      for (let i = 0; i < 10; i += 1) ref.tell(1)
      await sim.advance('1s')
      expect(await look.getState()).toEqual({ sum: 40 })
      await look.resume()
      expect(await ref.ask('read')).toBe(50)
      expect(await look.statistics()).toMatchObject({ begun: 11, handled: 11, asked: 1 })
      expect((await look.getStatus()).state).toBe('about 50')
      await look.statistics(false)
    },
    { seed: 1, runs: 20 },
  )
})

test('an actor on its way to another core is leaving, suspended or not, and is looked at where it is when it has come', async () => {
  await simulate(
    async (sim) => {
      const ref = await sim.spawn(tally, 40, { core: 1 })
      const look = sim.system.inspect(ref)
      if (sim.random.chance(0.5)) await look.suspend()
      const { isSuspended } = await look.getStatus()
      sim.pauseCore(2, '200ms') // where it is to go to
      const moved = sim.system.migrate(ref, 2)
      await sim.advance(100)
      expect(await look.getStatus()).toMatchObject({ status: 'leaving', isSuspended, state: 'about 40' })
      await moved
      expect(await look.getStatus()).toMatchObject({ status: isSuspended ? 'suspended' : 'ready', actor: { core: 1 } })
      await look.resume()
      expect(await ref.ask('read')).toBe(40)
    },
    { seed: 1, runs: 20, cores: 2 },
  )
})

test('a circle of asks is refused before any time has passed, whatever the order of turns', async () => {
  await simulate(
    async (sim) => {
      const [a, b, c] = await Promise.all([1, 2, 1].map((core) => sim.spawn(relay, null, { core })))
      const startedMs = sim.now()
      const answer = (a as Ref<Way, string>).ask({ via: [b, c, a] as Ref<Way, string>[] })
      expect(await answer).toBe('ERR_ASK_CYCLE')
      expect(sim.now() - startedMs).toBeLessThan(100)
    },
    { seed: 1, runs: 20 },
  )
})

test('under faults nothing of it hangs: every call is answered', async () => {
  await simulate(
    async (sim) => {
      const ref = await sim.spawn(tally, 0, { core: 1, intensity: 1000 })
      const look = sim.system.inspect(ref)
      for (let i = 0; i < 20; i += 1) {
        ref.tell(1, { priority: i % 3 === 0 ? 'high' : 'low', expiresMs: 100 })
        await Promise.allSettled([look.suspend(), look.getState(), look.statistics(i % 2 === 0), look.log(5), look.resume()])
        await sim.advance('20ms')
      }
    },
    { seed: 3, runs: 10, faults: true },
  )
})
