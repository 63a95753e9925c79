/** The balancer's decision, apart from all threads: when it moves, whom, and when not. */
import { describe, expect, it } from 'vitest'
import { BACKLOG_FULL, decideMoves } from '../src/balance-decision.ts'
import type { ActorLoad, BalanceLimits, CoreLoad } from '../src/balance-decision.ts'

const LIMITS: BalanceLimits = { movesPerPeriod: 2, restMs: 1000, busyMin: 0.7, gapMin: 0.3 }
const cores = (...busy: number[]): CoreLoad[] => busy.map((each, i) => ({ core: i + 1, busy: each, queued: 0 }))
const actor = (slot: number, core: number, busy: number, more: Partial<ActorLoad> = {}): ActorLoad => ({
  actor: { core, slot, generation: 1 },
  core,
  busy,
  queued: 0,
  movedMs: -Infinity,
  ...more,
})
const slots = (decision: ReturnType<typeof decideMoves>): number[] => decision.moves.map((move) => move.actor.slot)

describe('the balancer', () => {
  it('moves nothing while no core is busy, or none is ahead', () => {
    const actors = [actor(1, 1, 0.3)]
    expect(decideMoves(cores(0.6, 0), actors, 1, 0, LIMITS)).toEqual({ moves: [], ahead: undefined })
    expect(decideMoves(cores(0.9, 0.8), actors, 1, 0, LIMITS)).toEqual({ moves: [], ahead: undefined })
    expect(decideMoves([], [], undefined, 0, LIMITS)).toEqual({ moves: [], ahead: undefined })
    expect(decideMoves(cores(1), actors, 1, 0, LIMITS)).toEqual({ moves: [], ahead: undefined })
  })

  it('waits for a second period in which the same core is ahead', () => {
    const actors = [actor(1, 1, 0.4)]
    const first = decideMoves(cores(0.9, 0.1), actors, undefined, 0, LIMITS)
    expect(first).toEqual({ moves: [], ahead: 1 })
    expect(decideMoves(cores(0.1, 0.9), actors, first.ahead, 0, LIMITS)).toEqual({ moves: [], ahead: 2 })
    expect(decideMoves(cores(0.9, 0.1), actors, first.ahead, 0, LIMITS)).toEqual({
      moves: [{ actor: actors[0]?.actor, from: 1, to: 2 }],
      ahead: 1,
    })
  })

  it('takes the actor that brings the two together, and never one with which they only change places', () => {
    const actors = [actor(1, 1, 0.9), actor(2, 1, 0.05), actor(3, 1, 0.4), actor(4, 2, 0.4)]
    expect(slots(decideMoves(cores(1, 0.2), actors, 1, 0, { ...LIMITS, movesPerPeriod: 1 }))).toEqual([3])
    expect(slots(decideMoves(cores(1, 0.2), [actor(1, 1, 0.8)], 1, 0, LIMITS))).toEqual([])
  })

  it('goes on until the gap is closed, up to so many moves', () => {
    const actors = Array.from({ length: 8 }, (_, i) => actor(i, 1, 0.12))
    expect(slots(decideMoves(cores(1, 0), actors, 1, 0, LIMITS))).toHaveLength(2)
    expect(slots(decideMoves(cores(1, 0), actors, 1, 0, { ...LIMITS, movesPerPeriod: 100 }))).toHaveLength(3)
  })

  it('leaves an actor in peace that has moved lately', () => {
    const actors = [actor(1, 1, 0.4, { movedMs: 500 })]
    expect(slots(decideMoves(cores(1, 0), actors, 1, 1499, LIMITS))).toEqual([])
    expect(slots(decideMoves(cores(1, 0), actors, 1, 1500, LIMITS))).toEqual([1])
  })

  it('sees in the queues which of two busy cores has more to do', () => {
    const busy: CoreLoad[] = [
      { core: 1, busy: 1, queued: 0 },
      { core: 2, busy: 1, queued: BACKLOG_FULL / 2 },
    ]
    const actors = [actor(1, 2, 0.2, { queued: 100 })]
    expect(decideMoves(busy, actors, 2, 0, LIMITS).moves).toEqual([{ actor: actors[0]?.actor, from: 2, to: 1 }])
  })

  it('never loses or doubles load, and always narrows the gap, whatever the loads are', () => {
    for (let seed = 1; seed < 500; seed += 1) {
      let x = seed
      const random = (): number => (x = (x * 48_271) % 2_147_483_647) / 2_147_483_647
      const actors = Array.from({ length: 12 }, (_, i) => actor(i, 1 + Math.floor(random() * 3), random() * 0.4))
      const loads = [1, 2, 3].map((core) => ({
        core,
        busy: Math.min(
          1,
          actors.filter((each) => each.core === core).reduce((sum, { busy }) => sum + busy, 0),
        ),
        queued: 0,
      }))
      const { moves } = decideMoves(loads, actors, [...loads].sort((a, b) => b.busy - a.busy)[0]?.core, 0, {
        ...LIMITS,
        movesPerPeriod: 9,
      })
      const after = new Map(loads.map(({ core, busy }) => [core, busy]))
      for (const move of moves) {
        const { busy } = actors.find((each) => each.actor === move.actor) as ActorLoad
        const spread = (): number => Math.max(...after.values()) - Math.min(...after.values())
        const before = spread()
        after.set(move.from, (after.get(move.from) as number) - busy)
        after.set(move.to, (after.get(move.to) as number) + busy)
        expect(spread()).toBeLessThanOrEqual(before + 1e-9)
      }
      expect(new Set(slots({ moves, ahead: undefined })).size).toBe(moves.length)
    }
  })
})
