/** The directory as one incarnation uses it: its checks, and its name on what it wants. */
import { deepFreeze, isRef } from '@cambium/actor'
import type { Directory, DirectoryEntry } from '@cambium/actor'
import { checkDuration, checkFields, optionError } from '@cambium/base'
import { assertTravels } from '@cambium/codec'
import type { ActorCell } from './actor-cell.ts'
import type { ActorDirectory } from './core-directory.ts'

const KEY_LENGTH_MAX = 256
const WAIT_MS_MAX = 86_400_000

export class ContextDirectory implements Directory {
  readonly #directory: ActorDirectory
  readonly #live: () => ActorCell

  /** `live` throws when the incarnation has ended. */
  constructor(directory: ActorDirectory, live: () => ActorCell) {
    this.#directory = directory
    this.#live = live
  }

  find(space: string, key: string): readonly DirectoryEntry[] {
    return this.#directory.find(space, key)
  }

  keys(space: string): readonly string[] {
    return this.#directory.keys(space)
  }

  async add(space: string, key: string, value: unknown, options: { readonly isUnique: boolean }): Promise<void> {
    const cell = this.#live()
    checkKey('space', space)
    checkKey('key', key)
    checkFields('options', options, ['isUnique'])
    assertTravels(value, isRef)
    deepFreeze(value)
    await this.#directory.ask(cell, { type: 'dir_add', space, key, value, isUnique: options.isUnique })
  }

  async remove(space: string, key: string, options: { readonly isAll: boolean }): Promise<number> {
    const cell = this.#live()
    checkKey('space', space)
    checkKey('key', key)
    return this.#directory.ask(cell, { type: 'dir_remove', space, key, isAll: options.isAll })
  }

  watch(space: string): void {
    this.#directory.watch(this.#live(), checkKey('space', space))
  }

  unwatch(space: string): void {
    this.#directory.unwatch(this.#live(), checkKey('space', space))
  }

  async lock(key: string, waitMs: number): Promise<void> {
    const cell = this.#live()
    checkKey('key', key)
    const wait = waitMs === Infinity ? waitMs : checkDuration('waitMs', waitMs, { default: 0, min: 0, max: WAIT_MS_MAX })
    await this.#directory.ask(cell, { type: 'dir_lock', key, waitMs: wait })
  }

  unlock(key: string): void {
    checkKey('key', key)
    let cell: ActorCell
    try {
      cell = this.#live()
    } catch {
      return // with its incarnation the lock is free already
    }
    this.#directory.unlock(cell, key)
  }
}

function checkKey(option: string, key: unknown): string {
  if (typeof key !== 'string' || key === '' || key.length > KEY_LENGTH_MAX)
    throw optionError(option, key, `a string of 1 to ${KEY_LENGTH_MAX} characters`)
  return key
}
