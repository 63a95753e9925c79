/**
 * The in-process queue: an array that a producer fills and a consumer drains, in turn, on one thread. No copy crosses a
 * thread, so it is what messages cost before they are sent anywhere.
 */
import type { RoundOutcome } from '../../case.ts'
import { createMessageFormat, expectedChecksum } from '../message-format.ts'
import type { Message, MessageFormat } from '../message-format.ts'

export interface ArrayQueueSpec {
  readonly messageBytes: number
  readonly batch: number
  readonly messages: number
  readonly warmup: number
}

export function runArrayQueue(spec: ArrayQueueSpec): Promise<RoundOutcome> {
  const format = createMessageFormat(spec.messageBytes)
  passThroughArray(format, spec.batch, spec.warmup)
  const startNs = process.hrtime.bigint()
  const { count, checksum } = passThroughArray(format, spec.batch, spec.messages)
  const elapsedNs = Number(process.hrtime.bigint() - startNs)
  return Promise.resolve({
    metrics: { '': (spec.messages * 1e9) / elapsedNs },
    proof: { countExpected: spec.messages, count, checksumExpected: expectedChecksum(format, spec.messages), checksum },
  })
}

function passThroughArray(format: MessageFormat, batch: number, messages: number): { count: number; checksum: number } {
  let queue: Message[] = []
  let count = 0
  let checksum = 0
  for (let sequence = 0; sequence < messages;) {
    for (const end = Math.min(sequence + batch, messages); sequence < end; sequence += 1)
      queue.push(format.own(format.build(sequence)))
    const drained = queue
    queue = []
    for (const message of drained) {
      checksum = format.check(message, checksum)
      count += 1
    }
  }
  return { count, checksum }
}
