/**
 * Runs the nodes of a graph that were declared with modules, each on a thread of its own (each worker of a pool on one), and watches them.
 *
 * 1. `startPipeline` resolves when all threads have taken their places and their handlers have started. When one cannot, or dies before that
 *    under the policy `halt`, all are ended and it rejects with the first of these faults; the graph can be started again.
 * 2. A thread that dies is dealt with after its exit, by the policy: evicted, restarted, or the whole pipeline halted. Either way nobody waits for
 *    it any more, and it is told.
 *    A thread that fails while it ends, as asked, is told too.
 * 3. Stages join and leave while it runs. A stage that leaves finishes its batch first.
 * 4. `close` waits for what is published, halts the ring for good, and ends the threads. Producers that wait then see `NO_ROOM`. Until the ring is
 *    halted a thread that dies is dealt with as before: what `close` waits for may be behind it.
 */
import { checkDuration, checkFields, fromErrorRecord, optionError, toErrorRecord } from '@cambium/base'
import type { ErrorRecord } from '@cambium/base'
import { evictPlace } from '@cambium/ring'
import type { LayoutFields, NodeDescriptor, Topology } from '@cambium/ring'
import { pipelineClosedError, pipelineStageError } from './errors.ts'
import { checkPipelineOptions } from './pipeline-options.ts'
import type { DeathAction, PipelineLimits, PipelineOptions } from './pipeline-options.ts'
import { StageRunner } from './stage-runner.ts'
import type { SeatPlan } from './stage-runner.ts'
import type { StageSeat, StageTally } from './stage-setting.ts'
import { stageThreads } from './stage-threads.ts'
import type { StagePlatform } from './stage-threads.ts'

/** A stage that joins a pipeline while it runs. */
export interface StageDeclaration {
  readonly name: string
  /** URL of the module that has its handler. */
  readonly module: URL | string
  /** What the module exports it as. @default its name */
  readonly export?: string
  /** Given to the handler's maker. */
  readonly argument?: unknown
  /** Names of the nodes and stages that it comes after. @default none: it comes after the producer */
  readonly after?: readonly string[]
}

export interface StageReport extends StageTally {
  readonly stage: string
  readonly worker: number
  readonly state: 'starting' | 'running' | 'ended'
  /** Its place in the ring; undefined when it has none any more. */
  readonly place: number | undefined
  /** Whether its thread had to be ended in the middle of a record. */
  readonly isTerminated: boolean
  /** What its last thread died of, or failed with while it ended. */
  readonly error: ErrorRecord | undefined
}

export interface PipelineReport {
  /** Whether all that was published has been handled. */
  readonly isDrained: boolean
  readonly stages: readonly StageReport[]
}

/** A graph whose stages run on threads of their own. */
export interface Pipeline extends AsyncDisposable {
  /**
   * One entry for each thread; then one for each stage that was evicted, of the last 32. The counts are of threads that have ended, those of
   * predecessors included. A record in hand at an exit is not counted. Of a thread that was terminated all that it passed counts as handled, as far
   * as the ring says it (modulo 2^32); of a pool's worker the ring does not say it.
   */
  readonly stages: readonly StageReport[]
  /** Resolves with {@link close}'s report, however the pipeline comes to its end. */
  readonly closed: Promise<PipelineReport>
  /**
   * Starts a stage behind others, or, by the name of a pool, one more worker of it. It gets what is claimed from now on.
   *
   * @throws `ERR_PIPELINE_STAGE`, `ERR_PIPELINE_CLOSED`, `ERR_STAGE_MODULE`, `ERR_STAGE_EXPORT`, `ERR_STAGE_MAKER`, `ERR_STAGE_PROMISE`, `ERR_STAGE_HOOK`,
   * `ERR_STAGE_START`, `ERR_STAGE_EXIT`, `ERR_OPTION`
   */
  join(stage: StageDeclaration | string): Promise<void>
  /**
   * Ends a stage after its batch: nobody waits for it any more, and those behind it are behind those that it was behind. `worker` ends one
   * worker of a pool. Resolves with the reports of the threads that have ended.
   *
   * @throws `ERR_PIPELINE_STAGE`, `ERR_PIPELINE_CLOSED`, `ERR_OPTION`
   */
  leave(stage: string, worker?: number): Promise<readonly StageReport[]>
  /**
   * Waits until all that is published has been handled; false after `timeoutMs`, or when the pipeline was halted before.
   *
   * @default the pipeline's `drainTimeoutMs`
   * @throws `ERR_OPTION`
   */
  drain(timeoutMs?: number): Promise<boolean>
  /** Drains, halts, ends all threads. Any number of times. */
  close(): Promise<PipelineReport>
}

