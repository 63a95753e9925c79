/**
 * Groups of actors, as Erlang's `pg`: actors join groups of a scope, and anybody looks up the members. An actor may join a group more than once, and leaves it as
 * often. Membership ends with the incarnation.
 */
import type { Info, Ref } from '@cambium/actor'
import type { Lookup, Registrant } from './registry.ts'
import { checkSpace } from './space-name.ts'

/** One change of a scope. */
export interface GroupChange<Messages, Reply> {
  readonly type: 'joined' | 'left'
  readonly group: string
  readonly ref: Ref<Messages, Reply>
}

export interface GroupScope<Messages, Reply> {
  readonly scope: string
  /** Resolves when this core's copy has it. Rejects with `ERR_DIRECTORY_FULL`, `ERR_OPTION`. */
  join(context: Registrant, group: string): Promise<void>
  /** Leaves once; resolves with whether the actor was a member. */
  leave(context: Registrant, group: string): Promise<boolean>
  /** In the order in which they joined; one that joined twice is there twice. */
  members(where: Lookup, group: string): readonly Ref<Messages, Reply>[]
  /** Those on the actor's own core. */
  localMembers(where: Lookup & { readonly core: number }, group: string): readonly Ref<Messages, Reply>[]
  /** Groups that have members. */
  groups(where: Lookup): readonly string[]
  /** From now on the actor's `info` is told of every change of the scope; {@link change} reads it. Answers the members by group as they are. */
  monitor(context: Registrant): ReadonlyMap<string, readonly Ref<Messages, Reply>[]>
  demonitor(context: Registrant): void
  /** What an info says of this scope; undefined for any other. */
  change(info: Info): GroupChange<Messages, Reply> | undefined
  /** Tells every member. Answers how many. */
  broadcast(where: Lookup, group: string, message: Messages): number
}

/** A scope of groups whose members take `Messages`. Throws `ERR_OPTION`. */
export function createGroupScope<Messages, Reply = unknown>(scope: string): GroupScope<Messages, Reply> {
  const space = `groups:${checkSpace('scope', scope)}`
  const members = (where: Lookup, group: string): readonly Ref<Messages, Reply>[] =>
    where.directory.find(space, group).map(({ ref }) => ref as unknown as Ref<Messages, Reply>)
  const groups: GroupScope<Messages, Reply> = {
    scope,
    join: (context, group) => context.directory.add(space, group, undefined, { isUnique: false }),
    leave: async (context, group) => (await context.directory.remove(space, group, { isAll: false })) > 0,
    members,
    localMembers: (where, group) => members(where, group).filter(({ core }) => core === where.core),
    groups: (where) => where.directory.keys(space),
    monitor(context) {
      context.directory.watch(space)
      return new Map(context.directory.keys(space).map((group) => [group, members(context, group)]))
    },
    demonitor(context) {
      context.directory.unwatch(space)
    },
    change(info) {
      if ((info.type !== 'joined' && info.type !== 'left') || info.space !== space) return undefined
      return { type: info.type, group: info.key, ref: info.ref as unknown as Ref<Messages, Reply> }
    },
    broadcast(where, group, message) {
      const all = members(where, group)
      for (const ref of all) ref.tell(message)
      return all.length
    },
  }
  return Object.freeze(groups)
}
