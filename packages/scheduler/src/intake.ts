/**
 * What a core takes from the rings of its peers: data records straight to their actors, replies to their askers.
 *
 * A record is counted as taken in three steps, so that a root that finds the core dead between any two of them can tell what happened: see
 * `books-recovery.ts`.
 */
import type { CorePlatform } from '@cambium/base'
import { closeMessage } from '@cambium/codec'
import { RemoteAsker } from './asks.ts'
import type { Asker } from './asks.ts'
import { TAKEN, TAKEN_MARK, TAKEN_NEXT } from './books.ts'
import { ringMark } from './books-recovery.ts'
import type { ControlIntake } from './control-intake.ts'
import type { DeadLetterOffice } from './dead-letter-office.ts'
import type { Dispatcher } from './dispatcher.ts'
import { notDecodable } from './inbound-link.ts'
import type { InboundLane, InboundLink } from './inbound-link.ts'
import { stampCargo, takeStamp } from './message-stamp.ts'
import type { Stamp } from './message-stamp.ts'
import { isShareLost, ParcelWaits } from './parcel-waits.ts'
import type { Moves } from './moves.ts'
import { movedHere } from './parcels.ts'
import { ASK, ASK_STAMPED, FORWARDED, REPLY, REPLY_ERROR, TELL, TELL_STAMPED } from './record-lane.ts'
import { replyFailure } from './replies.ts'
import { noSuchActor } from './send-errors.ts'
import type { Sender } from './sender.ts'
import { REPLY_SLOT } from './slot-table.ts'
import type { SlotTable } from './slot-table.ts'
import type { TimerWheel } from './timer-wheel.ts'
import type { TurnBudget } from './turn-budget.ts'

/** Data records of one peer in one turn. */
const RECORDS_PER_LINK_MAX = 256

export interface IntakeHost {
  readonly coreNumber: number
  readonly platform: CorePlatform
  readonly books: Float64Array
  readonly slots: SlotTable
  readonly dispatcher: Dispatcher
  readonly deadLetters: DeadLetterOffice
  readonly sender: Sender
  readonly wheel: TimerWheel
  readonly moves: Moves
  replyError(asker: Asker, error: Error): void
  /** Room was given back to a peer. */
  gaveRoom(): void
}

export class Intake {
  readonly #host: IntakeHost
  readonly #links: readonly InboundLink[]
  readonly #control: ControlIntake
  /** Where the end of the thread would matter most; undefined on a real platform. */
  readonly #checkpoint: (() => void) | undefined
  readonly #waits: ParcelWaits
  #nextLink = 0

  constructor(host: IntakeHost, links: readonly InboundLink[], control: ControlIntake) {
    this.#host = host
    this.#control = control
    this.#links = links
    this.#waits = new ParcelWaits(host)
    this.#checkpoint = host.platform.checkpoint?.bind(host.platform)
  }

