/**
 * For what a callback returned that must answer at once, and that is refused: nobody waits for a promise then, and its rejection would end the core with all actors on it.
 * Answers whether it was one.
 */
export function disown(result: unknown): boolean {
  if (!(result instanceof Promise)) return false
  // Not `result.catch`: a promise may have a `catch` of its own.
  void Promise.prototype.then.call(result, undefined, () => {})
  return true
}
