/**
 * The application controller of one system, after OTP's: an object on the main thread, beside the root. It uses the system as anybody may, but for its hooks
 * (`runtime/src/system-hooks.ts`).
 *
 * 1. Starts, stops and reloads are carried out one at a time, in the order of their calls. A start during a stop waits for it, and starts anew.
 * 2. A start checks everything before it begins: the order, the configurations, the files. When a step of it fails, what it has started is stopped in reverse.
 * 3. A stop of an application that a start has under way cuts that start short, and so does the end of the system: it is undone as if it had failed. What is
 *    under way of being started on the cores is waited for.
 * 4. An application that ends while its own start call is not over makes that fail. Later its type says what follows: `ended`, or the end of the system.
 * 5. When the system ends, the applications are stopped first, in reverse order of their start: their callbacks may still ask actors.
 */
import { EXIT_SHUTDOWN, formatExitReason } from '@cambium/actor'
import type { ExitReason } from '@cambium/actor'
import { CambiumError } from '@cambium/base'
import { hooksOf } from '@cambium/runtime'
import type { ShutdownStage, System, SystemHooks } from '@cambium/runtime'
import { checkNames, ownValue, readConfig, readConfigFile, throwProblems } from './application-config.ts'
import type { ConfigProblem, ConfigSources } from './application-config.ts'
import { phaseOrder, startOrder } from './application-order.ts'
import type { Application } from './define-application.ts'
import { findAssets, RunningApplication } from './running-application.ts'
import type { ApplicationHost, ApplicationType } from './running-application.ts'

/** Starts, stops and reloads that may wait. */
const WAITING_MAX = 1024

interface StartUnderWay {
  readonly applications: ReadonlySet<Application>
  readonly cut: AbortController
}

const controllers = new WeakMap<System, ApplicationController>()

export function controllerOf(system: System): ApplicationController {
  const known = controllers.get(system)
  if (known !== undefined) return known
  const made = new ApplicationController(system)
  controllers.set(system, made)
  return made
}

export class ApplicationController implements ApplicationHost {
  readonly system: System
  readonly hooks: SystemHooks
  /** In the order of their start. */
  readonly #running = new Map<string, RunningApplication>()
  /** Of all that were ever started here, that have ended too. */
  readonly #names = new Set<string>()
  #tail: Promise<unknown> = Promise.resolve()
  #waiting = 0
  #starting: StartUnderWay | undefined
  /** The system ends. */
  #stage: ShutdownStage | undefined

  constructor(system: System) {
    this.system = system
    this.hooks = hooksOf(system)
    this.hooks.onShutdown((stage) => this.#shutdown(stage))
  }

  get running(): readonly RunningApplication[] {
    return [...this.#running.values()]
  }

  find(application: Application): RunningApplication | undefined {
    const running = this.#running.get(application.name)
    return running?.application === application ? running : undefined
  }

  start(applications: readonly Application[], type: ApplicationType, sources: ConfigSources): Promise<readonly string[]> {
    return this.#inTurn(() => this.#start(applications, type, sources))
  }

  stop(applications: readonly Application[]): Promise<void> {
    const cut = new Set<Application>()
    for (const application of applications) {
      if (this.#starting?.applications.has(application) !== true) continue
      cut.add(application)
      const message = `application was stopped during its start: application=${application.name}`
      this.#starting.cut.abort(
        new CambiumError('ERR_STOPPED_DURING_START', message, { fields: { application: application.name } }),
      )
    }
    return this.#inTurn(() => this.#stop(applications.filter((each) => !cut.has(each) || this.find(each) !== undefined)))
  }

  reload(config: ConfigSources['config']): Promise<readonly string[]> {
    return this.#inTurn(() => this.#reload(config))
  }

  // --- what a running application asks for

  limitMs(ownMs: number): number {
    return this.#stage === undefined ? ownMs : Math.min(ownMs, this.#leftMs() / 2)
  }

  gone(application: RunningApplication, reason: ExitReason): void {
    const { name, type, status } = application
    if (status === 'stopping' || status === 'ended') return
    const ended = new CambiumError(
      'ERR_APPLICATION_ENDED',
      `application ended by itself: application=${name}, type=${type}, reason=${formatExitReason(reason)}`,
      { severity: 'crash', fields: { application: name, type } },
    )
    application.lost(ended)
    if (status === 'starting') {
      this.#starting?.cut.abort(ended)
      return
    }
    this.hooks.publish('application_ended', { name, type, isAsked: false, reason })
    if (type === 'permanent' || (type === 'transient' && !isOrderly(reason))) this.hooks.fail(ended)
    // When the system ends meanwhile, its end has this one among the others.
    else this.#inTurn(() => this.#end(application)).catch(() => {})
  }

  // --- one at a time

  async #inTurn<T>(run: () => Promise<T>): Promise<T> {
    this.hooks.checkOpen()
    if (this.#waiting >= WAITING_MAX)
      throw new CambiumError('ERR_APPLICATIONS_BUSY', `too many starts and stops of applications wait: waiting=${WAITING_MAX}`)
    this.#waiting += 1
    const turn = this.#tail.then(() => {
      this.#waiting -= 1
      this.hooks.checkOpen()
      return run()
    })
    this.#tail = turn.catch(() => {})
    return turn
  }

