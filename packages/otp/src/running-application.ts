/**
 * One run of an application, from its start to its end. The order of things is OTP's:
 *
 * 1. Start: `tree`, its top supervisor and all below it, `start`; then the phases, when the controller says so.
 * 2. Stop: the signal is aborted, `prepStop`, the tree from the youngest to the oldest, `stop`. When the tree has ended by itself, `stop` alone.
 * 3. Every callback has a limit. One that overruns it while the application starts has failed, and what it answers after all goes to `stop` at once; one that
 *    overruns it later, or throws, is told as a fault, and what follows it follows. A `start` that is cut short is waited for, within its limit.
 */
import { fileURLToPath } from 'node:url'
import { isDeepStrictEqual } from 'node:util'
import { CambiumError, toErrorRecord } from '@cambium/base'
import { entryAt } from '@cambium/runtime'
import type { SystemHooks, Tree, System } from '@cambium/runtime'
import type { ExitReason } from '@cambium/actor'
import type { ConfigFields, ConfigSources } from './application-config.ts'
import type { Application, ApplicationContext, ConfigChange, TopSupervisor } from './define-application.ts'
import type { SupervisorReply, SupervisorRequest } from './supervisor-protocol.ts'

/** What its end does to the system: see `startApplications`. */
export type ApplicationType = 'permanent' | 'transient' | 'temporary'
export type ApplicationStatus = 'starting' | 'running' | 'stopping' | 'ended'

export interface ApplicationHost {
  readonly system: System
  readonly hooks: SystemHooks
  /** How long a callback may take that begins now, of the time that it has by itself. */
  limitMs(ownMs: number): number
  /** The tree has ended for good. */
  gone(application: RunningApplication, reason: ExitReason): void
}

/** Failures to come back after the death of a core that are borne: another core may die meanwhile, with children of it. */
const RETURNS = { intensity: 10, periodMs: 60_000 } as const

type Config = Readonly<Record<string, unknown>>
type Assets = Readonly<Record<string, string>>

export class RunningApplication {
  readonly application: Application
  readonly type: ApplicationType
  status: ApplicationStatus = 'starting'
  sources: ConfigSources
  readonly context: ApplicationContext
  readonly #host: ApplicationHost
  readonly #assets: Assets
  readonly #abort = new AbortController()
  #config: Config
  #top: TopSupervisor | undefined
  #tree: Tree<SupervisorRequest, SupervisorReply> | undefined
  #state: unknown
  /** `start` is done: the callbacks after it have what they need. */
  #isUp = false
  /** What `start` answers from now on comes too late for the end. */
  #isOver = false
  /** Settles when `start` has answered, or its limit is over. */
  #starting: Promise<void> | undefined
  /** Calls off the limit of `start`. */
  #dropStartLimit: (() => void) | undefined

  constructor(
    host: ApplicationHost,
    given: Pick<RunningApplication, 'application' | 'type' | 'sources'> & { readonly config: Config; readonly assets: Assets },
  ) {
    this.#host = host
    this.application = given.application
    this.type = given.type
    this.sources = given.sources
    this.#config = given.config
    this.#assets = given.assets
    this.context = this.#contextWith(() => this.#config)
  }

  get name(): string {
    return this.application.name
  }

  get config(): Config {
    return this.#config
  }

