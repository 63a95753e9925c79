/** Kills a core under a stream of messages, again and again: how long until its successor handles the first one, and what was lost. */
import { startSystem } from 'cambium'
import type { System } from 'cambium'
import type { RoundOutcome } from '../../case.ts'
import { nowNs } from '../actors/messages.ts'
import { PHASE_MS_MAX } from '../actors/with-system.ts'
import { createLatencyHistogram } from '../latency-histogram.ts'
import type { LatencyHistogram } from '../latency-histogram.ts'
import { collector, relay, source } from './stream-actors.ts'
import type { StreamTally } from './stream-actors.ts'

export interface FailoverSpec {
  /** `terminate` from outside; `exit` and `throw` in the middle of a handler. */
  readonly by: 'terminate' | 'exit' | 'throw'
  readonly spares: number
  readonly kills: number
  /** Of the stream before each kill, once a spare is warm. */
  readonly streamMs: number
}

const MORTAL_CORE = 1
const OTHER_CORE = 2

interface FailoverRun {
  readonly latencies: LatencyHistogram
  readonly kills: number
  readonly sent: number
  readonly tally: StreamTally
  /** Dead letters by what became of them. */
  readonly inHand: number
  readonly heap: number
  readonly other: number
}

async function runFailover(spec: FailoverSpec): Promise<FailoverRun> {
  const system = await startSystem({ cores: 2, spares: spec.spares, coreIntensity: 1_000_000, corePeriodMs: 1 })
  try {
    return await failOver(system, spec)
  } finally {
    await system.shutdown()
  }
}

async function failOver(system: System, spec: FailoverSpec): Promise<FailoverRun> {
  let warm = 0
  let onWarm: (() => void) | undefined
  system.events.on('spare_ready', ({ spares }) => {
    warm = spares
    onWarm?.()
  })
  const isReady = async (): Promise<void> => {
    if (spec.spares > 0 && warm === 0)
      await new Promise<void>((resolve) => {
        onWarm = resolve
      })
  }
  const end = await system.spawn(collector, null, { core: OTHER_CORE })
  const middle = await system.spawn(relay, end, { core: MORTAL_CORE, intensity: 1_000_000, periodMs: 1 })
  const begin = await system.spawn(source, null, { core: OTHER_CORE })
  // It pauses while the next spare gets ready: with every processor busy that takes many times as long.
  const pause = (): Promise<number> => begin.ask({ type: 'halt' }, { timeoutMs: PHASE_MS_MAX })
  begin.tell({ type: 'begin', target: middle })
  const latencies = createLatencyHistogram()
  let kills = 0
  await end.ask({ type: 'first', life: 1 }, { timeoutMs: PHASE_MS_MAX })
  await pause()
  while (kills < spec.kills) {
    await isReady()
    begin.tell({ type: 'begin', target: middle })
    await new Promise((resolve) => setTimeout(resolve, spec.streamMs * (0.5 + Math.random())))
    warm -= 1
    const atNs = nowNs()
    if (spec.by === 'terminate') system.killCore(MORTAL_CORE)
    else middle.tell({ type: 'end', how: spec.by })
    const firstNs = (await end.ask({ type: 'first', life: kills + 2 }, { timeoutMs: PHASE_MS_MAX })) as number
    latencies.record(firstNs - atNs)
    kills += 1
    await pause()
  }
  const sent = await pause()
  while (system.books().queued > 0) await new Promise((resolve) => setTimeout(resolve, 5))
  const tally = (await end.ask({ type: 'tally', upTo: sent })) as StreamTally
  const { dead, deadTotal } = system.books()
  const { in_hand: inHand, lost_with_core: heap } = dead
  return { latencies, kills, sent, tally, inHand, heap, other: deadTotal - inHand - heap }
}

/** From the kill to the first message that the successor handled. */
export async function failoverTime(spec: FailoverSpec): Promise<RoundOutcome> {
  const { latencies, tally, kills } = await runFailover(spec)
  return {
    metrics: latencies.metrics(),
    curve: latencies.curve(),
    proof: { countExpected: spec.kills, count: kills, checksumExpected: 0, checksum: tally.disordered },
  }
}

/**
 * What was lost, by kind. `ring`: numbers that never came and are no dead letter of a dead core, so must have been lost from a ring. A number that
 * the relay had handled, and not yet passed on, is one of its heap.
 */
export async function failoverLosses(spec: FailoverSpec): Promise<RoundOutcome> {
  const { tally, kills, inHand, heap, other } = await runFailover(spec)
  const told = spec.by === 'terminate' ? 0 : kills // the messages that ended the core are none of the stream
  return {
    metrics: { ring: Math.max(0, tally.missing - inHand - heap - other), 'in-hand': inHand, heap, other },
    proof: {
      countExpected: spec.kills,
      count: kills,
      checksumExpected: 0,
      checksum: tally.disordered + Math.max(0, inHand - kills - told),
    },
  }
}
