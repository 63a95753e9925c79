/** The slots of a ring as a view of their layout: one object per thread, moved from slot to slot by `at(sequence)`. */
import { optionError } from '@cambium/base'
import type { Layout, LayoutFields } from '../layout/layout.ts'
import type { LayoutView } from '../layout/layout-view.ts'
import { bufferOf } from '../ring-memory.ts'
import { checkLayout, openSlotRing } from './slot-ring.ts'
import type { SlotRingDescriptor } from './slot-ring.ts'

/**
 * A view of the ring's slots; `slots.at(sequence).price` is a field of one. Write a slot between its claim and its publish, or as a
 * consumer that has it in hand; read it while you have it in hand. The view checks none of this.
 *
 * @throws `ERR_RING_LAYOUT` when the ring was made for another layout, `ERR_RING_MEMORY`, `ERR_RING_MAGIC`, `ERR_RING_VERSION`, `ERR_RING_CORRUPT`
 */
export function attachSlots<F extends LayoutFields>(descriptor: SlotRingDescriptor, layout: Layout<F>): LayoutView<F> {
  const { base, parts, capacity, fingerprint } = openSlotRing(descriptor)
  checkLayout(descriptor, fingerprint, layout)
  if (typeof layout.view !== 'function') throw optionError('layout', layout, 'a declared layout')
  return layout.view(bufferOf(descriptor.memory), (base + parts.slots) * 4, capacity)
}
