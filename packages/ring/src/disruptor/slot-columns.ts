/**
 * The slots of a ring as columns: for each field a getter and a setter that are told the sequence.
 *
 * A view (`attachSlots`) is moved to a slot, which is a store to memory of its own for each record; a column stores nothing but the value. It
 * makes no difference where much is done per record. For small records in large batches it does, for a core has only so many stores under
 * way (see `slot-consumer.ts`): records of 8 bytes in batches of 50 between two threads measured 126 M/s by columns (81 to 142) and 55 M/s by
 * views (53 to 127; the low figure whenever the consumer is close behind the producer).
 */
import { optionError } from '@cambium/base'
import type { Layout, LayoutFields } from '../layout/layout.ts'
import type { FieldType } from '../layout/field-type.ts'
import { bufferOf } from '../ring-memory.ts'
import type { SlotSource } from './slot-consumer.ts'
import { checkLayout, openSlotRing } from './slot-ring.ts'
import type { SlotRingDescriptor } from './slot-ring.ts'

/** One field of all slots. */
export interface SlotColumn {
  get(sequence: number): number
  set(sequence: number, value: number): void
}

/** The fields of a layout that are numbers, each as a column. Flags, texts and bytes have none. */
export type SlotColumns<F extends LayoutFields> = {
  readonly [K in keyof F as F[K] extends FieldType<number> ? K : never]: SlotColumn
}

/** For processors whose handlers use columns: it hands them the sequence in place of a slot. */
export const sequencesOnly: SlotSource<number> = Object.freeze({ at: (sequence: number) => sequence })

type NumberArray = InstanceType<(typeof ARRAYS)[keyof typeof ARRAYS]>

const ARRAYS = {
  i8: Int8Array,
  u8: Uint8Array,
  i16: Int16Array,
  u16: Uint16Array,
  i32: Int32Array,
  u32: Uint32Array,
  f32: Float32Array,
  f64: Float64Array,
} as const

/**
 * A column for each number of the layout. The same rules hold as for a view: write a slot that you have claimed or that is in hand, read
 * one that is in hand.
 *
 * @throws `ERR_RING_LAYOUT` when the ring was made for another layout, `ERR_RING_MEMORY`, `ERR_RING_MAGIC`, `ERR_RING_VERSION`, `ERR_RING_CORRUPT`
 */
export function attachSlotColumns<F extends LayoutFields>(descriptor: SlotRingDescriptor, layout: Layout<F>): SlotColumns<F> {
  const { base, parts, capacity, fingerprint } = openSlotRing(descriptor)
  checkLayout(descriptor, fingerprint, layout)
  if (!Array.isArray(layout.fields)) throw optionError('layout', layout, 'a declared layout')
  const buffer = bufferOf(descriptor.memory) as ArrayBufferLike as ArrayBuffer
  const columns: Record<string, SlotColumn> = {}
  for (const { name, type, offset } of layout.fields) {
    const kind = type.kind as keyof typeof ARRAYS
    if (!(kind in ARRAYS)) continue
    const bytes = type.bytes
    const array = new ARRAYS[kind](buffer, (base + parts.slots) * 4, (capacity * layout.bytes) / bytes)
    columns[name] = columnOf(array, capacity - 1, layout.bytes / bytes, offset / bytes)
  }
  return Object.freeze(columns) as unknown as SlotColumns<F>
}

/** Closures of its own for each column: so every access is to one kind of array. */
function columnOf(array: NumberArray, mask: number, stride: number, offset: number): SlotColumn {
  return {
    get: (sequence) => array[(sequence & mask) * stride + offset]!,
    set: (sequence, value) => {
      array[(sequence & mask) * stride + offset] = value
    },
  }
}
