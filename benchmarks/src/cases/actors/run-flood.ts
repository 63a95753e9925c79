/** Levels rather than rates: resident memory under a flood that lasts, and the processor time of a system with nothing to do. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Ref, System } from 'cambium'
import type { RoundOutcome } from '../../case.ts'
import { flooder, slowSink } from './flood-actors.ts'
import type { FloodTally, SlowMessage } from './flood-actors.ts'
import { idler } from './lifecycle-actors.ts'
import { checksumOf } from './messages.ts'
import { PHASE_MS_MAX, withSystem } from './with-system.ts'

export interface FloodSpec {
  readonly seconds: number
  /** Flooded before the first reading, so that compiled code and pages touched for the first time are not counted as growth. */
  readonly warmupSeconds: number
  /** What each message costs the consumer. */
  readonly workUs: number
  readonly burst: number
  readonly everyMs: number
}

const SAMPLE_MS = 100
/** Longest time that what is queued at the end may take. */
const DRAIN_MS_MAX = 10_000

export function runFlood(spec: FloodSpec): Promise<RoundOutcome> {
  return withSystem(2, async (system) => {
    const target = await system.spawn(slowSink, spec.workUs * 1_000, { core: 2 })
    const source = await system.spawn(flooder, null, { core: 1 })
    source.tell({ type: 'begin', target, burst: spec.burst, everyMs: spec.everyMs })
    await sleep(spec.warmupSeconds * 1_000)
    const start = process.memoryUsage.rss()
    const untilMs = performance.now() + spec.seconds * 1_000
    let max = start
    while (performance.now() < untilMs) {
      await sleep(SAMPLE_MS)
      max = Math.max(max, process.memoryUsage.rss())
    }
    const end = process.memoryUsage.rss()
    const told = await source.ask({ type: 'end' }, { timeoutMs: PHASE_MS_MAX })
    const { checksum, count } = await drained(system, target, told)
    return {
      metrics: { 'rss.start': start, 'rss.max': max, 'rss.end': end },
      proof: { countExpected: told, count, checksumExpected: checksumOf('small', told), checksum },
    }
  })
}

/**
 * The answer of the sink once it has had everything. The producer's outbox may hold messages that our question overtakes. Books are exact only
 * when nothing runs, so they are looked at again until they agree: a message that was lost keeps them apart to the end.
 */
async function drained(system: System, target: Ref<SlowMessage, FloodTally>, told: number): Promise<FloodTally> {
  const untilMs = performance.now() + DRAIN_MS_MAX
  for (;;) {
    const tally = await target.ask({ type: 'tally' }, { timeoutMs: DRAIN_MS_MAX })
    const { deadTotal, sent, processed, queued } = system.books()
    const isBalanced = deadTotal === 0 && queued === 0 && sent === processed
    if (tally.count >= told && isBalanced) return tally
    if (performance.now() > untilMs) {
      throw new Error(`messages were lost: dead=${deadTotal}, sent=${sent}, processed=${processed}, queued=${queued}`)
    }
    await sleep(SAMPLE_MS)
  }
}

export interface IdleSpec {
  readonly cores: number
  readonly actors: number
  readonly settleMs: number
  readonly watchMs: number
}

/** Processor time of all threads of the process over the time that passed, in percent of one core. */
export function runIdle(spec: IdleSpec): Promise<RoundOutcome> {
  return withSystem(spec.cores, async (system) => {
    const refs = await Promise.all(Array.from({ length: spec.actors }, (_, id) => system.spawn(idler, id)))
    const askAll = async (): Promise<number> =>
      (await Promise.all(refs.map((ref) => ref.ask({ type: 'ping' })))).reduce((sum, id) => sum + id, 0)
    await askAll()
    await sleep(spec.settleMs)
    const before = process.cpuUsage()
    const startedMs = performance.now()
    await sleep(spec.watchMs)
    const { user, system: kernel } = process.cpuUsage(before)
    const passedUs = (performance.now() - startedMs) * 1_000
    // It was idle, not dead: it answers at once.
    return {
      metrics: { '': (100 * (user + kernel)) / passedUs },
      proof: {
        countExpected: spec.actors,
        count: refs.length,
        checksumExpected: (spec.actors * (spec.actors - 1)) / 2,
        checksum: await askAll(),
      },
    }
  })
}
