/**
 * Stands for what belonged to a place that was left: its words, its barrier, its bell. The place may be a stranger's by now, so every access throws.
 *
 * Whoever leaves puts it where its calls look anyway; so no call has to ask whether its place is still its own.
 */
import type { CambiumError } from '@cambium/base'
import { ringPlaceError } from '../errors.ts'

/** In place of an object of any type. Internal. */
export function leftPlace(place: number): never {
  const refuse = (): never => {
    throw leftPlaceError(place)
  }
  return new Proxy({}, { get: refuse, set: refuse }) as never
}

/** Internal. */
export function leftPlaceError(place: number): CambiumError {
  return ringPlaceError('it was left', { place })
}
