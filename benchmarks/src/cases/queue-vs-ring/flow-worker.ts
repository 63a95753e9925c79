/** Entry of a thread of a flow: it takes orders, one phase at a time, and answers each with a tally. */
import { parentPort, workerData } from 'node:worker_threads'
import { createMessageFormat } from '../message-format.ts'
import type { FlowNode, FlowOrder, FlowReply, FlowTally } from './flow.ts'
import { receivesFirst } from './flow.ts'
import { pingOverPolledPorts, pongOverPolledPorts } from './polled-port-latency.ts'
import { paceOverPorts, pingOverPorts, pongOverPorts, timeOverPorts } from './port-latency.ts'
import { receiveFromPorts, sendOverPorts } from './port-throughput.ts'
import { paceOverRings, pingOverRings, pongOverRings, timeOverRings } from './ring-latency.ts'
import { openRingLinks } from './ring-link.ts'
import { passOnOverRings, receiveFromRings, sendOverRings } from './ring-throughput.ts'

type Phase = (order: FlowOrder, ready: () => void) => FlowTally | Promise<FlowTally>

const node = workerData as FlowNode
const phase = choosePhase()

parentPort?.on('message', (order: FlowOrder) => {
  const ready = (): void => reply({ ready: true })
  void run(order, receivesFirst(node.role) ? ready : () => undefined)
})
reply({ ready: true })

async function run(order: FlowOrder, ready: () => void): Promise<void> {
  let running = true
  // An event loop with an immediate due does not sleep: it looks for messages again and again.
  const stayAwake = (): void => {
    if (running) setImmediate(stayAwake)
  }
  if (node.link.transport === 'port-hot') stayAwake()
  try {
    reply({ tally: await phase(order, ready) })
  } catch (error) {
    reply({ error: error instanceof Error ? error.message : String(error) })
  } finally {
    running = false
  }
}

function reply(message: FlowReply): void {
  parentPort?.postMessage(message)
}

function choosePhase(): Phase {
  const format = createMessageFormat(node.link.messageBytes)
  switch (node.link.transport) {
    case 'ring':
      return chooseRingPhase(format)
    case 'port':
    case 'port-hot':
      return choosePortPhase(format)
    case 'port-polled':
      return readyFirst((order) => (node.role === 'client' ? pingOverPolledPorts : pongOverPolledPorts)(node, format, order))
  }
}

function chooseRingPhase(format: ReturnType<typeof createMessageFormat>): Phase {
  const links = openRingLinks(node, format)
  const programs = {
    source: sendOverRings,
    stage: passOnOverRings,
    sink: receiveFromRings,
    client: pingOverRings,
    server: pongOverRings,
    pacer: paceOverRings,
    timer: timeOverRings,
  }
  const program = programs[node.role]
  return readyFirst((order) => program(links, format, order))
}

function choosePortPhase(format: ReturnType<typeof createMessageFormat>): Phase {
  switch (node.role) {
    case 'source':
      return (order) => sendOverPorts(node, format, order)
    case 'stage':
    case 'sink':
      return (order, ready) => receiveFromPorts(node, format, order, ready)
    case 'client':
      return (order) => pingOverPorts(node, format, order)
    case 'server':
      return (order, ready) => pongOverPorts(node, format, order, ready)
    case 'pacer':
      return (order) => paceOverPorts(node, format, order)
    case 'timer':
      return (order, ready) => timeOverPorts(node, format, order, ready)
  }
}

/** A program that blocks its thread until the phase is over says that it is ready before it begins. */
function readyFirst(program: (order: FlowOrder) => FlowTally): Phase {
  return (order, ready) => {
    ready()
    return program(order)
  }
}
