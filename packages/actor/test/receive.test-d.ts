/** Types of `context.receive`: a type guard narrows what is received. */
import { expectTypeOf, test } from 'vitest'
import type { ActorContext, Received } from '../src/index.ts'

type Messages = { type: 'a'; n: number } | { type: 'b'; text: string }
declare const context: ActorContext<Messages, number>

test('a type guard narrows, a plain match does not', () => {
  const isA = (message: Messages): message is { type: 'a'; n: number } => message.type === 'a'
  expectTypeOf(context.receive(isA)).resolves.toEqualTypeOf<Received<{ type: 'a'; n: number }, number>>()
  expectTypeOf(context.receive((message) => message.type === 'a'))
    .resolves.toHaveProperty('message')
    .toExtend<Messages>()
  void context.receive(isA, { timeoutMs: 5, signal: context.signal }).then(({ message, reply }) => {
    expectTypeOf(message.n).toBeNumber()
    reply(1)
    // @ts-expect-error: no reply of this actor
    reply('x')
  })
  // @ts-expect-error: no message of this actor
  void context.receive((message: string) => message === 'x')
  expectTypeOf(context.stash()).toBeBoolean()
  expectTypeOf(context.unstashAll()).toBeNumber()
})
