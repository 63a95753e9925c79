/** What a callback returned that it should not have, in words, for the message of the error that refuses it. */
import { disown } from './disown.ts'

/** Its kind, and of an array the length. A promise is {@link disown}ed: it is refused, so nobody waits for it. */
export function describeResult(result: unknown): string {
  if (disown(result)) return 'a promise'
  if (Array.isArray(result)) return `an array of ${result.length}`
  return result === null ? 'null' : typeof result
}
