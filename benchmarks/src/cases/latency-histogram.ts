/** Latencies of one round in an HDR histogram: every value counts, the maximum too. Nanoseconds, three significant digits. */
import { build } from 'hdr-histogram-js'
import type { CurvePoint } from '../case.ts'

export interface LatencyHistogram {
  record(ns: number): void
  /** p50, p90, p99, p99.9 and max: the figures every latency case reports. */
  metrics(): Readonly<Record<string, number>>
  curve(): readonly CurvePoint[]
}

/** A minute: longer than any round lives. */
const LATENCY_NS_MAX = 60e9
const CURVE_PERCENTILES: readonly number[] = [0, 25, 50, 75, 90, 95, 99, 99.5, 99.9, 99.95, 99.99, 99.999, 100]
const METRICS: readonly (readonly [string, number])[] = [
  ['p50', 50],
  ['p90', 90],
  ['p99', 99],
  ['p99.9', 99.9],
  ['max', 100],
]

export function createLatencyHistogram(): LatencyHistogram {
  const histogram = build({ lowestDiscernibleValue: 1, highestTrackableValue: LATENCY_NS_MAX, numberOfSignificantValueDigits: 3 })
  return {
    // A clock may stand still between two reads; a histogram of this kind begins at 1.
    record: (ns) => histogram.recordValue(Math.min(LATENCY_NS_MAX, Math.max(1, Math.round(ns)))),
    metrics: () => Object.fromEntries(METRICS.map(([name, percentile]) => [name, histogram.getValueAtPercentile(percentile)])),
    curve: () => CURVE_PERCENTILES.map((percentile) => ({ percentile, value: histogram.getValueAtPercentile(percentile) })),
  }
}
