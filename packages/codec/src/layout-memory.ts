/** The views of one piece of memory that compiled writers and readers work on, and how strings lie in it. */
import { checkBuffer } from './argument-checks.ts'

/** All three over the same bytes, which begin at a multiple of 8. */
export interface LayoutMemory {
  readonly int32: Int32Array
  readonly float64: Float64Array
  readonly buffer: Buffer
}

/** The views of `buffer`; undefined when it does not begin at a multiple of 8. @throws `ERR_OPTION` for what is no Buffer */
export function layoutMemory(buffer: Buffer): LayoutMemory | undefined {
  checkBuffer('buffer', buffer)
  if (buffer.byteOffset % 8 !== 0) return undefined
  return {
    int32: new Int32Array(buffer.buffer, buffer.byteOffset, buffer.length >> 2),
    float64: new Float64Array(buffer.buffer, buffer.byteOffset, buffer.length >> 3),
    buffer,
  }
}

/** Longer strings are written by one call instead of character by character. */
const LOOP_CHARS_MAX = 96

/**
 * Writes `text` at `at`, one byte a character if all of them are Latin-1, else two. Answers the end of its content, or -1 when it would pass
 * `limit`. What to store as its length is `(text.length << 1) | wide`, where `wide` is whether the content took two bytes a character.
 */
export function writeText(buffer: Buffer, at: number, limit: number, text: string): number {
  const length = text.length
  const end = at + length
  if (end > limit) return -1
  if (length > LOOP_CHARS_MAX) return writeLongText(buffer, at, limit, text)
  for (let i = 0; i < length; i += 1) {
    const code = text.charCodeAt(i)
    if (code > 0xff) return writeWideText(buffer, at, limit, text)
    buffer[at + i] = code
  }
  return end
}

function writeLongText(buffer: Buffer, at: number, limit: number, text: string): number {
  // As many bytes of UTF-8 as characters: all of them are ASCII.
  if (Buffer.byteLength(text, 'utf8') !== text.length) return writeWideText(buffer, at, limit, text)
  return at + buffer.write(text, at, 'latin1')
}

function writeWideText(buffer: Buffer, at: number, limit: number, text: string): number {
  const end = at + text.length * 2
  if (end > limit) return -1
  buffer.write(text, at, 'utf16le')
  return end
}

/** What `toString('latin1')` comes to, without its overhead; Node's types leave it out. */
type Latin1Buffer = Buffer & { latin1Slice(start: number, end: number): string }

/** Strings up to this length are looked for among those met before. */
const KEPT_CHARS_MAX = 32
/** A power of two. */
const KEPT_MAX = 512
/** Characters that choose the place of a string among those kept: its last ones differ most. */
const HASHED_CHARS_MAX = 6

/**
 * Reads short strings without making them anew: what people put into messages repeats. Each place keeps the last string that came to it, so the
 * memory is bounded, and a string is only given again after every character was compared.
 */
export class TextReader {
  readonly #kept: string[] = Array.from({ length: KEPT_MAX }, () => '')

  /** `length` characters of a byte each at `at`. */
  read(buffer: Buffer, at: number, length: number): string {
    if (length > KEPT_CHARS_MAX) return (buffer as Latin1Buffer).latin1Slice(at, at + length)
    const end = at + length
    let hash = length
    for (let i = length > HASHED_CHARS_MAX ? end - HASHED_CHARS_MAX : at; i < end; i += 1) {
      hash = (Math.imul(hash, 31) + (buffer[i] as number)) | 0
    }
    const place = (hash ^ (hash >>> 9)) & (KEPT_MAX - 1)
    const kept = this.#kept[place] as string
    if (kept.length === length && isText(buffer, at, kept)) return kept
    const text = (buffer as Latin1Buffer).latin1Slice(at, end)
    this.#kept[place] = text
    return text
  }

  /** `length` characters of two bytes each at `at`. */
  readWide(buffer: Buffer, at: number, length: number): string {
    return buffer.toString('utf16le', at, at + length * 2)
  }
}

function isText(buffer: Buffer, at: number, text: string): boolean {
  for (let i = 0; i < text.length; i += 1) if (text.charCodeAt(i) !== buffer[at + i]) return false
  return true
}
