/** A buffer shared with another core in each message, each second time a new one: whether anything of it is kept. */
import { share } from 'cambium'
import type { RoundOutcome } from '../../case.ts'
import { looker } from './share-actors.ts'
import { PHASE_MS_MAX, withSystem } from './with-system.ts'

export interface ShareSpec {
  readonly messages: number
  /** Before the first reading: pages touched for the first time are no growth. */
  readonly warmup: number
  readonly bytes: number
}

export function runShare({ messages, warmup, bytes }: ShareSpec): Promise<RoundOutcome> {
  return withSystem(1, async (system) => {
    const ref = await system.spawn(looker, null, { core: 1 })
    const kept = numbered(-1, bytes)
    const total = warmup + messages
    let start = 0
    for (let id = 0; id < total; id += 1) {
      if (id === warmup) {
        await ref.ask({ type: 'tally' }, { timeoutMs: PHASE_MS_MAX })
        start = process.memoryUsage.rss()
      }
      await ref.send({ type: 'look', memory: share(id % 2 === 0 ? kept : numbered(id, bytes)) })
    }
    const { count, checksum } = await ref.ask({ type: 'tally' }, { timeoutMs: PHASE_MS_MAX })
    const shared = Math.floor(total / 2)
    return {
      metrics: { 'rss.start': start, 'rss.end': process.memoryUsage.rss() },
      // The odd numbers below the total, and the one that is shared again and again.
      proof: { countExpected: total, count, checksumExpected: (shared * shared - (total - shared)) | 0, checksum },
    }
  })
}

function numbered(id: number, bytes: number): SharedArrayBuffer {
  const memory = new SharedArrayBuffer(bytes)
  new Int32Array(memory)[0] = id
  return memory
}
