/** The main thread's side of a flow: starts its threads, orders the phases, proves the counts, and gives the figures. */
import { once } from 'node:events'
import { MessageChannel, Worker } from 'node:worker_threads'
import type { MessagePort } from 'node:worker_threads'
import { createRegionCursor, createSpscRing, measureRegion } from '@cambium/ring'
import type { RegionCursor, SpscRingDescriptor } from '@cambium/ring'
import { proofFault } from '../../case.ts'
import type { Proof, RoundOutcome } from '../../case.ts'
import { createMessageFormat, expectedChecksum } from '../message-format.ts'
import { receivesFirst } from './flow.ts'
import type { FlowNode, FlowOrder, FlowReply, FlowTally, LinkOptions, Role } from './flow.ts'
import { pathsTo } from './topologies.ts'
import type { Topology } from './topologies.ts'

export interface FlowSpec {
  readonly topology: Topology
  readonly link: LinkOptions
  /** Messages that each source sends in the measured phase. */
  readonly messages: number
  /** The same before it, not measured: the code gets compiled. */
  readonly warmup: number
  /** For a paced flow: messages per second. */
  readonly rate?: number
  /** For a round trip over rings: trips in one reading of the clock, which costs tens of nanoseconds itself. @default 1 */
  readonly tripsPerReading?: number
}

/** Time that a paced flow has to get its threads spinning before the first message is due. */
const PACE_LEAD_NS = 10_000_000n

/** Messages of all sources, from the first send to the last receipt, per second. */
export async function runThroughput(spec: FlowSpec): Promise<RoundOutcome> {
  const { tallies, proof } = await runFlow(spec)
  const sources = tallies.filter((_, index) => spec.topology.roles[index] === 'source')
  const sinks = tallies.filter((_, index) => spec.topology.roles[index] === 'sink')
  const startNs = sources.reduce((first, { startNs: ns }) => (ns < first ? ns : first), sources[0]?.startNs ?? 0n)
  const endNs = sinks.reduce((last, { endNs: ns }) => (ns > last ? ns : last), 0n)
  return { metrics: { '': (spec.messages * sources.length * 1e9) / Number(endNs - startNs) }, proof }
}

/** The distribution that the flow's client or timer recorded. */
export async function runLatency(spec: FlowSpec): Promise<RoundOutcome> {
  const { tallies, proof } = await runFlow(spec)
  const timed = tallies.find(({ metrics }) => metrics !== undefined)
  return { metrics: timed?.metrics ?? {}, curve: timed?.curve ?? [], proof }
}

async function runFlow(spec: FlowSpec): Promise<{ tallies: readonly FlowTally[]; proof: Proof }> {
  const threads = openNodes(spec).map(({ node, transfer }) => startThread(node, transfer))
  await Promise.all(threads.map((thread) => thread.nextReply('ready')))
  await runPhase(spec, threads, spec.warmup)
  const tallies = await runPhase(spec, threads, spec.messages)
  await Promise.all(threads.map((thread) => thread.end()))
  return { tallies, proof: prove(spec, tallies) }
}

async function runPhase(spec: FlowSpec, threads: readonly FlowThread[], messages: number): Promise<readonly FlowTally[]> {
  const paths = pathsTo(spec.topology)
  const startNs = process.hrtime.bigint() + PACE_LEAD_NS
  const intervalNs = spec.rate === undefined ? 0 : 1e9 / spec.rate
  const order = (index: number): FlowOrder => ({
    messages: messages * Math.max(1, paths[index] as number),
    startNs,
    intervalNs,
    tripsPerReading: spec.tripsPerReading ?? 1,
  })
  const numbered = threads.map((thread, index) => ({ thread, index }))
  const receivers = numbered.filter(({ thread }) => receivesFirst(thread.role))
  const others = numbered.filter(({ thread }) => !receivesFirst(thread.role))
  for (const { thread, index } of receivers) thread.order(order(index))
  await Promise.all(receivers.map(({ thread }) => thread.nextReply('ready')))
  for (const { thread, index } of others) thread.order(order(index))
  return await Promise.all(threads.map(async (thread) => ((await thread.nextReply('tally')) as { tally: FlowTally }).tally))
}

