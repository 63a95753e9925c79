/**
 * Chaos on real threads: rounds of a workload while cores and actors die in every way, at points drawn from a seed.
 *
 *     node --import ./worker-preload.ts chaos.ts [--seed N] [--minutes N | --rounds N] [--round N] [--workload NAME]
 *
 * With banking, money is conserved; with families, trees of supervisors are whole again and keep their order (`families.ts`); order per pair holds and the
 * books balance (D6) with every workload but trees and families, whose checks need quiet: they check themselves (`src/workloads`). A round that fails says so
 * with its seed, and `--seed N --round N` strikes at the same points again. The last line is JSON: what happened in all.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { setEnvironmentData } from 'node:worker_threads'
import { createSeededRandom } from '@cambium/base'
import { startSystem } from '@cambium/runtime'
import { findWorkload } from '@cambium/testkit'
import type { Workload } from '@cambium/testkit'
import { bank } from '../../src/workloads/banking.ts'
import { keepJournalsIn } from '../../src/workloads/journal-log.ts'
import { families } from './families.ts'
import { drawFaults, FaultSchedule } from './fault-schedule.ts'
import type { Fault } from './fault-schedule.ts'
import { SharedLog } from './shared-log.ts'
import { FAULTS_KEY, LOG_KEY } from './worker-preload.ts'

const CORES = 2
const FAULTS = 9
/** Longer than the simulator's, so that it is still at work when its cores have come back. Each transfer is about seven points, fewer where messages are lost. */
const BANKING: Pick<Workload, 'run' | 'options'> = { run: (world) => bank(world, { accounts: 20, transfers: 3000 }) }
const BANKING_POINTS = 15_000
/** Of the other workloads, which are of different lengths. */
const POINTS = 1500
const QUEUED_MAX = 200
const WORK_MS_MAX = 2000
const LOG_BYTES = 32 << 20
/** One round in so many ends by a shutdown in the middle of it. */
const HARD_EVERY = 4

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    minutes: { type: 'string' },
    rounds: { type: 'string' },
    round: { type: 'string' },
    workload: { type: 'string', default: 'banking' },
  },
})
const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 31))
const untilMs = performance.now() + Number(values.minutes ?? 1) * 60_000
const only = values.round === undefined ? undefined : Number(values.round)
const OWN: Readonly<Record<string, Pick<Workload, 'run' | 'options'>>> = { banking: BANKING, families }
const workload = OWN[values.workload] ?? findWorkload(values.workload)
if (workload === undefined) throw new Error(`unknown workload: name=${values.workload}`)
const points = values.workload === 'banking' ? BANKING_POINTS : POINTS
const first = only ?? 1
const last = only ?? (values.rounds === undefined ? Infinity : Number(values.rounds))

const totals = {
  seed,
  workload: values.workload,
  rounds: 0,
  struck: 0,
  deaths: 0,
  abandoned: 0,
  restarts: 0,
  codes: {} as Record<string, number>,
}
console.log(`chaos: seed=${seed}`)
for (let round = first; round <= last && (last !== Infinity || performance.now() < untilMs); round += 1) {
  const faults = drawFaults(seed + Math.imul(round, 0x9e3779b1), FAULTS, points)
  try {
    await run(workload, round, faults)
  } catch (error) {
    const schedule = faults.map(({ point, kind }) => `${kind}@${point}`).join(' ')
    console.error(`chaos: round failed: seed=${seed}, round=${round}, faults=${schedule}`)
    throw error
  }
}
console.log(JSON.stringify(totals))

async function run(
  { run: play, options: given }: Pick<Workload, 'run' | 'options'>,
  round: number,
  faults: readonly Fault[],
): Promise<void> {
  const startedMs = performance.now()
  const log = new SharedLog(new SharedArrayBuffer(LOG_BYTES))
  const schedule = FaultSchedule.of(faults)
  setEnvironmentData(LOG_KEY, log.memory)
  setEnvironmentData(FAULTS_KEY, schedule.memory)
  keepJournalsIn(log)
  const random = createSeededRandom(seed ^ round)
  const system = await startSystem({
    ...given,
    cores: CORES,
    strict: true,
    handleSignals: false,
    heapMb: 32,
    turnTimeoutMs: 500,
    terminateTimeoutMs: 200,
    abandonedMax: Infinity,
    coreIntensity: 10_000,
    intensity: 10_000,
  })
  let deaths = 0
  system.events.on('core_lost', ({ error }) => {
    deaths += 1
    totals.codes[error.code] = (totals.codes[error.code] ?? 0) + 1
  })
  system.events.on('thread_abandoned', () => (totals.abandoned += 1))
  system.events.on('actor_restarted', () => (totals.restarts += 1))
  const over = new AbortController()
  void schedule.watch(() => {
    system.killCore(1 + random.below(CORES))
  }, over.signal)
  await play({
    isReal: true,
    endsHard: round % HARD_EVERY === 0,
    system,
    random,
    now: () => performance.now(),
    learn() {},
    spawn: (behaviour, argument, options) => system.spawn(behaviour, argument, options),
    async advance(duration) {
      await sleep(Number(duration))
      // Sends on when most is done, so that cores die at all stages of a message and not with full mailboxes alone.
      const untilWorkedMs = performance.now() + WORK_MS_MAX
      while (system.books().queued > QUEUED_MAX && performance.now() < untilWorkedMs) await sleep(1)
    },
    heal() {}, // the faults come to an end by themselves
    killCore(core) {
      system.killCore(core)
      return true
    },
  })
  over.abort()
  const { books } = await system.shutdown()
  if (books.queued !== 0 || books.sent !== books.processed + books.deadTotal)
    throw new Error(`books do not balance: ${JSON.stringify(books)}`)
  totals.rounds += 1
  totals.struck += schedule.struck
  totals.deaths += deaths
  const took = ((performance.now() - startedMs) / 1000).toFixed(1)
  console.log(
    `round ${round}: faults=${schedule.struck}/${faults.length}, deaths=${deaths}, dead=${books.deadTotal}, took=${took} s`,
  )
}
