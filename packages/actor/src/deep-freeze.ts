/**
 * Freezes a message that is sent by reference between actors of one core, so that code which changes a message it sent or received
 * fails there as it would across cores (D7). Development only: it walks the whole message.
 */
import { isRef } from './ref.ts'

/** Objects frozen by one call at most; past it the rest stays as it is. Keeps a huge message from stalling the core. */
const OBJECTS_MAX = 10_000

export function deepFreeze(message: unknown): void {
  if (typeof message !== 'object' || message === null || Object.isFrozen(message)) return
  const waiting: object[] = [message]
  for (let seen = 0; waiting.length > 0 && seen < OBJECTS_MAX; seen += 1) {
    const value = waiting.pop() as object
    // A view over a buffer cannot be frozen, and freezing a Map, Set or Date would not stop their methods.
    if (ArrayBuffer.isView(value) || isRef(value)) continue
    Object.freeze(value)
    for (const key of Object.keys(value)) {
      const inner = (value as Record<string, unknown>)[key]
      if (typeof inner === 'object' && inner !== null && !Object.isFrozen(inner)) waiting.push(inner)
    }
  }
}
