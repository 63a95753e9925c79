/** The project's goals for ratios, by ratio name: what the table shows beside a ratio and what `--check` holds it to. */
import type { MeasuredGroup, Ratio } from './report.ts'

/** The least value a ratio should have, or the greatest. */
type Goal = { readonly least: number } | { readonly most: number }

const GOALS: Readonly<Record<string, Goal>> = {
  'ring/postMessage.throughput.32B': { least: 50 },
  'ring/postMessage.rtt': { least: 20 },
  'ring/disruptor.1p1c.single': { least: 1 },
  'ring/disruptor.1p1c.batch': { least: 0.8 },
  'ring/floor.rtt': { most: 2 },
  'tell.remote.typed/beam': { least: 8 },
  'tell.remote.general/beam': { least: 1.5 },
  'tell.local/beam': { least: 3 },
  'ask.local/beam': { least: 2 },
  'ask.remote/beam': { least: 4 },
  'ask.remote/comlink': { least: 20 },
  'spawn/beam': { least: 1 },
  'memory.actor/beam': { most: 0.25 },
  'restart/beam': { least: 2 },
  'scale.live': { least: 1 },
  'failover.p99': { most: 10 },
  'failover.lost': { most: 0 },
  'cut.max': { most: 50 },
  'watching.throughput': { least: 0.99 },
  'neighbour.p99': { most: 1.2 },
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

/** Ratios with a goal that belong to these groups and that this run has not: a peer is not installed, or a case was left out. */
export function goalsUnmeasured(groups: readonly MeasuredGroup[], ratios: readonly Ratio[]): readonly string[] {
  const measured = new Set(ratios.map(({ name }) => name))
  return groups.flatMap(({ ratioSpecs }) =>
    ratioSpecs.map(({ name }) => name).filter((name) => name in GOALS && !measured.has(name)),
  )
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
