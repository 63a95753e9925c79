/**
 * What the threads of a throughput flow do when their links are message ports.
 *
 * A port has no bound, so a link has a window: the last consumer acknowledges every half window by posting a number back,
 * stages pass acknowledgements on, and a source goes on when every output is inside its window again.
 */
import type { MessagePort } from 'node:worker_threads'
import type { Message, MessageFormat } from '../message-format.ts'
import type { FlowNode, FlowOrder, FlowTally } from './flow.ts'

export async function sendOverPorts(node: FlowNode, format: MessageFormat, order: FlowOrder): Promise<FlowTally> {
  const { window, batch } = node.link
  const ports = node.portOutputs
  const acknowledged = ports.map(() => 0)
  let resume: (() => void) | undefined
  ports.forEach((port, index) =>
    receive(port, (count) => {
      acknowledged[index] = (acknowledged[index] as number) + (count as number)
      resume?.()
    }),
  )
  const startNs = process.hrtime.bigint()
  let sent = 0
  while (sent < order.messages) {
    if (sent + batch - Math.min(...acknowledged) > Math.max(window, batch)) {
      await new Promise<void>((resolve) => {
        resume = resolve
      })
      continue
    }
    // As many as the window allows in one go; the event loop is only needed for acknowledgements.
    const until = Math.min(order.messages, Math.min(...acknowledged) + Math.max(window, batch))
    if (batch === 1) {
      for (; sent < until; sent += 1) {
        const message = format.build(sent)
        for (const port of ports) port.postMessage(message)
      }
    } else {
      while (sent < until && (sent + batch <= until || until === order.messages)) {
        const messages: Message[] = []
        const end = Math.min(sent + batch, order.messages)
        for (; sent < end; sent += 1) messages.push(format.own(format.build(sent)))
        for (const port of ports) port.postMessage(messages)
      }
    }
  }
  const endNs = process.hrtime.bigint()
  ports.forEach((port) => port.removeAllListeners('message'))
  return { startNs, endNs, count: 0, checksum: 0 }
}

/** Takes messages from every input, checks them, and posts them to every output, if there are any. */
export function receiveFromPorts(node: FlowNode, format: MessageFormat, order: FlowOrder, ready: () => void): Promise<FlowTally> {
  const acknowledgeEvery = Math.max(1, node.link.window >> 1)
  const { portInputs, portOutputs } = node
  return new Promise((resolve) => {
    const startNs = process.hrtime.bigint()
    let count = 0
    let checksum = 0
    portInputs.forEach((port) => {
      let pending = 0
      receive(port, (data) => {
        const messages = Array.isArray(data) ? (data as readonly Message[]) : undefined
        if (messages === undefined) {
          checksum = format.check(data as Message, checksum)
          count += 1
          pending += 1
        } else {
          for (const message of messages) checksum = format.check(message, checksum)
          count += messages.length
          pending += messages.length
        }
        for (const output of portOutputs) output.postMessage(data)
        // A stage's inputs are acknowledged by what comes back from behind it.
        if (portOutputs.length === 0 && pending >= acknowledgeEvery) {
          port.postMessage(pending)
          pending = 0
        }
        if (count === order.messages) finish()
      })
    })
    for (const output of portOutputs) {
      receive(output, (acknowledgement) => {
        for (const input of portInputs) input.postMessage(acknowledgement)
      })
    }
    const finish = (): void => {
      const endNs = process.hrtime.bigint()
      for (const port of portInputs) port.removeAllListeners('message')
      resolve({ startNs, endNs, count, checksum })
    }
    ready()
  })
}

/** One listener a port and phase. */
function receive(port: MessagePort, listener: (data: unknown) => void): void {
  port.removeAllListeners('message')
  port.on('message', listener)
}
