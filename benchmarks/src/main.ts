#!/usr/bin/env node
/** cambium-bench: reads the command line, runs the cases, prints tables, writes the files that were asked for. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { caseName } from './case.ts'
import type { BenchGroup } from './case.ts'
import { helpText, parseCommandLine, ROUNDS_DEFAULT, UsageError } from './command-line.ts'
import type { Request } from './command-line.ts'
import { readCommit } from './commit.ts'
import { formatParams, threeDigits } from './format.ts'
import { goalsMissed, goalsUnmeasured, goalText } from './goals.ts'
import { readMachine } from './machine.ts'
import { createProgress } from './progress.ts'
import { createReport } from './report.ts'
import { runGroups } from './run-groups.ts'
import { findSubcommand, SUBCOMMANDS } from './subcommands.ts'
import { renderSvg } from './svg/render-svg.ts'
import { renderTables } from './table.ts'

/** `--quick` stays under a minute on slow machines too, by doing fewer rounds or groups and saying so. */
const QUICK_LIMIT_MS = 50_000
/** Load average per core above which others are using the machine. */
const LOAD_SHARE_QUIET = 0.3

async function main(args: readonly string[]): Promise<number> {
  const request = parseCommandLine(
    args,
    SUBCOMMANDS.map(({ name }) => name),
  )
  if (request.kind === 'help') {
    process.stdout.write(helpText(SUBCOMMANDS))
    return 0
  }
  const groups = select((await findSubcommand(request.subcommand)?.load(request.scale)) ?? [], request)
  if (request.kind === 'list') {
    process.stdout.write(listText(groups))
    return 0
  }
  return await measure(request, groups, ['cambium-bench', ...args].join(' '))
}

/** The cases asked for by name; without names all of them, or those of a quick run. */
function select(groups: readonly BenchGroup[], request: Request): readonly BenchGroup[] {
  if (request.only.length === 0) return request.quick ? groups.filter((group) => group.quick).map(quickCases) : groups
  const names = groups.flatMap((group) => group.cases.map((benchCase) => caseName(group, benchCase)))
  const stray = request.only.find((part) => !names.some((name) => name.includes(part)))
  if (stray !== undefined) throw new UsageError(`no case has such a name: only=${stray}; see --list`)
  const asked = (name: string): boolean => request.only.some((part) => name.includes(part))
  return groups
    .map((group) => ({ ...group, cases: group.cases.filter((benchCase) => asked(caseName(group, benchCase))) }))
    .filter((group) => group.cases.length > 0)
}

function quickCases(group: BenchGroup): BenchGroup {
  return { ...group, cases: group.cases.filter(({ quick }) => quick !== false) }
}

async function measure(request: Request, groups: readonly BenchGroup[], command: string): Promise<number> {
  const machine = readMachine()
  const abort = new AbortController()
  const interrupt = (): void => abort.abort(new Error('interrupted'))
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt)
  const runnable = groups.reduce((sum, { cases }) => sum + cases.filter((one) => one.absent?.() === undefined).length, 0)
  const progress = createProgress(process.stderr, request.rounds * runnable)
  const directory = mkdtempSync(join(tmpdir(), 'cambium-bench-'))
  if (request.rounds < ROUNDS_DEFAULT) progress.note(`fewer than ${ROUNDS_DEFAULT} rounds: a trial, not a figure`)
  if (machine.loadAtStart > machine.cores * LOAD_SHARE_QUIET) {
    progress.note(
      `the machine is busy: load=${machine.loadAtStart.toFixed(2)}, cores=${machine.cores}; other work will show in the figures`,
    )
  }
  try {
    const outcome = await runGroups(groups, {
      subcommand: request.subcommand,
      scale: request.scale,
      rounds: request.rounds,
      directory,
      timeLimitMs: request.quick ? QUICK_LIMIT_MS : Number.POSITIVE_INFINITY,
      signal: abort.signal,
      progress,
    })
    progress.end()
    const report = createReport(command, machine, readCommit(), outcome.groups)
    process.stdout.write(renderTables(report, outcome.groups))
    if (request.json !== undefined) writeFileSync(request.json, `${JSON.stringify(report, null, 2)}\n`)
    if (request.svg !== undefined) writeFileSync(request.svg, renderSvg(report, outcome.groups))
    for (const line of [...outcome.limited, ...outcome.failures]) progress.note(line)
    const missed = request.check ? goalsMissed(report.ratios) : []
    const unmeasured = request.check ? goalsUnmeasured(outcome.groups, report.ratios) : []
    if (unmeasured.length > 0) progress.note(`goals not measured in this run: ${unmeasured.join(', ')}`)
    for (const ratio of missed)
      progress.note(`goal missed: ratio=${ratio.name}, value=${threeDigits(ratio.value)}, goal ${goalText(ratio.name)}`)
    return outcome.failures.length > 0 || missed.length > 0 ? 1 : 0
  } catch (error) {
    if (!abort.signal.aborted) throw error
    progress.note('interrupted')
    return 130
  } finally {
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt)
    rmSync(directory, { recursive: true, force: true })
  }
}

function listText(groups: readonly BenchGroup[]): string {
  return groups
    .flatMap((group) => group.cases.map((benchCase) => `${caseName(group, benchCase)}  ${formatParams(benchCase.params)}\n`))
    .join('')
}

try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  if (!(error instanceof UsageError)) throw error
  process.stderr.write(`cambium-bench: ${error.message.replaceAll(/\s+/g, ' ')}\n`)
  process.exitCode = 2
}
