/** Batches are cut on demand: by number, by bytes, large files alone, and a pause loses nothing. */
import { expect, test } from 'vitest'
import { BATCH_BYTES, BATCH_FILES_MAX, createBatches, LARGE_FILE_BYTES } from '../src/batches.ts'
import type { SourceFile } from '../src/source-files.ts'

const file = (path: string, bytes: number): SourceFile => ({ path, bytes, language: 'C' })

/** The paths of all batches; `isTimeUp` is asked as by the dispatcher, which comes again after a pause. */
function cut(steps: Iterator<SourceFile | undefined, void, undefined>, isTimeUp = (): boolean => false): string[][] {
  const batches = createBatches(steps)
  const cuts: string[][] = []
  for (;;) {
    const next = batches.next(isTimeUp)
    if (next === 'exhausted') return cuts
    if (next !== 'paused') cuts.push(next.map(({ path }) => path))
  }
}

test('small files come in the order of the walk, as many as a batch takes', () => {
  const files = Array.from({ length: BATCH_FILES_MAX * 2 + 3 }, (_, index) => file(`f${index}`, 10))
  const cuts = cut(files.values())
  expect(cuts.map(({ length }) => length)).toEqual([BATCH_FILES_MAX, BATCH_FILES_MAX, 3])
  expect(cuts.flat()).toEqual(files.map(({ path }) => path))
})

test('a batch with enough bytes takes no further file', () => {
  const third = Math.ceil(BATCH_BYTES / 3)
  const files = ['a', 'b', 'c', 'd'].map((path) => file(path, third))
  expect(cut(files.values())).toEqual([['a', 'b', 'c'], ['d']])
})

test('a large file is a batch of its own, also between small ones and at the end', () => {
  const large = LARGE_FILE_BYTES + 1
  const files = [file('L', large), file('a', 1), file('M', large), file('N', large), file('b', 1), file('O', large)]
  expect(cut(files.values())).toEqual([['L'], ['a'], ['M'], ['N'], ['b'], ['O']])
})

test('a walk is asked for one batch at a time', () => {
  let asked = 0
  function* steps(): Generator<SourceFile | undefined, void, undefined> {
    for (; asked < 1000; asked++) yield file(`f${asked}`, 1)
  }
  createBatches(steps()).next(() => false)
  expect(asked).toBeLessThanOrEqual(BATCH_FILES_MAX)
})

test('a pause after every step, of files that do not count as well, changes no batch', () => {
  const steps = Array.from({ length: 100 }, (_, index) => (index % 3 === 0 ? undefined : file(`f${index}`, index * 20_000)))
  expect(cut(steps.values(), () => true)).toEqual(cut(steps.values()))
})

test('no files, no batches', () => {
  expect(cut([undefined].values())).toEqual([])
})
