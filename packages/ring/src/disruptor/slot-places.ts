/**
 * Who reads a ring of slots: joining, attaching, halting, and evicting those whose threads have ended.
 *
 * A *fixed* place is there from the creation of the ring, and threads attach to it. Other places are joined and left.
 */
import { checkFields, checkInteger, optionError } from '@cambium/base'
import { ringPlaceError } from '../errors.ts'
import { checkOwner } from '../places/check-owner.ts'
import { placesOf } from '../places/place-bits.ts'
import {
  HALT,
  KIND,
  KIND_CONSUMER,
  KIND_POOL,
  KIND_WORKER,
  MEMBERS,
  OWNER_MAX,
  OWNER_SHIFT,
  PLACES_MAX,
  STATE,
  STATE_FREE,
} from '../places/place-layout.ts'
import { NO_PLACE } from '../places/place-table.ts'
import { attachRing } from './attached-ring.ts'
import type { AttachedRing } from './attached-ring.ts'
import { evictProducer } from './lost-claims.ts'
import type { LostClaims } from './lost-claims.ts'
import { PlacedConsumer } from './slot-consumer.ts'
import type { SlotConsumer } from './slot-consumer.ts'
import { HALTED, PRODUCER_STATE } from './slot-ring-layout.ts'
import type { SlotRingDescriptor } from './slot-ring.ts'
import { PlacedWorker } from './slot-worker.ts'
import type { SlotWorker } from './slot-worker.ts'

export interface JoinOptions {
  /** Places of consumers and pools that it comes after; none: it comes after the producer. @default none */
  readonly after?: readonly number[]
  /** A number by which the root finds what a dead thread leaves behind: 0 to 2^29 - 1. @default 0 */
  readonly owner?: number
}

/**
 * Joins a running ring as a consumer: it gets every record that is claimed from now on, and the producer waits for it until it leaves.
 * Undefined when all places are taken.
 *
 * @throws `ERR_RING_PLACE` when one of `after` is not there, `ERR_RING_LOCKED`, `ERR_RING_MEMORY`, `ERR_RING_MAGIC`,
 * `ERR_RING_VERSION`, `ERR_RING_CORRUPT`, `ERR_OPTION`
 */
export function joinSlotRing(descriptor: SlotRingDescriptor, options: JoinOptions = {}): SlotConsumer | undefined {
  checkFields('options', options, ['after', 'owner'])
  const owner = checkInteger('owner', options.owner, { default: 0, min: 0, max: OWNER_MAX })
  const ring = attachRing(descriptor)
  const { after = [] } = options
  if (!Array.isArray(after)) throw optionError('after', after, 'an array of places')
  const before = after.reduce((mask, place) => mask | (1 << checkPlace(place)), 0)
  const place = ring.table.join({ kind: KIND_CONSUMER, after: before, pool: 0, owner })
  return place === NO_PLACE ? undefined : new PlacedConsumer(ring, place)
}

/**
 * Joins a pool as a worker. Undefined when all places are taken.
 *
 * @throws `ERR_RING_PLACE` when there is no pool at this place, and as {@link joinSlotRing}
 */
export function joinSlotPool(
  descriptor: SlotRingDescriptor,
  pool: number,
  options: { readonly owner?: number } = {},
): SlotWorker | undefined {
  checkFields('options', options, ['owner'])
  const owner = checkInteger('owner', options.owner, { default: 0, min: 0, max: OWNER_MAX })
  const ring = attachRing(descriptor)
  const place = ring.table.join({ kind: KIND_WORKER, after: 0, pool: checkPlace(pool), owner })
  return place === NO_PLACE ? undefined : new PlacedWorker(ring, place)
}

/**
 * Attaches to a consumer's place: a fixed one, or as the successor of a thread that has ended. It goes on behind the record that its
 * predecessor had in hand, if there was one; look with `inspectSlotRing` before, it is forgotten here. A call for it to halt is
 * forgotten too.
 *
 * @throws `ERR_RING_PLACE` when no consumer is there, `ERR_RING_MEMORY`, `ERR_RING_MAGIC`, `ERR_RING_VERSION`, `ERR_RING_CORRUPT`
 */
export function attachSlotConsumer(descriptor: SlotRingDescriptor, place: number): SlotConsumer {
  const ring = attachRing(descriptor)
  checkMember(ring, place, KIND_CONSUMER)
  return new PlacedConsumer(ring, place)
}

/** Attaches to a worker's place as the successor of a thread that has ended; as {@link attachSlotConsumer}. */
export function attachSlotWorker(descriptor: SlotRingDescriptor, place: number): SlotWorker {
  const ring = attachRing(descriptor)
  checkMember(ring, place, KIND_WORKER)
  return new PlacedWorker(ring, place)
}

