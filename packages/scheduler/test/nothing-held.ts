/** That no core of a world has anything left: no actor, no guest, no request under way, no timer but those that only look. */
import { expect } from 'vitest'
import { LookTimer } from '../src/timer-wheel.ts'
import type { World } from './harness.ts'

export function expectNothingHeld(world: World): void {
  for (const core of world.cores) {
    expect(core.slots.count).toBe(0)
    expect(core.moves.counts).toEqual({ away: 0, guests: 0 })
    expect(core.moves.isBusy).toBe(false)
    expect(core.requests.size).toBe(0)
    expect(core.wheel.all().filter((timer) => !(timer instanceof LookTimer))).toEqual([])
  }
}
