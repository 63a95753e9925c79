/**
 * Tells machinery from data: promises, weak references, generators, iterators. What they are lies outside their own properties, so a copy of these
 * would be nothing.
 */
import { types } from 'node:util'

/** Objects that are something happening, not data: their state is out of reach. */
export function isMachinery(value: object, tag: string): boolean {
  return (
    types.isPromise(value) ||
    types.isWeakMap(value) ||
    types.isWeakSet(value) ||
    types.isGeneratorObject(value) ||
    types.isSharedArrayBuffer(value) ||
    types.isExternal(value) ||
    value instanceof WeakRef ||
    value instanceof FinalizationRegistry ||
    tag.endsWith('Iterator')
  )
}
