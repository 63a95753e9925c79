/**
 * The cases of `actors`: the public package with default options, as a user would write it. The counterpart of tell and ask is the
 * same message over a MessagePort between two threads, in the same group.
 */
import { resultName } from '../../case.ts'
import type { BenchCase, BenchGroup, Params, RatioSpec, RoundOutcome, Unit } from '../../case.ts'
import type { MessageKind } from './messages.ts'
import { PORT_WINDOW } from './port-roles.ts'
import { runAsk } from './run-ask.ts'
import type { AskSpec } from './run-ask.ts'
import { runChildren } from './run-children.ts'
import { runFlood, runIdle } from './run-flood.ts'
import { HOG_MS } from './neighbour-actors.ts'
import { runNeighbour } from './run-neighbour.ts'
import { runMemory, runRestart, runSpawn } from './run-lifecycle.ts'
import type { SpawnSpec } from './run-lifecycle.ts'
import { runPortAsk, runPortTell } from './run-port.ts'
import { runScale, scaleAbsent } from './run-scale.ts'
import { runShare } from './run-share.ts'
import { runTell } from './run-tell.ts'
import type { TellSpec } from './run-tell.ts'
import { runTies } from './run-ties.ts'
import { runTimers } from './run-timers.ts'
import { CHUNK } from './tell-actors.ts'
import { NAME_CHARACTERS } from './tie-actors.ts'
import type { TieKind } from './tie-actors.ts'
import { LIVES_WARMUP, RESTARTS, RESTARTS_WARMUP, warmupOf } from './warm-up.ts'

const IN_FLIGHT = 1_000
const MILLION = 1_000_000
const FLOOD_SECONDS = 30
const FLOOD_SECONDS_QUICK = 3

