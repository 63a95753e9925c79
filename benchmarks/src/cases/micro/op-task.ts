/**
 * One hot function under tinybench. A sample is many operations, so that the clock's own cost and resolution do not count; what
 * prepares or empties between samples runs in hooks, outside the measured time.
 */
import { Bench } from 'tinybench'
import type { BenchCase, Params, Proof, RoundOutcome } from '../../case.ts'

/** Operations in one sample. */
export const OPS_PER_SAMPLE = 1_000
const TIME_MS = 500
const WARMUP_MS = 200

export interface OpTask {
  /** Performs OPS_PER_SAMPLE operations. */
  readonly sample: () => void
  readonly before?: () => void
  readonly after?: () => void
  /** Called once at the end: every operation of every sample left its mark. */
  readonly prove: () => Proof
}

/** `create` runs in the round's own process. */
export function opCase(contender: string, params: Params, scale: number, create: () => OpTask): BenchCase {
  const time = Math.max(1, TIME_MS * scale)
  const warmupTime = Math.max(1, WARMUP_MS * scale)
  return {
    contender,
    unit: 'ns/op',
    params: { ...params, opsPerSample: OPS_PER_SAMPLE, timeMs: time, warmupMs: warmupTime },
    run: () => Promise.resolve(runTask(contender, create(), time, warmupTime)),
  }
}

function runTask(name: string, task: OpTask, time: number, warmupTime: number): RoundOutcome {
  const bench = new Bench({ time, warmupTime, warmup: true, throws: true })
  bench.add(name, task.sample, {
    async: false,
    ...(task.before === undefined ? {} : { beforeEach: task.before }),
    ...(task.after === undefined ? {} : { afterEach: task.after }),
  })
  const result = bench.runSync()[0]?.result
  if (result === undefined || !('latency' in result)) throw new Error(`tinybench gave no figure: state=${result?.state}`)
  // The mean of all samples: a median would leave out what rare slow operations cost.
  return { metrics: { '': (result.latency.mean * 1e6) / OPS_PER_SAMPLE }, proof: task.prove() }
}