/**
 * Starts a thread for each node of the graph that has a module, and for each worker of a pool. Other nodes are left to whoever runs them.
 *
 * @throws `ERR_PIPELINE_STAGE` when no node has a module, `ERR_STAGE_MODULE`, `ERR_STAGE_EXPORT`, `ERR_STAGE_MAKER`, `ERR_STAGE_PROMISE`,
 * `ERR_STAGE_HOOK`, `ERR_STAGE_START`, `ERR_STAGE_EXIT`, `ERR_OPTION`; under the policy `halt` also what a stage died of
 */
export async function startPipeline<F extends LayoutFields>(
  topology: Topology<F>,
  options: PipelineOptions = {},
): Promise<Pipeline> {
  const limits = checkPipelineOptions(options)
  if (!isTopology(topology)) throw optionError('topology', topology, 'a graph from disruptor(…).build()')
  const pipeline = new ThreadPipeline(topology, limits, stageThreads)
  // Two threads at one place would both count what they handle.
  if (running.has(topology)) throw pipelineStageError('the graph runs already', topology.nodes[0]?.name ?? '')
  running.add(topology)
  try {
    await pipeline.start()
  } catch (error) {
    running.delete(topology)
    throw error
  }
  return pipeline
}

function isTopology(topology: Partial<Topology<LayoutFields>> | null | undefined): boolean {
  const { nodes, layout } = topology ?? {}
  const isNode = (node: Partial<NodeDescriptor> | null | undefined): boolean =>
    typeof node?.name === 'string' && Number.isInteger(node.workers) && node.workers! >= 0 && node.workers! <= WORKERS_MAX
  return Array.isArray(nodes) && nodes.every(isNode) && Array.isArray(layout?.fields)
}

/** Graphs that have a pipeline in this thread, or had one: a ring that was halted is not begun anew. */
const running = new WeakSet<object>()

function reportOf({ plan, state, place, isTerminated, error, tally }: StageRunner): StageReport {
  return { stage: plan.stage, worker: plan.worker, state, place, isTerminated, error, ...tally }
}

/** Reports of stages that were evicted; as many as a ring has places. */
const EVICTED_MAX = 32

const DRAIN_LOOK_MS_MAX = 16
/** Of one node: as many as a ring has places. */
const WORKERS_MAX = 32

class ThreadPipeline<F extends LayoutFields> implements Pipeline {
  readonly closed: Promise<PipelineReport>
  readonly #topology: Topology<F>
  readonly #fields: LayoutFields
  readonly #limits: PipelineLimits
  readonly #platform: StagePlatform
  readonly #runners: StageRunner[] = []
  /** The last ones whose death evicted them. */
  readonly #evicted: StageReport[] = []
  /** When each runner was restarted, as far as it counts. */
  readonly #restarts = new Map<StageRunner, readonly number[]>()
  readonly #resolveClosed: (report: PipelineReport) => void
  /** No stage joins or leaves any more. */
  #isClosing = false
  /** The ring was halted: nothing is handled any more but what is in hand. */
  #isHalted = false
  #isStarted = false
  /** Why it cannot start: the first fault, for what follows may be its consequence. */
  #startFault: Error | undefined
  #owners: number
  #callOffWatch: () => void = () => {}

  constructor(topology: Topology<F>, limits: PipelineLimits, platform: StagePlatform) {
    this.#topology = topology
    this.#fields = Object.fromEntries(topology.layout.fields.map(({ name, type }) => [name, { ...type }]))
    this.#limits = limits
    this.#platform = platform
    this.#owners = limits.ownersFrom
    const { promise, resolve } = Promise.withResolvers<PipelineReport>()
    this.closed = promise
    this.#resolveClosed = resolve
  }

