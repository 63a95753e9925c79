/** What stays on its core is checked as if it crossed cores, so that what works here works there (D7): messages in development, arguments of children always. */
import { deepFreeze, isDeepFrozen, isRef } from '@cambium/actor'
import { assertTravels, fitMessage } from '@cambium/codec'
import type { MessageLayouts } from '@cambium/codec'

/** A message between actors of one core; it is frozen as well. `layouts`: what is declared for its receiver. Throws `ERR_CANNOT_TRAVEL`, `ERR_MESSAGE_LAYOUT`. */
export function prepareLocal(message: unknown, layouts?: MessageLayouts): void {
  if (layouts !== undefined) fitMessage(layouts, message)
  if (typeof message !== 'object' || message === null || isDeepFrozen(message)) {
    if (typeof message === 'function' || typeof message === 'symbol') assertTravels(message)
    return
  }
  assertTravels(message)
  deepFreeze(message)
}

/** The argument of a start. Wrapped, so that the path in the error begins with what the user calls it. Throws `ERR_CANNOT_TRAVEL`. */
export function assertArgumentTravels(argument: unknown): void {
  assertTravels({ argument }, isRef)
}