  /** Starts the tree, then the application. Rejects with `ERR_APPLICATION_START`, or with the reason of `cut`. */
  async begin(cut: AbortSignal): Promise<void> {
    const { callbacks: own } = this.application
    if (own.tree !== undefined) {
      await this.#step('tree', cut, async () => {
        this.#top = await this.#call('tree', cut, () => own.tree?.(this.context))
        const { behaviour, argument, options } = checkTop(this.name, this.#top)
        // A core's death is none of its: the root starts it again then. Whatever else ends it, ends the application.
        const always = { name: this.name, ...options, restart: 'transient', ...RETURNS } as const
        this.#tree = await this.#host.hooks.startTree(behaviour, argument as never, always, (reason) => {
          this.#host.gone(this, reason)
        })
        cut.throwIfAborted()
      })
    }
    await this.#step('start', cut, async () => {
      const late = (state: unknown): void => {
        if (this.#isOver) void this.#quietly('stop', (callbacks) => callbacks.stop?.(state, this.context))
        else {
          this.#state = state
          this.#isUp = true
        }
      }
      this.#state = await this.#call('start', cut, () => own.start?.(this.context), late)
      this.#isUp = true
    })
  }

  /** Rejects like {@link begin}. */
  async phase(phase: string, cut: AbortSignal): Promise<void> {
    const { phases } = this.application.callbacks
    await this.#step(`phase ${phase}`, cut, () =>
      this.#call(`phase ${phase}`, cut, () => phases?.[phase]?.(this.#state, this.context)),
    )
  }

  /** The tree has ended by itself. */
  lost(reason: Error): void {
    this.status = 'ended'
    this.#abort.abort(reason)
  }

  /** Ends it, whatever its callbacks do. */
  async end(drain: () => Promise<void>, untilMs: () => number | undefined): Promise<void> {
    const hasTree = this.status !== 'ended'
    this.status = 'stopping'
    this.#abort.abort(new CambiumError('ERR_APPLICATION_ENDED', `application is stopping: application=${this.name}`))
    // A run that follows must not meet what is left of this one; the end of the system waits for none.
    if (untilMs() === undefined) await this.#starting
    else this.#dropStartLimit?.()
    if (hasTree) {
      if (this.#isUp) await this.#quietly('prepStop', (callbacks) => callbacks.prepStop?.(this.#state, this.context))
      await drain()
      await this.#tree?.stop(untilMs())
    }
    this.#isOver = true
    if (this.#isUp) await this.#quietly('stop', (callbacks) => callbacks.stop?.(this.#state, this.context))
    this.#isUp = false
  }

  /**
   * What another configuration means for it: nothing, or what has to be done. Rejects with `ERR_APPLICATION_CONFIG_CHANGE` when its tree cannot be started with
   * that one; nothing has changed then.
   */
  async plan(config: Config, sources: ConfigSources): Promise<(() => Promise<void>) | undefined> {
    const change = changeOf(this.#config, config)
    if (change === undefined) return undefined
    const { callbacks, name } = this.application
    let top: TopSupervisor | undefined
    if (callbacks.tree !== undefined) {
      try {
        top = checkTop(name, await this.#call('tree', undefined, () => callbacks.tree?.(this.#contextWith(() => config))))
      } catch (error) {
        throw changeError(name, 'tree', error)
      }
      if (top.behaviour.name !== this.#top?.behaviour.name || top.behaviour.module !== this.#top.behaviour.module)
        throw changeError(name, 'tree', new TypeError('it answers another supervisor than the one that runs'))
    }
    return async () => {
      if (top !== undefined) this.#tree?.replaceArgument(top.argument)
      this.#config = config
      this.sources = sources
      try {
        await this.#call('configChange', undefined, () => callbacks.configChange?.(change, this.#state, this.context))
      } catch (error) {
        throw changeError(name, 'configChange', error)
      }
    }
  }

  #contextWith(config: () => Config): ApplicationContext {
    const { system } = this.#host
    const { name } = this.application
    const refOf = (): ApplicationContext['supervisor'] => {
      if (this.#tree !== undefined) return this.#tree.ref
      throw new CambiumError('ERR_APPLICATION', `application has no tree, or none yet: application=${name}`)
    }
    return Object.freeze({
      name,
      system,
      assets: this.#assets,
      signal: this.#abort.signal,
      get config() {
        return config()
      },
      get supervisor() {
        return refOf()
      },
    })
  }

  /** One step of the start: its failure is named. */
  async #step(step: string, cut: AbortSignal, take: () => Promise<unknown>): Promise<void> {
    try {
      await take()
    } catch (error) {
      cut.throwIfAborted()
      const { name, message } = toErrorRecord(error)
      const text = `application did not start: application=${this.name}, step=${step}, error=${name}: ${message}`
      throw new CambiumError('ERR_APPLICATION_START', text, {
        severity: 'crash',
        cause: error,
        fields: { application: this.name, step },
      })
    }
  }

  async #quietly(step: 'prepStop' | 'stop', call: (callbacks: Application['callbacks']) => void | Promise<void>): Promise<void> {
    try {
      await this.#call(step, undefined, () => call(this.application.callbacks))
    } catch (error) {
      this.#host.hooks.publish('fault', { where: `${step} of application ${this.name}`, error: toErrorRecord(error) })
    }
  }

  /** Waits for a callback until its limit, or until it is `cut`. `late` gets what it answers afterwards; the limit holds for that, too. */
  #call<T>(step: string, cut: AbortSignal | undefined, callback: () => T | Promise<T>, late?: (answer: T) => void): Promise<T> {
    const limitMs = this.#host.limitMs(this.application.callbackTimeoutMs)
    return new Promise((resolve, reject) => {
      cut?.throwIfAborted()
      let isOver = false
      const settle = (how: () => void): void => {
        if (isOver) return
        isOver = true
        cut?.removeEventListener('abort', onCut)
        how()
      }
      const onCut = (): void => {
        if (late === undefined) cancel()
        settle(() => {
          reject(cut?.reason as Error)
        })
      }
      let expire = (): void => {}
      const expired = new Promise<void>((done) => {
        expire = done
      })
      const cancel = this.#host.hooks.after(limitMs, () => {
        expire()
        settle(() => {
          const message = `callback took too long: application=${this.name}, callback=${step}, limitMs=${Math.round(limitMs)}`
          reject(new CambiumError('ERR_APPLICATION_TIMEOUT', message, { severity: 'crash', fields: { limitMs } }))
        })
      })
      cut?.addEventListener('abort', onCut)
      const run = async (): Promise<T> => callback()
      const answered = run().then(
        (answer) => {
          cancel()
          if (isOver) late?.(answer)
          settle(() => {
            resolve(answer)
          })
        },
        (error: unknown) => {
          cancel()
          const thrown = error as Error
          settle(() => {
            reject(thrown)
          })
        },
      )
      if (late !== undefined) {
        this.#starting = Promise.race([answered, expired])
        this.#dropStartLimit = cancel
      }
    })
  }
}

