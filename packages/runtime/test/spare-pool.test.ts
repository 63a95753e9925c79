/** The pool of spares, step by step, with threads and a clock of the test's own. */
import { expect, it } from 'vitest'
import { toErrorRecord } from '@cambium/base'
import type { ErrorRecord } from '@cambium/base'
import { SparePool } from '../src/spare-pool.ts'
import type { SpareLoss } from '../src/spare-pool.ts'
import type { CoreThread, ThreadEvents } from '../src/system-platform.ts'

interface Thread {
  readonly events: ThreadEvents
  readonly loads: { readonly module: string; done(error?: Error): void }[]
  isKilled: boolean
}

function world(count: number) {
  const threads: Thread[] = []
  const timers: { at: number; run: () => void }[] = []
  const lost: SpareLoss[] = []
  const leaving: CoreThread[] = []
  const abandoned: CoreThread[] = []
  let now = 0
  let ready = 0
  const pool = new SparePool(
    {
      startThread(events) {
        const thread: Thread = { events, loads: [], isKilled: false }
        threads.push(thread)
        return {
          load: (module: string) =>
            new Promise<readonly string[]>((resolve, reject) => {
              thread.loads.push({
                module,
                done: (error) => {
                  if (error === undefined) resolve([])
                  else reject(error)
                },
              })
            }),
          kill: () => {
            thread.isKilled = true
          },
        } as unknown as CoreThread
      },
      after(delayMs, run) {
        const timer = { at: now + delayMs, run }
        timers.push(timer)
        return () => {
          if (timers.includes(timer)) timers.splice(timers.indexOf(timer), 1)
        }
      },
      spareReady: () => {
        ready += 1
      },
      spareLost: (loss) => lost.push(loss),
      leave: (thread) => leaving.push(thread),
      abandon: (thread) => abandoned.push(thread),
      abandonedEnded(thread) {
        for (const those of [leaving, abandoned]) if (those.includes(thread)) those.splice(those.indexOf(thread), 1)
      },
    },
    count,
    1000,
    200,
    (what) => toErrorRecord(new Error(`too late: ${what}`)),
  )
  return {
    pool,
    threads,
    lost,
    leaving,
    abandoned,
    get ready() {
      return ready
    },
    get waits() {
      return timers.map(({ at }) => at - now)
    },
    pass(ms: number) {
      now += ms
      for (const timer of timers.filter(({ at }) => at <= now)) {
        timers.splice(timers.indexOf(timer), 1)
        timer.run()
      }
    },
  }
}

const gone: ErrorRecord = toErrorRecord(new Error('gone'))
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

it('a spare is warm when it has loaded every known module; new ones follow', async () => {
  const w = world(1)
  w.pool.learn('a')
  w.pool.learn('b')
  w.pool.fill()
  w.pass(10)
  const thread = w.threads[0] as Thread
  expect(w.pool.warmCount).toBe(0)
  thread.events.onReady()
  expect(thread.loads.map(({ module }) => module)).toEqual(['a'])
  thread.loads[0]?.done()
  await settle()
  expect(thread.loads.map(({ module }) => module)).toEqual(['a', 'b'])
  thread.loads[1]?.done(new Error('not to be had'))
  await settle()
  expect([w.pool.warmCount, w.ready]).toEqual([1, 1])
  w.pool.learn('c')
  expect(w.pool.warmCount).toBe(0)
  thread.loads[2]?.done()
  await settle()
  expect([w.pool.warmCount, w.ready]).toEqual([1, 1])
})

it('one thread after the other is started, up to the count', async () => {
  const w = world(2)
  w.pool.fill()
  w.pool.fill()
  w.pass(10)
  expect(w.threads).toHaveLength(1)
  w.threads[0]?.events.onReady()
  w.pass(10)
  expect(w.threads).toHaveLength(2)
  w.threads[1]?.events.onReady()
  w.pass(1000)
  expect(w.threads).toHaveLength(2)
})

it('who takes a spare hears of its end from then on; the warmest goes first', () => {
  const w = world(2)
  w.pool.fill()
  w.pass(10)
  w.threads[0]?.events.onReady()
  w.pass(10)
  const ends: (ErrorRecord | undefined)[] = []
  const listen = { onSilent() {}, onEnd: (cause: ErrorRecord | undefined) => ends.push(cause), onFailing() {} }
  expect(w.pool.take(listen)?.isWarm).toBe(true)
  expect(w.pool.take(listen)?.isWarm).toBe(false)
  expect(w.pool.take(listen)).toBeUndefined()
  w.threads[1]?.events.onEnd(gone)
  expect(ends).toEqual([gone])
  expect(w.lost).toEqual([])
})

