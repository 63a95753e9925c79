/** What the types of servers allow and infer. */
import type { Call, Ref } from '@cambium/actor'
import type { System } from '@cambium/runtime'
import { expectTypeOf, test } from 'vitest'
import { createRequests, defineServer, NO_REPLY, run, sendRequest, serveStream, startWith } from '../src/index.ts'
import type { RequestOutcome, NotYet, Run, SentRequest, Server, ServerStep } from '../src/index.ts'
import { counter } from './fixtures/counter.ts'
import type { CounterInput, CounterOutput } from './fixtures/counter.ts'
import { savedCounter } from './fixtures/saved-counter.ts'
import type { Saved } from './fixtures/saved-counter.ts'

declare const system: System

type Question = Call<{ type: 'count' }, { value: number }> | Call<{ type: 'name' }, string> | { type: 'increment' }
declare const exact: Ref<Question>

test('a server’s types are inferred from its functions', () => {
  expectTypeOf(counter).toExtend<Server<number, number, CounterInput, CounterOutput>>()
  expectTypeOf(savedCounter).toExtend<Server<string, Saved, 'increment' | 'read' | 'break', number>>()
  expectTypeOf(run(counter, 0, [])).toEqualTypeOf<Run<number, CounterOutput, CounterInput>>()
  expectTypeOf(run(counter, 0, [{ type: 'increment' }, { type: 'read' }]).output).toEqualTypeOf<CounterOutput | undefined>()
})

test('spawning ties argument, inputs and replies to the server', async () => {
  const ref = await system.spawn(counter, 0)
  expectTypeOf(ref).toEqualTypeOf<Ref<CounterInput, CounterOutput>>()
  // @ts-expect-error the argument is a number
  await system.spawn(counter, 'zero')
})

test('R2.1 a wrong input does not compile', async () => {
  const ref = await system.spawn(counter, 0)
  ref.tell({ type: 'increment' })
  // @ts-expect-error no such input
  ref.tell({ type: 'decrement' })
  // @ts-expect-error no such input
  await ref.ask({ type: 'write' })
  // @ts-expect-error no such input
  run(counter, 0, [{ type: 'decrement' }])
})

test('the reply to an ask over unions can be taken apart', async () => {
  const ref = await system.spawn(counter, 0)
  const { value } = await ref.ask({ type: 'read' })
  expectTypeOf(value).toEqualTypeOf<number | undefined>()
  const reply = await ref.ask({ type: 'read' })
  if (reply.type === 'value') expectTypeOf(reply.value).toEqualTypeOf<number>()
  // @ts-expect-error no output has it
  expectTypeOf(reply.total).toBeAny()
})

test('the reply to an ask is exact with Call', async () => {
  const { value } = await exact.ask({ type: 'count' })
  expectTypeOf(value).toEqualTypeOf<number>()
  expectTypeOf(await exact.ask({ type: 'name' })).toEqualTypeOf<string>()
  // @ts-expect-error a count has no name
  expectTypeOf((await exact.ask({ type: 'count' })).name).toBeAny()
})

test('step must give the state and an output of its types', () => {
  // @ts-expect-error the next state is no number
  defineServer(import.meta.url, 'wrong', { init: () => 0, step: (state: number): [string, number] => [String(state), state] })
  defineServer(import.meta.url, 'wrong', {
    init: () => 0,
    step: (state: number, input: string): [number, string] => [state, input],
    // @ts-expect-error a decoded input is a string
    decode: (): number => 1,
  })
  defineServer(import.meta.url, 'inferred', {
    init: () => 0,
    step: (state: number, input: string): [number, bigint] => [state, BigInt(input)],
    terminate: (state) => {
      expectTypeOf(state).toEqualTypeOf<number>()
    },
    encode: (output) => {
      expectTypeOf(output).toEqualTypeOf<bigint>()
      return new Uint8Array(0)
    },
  })
})

test('a stream is served by a ref of the same server', async () => {
  const ref = await system.spawn(counter, 0)
  expectTypeOf(serveStream(counter, ref, process.stdin as never)).resolves.toHaveProperty('answered')
  // @ts-expect-error another server's ref
  await serveStream(savedCounter, ref, process.stdin as never)
})

test('a step’s actions and tokens are of the server’s own types', () => {
  const server = defineServer(import.meta.url, 'inferred', {
    init: (start: number) => startWith(start, [{ type: 'continue', input: 'up' }]),
    step(count, input: 'up' | 'read', turn): ServerStep<number, 'up' | 'read', string> {
      expectTypeOf(count).toEqualTypeOf<number>()
      expectTypeOf(turn.replyToken()).toEqualTypeOf<Ref<string>>()
      if (input === 'read') return [count, String(count)]
      return [count + 1, NO_REPLY, [{ type: 'timeout', name: 'again', ms: 5, input: 'up' }]]
    },
  })
  expectTypeOf(server).toExtend<Server<number, number, 'up' | 'read', string>>()
  defineServer(import.meta.url, 'wrong', {
    init: () => 0,
    step: (count: number, _input: 'up'): ServerStep<number, 'up', string> => [
      count,
      NO_REPLY,
      // @ts-expect-error no such input
      [{ type: 'continue', input: 'down' }],
    ],
  })
  defineServer(import.meta.url, 'wrong', {
    init: () => 0,
    // @ts-expect-error no such action
    step: (count: number, _input: 'up'): ServerStep<number, 'up', string> => [count, NO_REPLY, [{ type: 'dance' }]],
  })
})

test('C-23 a request has the type of its reply', async () => {
  expectTypeOf(sendRequest(exact, { type: 'name' })).toEqualTypeOf<SentRequest<string>>()
  const request = sendRequest(exact, { type: 'count' })
  expectTypeOf(await request.wait()).toEqualTypeOf<RequestOutcome<{ value: number }> | NotYet>()
  const requests = createRequests<{ value: number }, symbol>()
  requests.add(Symbol('one'), request)
  // @ts-expect-error its reply is a text
  requests.add(Symbol('two'), sendRequest(exact, { type: 'name' }))
  // @ts-expect-error no such message
  sendRequest(exact, { type: 'read' })
})
