/** Checks of what users of the codec give it. Each throws `ERR_OPTION`, which names the value and what was expected. */
import { optionError } from '@cambium/base'
import type { EntryArea } from './entry-area.ts'

/** Options; those of both ends of a link may lie in one object. */
export function checkOptions(options: unknown): void {
  if (typeof options !== 'object' || options === null) throw optionError('options', options, 'an object')
}

/** A buffer of Node: what is copied and read by its methods. */
export function checkBuffer(option: string, buffer: unknown): void {
  if (!Buffer.isBuffer(buffer)) throw optionError(option, buffer, 'a Buffer')
}

/** An area that was made by `createEntryArea` or `createShapeArea`, or does what these do. */
export function checkArea(option: string, area: unknown): void {
  const { publishedBytes, read } = (area ?? {}) as Partial<EntryArea>
  if (typeof publishedBytes !== 'function' || typeof read !== 'function')
    throw optionError(option, area, 'an area in shared memory')
}

/** A function of the user's that may be left out. */
export function checkHook(option: string, hook: unknown): void {
  if (hook !== undefined && typeof hook !== 'function') throw optionError(option, hook, 'a function')
}
