/**
 * What a benchmark is made of. A group holds contenders that do the same work and are measured in turn; a case is one
 * contender in one group; a round is one measurement of a case in a process of its own.
 */

/** Everything that decides what a case does, as it is printed. */
export type Params = Readonly<Record<string, string | number | boolean>>

/** `%` is of one core; all others are what they say. */
export type Unit = 'msg/s' | 'op/s' | 'ns' | 'ns/op' | 'B' | '%' | 'actors' | 'msg'

/** The consumer's evidence that every message was processed, once and whole. */
export interface Proof {
  readonly countExpected: number
  readonly count: number
  readonly checksumExpected: number
  readonly checksum: number
}

/** One point of a percentile curve. `percentile` is in [0, 100]. */
export interface CurvePoint {
  readonly percentile: number
  readonly value: number
}

export interface RoundOutcome {
  /** Figures of this round in the case's unit. The empty name is the case's one figure; others (`p50`, `max`) are added to the case's name. */
  readonly metrics: Readonly<Record<string, number>>
  readonly proof: Proof
  /** For latency cases: the whole distribution. */
  readonly curve?: readonly CurvePoint[]
  /** What only the round itself could find out, such as the version of a peer. Added to the case's params. */
  readonly facts?: Params
}

export interface BenchCase {
  /** Who does the work: `ring`, `postMessage`, … Unique in its group. */
  readonly contender: string
  readonly unit: Unit
  readonly params: Params
  /** Why the case cannot run here, and what to do about it; undefined when it can. Without it a case runs everywhere. */
  readonly absent?: () => string | undefined
  /** `false` leaves it out of a `--quick` run of its group. @default true */
  readonly quick?: boolean
  /** `directory` is a temporary one, shared by the rounds of a run: what one round compiles the next ones find. */
  readonly run: (directory: string) => Promise<RoundOutcome>
}

/** A ratio of the medians of two results: `of` divided by `to`, or by the number that `to` is. With `1` it is the plain figure. */
export interface RatioSpec {
  readonly name: string
  readonly of: string
  readonly to: string
}

export interface BenchGroup {
  /** `throughput.32B`. Case names are `group/contender`, result names `group/contender` or `group/contender/metric`. */
  readonly name: string
  /** What is measured, in a sentence. */
  readonly title: string
  /** Part of `--quick`. */
  readonly quick: boolean
  readonly cases: readonly BenchCase[]
  readonly ratios: readonly RatioSpec[]
}

export function caseName(group: BenchGroup, benchCase: BenchCase): string {
  return `${group.name}/${benchCase.contender}`
}

export function resultName(name: string, metric: string): string {
  return metric === '' ? name : `${name}/${metric}`
}

/** Undefined when the proof holds, else what is wrong with it. */
export function proofFault(proof: Proof): string | undefined {
  if (proof.count !== proof.countExpected) return `messages are missing: count=${proof.count}, expected=${proof.countExpected}`
  if (proof.checksum !== proof.checksumExpected)
    return `messages are damaged: checksum=${proof.checksum}, expected=${proof.checksumExpected}`
  return undefined
}
