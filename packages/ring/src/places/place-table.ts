/**
 * Joins and leaves the places of a ring while it runs.
 *
 * Protocol
 * 1. One change of membership at a time: the lock word holds the place of whoever is at it. A thread that dies with the lock is
 *    found by its place: `evict` takes the lock over, and does what a leave does.
 * 2. Join: take a free place by CAS; lock; write its words; set its sequence to the cursor; set its bit in the gates; set its sequence to
 *    the cursor again; state member; unlock.
 *    The second look at the cursor is what closes the race with a producer that advances: a producer that looked at the gates
 *    without seeing the joiner used no cursor but one that it had read before, so it claims no further than that cursor plus the
 *    capacity, and the joiner, which looks later, starts at that cursor or beyond. Every later look at the gates sees the joiner.
 * 3. A joiner behind others gates the producer, and those before it gate it as before: they may be further back.
 * 4. Leave: lock; if the leaver gates, those it is after gate from now on; whoever is after the leaver is now after those that the
 *    leaver was after (one store); the leaver's bit goes out of the gates; unlock; wake everybody who is parked; the place is free. Each
 *    step leaves the producer held back by more than needed, never by less, and the place is free only when nothing is left to do. So
 *    a thread may end between any two steps: its place is still there to be evicted, and all of it can be done once more.
 * 5. A pool's worker joins as a member of the pool, and leaves when it holds no record.
 *
 * Memory order: every access here is sequentially consistent. These are control paths; nothing of this is on a record's way.
 */
import { ringCorruptError, ringLockedError, ringPlaceError } from '../errors.ts'
import { bitOf, checkPlaces, placesOf } from './place-bits.ts'
import {
  AFTER,
  BEFORE,
  BELL,
  CLAIMED,
  FINISHED,
  FIRST_PLACE,
  GATES,
  HALT,
  HOLDING,
  KIND,
  KIND_CONSUMER,
  KIND_OBSERVER,
  KIND_POOL,
  KIND_WORKER,
  LOCK,
  MEMBERS,
  OWNER_SHIFT,
  PARKED_READERS,
  PLACE_WORDS,
  POOL,
  SEQUENCE,
  STARTED,
  STATE,
  STATE_FREE,
  STATE_JOINING,
  STATE_MASK,
  STATE_MEMBER,
} from './place-layout.ts'

/** Who joins. */
export interface Joining {
  readonly kind: number
  /** The places that it comes after; none: after the producer. */
  readonly after: number
  /** Of a worker: the place of its pool. */
  readonly pool: number
  /** A number that the user finds it by. */
  readonly owner: number
}

/** What {@link PlaceTable.join} returns when all places are taken. */
export const NO_PLACE = -1

/** Looks at the lock, one a millisecond: a change of membership takes microseconds, so a lock that stays is a dead thread's. */
const LOCK_LOOKS_MAX = 1000
const LOCK_WAIT_MS = 1

/** The places of one ring; internal. */
export class PlaceTable {
  readonly count: number
  readonly #int32: Int32Array
  readonly #block: number
  readonly #cursorWord: number
  /** Rings everybody who is parked at this ring. */
  readonly #wakeAll: () => void

  constructor(int32: Int32Array, block: number, count: number, cursorWord: number, wakeAll: () => void) {
    this.#int32 = int32
    this.#block = block
    this.count = count
    this.#cursorWord = cursorWord
    this.#wakeAll = wakeAll
  }

  /** The word at which a place begins. */
  wordOf(place: number): number {
    return this.#block + FIRST_PLACE + place * PLACE_WORDS
  }

