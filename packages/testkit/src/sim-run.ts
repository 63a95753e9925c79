/**
 * One run of a scenario under one seed: brings about what the scenario awaits by stepping the simulated world.
 *
 * 1. One thing happens at a time: a turn of a core, a timer's callback, a jump of the clock. Then a round of the real event loop passes, in which
 *    every promise that can settle does. So the order of what follows is the seed's alone.
 * 2. While something outside is under way (a file is read, an offloaded job's module is imported) nothing happens, for a bounded real time.
 * 3. When nothing is left to happen and the scenario still waits, it is stuck, and is told for what it may wait.
 * 4. When the scenario is done faults stop, the system must come to rest, is shut down, and the oracles have their last look.
 */
import { CambiumError, createSeededRandom, formatAddress } from '@cambium/base'
import type { SeededRandom } from '@cambium/base'
import { createSystem } from '@cambium/runtime'
import type { Books, System } from '@cambium/runtime'
import type { Core } from '@cambium/scheduler'
import type { DecisionMade } from '@cambium/supervision'
import { BehaviourFrames } from './behaviour-frames.ts'
import { ChartRecorder } from './chart.ts'
import { converge } from './convergence.ts'
import { nextRound, realMoment, realNow } from './fake-timers.ts'
import { FaultPlan, NO_FAULTS } from './fault-plan.ts'
import { describePending } from './pending.ts'
import { offloadHere } from './offload-here.ts'
import { carryOut } from './random-moves.ts'
import { FaultSource, ratesOf } from './shrink.ts'
import type { Fault } from './shrink.ts'
import { simFrames } from './sim-context.ts'
import type { SimFrame, SimScope } from './sim-context.ts'
import { createSimulation } from './sim-handle.ts'
import { noteSystemEvents } from './system-notes.ts'
import { SimWorld } from './sim-world.ts'
import type { SimulateOptions, Simulation } from './simulation.ts'
import { Trace } from './trace.ts'
import { VirtualTimers } from './virtual-timers.ts'

export interface RunSetup {
  readonly seed: number
  readonly cores: number
  readonly faults: NonNullable<SimulateOptions['faults']>
  readonly options: NonNullable<SimulateOptions['options']>
  /** Virtual milliseconds that a scenario may wait without doing anything. */
  readonly stuckMs: number
  readonly isTraced: boolean
  readonly signal: AbortSignal | undefined
  readonly onMet: (what: string) => void
}

export interface RunOutcome {
  /** Present when the run failed; an `undefined` that was thrown is in it too. */
  readonly failure: { readonly error: unknown } | undefined
  readonly books: Books | undefined
  readonly hash: string
  readonly steps: number
  readonly virtualMs: number
  readonly kills: number
  readonly faults: readonly Fault[]
  readonly nonDeterministic: readonly string[]
  readonly chart: ChartRecorder | undefined
}

const LOOK_MS = 50
/** The default of `shutdownTimeoutMs`. */
const SHUTDOWN_MS_DEFAULT = 10_000
/** Rounds of the real event loop that may pass without a virtual event before the run looks at the real clock. */
const IDLE_ROUNDS_MAX = 50
/** Real milliseconds that are given to what the simulation has no hold on, once nothing else is left to happen. */
const OUTSIDE_IDLE_MS_MAX = 300
/** Real milliseconds for what is known to be under way. */
const OUTSIDE_MS_MAX = 10_000
/** The default of `stuckAfter`. */
export const STUCK_MS_DEFAULT = 600_000
/** Steps that may pass while the scenario does nothing. */
const STUCK_STEPS_MAX = 3_000_000

