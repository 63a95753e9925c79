/**
 * The simulated platform (D11): every core of a system in one thread, stepped in an order drawn from a seed, under a virtual clock.
 *
 * One step runs one turn of one core that is awake. A core that finds nothing to do parks by the very protocol of the doorbell, so a wake-up
 * that the code under test forgets is lost here too. When no core is awake the clock jumps to the next thing that is due. What is decided is
 * decided by the seed: the next core, the next actor and the length of a turn, the delays of starts and ends, the faults. A core dies between two turns, or inside one (`core-death.ts`).
 */
import { CambiumError, createSeededRandom, toErrorRecord } from '@cambium/base'
import type { CorePlatform, SeededRandom } from '@cambium/base'
import { attachSystemMemory, Core } from '@cambium/scheduler'
import type { SystemMemory } from '@cambium/scheduler'
import type { Behaviour } from '@cambium/actor'
import type { CoreStart, CoreThread, Driver, SystemPlatform, ThreadEvents, ThreadStart } from '@cambium/runtime'
import { damageInHand, watchCodec } from './codec-faults.ts'
import { DeathWatch } from './core-death.ts'
import { DueQueue } from './due-queue.ts'
import type { FaultPlan } from './fault-plan.ts'
import { RunOracles } from './oracles/run-oracles.ts'
import { Partitions } from './partitions.ts'
import { Progress } from './progress.ts'
import { createProgramWatch } from './program-watch.ts'
import { drawMove } from './random-moves.ts'
import { SignalDelays } from './signal-delays.ts'
import type { WorldHooks } from './sim-context.ts'
import { createSimCore, isAwake, isRestored, park, wake } from './sim-core.ts'
import type { SimCore } from './sim-core.ts'
import { createSimThread } from './sim-thread.ts'
import type { SimThreadHost } from './sim-thread.ts'
import { BehaviourShelf, createSimPlatform } from './sim-platform.ts'
import { SimPost } from './sim-post.ts'
import { Storms } from './storms.ts'
import type { Trace } from './trace.ts'
import { TurnChoices } from './turn-choices.ts'

export class SimWorld implements SystemPlatform {
  readonly parallelism = 4
  readonly corePlatform: CorePlatform
  readonly oracles: RunOracles
  readonly partitions: Partitions
  readonly storms: Storms = new Storms()
  readonly delays: SignalDelays = new SignalDelays()
  readonly progress: Progress = new Progress()
  /** Set by the run before anything starts. */
  hooks: WorldHooks | undefined = undefined
  /** Virtual milliseconds. */
  nowMs = 0
  steps = 0
  readonly #random: SeededRandom
  readonly #trace: Trace
  readonly #faults: FaultPlan
  readonly #cores: SimCore[] = []
  readonly #due = new DueQueue()
  readonly #death = new DeathWatch()
  readonly #choices: TurnChoices
  readonly #post: SimPost
  readonly #shelf: BehaviourShelf
  #memory: SystemMemory | undefined
  /** The core whose turn it is. */
  #turning: number | undefined
  #isClosed = false
  readonly #threadHost: SimThreadHost

