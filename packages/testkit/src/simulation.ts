/**
 * `simulate`: runs a scenario on a simulated system, once for each seed. What the scenario awaits (asks, spawns, `sim.advance`) is brought
 * about by stepping the simulated world; real time plays no part, so an hour of virtual time takes milliseconds.
 */
import type { ActorAddress, ErrorRecord } from '@cambium/base'
import { CambiumError, createSeededRandom, formatAddress, toErrorRecord } from '@cambium/base'
import type { SeededRandom } from '@cambium/base'
import type { Behaviour, Ref } from '@cambium/actor'
import { createSystem } from '@cambium/runtime'
import type { Books, SpawnOptions, System, SystemOptions } from '@cambium/runtime'
import { toMilliseconds } from './duration.ts'
import type { Duration } from './duration.ts'
import { FaultPlan, NO_FAULTS } from './fault-plan.ts'
import type { FaultRates } from './fault-plan.ts'
import { createProbe } from './probe.ts'
import type { Probe } from './probe.ts'
import { SimWorld } from './sim-world.ts'
import { Trace } from './trace.ts'

export interface Simulation {
  readonly seed: number
  /** For the scenario's own choices: drawn from the seed. */
  readonly random: SeededRandom
  readonly system: System
  /** Virtual milliseconds. */
  now(): number
  /** Starts an actor, as `system.spawn` does, and makes its behaviour known to the simulated cores. */
  spawn<A, M, R>(behaviour: Behaviour<A, M, R>, argument: A, options?: SpawnOptions): Promise<Ref<M, R>>
  /** Makes a behaviour known that actors spawn by themselves. */
  learn(behaviour: Behaviour<never, never>): void
  /** Lets virtual time pass. */
  advance(duration: Duration): Promise<void>
  /** Resolves when nothing is left to do at the present time. */
  settle(): Promise<void>
  /** Makes the present incarnation of an actor crash. False when it does not run just now. */
  crash(ref: ActorAddress, message?: string): boolean
  /** The thread of a core ends, between two steps. False when it does not run just now. */
  killCore(core: number): boolean
  /** A core does nothing for a while. */
  pauseCore(core: number, duration: Duration): void
  /** Faults stop: what follows must converge. */
  heal(): void
  /** An actor that keeps what it is told, to look at. */
  probe<M = unknown>(name?: string): Promise<Probe<M>>
}

export interface SimulateOptions {
  /** Seed of the first run; the next ones follow from it. @default drawn at random, and named in the error */
  readonly seed?: number
  /** @default 1 */
  readonly runs?: number
  /** Worker cores besides core 0. @default 2 */
  readonly cores?: number
  /** `false`: none. `true`: kinds and rates drawn from the seed. Or the rates themselves. @default false */
  readonly faults?: boolean | Partial<FaultRates>
  /** Options of the simulated system. */
  readonly options?: Omit<SystemOptions, 'cores' | 'handleSignals'>
}

export interface RunReport {
  readonly seed: number
  readonly books: Books
  /** Equal for equal runs. */
  readonly hash: string
  readonly steps: number
  readonly virtualMs: number
  /** Core deaths. */
  readonly kills: number
}

/** After the faults the system must be quiet again within this virtual time. */
const CONVERGENCE_MS = 120_000
/** Rounds of the real event loop that may pass without a virtual event before a scenario counts as stuck. */
const IDLE_ROUNDS_MAX = 50

const nextRound = (): Promise<void> =>
  new Promise((resolve) => {
    setImmediate(resolve)
  })

/**
 * Runs `scenario` once for each of `runs` seeds. Rejects with `ERR_SIMULATION`, which names the seed that fails; its `cause` is what the
 * scenario threw or which oracle was violated.
 */
export async function simulate(scenario: (sim: Simulation) => Promise<void>, options: SimulateOptions = {}): Promise<readonly RunReport[]> {
  const first = options.seed ?? Math.floor(performance.timeOrigin * 1000) % 0x7fff_ffff
  const reports: RunReport[] = []
  for (let run = 0; run < (options.runs ?? 1); run += 1) {
    const seed = run === 0 ? first : Math.floor(createSeededRandom(first + run).next() * 0x7fff_ffff)
    // One run after the other: they would share the real event loop.
    // eslint-disable-next-line no-await-in-loop
    reports.push(await runOnce(scenario, seed, options))
  }
  return reports
}

