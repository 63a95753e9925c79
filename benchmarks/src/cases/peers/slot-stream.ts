/** The Disruptor of `@cambium/ring` between two threads: one producer, one consumer, records of 8 B in slots with typed fields. */
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { disruptor } from '@cambium/ring'
import type { RoundOutcome } from '../../case.ts'
import { createMessageFormat, expectedChecksum } from '../message-format.ts'
import { eventLayout } from './slot-event.ts'
import type { SlotAccess, SlotTally, SlotThreadData } from './slot-event.ts'

export interface SlotStreamSpec {
  readonly messages: number
  /** Messages before the measured ones, in several phases, as the Java peer has them. */
  readonly warmup: number
  /** Slots in one claim and publish. */
  readonly batch: number
  readonly slots: number
  readonly access: SlotAccess
}

const WARMUP_PHASES = 4

export async function runSlotStream({ messages, warmup, batch, slots, access }: SlotStreamSpec): Promise<RoundOutcome> {
  const node = disruptor({ capacity: slots, layout: eventLayout }).handle('sink').build().node('sink')
  const sink = await startThread({ role: 'sink', node, access, batch })
  const source = await startThread({ role: 'source', node, access, batch })
  try {
    const phase = async (count: number): Promise<{ startNs: number; tally: SlotTally }> => {
      const [tally, { startNs }] = await Promise.all([sink.play(count), source.play(count)])
      return { startNs, tally }
    }
    for (let part = 0; part < WARMUP_PHASES; part += 1) await phase(Math.max(1, Math.floor(warmup / WARMUP_PHASES)))
    const { startNs, tally } = await phase(messages)
    return {
      metrics: { '': (messages * 1e9) / (tally.endNs - startNs) },
      proof: {
        countExpected: messages,
        count: tally.count,
        checksumExpected: expectedChecksum(createMessageFormat(8), messages),
        checksum: tally.checksum,
      },
    }
  } finally {
    await Promise.all([source.end(), sink.end()])
  }
}

interface SlotThread {
  play(count: number): Promise<SlotTally>
  end(): Promise<unknown>
}

async function startThread(data: SlotThreadData): Promise<SlotThread> {
  const worker = new Worker(new URL(import.meta.resolve('#slot-stream-thread')), { workerData: data })
  await once(worker, 'message')
  return {
    async play(count) {
      worker.postMessage(count)
      return ((await once(worker, 'message')) as [SlotTally])[0]
    },
    end: () => worker.terminate(),
  }
}
