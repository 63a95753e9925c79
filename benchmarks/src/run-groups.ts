/**
 * Runs groups one after another and, within a group, the contenders in turn: A B A B …, so that a machine that gets
 * warmer or busier is the same machine for all of them.
 */
import { caseName } from './case.ts'
import type { BenchCase, BenchGroup, RoundOutcome } from './case.ts'
import { formatFigure } from './format.ts'
import type { Progress } from './progress.ts'
import { measureOf } from './report.ts'
import type { MeasuredGroup } from './report.ts'
import { runRound } from './round-process.ts'
import type { RoundOrder } from './round-process.ts'

export interface RunOptions {
  readonly subcommand: string
  readonly scale: number
  readonly rounds: number
  /** A temporary directory for what rounds build. */
  readonly directory: string
  /** No pass over a group's contenders is begun that would, at the pace so far, end after this. */
  readonly timeLimitMs: number
  readonly signal: AbortSignal
  readonly progress: Progress
  /** @default runs the round in a fresh process */
  readonly runRound?: (order: RoundOrder, signal: AbortSignal, limitMs: number) => Promise<RoundOutcome>
}

export interface RunOutcome {
  readonly groups: readonly MeasuredGroup[]
  /** One line per case that failed; it has no figures. */
  readonly failures: readonly string[]
  /** One line per group that the time limit left out or cut short. */
  readonly limited: readonly string[]
}

export async function runGroups(groups: readonly BenchGroup[], options: RunOptions): Promise<RunOutcome> {
  const measured: MeasuredGroup[] = []
  const failures: string[] = []
  const limited: string[] = []
  const clock = startPaceClock(options.timeLimitMs)
  for (const whole of groups) {
    const reasons = new Map(whole.cases.flatMap((benchCase) => reasonEntry(benchCase)))
    const group = { ...whole, cases: whole.cases.filter(({ contender }) => !reasons.has(contender)) }
    for (const [contender, reason] of reasons) options.progress.note(`not run: case=${whole.name}/${contender}, ${reason}`)
    const { outcomes, passes } = await runGroup(group, options, clock, failures)
    if (passes === 0) limited.push(`left out by the time limit: ${group.name}`)
    else if (passes < options.rounds) limited.push(`cut short by the time limit: ${group.name}, rounds=${passes}`)
    measured.push(measureOf(whole, outcomes, reasons))
  }
  return { groups: measured, failures, limited }
}

function reasonEntry(benchCase: BenchCase): [string, string][] {
  const reason = benchCase.absent?.()
  return reason === undefined ? [] : [[benchCase.contender, reason]]
}

interface PaceClock {
  /** Whether so many rounds would, at the mean pace so far, end in time. */
  hasTimeFor(rounds: number): boolean
  remainingMs(): number
  roundDone(): void
}

function startPaceClock(limitMs: number): PaceClock {
  const startedAt = performance.now()
  let roundsDone = 0
  const remainingMs = (): number => limitMs - (performance.now() - startedAt)
  return {
    hasTimeFor: (rounds) => remainingMs() >= (roundsDone === 0 ? 0 : ((performance.now() - startedAt) / roundsDone) * rounds),
    remainingMs,
    roundDone() {
      roundsDone += 1
    },
  }
}

async function runGroup(
  group: BenchGroup,
  options: RunOptions,
  clock: PaceClock,
  failures: string[],
): Promise<{ readonly outcomes: ReadonlyMap<string, readonly RoundOutcome[]>; readonly passes: number }> {
  const run = options.runRound ?? runRound
  const outcomes = new Map<string, RoundOutcome[]>(group.cases.map((benchCase) => [benchCase.contender, []]))
  for (let round = 1; round <= options.rounds; round += 1) {
    // Only whole passes: every contender has the same number of rounds.
    if (outcomes.size > 0 && !clock.hasTimeFor(outcomes.size)) return { outcomes, passes: round - 1 }
    for (const benchCase of group.cases) {
      const rounds = outcomes.get(benchCase.contender)
      if (rounds === undefined) continue // failed in an earlier round
      const name = caseName(group, benchCase)
      try {
        const { subcommand, scale, directory } = options
        const order = { subcommand, case: name, scale, directory }
        const outcome = await run(order, options.signal, clock.remainingMs())
        rounds.push(outcome)
        const [metric, value] = Object.entries(outcome.metrics)[0] ?? ['', Number.NaN]
        options.progress.round(
          `${name} round ${round} of ${options.rounds}: ${metric && `${metric} `}${formatFigure(value, benchCase.unit)}`,
        )
      } catch (error) {
        options.signal.throwIfAborted()
        // Ended by the limit of the run, not by a fault of its own.
        if (clock.remainingMs() <= 0) return { outcomes, passes: round - 1 }
        // A figure of fewer rounds than the others' would look like theirs, so the case has none.
        outcomes.delete(benchCase.contender)
        failures.push(
          `case failed: case=${name}, round=${round}, cause: ${error instanceof Error ? error.message : String(error)}`,
        )
        options.progress.note(failures.at(-1) ?? '')
      }
      clock.roundDone()
    }
  }
  return { outcomes, passes: options.rounds }
}
