/** What the threads of a latency flow do when their links are rings: each message is published at once. */
import { createLatencyHistogram } from '../latency-histogram.ts'
import type { Message, MessageFormat } from '../message-format.ts'
import type { FlowOrder, FlowTally } from './flow.ts'
import { WAIT_MS_MAX } from './ring-link.ts'
import type { RingLinks } from './ring-link.ts'

/** Ping: one message in flight; the time is from before it is built until its echo is checked, or the mean of several such times. */
export function pingOverRings(links: RingLinks, format: MessageFormat, order: FlowOrder): FlowTally {
  const histogram = createLatencyHistogram()
  const output = links.outputs[0] as (typeof links.outputs)[number]
  const startNs = process.hrtime.bigint()
  let checksum = 0
  for (let sequence = 0; sequence < order.messages;) {
    const until = Math.min(order.messages, sequence + order.tripsPerReading)
    const trips = until - sequence
    const sentAt = performance.now()
    for (; sequence < until; sequence += 1) {
      output.send(format.build(sequence))
      output.flush()
      checksum = format.check(takeOne(links, format), checksum)
    }
    histogram.record(((performance.now() - sentAt) * 1e6) / trips)
  }
  const endNs = process.hrtime.bigint()
  return { startNs, endNs, count: order.messages, checksum, metrics: histogram.metrics(), curve: histogram.curve() }
}

/** Pong: decodes each message and sends one with the same content back. */
export function pongOverRings(links: RingLinks, format: MessageFormat, order: FlowOrder): FlowTally {
  const output = links.outputs[0] as (typeof links.outputs)[number]
  const startNs = process.hrtime.bigint()
  let checksum = 0
  for (let count = 0; count < order.messages; count += 1) {
    const message = takeOne(links, format)
    checksum = format.check(message, checksum)
    output.send(message)
    output.flush()
  }
  return { startNs, endNs: process.hrtime.bigint(), count: order.messages, checksum }
}

/** Sends each message when it is due, or at once when it is late: a slow receiver does not slow the schedule. */
export function paceOverRings(links: RingLinks, format: MessageFormat, order: FlowOrder): FlowTally {
  const output = links.outputs[0] as (typeof links.outputs)[number]
  for (let sequence = 0; sequence < order.messages; sequence += 1) {
    const dueNs = sequence * order.intervalNs
    while (Number(process.hrtime.bigint() - order.startNs) < dueNs);
    output.send(format.build(sequence))
    output.flush()
  }
  return { startNs: order.startNs, endNs: process.hrtime.bigint(), count: 0, checksum: 0 }
}

/** Receives paced messages; the latency of each is counted from when it was due. */
export function timeOverRings(links: RingLinks, format: MessageFormat, order: FlowOrder): FlowTally {
  const histogram = createLatencyHistogram()
  let checksum = 0
  for (let count = 0; count < order.messages; count += 1) {
    const message = takeOne(links, format)
    checksum = format.check(message, checksum)
    histogram.record(Number(process.hrtime.bigint() - order.startNs) - message.sequence * order.intervalNs)
  }
  const endNs = process.hrtime.bigint()
  return {
    startNs: order.startNs,
    endNs,
    count: order.messages,
    checksum,
    metrics: histogram.metrics(),
    curve: histogram.curve(),
  }
}

function takeOne(links: RingLinks, format: MessageFormat): Message {
  const input = links.inputs[0] as (typeof links.inputs)[number]
  const { consumer } = input
  while (!consumer.next()) links.wait.waitFor(links.hasWork, WAIT_MS_MAX)
  const message = format.read(consumer.int32, consumer.offset >> 2)
  consumer.done()
  if (consumer.release()) input.ringWriter()
  return message
}
