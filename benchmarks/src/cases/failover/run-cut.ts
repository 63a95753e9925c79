/** A handler that does not end: how long after the end of its budget its core is down (R1.15). */
import { startSystem } from 'cambium'
import type { RoundOutcome } from '../../case.ts'
import { nowNs } from '../actors/messages.ts'
import { createLatencyHistogram } from '../latency-histogram.ts'
import { BUDGET_MS, stuck } from './stuck-actor.ts'

export interface CutSpec {
  readonly cuts: number
}

const STUCK_CORE = 1

/** Each latency is from the moment that the message was told to the news of the core's death, without the budget. */
export async function runCut(spec: CutSpec): Promise<RoundOutcome> {
  const system = await startSystem({ cores: 1, coreIntensity: 1_000_000, corePeriodMs: 1 })
  const late = createLatencyHistogram()
  let cuts = 0
  let early = 0
  try {
    const actor = await system.spawn(stuck, null, { core: STUCK_CORE, intensity: 1_000_000, periodMs: 1 })
    while (cuts < spec.cuts) {
      await actor.ask('ping', { timeoutMs: 60_000 })
      const down = new Promise<number>((resolve) => {
        system.events.once('core_lost', ({ error }) => {
          if (error.code !== 'ERR_CALLBACK_BUDGET') early += 1
          resolve(nowNs())
        })
      })
      const toldNs = nowNs()
      actor.tell('loop')
      const lateNs = (await down) - toldNs - BUDGET_MS * 1e6
      if (lateNs < 0) early += 1
      late.record(Math.max(0, lateNs))
      cuts += 1
    }
  } finally {
    await system.shutdown()
  }
  return {
    metrics: late.metrics(),
    curve: late.curve(),
    proof: { countExpected: spec.cuts, count: cuts, checksumExpected: 0, checksum: early },
  }
}
