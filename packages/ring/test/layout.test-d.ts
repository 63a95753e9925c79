/** Types of declared layouts: fields have the types of their declaration, in views, values and handlers. */
import { expectTypeOf, test } from 'vitest'
import { attachSlotColumns, bool, bytes, createSlotRing, disruptor, f64, layout, text, u32 } from '../src/index.ts'
import type { LayoutValues, SlotColumn, ViewOf } from '../src/index.ts'

const trade = layout({ id: u32, price: f64, live: bool, name: text(8), raw: bytes(4) })
const view = trade.view(new ArrayBuffer(64))

test('fields', () => {
  expectTypeOf(view.id).toEqualTypeOf<number>()
  expectTypeOf(view.live).toEqualTypeOf<boolean>()
  expectTypeOf(view.name).toEqualTypeOf<string>()
  expectTypeOf(view.raw).toEqualTypeOf<Uint8Array>()
  expectTypeOf(view.toObject()).toEqualTypeOf<{ id: number; price: number; live: boolean; name: string; raw: Uint8Array }>()
  expectTypeOf(view.at(3).price).toEqualTypeOf<number>()
})

test('what is not declared, or of another type, does not compile', () => {
  // @ts-expect-error -- there is no such field
  void view.cost
  // @ts-expect-error -- a number
  view.id = 'seven'
  // @ts-expect-error -- there is no such field
  view.set({ cost: 1 })
  view.set({ id: 1 })
})

test('handlers get the layout of their ring', () => {
  disruptor({ capacity: 8, layout: trade }).handle({
    name: 'apply',
    handler: (slot, sequence, endOfBatch, batchSize) => {
      expectTypeOf(slot.name).toEqualTypeOf<string>()
      expectTypeOf([sequence, batchSize]).toEqualTypeOf<number[]>()
      expectTypeOf(endOfBatch).toEqualTypeOf<boolean>()
    },
  })
  expectTypeOf<LayoutValues<{ a: typeof u32 }>>().toEqualTypeOf<{ a: number }>()
})

test('ViewOf is what a handler in a module of its own is given', () => {
  expectTypeOf<ViewOf<typeof trade>>().toEqualTypeOf(view)
})

test('columns are of numbers', () => {
  const columns = attachSlotColumns(createSlotRing({ capacity: 2, layout: trade }), trade)
  expectTypeOf(columns).toEqualTypeOf<{ readonly id: SlotColumn; readonly price: SlotColumn }>()
  // @ts-expect-error -- a text is no column
  void columns.name
})
