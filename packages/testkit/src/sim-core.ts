/** One core of a simulated world, through all its lives; and how it parks and wakes, by the very protocol of the doorbell. */
import { BELL_BUSY, BELL_PARKED, BELL_RUNG } from '@cambium/ring'
import type { ThreadEvents } from '@cambium/runtime'
import type { Core } from '@cambium/scheduler'

/** Statuses of actors that are there, or on another core (`scheduler/src/actor-cell.ts`). */
const RESTING = new Set([1, 2, 8])

export interface SimCore {
  readonly number: number
  core: Core | undefined
  isParked: boolean
  /** Something outside its turns asked for one. */
  isRequested: boolean
  /** Not stepped before this virtual time. */
  pausedUntilMs: number
  /** Steps are this many times as rare as others'. */
  slowness: number
  /** The next message that it takes from a ring arrives damaged. */
  isDamageDue: boolean
  events: ThreadEvents | undefined
  /** Counts incarnations, so that what was scheduled for an earlier one is ignored. */
  incarnation: number
}

/** A core that has not been started. */
export function createSimCore(number: number): SimCore {
  return {
    number,
    core: undefined,
    isParked: false,
    isRequested: true,
    pausedUntilMs: 0,
    slowness: 1,
    isDamageDue: false,
    events: undefined,
    incarnation: 0,
  }
}

/** Says so, looks once more, sleeps. */
export function park(sim: SimCore, core: Core): void {
  Atomics.store(core.block.bell, 0, BELL_PARKED)
  if (core.hasWork()) Atomics.store(core.block.bell, 0, BELL_BUSY)
  else sim.isParked = true
}

/** Ends the sleep of a core, if it sleeps. */
export function wake(sim: SimCore): void {
  if (sim.core === undefined || !sim.isParked) return
  Atomics.store(sim.core.block.bell, 0, BELL_BUSY)
  sim.isParked = false
}

/** Whether the core may have a turn now. A parked one wakes for it; `lateByMs` is asked of one that was rung. */
export function isAwake(sim: SimCore, nowMs: number, lateByMs: () => number): boolean {
  const { core } = sim
  if (core === undefined || sim.pausedUntilMs > nowMs) return false
  if (!sim.isParked) return true
  if (Atomics.load(core.block.bell, 0) === BELL_RUNG) {
    const lateMs = lateByMs()
    if (lateMs > 0) {
      sim.isRequested = true
      sim.pausedUntilMs = nowMs + lateMs
      return false
    }
  } else if (!sim.isRequested && core.wheel.nextDueMs() > nowMs) return false
  wake(sim)
  return true
}

/** Its thread runs, and all of its actors are there, or on another core. */
export function isRestored({ core }: SimCore): boolean {
  return core !== undefined && core.slots.cells.every((cell) => cell === undefined || RESTING.has(cell.status))
}