/** Never rejects: what went wrong is in the outcome. */
export async function runOnce(scenario: (sim: Simulation) => Promise<void>, setup: RunSetup): Promise<RunOutcome> {
  const run = new SimRun(setup)
  let books: Books | undefined
  let failure: RunOutcome['failure']
  try {
    books = await run.play(scenario)
  } catch (error) {
    failure = { error }
  } finally {
    run.end()
  }
  const { world, trace, plan, source, chart, nonDeterministic } = run
  return {
    failure,
    books,
    hash: trace.hash,
    steps: world.steps,
    virtualMs: world.nowMs,
    kills: plan.kills,
    faults: source.struck,
    nonDeterministic: [...nonDeterministic],
    chart,
  }
}

/** The trace, shown to the chart as well. */
class ChartedTrace extends Trace {
  chart: ChartRecorder | undefined = undefined

  /** `more` is for the chart only. */
  override note(atMs: number, core: number, what: string, more: string = ''): void {
    super.note(atMs, core, what)
    this.chart?.note(atMs, core, what + more)
  }
}

export class SimRun implements SimScope {
  readonly seed: number
  readonly world: SimWorld
  readonly trace: ChartedTrace = new ChartedTrace()
  readonly plan: FaultPlan
  readonly source: FaultSource
  readonly timers: VirtualTimers
  readonly chart: ChartRecorder | undefined
  /** For the run's code: `Math.random` and `crypto`. */
  readonly random: SeededRandom
  /** For the scenario's choices: the same whatever faults strike. */
  readonly choices: SeededRandom
  readonly nonDeterministic: Set<string> = new Set()
  outside = 0
  isOver = false
  /** `sim.advance` calls under way: with one of them nobody is stuck. */
  advances = 0
  /** Ends of waits for the present time to be through. */
  readonly settled: (() => void)[] = []
  readonly #setup: RunSetup
  readonly #root: SimFrame
  /** Cores that have had a turn, and so have read what the root had for them. */
  readonly #turned = new WeakSet<Core>()
  #failure: { readonly error: unknown } | undefined = undefined
  #system: System | undefined = undefined
  #touchedMs = 0
  #touchedSteps = 0
  #outsideSinceMs: number | undefined = undefined
  /** So many of what is under way outside are not waited for any more. */
  #givenUp = 0

