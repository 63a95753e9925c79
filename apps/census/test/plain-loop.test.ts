/** The reference loop over a small folder, and the report of it. */
import { symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { runPlainLoop } from '../src/plain-loop.ts'
import { renderReport, WIDTH } from '../src/report.ts'
import { makeFolder } from './folder.ts'
import type { Progress } from '../src/plain-loop.ts'
import type { RunFacts } from '../src/report.ts'

const LIMITS = { filesMax: 100, bytesMax: 1_000_000 }

const long = Array.from({ length: 200 }, (_, index) => `function name${index}(argument) { return argument * ${index} }`).join(
  '\n',
)

function makeCensusFolder(): string {
  const folder = makeFolder({
    'a/one.js': long,
    'a/two.js': long,
    'b/three.js': `${long}\nlast()\n`,
    'b/small.py': '# comment\nalpha = beta\n',
    'b/\u001B[31mred.js': '',
    'c/binary.js': new Uint8Array([0, 1]),
    'c/picture.png': '',
    [`deep/${'very-long-name-'.repeat(9)}/x.js`]: '',
  })
  symlinkSync('..', join(folder, 'a/up'))
  return folder
}

const RUN: RunFacts = {
  cores: 2,
  elapsedMs: 6500,
  plainMs: 12_000,
  speedUp: 1.846,
  verified: true,
  messagesByCore: [1000, 250],
  events: [
    { kind: 'actor_crash', what: 'analyser 1 on core 1', lost: 0, redone: 1 },
    { kind: 'core_death', what: 'core 1', recoveredInMs: 14.2, lost: 1, redone: 2 },
  ],
  filesNotCounted: 0,
  repeated: 1,
  ringVsQueue: { ringPerSecond: 4_000_000, queuePerSecond: 500_000 },
  books: { sent: 1251, processed: 1250, queued: 0, dead: { in_hand: 1, expired: 0 } },
}

test('the loop counts what is there', () => {
  const progress: Progress[] = []
  const outcome = runPlainLoop(makeCensusFolder(), LIMITS, { onProgress: (step) => progress.push(step), progressMs: 0 })
  const { result, walk, source } = outcome
  expect(result.languages.map(({ language, files, lines }) => [language, files, lines])).toEqual([
    ['JavaScript', 3, 601],
    ['Python', 1, 2],
  ])
  expect(result.topIdentifiers[0]).toEqual({ name: 'argument', count: 1200 })
  expect(result.exactDuplicates.groups.map(({ paths }) => paths)).toEqual([['a/one.js', 'a/two.js']])
  expect(result.nearDuplicates.groups.map(({ paths }) => paths)).toEqual([['a/one.js', 'b/three.js']])
  expect(result.skipped.map(({ reason, count }) => [reason, count])).toEqual([
    ['binary', 1],
    ['empty', 2],
  ])
  expect(walk.links.cycle).toEqual({ count: 1, named: ['a/up'] })
  expect(source).toMatchObject({ files: 7, otherFiles: 1, limited: false })
  expect(progress.map(({ files }) => files)).toEqual([1, 2, 3, 4, 5, 6, 7])
})

test('two runs agree, and a run with a lower limit does not', () => {
  const folder = makeCensusFolder()
  const first = runPlainLoop(folder, LIMITS).result
  expect(runPlainLoop(folder, LIMITS).result).toEqual(first)
  expect(runPlainLoop(folder, { ...LIMITS, filesMax: 2 }).result.digest).not.toBe(first.digest)
})

test('an empty folder has an empty census', () => {
  const { result } = runPlainLoop(makeFolder({}), LIMITS)
  expect(result).toMatchObject({ files: 0, languages: [], topIdentifiers: [], skipped: [] })
})

test('the report says it all within its width, and nothing a file name holds reaches the terminal', () => {
  const folder = makeCensusFolder()
  const text = renderReport({ folder, ...runPlainLoop(folder, LIMITS), run: RUN })
  for (const line of text.split('\n')) expect(Array.from(line).length).toBeLessThanOrEqual(WIDTH)
  expect(text).toMatch(/JavaScript\s+3\s+601\s/)
  expect(text).toMatch(/1\. argument\s+1,200/)
  expect(text).toContain('1 group of 2 files')
  expect(text).toMatch(/cycle link\s+1\n\s+a\/up/)
  expect(text).toContain('speed-up      1.85')
  expect(text).toContain('verified      yes')
  expect(text).toContain('actor crashed: analyser 1 on core 1\n      stays down; 0 messages lost; 1 batch handed out again')
  expect(text).toContain('core died: core 1\n      back in 14.2 ms; 1 message lost; 2 batches handed out again')
  expect(text).toContain('1 result came twice and counted once')
  expect(text).toContain('4,000,000 messages/s from core to core by tell')
  expect(text).toContain('500,000 messages/s by postMessage: the ring carries 8.0 times as many')
  expect(text).not.toContain('not counted')
  expect(text).toContain('sent 1,251 = processed 1,250 + dead 1 + queued 0: balanced')
  expect(text).not.toContain('expired')
  expect(text).toContain('b/?[31mred.js')
  expect(text).not.toContain('\u001B')
})

test('the report hides neither a wrong result, nor books out of balance, nor a limit', () => {
  const folder = makeCensusFolder()
  const run = { ...RUN, verified: false, filesNotCounted: 3, events: [], books: { ...RUN.books, sent: 1253 } }
  const text = renderReport({ folder, ...runPlainLoop(folder, { ...LIMITS, filesMax: 1 }), run })
  expect(text).toContain('verified      NO: the results differ')
  expect(text).toContain('OUT OF BALANCE by 2')
  expect(text).toContain('limited       to the first 1 file:')
  expect(text).toContain('not counted   3 files that no actor could finish')
  expect(text).toContain('failures      none')
})
