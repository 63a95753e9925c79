/** What the types of registries and groups allow and infer. */
import type { ActorContext, Info, Ref } from '@cambium/actor'
import type { System } from '@cambium/runtime'
import { expectTypeOf, test } from 'vitest'
import { createGroupScope, createRegistry, withLock } from '../src/index.ts'
import type { GroupChange } from '../src/index.ts'

type Message = { readonly type: 'ping' }

declare const context: ActorContext<Message, string>
declare const system: System

test('a registry ties keys to refs and values', () => {
  const registry = createRegistry<Message, string, { readonly weight: number }>('workers', { keys: 'duplicate' })
  expectTypeOf(registry.whereis(system, 'a')).toEqualTypeOf<Ref<Message, string> | undefined>()
  expectTypeOf(registry.via(context, 'a')).toEqualTypeOf<Ref<Message, string>>()
  expectTypeOf(registry.lookup(context, 'a')[0]?.value).toEqualTypeOf<{ readonly weight: number } | undefined>()
  void registry.register(context, 'a', { weight: 1 })
  // @ts-expect-error the value has a weight
  void registry.register(context, 'a', {})
  // @ts-expect-error only actors register
  void registry.register(system, 'a', { weight: 1 })
  // @ts-expect-error no such message
  registry.dispatch(context, 'a', { type: 'pong' })
  // @ts-expect-error no such kind
  createRegistry('workers', { keys: 'many' })
})

test('a scope ties groups to refs', () => {
  const scope = createGroupScope<Message, string>('workers')
  expectTypeOf(scope.members(system, 'a')).toEqualTypeOf<readonly Ref<Message, string>[]>()
  expectTypeOf(scope.change({} as Info)).toEqualTypeOf<GroupChange<Message, string> | undefined>()
  // @ts-expect-error a system is on no core
  scope.localMembers(system, 'a')
})

test('a lock gives what its work gives', () => {
  expectTypeOf(withLock(context, 'key', () => 1)).toEqualTypeOf<Promise<number>>()
  expectTypeOf(withLock(context, 'key', async () => 'x', { waitMs: Infinity })).toEqualTypeOf<Promise<string>>()
})
