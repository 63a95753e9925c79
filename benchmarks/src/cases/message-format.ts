/**
 * The messages that every contender carries. A message is an object that the producer builds anew each time and whose
 * every field the consumer adds to a checksum; a ring carries it as Int32 words in the order of the fields.
 *
 * 8 B: two fields. 32 B: eight fields. Larger: eight fields and a body of words, in a buffer that the producer keeps and
 * refills, so that each transport must carry a copy, and none may pass a reference.
 */

export interface Message {
  readonly sequence: number
  readonly account: number
  readonly instrument?: number
  readonly side?: number
  readonly price?: number
  readonly quantity?: number
  readonly flags?: number
  readonly venue?: number
  readonly body?: Int32Array
}

export interface MessageFormat {
  readonly bytes: number
  readonly build: (sequence: number) => Message
  /** Adds every field and every word of the body to `checksum`. */
  readonly check: (message: Message, checksum: number) => number
  /** Writes the message as words from `index` on. */
  readonly write: (message: Message, words: Int32Array, index: number) => void
  /** Decodes the message at `index` into an object that owns its body. */
  readonly read: (words: Int32Array, index: number) => Message
  /** The same as `check(read())`, except that a body is checked where it lies: what a consumer of a ring would do. */
  readonly readAndCheck: (words: Int32Array, index: number, checksum: number) => number
  /** A copy that owns its body: what an in-process queue must hold. */
  readonly own: (message: Message) => Message
}

export const MESSAGE_BYTES: readonly number[] = [8, 32, 256, 4_096, 65_536]
const HEADER_WORDS = 8

export function createMessageFormat(bytes: number): MessageFormat {
  if (bytes === 8) return smallFormat
  if (bytes === 32) return plainFormat
  if (bytes % 8 !== 0 || bytes < 40) throw new RangeError(`no such message size: bytes=${bytes}`)
  return createBodyFormat(bytes)
}

/** The checksum of the messages `0 … count - 1`, by the definition of the fields and not by a transport. */
export function expectedChecksum(format: MessageFormat, count: number): number {
  let checksum = 0
  for (let sequence = 0; sequence < count; sequence += 1) checksum = format.check(format.build(sequence), checksum)
  return checksum
}

const smallFormat: MessageFormat = {
  bytes: 8,
  build: (sequence) => ({ sequence, account: sequence & 1023 }),
  check: (message, checksum) => (checksum + message.sequence + message.account) | 0,
  write(message, words, index) {
    words[index] = message.sequence
    words[index + 1] = message.account
  },
  read: (words, index) => ({ sequence: words[index] as number, account: words[index + 1] as number }),
  readAndCheck: (words, index, checksum) => smallFormat.check(smallFormat.read(words, index), checksum),
  own: (message) => message,
}

interface PlainMessage extends Message {
  readonly instrument: number
  readonly side: number
  readonly price: number
  readonly quantity: number
  readonly flags: number
  readonly venue: number
}

function buildPlain(sequence: number): PlainMessage {
  return {
    sequence,
    account: sequence & 1023,
    instrument: sequence & 255,
    side: sequence & 1,
    price: 10_000 + (sequence & 511),
    quantity: 1 + (sequence & 63),
    flags: sequence & 7,
    venue: sequence & 15,
  }
}

function checkPlain(message: PlainMessage, checksum: number): number {
  const { sequence, account, instrument, side, price, quantity, flags, venue } = message
  return (checksum + sequence + account + instrument + side + price + quantity + flags + venue) | 0
}

function writePlain(message: PlainMessage, words: Int32Array, index: number): void {
  words[index] = message.sequence
  words[index + 1] = message.account
  words[index + 2] = message.instrument
  words[index + 3] = message.side
  words[index + 4] = message.price
  words[index + 5] = message.quantity
  words[index + 6] = message.flags
  words[index + 7] = message.venue
}

function readPlain(words: Int32Array, index: number): PlainMessage {
  return {
    sequence: words[index] as number,
    account: words[index + 1] as number,
    instrument: words[index + 2] as number,
    side: words[index + 3] as number,
    price: words[index + 4] as number,
    quantity: words[index + 5] as number,
    flags: words[index + 6] as number,
    venue: words[index + 7] as number,
  }
}

const plainFormat: MessageFormat = {
  bytes: 32,
  build: buildPlain,
  check: (message, checksum) => checkPlain(message as PlainMessage, checksum),
  write: (message, words, index) => writePlain(message as PlainMessage, words, index),
  read: readPlain,
  readAndCheck: (words, index, checksum) => checkPlain(readPlain(words, index), checksum),
  own: (message) => message,
}

function createBodyFormat(bytes: number): MessageFormat {
  const bodyWords = bytes / 4 - HEADER_WORDS
  const body = Int32Array.from({ length: bodyWords }, (_, index) => index)
  return {
    bytes,
    build(sequence) {
      body[0] = sequence
      body[bodyWords - 1] = ~sequence
      return { ...buildPlain(sequence), body }
    },
    check(message, checksum) {
      const own = message.body as Int32Array
      return addWords(own, 0, own.length, checkPlain(message as PlainMessage, checksum))
    },
    write(message, words, index) {
      writePlain(message as PlainMessage, words, index)
      words.set(message.body as Int32Array, index + HEADER_WORDS)
    },
    read: (words, index) => ({
      ...readPlain(words, index),
      body: words.slice(index + HEADER_WORDS, index + HEADER_WORDS + bodyWords),
    }),
    readAndCheck(words, index, checksum) {
      const from = index + HEADER_WORDS
      return addWords(words, from, from + bodyWords, checkPlain(readPlain(words, index), checksum))
    },
    own: (message) => ({ ...message, body: (message.body as Int32Array).slice() }),
  }
}

function addWords(words: Int32Array, from: number, to: number, checksum: number): number {
  let sum = checksum
  for (let index = from; index < to; index += 1) sum = (sum + (words[index] as number)) | 0
  return sum
}
