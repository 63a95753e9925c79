/**
 * Cuts the source files into batches as they are asked for: large enough that a message is cheap beside the work in it, small
 * enough that a crash costs little. A large file is a batch of its own.
 */
import type { SourceFile } from './source-files.ts'

export const BATCH_FILES_MAX = 16
/** A batch that has this many bytes takes no further file. */
export const BATCH_BYTES: number = 256 * 1024
export const LARGE_FILE_BYTES = 500_000

export interface Batches {
  /**
   * The next batch; `exhausted` when there is none. `paused` when `isTimeUp` said so first: what was found is kept, and the
   * next call goes on from there.
   */
  readonly next: (isTimeUp: () => boolean) => readonly SourceFile[] | 'paused' | 'exhausted'
}

/** Of `steps`, an `undefined` is a file that does not count. It is held by at most one batch and one file at a time. */
export function createBatches(steps: Iterator<SourceFile | undefined, void, undefined>): Batches {
  let files: SourceFile[] = []
  let bytes = 0
  let large: SourceFile | undefined

  const take = (): readonly SourceFile[] => {
    const taken = files
    files = []
    bytes = 0
    return taken
  }

  return {
    next: (isTimeUp) => {
      for (;;) {
        if (large !== undefined) {
          if (files.length > 0) return take()
          files.push(large)
          large = undefined
          return take()
        }
        if (files.length >= BATCH_FILES_MAX || bytes >= BATCH_BYTES) return take()
        const step = steps.next()
        if (step.done === true) return files.length > 0 ? take() : 'exhausted'
        const file = step.value
        if (file !== undefined && file.bytes > LARGE_FILE_BYTES) large = file
        else if (file !== undefined) {
          files.push(file)
          bytes += file.bytes
        }
        if (isTimeUp()) return 'paused'
      }
    },
  }
}
