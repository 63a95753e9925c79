/**
 * Layout of the places of a ring: who reads it, how far each has come, who is parked, and whom the producer waits for. Offsets are
 * Int32 indexes from the begin of the block, which lies on a multiple of 128 bytes. Every part has two cache lines of its own.
 *
 * ```
 *   word
 *      0  parked readers      a bit per place       the place's thread, around each park        whoever publishes or finishes
 *      1  parked producers    a bit per producer    the producer's thread, around each park     readers, when they finish
 *     32  gates               a bit per place       the holder of the lock                      producers, at an apparent full ring
 *     64  lock                0, or place + 1       who joins, leaves or evicts (CAS)           the same
 *     96  place 0, then one every 160 words:
 *           +0  sequence      how far it has come   the place's thread, Atomics.store, after    producers, dependents
 *                                                   the last read of the records it covers
 *           +1  holding       a worker has a record the worker; 1 before, 0 after it            producers, dependents of the pool
 *          +32  started       the record in hand    the place's thread, plain: around each      a successor and the root, after
 *          +33  finished      the last one done,    record or, in a processor, before each      the thread has ended
 *                             when nothing is in    record and after each batch
 *                             hand
 *          +34  claimed       a worker's own record the same                                    the same
 *          +64  state         free, joining, member the holder of the lock; free → joining      all
 *                             and the owner's number by CAS, before it has the lock
 *          +65  kind          consumer, pool …      the holder of the lock                      all
 *          +66  after         a bit per place       the holder of the lock                      the place's thread, before each batch
 *          +67  before        a bit per place that  the holder of the lock                      the place's thread, when somebody
 *                             is after this one                                                 is parked
 *          +68  members       of a pool: a bit per  the holder of the lock                      producers, dependents of the pool
 *                             worker
 *          +69  pool          of a worker: place+1  the holder of the lock                      the worker
 *          +96  bell          see doorbell.ts       the place's thread; peers only 1 → 2        peers, when the parked bit is set
 *         +128  halt          1: end the run loop   whoever halts it                            the place's thread, when it waits
 * ```
 *
 * Memory order: everything is sequentially consistent (Atomics), but `started`, `finished` and `claimed`: they are plain stores, read
 * only after the end of the thread, which orders everything before it.
 */
import { assert } from '@cambium/base'
import { LINE_PAIR_BYTES } from '../spsc-layout.ts'

/** Words of two cache lines. */
export const LINE_PAIR_WORDS: number = LINE_PAIR_BYTES / 4

export const PARKED_READERS = 0
export const PARKED_PRODUCERS = 1
export const GATES = 32
export const LOCK = 64
export const FIRST_PLACE = 96
export const PLACE_WORDS = 160

export const SEQUENCE = 0
export const HOLDING = 1
export const STARTED = 32
export const FINISHED = 33
export const CLAIMED = 34
export const STATE = 64
export const KIND = 65
export const AFTER = 66
export const BEFORE = 67
export const MEMBERS = 68
export const POOL = 69
export const BELL = 96
export const HALT = 128

/** One bit of an Int32 per place. */
export const PLACES_MAX = 32

/** The low bits of a state; the others are the owner's number. */
export const STATE_MASK = 3
export const OWNER_SHIFT = 2
/** Largest owner's number. */
export const OWNER_MAX: number = 2 ** 29 - 1
export const STATE_FREE = 0
export const STATE_JOINING = 1
export const STATE_MEMBER = 2

/** Reads every record; the producer waits for it, or for somebody behind it. */
export const KIND_CONSUMER = 1
/** Stands for its workers: its sequence is the last record that one of them has taken. */
export const KIND_POOL = 2
/** Takes records from its pool, each of which goes to one worker. */
export const KIND_WORKER = 3
/** Reads what it can get; nobody waits for it. */
export const KIND_OBSERVER = 4

/** Words of a block with so many places. */
export function placeBlockWords(places: number): number {
  return FIRST_PLACE + places * PLACE_WORDS
}

for (const word of [GATES, LOCK, FIRST_PLACE, PLACE_WORDS, STARTED, STATE, BELL, HALT]) {
  assert(word % LINE_PAIR_WORDS === 0, 'parts with different writers begin on cache lines of their own')
}
assert(PARKED_READERS % 2 === 0 && PARKED_PRODUCERS === PARKED_READERS + 1, 'both masks are read as one 64-bit word')
