/**
 * The cases of `peers`: the same work by Cambium and by those it is compared with, a group per ratio. Contenders with a suffix are
 * variants that show what a setting is worth; the goals are ratios of the plain ones. Groups that a quick run needs come first.
 */
import { resultName } from '../../case.ts'
import type { BenchCase, BenchGroup, RatioSpec } from '../../case.ts'
import type { MessageKind } from '../actors/messages.ts'
import { LIVES_WARMUP, RESTARTS, RESTARTS_WARMUP, warmupOf } from '../actors/warm-up.ts'
import type { ErlangCallSpec, Schedulers } from './erlang-cases.ts'
import {
  ACROSS,
  FROM_MAIN,
  ON_ONE,
  ownAgainstDisruptor,
  ownAgainstRingbuf,
  ownAsk,
  ownMemory,
  ownRecords,
  ownRestart,
  ownRoundTrip,
  ownSpawn,
  ownTell,
} from './own-cases.ts'
import {
  call,
  disruptor,
  erlangBareSpawn,
  erlangCall,
  erlangMemory,
  erlangRestart,
  erlangSpawn,
  erlangTell,
  floor,
  nactAsk,
  nactTell,
  ringbuf,
  xstateTell,
} from './peer-cases.ts'
import type { CallPeer } from './remote-call.ts'

const IN_FLIGHT = 1_000
/** What an Erlang process begins with, and the size beyond which more did not help. */
const HEAP_WORDS_DEFAULT = 233
const HEAP_WORDS = 32_768
/** Messages under way in Erlang: the fastest of 100, 500, 1,000, 2,000, 10,000 and 100,000. */
const WINDOWS = { local: { small: 500, general: 500 }, remote: { small: 1_000, general: 500 } } as const
/** Messages told to a nact actor before it is asked for its count. */
const NACT_CHUNK = 1_000
const BATCH = 50
/** Calls that a pool's worker is given before it has answered: the faster of 1, 100 and 1,000. */
const POOL_TASKS = 100
/** As in the Disruptor's own tests; the ring has room for as many. */
const SLOTS = 65_536
/** Round trips in one reading of the clock: it costs a good part of a trip. */
const TRIPS_PER_READING = 100
const MEMORY = { chunk: 1_000, warmup: 2_000 }