  constructor(setup: RunSetup) {
    const { seed, faults } = setup
    this.seed = seed
    this.#setup = setup
    // A stream of its own for each purpose, so that one fault less leaves the rest of a run as alike as can be.
    const random = createSeededRandom(seed)
    this.choices = createSeededRandom(seed ^ 0x2545f491)
    this.random = createSeededRandom(seed ^ 0x6c62272e)
    this.source = new FaultSource(seed, isScript(faults) ? faults : undefined)
    this.plan = planOf(faults, this.source)
    this.world = new SimWorld(random, this.trace, this.plan)
    this.source.world = this.world
    this.chart = setup.isTraced ? new ChartRecorder(() => this.world.nowMs) : undefined
    this.trace.chart = this.chart
    this.timers = new VirtualTimers({
      after: (delayMs, run) => {
        this.world.after(delayMs, run)
      },
      isAlive: (frame) => this.isAlive(frame),
      uncaught: (error, frame) => {
        this.uncaught(error, frame)
      },
    })
    this.#root = { scope: this, actor: undefined, core: 0, behaviour: '', coreLife: 0 }
    const frames = new BehaviourFrames(this, this.chart, (core) => this.world.lifeOf(core))
    this.world.hooks = {
      dress: (behaviour) => frames.dress(behaviour),
      coreStarted: (core) => {
        this.#coreStarted(core)
      },
      move: (move) => {
        if (this.#system !== undefined) carryOut(move, this.#system, this.world.coreNumbered(0))
      },
      offload: (url, job, argument, signal) => offloadHere(simFrames.getStore() ?? this.#root, url, job, argument, signal),
    }
  }

  // --- what the globals ask

  nowMs(): number {
    return this.world.nowMs
  }

  isAlive(frame: SimFrame): boolean {
    if (this.isOver) return false
    return frame.core === 0 || this.world.lifeOf(frame.core) === frame.coreLife
  }

  met(what: string): void {
    if (this.nonDeterministic.has(what)) return
    this.nonDeterministic.add(what)
    this.#setup.onMet(what)
  }

  decided(decision: DecisionMade): void {
    const actor = simFrames.getStore()?.actor
    // Whoever decides in a frame of its own is a supervisor that is an actor.
    const keeper = actor === undefined ? undefined : this.world.coreNumbered(actor.core)?.slots.cells[actor.self.slot]?.keeper
    const supervisor = actor === undefined || keeper === undefined ? undefined : { address: formatAddress(actor.self), keeper }
    this.world.oracles.decided(decision, supervisor)
  }

  /** As in a process: the thread ends by it. Core 0's thread is the scenario's. */
  uncaught(error: unknown, frame: SimFrame): void {
    if (!this.isAlive(frame)) return
    if (frame.core !== 0) {
      this.world.killCore(frame.core, `unhandled error: ${error instanceof Error ? error.message : String(error)}`)
      return
    }
    const where = frame.actor === undefined ? 'the scenario' : `actor ${formatAddress(frame.actor.self)} of core 0`
    this.#failure ??= {
      error: new CambiumError(
        'ERR_SIM_UNHANDLED',
        `unhandled error in ${where}: ${error instanceof Error ? error.message : String(error)}`,
        { severity: 'crash', cause: error },
      ),
    }
  }

  // --- what the handle asks

  /** The scenario does something. Throws when the run is over. */
  touch(): void {
    if (this.isOver) throw new CambiumError('ERR_SIM_OVER', `simulation is over: seed=${this.seed}`)
    this.#touchedMs = this.world.nowMs
    this.#touchedSteps = this.world.steps
    this.world.progress.touched()
  }

  /** Faults stop, and all cores see each other. */
  heal(): void {
    this.plan.heal()
    this.world.partitions.heal()
  }

  /** Whether that actor has ended for good. False while nobody can know, because its core is down. */
  isGone(address: { readonly core: number; readonly slot: number; readonly generation: number }): boolean {
    const core = this.world.cores.find((each) => each.coreNumber === address.core)
    if (core === undefined || !this.#turned.has(core)) return false
    return core.slots.find(address.slot, address.generation) === undefined
  }

  // --- the run

  async play(scenario: (sim: Simulation) => Promise<void>): Promise<Books> {
    const { world, plan } = this
    const { options, cores } = this.#setup
    const system = await this.#drive(
      simFrames.run(this.#root, () =>
        createSystem(world, { strict: true, handleSignals: false, ...plan.systemOptions, ...options, cores }),
      ),
    )
    this.#system = system
    world.oracles.watchSystem(system, options.shutdownTimeoutMs ?? SHUTDOWN_MS_DEFAULT)
    // Everything that the system tells goes into the trace, and so into the hash.
    noteSystemEvents(system, (core, what, more) => {
      this.trace.note(world.nowMs, core, what, more)
    })
    const sim = createSimulation(this, system)
    this.touch()
    await this.#drive(simFrames.run(this.#root, async () => scenario(sim)))
    this.heal()
    await converge({
      system,
      world,
      look: () => this.#drive(sim.advance(LOOK_MS)),
      pending: () => describePending(world, this.timers),
    })
    this.touch()
    const report = await this.#drive(simFrames.run(this.#root, () => system.shutdown()))
    world.oracles.checkEnd(system, report)
    this.trace.note(world.nowMs, 0, `books ${JSON.stringify(report.books)}`)
    return report.books
  }

  end(): void {
    this.isOver = true
    this.timers.end()
  }

  async #drive<T>(work: Promise<T>): Promise<T> {
    let isOver = false
    const over = (): void => {
      isOver = true
    }
    work.then(over, over)
    let idleRounds = 0
    let idleSinceMs = 0
    // Ends: the world makes progress, which is limited, or the rounds are counted.
    for (;;) {
      await nextRound()
      if (isOver) {
        const value = await work // what the scenario threw itself comes first
        if (this.#failure !== undefined) throw this.#failure.error
        return value
      }
      if (this.#failure !== undefined) throw this.#failure.error
      this.#setup.signal?.throwIfAborted()
      if (this.outside > this.#givenUp && this.#waitsOutside()) continue
      if (this.timers.runReady()) continue
      const outcome = simFrames.run(this.#root, () => this.world.step(this.settled.length === 0))
      if (outcome !== 'idle') {
        idleRounds = 0
        this.#checkStuck()
      } else if (this.settled.length > 0) {
        this.touch()
        ;(this.settled.shift() as () => void)()
      } else {
        idleRounds += 1
        if (idleRounds < IDLE_ROUNDS_MAX) continue
        if (idleRounds === IDLE_ROUNDS_MAX) idleSinceMs = realNow()
        // What no hook tells of, such as an import, may still come.
        await realMoment()
        if (realNow() - idleSinceMs > OUTSIDE_IDLE_MS_MAX)
          throw this.#stuck('nothing is left to happen, and the scenario still waits')
      }
      if (idleRounds > IDLE_ROUNDS_MAX) this.met('waits for something in real time')
    }
  }

  /** Whether to go on waiting for what is under way outside. */
  #waitsOutside(): boolean {
    this.#outsideSinceMs ??= realNow()
    if (realNow() - this.#outsideSinceMs < OUTSIDE_MS_MAX) return true
    this.met('something outside that does not end')
    this.#givenUp = this.outside
    this.#outsideSinceMs = undefined
    return false
  }

  #checkStuck(): void {
    this.#outsideSinceMs = undefined
    this.#givenUp = Math.min(this.#givenUp, this.outside)
    if (this.advances > 0) return
    const { nowMs, steps } = this.world
    if (nowMs - this.#touchedMs > this.#setup.stuckMs || steps - this.#touchedSteps > STUCK_STEPS_MAX) {
      throw this.#stuck(
        `the scenario has waited for ${Math.round(nowMs - this.#touchedMs)} virtual milliseconds and ${steps - this.#touchedSteps} turns`,
      )
    }
  }

  #stuck(what: string): CambiumError {
    const pending = describePending(this.world, this.timers)
    return new CambiumError('ERR_SIM_STUCK', `${what}: nowMs=${Math.round(this.world.nowMs)}, pending=[${pending.join('; ')}]`, {
      severity: 'crash',
      fields: { pending },
    })
  }

  #coreStarted(core: Core): void {
    this.chart?.observe(core)
    const { coreNumber } = core
    // A promise that the runtime rejects, and nobody looks at, is an error of the thread whose turn it is.
    const frame: SimFrame = { ...this.#root, core: coreNumber, coreLife: this.world.lifeOf(coreNumber) }
    const turn = core.turn.bind(core)
    core.turn = () => {
      const done = simFrames.run(frame, turn)
      this.#turned.add(core)
      return done
    }
    if (coreNumber !== 0) return
    // What the scenario does through refs.
    const { outside } = core.sender
    const [ask, send] = [outside.ask.bind(outside), outside.send.bind(outside)]
    outside.ask = (target, message, options) => {
      this.touch()
      return ask(target, message, options)
    }
    outside.send = (target, message, options) => {
      this.touch()
      return send(target, message, options)
    }
  }
}

function isScript(faults: RunSetup['faults']): faults is readonly Fault[] {
  return Array.isArray(faults)
}

function planOf(faults: RunSetup['faults'], source: FaultSource): FaultPlan {
  if (isScript(faults)) return new FaultPlan(source, ratesOf(faults))
  if (faults === true) return FaultPlan.draw(source)
  return new FaultPlan(source, faults === false ? NO_FAULTS : { ...NO_FAULTS, ...faults })
}
