/**
 * A partition supervisor, after Elixir's: one like child on each core, and callers find theirs by key. What would be a bottleneck as one actor (a
 * dynamic supervisor, a registry, a cache) becomes one per core, and no message between them is needed.
 */
import type { Behaviour, Ref, WaitOptions } from '@cambium/actor'
import { CambiumError, checkFields, hashKey } from '@cambium/base'
import { child } from '@cambium/runtime'
import type { ChildOfSupervisorOptions } from '@cambium/runtime'
import type { SupervisorFlags } from '@cambium/supervision'
import { supervisorBehaviour } from './define-supervisor.ts'
import { whichChildren } from './supervisor-calls.ts'
import type { SupervisorReply, SupervisorRequest } from './supervisor-protocol.ts'

export interface PartitionDefinition<Argument, A, M, R> extends Omit<SupervisorFlags, 'kind' | 'maxChildren'> {
  /** Runs on each of these. @default every worker thread; the main thread when there is none */
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

/** The ids of the children are `core-N`. Throws `ERR_BEHAVIOUR` for a wrong definition. */
export function definePartitionSupervisor<Argument, A, M, R>(
  module: string | URL,
  name: string,
  definition: PartitionDefinition<Argument, A, M, R>,
): PartitionSupervisor<Argument, M, R> {
  checkFields('definition', definition, FIELDS)
  const { cores, behaviour, argumentOf, options = {}, ...flags } = definition
  if (typeof argumentOf !== 'function') {
    const message = `partition supervisor is wrong: name=${name}, argumentOf is ${typeof argumentOf}, expected a function`
    throw new CambiumError('ERR_BEHAVIOUR', message, { fields: { name } })
  }
  return supervisorBehaviour<Argument>(module, name, (argument, coreCount) => {
    const on = cores ?? (coreCount === 1 ? [0] : Array.from({ length: coreCount - 1 }, (_, worker) => worker + 1))
    const children = on.map((core) => child(behaviour, argumentOf(argument, core), { ...options, id: `core-${core}`, core }))
    return { ...flags, children }
  })
}

const FIELDS = [
  'cores',
  'behaviour',
  'argumentOf',
  'options',
  'strategy',
  'intensity',
  'periodMs',
  'budget',
  'autoShutdown',
  'backoff',
]

/** The child of `key`: always the same one. Rejects with `ERR_NO_SUCH_CHILD` while that is down. */
export async function partitionRef<M, R>(
  supervisor: Ref<SupervisorRequest, SupervisorReply>,
  _of: PartitionSupervisor<never, M, R>,
  key: string,
  options?: WaitOptions,
): Promise<Ref<M, R>> {
  const children = await whichChildren(supervisor, options)
  const found = children[hashKey(key) % children.length]
  if (found?.ref === undefined) {
    throw new CambiumError('ERR_NO_SUCH_CHILD', `partition is down: key=${key}, id=${found?.id ?? 'none'}`, {
      severity: 'crash',
      fields: { key },
    })
  }
  return found.ref as unknown as Ref<M, R>
}
