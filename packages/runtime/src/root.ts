/**
 * The root of one system, an object on core 0: starts and stops supervised actors on any core by request and answer over the control lanes,
 * keeps what is needed to start them again, and runs their supervisors. All of it in the thread of core 0.
 */
import { EXIT_SHUTDOWN, type ExitReason } from '@cambium/actor'
import { CambiumError, fromErrorRecord, toErrorRecord } from '@cambium/base'
import { Core, createSystemMemory, deadLane, readBooks, recoverBooks, sumBooks, TAKEN } from '@cambium/scheduler'
import type { Answer, CoreBlock, DirectoryOffice, Signal, StartSpec, SystemMemory } from '@cambium/scheduler'
import type { Shutdown, SupervisorAction, SupervisorFlags } from '@cambium/supervision'
import { ActorMoves } from './actor-moves.ts'
import { allocateOrTell } from './allocate-rings.ts'
import { letterOf } from './dead-letter-signal.ts'
import { CorePool } from './core-pool.ts'
import type { CoreLoss } from './core-settlement.ts'
import { adoptionOf, KeptSlots } from './kept-slots.ts'
import { publishLoss } from './loss-news.ts'
import { Roster } from './roster.ts'
import type { CheckedActor } from './spawn-options.ts'
import type { SupervisedActor } from './supervised-actor.ts'
import { SupervisorHost, type SupervisorHostRoot } from './supervisor-host.ts'
import { publishNews } from './system-events.ts'
import type { createSystemEvents } from './system-events.ts'
import type { CheckedOptions } from './system-options.ts'
import type { SystemPlatform } from './system-platform.ts'
import { publishSupervision } from './supervision-news.ts'
import { ToldCycles } from './told-cycles.ts'

const CONTROL_RING_BYTES = 64 << 10

export class Root implements SupervisorHostRoot {
  readonly core: Core
  readonly pool: CorePool
  readonly memory: SystemMemory
  readonly roster: Roster
  readonly #events: ReturnType<typeof createSystemEvents>
  readonly #keptSlots = new KeptSlots()
  readonly moves: ActorMoves
  readonly #platform: SystemPlatform
  readonly #onFailed: (error: CambiumError) => void
  readonly #bootWaiters: ((error: CambiumError | undefined) => void)[] = []
  /** Cores that have never been up. */
  readonly #booting: Set<number>
  readonly #cycles: ToldCycles
  /** First starts that have no answer yet; of those that came up while the system was going down, until they have ended. */
  readonly starting: Set<SupervisedActor> = new Set()
  #isStopping = false
  /** The cores have ended. */
  isClosed = false

  constructor(
    options: CheckedOptions,
    platform: SystemPlatform,
    events: ReturnType<typeof createSystemEvents>,
    onFailed: (error: CambiumError) => void,
  ) {
    this.#events = events
    this.#cycles = new ToldCycles(events)
    this.#platform = platform
    this.#onFailed = onFailed
    const shape = { cores: options.workers + 1, dataRingBytes: options.ringBytes, controlRingBytes: CONTROL_RING_BYTES }
    this.memory = createSystemMemory(shape, (bytes) => allocateOrTell(platform, bytes, options.ringBytes))
    this.core = new Core({
      number: 0,
      memory: this.memory,
      platform: platform.corePlatform,
      limits: options.limits,
      isStrict: options.isStrict,
      onRootSignal: (from, signal) => {
        this.#handle(from, signal)
      },
      onDeadLetter: (letter) => {
        this.#events.publish('dead_letter', letter)
      },
    })
    this.moves = new ActorMoves(this, (move) => events.publish('actor_moved', move))
    this.pool = new CorePool(
      {
        core: this.core,
        adopt: (core) => {
          this.#adopt(core)
        },
        coreLost: (loss) => {
          this.#coreLost(loss)
        },
        restoreChildren: (loss) => {
          this.#restoreChildren(loss)
        },
        coreUp: (core, tookMs, isFromSpare) => {
          this.#coreUp(core, tookMs, isFromSpare)
        },
        mainBlocked: (forMs) => {
          events.publish('main_blocked', { forMs })
        },
        spareReady: () => {
          events.publish('spare_ready', { spares: this.pool.warmSpares })
        },
        spareLost: (loss) => {
          events.publish('spare_lost', loss)
        },
        abandoned: (core, error, abandoned) => {
          events.publish('thread_abandoned', { core, error, abandoned })
        },
        abandonedEnded: (core, abandoned) => {
          events.publish('abandoned_ended', { core, abandoned })
        },
        failed: (error) => {
          this.core.requests.answerLate()
          this.#bootEnded(error)
          this.#onFailed(error)
        },
      },
      platform,
      this.memory,
      options,
    )
    this.roster = new Roster(shape.cores, this.pool.workers, this.core.directory.office as DirectoryOffice)
    this.#booting = new Set(this.pool.workers)
  }

