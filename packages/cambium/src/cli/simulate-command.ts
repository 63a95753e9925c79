/** `cambium simulate`: runs the workloads of the testkit under one seed after the other, until one fails or it has been asked for enough. */
import { createHash, randomInt } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { findWorkload, seedOfRun, simulate } from '@cambium/testkit'
import type { RunReport, Workload } from '@cambium/testkit'
import type { SimulateRequest } from './command-line.ts'

interface WorkloadTotals {
  runs: number
  steps: number
  virtualMs: number
  kills: number
  messages: number
  deadLetters: number
}

interface Failure {
  readonly workload: string
  readonly seed: number
  readonly message: string
  readonly replay: string
}

interface Results {
  readonly node: string
  readonly seed: number
  readonly runs: number
  readonly seconds: number
  readonly runsPerMinute: number
  /** Over the hashes of all runs: equal for equal requests. */
  readonly hash: string
  readonly workloads: Readonly<Record<string, WorkloadTotals>>
  readonly failure: Failure | undefined
}

const SEED_RANGE = 2 ** 31
const PROGRESS_MS = 2000

/** Answers the exit status: 1 when a run failed, else 3 when the results could not be written. They are on stdout before. */
export async function runSimulations(request: SimulateRequest): Promise<number> {
  const results = await collect(request)
  process.stdout.write(render(results))
  const isWritten = request.json === undefined || writeResults(request.json, results)
  if (results.failure !== undefined) return 1
  return isWritten ? 0 : 3
}

function writeResults(file: string, results: Results): boolean {
  try {
    writeFileSync(file, `${JSON.stringify(results, undefined, 2)}\n`)
    return true
  } catch (error) {
    process.stderr.write(`cambium: results cannot be written: file=${JSON.stringify(file)}, ${(error as Error).message}\n`)
    return false
  }
}

async function collect(request: SimulateRequest): Promise<Results> {
  const seed = request.seed ?? randomInt(SEED_RANGE)
  const workloads = request.workloads.map((name) => findWorkload(name) as Workload)
  const totals: Record<string, WorkloadTotals> = {}
  const hash = createHash('sha256')
  const startedMs = performance.now()
  const untilMs = startedMs + (request.forMs ?? Infinity)
  let shownMs = startedMs
  let runs = 0
  let failure: Failure | undefined
  process.stderr.write(`seed ${seed}\n`)
  while (runs < (request.runs ?? Infinity) && performance.now() < untilMs) {
    const workload = workloads[runs % workloads.length] as Workload
    const runSeed = seedOfRun(seed, runs)
    try {
      const [report] = await simulate(workload.run, {
        seed: runSeed,
        cores: workload.cores,
        options: workload.options ?? {},
        faults: request.hasFaults,
      })
      count((totals[workload.name] ??= emptyTotals()), report as RunReport)
      hash.update((report as RunReport).hash)
    } catch (error) {
      failure = {
        workload: workload.name,
        seed: runSeed,
        message: error instanceof Error ? error.message : String(error),
        replay: replayOf(workload.name, runSeed, request),
      }
      break
    }
    runs += 1
    if (performance.now() - shownMs >= PROGRESS_MS) {
      shownMs = performance.now()
      process.stderr.write(`${runs} runs, ${Math.round((runs / (shownMs - startedMs)) * 60_000)} a minute\n`)
    }
  }
  const seconds = (performance.now() - startedMs) / 1000
  return {
    node: process.version,
    seed,
    runs,
    seconds,
    runsPerMinute: (runs / seconds) * 60,
    hash: hash.digest('hex').slice(0, 16),
    workloads: totals,
    failure,
  }
}

function emptyTotals(): WorkloadTotals {
  return { runs: 0, steps: 0, virtualMs: 0, kills: 0, messages: 0, deadLetters: 0 }
}

function count(totals: WorkloadTotals, report: RunReport): void {
  totals.runs += 1
  totals.steps += report.steps
  totals.virtualMs += report.virtualMs
  totals.kills += report.kills
  totals.messages += report.books.sent
  totals.deadLetters += report.books.deadTotal
}

function replayOf(workload: string, seed: number, request: SimulateRequest): string {
  const command = process.env['npm_lifecycle_event'] === 'simulate' ? 'npm run simulate --' : 'cambium simulate'
  return `${command} --workload ${workload} --seed ${seed} --runs 1${request.hasFaults ? '' : ' --no-faults'}`
}

function render({ failure, ...results }: Results): string {
  const lines: string[] = []
  for (const [name, { runs, steps, virtualMs, kills, messages, deadLetters }] of Object.entries(results.workloads)) {
    lines.push(
      `${name}: runs=${runs}, turns=${steps}, virtualSeconds=${Math.round(virtualMs / 1000)}, coreDeaths=${kills}, messages=${messages}, deadLetters=${deadLetters}`,
    )
  }
  lines.push(
    `seed=${results.seed}, runs=${results.runs}, seconds=${results.seconds.toFixed(1)}, runsPerMinute=${Math.round(results.runsPerMinute)}, hash=${results.hash}`,
  )
  if (failure !== undefined)
    lines.push(`FAILED: workload=${failure.workload}, seed=${failure.seed}`, failure.message, `replay: ${failure.replay}`)
  return `${lines.join('\n')}\n`
}