  read(place: number, field: number): number {
    return Atomics.load(this.#int32, this.wordOf(place) + field)
  }

  /** A field that is a set of places. @throws `ERR_RING_CORRUPT` */
  readSet(place: number, field: number): number {
    return checkPlaces(this.read(place, field), this.count)
  }

  /** The pool of a worker. @throws `ERR_RING_CORRUPT` when it has none that there can be */
  poolOf(place: number): number {
    const pool = this.read(place, POOL) - 1
    if (pool < 0 || pool >= this.count) throw ringCorruptError('a worker has no pool', { place, pool, places: this.count })
    return pool
  }

  isMember(place: number): boolean {
    return (this.read(place, STATE) & STATE_MASK) === STATE_MEMBER
  }

  get gates(): number {
    return Atomics.load(this.#int32, this.#block + GATES)
  }

  /** The place of whoever changes the membership just now, or -1. */
  get lockHolder(): number {
    return Atomics.load(this.#int32, this.#block + LOCK) - 1
  }

  /**
   * The place, or {@link NO_PLACE}.
   *
   * @throws `ERR_RING_PLACE` when one of `after` or the pool is not there, `ERR_RING_LOCKED`
   */
  join(joining: Joining): number {
    const place = this.#takePlace(joining.owner)
    if (place === NO_PLACE) return NO_PLACE
    let isLocked = false
    try {
      this.#lock(place)
      isLocked = true
      this.#checkAfter(joining)
      this.#enter(place, joining)
      this.#unlock()
    } catch (error) {
      if (isLocked) this.#unlock()
      this.#store(place, STATE, STATE_FREE)
      throw error
    }
    return place
  }

  /**
   * Frees a place; see the protocol. Also for the place of a dead thread, whose lock it takes over.
   *
   * @throws `ERR_RING_LOCKED`; `ERR_RING_CORRUPT` when it says that it stands beside places that there are not, and then it is as it was
   */
  leave(place: number): void {
    this.#lock(place)
    try {
      // A thread that ended while it joined has written part of what a member has written.
      this.#exit(place)
      Atomics.and(this.#int32, this.#block + PARKED_READERS, ~bitOf(place))
    } finally {
      this.#unlock()
    }
    this.#wakeAll()
    this.#store(place, STATE, STATE_FREE)
  }

  /** Writes a place before anybody else can see the ring. */
  found(place: number, kind: number, after: number, gates: boolean, sequence: number): void {
    this.#clear(place, { kind, after, pool: 0, owner: 0 })
    this.#setSequence(place, sequence)
    for (const one of placesOf(after)) this.#or(one, BEFORE, bitOf(place))
    if (gates) Atomics.or(this.#int32, this.#block + GATES, bitOf(place))
    this.#setState(place, STATE_MEMBER, 0)
  }

  #takePlace(owner: number): number {
    const joining = STATE_JOINING | (owner << OWNER_SHIFT)
    for (let place = 0; place < this.count; place++) {
      const word = this.wordOf(place) + STATE
      if (Atomics.load(this.#int32, word) !== STATE_FREE) continue
      if (Atomics.compareExchange(this.#int32, word, STATE_FREE, joining) === STATE_FREE) return place
    }
    return NO_PLACE
  }

  #checkAfter({ kind, after, pool }: Joining): void {
    for (const place of placesOf(after)) {
      const isThere = place < this.count && this.isMember(place)
      const before = isThere ? this.read(place, KIND) : 0
      if (before !== KIND_CONSUMER && before !== KIND_POOL) throw ringPlaceError('nobody to come after is there', { place })
    }
    if (kind !== KIND_WORKER) return
    const isPool = pool < this.count && this.isMember(pool) && this.read(pool, KIND) === KIND_POOL
    if (!isPool) throw ringPlaceError('no pool is there', { place: pool })
  }

  #enter(place: number, joining: Joining): void {
    this.#clear(place, joining)
    if (joining.kind === KIND_WORKER) {
      this.#setSequence(place, this.read(joining.pool, SEQUENCE))
      this.#or(joining.pool, MEMBERS, bitOf(place))
    } else {
      for (const one of placesOf(joining.after)) this.#or(one, BEFORE, bitOf(place))
      this.#setSequence(place, Atomics.load(this.#int32, this.#cursorWord))
      if (joining.kind !== KIND_OBSERVER) {
        Atomics.or(this.#int32, this.#block + GATES, bitOf(place))
        this.#setSequence(place, Atomics.load(this.#int32, this.#cursorWord))
      }
    }
    this.#setState(place, STATE_MEMBER, joining.owner)
  }

  #exit(place: number): void {
    const bit = bitOf(place)
    // All that is read is looked at before anything is written.
    const pool = this.read(place, POOL) === 0 ? -1 : this.poolOf(place)
    const after = this.readSet(place, AFTER)
    const before = this.readSet(place, BEFORE)
    if (pool >= 0) this.#and(pool, MEMBERS, ~bit)
    if ((this.gates & bit) !== 0) Atomics.or(this.#int32, this.#block + GATES, after)
    for (const follower of placesOf(before)) {
      for (const one of placesOf(after)) this.#or(one, BEFORE, bitOf(follower))
      this.#store(follower, AFTER, (this.read(follower, AFTER) & ~bit) | after)
    }
    for (const one of placesOf(after)) this.#and(one, BEFORE, ~bit)
    Atomics.and(this.#int32, this.#block + GATES, ~bit)
    // Last: whoever evicts a thread that ended in the middle of this does the same once more.
    for (const field of [AFTER, BEFORE, POOL, MEMBERS, KIND]) this.#store(place, field, 0)
  }

  #clear(place: number, { kind, after, pool }: Joining): void {
    for (const field of [HOLDING, BEFORE, MEMBERS, BELL, HALT]) this.#store(place, field, 0)
    this.#store(place, KIND, kind)
    this.#store(place, AFTER, after)
    this.#store(place, POOL, kind === KIND_WORKER ? pool + 1 : 0)
  }

  #setState(place: number, state: number, owner: number): void {
    this.#store(place, STATE, state | (owner << OWNER_SHIFT))
  }

  #setSequence(place: number, sequence: number): void {
    for (const field of [SEQUENCE, STARTED, FINISHED, CLAIMED]) this.#store(place, field, sequence)
  }

  #lock(place: number): void {
    const word = this.#block + LOCK
    for (let look = 0; look < LOCK_LOOKS_MAX; look++) {
      const holder = Atomics.compareExchange(this.#int32, word, 0, place + 1)
      // Held for this very place: by a thread that is dead, for a place has one thread, and its evictor comes after its end.
      if (holder === 0 || holder === place + 1) return
      Atomics.wait(this.#int32, word, holder, LOCK_WAIT_MS)
    }
    throw ringLockedError(this.lockHolder, LOCK_LOOKS_MAX * LOCK_WAIT_MS)
  }

  #unlock(): void {
    Atomics.store(this.#int32, this.#block + LOCK, 0)
    Atomics.notify(this.#int32, this.#block + LOCK, 1)
  }

  #store(place: number, field: number, value: number): void {
    Atomics.store(this.#int32, this.wordOf(place) + field, value)
  }

  #or(place: number, field: number, mask: number): void {
    Atomics.or(this.#int32, this.wordOf(place) + field, mask)
  }

  #and(place: number, field: number, mask: number): void {
    Atomics.and(this.#int32, this.wordOf(place) + field, mask)
  }
}
