/**
 * The final report as text, at most {@link WIDTH} columns wide. Names of files come from a folder that anybody may have filled:
 * control characters in them are replaced before they reach a terminal.
 */
import { TOP_NAME_LENGTH_MIN } from './census-result.ts'
import { SIMILARITY_MIN } from './near-duplicates.ts'
import type { CensusResult } from './census-result.ts'
import type { SourceFacts } from './source-files.ts'
import type { LinkKind, WalkFacts } from './walk.ts'

export interface RunEvent {
  readonly kind: 'actor_crash' | 'core_death'
  /** Who, and why, in words: `analyser 3 on core 1 (crash: Error: …)`. */
  readonly what: string
  /** Until all that was down was back; absent when something stayed down. */
  readonly recoveredInMs?: number
  /** Messages lost. */
  readonly lost: number
  /** Batches handed out again. */
  readonly redone: number
}

/** The books of all cores: sent = processed + dead + queued. */
export interface RunBooks {
  readonly sent: number
  readonly processed: number
  readonly queued: number
  /** Dead letters by reason. */
  readonly dead: Readonly<Record<string, number>>
}

export interface RunFacts {
  /** Worker threads. */
  readonly cores: number
  /** From the start of the cores to the result. */
  readonly elapsedMs: number
  readonly plainMs: number
  /** `plainMs / elapsedMs` */
  readonly speedUp: number
  /** The actors' result is that of the plain loop in every part. */
  readonly verified: boolean
  /** Files that no actor could finish. */
  readonly filesNotCounted: number
  /** Messages processed, by number of the core; 0 is the main thread. */
  readonly messagesByCore: readonly number[]
  readonly events: readonly RunEvent[]
  /** Partial results that were dropped because their batch had been counted. */
  readonly repeated: number
  /** Messages per second from core to core: by `tell`, which goes through a ring, and by `postMessage`. */
  readonly ringVsQueue: { readonly ringPerSecond: number; readonly queuePerSecond: number }
  readonly books: RunBooks
}

export interface ReportInput {
  readonly folder: string
  readonly result: CensusResult
  readonly walk: WalkFacts
  readonly source: SourceFacts
  readonly run: RunFacts
}

export const WIDTH = 100
const GROUPS_SHOWN = 5
const PATHS_SHOWN = 3
const BAR_WIDTH = 40

export function renderReport(input: ReportInput): string {
  return [
    ...overview(input),
    ...languages(input.result),
    ...identifiers(input.result),
    ...duplicates(input.result),
    ...leftOut(input),
    ...run(input.run),
    ...books(input.run.books),
  ]
    .map(fit)
    .join('\n')
}

function overview({ folder, result, source }: ReportInput): string[] {
  const lines = [
    'Cambium census',
    `  folder        ${shortened(folder, WIDTH - 16)}`,
    `  source        ${plural(result.files, 'file')}, ${megabytes(result.bytes)}, ${grouped(result.lines)} lines`,
    `  tokens        ${grouped(result.tokens)}`,
  ]
  if (source.limited) lines.push(`  limited       to the first ${plural(source.files, 'file')}: --limit and --megabytes raise it`)
  return lines
}

function languages(result: CensusResult): string[] {
  const row = (cells: readonly string[]): string =>
    `  ${cells[0]!.padEnd(12)}${cells
      .slice(1)
      .map((cell) => cell.padStart(13))
      .join('')}`
  return [
    ...heading('Languages by lines'),
    row(['', 'files', 'lines', 'code', 'comments', 'blank', 'MB']),
    ...result.languages.map((counts) =>
      row([
        counts.language,
        grouped(counts.files),
        grouped(counts.lines),
        grouped(counts.codeLines),
        grouped(counts.commentLines),
        grouped(counts.blankLines),
        (counts.bytes / 1e6).toFixed(1),
      ]),
    ),
  ]
}

function identifiers(result: CensusResult): string[] {
  const { topIdentifiers: top } = result
  const half = Math.ceil(top.length / 2)
  const cell = (index: number): string => {
    const entry = top[index]
    if (entry === undefined) return ''
    return `${String(index + 1).padStart(4)}. ${shortened(entry.name, 26).padEnd(26)} ${grouped(entry.count).padStart(11)}`
  }
  return [
    ...heading(`Most frequent identifiers of ${TOP_NAME_LENGTH_MIN} letters or more`),
    `  ${grouped(result.identifiers)} in all, ${grouped(result.distinctIdentifiers)} distinct` +
      (result.isSampled ? ' in the sample that was kept' : ''),
    ...Array.from({ length: half }, (_, index) => `${cell(index)}   ${cell(index + half)}`),
  ]
}

function duplicates(result: CensusResult): string[] {
  const { exactDuplicates: exact, nearDuplicates: near } = result
  return [
    ...heading('Duplicates'),
    `  exact         ${plural(exact.groups.length, 'group')} of ${plural(exact.files, 'file')}, ${megabytes(exact.bytesWasted)} wasted`,
    ...exact.groups.slice(0, GROUPS_SHOWN).flatMap(({ paths }) => pathLines(paths, `${paths.length} ×`)),
    `  near          ${plural(near.groups.length, 'group')} of ${plural(near.files, 'file')} at ${percent(SIMILARITY_MIN)} or more; ` +
      `${plural(near.compared, 'pair')} compared`,
    ...near.groups.slice(0, GROUPS_SHOWN).flatMap((group) => pathLines(group.paths, percent(group.similarity))),
    ...(near.leftOut > 0 ? [`  left out      ${plural(near.leftOut, 'comparison')}, beyond the limits`] : []),
  ]
}

