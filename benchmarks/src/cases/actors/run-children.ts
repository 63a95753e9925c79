/** One child among many of a dynamic supervisor is started, crashed and brought back, and stopped. */
import { child, startChild, terminateChild } from 'cambium'
import type { Ref } from 'cambium'
import type { RoundOutcome } from '../../case.ts'
import { createLatencyHistogram } from '../latency-histogram.ts'
import { nursery } from './children-actors.ts'
import { fragile } from './lifecycle-actors.ts'
import type { FragileMessage, ProbeAnswer } from './lifecycle-actors.ts'
import { nowNs } from './messages.ts'
import { PHASE_MS_MAX, withSystem } from './with-system.ts'

export interface ChildrenSpec {
  /** That live already. */
  readonly children: number
  readonly times: number
  readonly warmup: number
  readonly chunk: number
}

export function runChildren({ children, times, warmup, chunk }: ChildrenSpec): Promise<RoundOutcome> {
  return withSystem(1, async (system) => {
    const supervisor = await system.spawn(nursery, undefined, { core: 1 })
    const start = async (): Promise<Ref<FragileMessage, ProbeAnswer>> => {
      const ref = await startChild(supervisor, child(fragile, null, { restart: 'permanent' }), { timeoutMs: PHASE_MS_MAX })
      if (ref === undefined) throw new Error('the child was not started')
      return ref
    }
    for (let from = 0; from < children; from += chunk) {
      await Promise.all(Array.from({ length: Math.min(chunk, children - from) }, start))
    }
    const histogram = createLatencyHistogram()
    let incarnations = 0
    for (let time = 0; time < warmup + times; time += 1) {
      const startedNs = nowNs()
      const ref = await start()
      ref.tell({ type: 'crash' })
      const { incarnation } = await ref.ask({ type: 'probe' })
      await terminateChild(supervisor, ref)
      if (time < warmup) continue
      histogram.record(nowNs() - startedNs)
      incarnations += incarnation
    }
    return {
      metrics: histogram.metrics(),
      curve: histogram.curve(),
      proof: { countExpected: times, count: incarnations, checksumExpected: 0, checksum: 0 },
    }
  })
}
