/** What the threads of a throughput flow do when their links are rings. */
import type { RecordHandler } from '@cambium/ring'
import type { MessageFormat } from '../message-format.ts'
import type { FlowOrder, FlowTally } from './flow.ts'
import { WAIT_MS_MAX } from './ring-link.ts'
import type { RingLinks } from './ring-link.ts'

/** Room is given back at the latest after this many records, or after an eighth of the ring. */
const POLL_RECORDS_MAX = 256
const POLL_SHARE = 8

export function sendOverRings({ outputs }: RingLinks, format: MessageFormat, order: FlowOrder): FlowTally {
  const startNs = process.hrtime.bigint()
  const only = outputs.length === 1 ? outputs[0] : undefined
  for (let sequence = 0; sequence < order.messages; sequence += 1) {
    const message = format.build(sequence)
    if (only !== undefined) only.send(message)
    else for (const output of outputs) output.send(message)
  }
  for (const output of outputs) output.flush()
  return { startNs, endNs: process.hrtime.bigint(), count: 0, checksum: 0 }
}

export function receiveFromRings(links: RingLinks, format: MessageFormat, order: FlowOrder): FlowTally {
  let checksum = 0
  const readAndCheck = format.readAndCheck
  const handlers = links.inputs.map(({ consumer }): RecordHandler => {
    const { int32 } = consumer
    return (_type, _buffer, offset) => {
      checksum = readAndCheck(int32, offset >> 2, checksum)
    }
  })
  const { startNs, endNs, count } = drain(links, format, order, handlers)
  return { startNs, endNs, count, checksum }
}

export function passOnOverRings(links: RingLinks, format: MessageFormat, order: FlowOrder): FlowTally {
  let checksum = 0
  const handlers = links.inputs.map(({ consumer }): RecordHandler => {
    const { int32 } = consumer
    return (_type, _buffer, offset) => {
      const message = format.read(int32, offset >> 2)
      checksum = format.check(message, checksum)
      for (const output of links.outputs) output.send(message)
    }
  })
  const { startNs, endNs, count } = drain(links, format, order, handlers)
  return { startNs, endNs, count, checksum }
}

function drain(
  links: RingLinks,
  format: MessageFormat,
  order: FlowOrder,
  handlers: readonly RecordHandler[],
): { startNs: bigint; endNs: bigint; count: number } {
  const { inputs, outputs, wait, hasWork } = links
  const capacity = inputs[0]?.consumer.capacity ?? 0
  const limit = Math.max(1, Math.min(POLL_RECORDS_MAX, Math.floor(capacity / POLL_SHARE / (format.bytes + 8))))
  const startNs = process.hrtime.bigint()
  let count = 0
  while (count < order.messages) {
    let received = 0
    for (let index = 0; index < inputs.length; index += 1) {
      const input = inputs[index] as (typeof inputs)[number]
      const polled = input.consumer.poll(handlers[index] as RecordHandler, limit)
      if (polled > 0) input.ringWriter()
      received += polled
    }
    count += received
    if (received > 0) continue
    // Nothing more to read for now: what a stage has committed must not wait for a full batch.
    for (const output of outputs) output.flush()
    wait.waitFor(hasWork, WAIT_MS_MAX)
  }
  for (const output of outputs) output.flush()
  return { startNs, endNs: process.hrtime.bigint(), count }
}
