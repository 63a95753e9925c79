/**
 * The census: what `npm start` runs. First the plain loop, then the actors over the same files, then the two ways from core to
 * core, then the report. Exit codes: 0 the result is verified, 1 it is not or something failed, 2 wrong arguments, 130 and 143
 * ended by SIGINT and SIGTERM.
 */
import { writeFileSync } from 'node:fs'
import { isDeepStrictEqual } from 'node:util'
import { runActors } from './actors-run.ts'
import { EXIT_WRONG_ARGUMENTS, parseArguments } from './options.ts'
import type { CensusOptions } from './options.ts'
import { runPlain } from './plain-run.ts'
import { createProgressLine } from './progress-line.ts'
import type { ProgressLine } from './progress-line.ts'
import { renderReport } from './report.ts'
import type { ReportInput } from './report.ts'
import { measureThroughput } from './throughput.ts'

const EXIT_NOT_VERIFIED = 1
const SIGNAL_EXITS = { SIGINT: 130, SIGTERM: 143 } as const
/** What comes within this time of the first signal is the same press of a key: npm passes on what the terminal has sent to us already. */
const SAME_PRESS_MS = 250

class Interrupted extends Error {
  readonly exitCode: number

  constructor(name: keyof typeof SIGNAL_EXITS) {
    super(`ended by ${name}`)
    this.exitCode = SIGNAL_EXITS[name]
  }
}

async function main(): Promise<number> {
  const parsed = parseArguments(process.argv.slice(2), process.cwd())
  if (parsed.kind === 'help') {
    process.stdout.write(`${parsed.text}\n`)
    return 0
  }
  if (parsed.kind === 'wrong') {
    process.stderr.write(`${parsed.message}\n`)
    return EXIT_WRONG_ARGUMENTS
  }
  // Whoever reads us may have seen enough, like `head`.
  process.stdout.on('error', () => {})
  const progress = createProgressLine(process.stdout)
  try {
    return await takeCensus(parsed.options, endedBySignal(), progress)
  } catch (error) {
    progress.clear()
    process.stderr.write(`census: ${error instanceof Error ? error.message : String(error)}\n`)
    return error instanceof Interrupted ? error.exitCode : EXIT_NOT_VERIFIED
  }
}

/** Aborted by the first SIGINT or SIGTERM; a later one ends the process at once. */
function endedBySignal(): AbortSignal {
  const ended = new AbortController()
  let firstAt: number | undefined
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.on(name, () => {
      firstAt ??= performance.now()
      if (performance.now() - firstAt < SAME_PRESS_MS) ended.abort(new Interrupted(name))
      else process.exit(SIGNAL_EXITS[name])
    })
  }
  return ended.signal
}

async function takeCensus(options: CensusOptions, signal: AbortSignal, progress: ProgressLine): Promise<number> {
  const { folder, filesMax, bytesMax, cores, chaos, top, throughputMs } = options
  const limits = { filesMax, bytesMax }
  progress.keep(`Census of ${printable(folder)}`)

  let total = 0
  const state = (stage: string, files: number, elapsedMs: number): string => {
    const share = total === 0 ? 100 : Math.floor((files / total) * 100)
    return `${stage}  ${String(share).padStart(3)} %  ${files} of ${total} files, ${(elapsedMs / 1000).toFixed(1)} s`
  }
  const plain = await runPlain({ folder, limits, top }, signal, (report) => {
    if (report.type === 'progress') {
      progress.update(state('plain loop ', report.progress.files, report.progress.elapsedMs))
      return
    }
    total = report.files
    const megabytes = (report.bytes / 1e6).toFixed(1)
    progress.keep(`read once    ${total} source files, ${megabytes} MB, ${(report.elapsedMs / 1000).toFixed(1)} s`)
  })
  progress.keep(state('plain loop ', plain.source.files, plain.elapsedMs))

  const startedAt = performance.now()
  const order = { folder, limits, top, cores, ...(chaos && total > 0 ? { drill: { files: total } } : {}) }
  const actors = await runActors(order, {
    signal,
    onProgress: ({ files }) => progress.update(state('actors     ', files, performance.now() - startedAt)),
    onNews: (line) => progress.keep(`             ${line}`),
  })
  progress.keep(state('actors     ', actors.source.files, actors.elapsedMs))

  progress.update(`throughput   from core to core, ${throughputMs / 1000} s`)
  const ringVsQueue = await measureThroughput(throughputMs, signal)
  progress.clear()

  const verified = isDeepStrictEqual(actors.result, plain.result)
  const report: ReportInput = {
    folder,
    result: actors.result,
    walk: actors.walk,
    source: actors.source,
    run: {
      cores,
      elapsedMs: actors.elapsedMs,
      plainMs: plain.elapsedMs,
      speedUp: plain.elapsedMs / actors.elapsedMs,
      verified,
      filesNotCounted: actors.uncounted.reduce((sum, { files }) => sum + files.length, 0),
      messagesByCore: actors.messagesByCore,
      events: actors.events,
      repeated: actors.repeated,
      ringVsQueue,
      books: actors.books,
    },
  }
  process.stdout.write(`\n${renderReport(report)}\n`)
  if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(report, undefined, 2)}\n`)
  return verified ? 0 : EXIT_NOT_VERIFIED
}

/** A folder may be named with control characters, which a terminal would obey. */
function printable(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, '?')
}

process.exitCode = await main()
