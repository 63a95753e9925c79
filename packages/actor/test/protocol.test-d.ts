/** Types of messages and replies: what `ask` gives for unions and for calls, and which sends do not compile. */
import { describe, expectTypeOf, test } from 'vitest'
import { crashReason, defineActor } from '../src/index.ts'
import type { ActorContext, Behaviour, Call, Info, Monitor, Ref, ReplyTo, SendOutcome } from '../src/index.ts'

type Input = { type: 'increment' } | { type: 'add'; by: number } | { type: 'read' }
type Output = { type: 'ack' } | { type: 'value'; value: number }

declare const counter: Ref<Input, Output>

describe('a union of inputs and a union of outputs', () => {
  test('ask gives the union, with the fields of every member to take apart', async () => {
    const answer = await counter.ask({ type: 'read' })
    expectTypeOf(answer.type).toEqualTypeOf<'ack' | 'value'>()
    const { value } = answer
    expectTypeOf(value).toEqualTypeOf<number | undefined>()
    if (answer.type === 'value') expectTypeOf(answer.value).toEqualTypeOf<number>()
  })

  test('outputs that are no objects stay as they are', () => {
    expectTypeOf<ReplyTo<Input, Input, number>>().toEqualTypeOf<number>()
    expectTypeOf<ReplyTo<Input, Input, string | undefined>>().toEqualTypeOf<string | undefined>()
    expectTypeOf<ReplyTo<Input, Input, readonly string[]>>().toEqualTypeOf<readonly string[]>()
  })

  test('tell and trySend', () => {
    expectTypeOf(counter.tell({ type: 'add', by: 1 })).toEqualTypeOf<void>()
    expectTypeOf(counter.trySend({ type: 'increment' })).toEqualTypeOf<SendOutcome>()
    expectTypeOf(counter.send({ type: 'increment' }, { timeoutMs: 1 })).toEqualTypeOf<Promise<void>>()
  })
})

describe('wrong messages do not compile', () => {
  test('an unknown type', () => {
    // @ts-expect-error there is no such message
    counter.tell({ type: 'decrement' })
    // @ts-expect-error there is no such message
    void counter.ask({ type: 'decrement' })
    // @ts-expect-error there is no such message
    counter.trySend({ type: 'decrement' })
    // @ts-expect-error there is no such message
    void counter.send('increment')
  })

  test('a missing or wrong field', () => {
    // @ts-expect-error `by` is missing
    counter.tell({ type: 'add' })
    // @ts-expect-error `by` is no number
    void counter.ask({ type: 'add', by: '1' })
  })

  test('a wrong option', () => {
    // @ts-expect-error it is called timeoutMs
    void counter.ask({ type: 'read' }, { timeout: 1 })
  })
})

type Inventory =
  | Call<{ type: 'stock'; sku: string }, number>
  | Call<{ type: 'reserve'; sku: string }, { id: string } | undefined>
  | { type: 'clear' }
declare const inventory: Ref<Inventory>

describe('calls that declare their replies', () => {
  test('ask gives exactly what the message selects', async () => {
    expectTypeOf(await inventory.ask({ type: 'stock', sku: 'a' })).toEqualTypeOf<number>()
    expectTypeOf((await inventory.ask({ type: 'reserve', sku: 'a' })).id).toEqualTypeOf<string>()
    expectTypeOf(await inventory.ask({ type: 'clear' })).toEqualTypeOf<unknown>()
  })

  test('the brand is no field to fill in', () => {
    inventory.tell({ type: 'stock', sku: 'a' })
    // @ts-expect-error `sku` is missing
    inventory.tell({ type: 'stock' })
  })
})

describe('defineActor', () => {
  test('infers argument, messages and replies from the callbacks', () => {
    const behaviour = defineActor(import.meta.url, 'counter', {
      init: (start: number) => ({ count: start }),
      receive(state, message: Input, context: ActorContext<Input, Output>) {
        expectTypeOf(state).toEqualTypeOf<{ count: number }>()
        if (message.type === 'read') context.reply({ type: 'value', value: state.count })
        return { count: state.count + 1 }
      },
      terminate(state) {
        expectTypeOf(state).toEqualTypeOf<{ count: number }>()
      },
    })
    expectTypeOf(behaviour).toEqualTypeOf<Behaviour<number, Input, Output>>()
  })

  test('an asynchronous init gives the state it resolves with', () => {
    defineActor(import.meta.url, 'loader', {
      init: async (path: string) => ({ path }),
      receive(state, _message: 'go') {
        expectTypeOf(state).toEqualTypeOf<{ path: string }>()
      },
    })
  })

  test('a state or reply of another type does not compile', () => {
    defineActor(import.meta.url, 'counter', {
      init: (start: number): number => start,
      // @ts-expect-error the state is a number
      receive: (state: number, _message: Input) => `${state}`,
    })
    defineActor(import.meta.url, 'counter', {
      init: (): null => null,
      receive(_state: null, _message: Input, context: ActorContext<Input, Output>) {
        // @ts-expect-error there is no such output
        context.reply({ type: 'nothing' })
      },
    })
  })

  test("timers and self take the actor's own messages", () => {
    defineActor(import.meta.url, 'ticker', {
      init(_argument: null, context: ActorContext<{ type: 'tick' }>) {
        context.setTimer('tick', 10, { type: 'tick' }, { repeat: true })
        context.self.tell({ type: 'tick' })
        // @ts-expect-error no message of this actor
        context.setTimer('tick', 10, { type: 'tock' })
        return null
      },
      receive(_state, _message: { type: 'tick' }) {},
    })
  })

  test('spawn of a child checks its argument and gives its ref', () => {
    const child = {} as Behaviour<{ start: number }, Input, Output>
    const context = {} as ActorContext
    expectTypeOf(context.spawn(child, { start: 1 })).toEqualTypeOf<Ref<Input, Output>>()
    // @ts-expect-error the argument is an object
    context.spawn(child, 1)
  })
})

test('links, monitors and what info is told', () => {
  const context = {} as ActorContext
  const ref = {} as Ref<Input, Output>
  expectTypeOf(context.monitor(ref)).toEqualTypeOf<Monitor>()
  context.link(ref)
  context.demonitor(context.monitor(ref), { flush: true })
  // @ts-expect-error a number is no monitor
  context.demonitor(1)
  context.exit(ref, { kind: 'shutdown', detail: 1 })
  context.exit(ref, new Error('boom'))
  context.stop(crashReason({ code: 7 }))
  // @ts-expect-error nobody ends like that
  context.exit(ref, { kind: 'noproc' })
  // @ts-expect-error an error makes a crash
  context.stop({ kind: 'crash' })
  defineActor(import.meta.url, 'watcher', {
    init: (): number => 0,
    receive: (_state: number, _message: Input) => {},
    info(state, info) {
      expectTypeOf(info).toEqualTypeOf<Info>()
      if (info.type === 'down') expectTypeOf(info.monitor).toEqualTypeOf<Monitor>()
      return state + 1
    },
  })
  defineActor(import.meta.url, 'watcher', {
    init: (): number => 0,
    receive: (_state: number, _message: Input) => {},
    // @ts-expect-error the state is a number
    info: () => 'state',
  })
})

test('a ref that takes more may stand for one that takes less, not the other way round', () => {
  expectTypeOf<Ref<Input>>().toExtend<Ref<{ type: 'read' }>>()
  expectTypeOf<Ref<{ type: 'read' }>>().not.toExtend<Ref<Input>>()
})
