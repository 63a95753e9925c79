/**
 * The workloads of the simulator on the real platform: worker threads, the machine's clock, the scheduler of the operating system. Cores are killed
 * and actors crash; the workloads' own checks must hold as they do in simulations: order per pair, nothing twice, the books, money, supervision.
 */
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { WORKLOADS } from '@cambium/testkit'
import type { RunReport } from '@cambium/testkit'
import { describe, expect, test } from 'vitest'
import { account } from '../src/workloads/banking.ts'
import { drain, sorter, spout, waiter } from '../src/workloads/floods.ts'
import { painter } from '../src/workloads/gallery.ts'
import { relative } from '../src/workloads/kinship.ts'
import { sink, source, stage } from '../src/workloads/pipeline.ts'
import { directory, exchange, phone, subscriber } from '../src/workloads/telephone.ts'
import { branch } from '../src/workloads/trees.ts'
import { SharedLog } from './real-platform/shared-log.ts'

const FOLDER = join(import.meta.dirname, 'real-platform')
const RUN_MS_MAX = 60_000

interface Outcome {
  readonly deaths: number
  readonly restarts: number
  readonly isDrained: boolean
  readonly abandoned: readonly number[]
  readonly books: RunReport['books']
}

/** A process that does not end by itself, because something was left behind, is killed, and the test fails. */
async function run(workload: string, end: 'rest' | 'hard'): Promise<Outcome> {
  const args = ['--import', './worker-preload.ts', 'run.ts', workload, '1', end]
  // On the sources, which the workload and its preload are part of.
  const env = { ...process.env, NODE_OPTIONS: '' }
  const { stdout, stderr } = await promisify(execFile)(process.execPath, args, { cwd: FOLDER, timeout: RUN_MS_MAX, env })
  expect(stderr).toBe('')
  return JSON.parse(stdout) as Outcome
}

const names = WORKLOADS.filter(({ name }) => name !== 'standard').map(({ name }) => name)

describe.each(names)('%s', (workload) => {
  test(
    'holds on worker threads that are killed, with actors that crash, and comes to rest',
    { timeout: RUN_MS_MAX },
    async () => {
      const { deaths, restarts, isDrained, abandoned, books } = await run(workload, 'rest')
      expect({ isDrained, abandoned }).toEqual({ isDrained: true, abandoned: [] })
      expect(deaths).toBeGreaterThan(0)
      expect(restarts).toBeGreaterThan(0)
      expect(books.dead.crashed + books.dead.in_hand).toBeGreaterThan(0)
      expect(books).toMatchObject({ queued: 0, sent: books.processed + books.deadTotal, put: books.taken })
    },
  )

  test('holds when the system is shut down in the middle of it', { timeout: RUN_MS_MAX }, async () => {
    const { deaths, abandoned, books } = await run(workload, 'hard')
    expect(abandoned).toEqual([])
    expect(deaths).toBeGreaterThan(0)
    expect(books).toMatchObject({ queued: 0, sent: books.processed + books.deadTotal, put: books.taken })
  })
})

const behaviours = {
  account,
  branch,
  directory,
  drain,
  exchange,
  painter,
  phone,
  relative,
  sink,
  sorter,
  source,
  spout,
  stage,
  subscriber,
  waiter,
}

test.each(Object.entries(behaviours))('other threads find %s by its module and name', async (name, behaviour) => {
  const exports = (await import(behaviour.module)) as Record<string, unknown>
  expect(behaviour.name).toBe(name)
  expect(exports[name]).toBe(behaviour)
})

describe('the journal’s log', () => {
  test('gives entries back in the order in which they were begun, each once', () => {
    const memory = new SharedArrayBuffer(4096)
    const [one, other] = [new SharedLog(memory), new SharedLog(memory)]
    const places = [one.write(1, 'stamp', ['a', 'b']), other.write(2, 'take', [{ sequence: 1 }, 'é'])]
    const entries = [...one.read()]
    expect(entries.map(({ place, run: number, method, args }) => [place, number, method, args])).toEqual([
      [places[0], 1, 'stamp', ['a', 'b']],
      [places[1], 2, 'take', [{ sequence: 1 }, 'é']],
    ])
    expect(places[1]).toBeGreaterThan(places[0] as number)
    other.write(1, 'finish', [])
    expect([...one.read()].map(({ method }) => method)).toEqual(['finish'])
    expect([...one.read()]).toEqual([])
  })

  test('leaves out what a thread did not finish, with and without its mark', () => {
    const memory = new SharedArrayBuffer(4096)
    const log = new SharedLog(memory)
    const words = new Int32Array(memory)
    log.write(1, 'first', [])
    const taken = words[0] as number
    Atomics.add(words, 0, 48)
    log.write(1, 'second', [])
    const marked = words[0] as number
    Atomics.add(words, 0, 64)
    words[4 + marked / 4] = -64
    log.write(1, 'third', [])
    expect([...log.read()].map(({ method }) => method)).toEqual(['first', 'second', 'third'])
    expect(taken).toBeLessThan(marked)
  })

  test('says when it is full', () => {
    const log = new SharedLog(new SharedArrayBuffer(64))
    log.write(1, 'a', [])
    expect(() => log.write(1, 'b', ['long'.repeat(20)])).toThrow('log is full')
  })
})
