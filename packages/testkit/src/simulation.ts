/**
 * `simulate`: runs a scenario on a simulated system, once for each seed. What the scenario awaits (asks, spawns, `sim.advance`) is brought
 * about by stepping the simulated world; real time plays no part, so an hour of virtual time takes milliseconds. A run that fails is repeated
 * with ever fewer faults, and the error tells the least that is needed.
 */
import type { ActorAddress, Duration, SeededRandom } from '@cambium/base'
import { CambiumError, checkBoolean, checkFields, checkInteger, optionError, toMilliseconds } from '@cambium/base'
import type { Behaviour, Ref } from '@cambium/actor'
import { checkSystemOptions } from '@cambium/runtime'
import type { Books, TeamChildren, TeamOptions, TeamRefs, SpawnOptions, System, SystemOptions } from '@cambium/runtime'
import type { ChartEvent } from './chart.ts'
import { watchDecisions } from './decision-watch.ts'
import { explainFailure } from './explain-failure.ts'
import { freshSeed, holdGlobals } from './fake-timers.ts'
import { NO_FAULTS } from './fault-plan.ts'
import type { FaultRates } from './fault-plan.ts'
import { watchOutside } from './outside-watch.ts'
import type { Probe } from './probe.ts'
import { holdProcessErrors } from './process-errors.ts'
import { seedOfRun } from './run-seeds.ts'
import type { Fault } from './shrink.ts'
import { simFrames } from './sim-context.ts'
import { runOnce, STUCK_MS_DEFAULT } from './sim-run.ts'
import type { StormCounts } from './storms.ts'
import type { RunOutcome, RunSetup } from './sim-run.ts'

export interface Simulation {
  readonly seed: number
  /** For the scenario's own choices: drawn from the seed. */
  readonly random: SeededRandom
  readonly system: System
  /** What was met so far that the simulation does not control, such as `files`: a replay may differ by it. */
  readonly nonDeterministic: readonly string[]
  /** Messages of storms, which the books count as any others: so many were sent so far, and so many have come to their actors. */
  readonly storms: StormCounts
  /** Virtual milliseconds. */
  now(): number
  /** Starts an actor, as `system.spawn` does, and makes its behaviour known to the simulated cores. */
  spawn<A, M, R>(behaviour: Behaviour<A, M, R>, argument: A, options?: SpawnOptions): Promise<Ref<M, R>>
  /** Starts a team, as `system.supervise` does, and makes its behaviours known. */
  supervise<C extends TeamChildren>(children: C, options?: TeamOptions): Promise<TeamRefs<C>>
  /** Makes a behaviour known that is started through `sim.system`. */
  learn(behaviour: Behaviour<never, never>): void
  /** Lets virtual time pass: milliseconds, or a text such as `'5s'`. */
  advance(duration: Duration): Promise<void>
  /** Resolves when nothing is left to do at the present time. */
  settle(): Promise<void>
  /** Makes the present incarnation of an actor crash. False when it does not run just now. */
  crash(ref: ActorAddress, message?: string): boolean
  /** The thread of a core ends, between two steps. False when it does not run just now. Throws `ERR_OPTION` for core 0. */
  killCore(core: number): boolean
  /** A core does nothing for a while. Time passes, and its messages wait. */
  pauseCore(core: number, duration: Duration): void
  /**
   * Cores of different sides do not see each other, until the returned function is called (once; later calls do nothing), or {@link heal},
   * or the scenario ends: `const heal = sim.partition([[0, 1], [2, 3]])`. What they tell each other waits in the rings, which fill up; asks
   * time out; nothing is lost by it alone, unless it waits longer than its limit, or its core dies. What was under way before has arrived. A
   * core on no side sees all. Throws `ERR_OPTION` for fewer than two sides, an empty one, an unknown core, a core on two sides.
   */
  partition(sides: readonly (readonly number[])[]): () => void
  /** Faults stop, and partitions end: what follows must converge. */
  heal(): void
  /** Whether that actor has ended for good. False while its core is down, since it may come back. */
  isGone(ref: ActorAddress): boolean
  /** An actor that keeps what it is told, to look at. It lives on core 0, which no fault ends. */
  probe<M = unknown, R = unknown>(name?: string): Promise<Probe<M, R>>
}

export interface SimulateOptions {
  /**
   * Seed of the first run; those of the next ones are scattered from it, so that two seeds have no runs in common but by chance. @default drawn at random, and named in the
   * error
   */
  readonly seed?: number
  /** @default 1 */
  readonly runs?: number
  /** Worker cores besides core 0. @default 2 */
  readonly cores?: number
  /**
   * `false`: none. `true`: kinds and rates drawn from the seed. Or the rates themselves, or a list of faults, as the error of a failed run
   * has it. @default false
   */
  readonly faults?: boolean | Partial<FaultRates> | readonly Fault[]
  /** Options of the simulated system. */
  readonly options?: Omit<SystemOptions, 'cores' | 'handleSignals'>
  /** Re-runs to look for fewer faults that make a failed run fail; 0 for none. @default 60 */
  readonly shrinkRuns?: number
  /** Virtual time that a scenario may wait for one thing, while the system goes on. @default '10m' */
  readonly stuckAfter?: Duration
  /** Keeps what happened for `report.chart`. A run that fails is charted in any case, by another run. @default false */
  readonly trace?: boolean
  /** Ends the simulation before its next step. */
  readonly signal?: AbortSignal
}

export interface RunReport {
  readonly seed: number
  readonly books: Books
  /** Equal for equal runs: it covers every delivery and every event of the system. */
  readonly hash: string
  /** Turns of cores. */
  readonly steps: number
  readonly virtualMs: number
  /** Core deaths by faults. */
  readonly kills: number
  /** Faults that struck. */
  readonly faults: number
  /** What was met that the simulation does not control; empty for a run that replays exactly. */
  readonly nonDeterministic: readonly string[]
  /** With `trace`: for `renderText` and `renderMermaid`. */
  readonly chart?: readonly ChartEvent[]
}

