/** D7 large records: fragments, and the death of either end at every one of them. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  checkMessageBytes,
  createReassembler,
  FRAGMENT_HEADER_BYTES,
  fragmentBytes,
  fragmentCount,
  readFragment,
  splitMessage,
  writeFragment,
} from '../src/index.ts'
import type { Reassembler } from '../src/index.ts'

const bytesOf = (length: number, seed: number): Buffer =>
  Buffer.from(Array.from({ length }, (_, i) => (i * 31 + seed * 7) & 0xff))

/** As from a ring: in shared memory, among other bytes. */
function feed(reassembler: Reassembler, chunk: Buffer): ReturnType<Reassembler['add']> {
  const ring = Buffer.from(new SharedArrayBuffer(chunk.length + 64)).fill(0xee)
  chunk.copy(ring, 24)
  return reassembler.add(ring, 24, chunk.length)
}

describe('D7 fragments', () => {
  test('any message in chunks of any size comes back whole', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 3000 }),
        fc.integer({ min: 17, max: 900 }),
        fc.integer(),
        (length, chunkBytes, id) => {
          const message = bytesOf(length, 1)
          const chunks = [...splitMessage(message, chunkBytes, id)]
          expect(chunks.length).toBe(fragmentCount(length, chunkBytes))
          const reassembler = createReassembler()
          for (const [i, chunk] of chunks.entries()) {
            expect(chunk.length).toBe(fragmentBytes(length, chunkBytes, i))
            expect(chunk.length).toBeLessThanOrEqual(chunkBytes)
            expect(readFragment(chunk, 0, chunk.length, length)).toEqual({
              messageId: id | 0,
              index: i,
              count: chunks.length,
              totalBytes: length,
              dataBytes: chunk.length - FRAGMENT_HEADER_BYTES,
            })
            const whole = feed(reassembler, chunk)
            expect(whole?.equals(message)).toBe(i === chunks.length - 1 ? true : undefined)
          }
          expect([reassembler.pendingBytes, reassembler.discarded]).toEqual([0, 0])
        },
      ),
      { numRuns: 300 },
    )
  })

  test('are written straight into a claimed record', () => {
    const message = bytesOf(100, 3)
    const ring = Buffer.from(new SharedArrayBuffer(256)).fill(0xee)
    expect(writeFragment(ring, 40, message, 64, 9, 2)).toBe(20)
    expect(ring.subarray(60, 64)).toEqual(Buffer.alloc(4, 0xee))
    expect(ring.subarray(56, 60).equals(message.subarray(96))).toBe(true)
  })

  test('messages follow one another over one link', () => {
    const reassembler = createReassembler()
    for (let id = 0; id < 50; id += 1) {
      const message = bytesOf(1 + id * 13, id)
      const wholes = [...splitMessage(message, 50, id)]
        .map((chunk) => feed(reassembler, chunk))
        .filter((whole) => whole !== undefined)
      expect(wholes).toEqual([message])
    }
    expect(reassembler.discarded).toBe(0)
  })

  test('a message past the limit is an error at the sender', () => {
    expect(() => [...splitMessage(Buffer.alloc(1001), 100, 1, 1000)]).toThrow(
      expect.objectContaining({
        code: 'ERR_MESSAGE_TOO_LARGE',
        message: 'message is too large: bytes=1001, limit=1000',
        fields: { bytes: 1001, limit: 1000 },
      }) as Error,
    )
    expect([...splitMessage(Buffer.alloc(1000), 100, 1, 1000)]).toHaveLength(12)
    expect(() => checkMessageBytes(64 * 1024 * 1024 + 1)).toThrow(/too large/)
  })

  test('a chunk must hold more than its header', () => {
    expect(() => fragmentCount(10, FRAGMENT_HEADER_BYTES)).toThrow(
      'option chunkBytes is wrong: value=16, expected more than its header: an integer larger than 16',
    )
  })
})

