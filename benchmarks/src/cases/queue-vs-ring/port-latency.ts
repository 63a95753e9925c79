/** What the threads of a latency flow do when their links are message ports, read by events. */
import type { MessagePort } from 'node:worker_threads'
import { createLatencyHistogram } from '../latency-histogram.ts'
import type { Message, MessageFormat } from '../message-format.ts'
import type { FlowNode, FlowOrder, FlowTally } from './flow.ts'

export function pingOverPorts(node: FlowNode, format: MessageFormat, order: FlowOrder): Promise<FlowTally> {
  const histogram = createLatencyHistogram()
  const output = node.portOutputs[0] as MessagePort
  const input = node.portInputs[0] as MessagePort
  const startNs = process.hrtime.bigint()
  let count = 0
  let checksum = 0
  let sentAt = 0
  const ping = (): void => {
    sentAt = performance.now()
    output.postMessage(format.build(count))
  }
  return onMessages(
    input,
    (message) => {
      checksum = format.check(message, checksum)
      histogram.record((performance.now() - sentAt) * 1e6)
      count += 1
      if (count < order.messages) ping()
      return count === order.messages
    },
    ping,
  ).then((endNs) => ({ startNs, endNs, count, checksum, metrics: histogram.metrics(), curve: histogram.curve() }))
}

export function pongOverPorts(node: FlowNode, format: MessageFormat, order: FlowOrder, ready: () => void): Promise<FlowTally> {
  const output = node.portOutputs[0] as MessagePort
  const input = node.portInputs[0] as MessagePort
  const startNs = process.hrtime.bigint()
  let count = 0
  let checksum = 0
  return onMessages(
    input,
    (message) => {
      checksum = format.check(message, checksum)
      output.postMessage(message)
      count += 1
      return count === order.messages
    },
    ready,
  ).then((endNs) => ({ startNs, endNs, count, checksum }))
}

/** Posting needs no event loop, so the schedule is kept as a ring's is: by looking at the clock. */
export function paceOverPorts(node: FlowNode, format: MessageFormat, order: FlowOrder): FlowTally {
  const output = node.portOutputs[0] as MessagePort
  for (let sequence = 0; sequence < order.messages; sequence += 1) {
    const dueNs = sequence * order.intervalNs
    while (Number(process.hrtime.bigint() - order.startNs) < dueNs);
    output.postMessage(format.build(sequence))
  }
  return { startNs: order.startNs, endNs: process.hrtime.bigint(), count: 0, checksum: 0 }
}

export function timeOverPorts(node: FlowNode, format: MessageFormat, order: FlowOrder, ready: () => void): Promise<FlowTally> {
  const histogram = createLatencyHistogram()
  let count = 0
  let checksum = 0
  return onMessages(
    node.portInputs[0] as MessagePort,
    (message) => {
      checksum = format.check(message, checksum)
      histogram.record(Number(process.hrtime.bigint() - order.startNs) - message.sequence * order.intervalNs)
      count += 1
      return count === order.messages
    },
    ready,
  ).then((endNs) => ({ startNs: order.startNs, endNs, count, checksum, metrics: histogram.metrics(), curve: histogram.curve() }))
}

/** Calls `listener` for each message until it says that it was the last; gives the time of that. */
function onMessages(port: MessagePort, listener: (message: Message) => boolean, begin: () => void): Promise<bigint> {
  return new Promise((resolve) => {
    const onMessage = (message: Message): void => {
      if (!listener(message)) return
      const endNs = process.hrtime.bigint()
      port.off('message', onMessage)
      resolve(endNs)
    }
    port.on('message', onMessage)
    begin()
  })
}
