/**
 * The result of a census: a function of the sum of all partials, whatever order they came in. Its digest covers everything the
 * partials held, so two runs with the same digest counted the same.
 */
import { createHash } from 'node:crypto'
import { keepSample } from './identifier-sample.ts'
import { findNearDuplicates } from './near-duplicates.ts'
import { IDENTIFIERS_MAX } from './partial.ts'
import type { SkipReason } from './analyse-file.ts'
import type { Language } from './classify.ts'
import type { NearDuplicates } from './near-duplicates.ts'
import type { CensusPartial, FileSketch, LanguageCounts, SkippedCount } from './partial.ts'

interface LanguageResult extends Readonly<LanguageCounts> {
  readonly language: Language
}

interface IdentifierCount {
  readonly name: string
  readonly count: number
}

interface ExactDuplicateGroup {
  /** Sorted. */
  readonly paths: readonly string[]
  /** Of one of them. */
  readonly bytes: number
}

interface ExactDuplicates {
  /** Most wasted bytes first. */
  readonly groups: readonly ExactDuplicateGroup[]
  readonly files: number
  /** Bytes of all but one file of each group. */
  readonly bytesWasted: number
}

interface SkippedResult extends Readonly<SkippedCount> {
  readonly reason: SkipReason
}

export interface CensusResult {
  /** Analysed files; skipped ones are in `skipped`. */
  readonly files: number
  readonly bytes: number
  readonly lines: number
  readonly tokens: number
  readonly identifiers: number
  /** Of the sample, when `isSampled`. */
  readonly distinctIdentifiers: number
  /** More identifiers were met than are kept: the top list is that of a sample. */
  readonly isSampled: boolean
  /** Most frequent first; only names of {@link TOP_NAME_LENGTH_MIN} characters or more. */
  readonly topIdentifiers: readonly IdentifierCount[]
  /** Most lines first. */
  readonly languages: readonly LanguageResult[]
  readonly exactDuplicates: ExactDuplicates
  readonly nearDuplicates: NearDuplicates
  readonly skipped: readonly SkippedResult[]
  /** SHA-256 in hexadecimal over all that was counted. */
  readonly digest: string
}

/** Shorter names are mostly those of minified code. */
export const TOP_NAME_LENGTH_MIN = 3

export interface FinishOptions {
  /** Length of `topIdentifiers`. @default 20 */
  readonly top?: number
}

/** Takes the partial over: it may be sorted and pruned. */
export function finish(partial: CensusPartial, options: FinishOptions = {}): CensusResult {
  const isSampled = partial.identifiers.size > IDENTIFIERS_MAX
  keepSample(partial.identifiers, IDENTIFIERS_MAX)
  const sketches = partial.sketches.sort((left, right) => compare(left.path, right.path))
  const languages = [...partial.languages]
    .map(([language, counts]) => ({ language, ...counts }))
    .sort((left, right) => right.lines - left.lines || compare(left.language, right.language))
  const skipped = [...partial.skipped]
    .map(([reason, { count, named }]) => ({ reason, count, named }))
    .sort((left, right) => compare(left.reason, right.reason))
  const { duplicates, representatives } = splitExactDuplicates(sketches)
  const sum = (pick: (language: LanguageResult) => number): number =>
    languages.reduce((total, language) => total + pick(language), 0)
  return {
    files: sum(({ files }) => files),
    bytes: sum(({ bytes }) => bytes),
    lines: sum(({ lines }) => lines),
    tokens: sum(({ tokens }) => tokens),
    identifiers: sum(({ identifiers }) => identifiers),
    distinctIdentifiers: partial.identifiers.size,
    isSampled,
    topIdentifiers: topOf(partial.identifiers, options.top ?? 20),
    languages,
    exactDuplicates: duplicates,
    nearDuplicates: findNearDuplicates(representatives),
    skipped,
    digest: digestOf(partial.identifiers, sketches, languages, skipped),
  }
}

function topOf(identifiers: ReadonlyMap<string, number>, top: number): IdentifierCount[] {
  const before = (left: IdentifierCount, right: IdentifierCount): number =>
    right.count - left.count || compare(left.name, right.name)
  let best: IdentifierCount[] = []
  let least = 0
  for (const [name, count] of identifiers) {
    if (count < least || name.length < TOP_NAME_LENGTH_MIN) continue
    best.push({ name, count })
    // Cut now and then: sorting all names to show twenty of them costs more than counting them.
    if (best.length >= top * 2 + 64) {
      best = best.sort(before).slice(0, top)
      least = best.at(-1)?.count ?? 0
    }
  }
  return best.sort(before).slice(0, top)
}

function splitExactDuplicates(sketches: readonly FileSketch[]): { duplicates: ExactDuplicates; representatives: FileSketch[] } {
  const byContent = new Map<string, FileSketch[]>()
  for (const sketch of sketches) {
    const same = byContent.get(sketch.contentHash)
    if (same === undefined) byContent.set(sketch.contentHash, [sketch])
    else same.push(sketch)
  }
  const representatives = [...byContent.values()].map(([first]) => first!)
  const wasted = (group: ExactDuplicateGroup): number => group.bytes * (group.paths.length - 1)
  const groups = [...byContent.values()]
    .filter((same) => same.length > 1)
    .map((same) => ({ paths: same.map(({ path }) => path), bytes: same[0]!.bytes }))
    .sort((left, right) => wasted(right) - wasted(left) || compare(left.paths[0]!, right.paths[0]!))
  return {
    duplicates: {
      groups,
      files: groups.reduce((total, group) => total + group.paths.length, 0),
      bytesWasted: groups.reduce((total, group) => total + wasted(group), 0),
    },
    representatives,
  }
}

/** Signatures go in as bytes: all cores of a machine have one byte order, and a digest is compared on one machine. */
function digestOf(
  identifiers: ReadonlyMap<string, number>,
  sketches: readonly FileSketch[],
  languages: readonly LanguageResult[],
  skipped: readonly SkippedResult[],
): string {
  const digest = createHash('sha256')
  digest.update(JSON.stringify(languages.map((counts) => Object.entries(counts).sort(([left], [right]) => compare(left, right)))))
  digest.update(JSON.stringify(skipped))
  for (const { path, bytes, contentHash, signature } of sketches) {
    digest.update(JSON.stringify([path, bytes, contentHash]))
    digest.update(signature)
  }
  // Identifiers hold no space and no newline, so these lines are not ambiguous.
  for (const name of [...identifiers.keys()].sort()) digest.update(`${name} ${identifiers.get(name)}\n`)
  return digest.digest('hex')
}

function compare(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0
}
