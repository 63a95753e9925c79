/** The order of rounds, and what becomes of failures and of the time limit. Rounds are answered here; no process is started. */
import { expect, test } from 'vitest'
import type { BenchCase, BenchGroup, RoundOutcome } from '../src/case.ts'
import type { RoundOrder } from '../src/round-process.ts'
import { runGroups } from '../src/run-groups.ts'
import type { RunOptions } from '../src/run-groups.ts'
import { THROUGHPUT } from './fixed-report.ts'

const outcome: RoundOutcome = { metrics: { '': 5 }, proof: { countExpected: 1, count: 1, checksumExpected: 1, checksum: 1 } }

function options(run: (order: RoundOrder) => Promise<RoundOutcome>, overrides: Partial<RunOptions> = {}): RunOptions {
  return {
    subcommand: 'micro',
    scale: 1,
    rounds: 2,
    directory: '/nowhere',
    timeLimitMs: Number.POSITIVE_INFINITY,
    signal: new AbortController().signal,
    progress: { round: () => undefined, note: () => undefined, end: () => undefined },
    runRound: run,
    ...overrides,
  }
}

test('contenders are measured in turn and never at the same time', async () => {
  const asked: string[] = []
  let running = 0
  const { groups } = await runGroups(
    [THROUGHPUT],
    options(async (order) => {
      running += 1
      expect(running).toBe(1)
      asked.push(order.case)
      await Promise.resolve()
      running -= 1
      return outcome
    }),
  )
  const pass = ['throughput.32B/ring', 'throughput.32B/postMessage', 'throughput.32B/array']
  expect(asked).toEqual([...pass, ...pass])
  expect(groups[0]?.cases.map((measured) => measured.results[0]?.rounds)).toEqual([2, 2, 2])
})

test('a case that fails once has no figures, and the others go on', async () => {
  let rounds = 0
  const { groups, failures } = await runGroups(
    [THROUGHPUT],
    options((order) => {
      rounds += 1
      return rounds === 2 ? Promise.reject(new Error(`lost at ${order.case}`)) : Promise.resolve(outcome)
    }),
  )
  expect(rounds).toBe(5)
  expect(failures).toEqual(['case failed: case=throughput.32B/postMessage, round=1, cause: lost at throughput.32B/postMessage'])
  expect(groups[0]?.cases.map((measured) => measured.contender)).toEqual(['ring', 'array'])
})

test('a case that cannot run here is a row with the reason, and no failure; the others go on', async () => {
  const asked: string[] = []
  const notes: string[] = []
  const [ring, ...others] = THROUGHPUT.cases
  const absent = { ...(ring as BenchCase), absent: () => 'not installed: install it' }
  const { groups, failures, limited } = await runGroups(
    [{ ...THROUGHPUT, cases: [absent, ...others] }],
    options(
      (order) => {
        asked.push(order.case)
        expect(order.directory).toBe('/nowhere')
        return Promise.resolve(outcome)
      },
      { rounds: 1, progress: { round: () => undefined, note: (text) => notes.push(text), end: () => undefined } },
    ),
  )
  expect(asked).toEqual(['throughput.32B/postMessage', 'throughput.32B/array'])
  expect([failures, limited]).toEqual([[], []])
  expect(notes).toEqual(['not run: case=throughput.32B/ring, not installed: install it'])
  expect(groups[0]?.cases.map((measured) => measured.contender)).toEqual(['postMessage', 'array'])
  expect(groups[0]?.absent).toEqual([
    {
      case: 'throughput.32B/ring',
      unit: 'msg/s',
      median: null,
      min: null,
      max: null,
      rounds: 0,
      params: { bytes: 32, messages: 1_000_000, notRun: 'not installed: install it' },
    },
  ])
})

test('a group is left out when the time limit has passed, and the run says so', async () => {
  const second: BenchGroup = { ...THROUGHPUT, name: 'second' }
  const { groups, limited } = await runGroups(
    [THROUGHPUT, second],
    options(() => Promise.resolve(outcome), { timeLimitMs: -1 }),
  )
  expect(groups.flatMap((group) => group.cases)).toEqual([])
  expect(limited).toEqual(['left out by the time limit: throughput.32B', 'left out by the time limit: second'])
})

test('an interrupt ends the run', async () => {
  const abort = new AbortController()
  const run = runGroups(
    [THROUGHPUT],
    options(
      () => {
        abort.abort(new Error('interrupted'))
        return Promise.reject(new Error('the round was killed'))
      },
      { signal: abort.signal },
    ),
  )
  await expect(run).rejects.toThrow('interrupted')
})
