/** What is due happens at its time, and a run whose cores go round without end is told from one that is long. */
import { defineActor } from '@cambium/actor'
import type { CambiumError } from '@cambium/base'
import { simulate } from '@cambium/testkit'
import { expect, test } from 'vitest'
import { Progress } from '../src/progress.ts'

const selfTeller = defineActor<undefined, null, never, null>(import.meta.url, 'selfTeller', {
  init: () => null,
  receive(_state, message, context) {
    context.self.tell(message)
  },
})

/** Answers after so many milliseconds. */
const napper = defineActor<undefined, number, number, null>(import.meta.url, 'napper', {
  init: () => null,
  async receive(_state, ms, context) {
    await new Promise((done) => setTimeout(done, ms))
    context.reply(ms)
  },
})

test('no timer is late in a system with little to do, and none that is due is left when it has settled', async () => {
  const late: number[] = []
  let left = 0
  await simulate(
    async (sim) => {
      const refs = [await sim.spawn(napper, undefined, { core: 1 }), await sim.spawn(napper, undefined, { core: 2 })]
      const due = new Set<number>()
      for (let i = 0; i < 25; i += 1) {
        const ms = 1 + sim.random.below(30)
        const at = sim.now() + ms
        due.add(at)
        setTimeout(() => {
          due.delete(at)
          late.push(sim.now() - at)
        }, ms)
        await refs[i % 2]?.ask(1 + sim.random.below(10))
        await sim.settle()
        left += [...due].filter((each) => each <= sim.now()).length
      }
      await sim.advance('1s')
    },
    { seed: 1, runs: 40 },
  )
  expect(late).toHaveLength(40 * 25)
  expect(Math.max(...late)).toBeLessThan(1)
  expect(left).toBe(0)
})

test('cores may work as long as they like while the scenario does something, or the clock jumps', () => {
  const progress = new Progress()
  for (let i = 0; i < 1000; i += 1) {
    progress.turn(400_000, i)
    if (i % 2 === 0) progress.touched()
    else progress.jumped()
  }
  progress.turn(400_000, 0)
  expect(() => {
    progress.turn(400_000, 0)
  }).toThrow('cores run without end')
})

test('an actor that keeps itself busy for ever ends a run with ERR_SIM_LIVELOCK', { timeout: 60_000 }, async () => {
  const error = await simulate(
    async (sim) => {
      const ref = await sim.spawn(selfTeller, undefined, { core: 1 })
      ref.tell(null)
      await sim.advance('1h')
    },
    { seed: 1, shrinkRuns: 0 },
  ).catch((thrown: unknown) => thrown)
  expect((error as CambiumError).cause).toMatchObject({ code: 'ERR_SIM_LIVELOCK' })
})
