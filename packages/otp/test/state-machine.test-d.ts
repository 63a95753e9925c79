/** What the types of state machines allow and infer. */
import type { Call, Ref } from '@cambium/actor'
import type { System } from '@cambium/runtime'
import { expectTypeOf, test } from 'vitest'
import { runMachine } from '../src/index.ts'
import type { MachineDefinition, StateDefinition, StateMachine } from '../src/index.ts'

interface Door {
  argument: string
  states: { locked: { code: string; tries: number }; open: { code: string }; broken: null }
  event: { type: 'enter'; code: string } | { type: 'close' } | Call<{ type: 'tries' }, number>
  reply: 'yes' | 'no'
  timeout: 'alarm'
}

declare const system: System
type Definition = MachineDefinition<Door>
declare const define: (definition: Definition) => StateMachine<Door>
declare const locked: Definition['states']['locked']
declare const open: Definition['states']['open']
declare const broken: Definition['states']['broken']
const init = (code: string) => ({ state: 'locked', data: { code, tries: 0 } }) as const

test('handlers know the data of their state, their event, and its answer', () => {
  const door = define({
    init,
    states: {
      locked: {
        on: {
          enter(data, event, turn) {
            expectTypeOf(data).toEqualTypeOf<{ code: string; tries: number }>()
            expectTypeOf(event).toEqualTypeOf<{ type: 'enter'; code: string }>()
            expectTypeOf(turn.replyToken()).toEqualTypeOf<Ref<'yes' | 'no'>>()
            if (event.code !== data.code)
              return { data: { ...data, tries: data.tries + 1 }, actions: [{ type: 'reply', value: 'no' }] }
            return {
              state: 'open',
              actions: [
                { type: 'reply', value: 'yes' },
                { type: 'timeout', name: 'alarm', ms: 1000 },
              ],
            }
          },
          close: 'ignore',
          tries: ({ tries }) => ({ actions: [{ type: 'reply', value: tries }] }),
        },
        enter(data, from) {
          expectTypeOf(data).toEqualTypeOf<{ code: string; tries: number }>()
          expectTypeOf(from).toEqualTypeOf<'locked' | 'open' | 'broken'>()
        },
        timeouts: { alarm: 'ignore' },
      },
      open,
      broken,
    },
  })
  expectTypeOf(door).toExtend<StateMachine<Door>>()
})

type States = Definition['states']
type OnLocked = States['locked']['on']
type OnOpen = States['open']['on']
const timeouts = { alarm: 'ignore' } as const
const on = { enter: 'ignore', close: 'ignore', tries: 'ignore' } as const

test('an event that a state leaves out does not compile', () => {
  // @ts-expect-error `tries` is neither handled, postponed nor ignored
  expectTypeOf<OnLocked>({ enter: 'ignore', close: 'postpone' })
  // @ts-expect-error there is no such event
  expectTypeOf<OnLocked>({ ...on, ring: 'ignore' })
  // @ts-expect-error this is no way to leave it out
  expectTypeOf<OnLocked>({ ...on, close: 'drop' })
  expectTypeOf<OnLocked>({ ...on, close: 'postpone' })
})

test('a state or a timeout that is left out does not compile', () => {
  // @ts-expect-error `broken` is missing
  expectTypeOf<States>({ locked, open })
  // @ts-expect-error the alarm may come in every state
  expectTypeOf<States['open']>({ on })
  expectTypeOf<States['open']>({ on, timeouts })
})

test('a transition to what is no state, or without the data of the state, does not compile', () => {
  // @ts-expect-error there is no such state
  expectTypeOf<OnOpen['close']>(() => ({ state: 'ajar' }))
  // @ts-expect-error `tries` is missing
  expectTypeOf<OnOpen['close']>(({ code }) => ({ state: 'locked', data: { code } }))
  // @ts-expect-error the data of `open` is none of `locked`
  expectTypeOf<OnOpen['close']>(() => ({ state: 'locked' }))
  expectTypeOf<OnOpen['close']>(({ code }) => ({ state: 'locked', data: { code, tries: 0 } }))
  expectTypeOf<OnLocked['close']>(() => ({ state: 'open' }))
})

test('a wrong answer, action or timeout does not compile', () => {
  // @ts-expect-error a call is answered by what it declares
  expectTypeOf<OnOpen['tries']>(() => ({ actions: [{ type: 'reply', value: 'yes' }] }))
  // @ts-expect-error there is no such action
  expectTypeOf<OnOpen['close']>(() => ({ actions: [{ type: 'dance' }] }))
  // @ts-expect-error there is no such timeout
  expectTypeOf<OnOpen['close']>(() => ({ actions: [{ type: 'timeout', name: 'x', ms: 1 }] }))
  // @ts-expect-error a handler is never asynchronous
  expectTypeOf<OnOpen['close']>(async () => ({ repeat: true }))
  // @ts-expect-error who enters a state stays in it
  expectTypeOf<States['open']>({ on, timeouts, enter: () => ({ state: 'broken', data: null }) })
  // @ts-expect-error nothing can be postponed there
  expectTypeOf<States['open']>({ on, timeouts, enter: () => ({ actions: [{ type: 'postpone' }] }) })
})

test('who is told of others answers it in every state, who is not cannot', () => {
  type Watching = StateDefinition<{ argument: null; states: { s: null }; event: { type: 'e' }; info: true }, null>
  type Alone = StateDefinition<{ argument: null; states: { s: null }; event: { type: 'e' } }, null>
  // @ts-expect-error `info` is missing
  expectTypeOf<Watching>({ on: { e: 'ignore' } })
  expectTypeOf<Watching>({ on: { e: 'ignore' }, info: (_data, info) => (info.type === 'down' ? { stop: 'normal' } : {}) })
  // @ts-expect-error it is told nothing
  expectTypeOf<Alone>({ on: { e: 'ignore' }, info: 'ignore' })
})

test('spawning and running tie argument, events and answers to the machine', async () => {
  const door = define({ init, states: { locked, open, broken } })
  const ref = await system.spawn(door, '4711')
  expectTypeOf(ref).toEqualTypeOf<Ref<Door['event'], 'yes' | 'no'>>()
  expectTypeOf(await ref.ask({ type: 'tries' })).toEqualTypeOf<number>()
  expectTypeOf(await ref.ask({ type: 'enter', code: '' })).toEqualTypeOf<'yes' | 'no'>()
  // @ts-expect-error the argument is a string
  await system.spawn(door, 4711)
  // @ts-expect-error no such event
  ref.tell({ type: 'ring' })
  const run = runMachine(door, '4711')
  expectTypeOf(run.state).toEqualTypeOf<'locked' | 'open' | 'broken'>()
  expectTypeOf(run.ask({ type: 'tries' }).value).toEqualTypeOf<number | undefined>()
  // @ts-expect-error no such event
  run.tell({ type: 'ring' })
})
