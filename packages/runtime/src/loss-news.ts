/** What a system tells of the death of a core: the event, and its dead letters by actor. An actor that was a guest there is told of by its ref, not by its place. */
import { sameAddress } from '@cambium/base'
import type { ActorAddress } from '@cambium/base'
import type { ActorMoves } from './actor-moves.ts'
import type { CoreLoss } from './core-settlement.ts'
import type { Roster } from './roster.ts'
import type { createSystemEvents } from './system-events.ts'

/** Dead letters for so many mailboxes at most, the longest first; the event has all of them. */
const LETTERS_MAX = 100

export interface LossNewsRoot {
  readonly roster: Pick<Roster, 'on' | 'find'>
  readonly moves: Pick<ActorMoves, 'guestsOn'>
}

export function publishLoss(
  events: Pick<ReturnType<typeof createSystemEvents>, 'publish'>,
  loss: CoreLoss,
  { roster, moves }: LossNewsRoot,
): void {
  const { core, lost } = loss
  const [actors, guests] = [roster.on(core), moves.guestsOn(core)]
  const nameOf = (actor: ActorAddress): string | undefined => roster.find(actor)?.start.name
  const actorAt = ({ slot, generation }: ActorAddress): ActorAddress => {
    const place = { core, slot, generation }
    return guests.find((guest) => sameAddress(guest.place, place))?.home ?? place
  }
  const bySlot = new Map<number | undefined, ActorAddress | undefined>()
  for (const { address } of actors) bySlot.set(address?.slot, address)
  for (const { place, home } of guests) bySlot.set(place.slot, home)
  const mailboxes = loss.mailboxes.map(({ slot, messages }) => {
    // Generation 0: whoever it is, the root does not know it, as it is the child of an actor.
    const actor = bySlot.get(slot) ?? { core, slot, generation: 0 }
    return { actor, name: nameOf(actor), messages }
  })
  const inHand = loss.inHand.map((message) => {
    const actor = actorAt(message)
    return { ...actor, type: message.type, name: nameOf(actor) }
  })
  const blamed = loss.blamed && actorAt(loss.blamed)
  events.publish('core_lost', {
    ...loss,
    inHand,
    blamed,
    blamedName: blamed && nameOf(blamed),
    mailboxes,
    actors: actors.length + guests.length,
  })
  const bury = (reason: 'in_hand' | 'lost_with_core', target: ActorAddress, name: string | undefined, count: number): void => {
    events.publish('dead_letter', { reason, target, core, count, ...(name === undefined ? {} : { name }) })
  }
  for (const { type: _, name, ...actor } of inHand) bury('in_hand', actor, name, 1)
  let left = lost
  for (const { actor, name, messages } of mailboxes.toSorted((a, b) => b.messages - a.messages).slice(0, LETTERS_MAX)) {
    left -= messages
    bury('lost_with_core', actor, name, messages)
  }
  if (left > 0) bury('lost_with_core', { core, slot: 0, generation: 0 }, undefined, left)
}