it('a module that ends a spare is refused from then on', async () => {
  const w = world(1)
  w.pool.learn('bad')
  w.pool.learn('good')
  w.pool.fill()
  w.pass(10)
  w.threads[0]?.events.onReady()
  w.threads[0]?.events.onEnd(gone)
  expect(w.lost).toEqual([{ error: gone, module: 'bad' }])
  expect(w.pool.refused).toEqual(['bad'])
  w.pass(10)
  w.threads[1]?.events.onReady()
  expect(w.threads[1]?.loads.map(({ module }) => module)).toEqual(['good'])
})

it("a spare whose JavaScript is over is nobody's successor while its thread ends; its loss is told once", () => {
  const w = world(1)
  w.pool.learn('bad')
  w.pool.fill()
  w.pass(10)
  w.threads[0]?.events.onReady()
  w.threads[0]?.events.onSilent(gone)
  expect(w.pool.take({ onSilent() {}, onEnd() {}, onFailing() {} })).toBeUndefined()
  expect([w.lost, w.leaving.length]).toEqual([[{ error: gone, module: 'bad' }], 1])
  w.pass(10)
  expect(w.threads).toHaveLength(2)
  w.threads[0]?.events.onEnd(gone)
  expect([w.lost.length, w.leaving, w.threads.length]).toEqual([1, [], 2])
})

it('a spare that is abandoned, or told to end with the pool, is not lost once more when its JavaScript is over', async () => {
  const w = world(1)
  w.pool.learn('stuck')
  w.pool.fill()
  w.pass(10)
  w.threads[0]?.events.onReady()
  w.pass(1000)
  w.pass(200)
  w.threads[0]?.events.onSilent(gone)
  expect([w.lost.length, w.leaving, w.abandoned.length]).toEqual([1, [], 1])
  w.pass(10)
  const stopped = w.pool.stop()
  w.threads[1]?.events.onSilent(gone)
  expect([w.lost.length, w.leaving, w.pool.threads.length]).toEqual([1, [], 1])
  w.threads[1]?.events.onEnd(undefined)
  await stopped
})

it('a module that does not end loading is cut off, and refused', () => {
  const w = world(1)
  w.pool.learn('endless')
  w.pool.fill()
  w.pass(10)
  w.threads[0]?.events.onReady()
  w.pass(1000)
  expect(w.threads[0]?.isKilled).toBe(true)
  w.threads[0]?.events.onEnd(gone)
  expect(w.lost).toMatchObject([{ module: 'endless', error: { message: 'too late: import of endless' } }])
})

it('a spare that does not end when it is cut off is abandoned and replaced, and counted until it ends', () => {
  const w = world(1)
  w.pool.learn('stuck')
  w.pool.fill()
  w.pass(10)
  w.threads[0]?.events.onReady()
  w.pass(1000)
  expect([w.threads[0]?.isKilled, w.abandoned.length]).toEqual([true, 0])
  w.pass(200)
  expect(w.abandoned).toHaveLength(1)
  expect(w.lost).toMatchObject([{ module: 'stuck', error: { message: 'too late: import of stuck' } }])
  w.pass(10)
  expect(w.threads).toHaveLength(2)
  w.threads[0]?.events.onEnd(gone)
  expect(w.abandoned).toEqual([])
  expect(w.lost).toHaveLength(1)
})

it('spares that end for no reason of a module are replaced more and more rarely, until one is warm', () => {
  const w = world(1)
  w.pool.fill()
  const waits: number[] = []
  for (let round = 0; round < 12; round += 1) {
    waits.push(w.waits[0] as number)
    w.pass(w.waits[0] as number)
    w.threads.at(-1)?.events.onEnd(gone)
  }
  expect(waits).toEqual([10, 100, 200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 30_000, 30_000])
  w.pass(w.waits[0] as number)
  w.threads.at(-1)?.events.onReady()
  w.threads.at(-1)?.events.onEnd(gone)
  expect(w.waits).toEqual([100])
})

it('stop ends every spare, also one that is about to be started', async () => {
  const w = world(2)
  w.pool.fill()
  w.pass(10)
  w.threads[0]?.events.onReady()
  const stopped = w.pool.stop()
  expect(w.waits).toEqual([])
  expect(w.threads[0]?.isKilled).toBe(true)
  w.threads[0]?.events.onEnd(undefined)
  await stopped
  w.pool.fill()
  expect(w.waits).toEqual([])
  expect(w.lost).toEqual([])
})

it('after the death of a core the next spare waits until its actors are back', () => {
  const w = world(1)
  w.pool.recovered()
  w.pool.fill()
  expect(w.waits).toEqual([50])
  w.pool.hold() // another one dies
  expect(w.waits).toEqual([])
  w.pool.fill()
  expect(w.waits).toEqual([10])
})