describe('D3 death of either end between two fragments', () => {
  const chunkBytes = 40
  const first = bytesOf(230, 1)
  const second = bytesOf(150, 2)
  const firstChunks = [...splitMessage(first, chunkBytes, 7)]
  const ends = Array.from({ length: firstChunks.length - 1 }, (_, i) => i + 1)

  test.each(ends)('the sender after fragment %i: its message is discarded, counted, and the next one arrives', (end) => {
    // The successor may give its first message the same id.
    for (const id of [7, 8]) {
      const reassembler = createReassembler()
      for (const chunk of firstChunks.slice(0, end)) expect(feed(reassembler, chunk)).toBeUndefined()
      expect(reassembler.pendingBytes).toBe(first.length)
      const wholes = [...splitMessage(second, chunkBytes, id)]
        .map((chunk) => feed(reassembler, chunk))
        .filter((whole) => whole !== undefined)
      expect(wholes).toEqual([second])
      expect([reassembler.discarded, reassembler.pendingBytes]).toEqual([1, 0])
    }
  })

  test.each(ends)('the receiver after fragment %i: its successor discards the rest, counts it once, and goes on', (end) => {
    const successor = createReassembler()
    for (const chunk of firstChunks.slice(end)) expect(feed(successor, chunk)).toBeUndefined()
    expect([successor.discarded, successor.pendingBytes]).toEqual([1, 0])
    const wholes = [...splitMessage(second, chunkBytes, 8)]
      .map((chunk) => feed(successor, chunk))
      .filter((whole) => whole !== undefined)
    expect(wholes).toEqual([second])
    expect(successor.discarded).toBe(1)
  })

  test.each([0, ...ends])('a lost or damaged fragment %i: one message discarded, the next one arrives', (at) => {
    for (const damage of ['lost', 'damaged'] as const) {
      const reassembler = createReassembler()
      for (const [i, chunk] of firstChunks.entries()) {
        if (i !== at) expect(feed(reassembler, chunk)).toBeUndefined()
        else if (damage === 'damaged') expect(feed(reassembler, Buffer.alloc(chunk.length, 0xff))).toBeUndefined()
      }
      const wholes = [...splitMessage(second, chunkBytes, 8)]
        .map((chunk) => feed(reassembler, chunk))
        .filter((whole) => whole !== undefined)
      expect(wholes).toEqual([second])
      expect(reassembler.discarded).toBe(1)
    }
  })

  test('reset gives up the message at hand and counts it', () => {
    const reassembler = createReassembler()
    reassembler.reset()
    expect(reassembler.discarded).toBe(0)
    feed(reassembler, firstChunks[0] as Buffer)
    reassembler.reset()
    expect([reassembler.discarded, reassembler.pendingBytes]).toEqual([1, 0])
    for (const chunk of firstChunks.slice(1)) expect(feed(reassembler, chunk)).toBeUndefined()
    expect(reassembler.discarded).toBe(1)
  })
})

describe('D6 damaged headers', () => {
  test('never lead out of bounds, take no more memory than the limit, and the next message arrives', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.uint8Array({ maxLength: 60 }), fc.tuple(fc.nat(8), fc.nat(18), fc.nat(255))), { maxLength: 30 }),
        (noise) => {
          const reassembler = createReassembler({ messageBytesMax: 4096 })
          const chunks = [...splitMessage(bytesOf(200, 4), 40, 3)]
          for (const item of noise) {
            const chunk = Array.isArray(item) ? Buffer.from(chunks[item[0]] as Buffer) : Buffer.from(item)
            if (Array.isArray(item)) chunk[item[1]] = item[2]
            const whole = feed(reassembler, chunk)
            expect(whole === undefined || whole.length <= 4096).toBe(true)
            expect(reassembler.pendingBytes).toBeLessThanOrEqual(4096)
          }
          const next = bytesOf(333, 5)
          const wholes = [...splitMessage(next, 64, 1000)]
            .map((chunk) => feed(reassembler, chunk))
            .filter((whole) => whole !== undefined)
          expect(wholes).toEqual([next])
        },
      ),
      { numRuns: 300 },
    )
  })

  test('a range that is not in the buffer is discarded', () => {
    const reassembler = createReassembler()
    const [chunk] = splitMessage(bytesOf(10, 1), 64, 1)
    expect(reassembler.add(chunk as Buffer, 0, 27)).toBeUndefined()
    expect(reassembler.add(chunk as Buffer, -1, 26)).toBeUndefined()
    expect(reassembler.add(chunk as Buffer, 0, 3)).toBeUndefined()
    expect(reassembler.discarded).toBe(1)
    expect(reassembler.add(chunk as Buffer, 0, 26)?.equals(bytesOf(10, 1))).toBe(true)
  })

  test('a message past the limit of the receiver is discarded', () => {
    const reassembler = createReassembler({ messageBytesMax: 100 })
    for (const chunk of splitMessage(bytesOf(101, 1), 64, 1)) expect(feed(reassembler, chunk)).toBeUndefined()
    expect(reassembler.discarded).toBe(1)
  })
})
