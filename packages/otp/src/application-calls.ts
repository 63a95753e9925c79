/** What users call: start, stop, look at and reconfigure the applications of a system. The controller does it. */
import { CambiumError, checkFields, checkOneOf, optionError } from '@cambium/base'
import type { System } from '@cambium/runtime'
import type { GivenConfig } from './application-config.ts'
import { controllerOf } from './application-controller.ts'
import { isApplication } from './define-application.ts'
import type { Application, ApplicationContext } from './define-application.ts'
import type { ApplicationStatus, ApplicationType } from './running-application.ts'
import type { SupervisorRef } from './supervisor-protocol.ts'

export interface StartApplicationsOptions<Applications extends readonly Application[]> {
  /**
   * What the end of an application by itself does, that is the end of its top supervisor, but not the death of a core. `permanent`: the system ends as failed.
   * `transient`: so it does, unless the end was orderly: a supervisor with `autoShutdown`. `temporary`: it is told as `application_ended`, nothing else happens.
   * @default 'temporary', as in OTP
   */
  readonly type?: ApplicationType
  /** Values by application and key, before all others; of these applications, or of those started here before. What they already run with stays. */
  readonly config?: { readonly [A in Applications[number] as A['name']]?: GivenConfig<A['config']> }
  /** A JSON file with one object for each application; those of applications that are not started do no harm. @default none */
  readonly configFile?: string | URL
  /** Where variables such as `SHOP_PORT` are looked up. @default process.env */
  readonly env?: Readonly<Record<string, string | undefined>>
}

export interface ApplicationInfo {
  readonly name: string
  readonly version: string | undefined
  readonly type: ApplicationType
  readonly status: ApplicationStatus
  readonly dependencies: readonly string[]
}

const TYPES = ['permanent', 'transient', 'temporary'] as const

/**
 * Starts applications and resolves with the names of those that it started, in the order of their start: each after those on which it depends, which are to be
 * among them, or to run already. What runs already is left as it is. All or nothing: when one does not start, those that this call has started are stopped in
 * reverse. Rejects with `ERR_APPLICATION_START`, whose `cause` says why; before anything has started with `ERR_CONFIG`, `ERR_CONFIG_FILE`, `ERR_ASSET`,
 * `ERR_APPLICATION_CYCLE`, `ERR_APPLICATION_DUPLICATE`, `ERR_NO_SUCH_APPLICATION` for a dependency that is not there, `ERR_APPLICATION_PHASES`; and with
 * `ERR_APPLICATION_ENDED`, `ERR_STOPPED_DURING_START`, `ERR_SYSTEM_CLOSED`, `ERR_APPLICATIONS_BUSY`, `ERR_OPTION`.
 */
export async function startApplications<const Applications extends readonly Application[]>(
  system: System,
  applications: Applications,
  options: StartApplicationsOptions<NoInfer<Applications>> = {},
): Promise<readonly string[]> {
  checkApplications(applications)
  checkFields('options', options, ['type', 'config', 'configFile', 'env'])
  const { config, configFile, env = process.env } = options
  const type = checkOneOf('type', options.type, TYPES, 'temporary')
  checkConfigs(config)
  return controllerOf(system).start(applications, type, { config, configFile, env })
}

/**
 * Stops applications in reverse order of their start. Rejects with `ERR_NO_SUCH_APPLICATION` for one that does not run, and with `ERR_APPLICATION_IN_USE` when
 * another one that runs depends on one of them; nothing is stopped then. One that is being started is stopped all the same: its start rejects with
 * `ERR_STOPPED_DURING_START`.
 */
export async function stopApplications(system: System, applications: readonly Application[]): Promise<void> {
  checkApplications(applications)
  await controllerOf(system).stop(applications)
}

/** The applications of a system in the order of their start. */
export function whichApplications(system: System): readonly ApplicationInfo[] {
  return controllerOf(system).running.map(({ name, type, status, application: { version, dependencies } }) => {
    return { name, version, type, status, dependencies }
  })
}

/** A running application as its own callbacks see it: its configuration, its files, the top of its tree. Throws `ERR_NO_SUCH_APPLICATION`. */
export function applicationOf<A extends Application>(
  system: System,
  application: A,
): ApplicationContext<A['config'], A['assets']> & { readonly supervisor: SupervisorRef } {
  checkApplications([application])
  const running = controllerOf(system).find(application)
  if (running !== undefined) return running.context as never
  throw new CambiumError('ERR_NO_SUCH_APPLICATION', `application does not run: application=${application.name}`, {
    fields: { application: application.name },
  })
}

/**
 * Reads the configurations of all running applications again, from the places of their start; `config` takes the place of what was given in code to those that it
 * names, which are to have been started here at some time. All are checked before anything changes (`ERR_CONFIG`, `ERR_CONFIG_FILE`,
 * `ERR_APPLICATION_CONFIG_CHANGE` for a `tree` that throws). Then `configChange` of those whose configuration is another one is called, in the order of their start; resolves
 * with their names. One that fails keeps no other from being told: the call rejects with `ERR_APPLICATION_CONFIG_CHANGE` afterwards, and the new configuration holds.
 */
export async function reloadConfig(
  system: System,
  options: { readonly config?: Readonly<Record<string, Readonly<Record<string, unknown>>>> } = {},
): Promise<readonly string[]> {
  checkFields('options', options, ['config'])
  checkConfigs(options.config)
  return controllerOf(system).reload(options.config)
}

function checkApplications(applications: readonly unknown[]): void {
  if (!Array.isArray(applications)) throw optionError('applications', applications, 'a list of applications')
  for (const [at, each] of applications.entries())
    if (!isApplication(each)) throw optionError(`applications.${at}`, each, 'what defineApplication returned')
}

function checkConfigs(config: unknown): void {
  if (config !== undefined) checkFields('config', config, Object.keys(config ?? {}))
}
