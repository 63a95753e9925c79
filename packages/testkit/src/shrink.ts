/**
 * Faults written down, and fewer of them. A fault is named by its kind and by the how-manieth occasion of that kind it struck at; how hard it
 * struck follows from the seed and that name. So a run can be repeated with any part of its faults, the rest of them left out.
 */
import { createSeededRandom } from '@cambium/base'
import type { SeededRandom } from '@cambium/base'
import { NO_FAULTS } from './fault-plan.ts'
import type { FaultRandom, FaultRates } from './fault-plan.ts'
import { minimise } from './minimise.ts'

export type FaultKind = keyof FaultRates

export interface Fault {
  readonly kind: FaultKind
  /** Occasions of its kind before it, in its run. */
  readonly occasion: number
  /** Virtual milliseconds. */
  readonly atMs: number
  /** Turns of cores before it. */
  readonly step: number
}

const KINDS = Object.keys(NO_FAULTS) as FaultKind[]
/** Faults of a run that are written down; one with more cannot be shrunk below what is missing. */
const FAULTS_KEPT = 10_000

/** The fault plan's source of decisions: it draws them from the seed, or follows a script; and it writes down which faults struck. */
export class FaultSource implements FaultRandom {
  readonly seed: number
  readonly struck: Fault[] = []
  /** Shows when a fault strikes; none does before a world is there, but what shapes the world. */
  world: { readonly nowMs: number; readonly steps: number } | undefined = undefined
  readonly #occasions = new Map<FaultKind, number>()
  readonly #streams: ReadonlyMap<FaultKind, SeededRandom>
  readonly #script: ReadonlySet<string> | undefined
  /** For how hard the last fault struck. */
  #magnitudes: SeededRandom

  constructor(seed: number, script?: readonly Fault[]) {
    this.seed = seed
    this.#script = script === undefined ? undefined : new Set(script.map(({ kind, occasion }) => `${kind} ${occasion}`))
    this.#streams = new Map(KINDS.map((kind, index) => [kind, createSeededRandom(mix(seed, index, 0))]))
    this.#magnitudes = createSeededRandom(seed)
  }

  strikes(kind: FaultKind, rate: number): boolean {
    const occasion = this.#occasions.get(kind) ?? 0
    this.#occasions.set(kind, occasion + 1)
    const hasStruck =
      this.#script === undefined
        ? (this.#streams.get(kind) as SeededRandom).chance(rate)
        : this.#script.has(`${kind} ${occasion}`)
    if (!hasStruck) return false
    this.#magnitudes = createSeededRandom(mix(this.seed, KINDS.indexOf(kind), occasion + 1))
    if (this.struck.length < FAULTS_KEPT)
      this.struck.push({ kind, occasion, atMs: this.world?.nowMs ?? 0, step: this.world?.steps ?? 0 })
    return true
  }

  next(): number {
    return this.#magnitudes.next()
  }

  below(bound: number): number {
    return this.#magnitudes.below(bound)
  }

  chance(probability: number): boolean {
    return this.#magnitudes.chance(probability)
  }

  pick<T>(items: readonly T[]): T {
    return this.#magnitudes.pick(items)
  }
}

/** Rates under which a plan asks the script for each kind that is in it. */
export function ratesOf(script: readonly Fault[]): FaultRates {
  return { ...NO_FAULTS, ...Object.fromEntries(script.map(({ kind }) => [kind, 1])) }
}

/** The least faults that still make a run fail, as far as `triesMax` re-runs can tell: whole kinds are left out first, then single faults. */
export async function shrinkFaults(
  faults: readonly Fault[],
  fails: (faults: readonly Fault[]) => Promise<boolean>,
  triesMax: number,
): Promise<{ readonly faults: readonly Fault[]; readonly tries: number }> {
  const kinds = [...new Set(faults.map(({ kind }) => kind))]
  const of = (some: readonly FaultKind[]): Fault[] => faults.filter(({ kind }) => some.includes(kind))
  const byKind = await minimise(kinds, (some) => fails(of(some)), triesMax)
  const single =
    byKind.items.length === 0 ? { items: [], tries: 0 } : await minimise(of(byKind.items), fails, triesMax - byKind.tries)
  return { faults: single.items, tries: byKind.tries + single.tries }
}

/** One line for each fault. */
export function formatFaults(faults: readonly Fault[]): string {
  return faults.map(({ kind, atMs, step }) => `${kind} at ${atMs.toFixed(3)} ms, turn ${step}`).join('\n')
}

function mix(seed: number, kind: number, occasion: number): number {
  return Math.imul(Math.imul(seed ^ 0x5bd1e995, 0x01000193) ^ (kind + 1), 0x85ebca6b) ^ Math.imul(occasion, 0x27d4eb2f)
}
