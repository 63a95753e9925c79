/**
 * The cases of `queue-vs-ring`. What users get by default is the plain row; everything tuned has a name that says so.
 *
 * The plain ring publishes record by record (`batch=1`), as the plain port posts message by message. Batches are rows of their own,
 * for both sides: a batch is so many records per publish, or so many messages per posted array. `ring-awaited` publishes as
 * Cambium's own cores do: at once when the reader waits, else in batches.
 */
import { resultName } from '../../case.ts'
import type { BenchCase, BenchGroup, RatioSpec } from '../../case.ts'
import { MESSAGE_BYTES } from '../message-format.ts'
import { runArrayLatency, runArrayQueue, TRIPS_PER_READING } from './array-queue.ts'
import type { LinkOptions } from './flow.ts'
import { paramsOf, portLink, ringLink, warmupOf } from './links.ts'
import { runLatency, runThroughput } from './run-flow.ts'
import type { FlowSpec } from './run-flow.ts'
import { DIAMOND, ONE_TO_ONE, ONE_TO_TWO, PACED, PING_PONG, PIPELINE, TWO_TO_ONE } from './topologies.ts'
import type { Topology } from './topologies.ts'
import { WAIT_NAMES } from './waiting.ts'

const BATCHES: readonly number[] = [16, 64, 256]
/** Batch of the rows in which batching is not what is compared. */
const BATCH = 64

export function createQueueVsRingGroups(scale: number): readonly BenchGroup[] {
  const matrix = createMatrix(scale)
  return [
    matrix.headline(),
    matrix.roundTrip(),
    ...BATCHES.map((batch) =>
      matrix.throughput(
        `throughput.32B.batch-${batch}`,
        `One way, 32 B, in batches of ${batch}`,
        ONE_TO_ONE,
        32,
        batch,
        batch === 64,
      ),
    ),
    matrix.waits(),
    ...MESSAGE_BYTES.filter((bytes) => bytes !== 32).map((bytes) =>
      matrix.throughput(
        `throughput.${sizeName(bytes)}`,
        `One way, ${sizeName(bytes)}, one producer, one consumer`,
        ONE_TO_ONE,
        bytes,
        1,
        bytes === 4_096,
      ),
    ),
    ...MESSAGE_BYTES.filter((bytes) => bytes !== 32).map((bytes) => matrix.roundTripOf(bytes)),
    matrix.roundTripByWait(),
    matrix.openLoop(10_000, true),
    matrix.openLoop(100_000, false),
    ...[TWO_TO_ONE, ONE_TO_TWO, PIPELINE, DIAMOND].map((topology) =>
      matrix.throughput(
        `throughput.32B.${topology.name}`,
        `One way, 32 B, ${topology.name}: ${topology.description}`,
        topology,
        32,
        BATCH,
        topology === TWO_TO_ONE,
      ),
    ),
  ]
}

interface Matrix {
  headline(): BenchGroup
  throughput(name: string, title: string, topology: Topology, bytes: number, batch: number, quick: boolean): BenchGroup
  waits(): BenchGroup
  roundTrip(): BenchGroup
  roundTripOf(bytes: number): BenchGroup
  roundTripByWait(): BenchGroup
  openLoop(rate: number, quick: boolean): BenchGroup
}