  /** Starts the cores; resolves when all of them run. */
  boot(): Promise<void> {
    this.pool.startAll()
    if (this.#booting.size === 0) return Promise.resolve()
    return new Promise((resolve, reject) => {
      this.#bootWaiters.push((error) => {
        if (error === undefined) resolve()
        else reject(error)
      })
    })
  }

  beginStop(): void {
    this.#isStopping = true
  }

  /** The cores have ended: whoever waits for one of them is told, and what they left behind becomes dead letters. `running` did not end. */
  close(running: readonly number[]): void {
    this.isClosed = true
    const error = new CambiumError('ERR_SYSTEM_CLOSED', 'system has shut down')
    this.core.requests.close(error)
    this.core.sender.end(error)
    const { blocks } = this.memory
    blocks.forEach(({ books }, core) => {
      if (running.includes(core)) return
      if (core !== 0) recoverBooks(this.memory, core)
      this.#bury('shut_down', core, readBooks(books).queued)
    })
    // Core 0 takes what nobody will take from the rings.
    const { put, taken } = sumBooks(blocks.map(({ books }) => readBooks(books)))
    this.core.books[TAKEN] = (this.core.books[TAKEN] as number) + put - taken
    this.#bury('shut_down', 0, put - taken)
  }

  /** `count` messages that died with their core; its books are the root's to write by then. */
  #bury(reason: 'shut_down', core: number, count: number): void {
    if (count <= 0) return
    const { books } = this.memory.blocks[core] as CoreBlock
    books[deadLane(reason)] = (books[deadLane(reason)] as number) + count
    this.#events.publish('dead_letter', { reason, target: { core, slot: 0, generation: 0 }, core, count })
  }

  // --- what supervisors ask for

  now(): number {
    return this.#platform.corePlatform.now()
  }

  /**
   * Makes the record of an actor, with an argument of its own: what the caller, or an incarnation, does to theirs later is not seen by a
   * restart. Throws `ERR_CANNOT_TRAVEL`, `ERR_NAME_TAKEN`.
   */
  enlist(id: string, checked: CheckedActor, limits: SupervisorFlags): SupervisedActor {
    return this.roster.enlist(id, { ...checked, start: this.copyStart(checked.start) }, limits)
  }

  startActor(actor: SupervisedActor, done: (error: Error | undefined) => void): void {
    const { address } = actor
    if (this.#isStopping || actor.isEnding) {
      // Whoever ends it has the last word. The supervisor that wants it back is not needed any more and gets no answer; who starts it first does.
      if (address === undefined && actor.isEnlisted) done(new CambiumError('ERR_SYSTEM_CLOSED', 'system is shutting down'))
      return
    }
    try {
      this.roster.takeName(actor)
    } catch (error) {
      done(error as Error)
      return
    }
    // To a worker it travels as bytes anyway.
    const start = actor.core === 0 ? this.copyStart(actor.start) : actor.start
    const onAnswer: (answer: Answer) => void = (answer) => {
      if (answer.type === 'started') {
        const settled = { core: actor.core, slot: answer.slot, generation: answer.generation }
        this.roster.settle(actor, settled)
        this.pool.started(actor.core, start.module)
        if (actor.downSinceMs !== undefined) {
          this.#events.publish('actor_restarted', { actor: settled, name: start.name, tookMs: this.now() - actor.downSinceMs })
          actor.downSinceMs = undefined
        }
        // A first start that came up while the system was going down; a restart is stopped in its turn.
        if (this.#isStopping && address === undefined) this.endActor(actor, actor.shutdown, () => this.starting.delete(actor))
        else this.starting.delete(actor)
        done(undefined)
      } else if (answer.type === 'start_failed') {
        this.starting.delete(actor)
        done(fromErrorRecord(answer.error))
      }
    }
    if (address === undefined) this.starting.add(actor)
    const send = (request: number): Signal =>
      address === undefined
        ? { type: 'spawn', request, spec: start }
        : { type: 'restart', request, slot: address.slot, generation: address.generation, spec: start }
    this.core.requests.send(actor.core, address !== undefined, send, onAnswer)
  }

  stopActor(actor: SupervisedActor, shutdown: Shutdown, done: (reason: ExitReason) => void): void {
    actor.downSinceMs ??= this.now()
    this.#stop(actor, shutdown, true, done)
  }

  /** Ends an actor for good; its slot and name are free when `done` is called. */
  endActor(actor: SupervisedActor, shutdown: Shutdown, done: (reason: ExitReason) => void): void {
    actor.isEnding = true
    this.#stop(actor, shutdown, false, (reason) => {
      const { address } = actor
      // A successor of its core has been given its slot.
      if (reason.kind === 'core_lost') this.releaseActor(actor)
      else this.roster.forget(actor)
      this.moves.endGuest(address, () => done(reason))
    })
  }

  releaseActor(actor: SupervisedActor): void {
    const { address } = actor
    if (address !== undefined) this.#signal(actor.core, { type: 'release', slot: address.slot, generation: address.generation })
    this.moves.endGuest(address, () => {})
    this.roster.forget(actor)
  }

  report(supervisor: SupervisorHost, action: Extract<SupervisorAction, { type: 'report' }>): void {
    if (this.#isStopping) return
    if (action.report === 'intensity_exceeded' || action.report === 'child_given_up') {
      const reason = action.exit.detail instanceof Error ? action.exit.detail.message : action.exit.kind
      this.#events.publish('given_up', { name: supervisor.name, restarts: action.restarts, reason })
    }
  }

  // --- signals

  #handle(from: number, signal: Signal): void {
    switch (signal.type) {
      case 'hello':
        this.pool.hello(from)
        return
      case 'started':
      case 'start_failed':
      case 'stopped':
      case 'inspected':
        return // so late that nobody waits for it any more
      case 'enlisted':
        this.#keptSlots.enlist(from, signal)
        return
      case 'settled':
        this.moves.settled({ core: from, slot: signal.slot, generation: signal.generation }, signal.hosts)
        return
      case 'discharged':
        this.#keptSlots.discharge({ core: from, slot: signal.slot, generation: signal.generation })
        return
      case 'exited':
        this.#exited(from, signal)
        return
      case 'dead_letter':
        if (from !== 0) this.#events.publish('dead_letter', letterOf(from, signal)) // core 0 shows its own
        return
      case 'news':
        publishNews(this.#events, signal.news)
        return
      case 'supervision':
        publishSupervision(this.#events, signal)
        return
      case 'wait_cycle':
        this.#cycles.tell(signal.cycle)
        return
      case 'fault':
        this.#events.publish('fault', { where: signal.where, error: signal.error })
        return
      default:
        this.#events.publish('fault', {
          where: `signal ${signal.type} from core ${from}`,
          error: toErrorRecord(new CambiumError('ERR_SIGNAL', 'signal is not for the root', { severity: 'bug' })),
        })
    }
  }

  #exited(core: number, signal: Extract<Signal, { type: 'exited' }>): void {
    const { slot, generation, reason, incarnation } = signal
    const actor = this.roster.find({ core, slot, generation })
    if (actor === undefined) {
      this.#signal(core, { type: 'release', slot, generation })
      return
    }
    actor.downSinceMs ??= this.now()
    this.#events.publish('actor_exited', { actor: { core, slot, generation }, name: actor.start.name, reason, incarnation })
    // Its slot is freed by the stop that is under way, or will be in its turn: that is answered, and so waited for, as a release is not.
    if (this.#isStopping || actor.isEnding) return
    const supervisor = actor.supervisor ?? this.#superviseSingle(actor)
    if (signal.loss === undefined) supervisor.exited(actor, reason)
    else supervisor.coreLost([actor], signal.loss.isBlamed ? actor.address : undefined)
  }

  /** Supervisor of an actor spawned singly, made when it is first needed: most actors never fail. */
  #superviseSingle(actor: SupervisedActor): SupervisorHost {
    const host: SupervisorHost = new SupervisorHost(actor.start.name ?? actor.id, actor.limits, [actor], this, () => {
      this.releaseActor(actor)
    })
    host.takeOverRunning(actor)
    return host
  }

  #coreLost(loss: CoreLoss): void {
    const now = this.now()
    for (const actor of this.roster.on(loss.core)) actor.downSinceMs ??= now
    publishLoss(this.#events, loss, this)
    this.core.requests.fail(loss.core, this.core.epochOf(loss.core), loss.error)
  }

  /** The successor of a dead core is told of the slots it takes over, the root's own and those of the supervisors. */
  #adopt(core: number): void {
    const own = this.roster.adoptedSlots(core)
    const lost = this.#keptSlots.lost(core, (address) => this.roster.find(address) !== undefined)
    const slots = this.moves.adopted(core, [...own, ...lost.adopted])
    for (const signal of adoptionOf(slots, lost.kept)) this.core.signal(core, signal)
    for (const signal of lost.news) this.#signal(signal.supervisor.core, signal)
    for (const { core: elsewhere, slot, generation } of lost.orphans)
      this.#signal(elsewhere, { type: 'release', slot, generation })
  }

  #restoreChildren({ core, blamed }: CoreLoss): void {
    this.core.requests.answerLate()
    this.core.lifecycle.childrenLost(core, blamed)
    const bySupervisor = new Map<SupervisorHost, SupervisedActor[]>()
    for (const actor of this.roster.on(core)) {
      if (actor.downSinceMs === undefined || actor.isEnding) continue
      const supervisor = actor.supervisor ?? this.#superviseSingle(actor)
      const group = bySupervisor.get(supervisor)
      if (group === undefined) bySupervisor.set(supervisor, [actor])
      else group.push(actor)
    }
    for (const [supervisor, actors] of bySupervisor) supervisor.coreLost(actors, blamed)
  }

  #coreUp(core: number, tookMs: number | undefined, isFromSpare: boolean): void {
    if (tookMs !== undefined) this.#events.publish('core_restarted', { core, tookMs, isFromSpare })
    if (this.#booting.delete(core) && this.#booting.size === 0) this.#bootEnded(undefined)
  }

  #bootEnded(error: CambiumError | undefined): void {
    for (const waiter of this.#bootWaiters.splice(0)) waiter(error)
  }

  // --- small parts

  #stop(actor: SupervisedActor, shutdown: Shutdown, keepsSlot: boolean, done: (reason: ExitReason) => void): void {
    const { address } = actor
    if (address === undefined || this.isClosed) {
      done(EXIT_SHUTDOWN)
      return
    }
    const timeoutMs = shutdown === 'brutal_kill' ? 0 : shutdown === 'infinity' ? Infinity : shutdown
    const send = (request: number): Signal => ({
      type: 'stop',
      request,
      slot: address.slot,
      generation: address.generation,
      timeoutMs,
      keepsSlot,
    })
    const onAnswer: (answer: Answer) => void = (answer) => {
      if (answer.type === 'stopped') done(answer.reason)
      else if (answer.type === 'start_failed') done({ kind: 'core_lost', error: answer.error })
    }
    this.core.requests.send(actor.core, keepsSlot, send, onAnswer)
  }

  copyStart(start: StartSpec): StartSpec {
    // Wrapped, so that the path in an error begins with what the user calls it.
    const { argument } = this.core.copy({ argument: start.argument }) as { readonly argument: unknown }
    return { ...start, argument }
  }

  #signal(core: number, signal: Signal): void {
    if (core === 0) this.core.handleSignal(signal)
    else this.core.signal(core, signal)
  }
}
