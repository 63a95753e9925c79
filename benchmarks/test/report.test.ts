/** The JSON object: its shape, its figures, its ratios. */
import { expect, test } from 'vitest'
import { proofFault } from '../src/case.ts'
import { goalsMissed, goalsUnmeasured, goalText } from '../src/goals.ts'
import { createReport, measureOf } from '../src/report.ts'
import { renderTables } from '../src/table.ts'
import { GROUPS, REPORT, THROUGHPUT } from './fixed-report.ts'

test('the report has the documented fields and no others', () => {
  const report = JSON.parse(JSON.stringify(REPORT)) as typeof REPORT
  expect(Object.keys(report)).toEqual(['command', 'machine', 'commit', 'results', 'ratios'])
  expect(report.results.map((result) => Object.keys(result).sort())).toEqual(
    report.results.map(() => ['case', 'max', 'median', 'min', 'params', 'rounds', 'unit']),
  )
  expect(report.ratios.map((ratio) => Object.keys(ratio).sort())).toEqual(report.ratios.map(() => ['name', 'of', 'to', 'value']))
})

test('each metric of a case is a result; a case without rounds is none', () => {
  expect(REPORT.results.map((result) => [result.case, result.median, result.min, result.max, result.rounds])).toEqual([
    ['throughput.32B/ring', 55e6, 50e6, 60e6, 3],
    ['throughput.32B/postMessage', 1e6, 0.9e6, 1.1e6, 3],
    ['rtt/ring/p50', 250, 200, 300, 3],
    ['rtt/ring/max', 25_000, 20_000, 30_000, 3],
    ['rtt/postMessage/p50', 5_500, 5_000, 6_000, 3],
    ['rtt/postMessage/max', 550_000, 500_000, 600_000, 3],
  ])
})

test('a ratio divides the medians of two results, and does not exist without both', () => {
  expect(REPORT.ratios).toEqual([
    { name: 'ring/postMessage.throughput.32B', value: 55, of: 'throughput.32B/ring', to: 'throughput.32B/postMessage' },
    { name: 'ring/postMessage.rtt', value: 22, of: 'rtt/postMessage/p50', to: 'rtt/ring/p50' },
  ])
})

test('a goal is missed below its value, and a ratio without a goal misses none', () => {
  const ratio = { of: 'a', to: 'b' }
  const low = { ...ratio, name: 'ring/postMessage.rtt', value: 19.9 }
  expect(
    goalsMissed([low, { ...ratio, name: 'ring/postMessage.throughput.32B', value: 50 }, { ...ratio, name: 'other', value: 0.1 }]),
  ).toEqual([low])
})

test('a goal may be a least or a greatest value; the text says which', () => {
  const idle = { name: 'idle.cpu', of: 'idle/system', to: '1' }
  expect(goalsMissed([{ ...idle, value: 1 }])).toEqual([])
  expect(goalsMissed([{ ...idle, value: 1.1 }])).toHaveLength(1)
  expect(goalsMissed([{ ...idle, value: Number.NaN }])).toHaveLength(1)
  expect([goalText('idle.cpu'), goalText('tell.local'), goalText('other')]).toEqual(['≤ 1', '≥ 10,000,000', ''])
})

test('what could not be measured has a row without figures, no ratio, and its goal is named', () => {
  const measured = measureOf(
    THROUGHPUT,
    new Map([['ring', [{ metrics: { '': 5 }, proof: { countExpected: 1, count: 1, checksumExpected: 1, checksum: 1 } }]]]),
    new Map([['postMessage', 'not here: do this']]),
  )
  const report = createReport('', REPORT.machine, '', [measured])
  expect(report.results.map((result) => [result.case, result.median, result.rounds])).toEqual([
    ['throughput.32B/ring', 5, 1],
    ['throughput.32B/postMessage', null, 0],
  ])
  expect(report.ratios).toEqual([])
  expect(goalsUnmeasured([measured], report.ratios)).toEqual(['ring/postMessage.throughput.32B'])
  expect(goalsUnmeasured(GROUPS, REPORT.ratios)).toEqual([])
  expect(renderTables(report, [measured])).toMatch(/^throughput\.32B\/postMessage +– +– +– +0 +not run: not here: do this$/m)
})

test('what only a round could find out is added to the parameters', () => {
  const proof = { countExpected: 1, count: 1, checksumExpected: 1, checksum: 1 }
  const measured = measureOf(THROUGHPUT, new Map([['ring', [{ metrics: { '': 5 }, proof, facts: { version: '25' } }]]]))
  expect(measured.cases[0]?.results[0]?.params).toEqual({ bytes: 32, messages: 1_000_000, version: '25' })
})

test('a ratio may divide by a number', () => {
  const result = { case: 'scale/live', unit: 'actors', median: 250, min: 250, max: 250, rounds: 1, params: {} } as const
  const group = {
    name: 'scale',
    title: 'Scale',
    cases: [{ contender: 'live', unit: 'actors', results: [result], curve: [] }],
    absent: [],
    ratioSpecs: [{ name: 'scale.live', of: 'scale/live', to: '1000' }],
  } as const
  expect(createReport('', REPORT.machine, '', [group]).ratios).toEqual([
    { name: 'scale.live', value: 0.25, of: 'scale/live', to: '1000' },
  ])
})

test('a ratio to one is the plain figure', () => {
  const result = { case: 'idle/system', unit: '%', median: 0.25, min: 0.2, max: 0.3, rounds: 3, params: {} } as const
  const group = {
    name: 'idle',
    title: 'Idle',
    cases: [{ contender: 'system', unit: '%', results: [result], curve: [] }],
    absent: [],
    ratioSpecs: [
      { name: 'idle.cpu', of: 'idle/system', to: '1' },
      { name: 'nothing', of: 'no/such', to: '1' },
    ],
  } as const
  expect(createReport('', REPORT.machine, '', [group]).ratios).toEqual([
    { name: 'idle.cpu', value: 0.25, of: 'idle/system', to: '1' },
  ])
})

test('a proof fails on a lost message and on a changed one', () => {
  const proof = { countExpected: 10, count: 10, checksumExpected: 99, checksum: 99 }
  expect(proofFault(proof)).toBeUndefined()
  expect(proofFault({ ...proof, count: 9 })).toBe('messages are missing: count=9, expected=10')
  expect(proofFault({ ...proof, checksum: 98 })).toBe('messages are damaged: checksum=98, expected=99')
})
