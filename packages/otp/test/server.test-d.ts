/** What the types of servers allow and infer. */
import type { Call, Ref } from '@cambium/actor'
import type { System } from '@cambium/runtime'
import { expectTypeOf, test } from 'vitest'
import { defineServer, run, serveStream } from '../src/index.ts'
import type { Run, Server } from '../src/index.ts'
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
  expectTypeOf(run(counter, 0, [])).toEqualTypeOf<Run<number, CounterOutput>>()
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
