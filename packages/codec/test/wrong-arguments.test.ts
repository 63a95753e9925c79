/** Arguments that types forbid and JavaScript lets through: each is refused at once by an error with a code that names it. */
import { i32, layout } from '@cambium/ring'
import { describe, expect, test } from 'vitest'
import {
  assertTravels,
  byTag,
  checkMessageBytes,
  createDecoder,
  createEncoder,
  createEntryArea,
  createReadAhead,
  createReassembler,
  createShapeArea,
  declareMessageLayouts,
  fitMessage,
  FRAGMENT_HEADER_BYTES,
  fragmentCount,
  layoutMemory,
  readFragment,
  SHAPE_AREA_BYTES,
  splitMessage,
  writeFragment,
} from '../src/index.ts'

const code = (expected: string): unknown => expect.objectContaining({ code: expected })
const named = (value: unknown): string => `${typeof value} ${String(value)}`
const area = () => createShapeArea(new Uint8Array(new SharedArrayBuffer(SHAPE_AREA_BYTES)))
const encoder = () => createEncoder({ area: area() })

describe('ends of a link', () => {
  test('lie over areas', () => {
    for (const create of [createEncoder, createDecoder]) {
      for (const wrong of [undefined, null, 5, 'area']) {
        expect(() => create(wrong as never), named(wrong)).toThrow('option options is wrong')
      }
      for (const wrong of [undefined, null, 5, {}, new Uint8Array(64), { publishedBytes: () => 0 }]) {
        expect(() => create({ area: wrong as never }), named(wrong)).toThrow('option area is wrong')
        if (wrong !== undefined)
          expect(() => create({ area: area(), layouts: wrong as never }), named(wrong)).toThrow('option layouts is wrong')
      }
    }
    for (const wrong of [undefined, null, 5, {}]) expect(() => createReadAhead(wrong as never)).toThrow(code('ERR_OPTION'))
  })

  test('have hooks that are functions', () => {
    for (const wrong of [null, 5, {}, true]) {
      expect(() => createEncoder({ area: area(), isRef: wrong as never })).toThrow('option isRef is wrong')
      expect(() => createEncoder({ area: area(), packRef: wrong as never })).toThrow('option packRef is wrong')
      expect(() => createDecoder({ area: area(), unpackRef: wrong as never })).toThrow('option unpackRef is wrong')
      expect(() => assertTravels({}, wrong as never)).toThrow('option isRef is wrong')
    }
  })

  test('areas lie in bytes at a multiple of 4', () => {
    const bytes = new Uint8Array(new SharedArrayBuffer(64))
    for (const wrong of [
      undefined,
      null,
      5,
      {},
      new SharedArrayBuffer(64),
      new Int32Array(16),
      bytes.subarray(1),
      bytes.subarray(0, 3),
    ]) {
      expect(() => createEntryArea(wrong as never), named(wrong)).toThrow('option bytes is wrong')
      expect(() => createShapeArea(wrong as never), named(wrong)).toThrow(code('ERR_OPTION'))
    }
    expect(createEntryArea(bytes).read(0, 1000)).not.toBe(undefined)
    for (const wrong of [undefined, null, 5, new Uint8Array(8)])
      expect(() => layoutMemory(wrong as never)).toThrow(code('ERR_OPTION'))
  })

  test('bytes lie in a buffer', () => {
    const decoder = createDecoder({ area: area() })
    const bytes = encoder().encodeCopy({ a: 1 })
    for (const wrong of [undefined, null, 5, {}, [1, 2, 3], 'bytes']) {
      expect(() => decoder.decode(wrong as never, 0, 1), named(wrong)).toThrow(code('ERR_NOT_DECODABLE'))
    }
    for (const wrong of [undefined, null, Number.NaN, 0.5, -1, 2 ** 32, Symbol('length')]) {
      expect(() => decoder.decode(bytes, 0, wrong as never), named(wrong)).toThrow(code('ERR_NOT_DECODABLE'))
      expect(() => decoder.decode(bytes, wrong as never, 1), named(wrong)).toThrow(code('ERR_NOT_DECODABLE'))
    }
  })
})

