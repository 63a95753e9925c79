/**
 * Registries: actors under keys with values, as Elixir's `Registry`. A registry is a name for a space of the system's directory: it is made wherever it is used,
 * and every core has a copy. Entries end with the incarnation that made them.
 */
import type { ActorContext, DirectoryView, Ref } from '@cambium/actor'
import { CambiumError, checkFields, checkOneOf } from '@cambium/base'
import { checkSpace } from './space-name.ts'

/** Where entries are looked up: an actor's context, or a system. */
export interface Lookup {
  readonly directory: DirectoryView
}

export interface RegistryOptions {
  /** Whether a key belongs to one actor at a time. @default 'unique' */
  readonly keys?: 'unique' | 'duplicate'
}

export interface RegistryEntry<Messages, Reply, Value> {
  readonly ref: Ref<Messages, Reply>
  readonly value: Value
}

export interface Registry<Messages, Reply, Value> {
  readonly name: string
  readonly keys: 'unique' | 'duplicate'
  /**
   * Enters the actor of that context; what it enters under a unique key again changes the value. Resolves when this core's copy has it. Rejects with `ERR_NAME_TAKEN`,
   * `ERR_DIRECTORY_FULL`, `ERR_OPTION`, `ERR_CANNOT_TRAVEL`.
   */
  register(context: Registrant, key: string, value: Value): Promise<void>
  /** Takes all entries of that actor under the key back; resolves with how many those were. */
  unregister(context: Registrant, key: string): Promise<number>
  /** The entries of a key, in the order in which they were made. */
  lookup(where: Lookup, key: string): readonly RegistryEntry<Messages, Reply, Value>[]
  /** The one actor of a unique key, if it is there. */
  whereis(where: Lookup, key: string): Ref<Messages, Reply> | undefined
  /** The same for who needs it. Throws `ERR_NO_SUCH_NAME`. */
  via(where: Lookup, key: string): Ref<Messages, Reply>
  /** Keys that have entries. */
  list(where: Lookup): readonly string[]
  /** Tells every actor of a key. Answers how many. */
  dispatch(where: Lookup, key: string, message: Messages): number
}

/** What of a context registries, groups and locks need. */
export type Registrant = Pick<ActorContext, 'directory'>

/** A registry of actors that take `Messages`. Those of one name and of one kind of keys are the same; of the other kind, another one. Throws `ERR_OPTION`. */
export function createRegistry<Messages, Reply = unknown, Value = undefined>(
  name: string,
  options: RegistryOptions = {},
): Registry<Messages, Reply, Value> {
  checkFields('options', options, ['keys'])
  const keys = checkOneOf('keys', options.keys, ['unique', 'duplicate'] as const, 'unique')
  const space = `registry:${keys}:${checkSpace('name', name)}`
  const lookup = (where: Lookup, key: string): readonly RegistryEntry<Messages, Reply, Value>[] =>
    where.directory.find(space, key) as unknown as readonly RegistryEntry<Messages, Reply, Value>[]
  const registry: Registry<Messages, Reply, Value> = {
    name,
    keys,
    register: (context, key, value) => context.directory.add(space, key, value, { isUnique: keys === 'unique' }),
    unregister: (context, key) => context.directory.remove(space, key, { isAll: true }),
    lookup,
    whereis: (where, key) => lookup(where, key)[0]?.ref,
    via(where, key) {
      const found = lookup(where, key)[0]
      if (found === undefined)
        throw new CambiumError('ERR_NO_SUCH_NAME', `nobody is registered: registry=${name}, key=${key}`, {
          severity: 'crash',
          fields: { registry: name, key },
        })
      return found.ref
    },
    list: (where) => where.directory.keys(space),
    dispatch(where, key, message) {
      const entries = lookup(where, key)
      for (const { ref } of entries) ref.tell(message)
      return entries.length
    },
  }
  return Object.freeze(registry)
}
