/** Messages arrive as they were built, whatever carries them, and a changed field changes the checksum. */
import { expect, test } from 'vitest'
import { createMessageFormat, expectedChecksum, MESSAGE_BYTES } from '../src/cases/message-format.ts'

test.each(MESSAGE_BYTES)('a message of %i B survives its way through words', (bytes) => {
  const format = createMessageFormat(bytes)
  const words = new Int32Array(new SharedArrayBuffer(bytes + 16))
  let inPlace = 0
  let decoded = 0
  for (let sequence = 0; sequence < 50; sequence += 1) {
    const message = format.build(sequence)
    format.write(message, words, 2)
    expect(words.slice(0, 2)).toEqual(Int32Array.of(0, 0))
    expect(words.slice(2 + bytes / 4)).toEqual(Int32Array.of(0, 0))
    expect(format.read(words, 2)).toEqual(message)
    inPlace = format.readAndCheck(words, 2, inPlace)
    decoded = format.check(format.read(words, 2), decoded)
  }
  expect(inPlace).toBe(expectedChecksum(format, 50))
  expect(decoded).toBe(inPlace)
})

test.each(MESSAGE_BYTES)('any changed word of %i B shows in the checksum', (bytes) => {
  const format = createMessageFormat(bytes)
  const words = new Int32Array(bytes / 4)
  format.write(format.build(7), words, 0)
  const checksum = format.readAndCheck(words, 0, 0)
  for (const index of [0, 1, (words.length >> 1) - 1, words.length - 1]) {
    words[index] = (words[index] as number) + 1
    expect(format.readAndCheck(words, 0, 0)).not.toBe(checksum)
    words[index] = (words[index] as number) - 1
  }
})

test('an owned message does not change with the producer', () => {
  const format = createMessageFormat(256)
  const first = format.own(format.build(1))
  const before = format.check(first, 0)
  format.build(2)
  expect(format.check(first, 0)).toBe(before)
})

test('sizes that no message has are refused', () => {
  expect(() => createMessageFormat(12)).toThrow(RangeError)
  expect(() => createMessageFormat(36)).toThrow(RangeError)
})
