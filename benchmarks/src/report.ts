/** The result of a run as one plain object: the content of `--json FILE`, in the documented shape and nothing else. */
import { caseName, resultName } from './case.ts'
import type { BenchGroup, CurvePoint, Params, RatioSpec, RoundOutcome, Unit } from './case.ts'
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

/** `value` is the median of the result `of` divided by the median of the result `to`, or by one if that is `1`. */
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
  readonly results: readonly Result[]
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
  readonly ratioSpecs: readonly RatioSpec[]
}

export function measureOf(group: BenchGroup, outcomes: ReadonlyMap<string, readonly RoundOutcome[]>): MeasuredGroup {
  const cases: MeasuredCase[] = []
  for (const benchCase of group.cases) {
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
        params: benchCase.params,
      })),
      curve: medianCurve(rounds),
    })
  }
  return { name: group.name, title: group.title, cases, ratioSpecs: group.ratios }
}

export function createReport(command: string, machine: Machine, commit: string, groups: readonly MeasuredGroup[]): Report {
  const results = groups.flatMap((group) => group.cases.flatMap((measured) => measured.results))
  return {
    command,
    machine,
    commit,
    results,
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
    const divisor = spec.to === '1' ? 1 : byName.get(spec.to)?.median
    if (of === undefined || divisor === undefined) return []
    return [{ name: spec.name, value: of.median / divisor, of: spec.of, to: spec.to }]
  })
}

function medianCurve(rounds: readonly RoundOutcome[]): readonly CurvePoint[] {
  const first = rounds[0]?.curve ?? []
  return first.map(({ percentile }, index) => ({
    percentile,
    value: median(rounds.map((round) => round.curve?.[index]?.value ?? Number.NaN)),
  }))
}
