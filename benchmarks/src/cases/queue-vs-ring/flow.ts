/**
 * A flow is a small graph of threads that pass messages along links. Every link has one writer and one reader: a ring, or
 * a pair of message ports. What the threads do is the same for both kinds of link.
 *
 * Protocol between the process's main thread and its threads
 * 1. The main thread starts every thread with its node and waits for `ready`.
 * 2. Per phase (a warm-up, then the measured one) it orders the threads that receive first; each answers `ready` before it
 *    begins, so a measured phase never contains the start of a consumer. Then it orders the sources.
 * 3. Each thread answers with a tally. The main thread itself only waits.
 */
import type { MessagePort } from 'node:worker_threads'
import type { SpscRingDescriptor } from '@cambium/ring'
import type { CurvePoint } from '../../case.ts'

/** `source` sends, `stage` passes on, `sink` checks; `client` and `server` play ping-pong; `pacer` sends by the clock to a `timer`. */
export type Role = 'source' | 'stage' | 'sink' | 'client' | 'server' | 'pacer' | 'timer'

/**
 * `port`: message ports read by events. `port-hot`: the same with event loops that never sleep. `port-polled`: read by
 * receiveMessageOnPort in a loop, without the event loop.
 */
export type Transport = 'ring' | 'port' | 'port-hot' | 'port-polled'

/** When a ring's writer publishes: when the batch is full, or also at once whenever the reader's doorbell says that it waits. */
export type Publish = 'batch' | 'batch-or-awaited'

export type WaitName = 'busy-spin' | 'yielding' | 'backoff' | 'blocking' | 'adaptive'

/** How messages are carried. One for all links of a flow. */
export interface LinkOptions {
  readonly transport: Transport
  readonly messageBytes: number
  /** Rings: records per publish. Ports: messages per array; 1 posts the bare message. */
  readonly batch: number
  readonly publish: Publish
  /** Rings: bytes of the data area. */
  readonly capacity: number
  /** Rings: how a thread waits for records and for room. */
  readonly wait: WaitName
  /** Ports: messages that may be under way on a link. A port has no bound of its own. */
  readonly window: number
}

/** What a link is at one of its ends. */
interface RingEnd {
  readonly ring: SpscRingDescriptor
  /** Doorbell word of the thread at the other end. */
  readonly peerBell: Int32Array
}

export interface FlowNode {
  readonly role: Role
  readonly link: LinkOptions
  /** Doorbell word of this thread. */
  readonly bell: Int32Array
  readonly ringInputs: readonly RingEnd[]
  readonly ringOutputs: readonly RingEnd[]
  readonly portInputs: readonly MessagePort[]
  readonly portOutputs: readonly MessagePort[]
}

export interface FlowOrder {
  /** Messages that a source or client sends on each output, or that this thread receives in all. */
  readonly messages: number
  /** For `pacer` and `timer`: message k is due at `startNs + k × intervalNs` by process.hrtime.bigint(). */
  readonly startNs: bigint
  readonly intervalNs: number
  /** For a `client` over rings: round trips in one reading of the clock; a latency is their mean. */
  readonly tripsPerReading: number
}

/** What a thread did in one phase. */
export interface FlowTally {
  /** process.hrtime.bigint(), one clock for all threads. */
  readonly startNs: bigint
  readonly endNs: bigint
  /** Messages received, and their checksum. */
  readonly count: number
  readonly checksum: number
  readonly metrics?: Readonly<Record<string, number>>
  readonly curve?: readonly CurvePoint[]
}

export type FlowReply = { readonly ready: true } | { readonly tally: FlowTally } | { readonly error: string }

/** Whether a role waits for messages before it sends any. */
export function receivesFirst(role: Role): boolean {
  return role !== 'source' && role !== 'client' && role !== 'pacer'
}
