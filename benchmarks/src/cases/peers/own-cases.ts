/**
 * Our side of every comparison: the cases of `actors` and `queue-vs-ring`, with the work of a round set so that the peer has about as long
 * to do. What is measured is the public package with default options, as in `actors`.
 */
import type { BenchCase, Params, RoundOutcome, Unit } from '../../case.ts'
import type { MessageKind } from '../actors/messages.ts'
import { runAsk } from '../actors/run-ask.ts'
import type { AskSpec } from '../actors/run-ask.ts'
import { runMemory, runRestart, runSpawn } from '../actors/run-lifecycle.ts'
import type { SpawnSpec } from '../actors/run-lifecycle.ts'
import { runTell } from '../actors/run-tell.ts'
import type { TellSpec } from '../actors/run-tell.ts'
import { CHUNK } from '../actors/tell-actors.ts'
import { warmupOf } from '../actors/warm-up.ts'
import type { LinkOptions } from '../queue-vs-ring/flow.ts'
import { paramsOf, ringLink } from '../queue-vs-ring/links.ts'
import { runLatency, runThroughput } from '../queue-vs-ring/run-flow.ts'
import type { FlowSpec } from '../queue-vs-ring/run-flow.ts'
import { ONE_TO_ONE, PING_PONG } from '../queue-vs-ring/topologies.ts'
import { runSlotStream } from './slot-stream.ts'
import type { SlotStreamSpec } from './slot-stream.ts'

export type Route = Pick<TellSpec, 'cores' | 'from' | 'to'>

/** Both actors on one core. */
export const ON_ONE: Route = { cores: 1, from: 1, to: 1 }
/** An actor on each of two cores. */
export const ACROSS: Route = { cores: 2, from: 1, to: 2 }
/** From the main thread, as the libraries that call workers are used. */
export const FROM_MAIN: Route = { cores: 1, from: 'outside', to: 1 }

export function ownTell(kind: MessageKind, route: Route, messages: number): BenchCase {
  const spec: TellSpec = { kind, isDeclared: false, ...route, messages, warmup: warmupOf(messages) }
  return benchCase('cambium', 'msg/s', { ...spec, chunk: CHUNK }, () => runTell(spec))
}

/** A closed loop is timed ask by ask only where a latency is asked for. */
export function ownAsk(contender: string, route: Route, asks: number, pace: Pick<AskSpec, 'inFlight' | 'timed'>): BenchCase {
  const spec: AskSpec = { ...route, asks, warmup: warmupOf(asks), ...pace }
  return benchCase(contender, pace.timed === 'each' ? 'ns' : 'op/s', { ...spec }, () => runAsk(spec))
}

export function ownSpawn(spec: SpawnSpec): BenchCase {
  return benchCase('cambium', 'op/s', { ...spec }, () => runSpawn(spec))
}

export function ownMemory(contender: string, spec: SpawnSpec): BenchCase {
  return benchCase(contender, 'B', { ...spec }, () => runMemory(spec))
}

/** Supervisor and actor on the main thread. */
export function ownRestart(restarts: number, warmup: number): BenchCase {
  const spec = { cores: 0, core: 0, restarts, warmup }
  return benchCase('cambium', 'ns', spec, () => runRestart(spec))
}

/**
 * Our side against the Disruptor: which of our rings that is, is decided here and nowhere else. `ring` is the ring of slots as its users
 * have it, an event of two numbers in 8 B, a view of the slots, a handler at a node of a graph; `ring-columns` the same by columns.
 */
export function ownAgainstDisruptor(contender: 'ring' | 'ring-columns', spec: Omit<SlotStreamSpec, 'access'>): BenchCase {
  const access = contender === 'ring' ? 'view' : 'columns'
  const params = { ...spec, access, bytes: 8, wait: 'busy-spin', threads: 2 }
  return benchCase(contender, 'msg/s', params, () => runSlotStream({ ...spec, access }))
}

/** What a record of 8 B takes in a ring of records. */
const RECORD_BYTES = 16

/** The ring of records of any length, as the actors have it, with room for as many. */
export function ownRecords(batch: number, messages: number, slots: number): BenchCase {
  return {
    ...ownStream({ ...ringLink(8, batch, 'busy-spin'), capacity: slots * RECORD_BYTES }, messages),
    contender: 'ring-records',
  }
}

/** Records of 32 B, each published alone; both sides spin. */
export function ownAgainstRingbuf(messages: number): BenchCase {
  return ownStream(ringLink(32, 1, 'busy-spin'), messages)
}

/** 8 B there and back, both sides spinning. */
export function ownRoundTrip(readings: number, tripsPerReading: number): BenchCase {
  const messages = readings * tripsPerReading
  const link = ringLink(8, 1, 'busy-spin')
  const spec: FlowSpec = { topology: PING_PONG, link, messages, warmup: warmupOf(messages), tripsPerReading }
  return benchCase('ring', 'ns', paramsOf(spec), () => runLatency(spec))
}

/** One producer, one consumer. */
function ownStream(link: LinkOptions, messages: number): BenchCase {
  const spec: FlowSpec = { topology: ONE_TO_ONE, link, messages, warmup: warmupOf(messages) }
  return benchCase('ring', 'msg/s', paramsOf(spec), () => runThroughput(spec))
}

function benchCase(contender: string, unit: Unit, params: Params, run: () => Promise<RoundOutcome>): BenchCase {
  return { contender, unit, params, run }
}
