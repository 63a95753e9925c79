/**
 * Order per pair: of what one actor told another, nothing arrives before what it told it earlier, nothing twice, and nothing at somebody else. What
 * disappears on the way (a dead letter, the loss of a core, a policy that drops) leaves a gap, which is nobody's mistake here: the books are for that.
 *
 * Of two messages of different priority either may come first. A sender is an actor, across its incarnations, or all code of one core that is no actor's.
 */
import { NORMAL, UNSET } from '@cambium/actor'
import type { ActorAddress } from '@cambium/base'
import { formatAddress, sameAddress, slotKey } from '@cambium/base'
import { violation } from './violation.ts'

/** Of one message: which one of its pair it is. */
export interface Mark {
  readonly pair: Pair
  readonly number: number
  /** Among all messages of the run. */
  readonly place: number
  /** As its sender gave it. */
  readonly priority: number
}

interface Pair {
  readonly from: Party
  readonly to: ActorAddress
  readonly isToSelf: boolean
  sent: number
  /** Number of the latest message that a handler was given, and of the latest that came straight to it; while none had a priority. */
  taken: number
  direct: number
  /** Once one had: the first of these for each priority that a message was sent with and had. */
  byPriority: number[] | undefined
}

/** A sender, or a receiver. */
interface Party {
  /** Undefined for code of the core that is no actor's. */
  readonly address: ActorAddress | undefined
  readonly core: number
  readonly number: number
  /** By the number of the receiver. */
  readonly pairs: Map<number, Pair>
}

/** Pairs that are remembered; beyond it all are forgotten, but for messages that are under way. */
const PAIRS_KEPT = 200_000
/** High, normal, low, and none given. */
const PRIORITIES = 4

export class MessageOrder {
  /** By core and slot; code of a core that is no actor's below 0. */
  readonly #parties = new Map<number, Party>()
  /** Place of the latest message that was sent. */
  latest = 0
  #count = 0
  #pairs = 0

  /** A message is about to be sent; `from` is undefined for code of the core that is no actor's. */
  sent(core: number, from: ActorAddress | undefined, to: ActorAddress, priority: number = UNSET): Mark {
    const sender = from === undefined ? this.#party(-1 - core, undefined, core) : this.#party(slotKey(from), from, core)
    const receiver = this.#party(slotKey(to), to, to.core)
    const pair = sender.pairs.get(receiver.number) ?? this.#pair(sender, receiver)
    pair.sent += 1
    this.latest += 1
    return { pair, number: pair.sent, place: this.latest, priority }
  }

  /** The message has come to that actor, with that priority. */
  arrived({ pair, number, priority }: Mark, at: ActorAddress, came: number = UNSET): void {
    const { to } = pair
    if (to.slot !== at.slot || to.generation !== at.generation || to.core !== at.core)
      throw violation('ERR_ORACLE_ORDER', 'a message came to another actor', {
        from: nameOf(pair.from),
        to: formatAddress(to),
        number,
        reached: formatAddress(at),
      })
    if (priority !== came)
      throw violation('ERR_ORACLE_ORDER', 'a message came with another priority than it was sent with', {
        from: nameOf(pair.from),
        to: formatAddress(to),
        number,
        sent: priority,
        came,
      })
  }

  /**
   * A handler is given the message. `sent` is the priority that its sender gave, `had` the one it had in the mailbox; undefined for one that has not been
   * in any, before which nothing of its sender may be left there.
   */
  taken(mark: Mark, sent: number, had: number | undefined): void {
    const { pair, number } = mark
    if (pair.byPriority === undefined) {
      if (sent === UNSET && (had === undefined || had === NORMAL)) {
        if (number <= pair.taken) throw late(mark, pair.taken)
        pair.taken = number
        if (had === undefined) pair.direct = number
        return
      }
      pair.byPriority = new Array<number>(PRIORITIES * PRIORITIES).fill(0)
      pair.byPriority.fill(pair.direct, UNSET * PRIORITIES, (UNSET + 1) * PRIORITIES)
      pair.byPriority[UNSET * PRIORITIES + NORMAL] = pair.taken
    }
    const from = sent * PRIORITIES + (had ?? 0)
    const to = had === undefined ? from + PRIORITIES - 1 : from
    for (let lane = from; lane <= to; lane += 1) {
      const before = pair.byPriority[lane] as number
      if (number <= before) throw late(mark, before)
      pair.byPriority[lane] = number
    }
  }

  #party(place: number, address: ActorAddress | undefined, core: number): Party {
    const known = this.#parties.get(place)
    if (known !== undefined && known.address?.generation === address?.generation) return known
    this.#count += 1
    const own = address && { core: address.core, slot: address.slot, generation: address.generation }
    const party: Party = { address: own, core, number: this.#count, pairs: new Map() }
    this.#parties.set(place, party)
    return party
  }

  #pair(from: Party, receiver: Party): Pair {
    if (this.#pairs >= PAIRS_KEPT) {
      for (const { pairs } of this.#parties.values()) pairs.clear()
      this.#pairs = 0
    }
    this.#pairs += 1
    const to = receiver.address as ActorAddress
    const isToSelf = from.address !== undefined && sameAddress(from.address, to)
    const pair: Pair = { from, to, isToSelf, sent: 0, taken: 0, direct: 0, byPriority: undefined }
    from.pairs.set(receiver.number, pair)
    return pair
  }
}

function late({ pair, number }: Mark, before: number): Error {
  return violation('ERR_ORACLE_ORDER', 'a message came late or twice', {
    from: nameOf(pair.from),
    to: formatAddress(pair.to),
    number,
    before,
  })
}

function nameOf({ address, core }: Party): string {
  return address === undefined ? `core-${core}` : formatAddress(address)
}
