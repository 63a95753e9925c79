/** A running system: what users hold. `createSystem` runs on any platform; `startSystem` is it on worker threads. */
import type { Behaviour, ExitReason, Ref } from '@cambium/actor'
import { ActorRef, isRef } from '@cambium/actor'
import { CambiumError, checkDuration, checkFields, formatAddress, optionError } from '@cambium/base'
import type { ActorAddress } from '@cambium/base'
import { CallbackTimer, readBooks, sumBooks } from '@cambium/scheduler'
import type { Books, CoreReport } from '@cambium/scheduler'
import type { Shutdown } from '@cambium/supervision'
import { Groups } from './groups.ts'
import type { GroupChildren, GroupOptions, GroupRefs } from './groups.ts'
import { Root } from './root.ts'
import { checkActor, checkBudget, checkShutdown } from './spawn-options.ts'
import type { SpawnOptions } from './spawn-options.ts'
import { stopActors } from './stop-actors.ts'
import { createSystemEvents } from './system-events.ts'
import type { SystemEvents } from './system-events.ts'
import { checkSystemOptions } from './system-options.ts'
import type { SystemOptions } from './system-options.ts'
import type { SystemPlatform } from './system-platform.ts'

export interface ShutdownOptions {
  /** For draining and stopping together, in milliseconds. @default the system's `shutdownTimeoutMs` */
  readonly timeoutMs?: number
}

export interface ShutdownReport {
  /** Whether every queued message was processed before the actors were stopped. */
  readonly isDrained: boolean
  /** Messages that were still queued when the time for draining was up; they became dead letters. */
  readonly undrained: number
  /** Cores whose thread did not end. */
  readonly abandoned: readonly number[]
  readonly books: Books
  readonly tookMs: number
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
   * Starts a group of actors under one supervisor, in order, and resolves with their refs by key. The group is restarted as a whole when it
   * used up its own restarts, until the system's `intensity` is used up too.
   */
  supervise<C extends GroupChildren>(children: C, options?: GroupOptions): Promise<GroupRefs<C>>
  /** The actor of that name, if there is one. */
  whereis<M = unknown, R = unknown>(name: string): Ref<M, R> | undefined
  /** Stops an actor that was spawned singly; queued messages become dead letters. Resolves with how it ended. */
  stop(ref: Ref<never>, options?: { readonly shutdown?: Shutdown }): Promise<ExitReason>
  /** The books of all cores: nothing disappears. Exact when nothing is running. */
  books(): Books
  /** The books of one core. */
  booksOf(core: number): Books
  /** A look at each core that runs, through the control plane. A core that is being replaced is left out. */
  report(): Promise<readonly CoreReport[]>
  /** Imports a module on every worker thread ahead of its first use. */
  load(module: string | URL): Promise<void>
  /** Ends the thread of a core from outside, as a failure would; it is replaced. For tests and drills. */
  killCore(core: number): void
  readonly events: SystemEvents
  /** Drains, stops all actors in reverse order of their start, ends the cores. Later calls get the same answer. */
  shutdown(options?: ShutdownOptions): Promise<ShutdownReport>
  /** Resolves when the system has ended, for whatever reason. */
  readonly terminated: Promise<Termination>
}

