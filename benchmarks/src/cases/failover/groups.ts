/** The cases of `failover`: a core under load is killed again and again; how long it is away, and what is lost. */
import type { BenchCase, BenchGroup } from '../../case.ts'
import { runCut } from './run-cut.ts'
import { failoverLosses, failoverTime } from './run-failover.ts'
import type { FailoverSpec } from './run-failover.ts'
import { runWatching } from './run-watching.ts'
import { BUDGET_MS } from './stuck-actor.ts'

export function createFailoverGroups(scale: number): readonly BenchGroup[] {
  const spec = (by: FailoverSpec['by'], spares: number): FailoverSpec => ({
    by,
    spares,
    kills: Math.max(2, Math.round(100 * scale)),
    streamMs: 20,
  })
  const time = (contender: string, given: FailoverSpec): BenchCase => ({
    contender,
    unit: 'ns',
    params: { ...given, cores: 2 },
    run: () => failoverTime(given),
  })
  const load = (contender: string, isWatched: boolean): BenchCase => {
    const messages = Math.max(1_000, Math.round(20_000_000 * scale))
    const watching = { isWatched, messages, warmup: Math.min(messages, 2_000_000), chunk: 500 }
    return { contender, unit: 'msg/s', params: { ...watching, cores: 1 }, run: () => runWatching(watching) }
  }
  const cut = { cuts: Math.max(2, Math.round(50 * scale)) }
  const losses: FailoverSpec = spec('terminate', 1)
  return [
    {
      name: 'failover',
      title: 'A core is killed under load: from the kill to the first message that its successor handles',
      quick: true,
      cases: [
        time('warm-spare', spec('terminate', 1)),
        time('no-spare', spec('terminate', 0)),
        time('exit', spec('exit', 1)),
        time('throw', spec('throw', 1)),
      ],
      ratios: [
        { name: 'failover.p99', of: 'failover/warm-spare/p99', to: '1000000' },
        { name: 'failover.warm/cold', of: 'failover/no-spare/p50', to: 'failover/warm-spare/p50' },
      ],
    },
    {
      name: 'lost',
      title: 'Messages lost by the same kills, by kind',
      quick: true,
      cases: [{ contender: 'stream', unit: 'msg', params: { ...losses, cores: 2 }, run: () => failoverLosses(losses) }],
      ratios: [{ name: 'failover.lost', of: 'lost/stream/ring', to: '1' }],
    },
    {
      name: 'cut',
      title: 'A handler that does not end: from the end of its budget to the news that its core is down',
      quick: true,
      cases: [{ contender: 'budget', unit: 'ns', params: { ...cut, budgetMs: BUDGET_MS, cores: 1 }, run: () => runCut(cut) }],
      ratios: [{ name: 'cut.max', of: 'cut/budget/max', to: '1000000' }],
    },
    {
      name: 'watching',
      title:
        'What it costs that each callback is written down for whoever watches: messages that do next to nothing, on one core',
      quick: true,
      cases: [load('watched', true), load('unwatched', false)],
      ratios: [{ name: 'watching.throughput', of: 'watching/watched', to: 'watching/unwatched' }],
    },
  ]
}
