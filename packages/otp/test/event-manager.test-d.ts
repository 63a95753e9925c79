/** What the types of event managers and their handlers allow and infer. */
import type { ActorContext } from '@cambium/actor'
import type { System } from '@cambium/runtime'
import { expectTypeOf, test } from 'vitest'
import {
  addHandler,
  callHandler,
  defineEventHandler,
  defineEventManager,
  deleteHandler,
  handler,
  REMOVE_HANDLER,
  runHandler,
  swapFor,
  swapHandler,
} from '../src/index.ts'
import type { EventManagerRef, HandlerRun } from '../src/index.ts'
import { heir, sensors, tally } from './fixtures/sensors.ts'
import type { SensorEvent } from './fixtures/sensors.ts'

declare const system: System
declare const manager: EventManagerRef<SensorEvent>
declare const context: ActorContext

const names = defineEventHandler(import.meta.url, 'names', {
  init: (_argument: undefined) => new Set<string>(),
  event: (state, event: { readonly type: 'named'; readonly name: string }) => state.add(event.name),
})

test('events are told and asked for, nothing else', async () => {
  const ref = await system.spawn(sensors, { tallies: [] })
  expectTypeOf(ref).toExtend<EventManagerRef<SensorEvent>>()
  ref.tell({ type: 'reading', value: 1 })
  expectTypeOf(await ref.ask({ type: 'crash', id: 'a' })).toEqualTypeOf<void>()
  // @ts-expect-error no such event
  ref.tell({ type: 'read' })
})

test('the state of a handler is what its init makes', () => {
  defineEventHandler(import.meta.url, 'inferred', {
    init: (count: number) => ({ count }),
    event(state, event: 'up' | 'down') {
      expectTypeOf(state).toEqualTypeOf<{ count: number }>()
      if (event === 'down') return REMOVE_HANDLER
      return { count: state.count + 1 }
    },
    terminate(state) {
      expectTypeOf(state).toEqualTypeOf<{ count: number }>()
    },
  })
  defineEventHandler(import.meta.url, 'wrong', {
    init: () => 0,
    // @ts-expect-error the next state is no number
    event: (_state, event: string) => event,
  })
  expectTypeOf(runHandler(names, new Set(), [{ type: 'named', name: 'a' }])).toEqualTypeOf<HandlerRun<Set<string>>>()
})

test('a handler must take all events of its manager, and its argument', async () => {
  await addHandler(manager, handler(tally, 'a'))
  // @ts-expect-error it knows none of these events
  await addHandler(manager, handler(names, undefined))
  // @ts-expect-error its argument is a text
  await addHandler(manager, handler(tally, 7))
  await addHandler(manager, handler(tally, 'a'), { owner: context })
  // @ts-expect-error the manager's handlers as well
  defineEventManager<SensorEvent>(import.meta.url, 'wrong', { handlers: () => [handler(names, undefined)] })
  await swapHandler(manager, tally, handler(heir, 'b'))
  // @ts-expect-error it knows none of these events
  await swapHandler(manager, tally, handler(names, undefined))
  defineEventHandler(import.meta.url, 'wrong', {
    init: () => 0,
    // @ts-expect-error nor may it follow one that does
    event: (_state, _event: SensorEvent) => swapFor(handler(names, undefined)),
  })
})

test('calls and deletes resolve with the handler’s own types', async () => {
  expectTypeOf(await callHandler(manager, tally, { type: 'read' })).toEqualTypeOf<readonly number[]>()
  expectTypeOf(await callHandler(manager, tally, { type: 'crash' })).toEqualTypeOf<number>()
  // @ts-expect-error no such request
  await callHandler(manager, tally, { type: 'write' })
  // @ts-expect-error it takes no calls
  await callHandler(manager, names, 'any')
  expectTypeOf((await deleteHandler(manager, tally)).values).toEqualTypeOf<readonly number[]>()
  expectTypeOf(await deleteHandler(manager, heir)).toEqualTypeOf<void>()
})

test('a handler is no actor', async () => {
  // @ts-expect-error it is to be installed in an event manager
  await system.spawn(tally, 'a')
})
