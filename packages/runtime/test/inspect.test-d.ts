/** Types of looking inside. */
import type { Ref } from '@cambium/actor'
import type { ActorInspector, ActorStatistics, ActorStatus, System } from '@cambium/runtime'
import { expectTypeOf, test } from 'vitest'

declare const system: System
declare const ref: Ref<{ type: 'a' }, number>

test('an actor is named by its ref or its name', () => {
  expectTypeOf(system.inspect(ref)).toEqualTypeOf<ActorInspector>()
  system.inspect('name')
  // @ts-expect-error: neither
  system.inspect(5)
})

test('a status is one of those in which an actor can be looked at', () => {
  expectTypeOf<ActorStatus['status']>().toEqualTypeOf<
    'starting' | 'ready' | 'busy' | 'suspended' | 'awaiting' | 'stopping' | 'leaving'
  >()
})

test('the state is unknown unless the caller says what it is', () => {
  const look = system.inspect(ref)
  expectTypeOf(look.getState()).resolves.toBeUnknown()
  expectTypeOf(look.getState<{ sum: number }>()).resolves.toEqualTypeOf<{ sum: number }>()
  expectTypeOf(look.statistics(true)).resolves.toEqualTypeOf<ActorStatistics | undefined>()
  // @ts-expect-error: a function of a module, by name: code does not travel
  void look.replaceState((state: number) => state + 1)
  system.events.on('crash_report', ({ supervision, state }) => {
    expectTypeOf(supervision).toEqualTypeOf<readonly string[]>()
    expectTypeOf(state).toBeUnknown()
  })
})
