/**
 * A partition supervisor, after Elixir's: one like child on each core, and callers find theirs by key. What would be a bottleneck as one actor (a
 * dynamic supervisor, a registry, a cache) becomes one per core, and no message between them is needed.
 */
import { isBehaviour } from '@cambium/actor'
import type { Behaviour, Ref, WaitOptions } from '@cambium/actor'
import { CambiumError, checkFields, CORES_MAX, optionError } from '@cambium/base'
import { child } from '@cambium/runtime'
import type { ChildOfSupervisorOptions } from '@cambium/runtime'
import type { SupervisorFlags } from '@cambium/supervision'
import { supervisorBehaviour } from './define-supervisor.ts'
import { askSupervisor } from './supervisor-calls.ts'
import type { SupervisorReply, SupervisorRequest } from './supervisor-protocol.ts'

export interface PartitionDefinition<Argument, A, M, R> extends Omit<SupervisorFlags, 'kind' | 'maxChildren'> {
  /** Runs on each of these, which are all different. @default every worker thread; the main thread when there is none */
  readonly cores?: readonly number[]
  /** What runs on each core. `argument` is that of the supervisor; the options are those of a child, without `id`, `core`, `key`, `spread`. */
  readonly behaviour: Behaviour<A, M, R>
  readonly argumentOf: (argument: Argument, core: number) => A
  readonly options?: Omit<ChildOfSupervisorOptions, 'id' | 'core' | 'key' | 'spread' | 'name'>
}

declare const partition: unique symbol

/** The messages and replies of the children are kept in the type, for {@link partitionRef}. */
export interface PartitionSupervisor<Argument, M, R> extends Behaviour<Argument, SupervisorRequest, SupervisorReply> {
  readonly [partition]?: (messages: M) => R
}

/** The ids of the children are `core-N`. Throws `ERR_BEHAVIOUR` for a wrong definition. A core that does not exist is told at the start: `ERR_CHILD_SPEC`. */
export function definePartitionSupervisor<Argument, A, M, R>(
  module: string | URL,
  name: string,
  definition: PartitionDefinition<Argument, A, M, R>,
): PartitionSupervisor<Argument, M, R> {
  checkFields('definition', definition, FIELDS)
  const { cores, behaviour, argumentOf, options = {}, ...flags } = definition
  if (!isBehaviour(behaviour)) throw wrong(name, 'behaviour', behaviour, 'what defineActor or defineServer returned')
  if (typeof argumentOf !== 'function') throw wrong(name, 'argumentOf', argumentOf, 'a function')
  if (cores !== undefined && !areCores(cores)) throw wrong(name, 'cores', cores, `different integers from 0 to ${CORES_MAX - 1}`)
  return supervisorBehaviour<Argument>(module, name, (argument, coreCount) => {
    const on = cores ?? (coreCount === 1 ? [0] : Array.from({ length: coreCount - 1 }, (_, worker) => worker + 1))
    const children = on.map((core) => child(behaviour, argumentOf(argument, core), { ...options, id: `core-${core}`, core }))
    return { ...flags, children }
  })
}

function wrong(name: string, field: string, value: unknown, expected: string): CambiumError {
  const cause = optionError(field, value, expected)
  const message = `partition supervisor is wrong: name=${name}, ${cause.message.slice('option '.length)}`
  return new CambiumError('ERR_BEHAVIOUR', message, { cause, fields: { name, field, expected } })
}

function areCores(cores: unknown): boolean {
  if (!Array.isArray(cores) || cores.length === 0 || new Set(cores).size !== cores.length) return false
  return cores.every((core) => Number.isInteger(core) && core >= 0 && core < CORES_MAX)
}

const FIELDS = [
  'cores',
  'behaviour',
  'argumentOf',
  'options',
  'strategy',
  'intensity',
  'periodMs',
  'intensityPer',
  'autoShutdown',
  'backoff',
]

/** The child of `key`: always the same one, whatever else the supervisor was given to start. Rejects with `ERR_NO_SUCH_CHILD` while that is down. */
export async function partitionRef<M, R>(
  supervisor: Ref<SupervisorRequest, SupervisorReply>,
  _of: PartitionSupervisor<never, M, R>,
  key: string,
  options?: WaitOptions,
): Promise<Ref<M, R>> {
  if (typeof key !== 'string') throw optionError('key', key, 'a string')
  const { id, ref } = await askSupervisor(supervisor, { type: 'partition', key }, 'id', options)
  if (ref === undefined) {
    throw new CambiumError('ERR_NO_SUCH_CHILD', `partition is down: key=${key}, id=${id}`, { severity: 'crash', fields: { key } })
  }
  return ref as unknown as Ref<M, R>
}
