/** What a system tells of the death of a core: the event, and its dead letters by actor. */
import type { ActorAddress } from '@cambium/base'
import type { CoreLoss } from './core-settlement.ts'
import type { Roster } from './roster.ts'
import type { createSystemEvents } from './system-events.ts'

/** Dead letters for so many mailboxes at most, the longest first; the event has all of them. */
const LETTERS_MAX = 100

export function publishLoss(events: ReturnType<typeof createSystemEvents>, loss: CoreLoss, roster: Roster): void {
  const { core, blamed, lost } = loss
  const actors = roster.on(core)
  const bySlot = new Map(actors.map((actor) => [actor.address?.slot, actor]))
  const mailboxes = loss.mailboxes.map(({ slot, messages }) => {
    const actor = bySlot.get(slot)
    // Generation 0: whoever it is, the root does not know it, as it is the child of an actor.
    return { actor: actor?.address ?? { core, slot, generation: 0 }, name: actor?.start.name, messages }
  })
  events.publish('core_lost', {
    ...loss,
    inHand: loss.inHand.map((message) => ({ ...message, name: roster.find(message)?.start.name })),
    mailboxes,
    actors: actors.length,
    blamedName: blamed && roster.find(blamed)?.start.name,
  })
  const bury = (reason: 'in_hand' | 'lost_with_core', target: ActorAddress, name: string | undefined, count: number): void => {
    events.publish('dead_letter', { reason, target, core, count, ...(name === undefined ? {} : { name }) })
  }
  for (const { slot, generation } of loss.inHand)
    bury('in_hand', { core, slot, generation }, roster.find({ core, slot, generation })?.start.name, 1)
  let left = lost
  for (const { actor, name, messages } of mailboxes.toSorted((a, b) => b.messages - a.messages).slice(0, LETTERS_MAX)) {
    left -= messages
    bury('lost_with_core', actor, name, messages)
  }
  if (left > 0) bury('lost_with_core', { core, slot: 0, generation: 0 }, undefined, left)
}
