/**
 * The files the census reads: those of a walk whose name says a language, in the order of the walk, until a limit of files
 * or bytes is met. It is a function of the folder and the limits alone, so two runs see the same files.
 */
import { languageOf } from './classify.ts'
import type { Language } from './classify.ts'
import type { Walk } from './walk.ts'

export interface SourceFile {
  /** Relative to the folder of the walk. */
  readonly path: string
  readonly language: Language
  readonly bytes: number
}

export interface SourceLimits {
  readonly filesMax: number
  /** Sum of the sizes of the files; the file that would pass it ends the selection. */
  readonly bytesMax: number
}

export interface SourceFacts {
  readonly files: number
  readonly bytes: number
  /** Files that were met and are no source. */
  readonly otherFiles: number
  /** True when a limit ended the selection before the folder did. */
  readonly limited: boolean
}

export interface SourceFiles {
  /** To be iterated once. */
  readonly files: () => Generator<SourceFile, void, undefined>
  /** The same with an `undefined` for every other file, for a caller who must not stay long; instead of `files`. */
  readonly steps: () => Generator<SourceFile | undefined, void, undefined>
  readonly facts: () => SourceFacts
}

export function selectSourceFiles(walk: Walk, limits: SourceLimits): SourceFiles {
  let files = 0
  let bytes = 0
  let otherFiles = 0
  let limited = false

  function* steps(): Generator<SourceFile | undefined, void, undefined> {
    for (const file of walk.files()) {
      const language = languageOf(file.name)
      if (language === undefined) {
        otherFiles++
        yield undefined
        continue
      }
      if (files >= limits.filesMax || bytes + file.bytes > limits.bytesMax) {
        limited = true
        return
      }
      files++
      bytes += file.bytes
      yield { path: file.path, language, bytes: file.bytes }
    }
  }

  function* select(): Generator<SourceFile, void, undefined> {
    for (const file of steps()) if (file !== undefined) yield file
  }

  return { files: select, steps, facts: () => ({ files, bytes, otherFiles, limited }) }
}
