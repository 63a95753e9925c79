/**
 * Freezes a message that is sent by reference between actors of one core, so that code which changes a message it sent or received
 * fails there as it would across cores (D7). Development only: it walks the whole message.
 */
import { isRef } from './ref.ts'

/** Objects frozen by one call at most; past it the rest stays as it is. Keeps a huge message from stalling the core. */
const OBJECTS_MAX = 10_000
/** What was frozen here; an object that its owner froze may hold some that are not. */
const frozen = new WeakSet<object>()

/** Whether {@link deepFreeze} has seen it: nothing in it changes any more. */
export function isDeepFrozen(message: object): boolean {
  return frozen.has(message)
}

export function deepFreeze(message: unknown): void {
  if (typeof message !== 'object' || message === null || frozen.has(message)) return
  const waiting: object[] = [message]
  for (let seen = 0; waiting.length > 0 && seen < OBJECTS_MAX; seen += 1) {
    const value = waiting.pop() as object
    // A view over a buffer cannot be frozen, and freezing a Map, Set or Date would not stop their methods.
    if (ArrayBuffer.isView(value) || isRef(value)) continue
    Object.freeze(value)
    frozen.add(value)
    for (const key of Object.keys(value)) {
      const inner = (value as Record<string, unknown>)[key]
      if (typeof inner === 'object' && inner !== null && !frozen.has(inner)) waiting.push(inner)
    }
  }
}
