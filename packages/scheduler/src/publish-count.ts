/** Counts what a core publishes to a peer, in steps that a recovery can tell apart: see `books-recovery.ts`. */
import { PUT, PUT_MARK, PUT_NEXT } from './books.ts'
import { ringMark } from './books-recovery.ts'
import type { PublishCount } from './record-lane.ts'

/** `checkpoint` is called between any two steps; absent on a real platform. */
export function createPublishCount(
  booksOf: () => Float64Array,
  peer: number,
  checkpoint: (() => void) | undefined,
): PublishCount {
  return {
    begin(records, position) {
      const books = booksOf()
      books[PUT_NEXT] = (books[PUT] as number) + records
      books[PUT_MARK] = ringMark(peer, position)
      checkpoint?.()
    },
    end() {
      const books = booksOf()
      checkpoint?.()
      books[PUT] = books[PUT_NEXT] as number
      books[PUT_MARK] = 0
      checkpoint?.()
    },
  }
}