  async start(): Promise<void> {
    const nodes = this.#topology.nodes.filter(({ module }) => module !== undefined)
    if (nodes.length === 0) throw pipelineStageError('no node was declared with a module', this.#topology.nodes[0]?.name ?? '')
    for (const node of nodes) {
      for (let worker = 0; worker < Math.max(node.workers, 1); worker++) this.#runners.push(this.#nodeRunner(node, worker))
    }
    await Promise.all(this.#runners.map((runner) => runner.start().catch((error: unknown) => this.#failStart(error as Error))))
    if (this.#startFault !== undefined) {
      await Promise.all(this.#runners.map((runner) => runner.end()))
      for (const runner of this.#runners) runner.makeRoom()
      throw this.#startFault
    }
    this.#isStarted = true
    this.#watch()
  }

  #failStart(fault: Error): void {
    if (this.#startFault !== undefined) return
    this.#startFault = fault
    for (const runner of this.#runners) void runner.end()
  }

  get stages(): readonly StageReport[] {
    return [...this.#runners.map(reportOf), ...this.#evicted]
  }

  async join(declared: StageDeclaration | string): Promise<void> {
    this.#checkOpen()
    const runner = typeof declared === 'string' ? this.#workerRunner(declared) : this.#joinRunner(declared)
    this.#runners.push(runner)
    try {
      await runner.start()
    } catch (error) {
      this.#forget(runner)
      runner.makeRoom()
      // It was ended because all are: that is why it did not join.
      throw this.#isHalted && runner.isEnding ? pipelineClosedError() : error
    }
  }

  async leave(stage: string, worker?: number): Promise<readonly StageReport[]> {
    this.#checkOpen()
    if (typeof stage !== 'string') throw optionError('stage', stage, 'the name of a stage')
    const leaving = this.#runners.filter(({ plan }) => plan.stage === stage && (worker === undefined || plan.worker === worker))
    if (leaving.length === 0) throw pipelineStageError('there is no such stage', stage)
    await Promise.all(leaving.map((runner) => runner.end()))
    for (const runner of leaving) this.#evict(runner)
    return leaving.map(reportOf)
  }

  async drain(timeoutMs: number = this.#limits.drainTimeoutMs): Promise<boolean> {
    const platform = this.#platform
    // Of a number that is none the wait would never end.
    const limitMs = checkDuration('timeoutMs', timeoutMs, { default: 0, min: 0, max: Infinity })
    const deadline = platform.now() + limitMs
    for (let lookMs = 1; !this.#topology.isDrained; lookMs = Math.min(lookMs * 2, DRAIN_LOOK_MS_MAX)) {
      if (this.#isHalted || platform.now() >= deadline) return false
      await platform.sleep(lookMs)
    }
    return true
  }

  close(): Promise<PipelineReport> {
    if (!this.#isClosing) {
      this.#isClosing = true
      void this.drain().then(() => this.#halt())
    }
    return this.closed
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  /** At the end of `close`'s wait, or at a death before it; the first of the two ends the threads. */
  async #halt(): Promise<void> {
    if (this.#isHalted) return
    this.#isClosing = true
    this.#isHalted = true
    this.#callOffWatch()
    this.#topology.halt()
    await Promise.all(this.#runners.map((runner) => (runner.state === 'starting' ? runner.end() : runner.exitInTime())))
    this.#resolveClosed({ isDrained: this.#topology.isDrained, stages: this.stages })
  }

  #nodeRunner(node: NodeDescriptor, worker: number): StageRunner {
    return this.#runner(node.name, worker, { kind: 'node', node }, node.module!)
  }

  #workerRunner(stage: string): StageRunner {
    const node = this.#topology.nodes.find(({ name }) => name === stage)
    if (node?.kind !== 'pool' || node.module === undefined) throw pipelineStageError('it is no pool with a module', stage)
    const workers = this.#runners.filter(({ plan }) => plan.stage === stage).map(({ plan }) => plan.worker)
    return this.#nodeRunner(node, Math.max(-1, ...workers) + 1)
  }

  #joinRunner(declared: StageDeclaration): StageRunner {
    checkFields('stage', declared, ['name', 'module', 'export', 'argument', 'after'])
    const { name, module, after = [] } = declared
    if (typeof name !== 'string' || name === '') throw pipelineStageError('it has no name', String(name))
    if (this.#placeOf(name) !== undefined || this.#runners.some(({ plan }) => plan.stage === name)) {
      throw pipelineStageError('there is one of this name', name)
    }
    const url = String(module)
    if (!URL.canParse(url)) throw pipelineStageError(`its module is not named by a URL (${url})`, name)
    const areNames = Array.isArray(after) && after.every((one) => typeof one === 'string')
    if (!areNames) throw optionError('after', after, 'an array of names')
    const places = after.map((one: string) => {
      const place = this.#placeOf(one)
      if (place === undefined) throw pipelineStageError('there is none of this name to come after', one)
      return place
    })
    const seat: StageSeat = { kind: 'join', ring: this.#topology.ring, after: places }
    return this.#runner(name, 0, seat, { url, name: declared.export ?? name, argument: declared.argument })
  }

  #placeOf(stage: string): number | undefined {
    const node = this.#topology.nodes.find(({ name }) => name === stage)
    const runner = this.#runners.find(({ plan }) => plan.stage === stage)
    // A node that was run here may have left; its place may be somebody else's.
    if (node !== undefined) return node.module === undefined || runner !== undefined ? node.place : undefined
    return runner?.place
  }

  #runner(stage: string, worker: number, seat: StageSeat, module: SeatPlan['setting']['module']): StageRunner {
    const { wait, timeoutMs, maxBatch, startTimeoutMs, haltTimeoutMs } = this.#limits
    const setting = { stage, worker, module, fields: this.#fields, wait, timeoutMs, maxBatch }
    const plan = { stage, worker, seat, ring: this.#topology.ring, setting }
    const nextOwner = (): number => this.#owners++
    return new StageRunner(plan, this.#platform, { startTimeoutMs, haltTimeoutMs, nextOwner }, (runner, error) =>
      this.#died(runner, error),
    )
  }

  /** After the exit of its thread. */
  #died(runner: StageRunner, error: ErrorRecord): void {
    const { inHand } = runner
    const { stage, worker } = runner.plan
    // Everything ends then, and every place stays as it was.
    if (this.#startFault !== undefined) return
    const action = this.#isHalted ? 'halted' : this.#actionFor(runner)
    if (action === 'halted' && !this.#isStarted) {
      this.#failStart(fromErrorRecord(error))
      return
    }
    try {
      if (action === 'evicted') {
        this.#evict(runner)
        if (!runner.isEnding) this.#keep(reportOf(runner))
      } else if (action === 'restarted') this.#restart(runner)
    } catch (fault) {
      // Its place could not be freed, as when another dead thread holds the lock: that is what its user has to know first.
      this.#limits.onStageDeath({ stage, worker, error: toErrorRecord(fault), inHand, action })
      return
    }
    if (action === 'halted') void this.#halt()
    this.#limits.onStageDeath({ stage, worker, error, inHand, action })
  }

  #actionFor(runner: StageRunner): DeathAction {
    if (runner.isEnding) return 'evicted'
    const { onDeath, restartsMax, restartPeriodMs } = this.#limits
    if (onDeath === 'halt') return 'halted'
    if (onDeath === 'evict') return 'evicted'
    const now = this.#platform.now()
    const counted = [...(this.#restarts.get(runner) ?? []), now].filter((at) => now - at < restartPeriodMs)
    this.#restarts.set(runner, counted)
    return counted.length > restartsMax ? 'evicted' : 'restarted'
  }

  #restart(runner: StageRunner): void {
    runner.makeRoom()
    runner.start().catch((error: unknown) => {
      // A successor that does not get ready is one more death.
      if (!this.#isHalted && !runner.isEnding) this.#died(runner, toErrorRecord(error))
    })
  }

  /** After its exit. When the last worker of a pool is gone, nobody takes what the pool waits for. */
  #evict(runner: StageRunner): void {
    if (!this.#forget(runner)) return
    runner.evict()
    const { seat, ring, stage } = runner.plan
    const isPool = seat.kind === 'node' && seat.node.kind === 'pool'
    if (isPool && this.#runners.every(({ plan }) => plan.stage !== stage)) evictPlace(ring, seat.node.place)
  }

  #keep(report: StageReport): void {
    this.#evicted.push(report)
    if (this.#evicted.length > EVICTED_MAX) this.#evicted.shift()
  }

  /** False when it was forgotten before. */
  #forget(runner: StageRunner): boolean {
    this.#restarts.delete(runner)
    const at = this.#runners.indexOf(runner)
    if (at >= 0) this.#runners.splice(at, 1)
    return at >= 0
  }

  #checkOpen(): void {
    if (this.#isClosing) throw pipelineClosedError()
  }

  /** Looks four times in the limit at what each thread has in hand. */
  #watch(): void {
    const { stuckMs } = this.#limits
    if (stuckMs === Infinity) return
    const seen = new Map<StageRunner, { sequence: number; since: number }>()
    const look = (): void => {
      const now = this.#platform.now()
      for (const runner of this.#runners) {
        const sequence = runner.state === 'running' ? runner.inHand?.sequence : undefined
        const before = seen.get(runner)
        if (sequence === undefined) seen.delete(runner)
        else if (before === undefined || before.sequence !== sequence) seen.set(runner, { sequence, since: now })
        else if (now - before.since >= stuckMs) {
          seen.delete(runner)
          runner.giveUp(sequence, stuckMs)
        }
      }
      this.#callOffWatch = this.#platform.later(stuckMs / 4, look)
    }
    look()
  }
}
