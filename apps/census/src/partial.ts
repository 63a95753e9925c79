/**
 * What some files add up to: plain data that crosses cores, and an addition of such data.
 *
 * 1. `mergePartial` is commutative and associative up to {@link finish}, so batches may come back in any order and grouping.
 * 2. It does not recognise a batch that it was given twice: whoever hands out batches sees to that.
 * 3. Every part has a bound that does not depend on the order. Counts are sums. Names of skipped files are the smallest paths
 *    per reason. Identifiers beyond the limit are a sample: those with the smallest hashes. One that was dropped had that many
 *    smaller ones beside it and has them in every larger sum, so those that stay have been counted from the start.
 */
import { keepSample } from './identifier-sample.ts'
import type { FileFacts, FileSkipped, SkipReason } from './analyse-file.ts'
import type { Language } from './classify.ts'

export interface LanguageCounts {
  files: number
  bytes: number
  lines: number
  codeLines: number
  commentLines: number
  blankLines: number
  tokens: number
  identifiers: number
}

export interface FileSketch {
  readonly path: string
  readonly bytes: number
  readonly contentHash: string
  /** Empty for files too small to compare. */
  readonly signature: Int32Array
}

export interface SkippedCount {
  count: number
  /** The smallest paths, sorted; at most {@link SKIPPED_NAMED_MAX}. */
  named: string[]
}

export interface CensusPartial {
  readonly languages: Map<Language, LanguageCounts>
  /** A Map, never an object: `constructor` and `__proto__` are identifiers like others. */
  readonly identifiers: Map<string, number>
  readonly sketches: FileSketch[]
  readonly skipped: Map<SkipReason, SkippedCount>
}

/** Distinct identifiers of a sample. Between prunings a partial holds up to twice as many. */
export const IDENTIFIERS_MAX = 1_000_000
export const SKIPPED_NAMED_MAX = 20

export function createPartial(): CensusPartial {
  return { languages: new Map(), identifiers: new Map(), sketches: [], skipped: new Map() }
}

export function addFile(partial: CensusPartial, file: FileFacts | FileSkipped): void {
  if (file.outcome === 'skipped') {
    addSkipped(partial, file.reason, { count: 1, named: [file.path] })
    return
  }
  let identifiers = 0
  for (const [name, count] of file.identifiers) {
    identifiers += count
    partial.identifiers.set(name, (partial.identifiers.get(name) ?? 0) + count)
  }
  boundIdentifiers(partial)
  const { bytes, lines, codeLines, commentLines, blankLines, tokens } = file
  addLanguage(partial, file.language, { files: 1, bytes, lines, codeLines, commentLines, blankLines, tokens, identifiers })
  partial.sketches.push({ path: file.path, bytes, contentHash: file.contentHash, signature: file.signature })
}

/** Adds `source` to `target`, which is returned. `source` is not changed; its sketches are shared. */
export function mergePartial(target: CensusPartial, source: CensusPartial): CensusPartial {
  for (const [language, counts] of source.languages) addLanguage(target, language, counts)
  for (const [name, count] of source.identifiers) target.identifiers.set(name, (target.identifiers.get(name) ?? 0) + count)
  boundIdentifiers(target)
  for (const sketch of source.sketches) target.sketches.push(sketch)
  for (const [reason, skipped] of source.skipped) addSkipped(target, reason, skipped)
  return target
}

function boundIdentifiers(partial: CensusPartial): void {
  if (partial.identifiers.size > IDENTIFIERS_MAX * 2) keepSample(partial.identifiers, IDENTIFIERS_MAX)
}

function addLanguage(partial: CensusPartial, language: Language, counts: LanguageCounts): void {
  const sum = partial.languages.get(language)
  if (sum === undefined) {
    partial.languages.set(language, { ...counts })
    return
  }
  sum.files += counts.files
  sum.bytes += counts.bytes
  sum.lines += counts.lines
  sum.codeLines += counts.codeLines
  sum.commentLines += counts.commentLines
  sum.blankLines += counts.blankLines
  sum.tokens += counts.tokens
  sum.identifiers += counts.identifiers
}

function addSkipped(partial: CensusPartial, reason: SkipReason, skipped: SkippedCount): void {
  const sum = partial.skipped.get(reason) ?? { count: 0, named: [] }
  partial.skipped.set(reason, {
    count: sum.count + skipped.count,
    named: [...sum.named, ...skipped.named].sort().slice(0, SKIPPED_NAMED_MAX),
  })
}
