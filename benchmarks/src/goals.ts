/** The project's goals for ratios, by ratio name: what the table shows beside a ratio and what `--check` holds it to. */
import type { Ratio } from './report.ts'

/** The least value a ratio should have. Higher is better for every ratio here. */
export const GOALS: Readonly<Record<string, number>> = {
  'ring/postMessage.throughput.32B': 50,
  'ring/postMessage.rtt': 20,
}

export function goalsMissed(ratios: readonly Ratio[]): readonly Ratio[] {
  return ratios.filter((ratio) => ratio.value < (GOALS[ratio.name] ?? Number.NEGATIVE_INFINITY))
}
