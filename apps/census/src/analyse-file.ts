/**
 * One file, read and measured. What a file system can do between the walk and the reading is an outcome with a name, never an
 * exception: the file is gone, is no longer a file, cannot be read, is larger than the limit, is binary, or is empty.
 */
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'
import { hash } from 'node:crypto'
import { join } from 'node:path'
import { isBinary } from './classify.ts'
import { minHash } from './min-hash.ts'
import { syntaxOf } from './syntax.ts'
import { createTokeniser } from './tokenise.ts'
import type { Language } from './classify.ts'
import type { TokenCounts } from './tokenise.ts'

/** Larger files are named and left out: the buffers that a core keeps for reading and scanning grow with the largest. */
export const FILE_BYTES_MAX: number = 16 * 1024 * 1024

export type SkipReason = 'binary' | 'empty' | 'not_a_file' | 'too_large' | 'unreadable' | 'vanished'

export interface FileFacts extends TokenCounts {
  readonly outcome: 'analysed'
  readonly path: string
  readonly language: Language
  readonly bytes: number
  /** First half of the SHA-256 of the bytes, in hexadecimal: equal files have it equal. */
  readonly contentHash: string
  readonly identifiers: ReadonlyMap<string, number>
  /** Empty for files too small to compare. */
  readonly signature: Int32Array
}

export interface FileSkipped {
  readonly outcome: 'skipped'
  readonly path: string
  readonly reason: SkipReason
}

export interface FileAnalyser {
  /** `path` is relative to the analyser's folder. */
  readonly analyse: (path: string, language: Language) => FileFacts | FileSkipped
}

/** An analyser keeps its buffers from file to file: have one per core and not one per file. */
export function createFileAnalyser(folder: string): FileAnalyser {
  const tokeniser = createTokeniser()
  let scratch = Buffer.allocUnsafeSlow(64 * 1024)

  const read = (path: string): Buffer | SkipReason => {
    let descriptor: number
    try {
      // O_NONBLOCK: if the path has become a FIFO, opening it returns and the check below names it.
      descriptor = openSync(join(folder, path), constants.O_RDONLY | (constants.O_NONBLOCK ?? 0))
    } catch (error) {
      return (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'vanished' : 'unreadable'
    }
    try {
      const stats = fstatSync(descriptor)
      if (!stats.isFile()) return 'not_a_file'
      if (stats.size > FILE_BYTES_MAX) return 'too_large'
      if (stats.size > scratch.length) scratch = Buffer.allocUnsafeSlow(Math.min(FILE_BYTES_MAX, stats.size * 2))
      // A file that grows meanwhile is read up to the size it had.
      let filled = 0
      while (filled < stats.size) {
        const count = readSync(descriptor, scratch, filled, stats.size - filled, filled)
        if (count === 0) break
        filled += count
      }
      return scratch.subarray(0, filled)
    } catch {
      return 'unreadable'
    } finally {
      closeSync(descriptor)
    }
  }

  return {
    analyse: (path, language) => {
      const bytes = read(path)
      if (typeof bytes === 'string') return { outcome: 'skipped', path, reason: bytes }
      if (bytes.length === 0) return { outcome: 'skipped', path, reason: 'empty' }
      if (isBinary(bytes)) return { outcome: 'skipped', path, reason: 'binary' }
      const counts = tokeniser.scan(bytes, syntaxOf(language))
      return {
        outcome: 'analysed',
        path,
        language,
        bytes: bytes.length,
        contentHash: hash('sha256', bytes, 'hex').slice(0, 32),
        ...counts,
        identifiers: tokeniser.identifiers(),
        signature: minHash(tokeniser.tokens()),
      }
    },
  }
}
