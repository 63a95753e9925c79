/** A report made of fixed figures, for the tests of what is rendered from it. */
import type { BenchGroup, RoundOutcome } from '../src/case.ts'
import type { Machine } from '../src/machine.ts'
import { createReport, measureOf } from '../src/report.ts'
import type { MeasuredGroup, Report } from '../src/report.ts'

export const MACHINE: Machine = {
  cpu: 'Test <CPU> & "Co"',
  cores: 2,
  memoryBytes: 8 * 2 ** 30,
  os: 'Linux 6.0',
  arch: 'x64',
  node: '26.0.0',
  v8: '14.0',
  loadAtStart: 0.25,
}

const proof = { countExpected: 1, count: 1, checksumExpected: 2, checksum: 2 }
const never = (): Promise<RoundOutcome> => Promise.reject(new Error('not to be run'))

export const THROUGHPUT: BenchGroup = {
  name: 'throughput.32B',
  title: 'One way, 32 B & more',
  quick: true,
  cases: [
    { contender: 'ring', unit: 'msg/s', params: { bytes: 32, messages: 1_000_000 }, run: never },
    { contender: 'postMessage', unit: 'msg/s', params: { bytes: 32, messages: 10_000 }, run: never },
    { contender: 'array', unit: 'msg/s', params: { bytes: 32 }, run: never },
  ],
  ratios: [
    { name: 'ring/postMessage.throughput.32B', of: 'throughput.32B/ring', to: 'throughput.32B/postMessage' },
    { name: 'ring/nobody.throughput.32B', of: 'throughput.32B/ring', to: 'throughput.32B/nobody' },
  ],
}

export const LATENCY: BenchGroup = {
  name: 'rtt',
  title: 'Round trip',
  quick: true,
  cases: [
    { contender: 'ring', unit: 'ns', params: {}, run: never },
    { contender: 'postMessage', unit: 'ns', params: {}, run: never },
  ],
  ratios: [{ name: 'ring/postMessage.rtt', of: 'rtt/postMessage/p50', to: 'rtt/ring/p50' }],
}

function throughput(...values: number[]): readonly RoundOutcome[] {
  return values.map((value) => ({ metrics: { '': value }, proof }))
}

function latency(...p50s: number[]): readonly RoundOutcome[] {
  return p50s.map((p50) => ({
    metrics: { p50, max: p50 * 100 },
    proof,
    curve: [
      { percentile: 0, value: p50 / 2 },
      { percentile: 50, value: p50 },
      { percentile: 100, value: p50 * 100 },
    ],
  }))
}

/** The array contender has no rounds: it failed. */
export const GROUPS: readonly MeasuredGroup[] = [
  measureOf(
    THROUGHPUT,
    new Map([
      ['ring', throughput(60e6, 50e6, 55e6)],
      ['postMessage', throughput(1e6, 1.1e6, 0.9e6)],
      ['array', []],
    ]),
  ),
  measureOf(
    LATENCY,
    new Map([
      ['ring', latency(300, 200, 250)],
      ['postMessage', latency(5_000, 6_000, 5_500)],
    ]),
  ),
]

export const REPORT: Report = createReport('cambium-bench --quick', MACHINE, 'abc123', GROUPS)
