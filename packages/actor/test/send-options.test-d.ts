/** Types of priorities: the options of every way of sending, and the behaviour's choice by its own messages. */
import { assertType, expectTypeOf, test } from 'vitest'
import { defineActor } from '../src/index.ts'
import type { Priority, Ref } from '../src/index.ts'

declare const ref: Ref<{ type: 'a' }, number>

test('every way of sending takes a priority and a deadline', () => {
  ref.tell({ type: 'a' }, { priority: 'high' })
  ref.trySend({ type: 'a' }, { priority: 'low', expiresMs: 5 })
  assertType<Promise<void>>(ref.send({ type: 'a' }, { priority: 'normal', timeoutMs: 5 }))
  assertType<Promise<number>>(ref.ask({ type: 'a' }, { priority: 'high', expiresMs: 5, timeoutMs: 5 }))
  // @ts-expect-error: no such priority
  ref.tell({ type: 'a' }, { priority: 'urgent' })
  // @ts-expect-error: a tell does not wait
  ref.tell({ type: 'a' }, { timeoutMs: 5 })
})

test('the behaviour chooses by its own messages', () => {
  defineActor<null, { type: 'x'; n: number }, never, null>(
    import.meta.url,
    'a',
    { init: () => null, receive: () => null },
    {
      mailbox: {
        priority(message) {
          expectTypeOf(message).toEqualTypeOf<{ type: 'x'; n: number }>()
          return message.n > 1 ? 'high' : 'low'
        },
      },
    },
  )
  defineActor(
    import.meta.url,
    'b',
    { init: () => null, receive: (_: null, message: string) => void message },
    // @ts-expect-error: no priority
    { mailbox: { priority: (message: string) => message } },
  )
  expectTypeOf<Priority>().toEqualTypeOf<'high' | 'normal' | 'low'>()
})
