/** One core of a simulated world, through all its lives. */
import type { CoreEvents } from '@cambium/runtime'
import type { Core } from '@cambium/scheduler'

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
  events: CoreEvents | undefined
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
    events: undefined,
    incarnation: 0,
  }
}