export function createActorGroups(scale: number): readonly BenchGroup[] {
  const scaled = (count: number, least = 10): number => Math.max(least, Math.round(count * scale))

  const tell = (contender: string, kind: MessageKind, route: Route, full: number, isDeclared = false): BenchCase => {
    const messages = scaled(full)
    const spec: TellSpec = { kind, isDeclared, ...route, messages, warmup: warmupOf(messages) }
    return caseOf(contender, 'msg/s', { ...spec, chunk: CHUNK }, () => runTell(spec))
  }
  const portTell = (kind: MessageKind, full: number): BenchCase => {
    const messages = scaled(full)
    const spec = { kind, isHot: false, messages, warmup: warmupOf(messages), inFlight: 0 }
    const params = { kind, messages, warmup: spec.warmup, window: PORT_WINDOW, threads: 2 }
    return caseOf('postMessage', 'msg/s', params, () => runPortTell(spec))
  }
  const ask = (contender: string, route: Route, full: number, inFlight: number): BenchCase => {
    const asks = scaled(full)
    const spec: AskSpec = { ...route, asks, warmup: warmupOf(asks), inFlight, timed: inFlight === 1 ? 'each' : 'together' }
    return caseOf(contender, inFlight === 1 ? 'ns' : 'op/s', { ...spec }, () => runAsk(spec))
  }
  const portAsk = (contender: string, full: number, inFlight: number, isHot: boolean): BenchCase => {
    const messages = scaled(full)
    const spec = { kind: 'small' as const, isHot, messages, warmup: warmupOf(messages), inFlight }
    const params = { asks: messages, warmup: spec.warmup, inFlight, isHot, threads: 2 }
    return caseOf(contender, inFlight === 1 ? 'ns' : 'op/s', params, () => runPortAsk(spec))
  }
  const life = (contender: string, by: SpawnSpec['by'], cores: number, unit: Unit): BenchCase => {
    const actors = scaled(100_000, unit === 'B' ? MEMORY_COUNT_MIN : undefined)
    const spec: SpawnSpec = {
      by,
      cores,
      actors,
      warmup: unit === 'B' ? Math.min(actors, 2_000) : scaled(LIVES_WARMUP),
      chunk: 1_000,
    }
    return caseOf(contender, unit, { ...spec }, () => (unit === 'B' ? runMemory(spec) : runSpawn(spec)))
  }
  const restart = (contender: string, cores: number, core: number): BenchCase => {
    const spec = { cores, core, restarts: scaled(RESTARTS), warmup: scaled(RESTARTS_WARMUP) }
    return caseOf(contender, 'ns', spec, () => runRestart(spec))
  }

  return [
    {
      name: 'tell.remote',
      title: 'Tell across cores: {type, id, value}',
      quick: true,
      cases: [
        tell('tell', 'small', ACROSS, 8_000_000),
        portTell('small', 400_000),
        tell('tell-outside', 'small', OUTSIDE_ACROSS, 4_000_000),
        tell('tell-declared', 'small', ACROSS, 8_000_000, true),
      ],
      ratios: [
        ratio('tell.remote/postMessage', 'tell.remote', 'tell', 'postMessage'),
        ratio('tell.remote.outside/postMessage', 'tell.remote', 'tell-outside', 'postMessage'),
      ],
    },
    {
      name: 'tell.local',
      title: 'Tell on one core: {type, id, value}, by reference',
      quick: true,
      cases: [tell('tell', 'small', ON_ONE, 20_000_000), tell('tell-outside', 'small', OUTSIDE_ON_ONE, 5_000_000)],
      ratios: [figure('tell.local', 'tell.local/tell')],
    },
    {
      name: 'ask.remote',
      title: 'Ask across cores, closed loop',
      quick: true,
      cases: [
        ask('ask', ACROSS, 100_000, 1),
        portAsk('postMessage-hot', 50_000, 1, true),
        ask('ask-outside', OUTSIDE_ACROSS, 100_000, 1),
        portAsk('postMessage', 30_000, 1, false),
      ],
      ratios: [
        // As for rings: both sides hot. An event loop is hot when it does not sleep between messages.
        ratio('ask.remote/postMessage-hot.rtt', 'ask.remote', 'postMessage-hot', 'ask', 'p50'),
        ratio('ask.remote.outside/postMessage-hot.rtt', 'ask.remote', 'postMessage-hot', 'ask-outside', 'p50'),
        ratio('ask.remote/postMessage.rtt', 'ask.remote', 'postMessage', 'ask', 'p50'),
        ratio('ask.remote.outside/postMessage.rtt', 'ask.remote', 'postMessage', 'ask-outside', 'p50'),
      ],
    },
    {
      name: 'idle',
      title: 'A system with nothing to do: processor time, in percent of one core',
      quick: true,
      cases: [idle(scale)],
      ratios: [figure('idle.cpu', 'idle/system')],
    },
    {
      name: 'backpressure',
      title: 'A producer that wants to send ten times what its consumer can take: resident memory of the process',
      quick: true,
      cases: [flood(scale)],
      ratios: [ratio('backpressure.rss', 'backpressure', 'flood/rss.max', 'flood/rss.start')],
    },
    {
      name: 'children',
      title: 'A child of a dynamic supervisor is started, crashes, is back, and is stopped, among so many others',
      quick: false,
      cases: [children('of-100', 100, scaled(2_000)), children('of-100,000', scaled(100_000), scaled(2_000))],
      ratios: [ratio('children.scale', 'children', 'of-100,000', 'of-100', 'p50')],
    },
    {
      name: 'share',
      title: 'Buffers shared with another core: resident memory of the process',
      quick: false,
      cases: [shares(scaled(MILLION))],
      ratios: [ratio('share.rss', 'share', 'flood/rss.end', 'flood/rss.start')],
    },
    {
      name: 'tell.remote.general',
      title: 'Tell across cores: a nested object with strings and an array',
      quick: false,
      cases: [tell('tell', 'general', ACROSS, 3_000_000), portTell('general', 200_000)],
      ratios: [ratio('tell.remote.general/postMessage', 'tell.remote.general', 'tell', 'postMessage')],
    },
    {
      name: 'ask.local',
      title: 'Ask on one core, closed loop',
      quick: false,
      cases: [ask('ask', ON_ONE, 300_000, 1), ask('ask-outside', OUTSIDE_ON_ONE, 200_000, 1)],
      ratios: [],
    },
    {
      name: 'ask.remote.in-flight',
      title: `Ask across cores, ${IN_FLIGHT.toLocaleString('en-US')} in flight`,
      quick: false,
      cases: [
        ask('ask', ACROSS, 500_000, IN_FLIGHT),
        portAsk('postMessage', 300_000, IN_FLIGHT, false),
        ask('ask-outside', OUTSIDE_ACROSS, 500_000, IN_FLIGHT),
      ],
      ratios: [ratio('ask.remote.in-flight/postMessage', 'ask.remote.in-flight', 'ask', 'postMessage')],
    },
    {
      name: 'ask.local.in-flight',
      title: `Ask on one core, ${IN_FLIGHT.toLocaleString('en-US')} in flight`,
      quick: false,
      cases: [ask('ask', ON_ONE, 500_000, IN_FLIGHT), ask('ask-outside', OUTSIDE_ON_ONE, 500_000, IN_FLIGHT)],
      ratios: [],
    },
    {
      name: 'spawn',
      title: 'Actors started, asked once each and stopped again',
      quick: false,
      cases: [life('system.spawn', 'system', 2, 'op/s'), life('ctx.spawn', 'context', 1, 'op/s')],
      ratios: [],
    },
    {
      name: 'memory',
      title: 'Bytes for each idle actor that has answered once, and for each name, link and monitor',
      quick: false,
      cases: [
        life('system.spawn', 'system', 2, 'B'),
        life('ctx.spawn', 'context', 1, 'B'),
        ...(['name', 'link', 'monitor'] as const).map((kind) => ties(kind, scaled(100_000, MEMORY_COUNT_MIN))),
      ],
      ratios: [],
    },
    {
      name: 'restart',
      title: 'Crash to next message processed',
      quick: false,
      cases: [restart('main-thread', 0, 0), restart('worker', 1, 1)],
      ratios: [],
    },
    {
      name: 'scale',
      title: 'Actors that live at the same time, each of which answers',
      quick: false,
      cases: [crowds(scaled(MILLION))],
      ratios: [{ name: 'scale.live', of: 'scale/live', to: String(MILLION) }],
    },
    {
      name: 'neighbour',
      title: 'Latency of an actor, open loop, alone and while another core computes without end',
      quick: true,
      cases: [neighbour('alone', false, scale), neighbour('with-hog', true, scale)],
      ratios: [ratio('neighbour.p99', 'neighbour', 'with-hog', 'alone', 'p99')],
    },
    {
      name: 'timers',
      title: 'Timers of one actor: set, cancel, and handle when all are due at once',
      quick: false,
      cases: [timers(scaled(100_000))],
      ratios: [],
    },
  ]
}

