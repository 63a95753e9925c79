/** How the balancer looks at cores and when it decides, with a clock and cores of the test's own (R3.2). */
import type { ActorAddress } from '@cambium/base'
import { TimerWheel } from '@cambium/scheduler'
import { expect, it } from 'vitest'
import { Balancer } from '../src/balancer.ts'

/** Core 1 is always busy, with two actors by turns; core 2 is idle. */
function world() {
  let now = 0
  let turn = 0
  const wheel = new TimerWheel(0)
  const moved: { readonly actor: ActorAddress; readonly to: number }[] = []
  const blocks = [0, 1, 2].map(() => ({ handler: new Int32Array(8), queued: new Int32Array(8) }))
  const balancer = new Balancer(
    {
      core: { wheel },
      pool: { workers: [1, 2], isUp: () => true },
      memory: { blocks },
      moves: {
        homeAt: (place) => place,
        async migrate(actor, to) {
          moved.push({ actor, to })
        },
      },
      roster: { find: () => ({ isBalanced: true }) },
      now: () => now,
    },
    { periodMs: 200, movesPerPeriod: 1, restMs: 30_000, busyMin: 0.7, gapMin: 0.3 },
  )
  balancer.start()
  return {
    moved,
    /** The main thread comes to look once in `everyMs`. */
    pass: (ms: number, everyMs: number): void => {
      for (const untilMs = now + ms; now < untilMs;) {
        now += everyMs
        turn += 1
        blocks[1]?.handler.set([turn, 1 + (turn % 2), 1])
        wheel.advance(now)
      }
    },
  }
}

it('periods in which the main thread was blocked move nothing, and others do', () => {
  const { moved, pass } = world()
  pass(2000, 50)
  expect(moved).toEqual([])
  pass(600, 10)
  expect(moved).toMatchObject([{ actor: { core: 1 }, to: 2 }])
})
