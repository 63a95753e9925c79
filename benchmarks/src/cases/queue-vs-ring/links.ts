/** Links as the cases use them: capacities and windows by message size, the parameters that are printed, and warm-ups. */
import type { Params } from '../../case.ts'
import type { LinkOptions, Publish, Transport, WaitName } from './flow.ts'
import type { FlowSpec } from './run-flow.ts'
import { PACED, PING_PONG } from './topologies.ts'

/** Messages under way on a port: the fastest of 500, 2,000, 8,000 and no bound at all, whose queue only grows the heap. */
const PORT_WINDOW = 500
/** Bytes under way on a port, for large messages. */
const PORT_WINDOW_BYTES = 16 * 2 ** 20
const RING_CAPACITY_MIN = 2 ** 18
/** An eighth of the ring must hold a record. */
const RECORDS_PER_RING = 16

export function ringLink(messageBytes: number, batch: number, wait: WaitName, publish: Publish = 'batch'): LinkOptions {
  const capacity = Math.max(RING_CAPACITY_MIN, 2 ** Math.ceil(Math.log2((messageBytes + 8) * RECORDS_PER_RING)))
  return { transport: 'ring', messageBytes, batch, publish, capacity, wait, window: 0 }
}

export function portLink(transport: Transport, messageBytes: number, batch: number): LinkOptions {
  const window = Math.max(2, Math.min(PORT_WINDOW, Math.floor(PORT_WINDOW_BYTES / messageBytes)))
  return { transport, messageBytes, batch, publish: 'batch', capacity: 0, wait: 'adaptive', window }
}

export function paramsOf({ topology, link, messages, warmup, rate, tripsPerReading }: FlowSpec): Params {
  const { transport, messageBytes, batch, publish, capacity, wait, window } = link
  return {
    topology: topology.name,
    bytes: messageBytes,
    batch,
    messages,
    warmup,
    ...(rate === undefined ? {} : { rate }),
    ...(tripsPerReading === undefined ? {} : { tripsPerReading }),
    ...(transport === 'ring' ? { publish, wait, capacity } : topology === PING_PONG || topology === PACED ? {} : { window }),
    threads: topology.roles.length,
  }
}

/** A fifth of the work, at least enough to have the hot functions compiled. */
export function warmupOf(messages: number): number {
  return Math.min(messages, Math.max(Math.ceil(messages / 5), 20_000))
}
