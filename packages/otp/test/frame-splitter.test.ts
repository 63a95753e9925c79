/** Frames out of bytes, however the bytes are cut into chunks. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createFrameSplitter, frameOf } from '../src/frame-splitter.ts'
import type { FrameKind } from '../src/frame-splitter.ts'

const BYTES_MAX = 12

function split(kind: FrameKind, chunks: readonly Uint8Array[], bytesMax = BYTES_MAX): string[] {
  const splitter = createFrameSplitter(kind, bytesMax)
  const frames = [...chunks.flatMap((chunk) => [...splitter.push(chunk)]), ...splitter.end()]
  return frames.map((frame) => (frame === 'too long' ? frame : Buffer.from(frame).toString('latin1')))
}

function chunksOf(bytes: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const places = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].toSorted((a, b) => a - b)
  return [0, ...places].map((from, i) => bytes.slice(from, places[i] ?? bytes.length))
}

const byteByByte = (bytes: string): string[] => Array.from(bytes)
const text = (...parts: readonly string[]): Uint8Array[] => parts.map((part) => Buffer.from(part, 'latin1'))

const bodies = fc.array(fc.uint8Array({ maxLength: BYTES_MAX * 3 }), { maxLength: 12 })
const cuts = fc.array(fc.nat(), { maxLength: 40 })

describe('line', () => {
  test.each([
    ['one line a chunk', ['one\n', 'two\n'], ['one', 'two']],
    ['several lines in one chunk', ['one\ntwo\nthree\n'], ['one', 'two', 'three']],
    ['a line over many chunks', ['o', 'n', 'e', '\n'], ['one']],
    ['empty lines', ['\n\n', '\n'], ['', '', '']],
    ['a last line without a line feed', ['one\ntw', 'o'], ['one', 'two']],
    ['no bytes', [''], []],
    ['a line as long as the bound', ['123456789012\n'], ['123456789012']],
    ['a longer line', ['1234567890123\nnext\n'], ['too long', 'next']],
    ['a longer line over many chunks', ['1234567890', '1234567890', '1234567890\nnext\n'], ['too long', 'next']],
    ['a longer last line', ['next\n1234567890', '123'], ['next', 'too long']],
    ['a longer line that ends where a chunk does', ['1234567890123', '\nnext\n'], ['too long', 'next']],
  ])('%s', (_what, chunks, frames) => {
    expect(split('line', text(...chunks))).toEqual(frames)
  })

  test('R1.4 gives the same frames for every chunking', () => {
    fc.assert(
      fc.property(bodies, cuts, fc.boolean(), (all, where, isEnded) => {
        const lines = all.map((each) => each.map((byte) => (byte === 10 ? 11 : byte)))
        const bytes = Buffer.concat(lines.map((line) => frameOf('line', line)))
        const end = isEnded || lines.at(-1)?.length === 0 ? bytes.length : Math.max(0, bytes.length - 1)
        const expected = lines.map((line) => (line.length > BYTES_MAX ? 'too long' : Buffer.from(line).toString('latin1')))
        expect(split('line', chunksOf(bytes.subarray(0, end), where))).toEqual(expected)
      }),
    )
  })
})

describe('length32', () => {
  const frame = (body: string): string => Buffer.from(frameOf('length32', Buffer.from(body))).toString('latin1')

  test.each([
    ['one frame a chunk', [frame('one'), frame('two')], ['one', 'two']],
    ['several frames in one chunk', [frame('one') + frame('') + frame('three')], ['one', '', 'three']],
    ['a frame byte by byte', byteByByte(frame('one')), ['one']],
    ['a frame as long as the bound', [frame('123456789012')], ['123456789012']],
    ['a longer frame', [frame('1234567890123') + frame('next')], ['too long', 'next']],
    ['a longer frame over many chunks', byteByByte(frame('1234567890123') + frame('next')), ['too long', 'next']],
    ['the longest frame there can be', ['\xff\xff\xff\xff and no more'], ['too long']],
    ['a body that is cut off', [`${frame('one')}\0\0\0\x05two`], ['one']],
    ['a length that is cut off', [`${frame('one')}\0\0`], ['one']],
  ])('%s', (_what, chunks, frames) => {
    expect(split('length32', text(...chunks))).toEqual(frames)
  })

  test('R1.4 gives the same frames for every chunking', () => {
    fc.assert(
      fc.property(bodies, cuts, (all, where) => {
        const bytes = Buffer.concat(all.map((each) => frameOf('length32', each)))
        const expected = all.map((each) => (each.length > BYTES_MAX ? 'too long' : Buffer.from(each).toString('latin1')))
        expect(split('length32', chunksOf(bytes, where))).toEqual(expected)
      }),
    )
  })
})

test('any bytes at all give frames within the bound, in both kinds', () => {
  fc.assert(
    fc.property(fc.constantFrom<FrameKind>('line', 'length32'), fc.uint8Array({ maxLength: 200 }), cuts, (kind, bytes, where) => {
      const frames = split(kind, chunksOf(bytes, where))
      expect(frames).toEqual(split(kind, [bytes]))
      expect(frames.filter((each) => each !== 'too long' && each.length > BYTES_MAX)).toEqual([])
    }),
  )
})

test('a long frame byte by byte is copied a few times over, not once a byte', () => {
  const long = Buffer.alloc(1 << 19, 'x')
  const frame = frameOf('length32', long)
  const chunks = Array.from(frame, (byte) => Uint8Array.of(byte))
  expect(split('length32', chunks, long.length)).toEqual([long.toString()])
}, 10_000)
