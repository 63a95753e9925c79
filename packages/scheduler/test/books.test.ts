/** Reading the books of a system while they change (D6). */
import { expect, test } from 'vitest'
import { BOOK_LANES, count, deadLane, PROCESSED, PUT, queuedAtMost, SENT, TAKEN } from '../src/books.ts'

test('nothing is queued when all that was sent has ended, however it ended and wherever', () => {
  const [one, two] = [new Float64Array(BOOK_LANES), new Float64Array(BOOK_LANES)]
  expect(queuedAtMost([one, two])).toBe(0)
  for (let i = 0; i < 3; i += 1) {
    count(one, SENT)
    count(one, PUT)
    count(two, TAKEN)
  }
  expect(queuedAtMost([one, two])).toBe(3)
  count(two, PROCESSED)
  count(two, deadLane('no_such_actor'))
  expect(queuedAtMost([one, two])).toBe(1)
  count(two, deadLane('shut_down'))
  expect(queuedAtMost([one, two])).toBe(0)
})

test('a message that is sent and one that ends between the passes make it more, never less', () => {
  // One message is queued at every moment. Its core reads as a thread would while another one works: each read of what was sent comes after more has happened.
  const lanes = new Float64Array(BOOK_LANES)
  count(lanes, SENT)
  const busy = new Proxy(lanes, {
    get(target, lane) {
      if (lane === String(SENT)) {
        count(target, SENT)
        count(target, PROCESSED)
      }
      return Reflect.get(target, lane, target) as unknown
    },
  })
  expect(queuedAtMost([busy])).toBeGreaterThanOrEqual(1)
})
