/**
 * The books of a core whose thread ended between moving a position of a ring and counting that. Neither can be one step with the other, so the
 * core leaves notes, by plain stores in its books:
 *
 * 0. A message that begins here is counted as sent before it is published (`record-lane.ts`), so `put` never knows of one that `sent` does not.
 * 1. Before it publishes: `put next`, what `put` will be; then `put mark`, the ring and the position that it is about to publish. Then it publishes,
 *    stores `put`, and clears the mark. Recovery: if the marked position is the published one, `put` is `put next`.
 * 2. With a record in hand (the hand word names it): `taken next`; then `taken mark`, the ring and the record's position; then `taken`. Recovery, for
 *    a record in hand that ends a message: if the mark names it, `taken` is `taken next`; if not, it has not been counted. There may be one of each ring, as
 *    such a record may wait for its parcel; there is one mark. So the root finishes in the rings what it has counted.
 *
 * Memory order: plain stores of one thread, read after its end by the root, which also writes the books from then on.
 */
import { readFragment } from '@cambium/codec'
import { inspectRing } from '@cambium/ring'
import type { RecordInHand } from '@cambium/ring'
import { PUT, PUT_MARK, PUT_NEXT, TAKEN, TAKEN_MARK, TAKEN_NEXT } from './books.ts'
import { FRAGMENT } from './record-lane.ts'
import type { CoreBlock, SystemMemory } from './system-memory.ts'

/** One number for a position in a ring from or to `peer`; never 0. */
export function ringMark(peer: number, position: number): number {
  return (peer + 1) * 0x1_0000_0000 + (position >>> 0)
}

/**
 * Brings the books of `core` in line with its rings. Its thread has ended; to do it twice changes nothing while one record is in hand. Gives the core
 * whose record in hand had been counted: of all that are in hand that one alone may be finished, and only not yet marked so in its ring.
 */
export function recoverBooks(memory: SystemMemory, core: number): number | undefined {
  const { books } = memory.blocks[core] as CoreBlock
  const inHand: number[] = []
  let counted: number | undefined
  for (let peer = 0; peer < memory.cores; peer += 1) {
    if (peer === core) continue
    const mark = ringMark(peer, inspectRing(memory.dataRing(core, peer)).producer)
    if (books[PUT_MARK] === mark) books[PUT] = books[PUT_NEXT] as number
    const held = inspectRing(memory.dataRing(peer, core)).inHand
    if (held === undefined || !endsMessage(held)) continue
    const taken = ringMark(peer, held.position)
    inHand.push(taken)
    if (books[TAKEN_MARK] === taken) counted = peer
  }
  books[PUT_MARK] = 0
  recoverTaken(books, inHand)
  return counted
}

/** False for a fragment after which others follow: the books count a message with its last. */
export function endsMessage(record: RecordInHand): boolean {
  if (record.type !== FRAGMENT) return true
  const fragment = readFragment(record.buffer, record.payloadOffset, record.payloadBytes, Infinity)
  return fragment === undefined || fragment.index === fragment.count - 1
}

function recoverTaken(books: Float64Array, inHand: readonly number[]): void {
  const marked = books[TAKEN_MARK] as number
  if (inHand.includes(marked)) books[TAKEN] = books[TAKEN_NEXT] as number
  const uncounted = inHand.filter((mark) => mark !== marked)
  const last = uncounted.at(-1)
  if (last === undefined) return
  books[TAKEN_NEXT] = (books[TAKEN] as number) + uncounted.length
  books[TAKEN_MARK] = last
  books[TAKEN] = books[TAKEN_NEXT] as number
}
