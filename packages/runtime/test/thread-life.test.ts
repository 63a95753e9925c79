/** When nothing of a thread writes any more, and threads that take their time to end after that. */
import { toErrorRecord } from '@cambium/base'
import { Worker } from 'node:worker_threads'
import { expect, it } from 'vitest'
import { AbandonedThreads } from '../src/abandoned-threads.ts'
import type { CoreThread } from '../src/system-platform.ts'
import { watchLife } from '../src/thread-life.ts'

const THREADS = 8
const BODY = `
  const { workerData, parentPort } = require('node:worker_threads')
  const word = new Int32Array(workerData.memory)
  const { life } = workerData
  parentPort.postMessage('up')
  setImmediate(function write() {
    for (let i = 0; i < 1e6; i += 1) word[0] += 1
    setImmediate(write)
  })
`

it('once the life of a thread is over it writes nothing any more (D3, R3.3)', async () => {
  for (let i = 0; i < THREADS; i += 1) {
    const memory = new SharedArrayBuffer(4)
    const word = new Int32Array(memory)
    let atTheEnd: number | undefined
    const over = new Promise<void>((resolve) => {
      const life = watchLife(() => {
        atTheEnd = word[0]
        resolve()
      })
      const worker = new Worker(BODY, { eval: true, workerData: { memory, life }, transferList: [life] })
      worker.once('message', () => void worker.terminate())
      worker.once('exit', resolve)
    })
    await over
    const seen = word[0]
    await new Promise((resolve) => setImmediate(resolve))
    expect(word[0]).toBe(atTheEnd ?? seen)
  }
})

function office(max: number): {
  readonly threads: AbandonedThreads
  readonly told: readonly string[]
  passLimit(this: void): void
} {
  const timers = new Set<() => void>()
  const told: string[] = []
  const threads = new AbandonedThreads(
    {
      abandoned: (core, _error, abandoned) => told.push(`abandoned ${core}, ${abandoned}`),
      abandonedEnded: (core, abandoned) => told.push(`ended ${core}, ${abandoned}`),
      failed: ({ code }) => told.push(`failed ${code}`),
    },
    max,
    100,
    (_delayMs, run) => {
      timers.add(run)
      return () => timers.delete(run)
    },
  )
  return {
    threads,
    told,
    passLimit() {
      for (const run of timers) run()
      timers.clear()
    },
  }
}

const thread = (): CoreThread => ({ abandon() {} }) as unknown as CoreThread
const error = toErrorRecord(new Error('killed'))

it('a thread that leaves in time is not told of, one that does not is abandoned', () => {
  const { threads, told, passLimit } = office(1)
  const [quick, slow, endless] = [thread(), thread(), thread()]
  for (const [core, each] of [quick, slow, endless].entries()) threads.leave(each, core + 1, error)
  threads.ended(quick)
  expect([threads.count, told]).toEqual([0, []])
  passLimit()
  expect(told).toEqual(['abandoned 2, 1', 'abandoned 3, 2', 'failed ERR_CORES_ABANDONED'])
  threads.ended(slow)
  expect(told.at(-1)).toBe('ended 2, 1')
})

it('a shutdown waits for threads that leave, and names those that do not end in time', async () => {
  const { threads, told, passLimit } = office(0)
  const [slow, endless] = [thread(), thread()]
  threads.leave(slow, 1, error)
  threads.leave(endless, 2, error)
  let isGone = false
  const gone = threads.allGone().then(() => {
    isGone = true
  })
  threads.ended(slow)
  await Promise.resolve()
  expect(isGone).toBe(false)
  passLimit()
  await gone
  expect([threads.cores, told]).toEqual([[2], []])
  await threads.allGone()
})
