/**
 * Messages larger than one record of a ring travel as fragments, in order, over one FIFO ring.
 *
 *     0  message id   Int32; a sender gives each message another one
 *     4  index        0 … count - 1
 *     8  count
 *    12  total bytes  of the message
 *    16  data         as many bytes in every fragment but the last, which has the rest
 *
 * Little-endian. The header does not lie: what does not add up is refused by the reader.
 */
import { optionError } from '@cambium/base'
import { checkBuffer } from './argument-checks.ts'
import { messageTooLarge } from './errors.ts'

export const FRAGMENT_HEADER_BYTES = 16
/** Default of `messageBytesMax`. */
export const MESSAGE_BYTES_MAX: number = 64 * 1024 * 1024

export interface Fragment {
  readonly messageId: number
  readonly index: number
  readonly count: number
  readonly totalBytes: number
  /** Bytes of data in this fragment. */
  readonly dataBytes: number
}

/** Throws `ERR_MESSAGE_TOO_LARGE` for a message beyond the limit: at its sender, before the first fragment. */
export function checkMessageBytes(totalBytes: number, messageBytesMax: number = MESSAGE_BYTES_MAX): void {
  if (!(totalBytes <= messageBytesMax)) throw messageTooLarge(totalBytes, messageBytesMax)
}

/** Fragments of a message. `chunkBytes` is the largest record payload, header included. @throws `ERR_OPTION` */
export function fragmentCount(totalBytes: number, chunkBytes: number): number {
  if (!Number.isInteger(totalBytes) || totalBytes < 0) throw optionError('totalBytes', totalBytes, 'an integer of 0 or more')
  if (!Number.isInteger(chunkBytes) || chunkBytes <= FRAGMENT_HEADER_BYTES) {
    throw optionError('chunkBytes', chunkBytes, `more than its header: an integer larger than ${FRAGMENT_HEADER_BYTES}`)
  }
  return Math.max(1, Math.ceil(totalBytes / (chunkBytes - FRAGMENT_HEADER_BYTES)))
}

/** Bytes of fragment `index`, header included. */
export function fragmentBytes(totalBytes: number, chunkBytes: number, index: number): number {
  const start = index * (chunkBytes - FRAGMENT_HEADER_BYTES)
  return FRAGMENT_HEADER_BYTES + Math.min(totalBytes - start, chunkBytes - FRAGMENT_HEADER_BYTES)
}

/** Writes fragment `index` of `message` at `offset` of `target`, which has room for it; gives the bytes written. @throws `ERR_OPTION` */
export function writeFragment(
  target: Buffer,
  offset: number,
  message: Buffer,
  chunkBytes: number,
  messageId: number,
  index: number,
): number {
  checkBuffer('target', target)
  checkBuffer('message', message)
  const count = fragmentCount(message.length, chunkBytes)
  if (!Number.isInteger(index) || index < 0 || index >= count)
    throw optionError('index', index, `an integer from 0 to ${count - 1}`)
  const bytes = fragmentBytes(message.length, chunkBytes, index)
  if (!Number.isInteger(offset) || offset < 0 || offset + bytes > target.length) {
    throw optionError('offset', offset, `a place with room for ${bytes} bytes in ${target.length}`)
  }
  target.writeInt32LE(messageId | 0, offset)
  target.writeInt32LE(index, offset + 4)
  target.writeInt32LE(count, offset + 8)
  target.writeInt32LE(message.length, offset + 12)
  const start = index * (chunkBytes - FRAGMENT_HEADER_BYTES)
  message.copy(target, offset + FRAGMENT_HEADER_BYTES, start, start + bytes - FRAGMENT_HEADER_BYTES)
  return bytes
}

/** All fragments of a message, each in memory of its own, made as they are asked for. @throws `ERR_OPTION`, `ERR_MESSAGE_TOO_LARGE` */
export function* splitMessage(
  message: Buffer,
  chunkBytes: number,
  messageId: number,
  messageBytesMax: number = MESSAGE_BYTES_MAX,
): Generator<Buffer, void, undefined> {
  checkBuffer('message', message)
  checkMessageBytes(message.length, messageBytesMax)
  const count = fragmentCount(message.length, chunkBytes)
  for (let index = 0; index < count; index += 1) {
    const chunk = Buffer.allocUnsafe(fragmentBytes(message.length, chunkBytes, index))
    writeFragment(chunk, 0, message, chunkBytes, messageId, index)
    yield chunk
  }
}

/** The header at `offset`; `undefined` when it cannot be one of a message of at most `messageBytesMax` bytes. @throws `ERR_OPTION` for what is no Buffer */
export function readFragment(buffer: Buffer, offset: number, length: number, messageBytesMax: number): Fragment | undefined {
  checkBuffer('buffer', buffer)
  if (!Number.isInteger(offset) || !Number.isInteger(length)) return undefined
  if (offset < 0 || length <= FRAGMENT_HEADER_BYTES || length > buffer.length - offset) return undefined
  const index = buffer.readInt32LE(offset + 4)
  const count = buffer.readInt32LE(offset + 8)
  const totalBytes = buffer.readInt32LE(offset + 12)
  const dataBytes = length - FRAGMENT_HEADER_BYTES
  if (totalBytes < 1 || totalBytes > messageBytesMax || count < 1 || count > totalBytes || index < 0 || index >= count)
    return undefined
  // Every fragment but the last tells the size of all of them, and with it their count.
  if (index < count - 1 && Math.ceil(totalBytes / dataBytes) !== count) return undefined
  if (index === count - 1 && (count === 1 ? dataBytes !== totalBytes : dataBytes >= totalBytes)) return undefined
  return { messageId: buffer.readInt32LE(offset), index, count, totalBytes, dataBytes }
}
