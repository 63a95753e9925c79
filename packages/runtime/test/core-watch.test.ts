/** The root's look at its cores, with words and a clock of the test's own: what is cut off, when, and what is not. */
import { expect, it } from 'vitest'
import type { CambiumError } from '@cambium/base'
import { BELL_BUSY, BELL_PARKED, BELL_RUNG } from '@cambium/ring'
import { createSystemMemory, TimerWheel } from '@cambium/scheduler'
import type { CoreBlock } from '@cambium/scheduler'
import { CoreWatch } from '../src/core-watch.ts'

/** serial, slot + 1, generation, budget, least budget: see `handler-in-hand.ts`. */
type Words = readonly [number, number, number, number, number]

function world(turnTimeoutMs: number) {
  const shape = { cores: 2, dataRingBytes: 4096, controlRingBytes: 4096 }
  const block = createSystemMemory(shape, (bytes) => new SharedArrayBuffer(bytes)).blocks[1] as CoreBlock
  let now = 0
  const wheel = new TimerWheel(0, () => {})
  const kills: { readonly atMs: number; readonly verdict: CambiumError }[] = []
  const blocked: number[] = []
  const watch = new CoreWatch(
    {
      wheel,
      now: () => now,
      watched: () => [{ number: 1, block }],
      kill: (_core, verdict) => kills.push({ atMs: now, verdict }),
      mainBlocked: (forMs) => blocked.push(forMs),
    },
    turnTimeoutMs,
  )
  watch.start()
  return {
    kills,
    blocked,
    watch,
    block,
    runs: (words: Words) => {
      block.handler.set(words)
    },
    bell: (state: number) => {
      Atomics.store(block.bell, 0, state)
    },
    /** A millisecond at a time; `each` is what the core does in it. */
    pass(ms: number, each: () => void = () => {}) {
      for (const untilMs = now + ms; now < untilMs;) {
        now += 1
        each()
        wheel.advance(now)
      }
    },
    sleep(ms: number) {
      now += ms
      wheel.advance(now)
    },
  }
}

it.each([20, 60, 100, 1000])(
  'a callback over its budget of %i ms is cut off not before, and within 22 ms after (R1.15)',
  (budgetMs) => {
    for (let offset = 0; offset < 45; offset += 1) {
      const w = world(10_000)
      w.runs([1, 0, 0, 0, budgetMs])
      w.watch.hurryFor(w.block)
      w.pass(200 + offset)
      w.runs([2, 5, 9, budgetMs, budgetMs])
      const begunMs = 200 + offset
      w.pass(budgetMs + 60)
      expect(w.kills[0]?.verdict.code).toBe('ERR_CALLBACK_BUDGET') // again and again, since its thread does not end here
      const tookMs = (w.kills[0]?.atMs ?? 0) - begunMs
      expect(tookMs).toBeGreaterThanOrEqual(budgetMs)
      expect(tookMs).toBeLessThanOrEqual(budgetMs + 22) // unseen for 20 ms, a look a millisecond after its end
    }
  },
)

it('callbacks of one actor, each within its budget, are not taken for one', () => {
  const w = world(10_000)
  let serial = 0
  w.watch.hurryFor(w.block)
  let left = 0
  w.pass(2000, () => {
    left -= 1
    if (left > 0) return
    left = 40
    serial += 1
    w.runs([serial, 5, 9, 50, 50])
  })
  expect(w.kills).toEqual([])
})

it('a core that does not begin a new turn is stuck in a callback without a budget, or in its event loop', () => {
  const stuck = world(400)
  stuck.runs([1, 5, 9, 0, 0])
  stuck.pass(650)
  expect(stuck.kills.map(({ verdict }) => verdict.code)).toEqual(['ERR_CORE_STUCK'])
  const stalled = world(400)
  stalled.bell(BELL_RUNG)
  stalled.pass(650)
  expect(stalled.kills.map(({ verdict }) => [verdict.code, verdict.message])).toEqual([
    ['ERR_CORE_STALLED', 'event loop of the core stalled: core=1, turnTimeoutMs=400'],
  ])
})

it('a core that is parked, or looks at the clock, is well', () => {
  const w = world(400)
  w.bell(BELL_PARKED)
  w.pass(2000)
  w.bell(BELL_BUSY)
  w.pass(2000, () => {
    w.block.beat[0] = (w.block.beat[0] as number) + 1
  })
  expect(w.kills).toEqual([])
})

it('a look that comes late tells how long the main thread was blocked', () => {
  const w = world(400)
  w.bell(BELL_PARKED)
  w.pass(150)
  w.sleep(550)
  expect(w.blocked).toHaveLength(1)
  expect(w.blocked[0]).toBeGreaterThan(400)
  w.pass(500)
  expect(w.blocked).toHaveLength(1)
})

it('is stopped by stop', () => {
  const w = world(400)
  w.watch.stop()
  w.pass(5000)
  expect(w.kills).toEqual([])
})
