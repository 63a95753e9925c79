/** Wait strategies by the names they have on the command line and in results. */
import { adaptive, backoff, blocking, busySpin, yielding } from '@cambium/ring'
import type { Doorbell, WaitStrategy } from '@cambium/ring'
import type { WaitName } from './flow.ts'

export const WAIT_NAMES: readonly WaitName[] = ['busy-spin', 'yielding', 'backoff', 'blocking', 'adaptive']

const CLOCK = { now: () => performance.now() }

export function createWaitStrategy(name: WaitName, doorbell: Doorbell): WaitStrategy {
  switch (name) {
    case 'busy-spin':
      return busySpin(CLOCK)
    case 'yielding':
      return yielding(CLOCK)
    case 'backoff':
      return backoff(CLOCK)
    case 'blocking':
      return blocking(doorbell, CLOCK)
    case 'adaptive':
      return adaptive(doorbell, CLOCK)
  }
}

/** Whether a thread that waits so must be rung by its peers. */
export function needsRing(name: WaitName): boolean {
  return name === 'blocking' || name === 'adaptive'
}
