/** Ping-pong over message ports that are read in a loop by receiveMessageOnPort: what a port can do without an event loop. */
import { receiveMessageOnPort } from 'node:worker_threads'
import type { MessagePort } from 'node:worker_threads'
import { createLatencyHistogram } from '../latency-histogram.ts'
import type { Message, MessageFormat } from '../message-format.ts'
import type { FlowNode, FlowOrder, FlowTally } from './flow.ts'

export function pingOverPolledPorts(node: FlowNode, format: MessageFormat, order: FlowOrder): FlowTally {
  const histogram = createLatencyHistogram()
  const output = node.portOutputs[0] as MessagePort
  const startNs = process.hrtime.bigint()
  let checksum = 0
  for (let sequence = 0; sequence < order.messages; sequence += 1) {
    const sentAt = performance.now()
    output.postMessage(format.build(sequence))
    checksum = format.check(takeOne(node), checksum)
    histogram.record((performance.now() - sentAt) * 1e6)
  }
  const endNs = process.hrtime.bigint()
  return { startNs, endNs, count: order.messages, checksum, metrics: histogram.metrics(), curve: histogram.curve() }
}

export function pongOverPolledPorts(node: FlowNode, format: MessageFormat, order: FlowOrder): FlowTally {
  const output = node.portOutputs[0] as MessagePort
  const startNs = process.hrtime.bigint()
  let checksum = 0
  for (let count = 0; count < order.messages; count += 1) {
    const message = takeOne(node)
    checksum = format.check(message, checksum)
    output.postMessage(message)
  }
  return { startNs, endNs: process.hrtime.bigint(), count: order.messages, checksum }
}

function takeOne(node: FlowNode): Message {
  const port = node.portInputs[0] as MessagePort
  for (;;) {
    const received = receiveMessageOnPort(port)
    if (received !== undefined) return received.message as Message
  }
}