function createMatrix(scale: number): Matrix {
  const scaled = (count: number): number => Math.max(10, Math.round(count * scale))

  const ring = (contender: string, topology: Topology, link: LinkOptions): BenchCase => {
    // About a second of work: a record costs its own bytes and a constant; published alone it costs a cache line's way as well.
    const perSecond = 1e9 / ((link.batch === 1 ? 60 : 20) + link.messageBytes / 2)
    const messages = scaled(perSecond / (topology.roles.length - 1))
    return throughputCase(contender, { topology, link, messages, warmup: warmupOf(messages) })
  }
  const port = (topology: Topology, bytes: number, batch: number): BenchCase => {
    const perSecond = 1e9 / (1_200 + bytes / 2)
    const messages = scaled(perSecond / (topology.roles.length - 1))
    return throughputCase('postMessage', { topology, link: portLink('port', bytes, batch), messages, warmup: warmupOf(messages) })
  }
  const array = (bytes: number, batch: number): BenchCase => {
    const messages = scaled(1e9 / (15 + bytes / 2))
    const spec = { messageBytes: bytes, batch, messages, warmup: warmupOf(messages) }
    return {
      contender: 'array',
      unit: 'msg/s',
      params: { bytes, batch, messages, warmup: spec.warmup, threads: 1 },
      run: () => runArrayQueue(spec),
    }
  }
  const latency = (contender: string, topology: Topology, link: LinkOptions, messages: number, rate?: number): BenchCase => {
    const spec: FlowSpec = { topology, link, messages, warmup: warmupOf(messages), ...(rate === undefined ? {} : { rate }) }
    return { contender, unit: 'ns', params: paramsOf(spec), run: () => runLatency(spec) }
  }
  const arrayLatency = (bytes: number): BenchCase => {
    const messages = scaled(1e9 / (150 + bytes / 2))
    const spec = { messageBytes: bytes, batch: 1, messages, warmup: warmupOf(messages) }
    return {
      contender: 'array',
      unit: 'ns',
      params: { bytes, messages, warmup: spec.warmup, tripsPerReading: TRIPS_PER_READING, threads: 1 },
      run: () => runArrayLatency(spec),
    }
  }

  return {
    headline() {
      const name = 'throughput.32B'
      const cases = [
        ring('ring', ONE_TO_ONE, ringLink(32, 1, 'adaptive')),
        port(ONE_TO_ONE, 32, 1),
        array(32, BATCH),
        ring('ring-awaited', ONE_TO_ONE, ringLink(32, BATCH, 'adaptive', 'batch-or-awaited')),
      ]
      return {
        name,
        title: 'One way, 32 B, one producer, one consumer',
        quick: true,
        cases,
        ratios: [
          ratio(`ring/postMessage.${name}`, name, 'ring', 'postMessage'),
          ratio(`ring-awaited/postMessage.${name}`, name, 'ring-awaited', 'postMessage'),
        ],
      }
    },
    throughput(name, title, topology, bytes, batch, quick) {
      const cases = [ring('ring', topology, ringLink(bytes, batch, 'adaptive')), port(topology, bytes, batch)]
      if (topology === ONE_TO_ONE) cases.push(array(bytes, batch === 1 ? BATCH : batch))
      return { name, title, quick, cases, ratios: [ratio(`ring/postMessage.${name}`, name, 'ring', 'postMessage')] }
    },
    waits() {
      const name = 'throughput.32B.wait'
      const cases = WAIT_NAMES.map((wait) => ring(wait, ONE_TO_ONE, ringLink(32, BATCH, wait)))
      return {
        name,
        title: `Ring, one way, 32 B, in batches of ${BATCH}, by wait strategy of both sides`,
        quick: false,
        cases,
        ratios: [],
      }
    },
    roundTrip() {
      const name = 'rtt'
      const trips = scaled(200_000)
      const portTrips = scaled(30_000)
      const cases = [
        latency('ring', PING_PONG, ringLink(32, 1, 'busy-spin'), trips),
        latency('ring-adaptive', PING_PONG, ringLink(32, 1, 'adaptive'), trips),
        latency('postMessage', PING_PONG, portLink('port', 32, 1), portTrips),
        latency('postMessage-hot', PING_PONG, portLink('port-hot', 32, 1), portTrips),
        latency('postMessage-polled', PING_PONG, portLink('port-polled', 32, 1), portTrips),
        arrayLatency(32),
      ]
      return {
        name,
        title: 'Round trip, 32 B, closed loop, one message in flight',
        quick: true,
        cases,
        ratios: [
          // The goal compares two hot sides; an event loop is hot when it does not sleep between messages.
          ratio('ring/postMessage.rtt', name, 'postMessage-hot', 'ring', 'p50'),
          ratio('ring-adaptive/postMessage-sleeping.rtt', name, 'postMessage', 'ring-adaptive', 'p50'),
          ratio('ring/postMessage-polled.rtt', name, 'postMessage-polled', 'ring', 'p50'),
        ],
      }
    },
    roundTripOf(bytes) {
      const name = `rtt.${sizeName(bytes)}`
      const cases = [
        latency('ring', PING_PONG, ringLink(bytes, 1, 'busy-spin'), scaled(1e9 / (5_000 + bytes))),
        latency('postMessage-hot', PING_PONG, portLink('port-hot', bytes, 1), scaled(1e9 / (40_000 + bytes))),
        arrayLatency(bytes),
      ]
      return {
        name,
        title: `Round trip, ${sizeName(bytes)}, closed loop, both sides hot`,
        quick: false,
        cases,
        ratios: [ratio(`ring/postMessage.${name}`, name, 'postMessage-hot', 'ring', 'p50')],
      }
    },
    roundTripByWait() {
      return {
        name: 'rtt.wait',
        title: 'Round trip over rings, 32 B, closed loop, by wait strategy of both sides',
        quick: false,
        cases: WAIT_NAMES.map((wait) => latency(wait, PING_PONG, ringLink(32, 1, wait), scaled(20_000))),
        ratios: [],
      }
    },
    openLoop(rate, quick) {
      const name = `latency.${rate / 1_000}k`
      const messages = scaled(rate)
      const cases = [
        latency('ring', PACED, ringLink(32, 1, 'adaptive'), messages, rate),
        latency('ring-busy-spin', PACED, ringLink(32, 1, 'busy-spin'), messages, rate),
        latency('postMessage', PACED, portLink('port', 32, 1), messages, rate),
      ]
      return {
        name,
        title: `One-way latency, 32 B, open loop: ${rate.toLocaleString('en-US')} messages/s by schedule`,
        quick,
        cases,
        ratios: ['p50', 'p99'].map((metric) => ratio(`ring/postMessage.${name}.${metric}`, name, 'postMessage', 'ring', metric)),
      }
    },
  }
}

function throughputCase(contender: string, spec: FlowSpec): BenchCase {
  return { contender, unit: 'msg/s', params: paramsOf(spec), run: () => runThroughput(spec) }
}

function ratio(name: string, group: string, of: string, to: string, metric = ''): RatioSpec {
  return { name, of: resultName(`${group}/${of}`, metric), to: resultName(`${group}/${to}`, metric) }
}

function sizeName(bytes: number): string {
  return bytes >= 1_024 ? `${bytes / 1_024}KiB` : `${bytes}B`
}
