/** A message between actors of one core in development: checked and frozen as if it crossed cores, so that what works here works there (D7). */
import { deepFreeze, isDeepFrozen } from '@cambium/actor'
import { assertTravels } from '@cambium/codec'

/** Throws `ERR_CANNOT_TRAVEL`. */
export function prepareLocal(message: unknown): void {
  if (typeof message !== 'object' || message === null || isDeepFrozen(message)) {
    if (typeof message === 'function' || typeof message === 'symbol') assertTravels(message)
    return
  }
  assertTravels(message)
  deepFreeze(message)
}
