/** A running system: what users hold. `createSystem` runs on any platform; `startSystem` is it on worker threads. */
import type { AnyRef, Behaviour, DirectoryView, ExitReason, Ref } from '@cambium/actor'
import { ActorRef, isRef } from '@cambium/actor'
import { CambiumError, checkDuration, checkFields, formatAddress, optionError } from '@cambium/base'
import type { ActorAddress } from '@cambium/base'
import { CallbackTimer, checkHosted, NAMES, queuedAtMost, readBooks, sumBooks } from '@cambium/scheduler'
import type { Books, CoreReport } from '@cambium/scheduler'
import type { Shutdown } from '@cambium/supervision'
import type { MigrateOptions } from './actor-moves.ts'
import { Balancer } from './balancer.ts'
import { Teams } from './teams.ts'
import type { Team, TeamChildren, TeamOptions, TeamRefs } from './teams.ts'
import { inspectActor } from './inspect.ts'
import type { ActorInspector } from './inspect.ts'
import { Root } from './root.ts'
import type { ShutdownPhase, ShutdownReport } from './shutdown-report.ts'
import { checkActor, checkIntensity, checkShutdown } from './spawn-options.ts'
import type { SpawnOptions } from './spawn-options.ts'
import { monitorFromOutside } from './outside-monitor.ts'
import { stopActors } from './stop-actors.ts'
import type { SupervisedActor } from './supervised-actor.ts'
import { createSystemEvents } from './system-events.ts'
import { attachHooks } from './system-hooks.ts'
import type { ShutdownStage } from './system-hooks.ts'
import type { SystemEvents } from './system-events.ts'
import { checkSystemOptions } from './system-options.ts'
import type { SystemOptions } from './system-options.ts'
import type { SystemPlatform } from './system-platform.ts'

export interface ShutdownOptions {
  /** For draining and stopping together, in milliseconds. @default the system's `shutdownTimeoutMs` */
  readonly timeoutMs?: number
}

export interface StopOptions {
  /** How long it may take, in place of the actor's own. */
  readonly shutdown?: Shutdown
}

/** How the system ended: asked to, or because a restart limit at the top was exceeded. */
export interface Termination {
  readonly reason: 'shutdown' | 'failed'
  readonly error?: CambiumError
}

export interface System extends AsyncDisposable {
  /** Worker threads; cores are numbered from 0, the main thread, to this. */
  readonly cores: number
  /**
   * Starts an actor and resolves with its ref once `init` is done. It is supervised: see {@link SpawnOptions}. Rejects with `ERR_OPTION`,
   * `ERR_NAME_TAKEN`, `ERR_MODULE_LOAD`, `ERR_BEHAVIOUR_NOT_FOUND`, `ERR_INIT_FAILED`, `ERR_INIT_TIMEOUT`, `ERR_CANNOT_TRAVEL` for the argument,
   * `ERR_CORE_LOST`, or `ERR_SYSTEM_CLOSED`.
   */
  spawn<A, M, R>(behaviour: Behaviour<A, M, R>, argument: A, options?: SpawnOptions): Promise<Ref<M, R>>
  /**
   * Starts a team of actors under one supervisor, in order, and resolves with their refs by key. The team is restarted as a whole when it
   * used up its own restarts, until the system's `intensity` is used up too.
   */
  supervise<C extends TeamChildren>(children: C, options?: TeamOptions): Promise<TeamRefs<C>>
  /** What names, registries and groups are made of: a look at the main thread's copy. */
  readonly directory: DirectoryView
  /** The actor of that name, if there is one. */
  whereis<M = unknown, R = unknown>(name: string): Ref<M, R> | undefined
  /**
   * Stops an actor that was spawned singly; queued messages become dead letters. Resolves with how it ended. Rejects with `ERR_OPTION`,
   * `ERR_FOREIGN_REF`, `ERR_NO_SUCH_ACTOR`, or `ERR_TEAM_MEMBER`.
   */
  stop(ref: Ref<never>, options?: StopOptions): Promise<ExitReason>
  /**
   * Moves a running actor to another core, between two of its messages, with state, queue and timers; its ref, bonds and names stay. Resolves when it is there. Rejects, and it goes on where it is,
   * or at home when only the way on from there failed: `ERR_MOVE_TIMEOUT`, `ERR_NOT_MOVABLE`, `ERR_CANNOT_TRAVEL`, `ERR_CORE_LOST`, `ERR_NO_SUCH_ACTOR`, `ERR_NO_SUCH_CORE`, `ERR_FOREIGN_REF`, `ERR_OPTION`, `ERR_SYSTEM_CLOSED`.
   */
  migrate(ref: AnyRef, core: number, options?: MigrateOptions): Promise<void>
  /**
   * Stops a team, given what {@link supervise} resolved with: its children in reverse order of their start, each within its own `shutdown` time.
   * Resolves when all have ended and their names are free. Again, it resolves at once.
   */
  stop(team: TeamRefs<TeamChildren>): Promise<void>
  /**
   * Resolves with how the present incarnation of the actor ended, once it has; with `noproc` at once when it is not there, as between a crash and its
   * restart. An actor that is restarted has ended, too. Rejects with the abort reason, `ERR_OPTION`, `ERR_FOREIGN_REF`, `ERR_NO_SUCH_CORE`, or
   * `ERR_SYSTEM_CLOSED` when the system ended first.
   */
  monitor(ref: AnyRef, options?: { readonly signal?: AbortSignal }): Promise<ExitReason>
  /**
   * A look inside a live actor on whichever core, by name or by ref, over the control lanes: its state and status, suspend and resume, statistics, trace and
   * log. Throws `ERR_OPTION`, `ERR_FOREIGN_REF`, `ERR_NO_SUCH_CORE`, and `ERR_NO_SUCH_ACTOR` for a name that nobody has.
   */
  inspect(actor: AnyRef | string): ActorInspector
  /** The books of all cores: nothing disappears. Exact when nothing is running. */
  books(): Books
  /** The books of one core. */
  booksOf(core: number): Books
  /** A look at each core that runs, through the control plane. A core that is being replaced is left out. */
  report(): Promise<readonly CoreReport[]>
  /**
   * Imports a module on every worker thread ahead of its first use; on a core that is being replaced its successor does. Rejects with
   * `ERR_MODULE_LOAD`, with `ERR_CORE_LOST` when a core dies under it twice, or with `ERR_SYSTEM_CLOSED`.
   */
  load(module: string | URL): Promise<void>
  /** Ends the thread of a core from outside, as a failure would; it is replaced. For tests and drills. */
  killCore(core: number): void
  readonly events: SystemEvents
  /** Drains, stops all actors in reverse order of their start, ends the cores. Later calls get the same answer. */
  shutdown(options?: ShutdownOptions): Promise<ShutdownReport>
  /** Resolves when the system has ended, for whatever reason. */
  readonly terminated: Promise<Termination>
}