  get isEmpty(): boolean {
    for (const link of this.#links) if (!link.data.isEmpty) return false
    return true
  }

  /** The lane of data from that core. */
  from(core: number): InboundLane | undefined {
    return this.#links.find((link) => link.core === core)?.data
  }

  /** Takes a bounded number of records from each peer, after its signals; answers how many of both. */
  take(budget: TurnBudget): number {
    let done = 0
    const count = this.#links.length
    // Each turn begins with another peer, so that a flood from one does not put the others last for ever.
    this.#nextLink = count === 0 ? 0 : (this.#nextLink + 1) % count
    for (let i = 0; i < count; i += 1) {
      const link = this.#links[(this.#nextLink + i) % count] as InboundLink
      done += this.#takeFrom(link, budget)
      // Not before something was done: a core that has done nothing parks, and a record that was in hand for its parcel is seen by nothing but a look.
      if (done > 0 && budget.isSpent()) break
    }
    return done
  }

  #takeFrom(link: InboundLink, budget: TurnBudget): number {
    const lane = link.data
    const checkpoint = this.#checkpoint
    const { record } = lane
    const { books, coreNumber, deadLetters } = this.#host
    let taken = 0
    let signals = 0
    while (taken < RECORDS_PER_LINK_MAX) {
      if (link.isBehind || (lane.isSpent && !lane.isHeld)) {
        if (!link.isBehind && !lane.look()) break
        // A signal that was sent before one of these messages was published before it: it is there now, and comes first.
        signals += this.#control.takeOf(link, budget)
        link.isBehind = !link.control.isEmpty
        if (link.isBehind) break // the messages wait for the next turn
      }
      const outcome = lane.next()
      if (outcome === 'none') break
      if (outcome === 'record' && !lane.fetchParcel(this.#waits.isOver(lane))) {
        this.#waits.begin(lane)
        break
      }
      taken += 1
      checkpoint?.()
      if (outcome === 'part') continue
      const count = (books[TAKEN] as number) + 1
      books[TAKEN_NEXT] = count
      books[TAKEN_MARK] = ringMark(link.core, lane.position)
      checkpoint?.()
      books[TAKEN] = count
      if (outcome !== 'record') {
        const isTorn = outcome === 'torn'
        deadLetters.bury(
          isTorn ? 'lost_with_core' : 'not_decodable',
          { core: coreNumber, slot: 0, generation: 0 },
          { detail: isTorn ? 'its first fragments were with the core that died' : 'it is larger than messageBytesMax' },
        )
        continue
      }
      if (record.type === TELL || record.type === ASK) this.#takeMessage(link, undefined)
      else if (record.type === TELL_STAMPED || record.type === ASK_STAMPED) this.#takeStamped(link)
      else if (record.type !== FORWARDED) this.#takeReply(link)
      else this.#takeForwarded(link)
      if (budget.isSpent()) break
    }
    checkpoint?.()
    if (lane.release()) this.#host.gaveRoom()
    checkpoint?.()
    return taken + signals
  }

  #takeStamped(link: InboundLink): void {
    const { record } = link.data
    const asker = record.type === ASK_STAMPED ? new RemoteAsker(link.core, record.c) : undefined
    this.#takeMessage(link, takeStamp(record, asker))
  }

  #takeMessage(link: InboundLink, stamp: Stamp | undefined): void {
    const { record } = link.data
    const { deadLetters, dispatcher, slots } = this.#host
    const asker = stamp === undefined ? (record.type === ASK ? new RemoteAsker(link.core, record.c) : undefined) : stamp.asker
    const cell = slots.find(record.a, record.b)
    if (cell === undefined) {
      this.#takeForNobody(link, asker)
      return
    }
    const isInPlace = cell.readsInPlace && dispatcher.isIdle(cell)
    let message: unknown
    try {
      message = isInPlace ? link.open(record) : link.decode(record)
    } catch (error) {
      const isLost = isShareLost(error)
      deadLetters.bury(isLost ? 'lost_with_core' : 'not_decodable', cell, { name: cell.name, detail: String(error) })
      if (asker !== undefined) this.#host.replyError(asker, isLost ? error : notDecodable(link.core, error))
      return
    }
    const moved = record.parcel === undefined ? undefined : movedHere(record.parcel)
    if (moved !== undefined) dispatcher.deliverStamped(cell, message, stampCargo(stamp, asker, moved), true)
    else if (stamp === undefined) dispatcher.deliver(cell, message, asker, true)
    else dispatcher.deliverStamped(cell, message, stamp, true)
    if (isInPlace) closeMessage(message)
  }

  #takeForwarded(link: InboundLink): void {
    const { record } = link.data
    const head = this.#host.moves.forwarding.take(record)
    this.#host.moves.takeForwarded(link.core, this.#host.slots.find(record.a, record.b), head, () => link.decode(record))
  }

  #takeForNobody(link: InboundLink, asker: Asker | undefined): void {
    const { record } = link.data
    const { coreNumber, deadLetters } = this.#host
    const target = { core: coreNumber, slot: record.a, generation: record.b }
    if (asker !== undefined) this.#host.replyError(asker, noSuchActor(target))
    else if (record.a === REPLY_SLOT) {
      let value: unknown
      try {
        value = link.decode(record)
      } catch (error) {
        deadLetters.bury(isShareLost(error) ? 'lost_with_core' : 'not_decodable', target, { detail: String(error) })
        return
      }
      this.#host.sender.replies.tokens.pay(target, value)
      return
    }
    deadLetters.bury('no_such_actor', target)
  }

  #takeReply(link: InboundLink): void {
    const { record } = link.data
    let value: unknown
    let failure: unknown
    try {
      value = link.decode(record)
      if (record.type === REPLY_ERROR) failure = replyFailure(value)
      else if (record.type !== REPLY) throw new Error(`record of unknown type: ${record.type}`)
    } catch (error) {
      failure = isShareLost(error) ? error : notDecodable(link.core, error)
    }
    this.#host.sender.replies.settleRemote(link.core, record.c, value, failure)
  }
}