/** What a heap gives and takes by itself between two collections, some hundred kB, is less than this many of anything. */
const MEMORY_COUNT_MIN = 10_000

type Route = Pick<TellSpec, 'cores' | 'from' | 'to'>

const ON_ONE: Route = { cores: 1, from: 1, to: 1 }
const ACROSS: Route = { cores: 2, from: 1, to: 2 }
/** The main thread is core 0. */
const OUTSIDE_ON_ONE: Route = { cores: 0, from: 'outside', to: 0 }
const OUTSIDE_ACROSS: Route = { cores: 1, from: 'outside', to: 1 }

function flood(scale: number): BenchCase {
  // A trial with hardly any work must end at once.
  const seconds = scale >= 1 ? FLOOD_SECONDS : Math.min(FLOOD_SECONDS_QUICK, FLOOD_SECONDS * scale)
  const spec = { seconds, warmupSeconds: Math.min(2, seconds), workUs: 20, burst: 1_000, everyMs: 2 }
  return caseOf('flood', 'B', { ...spec, cores: 2, kind: 'small' }, () => runFlood(spec))
}

function children(contender: string, count: number, times: number): BenchCase {
  const spec = { children: count, times, warmup: Math.min(times, 500), chunk: 1_000 }
  return caseOf(contender, 'ns', { ...spec, cores: 1 }, () => runChildren(spec))
}

function shares(messages: number): BenchCase {
  const spec = { messages, warmup: Math.min(messages, 400_000), bytes: 4_096 }
  return caseOf('flood', 'B', { ...spec, cores: 1 }, () => runShare(spec))
}

function idle(scale: number): BenchCase {
  const watchMs = Math.round(Math.min(2_000, 2_000 * Math.max(scale * 2, 0.01)))
  const spec = { cores: 2, actors: 100, settleMs: Math.min(500, watchMs), watchMs }
  return caseOf('system', '%', spec, () => runIdle(spec))
}

function crowds(actors: number): BenchCase {
  const spec = { cores: 2, actors, chunk: 1_000 }
  return { ...caseOf('live', 'actors', spec, () => runScale(spec)), absent: () => scaleAbsent(spec) }
}

function neighbour(contender: string, hasHog: boolean, scale: number): BenchCase {
  const ticks = Math.max(20, Math.round(5_000 * scale))
  const spec = { hasHog, ticks, warmup: Math.min(ticks, 1_000), everyMs: 1 }
  return caseOf(contender, 'ns', { ...spec, cores: 2, ...(hasHog ? { hogMs: HOG_MS } : {}) }, () => runNeighbour(spec))
}

function ties(kind: TieKind, count: number): BenchCase {
  const spec = { count, warmup: Math.min(count, 2_000), chunk: 1_000 }
  const params = { ...spec, cores: 2, ...(kind === 'name' ? { characters: NAME_CHARACTERS } : {}) }
  return caseOf(kind, 'B', params, () => runTies({ kind, ...spec }))
}

function timers(count: number): BenchCase {
  const spec = { timers: count, leadMs: 50 + Math.ceil(count / 250) }
  return caseOf('setTimer', 'op/s', { ...spec, core: 1 }, () => runTimers(spec))
}

function caseOf(contender: string, unit: Unit, params: Params, run: () => Promise<RoundOutcome>): BenchCase {
  return { contender, unit, params, run }
}

function ratio(name: string, group: string, of: string, to: string, metric = ''): RatioSpec {
  return { name, of: resultName(`${group}/${of}`, metric), to: resultName(`${group}/${to}`, metric) }
}

/** A plain figure counts as a ratio to one. */
function figure(name: string, of: string): RatioSpec {
  return { name, of, to: '1' }
}
