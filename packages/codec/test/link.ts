/** A sending and a receiving core in one thread: an encoder and a decoder over one shape area, and a piece of ring between them. */
import { createDecoder, createEncoder, createShapeArea, SHAPE_AREA_BYTES } from '../src/index.ts'
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

export interface LinkOptions extends Omit<EncoderOptions, 'area'>, Omit<DecoderOptions, 'area'> {
  readonly areaSize?: number
}

export function createLink({ areaSize = SHAPE_AREA_BYTES, ...hooks }: LinkOptions = {}): Link {
  const areaBytes = new Uint8Array(new SharedArrayBuffer(areaSize))
  const newEncoder = (): Encoder => createEncoder({ area: createShapeArea(areaBytes), ...hooks })
  const newDecoder = (): Decoder => createDecoder({ area: createShapeArea(areaBytes), ...hooks })
  const link: Link = {
    areaBytes,
    encoder: newEncoder(),
    decoder: newDecoder(),
    replaceEncoder: () => (link.encoder = newEncoder()),
    replaceDecoder: () => (link.decoder = newDecoder()),
    carry(message) {
      const record = link.encoder.encodeCopy(message)
      return decodeAmong(link.decoder, record, 0xa1)
    },
  }
  return link
}

/** Decodes `record` in the middle of shared memory that is filled with another byte. */
export function decodeAmong(decoder: Decoder, record: Buffer, surrounding: number): unknown {
  const memory = Buffer.from(new SharedArrayBuffer(record.length + 512)).fill(surrounding)
  record.copy(memory, 64)
  return decoder.decode(memory, 64, record.length)
}
