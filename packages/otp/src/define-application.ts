/**
 * The application behaviour, after OTP's: a supervision tree with its configuration, its files, and what it needs to run before it. It is defined here; the
 * controller of a system (`application-controller.ts`) starts and stops it. An application lives on the main thread, beside the root; its tree lives on
 * the cores.
 */
import { CambiumError, checkDuration, checkFields } from '@cambium/base'
import type { Child, System } from '@cambium/runtime'
import { variableOf } from './application-config.ts'
import type { ConfigFields, ConfigOf } from './application-config.ts'
import { isStandardSchema } from './standard-schema.ts'
import type { SupervisorRef, SupervisorReply, SupervisorRequest } from './supervisor-protocol.ts'

declare const none: unique symbol
/** No keys. */
type None = { readonly [none]?: never }

/** Files and folders of an application, relative to its module; a folder ends with a slash. */
export type AssetPaths = Readonly<Record<string, string>>

/** What the callbacks of an application are given. */
export interface ApplicationContext<Fields extends ConfigFields = ConfigFields, Assets extends AssetPaths = AssetPaths> {
  readonly name: string
  readonly system: System
  /** As it is now: after `reloadConfig` it is another one. Frozen. */
  readonly config: ConfigOf<Fields>
  /** Whole paths of its files and folders. */
  readonly assets: { readonly [K in keyof Assets]: string }
  /** The top of its tree. Throws `ERR_APPLICATION` when it has none, or none yet. */
  readonly supervisor: SupervisorRef
  /** Aborted when the application begins to stop, when its start is given up, and when it has ended by itself. */
  readonly signal: AbortSignal
}

/** What became of the keys of a configuration. */
export interface ConfigChange<Fields extends ConfigFields> {
  /** Keys that had a value and have another one: the new ones. */
  readonly changed: Partial<ConfigOf<Fields>>
  /** Keys that had none and have one. */
  readonly added: Partial<ConfigOf<Fields>>
  /** Keys that had a value and have none. */
  readonly removed: readonly (keyof Fields)[]
}

/** A child of a supervisor that is a supervisor itself: what `child` makes of one. */
export type TopSupervisor = Child<SupervisorRequest, SupervisorReply>

/**
 * All of it is optional: an application without a tree is a library with a configuration. Callbacks run on the main thread, one at a time, and may be asynchronous.
 */
export interface ApplicationDefinition<Fields extends ConfigFields, Assets extends AssetPaths, State> {
  readonly version?: string
  /** Names of applications that run before it starts, and until it has stopped. */
  readonly dependencies?: readonly string[]
  /** A schema for each key: a setting, or a Standard Schema of any library. */
  readonly config?: Fields
  /** Looked for before anything is started. */
  readonly assets?: Assets
  /** Limit of each of its callbacks, in milliseconds. @default 10000 */
  readonly callbackTimeoutMs?: number
  /** Its top supervisor, as `child(supervisor, argument, { core })`. Called again when the configuration has changed: the argument is what the next restart gets. */
  tree?(app: ApplicationContext<NoInfer<Fields>, NoInfer<Assets>>): TopSupervisor | Promise<TopSupervisor>
  /** After its tree has started. What it answers is handed to the callbacks below. A throw is a failed start. */
  start?(app: ApplicationContext<NoInfer<Fields>, NoInfer<Assets>>): State | Promise<State>
  /** After all applications of the same start have started, phase by phase over all of them. A throw is a failed start. */
  readonly phases?: Readonly<
    Record<string, (state: NoInfer<State>, app: ApplicationContext<NoInfer<Fields>, NoInfer<Assets>>) => void | Promise<void>>
  >
  /** Before its tree is stopped: the place to take no more work in. Not when it has ended by itself. */
  prepStop?(state: NoInfer<State>, app: ApplicationContext<NoInfer<Fields>, NoInfer<Assets>>): void | Promise<void>
  /** After its tree has ended. */
  stop?(state: NoInfer<State>, app: ApplicationContext<NoInfer<Fields>, NoInfer<Assets>>): void | Promise<void>
  /** While it runs, when its configuration has changed. */
  configChange?(
    change: ConfigChange<NoInfer<Fields>>,
    state: NoInfer<State>,
    app: ApplicationContext<NoInfer<Fields>, NoInfer<Assets>>,
  ): void | Promise<void>
}

/** An application, to start. */
export interface Application<
  Name extends string = string,
  Fields extends ConfigFields = ConfigFields,
  Assets extends AssetPaths = AssetPaths,
