/**
 * The census as a plain loop on one thread: what the actors' result is checked against and their time compared with. It uses
 * the same walk, analyser and addition, and nothing of the runtime.
 */
import { createFileAnalyser } from './analyse-file.ts'
import { finish } from './census-result.ts'
import { addFile, createPartial } from './partial.ts'
import { selectSourceFiles } from './source-files.ts'
import { createWalk } from './walk.ts'
import type { CensusResult } from './census-result.ts'
import type { SourceFacts, SourceLimits } from './source-files.ts'
import type { WalkFacts } from './walk.ts'

export interface Progress {
  readonly files: number
  readonly bytes: number
  readonly elapsedMs: number
}

export interface PlainLoopOptions {
  /** Length of the list of identifiers. @default 20 */
  readonly top?: number
  /** Called about every `progressMs`; the loop waits for it. */
  readonly onProgress?: (progress: Progress) => void
  /** Milliseconds between two calls of `onProgress`. @default 250 */
  readonly progressMs?: number
}

export interface PlainLoopOutcome {
  readonly result: CensusResult
  readonly walk: WalkFacts
  readonly source: SourceFacts
  readonly elapsedMs: number
}

export function runPlainLoop(folder: string, limits: SourceLimits, options: PlainLoopOptions = {}): PlainLoopOutcome {
  const { onProgress, progressMs = 250 } = options
  const startedAt = performance.now()
  let reportedAt = startedAt
  const walk = createWalk(folder)
  const source = selectSourceFiles(walk, limits)
  const analyser = createFileAnalyser(folder)
  const partial = createPartial()
  let files = 0
  let bytes = 0
  for (const file of source.files()) {
    addFile(partial, analyser.analyse(file.path, file.language))
    files++
    bytes += file.bytes
    const now = performance.now()
    if (onProgress !== undefined && now - reportedAt >= progressMs) {
      reportedAt = now
      onProgress({ files, bytes, elapsedMs: now - startedAt })
    }
  }
  const result = finish(partial, options.top === undefined ? {} : { top: options.top })
  return { result, walk: walk.facts(), source: source.facts(), elapsedMs: performance.now() - startedAt }
}
