/** What is handed out again, how often, and what counts. */
import { expect, test } from 'vitest'
import { ATTEMPTS_MAX, createBatchLedger } from '../src/batch-ledger.ts'
import type { SourceFile } from '../src/source-files.ts'

const files: readonly SourceFile[] = [{ path: 'a.c', bytes: 1, language: 'C' }]

test('what was in hand is handed out again exactly once, and nothing else is', () => {
  const ledger = createBatchLedger()
  const first = ledger.open(1, files)
  const second = ledger.open(1, files)
  ledger.open(2, files)
  ledger.lost(1)
  expect([ledger.again(2)?.number, ledger.again(3)?.number, ledger.again(2)]).toEqual([first.number, second.number, undefined])
  expect(ledger.losses()).toEqual([{ analyser: 1, inHand: 2, redone: 2 }])
})

test('a batch that was counted before it could be handed out again is not handed out again', () => {
  const ledger = createBatchLedger()
  const { number } = ledger.open(1, files)
  ledger.lost(1)
  expect(ledger.isClear()).toBe(false)
  expect(ledger.counted(number)?.files).toBe(files)
  expect(ledger.again(2)).toBeUndefined()
  expect(ledger.isClear()).toBe(true)
  expect(ledger.losses()).toEqual([{ analyser: 1, inHand: 1, redone: 0 }])
})

test('a late result of a batch that was handed out again closes it, and the second result finds it closed', () => {
  const ledger = createBatchLedger()
  const { number } = ledger.open(1, files)
  ledger.lost(1)
  ledger.again(2)
  expect(ledger.counted(number)?.number).toBe(number)
  expect(ledger.counted(number)).toBeUndefined()
  expect(ledger.isClear()).toBe(true)
  ledger.lost(2)
  expect(ledger.again(1)).toBeUndefined()
})

test('a batch that takes everybody down with it is abandoned, and a late result still counts', () => {
  const ledger = createBatchLedger()
  const { number } = ledger.open(0, files)
  for (let attempt = 1; attempt < ATTEMPTS_MAX; attempt++) {
    ledger.lost(attempt - 1)
    expect(ledger.again(attempt)?.number).toBe(number)
  }
  ledger.lost(ATTEMPTS_MAX - 1)
  expect(ledger.again(9)).toBeUndefined()
  expect(ledger.isClear()).toBe(true)
  expect(ledger.uncounted().map((batch) => batch.number)).toEqual([number])
  expect(ledger.counted(number)?.number).toBe(number)
  expect(ledger.uncounted()).toEqual([])
})
