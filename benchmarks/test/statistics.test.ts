/** Medians and summaries of rounds, against values worked out by hand. */
import { expect, test } from 'vitest'
import { median, summarize } from '../src/statistics.ts'

test('the median is the middle value, or the mean of the two middle ones', () => {
  expect(median([7])).toBe(7)
  expect(median([9, 1, 5])).toBe(5)
  expect(median([10, 2, 4, 1])).toBe(3)
  expect(median([1_000_000, 9, 10])).toBe(10)
})

test('numbers are ordered as numbers and the input is left alone', () => {
  const values = [100, 20, 3]
  expect(median(values)).toBe(20)
  expect(values).toEqual([100, 20, 3])
})

test('there is no median of nothing', () => {
  expect(() => median([])).toThrow(RangeError)
})

test('a summary keeps every round: min and max are outliers and all', () => {
  expect(summarize([5, 900, 4, 6, 7])).toEqual({ median: 6, min: 4, max: 900, rounds: 5 })
})
