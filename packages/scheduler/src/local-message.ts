/** A message between actors of one core in development: checked and frozen as if it crossed cores, so that what works here works there (D7). */
import { deepFreeze, isDeepFrozen } from '@cambium/actor'
import { assertTravels, fitMessage } from '@cambium/codec'
import type { MessageLayouts } from '@cambium/codec'

/** `layouts`: what is declared for its receiver. Throws `ERR_CANNOT_TRAVEL`, `ERR_MESSAGE_LAYOUT`. */
export function prepareLocal(message: unknown, layouts?: MessageLayouts): void {
  if (layouts !== undefined) fitMessage(layouts, message)
  if (typeof message !== 'object' || message === null || isDeepFrozen(message)) {
    if (typeof message === 'function' || typeof message === 'symbol') assertTravels(message)
    return
  }
  assertTravels(message)
  deepFreeze(message)
}
