/**
 * Bytes to messages: one decoder for each pair of receiving and sending core, over the sender's shape area.
 *
 * The bytes are decoded from memory of the decoder's own: msgpackr notices the end of its source only after it has read
 * past it, and the record behind in a ring is not this reader's to read. For small records a copy into one buffer that
 * is used again is cheaper than the views that mark a range.
 */
import type { Unpackr } from 'msgpackr'
import { checkArea, checkHook, checkOptions } from './argument-checks.ts'
import type { BoxHost, UnpackPacked, UnpackRef } from './boxed.ts'
import type { EntryArea } from './entry-area.ts'
import { notDecodable } from './errors.ts'
import { LayoutReaders, unpackerOf } from './layout-readers.ts'
import { exchangeHost, msgpackr } from './private-msgpackr.ts'
import { SHAPES_MAX } from './shape-area.ts'
import type { Shape, ShapeArea } from './shape-area.ts'

export interface DecoderOptions {
  /** The shape area of the sending core. */
  readonly area: ShapeArea
  /** The layout area of the sending core. @default compiled messages are not decodable */
  readonly layouts?: EntryArea
  /** The ref to an actor. Called while a message is decoded. @default refs are not decodable */
  readonly unpackRef?: UnpackRef
}

export interface Decoder {
  /**
   * The message in `length` bytes at `offset`. It shares no memory with `buffer`. Throws `ERR_NOT_DECODABLE` on bytes that
   * no encoder over this area wrote; never reads outside the range, and runs no code that came with the bytes. `layout` is what
   * the encoder said with the bytes. @default 0, none. `buffers` are those of the parcel that came with the record. @default none
   */
  decode(buffer: Buffer, offset: number, length: number, layout?: number, buffers?: readonly ArrayBufferLike[]): unknown
  /**
   * The same; but a message of a declared layout is read in place, from `buffer`, until it is given to `closeMessage`. Where nothing is compiled it is
   * like any other.
   */
  open(buffer: Buffer, offset: number, length: number, layout: number): unknown
}

/** Longer records are decoded from a view of exactly their bytes. */
const SCRATCH_BYTES = 4096
/** Shapes whose number takes one byte are 0 to 31; msgpackr looks at 64 places without asking. */
const PLACES = 64

/** A shape as msgpackr keeps it: names, with marks and the compiled reader on the array. */
interface Structure extends Array<string> {
  isShared?: boolean
  highByte?: number
  read?: () => unknown
}

interface Structures extends Array<Structure> {
  sharedLength?: number
}

/** @throws `ERR_OPTION` */
export function createDecoder(options: DecoderOptions): Decoder {
  checkOptions(options)
  checkArea('area', options.area)
  if (options.layouts !== undefined) checkArea('layouts', options.layouts)
  checkHook('unpackRef', options.unpackRef)
  const { area, unpackRef } = options
  const scratch: Buffer = Buffer.alloc(SCRATCH_BYTES)
  const range = { start: 0, end: 0 }
  const structures: Structure[] = Array.from({ length: PLACES }, unknownShape)
  let shapes = 0
  let seenBytes = 0
  let busy = false

  const unpackr = new msgpackr.Unpackr({
    structures: [],
    mapsAsObjects: true,
    copyBuffers: true,
    structuredClone: false,
  }) as Unpackr & { structures: Structures }

  /** Damaged bytes can define shapes inline, in msgpackr's list; it gets a fresh copy of ours. */
  const resetStructures = (): void => {
    unpackr.structures = structures.slice()
    unpackr.structures.sharedLength = structures.length
  }
  resetStructures()

  const loadShapes = (publishedBytes: number): void => {
    for (const shape of area.read(seenBytes, publishedBytes)) {
      if (shapes < SHAPES_MAX) structures[shapes] = shape === undefined ? unknownShape() : toStructure(shape, shapes)
      shapes += 1
    }
    seenBytes = publishedBytes
    resetStructures()
  }

  const unpackLarge = (view: Buffer): unknown => {
    // Left-over bytes make `unpack` build an error message by JSON.stringify of the whole value. This way the position
    // is compared here, and only then is it an error.
    let value: unknown
    let consumed = 0
    unpackr.unpackMultiple(view, (decoded: unknown, _start?: number, end?: number) => {
      value = decoded
      consumed = end ?? 0
      return false
    })
    if (consumed !== view.length) throw new RangeError(`left-over bytes: ${view.length - consumed}`)
    const after = unpackr.structures
    if (after.length !== structures.length || after.some((structure, i) => structure !== structures[i])) resetStructures()
    return value
  }

  const unpack = (buffer: Buffer, offset: number, length: number): unknown => {
    if (busy) return unpackr.unpack(Buffer.from(buffer.subarray(offset, offset + length)))
    busy = true
    try {
      if (length > SCRATCH_BYTES) return unpackLarge(buffer.subarray(offset, offset + length))
      buffer.copy(scratch, 0, offset, offset + length)
      range.end = length
      return unpackr.unpack(scratch, range)
    } finally {
      busy = false
    }
  }

  const readers = options.layouts === undefined ? undefined : new LayoutReaders(options.layouts, unpackRef)
  const unpackPacked: UnpackPacked | undefined = readers?.unpack ?? (unpackRef && unpackerOf(unpackRef, noLayouts))

  const host: BoxHost = { unpackRef: unpackPacked, buffers: undefined }

  return {
    open(buffer, offset, length, layout) {
      if (layout <= 0 || readers === undefined) return this.decode(buffer, offset, length, layout)
      checkRange(buffer, offset, length)
      try {
        return readers.open(layout, buffer, offset, offset + length)
      } catch (error) {
        throw notDecodable(length, error)
      }
    },
    decode(buffer, offset, length, layout = 0, buffers) {
      checkRange(buffer, offset, length)
      if (layout !== 0) {
        try {
          if (readers === undefined) throw new RangeError('a compiled message, but this decoder has no layouts')
          return readers.read(layout, buffer, offset, offset + length)
        } catch (error) {
          throw notDecodable(length, error)
        }
      }
      const publishedBytes = area.publishedBytes()
      if (publishedBytes !== seenBytes) loadShapes(publishedBytes)
      const hostBefore = exchangeHost(buffers === undefined ? host : { ...host, buffers })
      try {
        return unpack(buffer, offset, length)
      } catch (error) {
        resetStructures()
        throw notDecodable(length, error)
      } finally {
        exchangeHost(hostBefore)
      }
    },
  }
}

function noLayouts(): never {
  throw new RangeError('declared layouts, but this decoder has none')
}

function checkRange(buffer: Buffer, offset: number, length: number): void {
  // The last test is put so that what is no buffer, and has no length, does not pass it.
  if (
    !Number.isInteger(offset) ||
    !Number.isInteger(length) ||
    offset < 0 ||
    length < 1 ||
    !(length <= buffer?.length - offset)
  ) {
    throw notDecodable(length, new RangeError('the range is not in the buffer'))
  }
}

function toStructure(shape: Shape, index: number): Structure {
  const structure: Structure = shape.slice()
  structure.isShared = true
  // msgpackr's own marks: from 32 on a number takes a second byte.
  if (index >= 32) structure.highByte = (index - 32) >> 5
  return structure
}

/** Without it, msgpackr would take the byte of an unknown shape for a number. */
function unknownShape(): Structure {
  const structure: Structure = []
  structure.isShared = true
  structure.read = () => {
    throw new RangeError('a shape that is not in the area')
  }
  return structure
}
