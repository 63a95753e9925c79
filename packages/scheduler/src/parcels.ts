/**
 * Parcels: the buffers that belong to records of one pair of cores, shared or moved. Bytes cannot hold them, so they go beside the ring, by the platform's post.
 *
 * 1. The sender gives a parcel a number, posts it, and writes the record with that number in place of its layout, negated. So whoever sees the
 *    record can fetch the parcel: a post is complete before a publish. Numbers and records of one lane have the same order.
 * 2. The receiver takes the parcel of a record when it takes the record, whatever becomes of the message. What lies before it in the lane was of records
 *    that it will never see: it is dropped.
 * 3. The sender keeps a parcel until the receiver has given back the record's room. When the receiver is replaced, the platform tells that there is a new
 *    way, and the sender posts again what it keeps. What was moved the first time cannot be: the parcel says so, and the message is a dead letter.
 * 4. A successor that finds a record before its parcel waits with the record in hand until the parcel comes: the sender rings it after 3. If the
 *    sender has died too, its epoch has changed, and the parcel is lost once nothing of its life is left in the post.
 * 5. A number holds the sender's epoch, so its successor's parcels are not mistaken for its own.
 * 6. A sender may die between a post and its publish. When there is a way from its successor, what it had posted and never published is dropped: its epoch
 *    has changed before, so once nothing is left in the rings to read, nothing of its life is.
 *
 * Bounds: PARCELS_MAX of one lane on their way; a message with a parcel waits like for room beyond it.
 */
import { Fifo } from '@cambium/base'
import type { ParcelPost } from '@cambium/base'
import type { Parcel } from '@cambium/codec'

export const DATA_LANE = 0
export const CONTROL_LANE = 1

/** Parcels of one lane on their way. */
export const PARCELS_MAX = 1024

const SEQUENCE_BITS = 23
const SEQUENCE_MASK = (1 << SEQUENCE_BITS) - 1
const LIFE_MASK = 0xff

interface KeptParcel {
  readonly id: number
  readonly parcel: Parcel
  /** Position of the lane behind its record; undefined until that is written. */
  end: number | undefined
  isPosted: boolean
}

/** The sending side of one lane. */
export class ParcelSender {
  readonly #post: ParcelPost | undefined
  readonly #peer: number
  readonly #lane: number
  readonly #life: number
  readonly #kept: Fifo<KeptParcel> = new Fifo()
  #sequence = 0

  /** `epoch`: of the sending core. */
  constructor(post: ParcelPost | undefined, peer: number, lane: number, epoch: number) {
    this.#post = post
    this.#peer = peer
    this.#lane = lane
    this.#life = (epoch & LIFE_MASK) << SEQUENCE_BITS
  }

  /** Parcels that may still be needed. */
  get kept(): number {
    return this.#kept.length
  }

  get isFull(): boolean {
    return this.#kept.length >= PARCELS_MAX
  }

