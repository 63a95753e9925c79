/**
 * The directory of a system: which actors stand under which keys. Names, registries, process groups and locks are made of it (`@cambium/otp`).
 *
 * Core 0 decides, in one order, and tells every core; each looks up in its own copy. So an entry is there for its actor when {@link Directory.add} resolves, and for
 * the others soon after; and what an incarnation has entered is gone, on every core, by the time the `down` of a monitor comes there.
 */
import type { AnyRef } from './info.ts'

export interface DirectoryEntry<Value = unknown> {
  readonly ref: AnyRef
  readonly value: Value
}

/** What anybody may look up, without a wait. */
export interface DirectoryView {
  /** Entries of a key, in the order in which they were made. */
  find(space: string, key: string): readonly DirectoryEntry[]
  /** Keys of a space that have entries. */
  keys(space: string): readonly string[]
}

/** What an actor may do for itself. Its entries end with its incarnation. */
export interface Directory extends DirectoryView {
  /**
   * Enters this actor under a key. With `isUnique` the key is given to one actor at a time; again, by the same, it changes the value. Rejects with `ERR_NAME_TAKEN`,
   * `ERR_DIRECTORY_FULL`; throws `ERR_OPTION`, `ERR_CANNOT_TRAVEL`.
   */
  add(space: string, key: string, value: unknown, options: { readonly isUnique: boolean }): Promise<void>
  /** Takes the latest of this actor's entries of that key back, or all of them; resolves with how many those were. */
  remove(space: string, key: string, options: { readonly isAll: boolean }): Promise<number>
  /** From now on `info` is told `joined` and `left` for every change of that space, until this incarnation ends. */
  watch(space: string): void
  unwatch(space: string): void
  /**
   * Waits for a lock, which one actor has at a time, in the order of the requests; released by {@link unlock} or the end of the incarnation. Rejects with `ERR_LOCK_TIMEOUT`,
   * `ERR_LOCK_HELD` when this actor has it already or waits for it, `ERR_DIRECTORY_FULL`.
   */
  lock(key: string, waitMs: number): Promise<void>
  unlock(key: string): void
}
