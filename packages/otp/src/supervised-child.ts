/**
 * A child of a supervisor as plain data: code cannot travel, so its behaviour is named by module and name (D13). This is what waits in the
 * supervisor for a restart, and what a request to start a child carries to it.
 */
import { checkMailboxOptions, isBehaviour } from '@cambium/actor'
import { CambiumError, checkBoolean, checkFields, checkInteger, CORES_MAX, hashKey, optionError } from '@cambium/base'
import { checkActor } from '@cambium/runtime'
import type { Child } from '@cambium/runtime'
import { assertArgumentTravels } from '@cambium/scheduler'
import type { StartSpec } from '@cambium/scheduler'
import { SHUTDOWN_MS_MAX } from '@cambium/supervision'
import type { ChildSpec } from '@cambium/supervision'

export interface SupervisedChild {
  readonly start: StartSpec
  readonly core: number | undefined
  readonly key: string | undefined
  readonly spread: boolean
}

export type SupervisedChildSpec = Omit<ChildSpec<SupervisedChild>, 'id'> & { readonly id: string | undefined }

/** The spec of what `child` made. Throws `ERR_CHILD_SPEC`, naming the option, and `ERR_CANNOT_TRAVEL`, naming the path, whichever core the child is for. */
export function childSpecOf(child: Child<never, unknown>): SupervisedChildSpec {
  try {
    checkFields('child', child, ['behaviour', 'argument', 'options'])
    const { behaviour, argument } = child
    if (!isBehaviour(behaviour)) throw optionError('behaviour', behaviour, 'what defineActor or defineServer returned')
    if (typeof child.options !== 'object' || child.options === null) throw optionError('options', child.options, 'an object')
    const { id, significant, spread, ...options } = child.options
    if (id !== undefined && typeof id !== 'string') throw optionError('id', id, 'a string')
    const checked = checkActor(behaviour, argument, options, CORES_MAX)
    assertArgumentTravels(argument)
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
    throw childSpecError(error)
  }
}

/** `ERR_CHILD_SPEC` for what a check of options found, of the child `id` where that is known; other errors as they are. */
export function childSpecError(error: unknown, id?: string): unknown {
  if (!(error instanceof CambiumError) || error.code !== 'ERR_OPTION') return error
  const { option, expected } = error.fields as { option: string; expected: string }
  const detail = error.message.slice('option '.length)
  return new CambiumError('ERR_CHILD_SPEC', `child spec is wrong: ${detail}${id === undefined ? '' : `, id=${id}`}`, {
    cause: error,
    fields: { field: option, expected, ...(id === undefined ? {} : { id }) },
  })
}

/** Whether it has the form of what `childSpecOf` makes. Its id and its restart are the supervisor's to check, its core is {@link checkCore}'s. */
export function isChildSpec(value: unknown): value is SupervisedChildSpec {
  const { id, start: child } = Object(value) as Partial<SupervisedChildSpec>
  const { start, core, key, spread } = Object(child) as Partial<SupervisedChild>
  const { module, behaviour, name, mailbox, initTimeoutMs } = Object(start) as Partial<StartSpec>
  const isTime = typeof initTimeoutMs === 'number' && initTimeoutMs >= 1 && initTimeoutMs <= SHUTDOWN_MS_MAX
  const isPlaced = isOptional('number', core) && isOptional('string', key) && typeof spread === 'boolean'
  const isNamed = isOptional('string', id) && isOptional('string', name) && name !== ''
  if (typeof module !== 'string' || typeof behaviour !== 'string' || !isPlaced || !isNamed) return false
  if (!isTime && initTimeoutMs !== Infinity) return false
  try {
    if (mailbox !== undefined) checkMailboxOptions(mailbox)
    return true
  } catch {
    return false
  }
}

function isOptional(type: 'number' | 'string', value: unknown): boolean {
  return value === undefined || typeof value === type
}

/** Throws `ERR_CHILD_SPEC` for a core that does not exist. */
export function checkCore(core: number | undefined, cores: number, id: string): void {
  try {
    checkInteger('core', core, { default: 0, min: 0, max: cores - 1 })
  } catch (error) {
    throw childSpecError(error, id)
  }
}

/** The core, which exists, of a child that has no slot yet; `turn` counts the children that were spread. */
export function coreOf(child: SupervisedChild, own: number, cores: number, turn: number): number {
  const { core, key, spread } = child
  const workers = cores - 1
  if (core !== undefined) return core
  if (workers === 0) return 0
  if (key !== undefined) return 1 + (hashKey(key) % workers)
  return spread ? 1 + ((own + turn) % workers) : own
}
