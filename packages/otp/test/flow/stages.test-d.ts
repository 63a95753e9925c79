/** The types of events are found by themselves, from stage to stage, and what does not fit does not compile. */
import type { Ref } from '@cambium/actor'
import type { System } from '@cambium/runtime'
import { describe, expectTypeOf, test } from 'vitest'
import {
  defineConsumer,
  defineProcessor,
  defineProducer,
  openSource,
  readableStream,
  readEvents,
  subscribe,
} from '../../src/index.ts'
import type { Consumer, Processor, Producer, ProducerRef, Subscription } from '../../src/index.ts'

declare const system: System

const numbers = defineProducer(import.meta.url, 'numbers', {
  init: (start: number) => start,
  demand: (next, count) => [next + count, Array.from({ length: count }, (_, i) => next + i)],
})
const lengths = defineProcessor(import.meta.url, 'lengths', {
  init: (from: ProducerRef<string>) => ({ from }),
  subscribe: (from) => [{ to: from }],
  handle: (state, events) => [state, events.map((text) => ({ text, length: text.length }))],
  dispatcher: { kind: 'partition', partitions: 2, partitionOf: ({ length }) => length % 2 },
})
const sink = defineConsumer(import.meta.url, 'sink', {
  init: (name: string) => ({ name, sum: 0 }),
  handle: (state, events: readonly number[]) => ({ ...state, sum: state.sum + events.length }),
  message(state, _message: { type: 'sum' }, context: { reply(value: number): void }) {
    context.reply(state.sum)
    return state
  },
})

describe('stages', () => {
  test('say what they give and take', () => {
    expectTypeOf(numbers).toEqualTypeOf<Producer<number, number>>()
    expectTypeOf(lengths).toEqualTypeOf<Processor<ProducerRef<string>, string, { text: string; length: number }>>()
    expectTypeOf(sink).toExtend<Consumer<string, number, { type: 'sum' }, number>>()
  })

  test('take from those that give what they take', async () => {
    const from = await system.spawn(numbers, 1)
    const to = await system.spawn(sink, 'a')
    await subscribe(to, { to: from })
    expectTypeOf(await to.ask({ type: 'sum' })).toEqualTypeOf<number>()
    // @ts-expect-error numbers are no strings
    await system.spawn(lengths, from)
    const texts = {} as ProducerRef<string>
    // @ts-expect-error strings are no numbers
    await subscribe(to, { to: texts })
    // @ts-expect-error it has no such message
    to.tell({ type: 'other' })
    // @ts-expect-error a producer that takes no messages
    from.tell({ type: 'other' })
  })

  test('a name says its type by the behaviour behind it', () => {
    expectTypeOf<{ to: 'numbers'; of: typeof numbers }>().toExtend<Subscription<number>>()
    expectTypeOf<{ to: 'numbers'; of: typeof numbers }>().not.toExtend<Subscription<string>>()
  })

  test('what gives less general events fits where more general ones are taken', () => {
    expectTypeOf<ProducerRef<'a' | 'b'>>().toExtend<ProducerRef<string>>()
    expectTypeOf<ProducerRef<string>>().not.toExtend<ProducerRef<'a'>>()
    expectTypeOf<Ref<never>>().not.toExtend<ProducerRef<string>>()
  })

  test('a step has events beside the state, and a handler of a consumer has none', () => {
    defineProducer(import.meta.url, 'wrong', {
      init: () => 0,
      // @ts-expect-error no events
      demand: (state: number) => state,
    })
    defineConsumer(import.meta.url, 'wrong', {
      init: () => 0,
      // @ts-expect-error another state
      handle: (_state, _events: readonly number[]) => 'text',
    })
  })
})

describe('plain code', () => {
  test('reads and gives what stages do', async () => {
    const from = await system.spawn(numbers, 1)
    for await (const event of readEvents(system, from)) expectTypeOf(event).toEqualTypeOf<number>()
    expectTypeOf(readableStream(system, from)).toExtend<{ locked: boolean }>()
    const source = await openSource<string>(system)
    await source.push(['a'])
    // @ts-expect-error numbers are no strings
    await source.push([1])
    await system.spawn(lengths, source.ref)
  })
})