/** Every thread that receives must have had every message, whole. The proof is of the sums; a single fault throws. */
function prove(spec: FlowSpec, tallies: readonly FlowTally[]): Proof {
  const checksumOfOne = expectedChecksum(createMessageFormat(spec.link.messageBytes), spec.messages)
  const proofs = pathsTo(spec.topology).map((paths, index): Proof => {
    const tally = tallies[index] as FlowTally
    return {
      countExpected: paths * spec.messages,
      count: tally.count,
      checksumExpected: Math.imul(paths, checksumOfOne),
      checksum: tally.checksum,
    }
  })
  for (const [index, proof] of proofs.entries()) {
    const fault = proofFault(proof)
    if (fault !== undefined) throw new Error(`thread ${index} (${spec.topology.roles[index]}): ${fault}`)
  }
  return proofs.reduce((sum, proof) => ({
    countExpected: sum.countExpected + proof.countExpected,
    count: sum.count + proof.count,
    checksumExpected: (sum.checksumExpected + proof.checksumExpected) | 0,
    checksum: (sum.checksum + proof.checksum) | 0,
  }))
}

interface OpenNode {
  readonly node: FlowNode
  readonly transfer: readonly MessagePort[]
}

function openNodes({ topology, link }: FlowSpec): readonly OpenNode[] {
  // One memory for bells and rings, divided the same way as Cambium divides its own.
  const takeAll = (cursor: RegionCursor): { bells: readonly Int32Array[]; rings: readonly SpscRingDescriptor[] } => ({
    bells: topology.roles.map(() => cursor.int32(1)),
    rings: link.transport === 'ring' ? topology.links.map(() => cursor.ring(link.capacity)) : [],
  })
  const { bells, rings } = takeAll(createRegionCursor(new SharedArrayBuffer(measureRegion(takeAll))))
  for (const ring of rings) createSpscRing(ring)
  const channels = link.transport === 'ring' ? [] : topology.links.map(() => new MessageChannel())
  return topology.roles.map((role, index) => {
    const ringEnds = (end: 0 | 1): FlowNode['ringInputs'] =>
      rings.flatMap((ring, at) => {
        const ends = topology.links[at] as readonly [number, number]
        return ends[end] === index ? [{ ring, peerBell: bells[ends[1 - end] as number] as Int32Array }] : []
      })
    const portEnds = (end: 0 | 1): readonly MessagePort[] =>
      channels.flatMap(({ port1, port2 }, at) => (topology.links[at]?.[end] === index ? [end === 0 ? port1 : port2] : []))
    const portInputs = portEnds(1)
    const portOutputs = portEnds(0)
    const node = {
      role,
      link,
      bell: bells[index] as Int32Array,
      ringInputs: ringEnds(1),
      ringOutputs: ringEnds(0),
      portInputs,
      portOutputs,
    }
    return { node, transfer: [...portInputs, ...portOutputs] }
  })
}

interface FlowThread {
  readonly role: Role
  order(order: FlowOrder): void
  /** The next reply, which must be of this kind. Rejects when the thread fails or ends. */
  nextReply(kind: 'ready' | 'tally'): Promise<FlowReply>
  end(): Promise<void>
}

function startThread(node: FlowNode, transfer: readonly MessagePort[]): FlowThread {
  const worker = new Worker(new URL(import.meta.resolve('#flow-worker')), { workerData: node, transferList: [...transfer] })
  const replies: FlowReply[] = []
  let failure: Error | undefined
  let wake: (() => void) | undefined
  const settle = (): void => wake?.()
  worker.on('message', (reply: FlowReply) => {
    replies.push(reply)
    settle()
  })
  worker.on('error', (error) => {
    failure ??= error instanceof Error ? error : new Error(String(error))
    settle()
  })
  worker.on('exit', (code) => {
    failure ??= new Error(`a ${node.role} thread ended early: code=${code}`)
    settle()
  })
  return {
    role: node.role,
    order: (order) => worker.postMessage(order),
    async nextReply(kind) {
      while (replies.length === 0) {
        if (failure !== undefined) throw failure
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
      const reply = replies.shift() as FlowReply
      if ('error' in reply) throw new Error(`a ${node.role} thread failed: ${reply.error}`)
      if (!(kind in reply)) throw new Error(`a ${node.role} thread answered out of turn: expected=${kind}`)
      return reply
    },
    async end() {
      const exit = once(worker, 'exit')
      await worker.terminate()
      await exit
    },
  }
}
