/** Layouts compiled ahead of their use. */
import { expect, it, vi } from 'vitest'
import {
  createDecoder,
  createEncoder,
  createEntryArea,
  createReadAhead,
  createShapeArea,
  LAYOUT_AREA_BYTES,
  SHAPE_AREA_BYTES,
} from '../src/index.ts'
import type { Encoder, EntryArea } from '../src/index.ts'

const LEARNING = 16

function link(): {
  readonly layouts: EntryArea
  readonly encoder: Encoder
  decode(this: void, message: unknown): unknown
} {
  const area = createShapeArea(new Uint8Array(new SharedArrayBuffer(SHAPE_AREA_BYTES)))
  const layouts = createEntryArea(new Uint8Array(new SharedArrayBuffer(LAYOUT_AREA_BYTES)))
  const encoder = createEncoder({ area, layouts })
  return {
    layouts,
    encoder,
    decode(message: unknown): unknown {
      const bytes = encoder.encode(message)
      return createDecoder({ area, layouts }).decode(bytes, 0, bytes.length, encoder.layout)
    },
  }
}

/** Functions made from strings meanwhile. */
function compiled(action: () => void): number {
  const spy = vi.spyOn(globalThis, 'Function')
  action()
  const count = spy.mock.calls.length
  spy.mockRestore()
  return count
}

it('what has been compiled ahead is not compiled again by whoever reads or writes with it later', () => {
  const { layouts, encoder, decode } = link()
  const readOn = createReadAhead(layouts)
  for (let i = 0; i < LEARNING; i += 1) encoder.encode({ ahead: 'of time', i })
  expect(encoder.layout).toBeGreaterThan(0)
  expect(compiled(readOn)).toBe(1) // a reader: the encoder of this thread has made the writer
  expect(compiled(readOn)).toBe(0)
  let read: unknown
  expect(compiled(() => (read = decode({ ahead: 'of time', i: -1 })))).toBe(0)
  expect(read).toEqual({ ahead: 'of time', i: -1 })
})
