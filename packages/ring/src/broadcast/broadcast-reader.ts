/** The reading side of a broadcast ring: what both kinds of readers offer, and how to join, succeed and evict them. */
import { checkFields, checkInteger, checkOneOf, optionError } from '@cambium/base'
import type { Doorbell } from '../doorbell.ts'
import { ringPlaceError } from '../errors.ts'
import { checkOwner } from '../places/check-owner.ts'
import { bitOf } from '../places/place-bits.ts'
import { KIND, KIND_CONSUMER, KIND_OBSERVER, OWNER_MAX, OWNER_SHIFT, STATE, STATE_FREE } from '../places/place-layout.ts'
import { NO_PLACE } from '../places/place-table.ts'
import type { RecordHandler } from '../spsc-consumer.ts'
import { attachBroadcast } from './broadcast-ring.ts'
import type { BroadcastDescriptor } from './broadcast-ring.ts'
import { GatedReader } from './gated-reader.ts'
import { LossyReader } from './lossy-reader.ts'

/** One reader of a broadcast ring. Not to be shared between threads. */
export interface BroadcastReader {
  readonly mode: 'lossless' | 'lossy'
  readonly place: number
  /** Where the record in hand lies: the data area, or a lossy reader's own copy, which may be replaced by a larger one. */
  readonly buffer: Buffer
  /** The same bytes as `buffer`. */
  readonly int32: Int32Array
  /** Finishes the record in hand, if any, and takes the next one. False when nothing more is there. */
  next(): boolean
  /** The record in hand is finished. Without one it does nothing. */
  done(): void
  /** Gives the room of finished records back by one store. False when there was none; always for a lossy reader. */
  release(): boolean
  /** Of the record in hand, after `next()` returned true and until `done()`. */
  readonly type: number
  /** Byte offset of the payload in `buffer`, a multiple of 8. */
  readonly offset: number
  /** Bytes of the payload. */
  readonly length: number
  /** Whether nothing is published beyond the record in hand, from a fresh look. */
  readonly isEmpty: boolean
  /**
   * Hands up to `limit` records to `handler`, then gives their room back. A record whose handler throws is finished, and the error
   * goes on to the caller. Not to be called by its handler.
   *
   * @returns how many records were handled.
   * @throws `ERR_OPTION` when `handler` is no function, or `limit` neither an integer of 0 or more nor Infinity
   */
  poll(handler: RecordHandler, limit?: number): number
  /** How often the producer was a lap ahead; 0 for a lossless reader. */
  readonly lapped: number
  /** Records that were missed, because they were overwritten or lay behind a corrupt one; counted when the next one is read. */
  readonly lost: number
  /** Headers that no producer can have written. */
  readonly corrupt: number
  /** Rung when there is something to read, if it is parked. */
  readonly bell: Doorbell
  /**
   * Leaves the ring: the producer no longer waits for it. The place is free for others, so from then on another `leave` does nothing, and whatever
   * looks at the ring throws `ERR_RING_PLACE`. Within a handler of `poll` it ends that poll: the record is finished, and then it leaves.
   *
   * @throws `ERR_RING_LOCKED`; within a handler of `poll`, `poll` does
   */
  leave(): void
}

export interface BroadcastJoinOptions {
  /** `lossless` holds the producer back when it is slow; `lossy` is lapped. @default 'lossless' */
  readonly mode?: 'lossless' | 'lossy'
  /** Places of lossless readers that a lossless one comes after: it gets what all of them have given back. @default none */
  readonly after?: readonly number[]
  /** A number by which the root finds what a dead thread leaves behind: 0 to 2^29 - 1. @default 0 */
  readonly owner?: number
}

/**
 * Joins a running broadcast ring: gets every record that is published from now on. Undefined when it has as many readers as it may have.
 *
 * @throws `ERR_RING_PLACE` when one of `after` is no lossless reader, `ERR_RING_LOCKED`, `ERR_RING_MEMORY`, `ERR_RING_MAGIC`,
 * `ERR_RING_VERSION`, `ERR_RING_CORRUPT`, `ERR_OPTION`
 */
export function joinBroadcast(descriptor: BroadcastDescriptor, options: BroadcastJoinOptions = {}): BroadcastReader | undefined {
  checkFields('options', options, ['mode', 'after', 'owner'])
  const mode = checkOneOf('mode', options.mode, ['lossless', 'lossy'], 'lossless')
  const owner = checkInteger('owner', options.owner, { default: 0, min: 0, max: OWNER_MAX })
  const ring = attachBroadcast(descriptor)
  const { after = [] } = options
  if (!Array.isArray(after)) throw optionError('after', after, 'an array of places')
  if (mode === 'lossy' && after.length > 0) throw optionError('after', after, 'no places for a lossy reader: nobody waits for it')
  const behind = after.reduce((places, place) => places | bitOf(checkPlace(place, ring.places)), 0)
  const kind = mode === 'lossy' ? KIND_OBSERVER : KIND_CONSUMER
  const place = ring.table.join({ kind, after: behind, pool: 0, owner })
  if (place === NO_PLACE) return undefined
  return mode === 'lossy' ? new LossyReader(ring, place) : new GatedReader(ring, place)
}

/**
 * Attaches to a lossless reader's place as the successor of a thread that has ended. It goes on behind the record that its predecessor had
 * in hand.
 *
 * @throws `ERR_RING_PLACE` when no lossless reader is there, `ERR_RING_MEMORY`, `ERR_RING_MAGIC`, `ERR_RING_VERSION`, `ERR_RING_CORRUPT`
 */
export function succeedBroadcastReader(descriptor: BroadcastDescriptor, place: number): BroadcastReader {
  const ring = attachBroadcast(descriptor)
  if (!ring.table.isMember(checkPlace(place, ring.places)) || ring.table.read(place, KIND) !== KIND_CONSUMER) {
    throw ringPlaceError('no lossless reader is there', { place })
  }
  return new GatedReader(ring, place)
}

/**
 * Leaves for all readers of one owner, whose thread has ended; those that ended in the middle of joining too.
 *
 * @param owner 1 to 2^29 - 1: 0 is nobody's
 * @returns their places.
 * @throws `ERR_RING_LOCKED`, `ERR_RING_MEMORY`, `ERR_RING_MAGIC`, `ERR_RING_VERSION`, `ERR_RING_CORRUPT`, `ERR_OPTION`
 */
export function evictBroadcastOwner(descriptor: BroadcastDescriptor, owner: number): number[] {
  checkOwner(owner)
  const { table, places } = attachBroadcast(descriptor)
  const theirs = Array.from({ length: places }, (_, place) => place).filter((place) => {
    const state = table.read(place, STATE)
    return state !== STATE_FREE && state >>> OWNER_SHIFT === owner
  })
  // Whoever holds the lock comes first: nobody else can leave before.
  const holder = table.lockHolder
  for (const place of theirs.toSorted((a, b) => Number(b === holder) - Number(a === holder))) table.leave(place)
  return theirs
}

function checkPlace(place: number, places: number): number {
  if (!Number.isInteger(place) || place < 0 || place >= places) throw ringPlaceError('no such place', { place })
  return place
}