/** Share of the shutdown time that draining may take. */
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

  const fail = (error: CambiumError): void => {
    if (shutdownUnderWay !== undefined) return // what fails while everything ends is no failure of the system
    failure = error
    void shutdown({ timeoutMs: FAILURE_TIMEOUT_MS })
  }
  const root = new Root(options, platform, events, fail)
  const groups = new Groups(root, events, { intensity: options.intensity, periodMs: options.periodMs }, () => {
    fail(
      new CambiumError(
        'ERR_RESTART_INTENSITY',
        `supervisors failed too often: intensity=${options.intensity}, periodMs=${options.periodMs}`,
        { severity: 'crash' },
      ),
    )
  })
  const driver = platform.drive(root.core)
  const outsideRef = <M, R>(address: ActorAddress): Ref<M, R> =>
    new ActorRef(root.core.sender.outside, address.core, address.slot, address.generation) as unknown as Ref<M, R>
  const checkOpen = (): void => {
    if (shutdownUnderWay !== undefined) throw new CambiumError('ERR_SYSTEM_CLOSED', 'system is shutting down')
  }
  const coreCount = options.workers + 1
  const allBooks = (): Books => sumBooks(root.memory.blocks.map((block) => readBooks(block.books)))
  const sleep = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      root.core.wheel.start(new CallbackTimer(resolve), platform.corePlatform.now() + ms)
      root.core.requestTurn()
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

  const drained = async (untilMs: number): Promise<boolean> => {
    let before = -1
    // Two looks that agree: books are read core by core while they change.
    for (;;) {
      const books = allBooks()
      if (books.queued === 0 && before === books.sent) return true
      before = books.queued === 0 ? books.sent : -1
      if (platform.corePlatform.now() >= untilMs) return false
      await sleep(DRAIN_LOOK_MS)
    }
  }

  const endSystem = async (timeoutMs: number): Promise<ShutdownReport> => {
    const startedMs = platform.corePlatform.now()
    const leftMs = (): number => Math.max(0, startedMs + timeoutMs - platform.corePlatform.now())
    root.core.handleSignal({ type: 'close' })
    const isDrained = failure === undefined && (await drained(startedMs + timeoutMs * DRAIN_SHARE))
    const undrained = isDrained ? 0 : Math.max(0, allBooks().queued)
    root.beginStop()
    await stopActors(root, root.roster.actors.reverse(), startedMs + timeoutMs)
    const abandoned = await root.pool.stopAll(Math.min(THREAD_END_MS, Math.max(100, leftMs())))
    root.core.flush()
    root.close(abandoned)
    driver.stop()
    await platform.close()
    const books = allBooks()
    ended(failure === undefined ? { reason: 'shutdown' } : { reason: 'failed', error: failure })
    return { isDrained, undrained, abandoned, books, tookMs: platform.corePlatform.now() - startedMs }
  }

  const system: System = {
    cores: options.workers,
    events,
    terminated,
    async spawn(behaviour, argument, spawnOptions = {}) {
      checkOpen()
      const checked = checkActor(behaviour, argument, spawnOptions, coreCount, ['intensity', 'periodMs'])
      spawned += 1
      const actor = root.enlist(`spawn-${spawned}`, checked, checkBudget(spawnOptions))
      if (actor.core === 0) root.core.loader.learn(behaviour as unknown as Behaviour<unknown, unknown>)
      return new Promise((resolve, reject) => {
        root.startActor(actor, (error) => {
          if (error === undefined) {
            resolve(outsideRef(actor.address as ActorAddress))
            return
          }
          root.roster.discharge(actor)
          reject(error)
        })
      })
    },
    async supervise(children, groupOptions = {}) {
      checkOpen()
      const actors = await groups.start(children, groupOptions, coreCount)
      return Object.fromEntries(actors.map((actor) => [actor.id, outsideRef(actor.address as ActorAddress)])) as GroupRefs<
        typeof children
      >
    },
    whereis(name) {
      const address = root.roster.named(name)?.address
      return address === undefined ? undefined : outsideRef(address)
    },
    async stop(ref, stopOptions = {}) {
      if (!isRef(ref)) throw optionError('ref', ref, 'a ref')
      checkFields('options', stopOptions, ['shutdown'])
      const how = checkShutdown(stopOptions.shutdown)
      const actor = root.roster.find(ref)
      if (actor === undefined)
        throw new CambiumError('ERR_NO_SUCH_ACTOR', `no supervised actor has this ref: ref=${formatAddress(ref)}`)
      if (groups.has(actor))
        throw new CambiumError(
          'ERR_GROUP_MEMBER',
          `actor belongs to a group, which decides about it: ref=${formatAddress(ref)}, id=${actor.id}`,
        )
      return new Promise((resolve) => {
        root.endActor(actor, how ?? actor.shutdown, resolve)
      })
    },
    books: allBooks,
    booksOf(core) {
      const block = root.memory.blocks[core]
      if (block === undefined) throw optionError('core', core, `a core from 0 to ${coreCount - 1}`)
      return readBooks(block.books)
    },
    async report() {
      const reports = root.pool.workers.map(async (core) => {
        const handle = root.pool.isUp(core) ? root.pool.handle(core) : undefined
        try {
          return await handle?.report()
        } catch (error) {
          if (root.pool.isUp(core) && root.pool.handle(core) === handle) throw error
          return undefined // it ended meanwhile
        }
      })
      return [root.core.report(), ...(await Promise.all(reports)).filter((report) => report !== undefined)]
    },
    async load(module) {
      const url = String(module)
      if (!URL.canParse(url)) throw optionError('module', url, 'a URL such as import.meta.url')
      const handles = root.pool.workers.map((core) => root.pool.handle(core)).filter((handle) => handle !== undefined)
      await Promise.all(handles.map((handle) => handle.load(url)))
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

  try {
    await root.boot()
  } catch (error) {
    await shutdown({ timeoutMs: FAILURE_TIMEOUT_MS })
    throw error
  }
  return system
}
