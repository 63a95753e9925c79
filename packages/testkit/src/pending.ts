/** What is under way in a simulated system, in words: for a scenario that waits for something that does not come. */
import { formatAddress } from '@cambium/base'
import type { ActorAddress } from '@cambium/base'
import { unmarked } from './marked.ts'
import type { SimWorld } from './sim-world.ts'
import { preview } from './preview.ts'
import { frameLabel } from './sim-context.ts'
import type { VirtualTimers } from './virtual-timers.ts'

const ITEMS_MAX = 20
/** By the status of a cell (`scheduler/src/actor-cell.ts`). */
const UNDER_WAY: Readonly<Record<number, string>> = {
  0: 'is in init',
  2: 'is in an asynchronous handler',
  3: 'waits for its restart',
  4: 'is stopping',
}

export function describePending(world: SimWorld, timers: VirtualTimers): string[] {
  const items: string[] = world.partitions.present.map((sides) => `cores are cut off from each other: ${sides}`)
  for (const core of world.cores) {
    // Asks to another core are in the table; those within a core are known by their timers only.
    const within = core.wheel.all().filter((timer) => 'isSettled' in timer && 'correlation' in timer && timer.correlation === 0)
    for (const ask of [...core.asks.all(), ...(within as unknown as { readonly target: ActorAddress }[])])
      items.push(`ask from core-${core.coreNumber} to ${formatAddress(ask.target)}`)
    for (const cell of core.slots.cells) {
      if (cell === undefined) continue
      const doing = UNDER_WAY[cell.status]
      const message = cell.status === 2 ? `, message ${preview(unmarked(cell.inHand))}` : ''
      if (doing !== undefined) items.push(`actor ${cell.label} ${doing}${message}`)
      if (cell.outbox > 0) items.push(`actor ${cell.label} has ${cell.outbox} messages waiting for room`)
      if (doing !== undefined && (cell.mailbox?.length ?? 0) > 0)
        items.push(`${cell.mailbox?.length} messages wait for actor ${cell.label}`)
    }
  }
  for (const timer of timers.pending)
    items.push(`${timer.isRepeated ? 'interval' : 'timer'} of ${frameLabel(timer.frame)}, ${timer.delayMs} ms`)
  if (items.length === 0) return ['nothing of the system: a promise of the scenario’s own']
  return items.length > ITEMS_MAX ? [...items.slice(0, ITEMS_MAX), `${items.length - ITEMS_MAX} more`] : items
}
