/** Bounded queues can wait in a circle. Names it: who waits for whom, from the actor whose message found no room. */
import { formatAddress } from '@cambium/base'
import type { ActorAddress } from '@cambium/base'
import type { ActorCell } from './actor-cell.ts'
import type { SlotTable } from './slot-table.ts'

/** Actors of one chain that are named. */
const CHAIN_MAX = 16

/** `A → B → A (cycle)`, as far as it lies on this core. */
export function describeWait(sender: ActorCell | undefined, target: ActorAddress, slots: SlotTable, core: number): string {
  const names = [sender?.label ?? 'outside']
  const seen = new Set<ActorCell>(sender === undefined ? [] : [sender])
  let next: ActorAddress | undefined = target
  while (next !== undefined && names.length < CHAIN_MAX) {
    const cell: ActorCell | undefined = next.core === core ? slots.find(next.slot, next.generation) : undefined
    names.push(cell?.label ?? formatAddress(next))
    if (cell === undefined) break
    if (seen.has(cell)) return `waiting: ${names.join(' → ')} (cycle)`
    seen.add(cell)
    next = cell.waitsFor
  }
  return `waiting: ${names.join(' → ')}`
}
