/**
 * A child of a supervisor as plain data: code cannot travel, so its behaviour is named by module and name (D13). This is what waits in the
 * supervisor for a restart, and what a request to start a child carries to it.
 */
import { isBehaviour } from '@cambium/actor'
import { CambiumError, checkBoolean, checkFields, CORES_MAX, hashKey, optionError } from '@cambium/base'
import { checkActor } from '@cambium/runtime'
import type { GroupChild } from '@cambium/runtime'
import type { StartSpec } from '@cambium/scheduler'
import type { ChildSpec } from '@cambium/supervision'

export interface SupervisedChild {
  readonly start: StartSpec
  readonly core: number | undefined
  readonly key: string | undefined
  readonly spread: boolean
}

export type SupervisedChildSpec = Omit<ChildSpec<SupervisedChild>, 'id'> & { readonly id: string | undefined }

/** The spec of what `child` made. Throws `ERR_CHILD_SPEC`, naming the option. */
export function childSpecOf(child: GroupChild<never, unknown>): SupervisedChildSpec {
  try {
    checkFields('child', child, ['behaviour', 'argument', 'options'])
    const { behaviour, argument } = child
    if (!isBehaviour(behaviour)) throw optionError('behaviour', behaviour, 'what defineActor or defineServer returned')
    const { id, significant, spread, ...options } = child.options
    if (id !== undefined && typeof id !== 'string') throw optionError('id', id, 'a string')
    const checked = checkActor(behaviour, argument, options, CORES_MAX)
    const isSpread = checkBoolean('spread', spread, false)
    if (isSpread && (checked.core !== undefined || checked.key !== undefined))
      throw optionError('spread', spread, 'no spread where core or key is given')
    return {
      id,
      start: { start: checked.start, core: checked.core, key: checked.key, spread: isSpread },
      restart: checked.restart,
      shutdown: checked.shutdown,
      significant: checkBoolean('significant', significant, false),
      kind: behaviour.kind === 'supervisor' ? 'supervisor' : 'worker',
    }
  } catch (error) {
    if (!(error instanceof CambiumError) || error.code !== 'ERR_OPTION') throw error
    const { option, expected } = error.fields as { option: string; expected: string }
    const detail = error.message.slice('option '.length)
    throw new CambiumError('ERR_CHILD_SPEC', `child spec is wrong: ${detail}`, {
      cause: error,
      fields: { field: option, expected },
    })
  }
}

/** The core of a child that has no slot yet; `turn` counts the children that were spread. */
export function coreOf(child: SupervisedChild, own: number, cores: number, turn: number): number {
  const { core, key, spread } = child
  const workers = cores - 1
  if (core !== undefined) {
    if (core >= cores)
      throw new CambiumError('ERR_CHILD_SPEC', `child spec is wrong: core is ${core}, expected one from 0 to ${workers}`, {
        fields: { field: 'core' },
      })
    return core
  }
  if (workers === 0) return 0
  if (key !== undefined) return 1 + (hashKey(key) % workers)
  return spread ? 1 + ((own + turn) % workers) : own
}