/** Shares of the shutdown time by whose end the trees of applications have been stopped, and what is left has been drained. */
const TREES_SHARE = 0.5
const DRAIN_SHARE = 0.6
const DRAIN_LOOK_MS = 2
/** How long the actors of a system that has failed may take to stop, in milliseconds. */
const FAILURE_TIMEOUT_MS = 1000
/** How long a thread may take to end when its actors have stopped, in milliseconds: what they left behind does not keep it alive. */
const THREAD_END_MS = 1000

let systems = 0

export async function createSystem(platform: SystemPlatform, given: SystemOptions = {}): Promise<System> {
  const options = checkSystemOptions(given, platform.parallelism)
  systems += 1 // only a label for telemetry
  const events = createSystemEvents(`system-${systems}`)
  let ended: (termination: Termination) => void = () => {}
  const terminated = new Promise<Termination>((resolve) => {
    ended = resolve
  })
  let shutdownUnderWay: Promise<ShutdownReport> | undefined
  let failure: CambiumError | undefined
  let spawned = 0
  let shutdownHook: ((stage: ShutdownStage) => Promise<void>) | undefined

  const fail = (error: CambiumError): void => {
    if (shutdownUnderWay !== undefined) return // what fails while everything ends is no failure of the system
    failure = error
    void shutdown({ timeoutMs: FAILURE_TIMEOUT_MS })
  }
  const root = new Root(options, platform, events, fail)
  const teams = new Teams(root, events, { intensity: options.intensity, periodMs: options.periodMs }, () => {
    fail(
      new CambiumError(
        'ERR_RESTART_INTENSITY',
        `supervisors failed too often: intensity=${options.intensity}, periodMs=${options.periodMs}`,
        { severity: 'crash' },
      ),
    )
  })
  const balancer = options.balance === undefined ? undefined : new Balancer(root, options.balance)
  const driver = platform.drive(root.core)
  const outsideRef = <M, R>({ address, layouts }: Pick<SupervisedActor, 'address' | 'layouts'>): Ref<M, R> => {
    const { core, slot, generation } = address as ActorAddress
    return new ActorRef(root.core.sender.outside, core, slot, generation, layouts) as unknown as Ref<M, R>
  }
  const checkOpen = (): void => {
    if (shutdownUnderWay !== undefined) throw new CambiumError('ERR_SYSTEM_CLOSED', 'system is shutting down')
  }
  const coreCount = options.workers + 1
  /** By what `supervise` gave out. */
  const teamOf = new WeakMap<object, Team>()
  const allBooks = (): Books => sumBooks(root.memory.blocks.map((block) => readBooks(block.books)))
  const after = (ms: number, callback: () => void): (() => void) => {
    const timer = new CallbackTimer(callback)
    root.core.wheel.start(timer, platform.corePlatform.now() + ms)
    root.core.requestTurn()
    return () => root.core.wheel.cancel(timer)
  }
  const sleep = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      after(ms, resolve)
    })

  const shutdown = async (shutdownOptions: ShutdownOptions = {}): Promise<ShutdownReport> => {
    checkFields('options', shutdownOptions, ['timeoutMs'])
    const timeoutMs = checkDuration('timeoutMs', shutdownOptions.timeoutMs, {
      default: options.shutdownTimeoutMs,
      min: 0,
      max: 86_400_000,
    })
    shutdownUnderWay ??= endSystem(timeoutMs)
    return shutdownUnderWay
  }

  const queued = (): number => Math.max(0, queuedAtMost(root.memory.blocks.map((block) => block.books)))
  /** Waits until two looks, one after the other, find nothing queued, or the time is up; answers how much is left. */
  const drained = async (untilMs: number): Promise<number> => {
    let left = queued()
    for (let before = 1; left + before > 0 && platform.corePlatform.now() < untilMs; left = queued()) {
      before = left
      await sleep(DRAIN_LOOK_MS)
    }
    return left
  }

  const endSystem = async (timeoutMs: number): Promise<ShutdownReport> => {
    const startedMs = platform.corePlatform.now()
    const leftMs = (): number => Math.max(0, startedMs + timeoutMs - platform.corePlatform.now())
    const phases: ShutdownPhase[] = []
    let phaseMs = startedMs
    const phase = (name: ShutdownPhase['name'], left: number): void => {
      const now = platform.corePlatform.now()
      phases.push({ name, tookMs: now - phaseMs, left })
      phaseMs = now
    }
    let undrained = 0
    const drain = async (untilMs: number): Promise<void> => {
      undrained = Math.max(undrained, failure === undefined ? await drained(untilMs) : queued())
    }
    await shutdownHook?.({ untilMs: startedMs + timeoutMs * TREES_SHARE, drain })
    balancer?.stop()
    root.core.handleSignal({ type: 'close' })
    await drain(startedMs + timeoutMs * DRAIN_SHARE)
    phase('drain', undrained)
    root.beginStop()
    await stopActors(root, root.roster.actors.reverse(), startedMs + timeoutMs)
    // What was under way of being started comes up now, and is stopped, or it would end with its thread.
    while (root.starting.size > 0 && leftMs() > 0) await sleep(DRAIN_LOOK_MS)
    phase('stop', root.roster.actors.length)
    const running = await root.pool.stopAll(Math.min(THREAD_END_MS, Math.max(100, leftMs())))
    const { cores: abandoned, count: abandonedThreads } = root.pool.abandoned
    phase('end', abandonedThreads)
    root.core.flush()
    root.close(running)
    driver.stop()
    await platform.close()
    const books = allBooks()
    ended(failure === undefined ? { reason: 'shutdown' } : { reason: 'failed', error: failure })
    const tookMs = platform.corePlatform.now() - startedMs
    return { isDrained: undrained === 0, undrained, phases, abandoned, abandonedThreads, books, tookMs }
  }

  function stop(ref: Ref<never>, stopOptions?: StopOptions): Promise<ExitReason>
  function stop(team: TeamRefs<TeamChildren>): Promise<void>
  async function stop(what: unknown, stopOptions: StopOptions = {}): Promise<ExitReason | void> {
    checkFields('options', stopOptions, ['shutdown'])
    const how = checkShutdown(stopOptions.shutdown)
    if (!isRef(what)) {
      const team = typeof what === 'object' && what !== null ? teamOf.get(what) : undefined
      if (team === undefined) throw optionError('ref', what, 'a ref, or what supervise resolved with')
      if (how !== undefined) throw optionError('shutdown', how, 'none for a team, whose children have their own')
      await Promise.race([teams.stop(team), terminated])
      return
    }
    checkHosted(what, root.core.sender)
    const actor = root.roster.find(what)
    if (actor === undefined)
      throw new CambiumError('ERR_NO_SUCH_ACTOR', `no supervised actor has this ref: ref=${formatAddress(what)}`)
    if (teams.has(actor)) {
      const message = `actor belongs to a team, which decides about it: ref=${formatAddress(what)}, id=${actor.id}`
      throw new CambiumError('ERR_TEAM_MEMBER', message)
    }
    return new Promise((resolve) => {
      root.endActor(actor, how ?? actor.shutdown, resolve)
    })
  }

  const start = <A, M, R>(
    behaviour: Behaviour<A, M, R>,
    argument: A,
    spawnOptions: SpawnOptions,
    onGone?: (reason: ExitReason) => void,
  ): Promise<{ readonly actor: SupervisedActor; readonly ref: Ref<M, R> }> => {
    checkOpen()
    const checked = checkActor(behaviour, argument, spawnOptions, coreCount, ['intensity', 'periodMs'])
    spawned += 1
    const actor = root.enlist(`spawn-${spawned}`, checked, checkIntensity(spawnOptions))
    actor.onGone = onGone
    if (actor.core === 0) root.core.loader.learn(behaviour as unknown as Behaviour<unknown, unknown>)
    return new Promise((resolve, reject) => {
      root.startActor(actor, (error) => {
        if (error === undefined) {
          resolve({ actor, ref: outsideRef(actor) }) // now: it may have ended, and lost its address, when who waits comes to it
          return
        }
        root.roster.discharge(actor)
        reject(error)
      })
    })
  }

  const system: System = {
    cores: options.workers,
    events,
    terminated,
    async spawn(behaviour, argument, spawnOptions = {}) {
      return (await start(behaviour, argument, spawnOptions)).ref
    },
    async supervise(children, teamOptions = {}) {
      checkOpen()
      const team = await teams.start(children, teamOptions, coreCount)
      const refs = Object.fromEntries(
        team.actors.map(({ id, lastAddress: address, layouts }) => [id, outsideRef({ address, layouts })]),
      )
      teamOf.set(refs, team)
      return refs as TeamRefs<typeof children>
    },
    directory: {
      find: (space, key) =>
        root.core.directory
          .find(space, key)
          .map((entry) => ({ ...entry, ref: outsideRef({ address: entry.ref, layouts: undefined }) as unknown as AnyRef })),
      keys: (space) => root.core.directory.keys(space),
    },
    whereis(name) {
      const entry = root.core.directory.first(NAMES, name)
      return entry === undefined ? undefined : outsideRef(root.roster.find(entry) ?? { address: entry, layouts: undefined })
    },
    stop,
    async migrate(ref, core, migrateOptions = {}) {
      checkOpen()
      await root.moves.migrateFromOutside(ref, core, migrateOptions)
    },
    monitor: (ref, monitorOptions = {}) => monitorFromOutside(root.core, terminated, ref, monitorOptions),
    inspect(actor) {
      return inspectActor(root.core, actor, () => root.isClosed)
    },
    books: allBooks,
    booksOf(core) {
      const block = Number.isInteger(core) ? root.memory.blocks[core] : undefined
      if (block === undefined) throw optionError('core', core, `a core from 0 to ${coreCount - 1}`)
      return readBooks(block.books)
    },
    async report() {
      const reports = root.pool.workers.map(async (core) => {
        const thread = root.pool.isUp(core) ? root.pool.thread(core) : undefined
        try {
          return await thread?.report()
        } catch (error) {
          if (root.pool.isUp(core) && root.pool.thread(core) === thread) throw error
          return undefined // it ended meanwhile
        }
      })
      return [root.core.report(), ...(await Promise.all(reports)).filter((report) => report !== undefined)]
    },
    async load(module) {
      const url = String(module)
      if (!URL.canParse(url)) throw optionError('module', url, 'a URL such as import.meta.url')
      checkOpen()
      try {
        await Promise.all(root.pool.workers.map((core) => root.pool.load(core, url)))
      } catch (error) {
        checkOpen() // what ends with its system says so
        throw error
      }
    },
    killCore(core) {
      if (!Number.isInteger(core) || core < 1 || core >= coreCount)
        throw optionError('core', core, `a worker's core from 1 to ${coreCount - 1}`)
      root.pool.kill(core, new CambiumError('ERR_CORE_KILLED', `core was killed on request: core=${core}`, { severity: 'crash' }))
    },
    shutdown,
    async [Symbol.asyncDispose]() {
      await shutdown()
    },
  }

  attachHooks(system, {
    now: () => platform.corePlatform.now(),
    checkOpen,
    after,
    async startTree(behaviour, argument, treeOptions, onGone) {
      const { actor, ref } = await start(behaviour, argument, treeOptions, onGone)
      return {
        ref,
        stop: (untilMs) =>
          untilMs === undefined
            ? new Promise((resolve) => {
                root.endActor(actor, actor.shutdown, () => {
                  resolve()
                })
              })
            : stopActors(root, [actor], untilMs),
        replaceArgument(replaced) {
          actor.start = root.copyStart({ ...actor.start, argument: replaced })
        },
      }
    },
    onShutdown(hook) {
      shutdownHook = hook
    },
    fail,
    publish(event, ...args) {
      events.publish(event, ...args)
    },
  })

  try {
    await root.boot()
    balancer?.start()
  } catch (error) {
    await shutdown({ timeoutMs: FAILURE_TIMEOUT_MS })
    throw error
  }
  return system
}
