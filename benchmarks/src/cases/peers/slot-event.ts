/** The events that go through a ring of slots, and what its two threads and the main thread say to each other. */
import { i32, layout } from '@cambium/ring'
import type { FieldType, Layout, NodeDescriptor } from '@cambium/ring'

/** Two ints in place, as an event of the Disruptor's own tests. */
export const eventLayout: Layout<{ sequence: FieldType<number>; account: FieldType<number> }> = layout({
  sequence: i32,
  account: i32,
})

/** How a thread reads and writes its slots: by a view that is moved from slot to slot, or by a column for each field. */
export type SlotAccess = 'view' | 'columns'

export interface SlotThreadData {
  readonly role: 'source' | 'sink'
  readonly node: NodeDescriptor
  readonly access: SlotAccess
  /** Slots in one claim and publish. */
  readonly batch: number
}

/** What a thread did in one phase. */
export interface SlotTally {
  readonly startNs: number
  readonly endNs: number
  readonly count: number
  readonly checksum: number
}