export function createPeerGroups(scale: number): readonly BenchGroup[] {
  const scaled = (count: number): number => Math.max(10, Math.round(count * scale))
  const counted = (count: number): { messages: number; warmup: number } => {
    const messages = scaled(count)
    return { messages, warmup: warmupOf(messages) }
  }

  const beamTell = (contender: string, kind: MessageKind, schedulers: Schedulers, full: number): BenchCase => {
    const window = WINDOWS[schedulers === 1 ? 'local' : 'remote'][kind]
    const minHeapWords = contender === 'beam' ? HEAP_WORDS : HEAP_WORDS_DEFAULT
    return erlangTell(contender, { kind, schedulers, ...counted(full), window, minHeapWords })
  }
  const beamCall = (contender: string, full: number, setting: Omit<ErlangCallSpec, 'calls' | 'warmup'>): BenchCase => {
    const { messages, warmup } = counted(full)
    return erlangCall(contender, { calls: messages, warmup, ...setting })
  }
  const remoteCall = (peer: CallPeer, full: number, inFlight: number): BenchCase => {
    const { messages, warmup } = counted(full)
    const timed = inFlight === 1 ? 'each' : 'together'
    return call(peer, { calls: messages, warmup, inFlight, timed, tasksPerWorker: Math.min(inFlight, POOL_TASKS) })
  }
  const processes = scaled(100_000)
  const lives = { chunk: 1_000, warmup: scaled(LIVES_WARMUP) }
  const byContext = { by: 'context', cores: 1, actors: processes } as const
  const bySystem = { by: 'system', cores: 2, actors: processes } as const

  return [
    {
      name: 'tell.remote.typed',
      title: 'Tell across cores: a small message, no declared schema',
      quick: true,
      cases: [
        ownTell('small', ACROSS, scaled(12_000_000)),
        beamTell('beam', 'small', 2, 6_000_000),
        variant(beamTell('beam-default-heap', 'small', 2, 6_000_000)),
      ],
      ratios: [ratio('tell.remote.typed/beam', 'tell.remote.typed', 'cambium', 'beam')],
    },
    {
      name: 'tell.local',
      title: 'Tell on one core: a small message',
      quick: true,
      cases: [
        ownTell('small', ON_ONE, scaled(20_000_000)),
        beamTell('beam', 'small', 1, 10_000_000),
        variant(beamTell('beam-default-heap', 'small', 1, 10_000_000)),
        variant(nactTell({ ...counted(600_000), chunk: NACT_CHUNK })),
        variant(xstateTell(counted(1_500_000))),
      ],
      ratios: ['beam', 'nact', 'xstate'].map((peer) => ratio(`tell.local/${peer}`, 'tell.local', 'cambium', peer)),
    },
    {
      name: 'ask.remote',
      title: 'Ask across cores, closed loop, both sides hot',
      quick: true,
      cases: [
        ownAsk('cambium', ACROSS, scaled(150_000), { inFlight: 1, timed: 'each' }),
        beamCall('beam', 100_000, { schedulers: 2, timed: 'each', timeout: '5000', busy: false }),
        // Few calls: where other programs want the processors too, this one takes milliseconds for each.
        variant(beamCall('beam-kept-busy', 4_000, { schedulers: 2, timed: 'each', timeout: '5000', busy: true })),
        variant(ownAsk('cambium-from-main', FROM_MAIN, scaled(150_000), { inFlight: 1, timed: 'each' })),
        variant(remoteCall('comlink', 30_000, 1)),
        variant(remoteCall('piscina', 30_000, 1)),
        variant(remoteCall('tinypool', 30_000, 1)),
      ],
      ratios: [
        ...['beam', 'beam-kept-busy'].map((peer) => ratio(`ask.remote/${peer}`, 'ask.remote', peer, 'cambium', 'p50')),
        ...['comlink', 'piscina', 'tinypool'].map((peer) =>
          ratio(`ask.remote/${peer}.rtt`, 'ask.remote', peer, 'cambium-from-main', 'p50'),
        ),
      ],
    },
    {
      name: 'ring.1p1c.single',
      title: 'One producer, one consumer, 8 B in place, each record published alone',
      quick: true,
      cases: [
        ownAgainstDisruptor('ring', { ...counted(50_000_000), batch: 1, slots: SLOTS }),
        disruptor({ ...counted(50_000_000), batch: 1, slots: SLOTS }),
        variant(ownAgainstDisruptor('ring-columns', { ...counted(50_000_000), batch: 1, slots: SLOTS })),
        variant(ownRecords(1, scaled(20_000_000), SLOTS)),
      ],
      ratios: [ratio('ring/disruptor.1p1c.single', 'ring.1p1c.single', 'ring', 'disruptor')],
    },
    {
      name: 'ring.rtt',
      title: 'Round trip between two threads that spin, 8 B: the mean of so many trips in each reading',
      quick: true,
      cases: [
        ownRoundTrip(scaled(20_000), TRIPS_PER_READING),
        floor({ readings: scaled(20_000), tripsPerReading: TRIPS_PER_READING, warmup: 100_000 }),
      ],
      ratios: [ratio('ring/floor.rtt', 'ring.rtt', 'ring', 'c', 'p50')],
    },
    {
      name: 'ask.remote.in-flight',
      title: `Ask across cores, ${IN_FLIGHT.toLocaleString('en-US')} in flight`,
      quick: false,
      cases: [
        ownAsk('cambium', ACROSS, scaled(600_000), { inFlight: IN_FLIGHT, timed: 'together' }),
        remoteCall('comlink', 100_000, IN_FLIGHT),
        ownAsk('cambium-from-main', FROM_MAIN, scaled(600_000), { inFlight: IN_FLIGHT, timed: 'together' }),
        remoteCall('piscina', 100_000, IN_FLIGHT),
        remoteCall('tinypool', 100_000, IN_FLIGHT),
      ],
      ratios: [
        ...['comlink', 'piscina', 'tinypool'].map((peer) => ratio(`ask.remote/${peer}`, 'ask.remote.in-flight', 'cambium', peer)),
        ratio('ask.remote.from-main/comlink', 'ask.remote.in-flight', 'cambium-from-main', 'comlink'),
      ],
    },
    {
      name: 'tell.remote.general',
      title: 'Tell across cores: a nested message with strings and a list',
      quick: false,
      cases: [
        ownTell('general', ACROSS, scaled(3_000_000)),
        beamTell('beam', 'general', 2, 3_000_000),
        beamTell('beam-default-heap', 'general', 2, 3_000_000),
      ],
      ratios: [ratio('tell.remote.general/beam', 'tell.remote.general', 'cambium', 'beam')],
    },
    {
      name: 'ask.local',
      title: 'Ask on one core, closed loop',
      quick: false,
      cases: [
        ownAsk('cambium', ON_ONE, scaled(1_000_000), { inFlight: 1, timed: 'together' }),
        beamCall('beam', 1_000_000, { schedulers: 1, timed: 'together', timeout: '5000', busy: false }),
        beamCall('beam-no-timeout', 1_000_000, { schedulers: 1, timed: 'together', timeout: 'infinity', busy: false }),
        nactAsk({ ...counted(100_000), chunk: 1 }),
      ],
      ratios: ['beam', 'nact'].map((peer) => ratio(`ask.local/${peer}`, 'ask.local', 'cambium', peer)),
    },
    {
      name: 'spawn',
      title: 'Actors on one core that live at once: started, asked once each, stopped',
      quick: false,
      cases: [
        ownSpawn({ ...byContext, ...lives }),
        erlangSpawn({ processes, ...lives }),
        erlangBareSpawn({ processes: scaled(1_000_000), ...lives }),
      ],
      ratios: [ratio('spawn/beam', 'spawn', 'cambium', 'beam', 'spawn-and-stop')],
    },
    {
      name: 'memory',
      title: 'Bytes for each idle actor that has answered once',
      quick: false,
      cases: [
        ownMemory('cambium', { ...byContext, ...MEMORY }),
        ownMemory('cambium-by-system', { ...bySystem, ...MEMORY }),
        erlangMemory({ processes, ...MEMORY }),
      ],
      ratios: [
        { name: 'memory.actor/beam', of: 'memory/cambium/heap', to: 'memory/beam/process' },
        { name: 'memory.actor.by-system/beam', of: 'memory/cambium-by-system/heap', to: 'memory/beam/process' },
      ],
    },
    {
      name: 'restart',
      title: 'Crash to next message processed, on one core',
      quick: false,
      // Erlang is at its fastest after a thousand; where it goes on for tens of thousands each takes longer.
      cases: [
        ownRestart(scaled(RESTARTS), scaled(RESTARTS_WARMUP)),
        erlangRestart({ restarts: scaled(5_000), warmup: scaled(1_000) }),
      ],
      ratios: [ratio('restart/beam', 'restart', 'beam', 'cambium', 'p50')],
    },
    {
      name: 'ring.1p1c.batch',
      title: `One producer, one consumer, 8 B in place, in batches of ${BATCH}`,
      quick: false,
      cases: [
        ownAgainstDisruptor('ring', { ...counted(100_000_000), batch: BATCH, slots: SLOTS }),
        disruptor({ ...counted(100_000_000), batch: BATCH, slots: SLOTS }),
        ownAgainstDisruptor('ring-columns', { ...counted(100_000_000), batch: BATCH, slots: SLOTS }),
        ownRecords(BATCH, scaled(50_000_000), SLOTS),
      ],
      ratios: [ratio('ring/disruptor.1p1c.batch', 'ring.1p1c.batch', 'ring', 'disruptor')],
    },
    {
      name: 'ring.1p1c.32B',
      title: 'One producer, one consumer, records of 32 B written one by one',
      quick: false,
      cases: [ownAgainstRingbuf(scaled(10_000_000)), ringbuf({ ...counted(10_000_000), records: 8_192, popRecords: 256 })],
      ratios: [ratio('ring/ringbuf.js.throughput.32B', 'ring.1p1c.32B', 'ring', 'ringbuf.js')],
    },
  ]
}

/** Not needed for a goal, so a quick run leaves it out. */
function variant(benchCase: BenchCase): BenchCase {
  return { ...benchCase, quick: false }
}

function ratio(name: string, group: string, of: string, to: string, metric = ''): RatioSpec {
  return { name, of: resultName(`${group}/${of}`, metric), to: resultName(`${group}/${to}`, metric) }
}
