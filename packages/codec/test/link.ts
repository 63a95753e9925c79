/** A sending and a receiving core in one thread: an encoder and a decoder over one shape area and one layout area, and a piece of ring between them. */
import {
  createDecoder,
  createEncoder,
  createEntryArea,
  createShapeArea,
  LAYOUT_AREA_BYTES,
  SHAPE_AREA_BYTES,
} from '../src/index.ts'
import type { Decoder, DecoderOptions, Encoder, EncoderOptions } from '../src/index.ts'

export interface Link {
  readonly areaBytes: Uint8Array
  encoder: Encoder
  decoder: Decoder
  replaceEncoder(): void
  replaceDecoder(): void
  /** Through shared memory to the other side, with foreign bytes before and after. */
  carry(message: unknown): unknown
}

export interface LinkOptions extends Omit<EncoderOptions, 'area' | 'layouts'>, Omit<DecoderOptions, 'area' | 'layouts'> {
  readonly areaSize?: number
  /** 4 is none: an area without room. */
  readonly layoutsSize?: number
}

export function createLink({ areaSize = SHAPE_AREA_BYTES, layoutsSize = LAYOUT_AREA_BYTES, ...hooks }: LinkOptions = {}): Link {
  const areaBytes = new Uint8Array(new SharedArrayBuffer(areaSize))
  const layoutBytes = new Uint8Array(new SharedArrayBuffer(layoutsSize))
  const areas = () => ({ area: createShapeArea(areaBytes), layouts: createEntryArea(layoutBytes) })
  const newEncoder = (): Encoder => createEncoder({ ...areas(), ...hooks })
  const newDecoder = (): Decoder => createDecoder({ ...areas(), ...hooks })
  const link: Link = {
    areaBytes,
    encoder: newEncoder(),
    decoder: newDecoder(),
    replaceEncoder: () => (link.encoder = newEncoder()),
    replaceDecoder: () => (link.decoder = newDecoder()),
    carry(message) {
      const record = link.encoder.encodeCopy(message)
      return decodeAmong(link.decoder, record, 0xa1, link.encoder.layout)
    },
  }
  return link
}

/** Decodes `record` in the middle of shared memory that is filled with another byte. */
export function decodeAmong(decoder: Decoder, record: Buffer, surrounding: number, layout = 0): unknown {
  const memory = Buffer.from(new SharedArrayBuffer(record.length + 512)).fill(surrounding)
  record.copy(memory, 64)
  return decoder.decode(memory, 64, record.length, layout)
}