  async #start(applications: readonly Application[], type: ApplicationType, sources: ConfigSources): Promise<readonly string[]> {
    const order = startOrder(applications, new Map(this.running.map((each) => [each.name, each.application])))
    const phases = phaseOrder(order)
    const beganMs = this.hooks.now()
    const cut = new AbortController()
    const started: RunningApplication[] = []
    this.#starting = { applications: new Set(order), cut }
    try {
      const file = readConfigFile(sources.configFile)
      const problems: ConfigProblem[] = []
      checkNames(sources.config, [...applications.map(({ name }) => name), ...this.#names], problems)
      const configs: Readonly<Record<string, unknown>>[] = []
      for (const { name, config } of order) configs.push(await readConfig(name, config, sources, file, problems))
      throwProblems(problems)
      const assets = order.map(findAssets)
      for (const [at, application] of order.entries()) {
        cut.signal.throwIfAborted()
        const given = { application, type, sources, config: configs[at] ?? {}, assets: assets[at] ?? {} }
        const running = new RunningApplication(this, given)
        this.#running.set(application.name, running)
        this.#names.add(application.name)
        started.push(running)
        await running.begin(cut.signal)
      }
      for (const phase of phases)
        for (const running of started) if (running.application.phases.includes(phase)) await running.phase(phase, cut.signal)
      cut.signal.throwIfAborted()
    } catch (error) {
      for (const running of started.toReversed()) {
        await this.#endTree(running)
        this.#running.delete(running.name)
      }
      throw error
    } finally {
      this.#starting = undefined
    }
    const tookMs = this.hooks.now() - beganMs
    for (const running of started) {
      running.status = 'running'
      this.hooks.publish('application_started', { name: running.name, version: running.application.version, tookMs })
    }
    return started.map(({ name }) => name)
  }

  async #stop(applications: readonly Application[]): Promise<void> {
    const names = new Set<string>()
    for (const application of applications) {
      const { name } = application
      if (this.find(application) === undefined)
        throw new CambiumError('ERR_NO_SUCH_APPLICATION', `application does not run: application=${name}`, {
          fields: { application: name },
        })
      names.add(name)
    }
    for (const { name, application } of this.running) {
      const needed = application.dependencies.find((each) => names.has(each))
      if (needed === undefined || names.has(name)) continue
      const message = `application cannot be stopped, another one depends on it: application=${needed}, dependent=${name}`
      throw new CambiumError('ERR_APPLICATION_IN_USE', message, { fields: { application: needed, dependent: name } })
    }
    for (const running of this.running.toReversed()) if (names.has(running.name)) await this.#end(running)
  }

  async #reload(config: ConfigSources['config']): Promise<readonly string[]> {
    const files = new Map<string, Readonly<Record<string, unknown>>>()
    const problems: ConfigProblem[] = []
    checkNames(config, this.#names, problems)
    const fresh: { running: RunningApplication; sources: ConfigSources; config: Readonly<Record<string, unknown>> }[] = []
    for (const running of this.running) {
      const { name, application } = running
      const sources = ownValue(config, name) === undefined ? running.sources : { ...running.sources, config }
      const path = String(sources.configFile)
      const file = files.get(path) ?? readConfigFile(sources.configFile)
      files.set(path, file)
      fresh.push({ running, sources, config: await readConfig(name, application.config, sources, file, problems) })
    }
    throwProblems(problems)
    const changes: [string, () => Promise<void>][] = []
    for (const each of fresh) {
      const change = await each.running.plan(each.config, each.sources)
      if (change !== undefined) changes.push([each.running.name, change])
    }
    let failure: unknown
    for (const [, change] of changes) {
      try {
        await change()
      } catch (error) {
        failure ??= error // the others have their new configuration all the same
      }
    }
    if (failure !== undefined) throw failure as Error
    return changes.map(([name]) => name)
  }

  // --- ends

  async #shutdown(stage: ShutdownStage): Promise<void> {
    this.#stage = stage
    this.#starting?.cut.abort(closedError())
    const all = async (): Promise<void> => {
      await this.#tail
      for (const running of this.running.toReversed()) await this.#end(running)
    }
    await new Promise<void>((resolve) => {
      const cancel = this.hooks.after(this.#leftMs(), resolve)
      void all().finally(() => {
        cancel()
        resolve()
      })
    })
  }

  async #end(running: RunningApplication): Promise<void> {
    const { name, type, status } = running
    if (this.#running.get(name) !== running) return
    await this.#endTree(running)
    this.#running.delete(name)
    if (status === 'running') this.hooks.publish('application_ended', { name, type, isAsked: true, reason: EXIT_SHUTDOWN })
  }

  #endTree(running: RunningApplication): Promise<void> {
    return running.end(
      async () => {
        await this.#stage?.drain(this.hooks.now() + this.#leftMs() / 2)
      },
      () => this.#stage?.untilMs,
    )
  }

  #leftMs(): number {
    return Math.max(1, (this.#stage?.untilMs ?? 0) - this.hooks.now())
  }
}

/** It has ended because its work was done: `normal`, or `shutdown` with something to say, as with `autoShutdown`. */
function isOrderly(reason: ExitReason): boolean {
  return reason.kind === 'normal' || (reason.kind === 'shutdown' && reason.detail !== undefined)
}

function closedError(): CambiumError {
  return new CambiumError('ERR_SYSTEM_CLOSED', 'system is shutting down')
}
