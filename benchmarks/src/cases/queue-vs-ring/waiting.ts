/** Wait strategies by the names they have on the command line and in results. */
import { adaptive, backoff, blocking, busySpin, yielding } from '@cambium/ring'
import type { Doorbell, WaitStrategy } from '@cambium/ring'
import type { WaitName } from './flow.ts'

export const WAIT_NAMES: readonly WaitName[] = ['busy-spin', 'yielding', 'backoff', 'blocking', 'adaptive']

export function createWaitStrategy(name: WaitName, doorbell: Doorbell): WaitStrategy {
  switch (name) {
    case 'busy-spin':
      return busySpin()
    case 'yielding':
      return yielding()
    case 'backoff':
      return backoff()
    case 'blocking':
      return blocking(doorbell)
    case 'adaptive':
      return adaptive(doorbell)
  }
}

/** Whether a thread that waits so must be rung by its peers. */
export function needsRing(name: WaitName): boolean {
  return name === 'blocking' || name === 'adaptive'
}