const FIELDS = ['seed', 'runs', 'cores', 'faults', 'options', 'shrinkRuns', 'stuckAfter', 'trace', 'signal']
const RUNS_MAX = 10_000_000
const CORES_MAX = 64
const SEED_MAX = 2 ** 32 - 1
const SHRINK_RUNS_MAX = 10_000

/**
 * Runs `scenario` once for each of `runs` seeds.
 *
 * Rejects with `ERR_SIMULATION` when a run fails. Its message names the seed, how to replay it and with which version, the least faults that are needed, and shows the
 * end of the run as a sequence chart; its `cause` is what the scenario threw, or the oracle that was violated, or `ERR_SIM_STUCK`, `ERR_SIM_UNHANDLED`;
 * its `fields` have `seed`, `version`, `faults`, `chart` and `mermaid`. Rejects with `ERR_OPTION` for a wrong option, with `ERR_SIM_NESTED` inside a scenario,
 * with the reason of an aborted `signal`.
 *
 * While it runs, `Date`, `performance.now`, timers, `Math.random` and `crypto` are virtual and seeded for the scenario and its actors, and
 * for nobody else in the process.
 */
export async function simulate(
  scenario: (sim: Simulation) => Promise<void> | void,
  options: SimulateOptions = {},
): Promise<readonly RunReport[]> {
  if (typeof scenario !== 'function') throw optionError('scenario', scenario, 'a function')
  const { setup, runs, shrinkRuns } = checkOptions(options)
  if (simFrames.getStore() !== undefined) throw new CambiumError('ERR_SIM_NESTED', 'a simulation was begun inside a simulation')
  const play = async (sim: Simulation): Promise<void> => scenario(sim)
  const release = [holdGlobals(), holdProcessErrors(), watchOutside(), watchDecisions()]
  try {
    const reports: RunReport[] = []
    for (let run = 0; run < runs; run += 1) {
      const seed = seedOfRun(setup.seed, run)
      // One run after the other: they would share the real event loop.
      const outcome = await runOnce(play, { ...setup, seed })
      setup.signal?.throwIfAborted()
      if (outcome.failure !== undefined) throw await explainFailure(play, { ...setup, seed }, outcome, { run, runs, shrinkRuns })
      reports.push(reportOf(seed, outcome))
    }
    return reports
  } finally {
    for (const one of release) one()
  }
}

function reportOf(seed: number, outcome: RunOutcome): RunReport {
  const { books, hash, steps, virtualMs, kills, faults, nonDeterministic, chart } = outcome
  return {
    seed,
    books: books as Books,
    hash,
    steps,
    virtualMs,
    kills,
    faults: faults.length,
    nonDeterministic,
    ...(chart === undefined ? {} : { chart: chart.events() }),
  }
}

function checkOptions(options: SimulateOptions): {
  readonly setup: RunSetup
  readonly runs: number
  readonly shrinkRuns: number
} {
  checkFields('options', options, FIELDS)
  const { faults = false, signal } = options
  const cores = checkInteger('cores', options.cores, { default: 2, min: 0, max: CORES_MAX })
  checkFaults(faults)
  if (options.options !== undefined) {
    checkFields('options.options', options.options, Object.keys(options.options ?? {}))
    for (const field of ['cores', 'handleSignals'])
      if (field in options.options)
        throw optionError(`options.${field}`, (options.options as Record<string, unknown>)[field], 'no such field here')
    // Here, where it is a mistake of the caller's; in a run it would be a failure of the scenario.
    checkSystemOptions({ ...options.options, cores }, cores)
  }
  if (signal !== undefined && !(signal instanceof AbortSignal)) throw optionError('signal', signal, 'an AbortSignal')
  const told = new Set<string>()
  return {
    runs: checkInteger('runs', options.runs, { default: 1, min: 1, max: RUNS_MAX }),
    shrinkRuns: checkInteger('shrinkRuns', options.shrinkRuns, { default: 60, min: 0, max: SHRINK_RUNS_MAX }),
    setup: {
      seed: options.seed === undefined ? freshSeed() : checkInteger('seed', options.seed, { default: 0, min: 0, max: SEED_MAX }),
      cores,
      faults,
      options: options.options ?? {},
      stuckMs: toMilliseconds(options.stuckAfter ?? STUCK_MS_DEFAULT, 'stuckAfter'),
      isTraced: checkBoolean('trace', options.trace, false),
      signal,
      onMet(what) {
        if (told.has(what)) return
        told.add(what)
        process.emitWarning(`simulation is not deterministic: it has no hold on ${what}`, {
          type: 'SimulationWarning',
          code: 'CAMBIUM_SIM_NONDETERMINISTIC',
        })
      },
    },
  }
}

function checkFaults(faults: unknown): void {
  if (typeof faults === 'boolean') return
  const kinds = Object.keys(NO_FAULTS)
  if (Array.isArray(faults)) {
    faults.forEach((fault: Partial<Fault> | undefined, at) => {
      if (!kinds.includes(fault?.kind as string) || !Number.isSafeInteger(fault?.occasion) || Number(fault?.occasion) < 0)
        throw optionError(`faults[${at}]`, fault, 'a fault as the error of a failed run lists it')
    })
    return
  }
  checkFields('faults', faults, kinds)
  for (const [kind, rate] of Object.entries(faults as object)) {
    if (typeof rate !== 'number' || !(rate >= 0 && rate <= 1))
      throw optionError(`faults.${kind}`, rate, 'a probability from 0 to 1')
  }
}
