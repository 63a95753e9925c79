/** What a system tells of the death of a core: the event, and its dead letters. */
import type { CoreLoss } from './core-settlement.ts'
import type { Roster } from './roster.ts'
import type { createSystemEvents } from './system-events.ts'

export function publishLoss(events: ReturnType<typeof createSystemEvents>, loss: CoreLoss, roster: Roster): void {
  const { core } = loss
  const blamedName = loss.blamed && roster.find(loss.blamed)?.start.name
  events.publish('core_lost', { ...loss, actors: roster.on(core).length, blamedName })
  for (const target of loss.inHand) {
    const name = roster.find(target)?.start.name
    events.publish('dead_letter', { reason: 'in_hand', target, core, count: 1, ...(name === undefined ? {} : { name }) })
  }
  if (loss.lost > 0)
    events.publish('dead_letter', { reason: 'lost_with_core', target: { core, slot: 0, generation: 0 }, core, count: loss.lost })
}
