/**
 * Assertions that stay on in production. They guard control paths (start, stop, attach, restart), never a per-message
 * path; a failed one is a bug in Cambium, not a mistake of the user.
 */
export class AssertionError extends Error {
  override readonly name = 'AssertionError'
  readonly code = 'ERR_ASSERTION'
}

/** Throws {@link AssertionError} unless `condition` holds. `message` states what should have been true. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new AssertionError(`assertion failed: ${message}`)
}

/** Marks a branch that the types rule out. */
export function unreachable(value: never, message = 'unreachable'): never {
  throw new AssertionError(`${message}: value=${String(value)}`)
}
