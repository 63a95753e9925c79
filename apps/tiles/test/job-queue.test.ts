/** Jobs that wait: order, own core first, a bound, and none twice. */
import { expect, test } from 'vitest'
import { JobQueue } from '../src/job-queue.ts'
import type { QueuedJob } from '../src/job-queue.ts'

const job = (id: string, home: number, deadlineMs = 0): QueuedJob =>
  ({ id, home, deadlineMs, attempts: 0, picture: undefined, region: undefined }) as unknown as QueuedJob

function drain(queue: JobQueue, core: number): (string | undefined)[] {
  return Array.from({ length: queue.length }, () => queue.next(core)?.id)
}

test('first come, first served; those of the own core before others', () => {
  const queue = new JobQueue(10)
  for (const [id, home] of [['a', 1], ['b', 2], ['c', 1], ['d', 2], ['e', 2]] as const) queue.add(job(id, home)) // prettier-ignore
  expect([queue.next(1)?.id, queue.next(2)?.id]).toEqual(['a', 'b'])
  expect(drain(queue, 1)).toEqual(['c', 'd', 'e'])
  expect(queue.next(1)).toBeUndefined()
})

test('who has nothing of its own helps where most waits', () => {
  const queue = new JobQueue(10)
  for (const [id, home] of [['a', 1], ['b', 2], ['c', 2]] as const) queue.add(job(id, home)) // prettier-ignore
  expect(queue.next(3)?.id).toBe('b')
})

test('takes no more than it has room for, unless the job waits already', () => {
  const queue = new JobQueue(2)
  expect([queue.add(job('a', 1)), queue.add(job('b', 1)), queue.add(job('c', 2))]).toEqual([true, true, false])
  expect(queue.add(job('a', 1, 77))).toBe(true)
  expect(queue.length).toBe(2)
  expect(queue.next(1)).toMatchObject({ id: 'a', deadlineMs: 77 })
  expect(queue.add(job('c', 2))).toBe(true)
})

test('what is taken back is not handed out', () => {
  const queue = new JobQueue(10)
  for (const id of ['a', 'b', 'c']) queue.add(job(id, 1))
  expect([queue.remove('b'), queue.remove('b'), queue.remove('x')]).toEqual([true, false, false])
  expect(drain(queue, 2)).toEqual(['a', 'c'])
})