function leftOut({ result, walk, source }: ReportInput): string[] {
  const kinds = Object.keys(walk.links) as LinkKind[]
  const lines = [
    ...heading('Not read'),
    `  other files   ${grouped(source.otherFiles)}; further hard links ${grouped(walk.hardLinks)}`,
    `  links         ${kinds.map((kind) => `${kind} ${grouped(walk.links[kind].count)}`).join(', ')}`,
  ]
  for (const kind of ['cycle', 'loop', 'dangling', 'unreadable'] as const) {
    lines.push(...named(`${kind} link`, walk.links[kind].count, walk.links[kind].named))
  }
  lines.push(...named('unreadable', walk.unreadable.count, walk.unreadable.named))
  lines.push(...named('special', walk.special.count, walk.special.named))
  lines.push(...named('not entered', walk.notEntered.count, walk.notEntered.named))
  for (const { reason, count, named: paths } of result.skipped) lines.push(...named(reason.replaceAll('_', ' '), count, paths))
  if (!walk.identitiesComplete) lines.push('  Some hard-linked files may have been read twice: there were too many to remember.')
  return lines
}

function run(facts: RunFacts): string[] {
  const most = Math.max(1, ...facts.messagesByCore)
  const { ringPerSecond, queuePerSecond } = facts.ringVsQueue
  const times = (ringPerSecond / Math.max(1, queuePerSecond)).toFixed(1)
  return [
    ...heading('Run'),
    `  actors        ${seconds(facts.elapsedMs)} on ${plural(facts.cores, 'core')}, from the start of the cores to the result`,
    `  plain loop    ${seconds(facts.plainMs)} on one thread, over the same files`,
    `  speed-up      ${facts.speedUp.toFixed(2)}`,
    `  verified      ${facts.verified ? 'yes: both counted the same' : 'NO: the results differ'}`,
    ...(facts.filesNotCounted > 0 ? [`  not counted   ${plural(facts.filesNotCounted, 'file')} that no actor could finish`] : []),
    '  messages',
    ...facts.messagesByCore.map(
      (count, core) =>
        `    core ${String(core).padEnd(4)} ${grouped(count).padStart(13)}  ${'█'.repeat(Math.round((count / most) * BAR_WIDTH))}`,
    ),
    `  ring          ${grouped(ringPerSecond)} messages/s from core to core by tell`,
    `  queue         ${grouped(queuePerSecond)} messages/s by postMessage: the ring carries ${times} times as many`,
    ...(facts.events.length === 0 ? ['  failures      none'] : ['  failures']),
    ...facts.events.flatMap(failure),
    ...(facts.repeated > 0 ? [`    ${plural(facts.repeated, 'result')} came twice and counted once`] : []),
  ]
}

function failure({ kind, what, recoveredInMs, lost, redone }: RunEvent): string[] {
  const back = recoveredInMs === undefined ? 'stays down' : `back in ${recoveredInMs.toFixed(1)} ms`
  return [
    `    ${kind === 'core_death' ? 'core died' : 'actor crashed'}: ${what}`,
    `      ${back}; ${plural(lost, 'message')} lost; ${redone === 1 ? '1 batch' : `${redone} batches`} handed out again`,
  ]
}

function books({ sent, processed, queued, dead }: RunBooks): string[] {
  const reasons = Object.entries(dead).filter(([, count]) => count > 0)
  const died = reasons.reduce((sum, [, count]) => sum + count, 0)
  const difference = sent - processed - died - queued
  return [
    ...heading('Books'),
    `  sent ${grouped(sent)} = processed ${grouped(processed)} + dead ${grouped(died)} + queued ${grouped(queued)}: ` +
      (difference === 0 ? 'balanced' : `OUT OF BALANCE by ${difference}`),
    ...reasons.map(([reason, count]) => `    ${reason.padEnd(24)} ${grouped(count).padStart(11)}`),
  ]
}

function heading(text: string): string[] {
  return ['', text]
}

function pathLines(paths: readonly string[], label: string): string[] {
  const lines = paths
    .slice(0, PATHS_SHOWN)
    .map((path, index) => `    ${(index === 0 ? label : '').padEnd(7)} ${shortened(path, WIDTH - 12)}`)
  if (paths.length > PATHS_SHOWN) lines.push(`            and ${paths.length - PATHS_SHOWN} more`)
  return lines
}

function named(label: string, count: number, paths: readonly string[]): string[] {
  if (count === 0) return []
  return [
    `  ${label.padEnd(13)} ${grouped(count)}`,
    ...paths.slice(0, PATHS_SHOWN).map((path) => `                ${shortened(path, WIDTH - 16)}`),
    ...(count > PATHS_SHOWN ? [`                and ${grouped(count - PATHS_SHOWN)} more`] : []),
  ]
}

/** Cut in the middle: both ends of a path say more than its middle. */
function shortened(text: string, width: number): string {
  const characters = Array.from(text)
  if (characters.length <= width) return text
  const tail = Math.floor((width - 1) * 0.6)
  return `${characters.slice(0, width - 1 - tail).join('')}…${characters.slice(-tail).join('')}`
}

function fit(line: string): string {
  const clean = line.replaceAll(/\p{Cc}/gu, '?').trimEnd()
  const characters = Array.from(clean)
  return characters.length <= WIDTH ? clean : `${characters.slice(0, WIDTH - 1).join('')}…`
}

function plural(count: number, noun: string): string {
  return `${grouped(count)} ${noun}${count === 1 ? '' : 's'}`
}

// Not toLocaleString: a report reads the same on every machine.
function grouped(value: number): string {
  return String(Math.round(value)).replaceAll(/\B(?=(\d{3})+$)/g, ',')
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(2)} s`
}

function percent(share: number): string {
  return `${Math.floor(share * 100)} %`
}