describe('declared layouts', () => {
  const declared = layout({ value: i32 })

  test('are what was declared', () => {
    for (const wrong of [null, 5, {}, declared]) {
      expect(() => fitMessage(wrong as never, { value: 1 }), named(wrong)).toThrow(code('ERR_OPTION'))
      expect(() => encoder().encode({ value: 1 }, wrong as never), named(wrong)).toThrow(code('ERR_OPTION'))
    }
    expect(() => encoder().encode({ value: 'one' }, declareMessageLayouts(declared))).toThrow(code('ERR_MESSAGE_LAYOUT'))
  })

  test('have names and types', () => {
    for (const field of [undefined, null, 5, {}, { name: null, type: i32 }, { name: Symbol('a'), type: i32 }, { name: 'a' }]) {
      expect(() => declareMessageLayouts({ bytes: 8, fields: [field] } as never)).toThrow(code('ERR_LAYOUT'))
    }
    for (const tag of [5n, Symbol('tag'), null]) expect(() => byTag(tag as never, { a: declared })).toThrow(code('ERR_LAYOUT'))
  })
})

describe('fragments', () => {
  const message = Buffer.alloc(100)

  test('have a size, and more in it than their header', () => {
    for (const wrong of [undefined, null, Number.NaN, Infinity, 0.5, -1, FRAGMENT_HEADER_BYTES, '64']) {
      const expected = 'option chunkBytes is wrong'
      expect(() => fragmentCount(100, wrong as never), named(wrong)).toThrow(expected)
      expect(() => splitMessage(message, wrong as never, 1).next(), named(wrong)).toThrow(expected)
      expect(() => writeFragment(Buffer.alloc(64), 0, message, wrong as never, 1, 0), named(wrong)).toThrow(expected)
    }
    for (const wrong of [undefined, null, Number.NaN, -1, 0.5, '100']) {
      expect(() => fragmentCount(wrong as never, 64), named(wrong)).toThrow('option totalBytes is wrong')
    }
    expect(() => checkMessageBytes(Number.NaN)).toThrow(code('ERR_MESSAGE_TOO_LARGE'))
  })

  test('are written where there is room', () => {
    const target = Buffer.alloc(64)
    for (const wrong of [undefined, null, -1, 0.5, 1, 64, Infinity, '0']) {
      expect(() => writeFragment(target, wrong as never, message, 64, 1, 0), named(wrong)).toThrow('option offset is wrong')
    }
    for (const wrong of [undefined, null, -1, 0.5, 3, '0']) {
      expect(() => writeFragment(target, 0, message, 64, 1, wrong as never), named(wrong)).toThrow('option index is wrong')
    }
    for (const wrong of [undefined, null, 5, new Uint8Array(64)]) {
      expect(() => writeFragment(wrong as never, 0, message, 64, 1, 0), named(wrong)).toThrow('option target is wrong')
      expect(() => writeFragment(target, 0, wrong as never, 64, 1, 0), named(wrong)).toThrow('option message is wrong')
      expect(() => splitMessage(wrong as never, 64, 1).next(), named(wrong)).toThrow('option message is wrong')
    }
    expect(target.equals(Buffer.alloc(64))).toBe(true)
    expect(writeFragment(target, 0, message, 64, 1, 2)).toBe(FRAGMENT_HEADER_BYTES + 4)
  })

  test('are read from a buffer, and nowhere else', () => {
    for (const wrong of [null, 5, { messageBytesMax: 0 }, { messageBytesMx: 5 }]) {
      expect(() => createReassembler(wrong as never), named(wrong)).toThrow(code('ERR_OPTION'))
    }
    const reassembler = createReassembler()
    for (const wrong of [undefined, null, 5, new Uint8Array(64)]) {
      expect(() => reassembler.add(wrong as never, 0, 64), named(wrong)).toThrow('option buffer is wrong')
    }
    const [chunk] = [...splitMessage(message, 64, 1)]
    for (const wrong of [undefined, null, Number.NaN, 0.5, '0', -1]) {
      expect(readFragment(chunk!, wrong as never, 64, 1000), named(wrong)).toBe(undefined)
      expect(readFragment(chunk!, 0, wrong as never, 1000), named(wrong)).toBe(undefined)
    }
    expect(readFragment(chunk!, 0, 64, 1000)?.totalBytes).toBe(100)
  })
})
