/** Options of `system.spawn` and of the children of `system.supervise`, and their checks. */
import { checkMailboxOptions, isBehaviour } from '@cambium/actor'
import type { Behaviour, MailboxOptions } from '@cambium/actor'
import { checkDuration, checkFields, checkInteger, checkOneOf, optionError } from '@cambium/base'
import { INIT_TIMEOUT_MS_DEFAULT } from '@cambium/scheduler'
import type { StartSpec } from '@cambium/scheduler'
import { INTENSITY_MAX, SHUTDOWN_MS_MAX } from '@cambium/supervision'
import type { RestartType, Shutdown, SupervisorFlags } from '@cambium/supervision'

export interface PlacementOptions {
  /** A certain core; 0 is the main thread. @default balanced over the worker threads */
  readonly core?: number
  /** Actors with the same key are placed on the same worker thread. Not with `core`. */
  readonly key?: string
}

export interface ActorOptions extends PlacementOptions {
  /** Unique in the system; found by `whereis`. That of a supervisor's child is its incarnation's; of all others it lasts through restarts. */
  readonly name?: string
  readonly mailbox?: MailboxOptions
  /** Milliseconds that loading the module and `init` may take. @default 5000, for supervisors Infinity */
  readonly initTimeoutMs?: number
  /**
   * `permanent`: started again whatever ended it. `transient`: after a crash or the loss of its core, not after a normal end.
   * `temporary`: never. @default 'transient', for supervisors 'permanent'
   */
  readonly restart?: RestartType
  /** How long it may take to stop before it is killed, in milliseconds. @default 5000, for supervisors 'infinity' */
  readonly shutdown?: Shutdown
}

export interface SpawnOptions extends ActorOptions {
  /** Restarts within `periodMs` that are borne; one more, and the actor stays down. @default 3 */
  readonly intensity?: number
  /** @default 5000 */
  readonly periodMs?: number
}

const ACTOR_FIELDS = ['core', 'key', 'name', 'mailbox', 'initTimeoutMs', 'restart', 'shutdown']
const NAME_LENGTH_MAX = 256
const RESTART_TYPES = ['permanent', 'transient', 'temporary'] as const

export interface CheckedActor {
  readonly start: StartSpec
  /** Declared by its behaviour. */
  readonly layouts: Behaviour<unknown, unknown>['layouts']
  readonly isBalanced: boolean
  readonly restart: RestartType
  readonly shutdown: Shutdown
  readonly core: number | undefined
  readonly key: string | undefined
}

/** Throws `ERR_OPTION`, naming the option. */
export function checkActor(
  behaviour: unknown,
  argument: unknown,
  options: ActorOptions,
  cores: number,
  more: readonly string[] = [],
): CheckedActor {
  if (!isBehaviour(behaviour)) throw optionError('behaviour', behaviour, 'what defineActor or defineServer returned')
  checkFields('options', options, [...ACTOR_FIELDS, ...more])
  const { name, key, core } = options
  const isSupervisor = behaviour.kind === 'supervisor'
  if (name !== undefined && (typeof name !== 'string' || name === '' || name.length > NAME_LENGTH_MAX)) {
    throw optionError('name', name, `a string of 1 to ${NAME_LENGTH_MAX} characters`)
  }
  if (key !== undefined && (typeof key !== 'string' || key === '')) throw optionError('key', key, 'a non-empty string')
  if (key !== undefined && core !== undefined) throw optionError('key', key, 'no key where core is given')
  if (core !== undefined) checkInteger('core', core, { default: 0, min: 0, max: cores - 1 })
  return {
    layouts: behaviour.layouts,
    isBalanced: behaviour.isBalanced,
    start: {
      module: behaviour.module,
      behaviour: behaviour.name,
      argument,
      name,
      mailbox: options.mailbox === undefined ? undefined : checkMailboxOptions(options.mailbox),
      initTimeoutMs: checkDuration('initTimeoutMs', options.initTimeoutMs, {
        default: isSupervisor ? Infinity : INIT_TIMEOUT_MS_DEFAULT, // its children have limits of their own
        min: 1,
        max: isSupervisor ? Infinity : SHUTDOWN_MS_MAX,
      }),
    },
    restart: checkOneOf('restart', options.restart, RESTART_TYPES, isSupervisor ? 'permanent' : 'transient'),
    shutdown: checkShutdown(options.shutdown) ?? (isSupervisor ? 'infinity' : 5000),
    core,
    key,
  }
}

/** Throws `ERR_OPTION`. */
export function checkShutdown(shutdown: Shutdown | undefined): Shutdown | undefined {
  const isTime = typeof shutdown === 'number' && Number.isInteger(shutdown) && shutdown >= 0 && shutdown <= SHUTDOWN_MS_MAX
  if (shutdown !== undefined && shutdown !== 'brutal_kill' && shutdown !== 'infinity' && !isTime) {
    throw optionError('shutdown', shutdown, `brutal_kill, infinity, or whole milliseconds up to ${SHUTDOWN_MS_MAX}`)
  }
  return shutdown
}

/** Throws `ERR_OPTION`. */
export function checkIntensity(options: { readonly intensity?: number; readonly periodMs?: number }): SupervisorFlags {
  return {
    intensity: checkInteger('intensity', options.intensity, { default: 3, min: 0, max: INTENSITY_MAX }),
    periodMs: checkDuration('periodMs', options.periodMs, { default: 5000, min: 1, max: SHUTDOWN_MS_MAX }),
  }
}
