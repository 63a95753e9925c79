/** Progress on a terminal and without one. */
import { expect, test } from 'vitest'
import { createProgressLine } from '../src/progress-line.ts'

function record(
  isTTY: boolean,
  columns = 80,
): { stream: { isTTY: boolean; columns: number; write: (text: string) => void }; written: string[] } {
  const written: string[] = []
  return { stream: { isTTY, columns, write: (text) => written.push(text) }, written }
}

test('a terminal has one line that is written over and taken away', () => {
  const { stream, written } = record(true)
  const line = createProgressLine(stream)
  line.update('ten files')
  line.update('two')
  line.keep('done')
  line.clear()
  expect(written).toEqual(['\rten files', '\rtwo      ', '\r   \r', 'done\n'])
})

test('a line never reaches the edge of the terminal', () => {
  const { stream, written } = record(true, 10)
  createProgressLine(stream).update('0123456789ABC')
  expect(written).toEqual(['\r012345678'])
  const unknown = record(true, 0)
  createProgressLine(unknown.stream).update('whole')
  expect(unknown.written).toEqual(['\rwhole'])
})

test('elsewhere there is a whole line now and then, and what is to stay stays', () => {
  const { stream, written } = record(false)
  let now = 0
  const line = createProgressLine(stream, () => now)
  for (; now <= 10_000; now += 100) line.update(`at ${now}`)
  line.keep('done')
  line.clear()
  expect(written).toEqual(['at 3000\n', 'at 6000\n', 'at 9000\n', 'done\n'])
})
