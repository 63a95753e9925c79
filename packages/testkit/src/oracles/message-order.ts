/**
 * Order per pair: of what one actor told another, nothing arrives before what it told it earlier, nothing twice, and nothing at somebody else. What
 * disappears on the way (a dead letter, the loss of a core, a policy that drops) leaves a gap, which is nobody's mistake here: the books are for that.
 *
 * Of two messages of different priority either may come first. A sender is an actor, across its incarnations, or all code of one core that is no actor's.
 */
import type { ActorAddress } from '@cambium/base'
import { formatAddress, sameAddress } from '@cambium/base'
import { violation } from './violation.ts'

/** Of one message: which one of its pair it is. */
export interface Mark {
  readonly pair: Pair
  readonly number: number
  /** Among all messages of the run. */
  readonly place: number
  readonly isToSelf: boolean
}

interface Pair {
  readonly from: string
  readonly to: ActorAddress
  sent: number
  /** Number of the latest message that a handler was given, for each priority that it was sent with and had. */
  readonly taken: number[]
}

interface Party {
  readonly generation: number
  readonly number: number
}

/** Pairs that are remembered; beyond it all are forgotten, but for messages that are under way. */
const PAIRS_KEPT = 200_000
/** High, normal, low, and none given. */
const PRIORITIES = 4
const SLOTS = 2 ** 24
const PARTIES = 2 ** 26

export class MessageOrder {
  /** By core and slot. */
  readonly #parties = new Map<number, Party>()
  readonly #pairs = new Map<number, Pair>()
  /** Place of the latest message that was sent. */
  latest = 0
  #count = 0

  /** A message is about to be sent; `from` is undefined for code of the core that is no actor's. */
  sent(core: number, from: ActorAddress | undefined, to: ActorAddress): Mark {
    const sender = from === undefined ? this.#number(-1 - core, 0) : this.#number(placeOf(from), from.generation)
    const key = sender * PARTIES + this.#number(placeOf(to), to.generation)
    let pair = this.#pairs.get(key)
    if (pair === undefined) {
      if (this.#pairs.size >= PAIRS_KEPT) this.#pairs.clear()
      const name = from === undefined ? `core-${core}` : formatAddress(from)
      pair = {
        from: name,
        to: { core: to.core, slot: to.slot, generation: to.generation },
        sent: 0,
        taken: new Array<number>(PRIORITIES * PRIORITIES).fill(0),
      }
      this.#pairs.set(key, pair)
    }
    pair.sent += 1
    this.latest += 1
    return { pair, number: pair.sent, place: this.latest, isToSelf: from !== undefined && sameAddress(from, to) }
  }

  /** The message has come to that actor. */
  arrived({ pair, number }: Mark, at: ActorAddress): void {
    const { to, from } = pair
    if (to.slot !== at.slot || to.generation !== at.generation || to.core !== at.core)
      throw violation('ERR_ORACLE_ORDER', 'a message came to another actor', {
        from,
        to: formatAddress(to),
        number,
        reached: formatAddress(at),
      })
  }

  /**
   * A handler is given the message. `sent` is the priority that its sender gave, `had` the one it had in the mailbox; undefined for one that has not been
   * in any, before which nothing of its sender may be left there.
   */
  taken({ pair, number }: Mark, sent: number, had: number | undefined): void {
    const from = sent * PRIORITIES + (had ?? 0)
    const to = had === undefined ? from + PRIORITIES - 1 : from
    for (let lane = from; lane <= to; lane += 1) {
      const before = pair.taken[lane] as number
      if (number <= before)
        throw violation('ERR_ORACLE_ORDER', 'a message came late or twice', {
          from: pair.from,
          to: formatAddress(pair.to),
          number,
          before,
        })
      pair.taken[lane] = number
    }
  }

  #number(place: number, generation: number): number {
    const known = this.#parties.get(place)
    if (known?.generation === generation) return known.number
    this.#count += 1
    this.#parties.set(place, { generation, number: this.#count })
    return this.#count
  }
}

function placeOf({ core, slot }: ActorAddress): number {
  return core * SLOTS + slot
}