  /** Seizes the parcel and posts it; gives its number. */
  send(parcel: Parcel): number {
    parcel.seize()
    this.#sequence = (this.#sequence + 1) & SEQUENCE_MASK || 1
    const kept: KeptParcel = { id: this.#life | this.#sequence, parcel, end: undefined, isPosted: false }
    this.#postOne(kept)
    this.#kept.push(kept)
    return kept.id
  }

  /** The record of the latest parcel ends at this position. */
  written(position: number): void {
    const last = this.#kept.last
    if (last !== undefined) last.end = position
  }

  /** Forgets what the receiver has done with. */
  trim(consumed: number): void {
    for (let first = this.#kept.first; first?.end !== undefined && first.end <= consumed; first = this.#kept.first)
      this.#kept.shift()
  }

  /** There is a new way to the receiver, which may be a new one. */
  connected(): void {
    for (const kept of this.#kept.items()) this.#postOne(kept)
  }

  #postOne(kept: KeptParcel): void {
    const { id, parcel } = kept
    const isLost = kept.isPosted && parcel.moved.length > 0
    const moved = isLost ? [] : parcel.moved
    const posted = this.#post?.post(this.#peer, { lane: this.#lane, id, buffers: isLost ? undefined : parcel.buffers }, moved)
    if (posted === true) kept.isPosted = true
  }
}

/**
 * What became of a record's parcel: its buffers; or that they are still to come, or were lost with a core that died; or that no sender of this record can
 * have given that number.
 */
export type ParcelOutcome = readonly ArrayBufferLike[] | 'pending' | 'lost' | 'unknown'

/** What was moved here with a record; undefined for nothing. */
export function movedHere(outcome: ParcelOutcome | undefined): ArrayBuffer[] | undefined {
  if (outcome === undefined || typeof outcome === 'string') return undefined
  const moved = outcome.filter((buffer) => buffer instanceof ArrayBuffer)
  return moved.length === 0 ? undefined : moved
}

/** The receiving side of one link. */
export class ParcelReceiver {
  readonly #post: ParcelPost | undefined
  readonly #peer: number
  readonly #epochOf: () => number
  readonly #lanes: readonly Fifo<{ readonly id: number; readonly buffers: readonly ArrayBufferLike[] | undefined }>[] = [
    new Fifo(),
    new Fifo(),
  ]

  /** `epochOf`: the present epoch of the sending core. */
  constructor(post: ParcelPost | undefined, peer: number, epochOf: () => number) {
    this.#post = post
    this.#peer = peer
    this.#epochOf = epochOf
  }

  /** Parcels that have arrived and were not taken. */
  get waiting(): number {
    return this.#lanes.reduce((sum, lane) => sum + lane.length, 0)
  }

  /** The parcel of a record of `lane`. */
  take(lane: number, id: number): ParcelOutcome {
    // Before the post is looked at: what a sender posted it has posted before its epoch could change.
    const epoch = this.#epochOf()
    const isOfThisLife = ((epoch - (id >>> SEQUENCE_BITS)) & LIFE_MASK) === 0
    this.#fetch()
    const queue = this.#lanes[lane]
    if (queue === undefined || this.#post === undefined) return 'unknown'
    const missing = isOfEarlierLife(id, epoch) ? 'lost' : 'unknown'
    // Found before anything is dropped: a damaged number must not cost other records theirs.
    const items = queue.items()
    const at = items.findIndex((parcel) => parcel.id === id)
    if (at >= 0) {
      for (let i = 0; i <= at; i += 1) queue.shift()
      return items[at]?.buffers ?? 'lost'
    }
    const last = items.at(-1)
    if (last !== undefined && isAfter(last.id, id)) return missing
    return isOfThisLife ? 'pending' : missing
  }

  /** Drops what lives of the sender before its present one have posted for records that there are not. False when it is too early: a ring is not empty. */
  dropOrphans(areRingsEmpty: () => boolean): boolean {
    const epoch = this.#epochOf()
    if (!areRingsEmpty()) return false
    this.#fetch()
    for (const queue of this.#lanes)
      for (let first = queue.first; first !== undefined && isOfEarlierLife(first.id, epoch); first = queue.first) queue.shift()
    return true
  }

  #fetch(): void {
    for (let parcel = this.#post?.receive(this.#peer); parcel !== undefined; parcel = this.#post?.receive(this.#peer)) {
      this.#lanes[parcel.lane]?.push(parcel)
    }
  }
}

/** Whether the number is of a life of the sender before this epoch of its core, which wraps. */
function isOfEarlierLife(id: number, epoch: number): boolean {
  const livesAgo = (epoch - (id >>> SEQUENCE_BITS)) & LIFE_MASK
  return livesAgo > 0 && livesAgo <= LIFE_MASK >> 1
}

/** Whether `a` was given later than `b`: by a later life of the sender, or later in the same. Both wrap. */
function isAfter(a: number, b: number): boolean {
  const lives = ((a >>> SEQUENCE_BITS) - (b >>> SEQUENCE_BITS)) & LIFE_MASK
  if (lives !== 0) return lives < (LIFE_MASK + 1) / 2
  const ahead = (a - b) & SEQUENCE_MASK
  return ahead !== 0 && ahead < (SEQUENCE_MASK + 1) / 2
}
