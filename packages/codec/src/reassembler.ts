/**
 * Fragments of one link back to messages: one message at a time, each fragment where it belongs or nowhere.
 *
 * 1. Index 0 begins a message. One that was incomplete is discarded: its sender died in the middle.
 * 2. Any other fragment must be the next one of the message at hand.
 * 3. If it is not, the message at hand and the message of the fragment (which are often the same) are discarded: a
 *    receiver that replaces a dead one comes in at any index, and a damaged header is a missing fragment.
 * 4. A message is counted once, however many of its fragments are skipped.
 */
import { checkFields, checkInteger } from '@cambium/base'
import { FRAGMENT_HEADER_BYTES, MESSAGE_BYTES_MAX, readFragment } from './fragments.ts'
import type { Fragment } from './fragments.ts'

export interface ReassemblerOptions {
  /** Largest message in bytes. @default 67108864 */
  readonly messageBytesMax?: number
}

export interface Reassembler {
  /** Takes one fragment; gives the whole message, in memory of its own, when it was the last. */
  add(buffer: Buffer, offset: number, length: number): Buffer | undefined
  /** Discards the message at hand, if there is one, and counts it. */
  reset(): void
  /** Bytes held for the message at hand. */
  readonly pendingBytes: number
  /** Messages discarded since the beginning. */
  readonly discarded: number
}

/** @throws `ERR_OPTION` */
export function createReassembler(options: ReassemblerOptions = {}): Reassembler {
  checkFields('options', options, ['messageBytesMax'])
  const messageBytesMax = checkInteger('messageBytesMax', options.messageBytesMax, {
    default: MESSAGE_BYTES_MAX,
    min: 1,
    max: 0x7fff_ffff,
  })
  let message: Buffer | undefined
  let head: Fragment | undefined
  let received = 0
  let nextIndex = 0
  let discarded = 0
  /** The message whose fragments are skipped because it is counted already; 'unknown' after a damaged header. */
  let skipped: number | 'unknown' | undefined

  const drop = (): void => {
    message = undefined
    head = undefined
    received = 0
  }

  const begin = (fragment: Fragment): void => {
    if (head !== undefined) discarded += 1
    skipped = undefined
    head = fragment
    message = Buffer.allocUnsafeSlow(fragment.totalBytes)
    received = 0
    nextIndex = 0
  }

  const belongs = (fragment: Fragment): boolean => {
    if (head === undefined || fragment.messageId !== head.messageId || fragment.index !== nextIndex) return false
    if (fragment.count !== head.count || fragment.totalBytes !== head.totalBytes) return false
    const last = fragment.index === fragment.count - 1
    return last ? received + fragment.dataBytes === fragment.totalBytes : fragment.dataBytes === head.dataBytes
  }

  const refuse = (fragment: Fragment | undefined): void => {
    if (head !== undefined) {
      discarded += 1
      skipped = head.messageId
      drop()
    } else if (fragment === undefined) {
      if (skipped === undefined) {
        discarded += 1
        skipped = 'unknown'
      }
    }
    if (fragment === undefined) return
    if (skipped !== 'unknown' && skipped !== fragment.messageId) discarded += 1
    skipped = fragment.messageId
  }

  return {
    add(buffer, offset, length) {
      const fragment = readFragment(buffer, offset, length, messageBytesMax)
      if (fragment?.index === 0) begin(fragment)
      if (fragment === undefined || message === undefined || !belongs(fragment)) {
        refuse(fragment)
        return undefined
      }
      const start = offset + FRAGMENT_HEADER_BYTES
      buffer.copy(message, received, start, start + fragment.dataBytes)
      received += fragment.dataBytes
      nextIndex += 1
      if (nextIndex < fragment.count) return undefined
      const whole = message
      drop()
      return whole
    },
    reset() {
      if (head === undefined) return
      discarded += 1
      skipped = head.messageId
      drop()
    },
    get pendingBytes() {
      return message === undefined ? 0 : message.length
    },
    get discarded() {
      return discarded
    },
  }
}