/** Whole paths of the files of an application. Throws `ERR_ASSET` for what is not there, or is a folder where a file is expected, or the reverse. */
export function findAssets({ name, module, assets }: Application): Assets {
  const found: Record<string, string> = {}
  for (const [asset, given] of Object.entries(assets)) {
    const expected = given.endsWith('/') ? 'folder' : 'file'
    let path = given
    let problem: string | undefined
    try {
      path = fileURLToPath(new URL(given, module))
      const entry = entryAt(path)
      if (entry !== expected) problem = entry === undefined ? 'nothing is there' : 'something else is there'
    } catch (error) {
      problem = (error as Error).message
    }
    if (problem !== undefined) {
      const message = `asset is missing: application=${name}, asset=${asset}, path=${path}, expected a ${expected}, ${problem}`
      throw new CambiumError('ERR_ASSET', message, { fields: { application: name, asset, path, expected } })
    }
    found[asset] = path
  }
  return Object.freeze(found)
}

/** Undefined when nothing has changed. */
function changeOf(before: Config, after: Config): ConfigChange<ConfigFields> | undefined {
  const changed: Record<string, unknown> = {}
  const added: Record<string, unknown> = {}
  const removed: string[] = []
  for (const key of Object.keys(after)) {
    if (isDeepStrictEqual(before[key], after[key])) continue
    if (after[key] === undefined) removed.push(key)
    else if (before[key] === undefined) added[key] = after[key]
    else changed[key] = after[key]
  }
  const isNothing = removed.length + Object.keys(changed).length + Object.keys(added).length === 0
  return isNothing ? undefined : Object.freeze({ changed, added, removed })
}

function checkTop(name: string, top: TopSupervisor | undefined): TopSupervisor {
  const kind = top?.behaviour?.kind
  const wrong = (problem: string): CambiumError =>
    new CambiumError('ERR_APPLICATION', `tree of an application is wrong: application=${name}, ${problem}`, {
      fields: { application: name, field: 'tree' },
    })
  if (top === undefined || kind !== 'supervisor')
    throw wrong(`found ${kind === undefined ? typeof top : `a child that is a ${kind}`}, expected child(supervisor, …)`)
  const { id, significant, spread, restart } = top.options
  if (id !== undefined || significant !== undefined || spread !== undefined || (restart !== undefined && restart !== 'permanent'))
    throw wrong('id, significant, spread and restart are for children of supervisors; its end is the type of its start')
  return top
}

function changeError(name: string, callback: string, cause: unknown): CambiumError {
  const { name: errorName, message } = toErrorRecord(cause)
  const text = `application could not take its configuration: application=${name}, callback=${callback}, error=${errorName}: ${message}`
  return new CambiumError('ERR_APPLICATION_CONFIG_CHANGE', text, {
    severity: 'crash',
    cause,
    fields: { application: name, callback },
  })
}
