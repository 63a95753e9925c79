/** The project's goals for ratios, by ratio name: what the table shows beside a ratio and what `--check` holds it to. */
import type { Ratio } from './report.ts'

/** The least value a ratio should have, or the greatest. */
type Goal = { readonly least: number } | { readonly most: number }

const GOALS: Readonly<Record<string, Goal>> = {
  'ring/postMessage.throughput.32B': { least: 50 },
  'ring/postMessage.rtt': { least: 20 },
  'tell.remote/postMessage': { least: 4 },
  'ask.remote/postMessage.rtt': { least: 5 },
  'tell.local': { least: 10e6 },
  'idle.cpu': { most: 1 },
}

export function goalsMissed(ratios: readonly Ratio[]): readonly Ratio[] {
  return ratios.filter(({ name, value }) => {
    const goal = GOALS[name]
    if (goal === undefined) return false
    return 'least' in goal ? !(value >= goal.least) : !(value <= goal.most)
  })
}

/** `≥ 50`, or nothing for a ratio without a goal. */
export function goalText(name: string): string {
  const goal = GOALS[name]
  if (goal === undefined) return ''
  return 'least' in goal ? `≥ ${formatGoal(goal.least)}` : `≤ ${formatGoal(goal.most)}`
}

function formatGoal(value: number): string {
  return value.toLocaleString('en-US')
}
