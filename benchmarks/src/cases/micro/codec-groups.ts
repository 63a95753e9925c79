/** `@cambium/codec` on one thread: what a message costs on its way into a ring and out of it, by the general codec and compiled. */
import {
  createDecoder,
  createEncoder,
  createEntryArea,
  createShapeArea,
  LAYOUT_AREA_BYTES,
  layoutMemory,
  SHAPE_AREA_BYTES,
} from '@cambium/codec'
import type { Decoder, Encoder, LayoutMemory } from '@cambium/codec'
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
      opCase('general-encode-copy', { message: kind.name }, scale, () => codecTask(createGeneral(kind), 'encode')),
      opCase('general-decode', { message: kind.name }, scale, () => codecTask(createGeneral(kind), 'decode')),
      opCase('compiled-write', { message: kind.name }, scale, () => codecTask(createCompiled(kind), 'encode')),
      opCase('compiled-read', { message: kind.name }, scale, () => codecTask(createCompiled(kind), 'decode')),
    ],
    ratios: [],
  }))
}

interface Fixture {
  readonly messages: readonly object[]
  readonly checksumPerSample: number
  /** Encodes all messages into memory as a ring's: shared, one behind the other. */
  encodeAll(): void
  /** Decodes them again; answers the checksum. */
  decodeAll(checksumBefore: number): number
}

/** A multiple of 8, where compiled messages begin. */
const PLACE_BYTES = BYTES_PER_MESSAGE_MAX

function messagesOf(kind: MessageKind): Pick<Fixture, 'messages' | 'checksumPerSample'> {
  const messages = Array.from({ length: OPS_PER_SAMPLE }, (_, sequence) => kind.build(sequence))
  return { messages, checksumPerSample: messages.reduce<number>((checksum, message) => kind.check(message, checksum), 0) }
}

function createGeneral(kind: MessageKind): Fixture {
  const shapes = new Uint8Array(new SharedArrayBuffer(SHAPE_AREA_BYTES))
  const encoder: Encoder = createEncoder({ area: createShapeArea(shapes) })
  const decoder: Decoder = createDecoder({ area: createShapeArea(shapes) })
  const { messages, checksumPerSample } = messagesOf(kind)
  const memory = Buffer.from(new SharedArrayBuffer(OPS_PER_SAMPLE * PLACE_BYTES))
  const lengths = new Int32Array(OPS_PER_SAMPLE)
  return {
    messages,
    checksumPerSample,
    encodeAll() {
      for (let op = 0; op < OPS_PER_SAMPLE; op += 1) {
        const encoded = encoder.encode(messages[op])
        encoded.copy(memory, op * PLACE_BYTES)
        lengths[op] = encoded.length
      }
    },
    decodeAll(checksumBefore) {
      let checksum = checksumBefore
      for (let op = 0; op < OPS_PER_SAMPLE; op += 1) {
        checksum = kind.check(decoder.decode(memory, op * PLACE_BYTES, lengths[op] as number), checksum)
      }
      return checksum
    },
  }
}

function createCompiled(kind: MessageKind): Fixture {
  const shapes = new Uint8Array(new SharedArrayBuffer(SHAPE_AREA_BYTES))
  const layouts = new Uint8Array(new SharedArrayBuffer(LAYOUT_AREA_BYTES))
  const encoder: Encoder = createEncoder({ area: createShapeArea(shapes), layouts: createEntryArea(layouts) })
  const decoder: Decoder = createDecoder({ area: createShapeArea(shapes), layouts: createEntryArea(layouts) })
  const { messages, checksumPerSample } = messagesOf(kind)
  for (const message of messages) encoder.encode(message) // it learns
  const buffer = Buffer.from(new SharedArrayBuffer(OPS_PER_SAMPLE * PLACE_BYTES))
  const memory = layoutMemory(buffer) as LayoutMemory
  const ends = new Int32Array(OPS_PER_SAMPLE)
  const numbers = new Int32Array(OPS_PER_SAMPLE)
  return {
    messages,
    checksumPerSample,
    encodeAll() {
      for (let op = 0; op < OPS_PER_SAMPLE; op += 1) {
        const end = encoder.write(messages[op], memory, op * PLACE_BYTES, (op + 1) * PLACE_BYTES)
        if (end < 0) throw new Error(`message was not compiled: op=${op}`)
        ends[op] = end
        numbers[op] = encoder.layout
      }
    },
    decodeAll(checksumBefore) {
      let checksum = checksumBefore
      for (let op = 0; op < OPS_PER_SAMPLE; op += 1) {
        const at = op * PLACE_BYTES
        checksum = kind.check(decoder.decode(buffer, at, (ends[op] as number) - at, numbers[op]), checksum)
      }
      return checksum
    },
  }
}

/** Whichever half is measured, each sample is encoded and decoded as a whole: the decoded messages are the proof. */
function codecTask(fixture: Fixture, measured: 'encode' | 'decode'): OpTask {
  let encoded = 0
  let decoded = 0
  let checksum = 0
  const encode = (): void => {
    fixture.encodeAll()
    encoded += OPS_PER_SAMPLE
  }
  const decode = (): void => {
    checksum = fixture.decodeAll(checksum)
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
