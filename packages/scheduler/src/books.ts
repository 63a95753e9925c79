/**
 * The books of one core (D6): how many user messages it took over and what became of them. Float64 lanes in shared memory, so that they
 * outlive the core's thread.
 *
 * Writer: the core itself, by plain stores; the root instead once the thread has ended. Readers: the root; while the core runs it sees
 * recent values, after the thread's end exact ones (the exit event orders them).
 *
 *   sent       tells, sends, asks and replies that began on this core
 *   taken      messages taken from rings
 *   put        messages published to rings
 *   processed  messages whose handler ended well, and replies that found their asker
 *   dead[r]    dead letters of reason r
 *
 *   put next, put mark, taken next, taken mark    where the core is between moving a ring's position and counting that: see books-recovery.ts
 *
 * On this core queued = sent + taken - put - processed - Σ dead; in the rings queued = Σ put - Σ taken.
 */
import { DEAD_LETTER_REASONS } from '@cambium/actor'
import type { DeadLetterReason } from '@cambium/actor'

export const SENT = 0
export const TAKEN = 1
export const PUT = 2
export const PROCESSED = 3
const DEAD = 4

/** Lanes that count; the rest are notes for a recovery. */
export const COUNTER_LANES: number = DEAD + DEAD_LETTER_REASONS.length
const NOTES = COUNTER_LANES
export const PUT_MARK: number = NOTES
export const PUT_NEXT: number = NOTES + 1
export const TAKEN_MARK: number = NOTES + 2
export const TAKEN_NEXT: number = NOTES + 3

export const BOOK_LANES: number = NOTES + 4

const REASON_LANE: ReadonlyMap<DeadLetterReason, number> = new Map(DEAD_LETTER_REASONS.map((reason, i) => [reason, DEAD + i]))

export function deadLane(reason: DeadLetterReason): number {
  return REASON_LANE.get(reason) as number
}

/** One more in a lane. A plain read and store: the core is the only writer of its books. */
export function count(lanes: Float64Array, lane: number): void {
  lanes[lane] = (lanes[lane] as number) + 1
}

/** A reading of the books of one core, or the sum over several. */
export interface Books {
  readonly sent: number
  readonly processed: number
  readonly dead: Readonly<Record<DeadLetterReason, number>>
  readonly deadTotal: number
  /** In mailboxes, outboxes and hands of the core. */
  readonly queued: number
  /** Taken from rings; put into rings. */
  readonly taken: number
  readonly put: number
}

/**
 * Messages queued in a system that runs: no fewer than there were at the moment between the two passes over its books. What has ended is read
 * before what was sent, and both only grow; so 0 says that at that moment nothing was queued, however much is sent all the time. Plain reads
 * of what other threads store plainly: look again after a while before you rely on a 0.
 */
export function queuedAtMost(all: readonly Float64Array[]): number {
  let ended = 0
  for (const lanes of all) for (let lane = PROCESSED; lane < COUNTER_LANES; lane += 1) ended += lanes[lane] as number
  let sent = 0
  for (const lanes of all) sent += lanes[SENT] as number
  return sent - ended
}

export function readBooks(lanes: Float64Array): Books {
  const lane = (i: number): number => lanes[i] as number
  const dead = Object.fromEntries(DEAD_LETTER_REASONS.map((reason) => [reason, lane(deadLane(reason))])) as Record<
    DeadLetterReason,
    number
  >
  const deadTotal = Object.values(dead).reduce((sum, n) => sum + n, 0)
  const queued = lane(SENT) + lane(TAKEN) - lane(PUT) - lane(PROCESSED) - deadTotal
  return { sent: lane(SENT), processed: lane(PROCESSED), dead, deadTotal, queued, taken: lane(TAKEN), put: lane(PUT) }
}

/** The books of a system: sums over its cores; what lies in rings counts as queued. */
export function sumBooks(all: readonly Books[]): Books {
  const sum = (pick: (books: Books) => number): number => all.reduce((total, books) => total + pick(books), 0)
  const dead = Object.fromEntries(DEAD_LETTER_REASONS.map((reason) => [reason, sum((books) => books.dead[reason])])) as Record<
    DeadLetterReason,
    number
  >
  const taken = sum((books) => books.taken)
  const put = sum((books) => books.put)
  return {
    sent: sum((books) => books.sent),
    processed: sum((books) => books.processed),
    dead,
    deadTotal: sum((books) => books.deadTotal),
    queued: sum((books) => books.queued) + put - taken,
    taken,
    put,
  }
}
