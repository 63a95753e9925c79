/** The result of a run as one plain object: the content of `--json FILE`, in the documented shape and nothing else. */
import { caseName, resultName } from './case.ts'
import type { BenchCase, BenchGroup, CurvePoint, Params, RatioSpec, RoundOutcome, Unit } from './case.ts'
import type { Machine } from './machine.ts'
import { median, summarize } from './statistics.ts'

interface Result {
  readonly case: string
  readonly unit: Unit
  readonly median: number
  readonly min: number
  readonly max: number
  /** How many rounds the three figures are of. */
  readonly rounds: number
  readonly params: Params
}

/** The row of a case that cannot run here, such as a peer that is not installed: no figures, and the reason as a parameter. */
interface AbsentResult {
  readonly case: string
  readonly unit: Unit
  readonly median: null
  readonly min: null
  readonly max: null
  readonly rounds: 0
  /** `notRun` says why, and what to do about it. */
  readonly params: Params
}

/** `value` is the median of the result `of` divided by the median of the result `to`, or by `to` itself if that is a number. */
export interface Ratio {
  readonly name: string
  readonly value: number
  readonly of: string
  readonly to: string
}

export interface Report {
  /** The command line that was run. */
  readonly command: string
  readonly machine: Machine
  readonly commit: string
  readonly results: readonly (Result | AbsentResult)[]
  readonly ratios: readonly Ratio[]
}

/** The rounds of one case that was measured. */
interface MeasuredCase {
  readonly contender: string
  readonly unit: Unit
  readonly results: readonly Result[]
  /** The distribution of a latency case: at each percentile the median of the rounds. */
  readonly curve: readonly CurvePoint[]
}

export interface MeasuredGroup {
  readonly name: string
  readonly title: string
  readonly cases: readonly MeasuredCase[]
  readonly absent: readonly AbsentResult[]
  readonly ratioSpecs: readonly RatioSpec[]
}

/** `reasons` are of the cases that cannot run here, by contender. */
export function measureOf(
  group: BenchGroup,
  outcomes: ReadonlyMap<string, readonly RoundOutcome[]>,
  reasons: ReadonlyMap<string, string> = new Map(),
): MeasuredGroup {
  const cases: MeasuredCase[] = []
  const absent: AbsentResult[] = []
  for (const benchCase of group.cases) {
    const reason = reasons.get(benchCase.contender)
    if (reason !== undefined) absent.push(absentResult(caseName(group, benchCase), benchCase, reason))
    const rounds = outcomes.get(benchCase.contender)
    if (rounds === undefined || rounds.length === 0) continue
    const metrics = Object.keys(rounds[0]?.metrics ?? {})
    cases.push({
      contender: benchCase.contender,
      unit: benchCase.unit,
      results: metrics.map((metric) => ({
        case: resultName(caseName(group, benchCase), metric),
        unit: benchCase.unit,
        ...summarize(rounds.map((round) => round.metrics[metric] ?? Number.NaN)),
        params: { ...benchCase.params, ...rounds[0]?.facts },
      })),
      curve: medianCurve(rounds),
    })
  }
  return { name: group.name, title: group.title, cases, absent, ratioSpecs: group.ratios }
}

export function createReport(command: string, machine: Machine, commit: string, groups: readonly MeasuredGroup[]): Report {
  const results = groups.flatMap((group) => group.cases.flatMap((measured) => measured.results))
  return {
    command,
    machine,
    commit,
    results: [...results, ...groups.flatMap((group) => group.absent)],
    ratios: ratiosOf(
      groups.flatMap((group) => group.ratioSpecs),
      results,
    ),
  }
}

/** A ratio needs both results in this run; one that lacks either does not exist. */
function ratiosOf(specs: readonly RatioSpec[], results: readonly Result[]): readonly Ratio[] {
  const byName = new Map(results.map((result) => [result.case, result]))
  return specs.flatMap((spec) => {
    const of = byName.get(spec.of)
    const divisor = isNumber(spec.to) ? Number(spec.to) : byName.get(spec.to)?.median
    if (of === undefined || divisor === undefined) return []
    return [{ name: spec.name, value: of.median / divisor, of: spec.of, to: spec.to }]
  })
}

/** Whether what a ratio divides by is a number and not the name of a result. */
export function isNumber(to: string): boolean {
  return /^\d+$/.test(to)
}

function absentResult(name: string, { unit, params }: BenchCase, reason: string): AbsentResult {
  return { case: name, unit, median: null, min: null, max: null, rounds: 0, params: { ...params, notRun: reason } }
}

function medianCurve(rounds: readonly RoundOutcome[]): readonly CurvePoint[] {
  const first = rounds[0]?.curve ?? []
  return first.map(({ percentile }, index) => ({
    percentile,
    value: median(rounds.map((round) => round.curve?.[index]?.value ?? Number.NaN)),
  }))
}
