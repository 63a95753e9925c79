/**
 * What watching costs the core that is watched (D10): one core of the scheduler, driven by this thread alone, with the words that say whose callback runs
 * and without. A system has no such switch.
 */
import type { RoundOutcome } from '../../case.ts'
import { startAdder } from '../adder-core.ts'
import type { Sum } from '../adder-core.ts'
import { nowNs } from '../actors/messages.ts'

export interface WatchingSpec {
  readonly isWatched: boolean
  readonly messages: number
  readonly warmup: number
  /** Messages told before the core has its next turns. */
  readonly chunk: number
}

export function runWatching(spec: WatchingSpec): Promise<RoundOutcome> {
  const sum: Sum = { count: 0, total: 0 }
  const { core, ref } = startAdder(spec.isWatched, sum)
  const phase = (messages: number): number => {
    sum.count = sum.total = 0
    const startNs = nowNs()
    for (let id = 0; id < messages;) {
      for (const until = Math.min(id + spec.chunk, messages); id < until; id += 1) ref.tell({ type: 'add', value: id })
      while (core.turn() > 0);
    }
    return nowNs() - startNs
  }
  phase(spec.warmup)
  const tookNs = phase(spec.messages)
  let checksumExpected = 0
  for (let id = 0; id < spec.messages; id += 1) checksumExpected = (checksumExpected + id) | 0
  return Promise.resolve({
    metrics: { '': (spec.messages * 1e9) / tookNs },
    proof: { countExpected: spec.messages, count: sum.count, checksumExpected, checksum: sum.total },
  })
}