> {
  readonly kind: 'application'
  /** URL of its module. */
  readonly module: string
  readonly name: Name
  readonly version: string | undefined
  readonly dependencies: readonly string[]
  readonly config: Fields
  readonly assets: Assets
  /** In their order. */
  readonly phases: readonly string[]
  readonly callbackTimeoutMs: number
  readonly callbacks: ApplicationDefinition<ConfigFields, AssetPaths, unknown>
}

const NAME = /^[a-zA-Z][\w-]{0,99}$/
const CALLBACKS = ['tree', 'start', 'prepStop', 'stop', 'configChange'] as const
const FIELDS = ['version', 'dependencies', 'config', 'assets', 'callbackTimeoutMs', 'phases', ...CALLBACKS]
const CALLBACK_TIMEOUT_MS_DEFAULT = 10_000
const CALLBACK_TIMEOUT_MS_MAX = 86_400_000

const applications = new WeakSet()

export function isApplication(value: unknown): value is Application {
  return typeof value === 'object' && value !== null && applications.has(value)
}

/**
 * Defines an application: `defineApplication(import.meta.url, 'shop', { … })`. Its files are found relative to the module. Throws `ERR_APPLICATION` or
 * `ERR_OPTION` for what is wrong with the definition.
 */
export function defineApplication<
  const Name extends string,
  Fields extends ConfigFields = None,
  Assets extends AssetPaths = None,
  State = undefined,
>(module: string | URL, name: Name, definition: ApplicationDefinition<Fields, Assets, State>): Application<Name, Fields, Assets> {
  checkFields('definition', definition, FIELDS)
  const { version, dependencies = [], config = {}, assets = {}, phases = {}, callbackTimeoutMs } = definition
  const url = String(module)
  if (!URL.canParse(url)) throw wrong(name, 'module', 'is no URL such as import.meta.url')
  if (typeof name !== 'string' || !NAME.test(name))
    throw wrong(name, 'name', 'is no name: a letter, then letters, digits, - and _, 100 at most')
  if (version !== undefined && typeof version !== 'string') throw wrong(name, 'version', 'is no string')
  if (!Array.isArray(dependencies) || !dependencies.every((each) => typeof each === 'string' && each !== ''))
    throw wrong(name, 'dependencies', 'is no list of names of applications')
  checkConfig(name, config)
  for (const [asset, path] of entriesOf(name, 'assets', assets))
    if (typeof path !== 'string' || path === '') throw wrong(name, `assets.${asset}`, 'is no path')
  for (const [phase, callback] of entriesOf(name, 'phases', phases))
    if (typeof callback !== 'function') throw wrong(name, `phases.${phase}`, 'is no function')
  for (const callback of CALLBACKS)
    if (definition[callback] !== undefined && typeof definition[callback] !== 'function')
      throw wrong(name, callback, 'is no function')
  const application: Application<Name, Fields, Assets> = Object.freeze({
    kind: 'application',
    module: url,
    name,
    version,
    dependencies: Object.freeze([...new Set(dependencies)]),
    config: config as Fields,
    assets: assets as Assets,
    phases: Object.freeze(Object.keys(phases)),
    callbackTimeoutMs: checkDuration('callbackTimeoutMs', callbackTimeoutMs, {
      default: CALLBACK_TIMEOUT_MS_DEFAULT,
      min: 1,
      max: CALLBACK_TIMEOUT_MS_MAX,
    }),
    callbacks: definition as ApplicationDefinition<ConfigFields, AssetPaths, unknown>,
  })
  applications.add(application)
  return application
}

function checkConfig(name: string, config: ConfigFields): void {
  const keyOf = new Map<string, string>()
  for (const [key, schema] of entriesOf(name, 'config', config)) {
    if (!isStandardSchema(schema)) throw wrong(name, `config.${key}`, 'is no setting and no Standard Schema')
    const variable = variableOf(name, key)
    const other = keyOf.get(variable)
    if (other !== undefined) throw wrong(name, `config.${key}`, `has the environment variable of ${other}: ${variable}`)
    keyOf.set(variable, key)
  }
}

function entriesOf(name: string, field: string, value: unknown): [string, unknown][] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrong(name, field, 'is no object')
  return Object.entries(value)
}

function wrong(name: string, field: string, problem: string): CambiumError {
  return new CambiumError('ERR_APPLICATION', `application is wrong: name=${String(name)}, ${field} ${problem}`, {
    fields: { application: String(name), field },
  })
}