async function runOnce(scenario: (sim: Simulation) => Promise<void>, seed: number, options: SimulateOptions): Promise<RunReport> {
  const random = createSeededRandom(seed)
  const trace = new Trace()
  const faults = planOf(options.faults ?? false, random)
  const world = new SimWorld(random, trace, faults)
  try {
    const settled: (() => void)[] = []
    const drive = async <T>(work: Promise<T>): Promise<T> => {
      let isOver = false
      const over = (): void => {
        isOver = true
      }
      work.then(over, over)
      let idleRounds = 0
      // Ends: the world makes progress, or the rounds are counted.
      for (;;) {
        // eslint-disable-next-line no-await-in-loop
        await nextRound() // every promise that can settle has settled: the order of what follows is the seed's alone
        if (isOver) return work
        const outcome = world.step(settled.length > 0 ? world.nowMs : Infinity)
        if (outcome !== 'idle') idleRounds = 0
        else if (settled.length > 0) (settled.shift() as () => void)()
        else {
          idleRounds += 1
          if (idleRounds > IDLE_ROUNDS_MAX) throw new CambiumError('ERR_SIM_STUCK', `nothing is left to happen, and the scenario still waits: nowMs=${Math.round(world.nowMs)}`, { severity: 'bug' })
        }
      }
    }
    const system = await drive(createSystem(world, { strict: true, handleSignals: false, ...faults.systemOptions, ...options.options, cores: options.cores ?? 2 }))
    watch(system, trace, world)
    const sim = createSimulation(seed, random, system, world, faults, settled)
    await drive(scenario(sim))
    faults.heal()
    const healedMs = world.nowMs
    while ((system.books().queued !== 0 || !world.isRestored) && world.nowMs - healedMs < CONVERGENCE_MS) {
      // eslint-disable-next-line no-await-in-loop
      await drive(sim.advance(50))
    }
    checkBooks(system, world.nowMs - healedMs)
    const report = await drive(system.shutdown())
    world.oracles.checkEnd(system, report)
    const { books } = report
    trace.note(world.nowMs, 0, `books ${JSON.stringify(books)}`)
    return { seed, books, hash: trace.hash, steps: world.steps, virtualMs: world.nowMs, kills: faults.kills }
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause)
    throw new CambiumError('ERR_SIMULATION', `simulation failed: seed=${seed}, ${message}`, { severity: 'bug', cause, fields: { seed, events: trace.events.slice(-50) } })
  }
}

function planOf(faults: boolean | Partial<FaultRates>, random: SeededRandom): FaultPlan {
  if (faults === true) return FaultPlan.draw(random)
  return new FaultPlan(random, faults === false ? NO_FAULTS : { ...NO_FAULTS, ...faults })
}

function createSimulation(seed: number, random: SeededRandom, system: System, world: SimWorld, faults: FaultPlan, settled: (() => void)[]): Simulation {
  const learn = (behaviour: Behaviour<never, never>): void => {
    world.learn(behaviour)
  }
  const sim: Simulation = {
    seed,
    random,
    system,
    now: () => world.nowMs,
    learn,
    spawn(behaviour, argument, spawnOptions) {
      learn(behaviour as unknown as Behaviour<never, never>)
      return system.spawn(behaviour, argument, spawnOptions)
    },
    advance: (duration) =>
      new Promise((resolve) => {
        world.after(toMilliseconds(duration), resolve)
      }),
    settle: () =>
      new Promise((resolve) => {
        settled.push(resolve)
      }),
    crash(ref, message = 'crashed by the simulation') {
      const core = world.cores.find((each) => each.coreNumber === ref.core)
      const cell = core?.slots.find(ref.slot, ref.generation)
      if (core === undefined || cell === undefined) return false
      const error: ErrorRecord = toErrorRecord(new CambiumError('ERR_SIM_CRASH', `${message}: ref=${formatAddress(ref)}`, { severity: 'crash' }))
      core.ended(cell, { kind: 'crash', error })
      core.requestTurn()
      return true
    },
    killCore: (core) => world.killCore(core),
    pauseCore(core, duration) {
      world.pauseCore(core, toMilliseconds(duration))
    },
    heal() {
      faults.heal()
    },
    probe: (name) => createProbe(sim, name),
  }
  return sim
}

/** Everything that the system tells goes into the trace, and so into the hash. */
function watch(system: System, trace: Trace, world: SimWorld): void {
  const note = (core: number, what: string): void => {
    trace.note(world.nowMs, core, what)
  }
  system.events.on('dead_letter', (letter) => {
    note(letter.core, `dead letter ${letter.reason} for ${formatAddress(letter.target)} ×${letter.count}`)
  })
  system.events.on('actor_exited', ({ actor, reason }) => {
    note(actor.core, `${formatAddress(actor)} ended: ${reason.kind}`)
  })
  system.events.on('actor_restarted', ({ actor }) => {
    note(actor.core, `${formatAddress(actor)} restarted`)
  })
  system.events.on('core_lost', ({ core, lost }) => {
    note(core, `core lost, ${lost} messages with it`)
  })
  system.events.on('core_restarted', ({ core }) => {
    note(core, 'core restarted')
  })
  system.events.on('given_up', ({ name }) => {
    note(0, `${name} given up`)
  })
  system.events.on('fault', ({ where }) => {
    note(0, `fault in ${where}`)
  })
}

/** The oracle of D6, at a quiet moment. */
function checkBooks(system: System, waitedMs: number): void {
  const books = system.books()
  if (books.queued !== 0) {
    throw new CambiumError('ERR_ORACLE_BOOKS', `books do not balance: queued=${books.queued}, sent=${books.sent}, processed=${books.processed}, dead=${books.deadTotal}, waitedMs=${waitedMs}`, { severity: 'bug' })
  }
}
