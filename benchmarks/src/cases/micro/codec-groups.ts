/** `@cambium/codec` on one thread: what a message costs on its way into a ring and out of it. */
import { createDecoder, createEncoder, createShapeArea, SHAPE_AREA_BYTES } from '@cambium/codec'
import type { Decoder, Encoder } from '@cambium/codec'
import type { BenchGroup } from '../../case.ts'
import { OPS_PER_SAMPLE, opCase } from './op-task.ts'
import type { OpTask } from './op-task.ts'

interface MessageKind {
  readonly name: string
  readonly title: string
  readonly build: (sequence: number) => object
  /** Adds what decoding must have brought back. */
  readonly check: (message: unknown, checksum: number) => number
}

interface FlatMessage {
  readonly sequence: number
  readonly account: number
  readonly price: number
  readonly open: boolean
  readonly symbol: string
}

interface NestedMessage {
  readonly sequence: number
  readonly customer: { readonly name: string; readonly city: string }
  readonly items: readonly { readonly sku: string; readonly quantity: number }[]
}

const SYMBOLS: readonly string[] = ['ALPHA', 'BETA', 'GAMMA', 'DELTA']
const ITEMS = 3
const BYTES_PER_MESSAGE_MAX = 256

const KINDS: readonly MessageKind[] = [
  {
    name: 'flat',
    title: 'five fields: three numbers, a boolean, a short string',
    build: (sequence): FlatMessage => ({
      sequence,
      account: sequence & 1023,
      price: (sequence & 511) + 0.25,
      open: (sequence & 1) === 0,
      symbol: SYMBOLS[sequence & 3] as string,
    }),
    check(message, checksum) {
      const { sequence, account, price, open, symbol } = message as FlatMessage
      return (checksum + sequence + account + price * 4 + (open ? 1 : 0) + symbol.length) | 0
    },
  },
  {
    name: 'nested',
    title: 'an object of strings and an array of three objects in an object',
    build: (sequence): NestedMessage => ({
      sequence,
      customer: { name: `customer ${sequence & 63}`, city: SYMBOLS[sequence & 3] as string },
      items: Array.from({ length: ITEMS }, (_, item) => ({ sku: `SKU-${item}`, quantity: (sequence + item) & 15 })),
    }),
    check(message, checksum) {
      const { sequence, customer, items } = message as NestedMessage
      const quantities = items.reduce((sum, { sku, quantity }) => sum + sku.length + quantity, 0)
      return (checksum + sequence + customer.name.length + customer.city.length + quantities) | 0
    },
  },
]

export function createCodecGroups(scale: number): readonly BenchGroup[] {
  return KINDS.map((kind) => ({
    name: `micro.codec.${kind.name}`,
    title: `Codec: ${kind.title}`,
    quick: true,
    cases: [
      opCase('encode-copy', { message: kind.name }, scale, () => codecTask(kind, 'encode')),
      opCase('decode', { message: kind.name }, scale, () => codecTask(kind, 'decode')),
    ],
    ratios: [],
  }))
}

interface Fixture {
  readonly encoder: Encoder
  readonly decoder: Decoder
  readonly messages: readonly object[]
  /** As a ring's data area: messages lie behind each other, in shared memory. */
  readonly area: Buffer
  /** Begins of the messages, and the end of the last. */
  readonly offsets: Int32Array
  readonly checksumPerSample: number
}

function createFixture(kind: MessageKind): Fixture {
  const shapes = new Uint8Array(new SharedArrayBuffer(SHAPE_AREA_BYTES))
  const messages = Array.from({ length: OPS_PER_SAMPLE }, (_, sequence) => kind.build(sequence))
  return {
    encoder: createEncoder({ area: createShapeArea(shapes) }),
    decoder: createDecoder({ area: createShapeArea(shapes) }),
    messages,
    area: Buffer.from(new SharedArrayBuffer(OPS_PER_SAMPLE * BYTES_PER_MESSAGE_MAX)),
    offsets: new Int32Array(OPS_PER_SAMPLE + 1),
    checksumPerSample: messages.reduce<number>((checksum, message) => kind.check(message, checksum), 0),
  }
}

function encodeAll({ encoder, messages, area, offsets }: Fixture): void {
  let offset = 0
  for (let op = 0; op < OPS_PER_SAMPLE; op += 1) {
    const encoded = encoder.encode(messages[op])
    encoded.copy(area, offset)
    offset += encoded.length
    offsets[op + 1] = offset
  }
}

function decodeAll({ decoder, area, offsets }: Fixture, kind: MessageKind, checksumBefore: number): number {
  let checksum = checksumBefore
  for (let op = 0; op < OPS_PER_SAMPLE; op += 1) {
    const offset = offsets[op] as number
    checksum = kind.check(decoder.decode(area, offset, (offsets[op + 1] as number) - offset), checksum)
  }
  return checksum
}

/** Whichever half is measured, each sample is encoded and decoded as a whole: the decoded messages are the proof. */
function codecTask(kind: MessageKind, measured: 'encode' | 'decode'): OpTask {
  const fixture = createFixture(kind)
  let encoded = 0
  let decoded = 0
  let checksum = 0
  const encode = (): void => {
    encodeAll(fixture)
    encoded += OPS_PER_SAMPLE
  }
  const decode = (): void => {
    checksum = decodeAll(fixture, kind, checksum)
    decoded += OPS_PER_SAMPLE
  }
  return {
    ...(measured === 'encode' ? { sample: encode, after: decode } : { before: encode, sample: decode }),
    prove: () => ({
      countExpected: encoded,
      count: decoded,
      checksumExpected: Math.imul(encoded / OPS_PER_SAMPLE, fixture.checksumPerSample),
      checksum,
    }),
  }
}