/**
 * Ends the run loop at this place, or of a pool those of all its workers, after the batch that each is at. Whoever drives it by hand sees
 * `isHalted`.
 *
 * @throws `ERR_RING_PLACE`, `ERR_RING_MEMORY`, `ERR_RING_MAGIC`, `ERR_RING_VERSION`, `ERR_RING_CORRUPT`
 */
export function haltPlace(descriptor: SlotRingDescriptor, place: number): void {
  const ring = attachRing(descriptor)
  checkTaken(ring, place)
  const { table } = ring
  const places = table.read(place, KIND) === KIND_POOL ? placesOf(table.readSet(place, MEMBERS)) : [place]
  for (const one of places) {
    Atomics.store(ring.int32, table.wordOf(one) + HALT, 1)
    ring.waker.place(one)
  }
}

/** Ends all run loops of a ring, of threads that attach later too. For good: a ring that has come to its end is not begun anew. */
export function haltRing(descriptor: SlotRingDescriptor): void {
  const ring = attachRing(descriptor)
  Atomics.store(ring.int32, ring.base + HALTED, 1)
  ring.waker.all()
}

/**
 * Leaves for a reader whose thread has ended and that gets no successor: the producer and those behind no longer wait for it. What it
 * had not handled stays unhandled. Evicting a pool is refused while it has workers: evict them first.
 *
 * @throws `ERR_RING_PLACE`, `ERR_RING_LOCKED`, `ERR_RING_MEMORY`, `ERR_RING_MAGIC`, `ERR_RING_VERSION`, `ERR_RING_CORRUPT`
 */
export function evictPlace(descriptor: SlotRingDescriptor, place: number): void {
  const ring = attachRing(descriptor)
  checkTaken(ring, place)
  if (ring.table.read(place, MEMBERS) !== 0) throw ringPlaceError('the pool has workers', { place })
  ring.table.leave(place)
}

/** What `evictOwner` freed. */
export interface Evicted extends LostClaims {
  readonly places: readonly number[]
  readonly producers: readonly number[]
}

/**
 * Evicts what a dead thread has joined under this owner's number, in the middle of joining or leaving too, and the producers it
 * attached. Its fixed places stay: attach a successor, or evict them one by one.
 *
 * @param owner 1 to 2^29 - 1: 0 is nobody's
 * @throws `ERR_RING_LOCKED`, `ERR_RING_MEMORY`, `ERR_RING_MAGIC`, `ERR_RING_VERSION`, `ERR_RING_CORRUPT`, `ERR_OPTION`
 */
export function evictOwner(descriptor: SlotRingDescriptor, owner: number): Evicted {
  checkOwner(owner)
  const ring = attachRing(descriptor)
  const { table, int32 } = ring
  const isTheirs = (state: number): boolean => state >>> OWNER_SHIFT === owner
  const producers = Array.from({ length: ring.producers }, (_, producer) => producer).filter((producer) =>
    isTheirs(Atomics.load(int32, ring.producerWord(producer) + PRODUCER_STATE)),
  )
  const lost = producers.map((producer) => evictProducer(descriptor, producer))
  const places = Array.from({ length: ring.places }, (_, place) => place).filter((place) => isTheirs(table.read(place, STATE)))
  // Whoever holds the lock comes first: nobody else can leave before.
  const holder = table.lockHolder
  for (const place of places.toSorted((a, b) => Number(b === holder) - Number(a === holder))) table.leave(place)
  return {
    places,
    producers,
    aborted: lost.reduce((sum, { aborted }) => sum + aborted, 0),
    undecided: lost.at(-1)?.undecided ?? 0,
  }
}

function checkPlace(place: number): number {
  if (!Number.isInteger(place) || place < 0 || place >= PLACES_MAX) throw ringPlaceError('no such place', { place })
  return place
}

function checkTaken(ring: AttachedRing, place: number): void {
  if (checkPlace(place) >= ring.places || ring.table.read(place, STATE) === STATE_FREE) {
    throw ringPlaceError('nobody is there', { place })
  }
}

function checkMember(ring: AttachedRing, place: number, kind: number): void {
  checkTaken(ring, place)
  if (!ring.table.isMember(place) || ring.table.read(place, KIND) !== kind) {
    throw ringPlaceError(`no ${kind === KIND_WORKER ? 'worker' : 'consumer'} is there`, {
      place,
      kind: ring.table.read(place, KIND),
    })
  }
}
