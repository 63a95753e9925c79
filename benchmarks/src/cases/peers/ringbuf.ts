/** ringbuf.js between two threads: records of 32 B in an Int32 ring buffer, spinning on both sides as it never waits by itself. */
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { RingBuffer } from 'ringbuf.js'
import type { RoundOutcome } from '../../case.ts'
import { createMessageFormat, expectedChecksum } from '../message-format.ts'
import type { RingbufOrder, RingbufTally } from './ringbuf-thread.ts'
import { RECORD_WORDS } from './ringbuf-thread.ts'

export interface RingbufSpec {
  readonly messages: number
  readonly warmup: number
  /** Records that the buffer holds. */
  readonly records: number
  /** Records that the consumer takes at a time at most. */
  readonly popRecords: number
}

export async function runRingbuf({ messages, warmup, records, popRecords }: RingbufSpec): Promise<RoundOutcome> {
  const storage = RingBuffer.getStorageForCapacity(records * RECORD_WORDS, Int32Array)
  const source = startThread()
  const sink = startThread()
  try {
    const phase = async (count: number): Promise<{ startNs: number; tally: RingbufTally }> => {
      const [tally, { startNs }] = await Promise.all([
        sink.play({ role: 'sink', storage, count, popRecords }),
        source.play({ role: 'source', storage, count, popRecords }),
      ])
      return { startNs, tally }
    }
    await phase(warmup)
    const { startNs, tally } = await phase(messages)
    const checksumExpected = expectedChecksum(createMessageFormat(RECORD_WORDS * 4), messages)
    return {
      metrics: { '': (messages * 1e9) / (tally.endNs - startNs) },
      proof: { countExpected: messages, count: tally.count, checksumExpected, checksum: tally.checksum },
    }
  } finally {
    await Promise.all([source.end(), sink.end()])
  }
}

function startThread(): { play: (order: RingbufOrder) => Promise<RingbufTally>; end: () => Promise<unknown> } {
  const worker = new Worker(new URL(import.meta.resolve('#ringbuf-thread')))
  return {
    async play(order) {
      worker.postMessage(order)
      return ((await once(worker, 'message')) as [RingbufTally])[0]
    },
    end: () => worker.terminate(),
  }
}