  constructor(random: SeededRandom, trace: Trace, faults: FaultPlan) {
    this.#random = random
    this.#choices = new TurnChoices(random)
    this.#trace = trace
    this.#faults = faults
    this.oracles = new RunOracles({
      coreLife: (core) => this.lifeOf(core),
      now: () => this.nowMs,
      parcelsUnderWay: () => this.#post.underWay,
    })
    this.partitions = new Partitions((what) => this.note(0, what))
    const watch = createProgramWatch({
      faults,
      oracles: this.oracles,
      trace,
      storms: this.storms,
      coreOf: (core) => this.coreNumbered(core),
      point: (core) => this.#point(core),
    })
    this.#shelf = new BehaviourShelf((behaviour) => this.hooks?.dress(behaviour) ?? behaviour, watch)
    this.#post = new SimPost({
      // Of its own, so that what is drawn here moves nothing else of a run.
      random: createSeededRandom(random.seed ^ 0x70617263),
      after: (delayMs, run) => {
        this.after(delayMs, run)
      },
      connected: (core, peer) => {
        this.#cores[core]?.core?.parcels.connected(peer)
      },
    })
    this.corePlatform = this.#platformOf(0)
    const nowMs = (): number => this.nowMs
    this.#threadHost = {
      get nowMs() {
        return nowMs()
      },
      random,
      faults,
      after: (delayMs, run) => {
        this.after(delayMs, run)
      },
      coreOf: (number) => this.#coreOf(number),
      begin: (sim, start) => {
        this.#begin(sim, start)
      },
      end: (sim, error) => {
        if (error === undefined && sim.core !== undefined) this.oracles.ended(sim.core)
        this.#end(sim, error)
      },
    }
  }

  get memory(): SystemMemory | undefined {
    return this.#memory
  }

  /** Live cores. */
  get cores(): readonly Core[] {
    return this.#cores.flatMap((each) => (each.core === undefined ? [] : [each.core]))
  }

  /** Nothing is being put back any more: every core runs, and no actor is on its way up or down. */
  get isRestored(): boolean {
    return this.#isClosed || this.#cores.every(isRestored)
  }

  coreNumbered(number: number): Core | undefined {
    return this.#cores[number]?.core
  }

  /** Number of the life of a core: it changes with each death. */
  lifeOf(core: number): number {
    return this.#cores[core]?.incarnation ?? 0
  }

  // --- SystemPlatform

  allocate(bytes: number): SharedArrayBuffer {
    return new SharedArrayBuffer(bytes)
  }

  drive(core: Core): Driver {
    this.#memory ??= attachSystemMemory(core.memory)
    this.#watchCore(core)
    this.#coreOf(0).core = core
    this.#post.started(0)
    return {
      stop: () => {
        this.#coreOf(0).core = undefined
        this.oracles.ended(core)
      },
    }
  }

  startThread(start: ThreadStart, events: ThreadEvents): CoreThread {
    this.#memory ??= attachSystemMemory(start.memory)
    return createSimThread(this.#threadHost, events)
  }

  async close(): Promise<void> {
    this.#isClosed = true
  }

  /** Makes a behaviour known to every core, whatever module it came from. */
  learn(behaviour: Behaviour<never, never>): void {
    this.#shelf.learn(behaviour as unknown as Behaviour<unknown, unknown>)
  }

  // --- time and faults

  /** Runs `run` after `delayMs` of virtual time. */
  after(delayMs: number, run: () => void): void {
    this.#due.add(this.nowMs + delayMs, run)
  }

  /** Ends a core between two steps. False when it is not running. */
  killCore(number: number, reason = 'killed by the simulator'): boolean {
    const sim = this.#cores[number]
    if (number === 0 || sim?.core === undefined) return false
    this.#end(sim, new CambiumError('ERR_CORE_KILLED', `core died: core=${number}, ${reason}`, { severity: 'crash' }))
    return true
  }

  pauseCore(number: number, forMs: number): void {
    this.#coreOf(number).pausedUntilMs = this.nowMs + forMs
  }

  get coreCount(): number {
    return this.#memory?.cores ?? 0
  }

  /** For so long. */
  partition(sides: readonly (readonly number[])[], forMs: number): void {
    this.after(forMs, this.partitions.cut(sides))
  }

  /** `pick` chooses, below a bound. */
  moveActor(pick: (bound: number) => number): void {
    const move = drawMove(this.cores, this.coreCount, pick)
    if (move !== undefined) this.hooks?.move(move)
  }

  note(core: number, what: string): void {
    this.#trace.note(this.nowMs, core, what)
  }

  /** Rings a core without cause. */
  wakeCore(number: number): void {
    wake(this.#coreOf(number))
  }

  // --- stepping

  /**
   * One step: a turn of one awake core, or a jump of the clock if it may. `idle` when there is nothing to do.
   *
   * What is due is only begun here: a callback of a timer, and what awaits a promise, run after the step. So the clock does not jump in a step
   * that began something; else they would run at a later time than theirs.
   */
  step(mayJump: boolean): 'turn' | 'due' | 'jump' | 'idle' {
    const wasDue = this.#due.nextMs <= this.nowMs
    this.#runDue()
    const awake = this.#cores.filter((sim) => this.#isAwake(sim))
    if (awake.length > 0) {
      this.#turn(this.#pick(awake))
      return 'turn'
    }
    if (wasDue && this.progress.due()) return 'due'
    const nextMs = this.#nextMs()
    if (nextMs === Infinity || (nextMs > this.nowMs && !mayJump)) return 'idle'
    this.#jump(nextMs)
    return 'jump'
  }

  #pick(awake: readonly SimCore[]): SimCore {
    for (let tries = 0; tries < 8; tries += 1) {
      const sim = this.#random.pick(awake)
      if (sim.slowness <= 1 || this.#random.chance(1 / sim.slowness)) return sim
    }
    return awake[0] as SimCore
  }

  #turn(sim: SimCore): void {
    const core = sim.core as Core
    this.steps += 1
    sim.isRequested = false
    const done = this.#runTurn(sim, core)
    this.progress.turn(done ?? 0, this.nowMs)
    if (done === undefined) return
    core.sender.hasSettled = false
    // A turn takes time: otherwise a core with endless work would keep the clock from ever moving.
    if (done > 0) this.nowMs += 0.001 * done
    this.oracles.afterTurn(core, this.partitions.holdsBack(sim.number) || this.delays.holdsBack(sim.number))
    this.#faults.afterTurn(this, sim.number)
    if (sim.core !== core || done > 0 || sim.isRequested) return
    park(sim, core)
  }

  /** The turn itself; undefined when the core died in it. */
  #runTurn(sim: SimCore, core: Core): number | undefined {
    this.#turning = sim.number
    this.#choices.begin()
    if (sim.number !== 0) {
      this.#death.arm(core.memory, this.#faults.deathPoint(), this.#faults.codecDeathPoint())
      sim.isDamageDue ||= this.#faults.crashes('decodeCrash')
    }
    try {
      const done = core.turn()
      if (!this.#death.settle()) return done
    } catch (error) {
      if (!this.#death.settle()) throw error
    } finally {
      this.#turning = undefined
    }
    this.#faults.countDeath()
    this.#end(sim, new CambiumError('ERR_CORE_KILLED', `core died inside a turn: core=${sim.number}`, { severity: 'crash' }))
    return undefined
  }

  /** One of the places in a turn where a thread may end. */
  #point(core: number): void {
    if (this.#turning === core) this.#death.point()
  }

  /** The record in hand is damaged before it is looked at, if that is due. While a handler runs, its message has been looked at. */
  #inHand(number: number): void {
    const sim = this.#coreOf(number)
    if (!sim.isDamageDue || this.#turning !== number || !this.#faults.isOn) return
    if (sim.core?.dispatcher.current === undefined && damageInHand(this.#memory as SystemMemory, number)) sim.isDamageDue = false
  }

  #isAwake(sim: SimCore): boolean {
    return isAwake(sim, this.nowMs, () => this.#faults.wakeDelayMs())
  }

  #nextMs(): number {
    let next = this.#due.nextMs
    for (const sim of this.#cores) {
      if (sim.core === undefined) continue
      if (sim.pausedUntilMs > this.nowMs) next = Math.min(next, sim.pausedUntilMs)
      else next = Math.min(next, sim.core.wheel.nextDueMs())
    }
    return next
  }

  #jump(toMs: number): void {
    if (toMs > this.nowMs) {
      this.nowMs = toMs
      this.progress.jumped()
    }
    this.#runDue()
  }

  #runDue(): void {
    for (let run = this.#due.take(this.nowMs); run !== undefined; run = this.#due.take(this.nowMs)) run()
  }

  #begin(sim: SimCore, start: CoreStart): void {
    const { number } = start
    this.#trace.note(this.nowMs, number, 'core starts')
    const core = new Core({ ...start, memory: this.#memory as SystemMemory, platform: this.#platformOf(number) })
    this.#watchCore(core)
    sim.core = core
    sim.isParked = false
    sim.isRequested = true
    sim.isDamageDue = false
    sim.slowness = this.#faults.slowness()
    core.toRoot({ type: 'hello', core: number })
    this.#post.started(number)
  }

  #end(sim: SimCore, error: CambiumError | undefined): void {
    sim.incarnation += 1
    this.partitions.forget(sim.number)
    this.#post.ended(sim.number)
    this.delays.forget(sim.number)
    sim.core?.sever()
    sim.core = undefined
    this.#trace.note(this.nowMs, sim.number, error === undefined ? 'core ends' : 'core dies')
    const { events } = sim
    sim.events = undefined
    // The root learns of it later, as it does from an exit event.
    this.after(this.#faults.newsDelayMs(), () => {
      events?.onEnd(error === undefined ? undefined : toErrorRecord(error))
    })
  }

  #coreOf(number: number): SimCore {
    while (this.#cores.length <= number) {
      this.#cores.push(createSimCore(this.#cores.length))
    }
    return this.#cores[number] as SimCore
  }

  #watchCore(core: Core): void {
    this.hooks?.coreStarted(core)
    this.#shelf.watchLoader(core)
    this.partitions.watch(core)
    this.delays.watch(core)
    this.#choices.watch(core)
    this.oracles.watchCore(core, this.#memory as SystemMemory)
    const { coreNumber } = core
    if (coreNumber === 0) return // it never dies, and nothing of it crashes
    watchCodec(core, {
      faults: this.#faults,
      point: (tear) => {
        if (this.#turning === coreNumber) this.#death.codecPoint(tear)
      },
    })
  }

  #platformOf(number: number): CorePlatform {
    return createSimPlatform({
      parcels: this.#post.of(number),
      random: this.#random,
      shelf: this.#shelf,
      now: () => {
        if (this.#turning === number) this.nowMs += this.#choices.look()
        return this.nowMs
      },
      requestTurn: () => {
        this.#coreOf(number).isRequested = true
      },
      point: () => {
        this.#point(number)
      },
      inHand: () => {
        this.#inHand(number)
      },
      offload: (url, job, argument, signal) => (this.hooks as WorldHooks).offload(url, job, argument, signal),
    })
  }
}
