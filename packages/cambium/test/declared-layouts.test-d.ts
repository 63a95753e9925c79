/** Types of declared layouts: they follow the messages of the behaviour. */
import { bool, byTag, bytes, defineActor, defineServer, f64, keepMessage, layout, text, u32 } from 'cambium'
import type { ActorContext, Behaviour, BehaviourOptions, Server } from 'cambium'
import { expectTypeOf, test } from 'vitest'

type Input =
  | { type: 'place'; id: number; price: number; symbol: string; side: 'buy' | 'sell'; isLimit: boolean; blob: Uint8Array }
  | { type: 'cancel'; id: number; note?: string }
  | { type: 'nested'; inner: { id: number } }
type Output = { ok: boolean }

const place = layout({ id: u32, price: f64, symbol: text(8), side: text(4), isLimit: bool, blob: bytes(16) })
const program = {
  init: () => 0,
  receive: (state: number, message: Input, context: ActorContext<Input, Output>): number => {
    expectTypeOf(message.type).toEqualTypeOf<'place' | 'cancel' | 'nested'>()
    context.reply({ ok: true })
    return state
  },
}

test('layouts of members of a union, some of them', () => {
  const actor = defineActor('file:///a.ts', 'a', program, { layouts: byTag('type', { place }), readInPlace: true })
  expectTypeOf(actor).toExtend<Behaviour<unknown, Input, Output>>()
})

test('a server', () => {
  const server = defineServer(
    'file:///a.ts',
    's',
    { init: (start: number) => start, step: (state, input: Input): [number, Output] => [state, { ok: input.type === 'place' }] },
    { layouts: byTag('type', { place }) },
  )
  expectTypeOf(server).toExtend<Server<number, number, Input, Output>>()
})

test('one layout for all messages', () => {
  const options: BehaviourOptions<{ id: number; price: number }> = { layouts: layout({ id: u32, price: f64 }) }
  expectTypeOf(options.layouts).not.toBeAny()
})

test('what does not compile', () => {
  // @ts-expect-error price is missing
  defineActor('file:///a.ts', 'a', program, { layouts: byTag('type', { place: layout({ id: u32 }) }) })
  // @ts-expect-error a number is no string
  defineActor('file:///a.ts', 'a', program, { layouts: byTag('type', { cancel: layout({ id: text(3) }) }) })
  // @ts-expect-error a field that may be missing has no place of its own
  defineActor('file:///a.ts', 'a', program, { layouts: byTag('type', { cancel: layout({ id: u32, note: text(8) }) }) })
  // @ts-expect-error an object has no type of field
  defineActor('file:///a.ts', 'a', program, { layouts: byTag('type', { nested: layout({ inner: u32 }) }) })
  // @ts-expect-error there is no such tag
  defineActor('file:///a.ts', 'a', program, { layouts: byTag('kind', { place }) })
  // @ts-expect-error there is no such member
  defineActor('file:///a.ts', 'a', program, { layouts: byTag('type', { remove: layout({ id: u32 }) }) })
  // @ts-expect-error the messages have more than one shape
  defineActor('file:///a.ts', 'a', program, { layouts: layout({ id: u32 }) })
})

test('what is kept has the type of the message', () => {
  expectTypeOf(keepMessage({ type: 'cancel', id: 1 } as const)).toEqualTypeOf<{ readonly type: 'cancel'; readonly id: 1 }>()
})
