/** Locks by key across all cores, as Erlang's `global:trans`: one actor at a time does what needs it, in the order in which they came. */
import { checkFields, optionError } from '@cambium/base'
import type { Registrant } from './registry.ts'

export interface LockOptions {
  /** How long to wait for the lock, in milliseconds; `Infinity` for ever. @default 5000 */
  readonly waitMs?: number
}

/**
 * Runs `work` while this actor has the lock, and resolves with what it does. The lock is free again when `work` has settled, or when the incarnation ends. Rejects with
 * `ERR_LOCK_TIMEOUT`, with `ERR_LOCK_HELD` inside of itself, `ERR_OPTION`, or what `work` throws.
 */
export async function withLock<T>(
  context: Registrant,
  key: string,
  work: () => T | Promise<T>,
  options: LockOptions = {},
): Promise<T> {
  if (typeof (context as Partial<Registrant> | undefined)?.directory?.lock !== 'function')
    throw optionError('context', context, 'that of an actor, as its callbacks are given it')
  if (typeof work !== 'function') throw optionError('work', work, 'a function')
  checkFields('options', options, ['waitMs'])
  const { directory } = context
  await directory.lock(key, options.waitMs ?? 5000)
  try {
    return await work()
  } finally {
    directory.unlock(key)
  }
}
