/**
 * What a peer's program prints: one fact a line, a name and its value. `count` and `checksum` are its proof; `…_ns` are what it measured,
 * `latencies_ns` each one of them; anything else is about the peer itself (a version) and is shown with the case's parameters.
 */
import type { Params, Proof, RoundOutcome } from '../../case.ts'
import { createLatencyHistogram } from '../latency-histogram.ts'

export interface PeerFacts {
  /** Throws when the program has not printed it, or no number. */
  number(name: string): number
  /** Empty when the program has not printed it. */
  numbers(name: string): readonly number[]
  /** Facts about the peer. */
  readonly about: Params
}

const PROOF_NAMES: ReadonlySet<string> = new Set(['count', 'checksum'])
const MEASURED = /_(ns|bytes)$/

export function parsePeerFacts(text: string): PeerFacts {
  const facts = new Map(
    text
      .split('\n')
      .filter((line) => line.includes(' '))
      .map((line): [string, string] => [line.slice(0, line.indexOf(' ')), line.slice(line.indexOf(' ') + 1).trim()]),
  )
  const about = [...facts].filter(([name]) => !PROOF_NAMES.has(name) && !MEASURED.test(name))
  return {
    number(name) {
      const value = Number(facts.get(name) ?? Number.NaN)
      if (!Number.isFinite(value)) throw new Error(`the peer did not print a number: fact=${name}, value=${facts.get(name)}`)
      return value
    },
    numbers: (name) => (facts.get(name) ?? '').split(' ').filter(Boolean).map(Number),
    about: Object.fromEntries(about),
  }
}

/** A peer adds up in its own integers, which may be wider; the sum of 32 bits is what they have in common. */
export function proofOf(facts: PeerFacts, countExpected: number, checksumExpected: number): Proof {
  return { countExpected, count: facts.number('count'), checksumExpected, checksum: facts.number('checksum') | 0 }
}

/** One figure: how often a second. */
export function rateOutcome(facts: PeerFacts, proof: Proof): RoundOutcome {
  return { metrics: { '': (proof.countExpected * 1e9) / facts.number('elapsed_ns') }, proof, facts: facts.about }
}

/** The distribution of the latencies, as all latency cases report it. */
export function latencyOutcome(facts: PeerFacts, proof: Proof): RoundOutcome {
  const histogram = createLatencyHistogram()
  for (const ns of facts.numbers('latencies_ns')) histogram.record(ns)
  return { metrics: histogram.metrics(), curve: histogram.curve(), proof, facts: facts.about }
}
