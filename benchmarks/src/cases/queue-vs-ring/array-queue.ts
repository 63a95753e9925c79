/**
 * The in-process queue: an array that a producer fills and a consumer drains, in turn, on one thread. No copy crosses a
 * thread, so it is what messages cost before they are sent anywhere.
 */
import type { RoundOutcome } from '../../case.ts'
import { createLatencyHistogram } from '../latency-histogram.ts'
import type { LatencyHistogram } from '../latency-histogram.ts'
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

/** Messages in one reading of the clock, which costs more than one of them. */
export const TRIPS_PER_READING = 100

/** One message in the queue at a time: from before it is built until it has been taken and checked. */
export function runArrayLatency(spec: ArrayQueueSpec): Promise<RoundOutcome> {
  const format = createMessageFormat(spec.messageBytes)
  takeInTurn(format, spec.warmup, createLatencyHistogram())
  const histogram = createLatencyHistogram()
  const { count, checksum } = takeInTurn(format, spec.messages, histogram)
  return Promise.resolve({
    metrics: histogram.metrics(),
    curve: histogram.curve(),
    proof: { countExpected: spec.messages, count, checksumExpected: expectedChecksum(format, spec.messages), checksum },
  })
}

function takeInTurn(format: MessageFormat, messages: number, histogram: LatencyHistogram): { count: number; checksum: number } {
  const queue: Message[] = []
  let count = 0
  let checksum = 0
  for (let sequence = 0; sequence < messages;) {
    const until = Math.min(messages, sequence + TRIPS_PER_READING)
    const trips = until - sequence
    const sentAt = performance.now()
    for (; sequence < until; sequence += 1) {
      queue.push(format.own(format.build(sequence)))
      checksum = format.check(queue.shift() as Message, checksum)
      count += 1
    }
    histogram.record(((performance.now() - sentAt) * 1e6) / trips)
  }
  return { count, checksum }
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
