/**
 * Strings and characters, which are one token each, whatever they hold. A string without an end ends with its line, so one
 * stray apostrophe does not swallow the file. A docstring of Python is a string, hence code.
 */
import { BACKSLASH, CR, DOUBLE_QUOTE, NL, QUOTE } from './ascii.ts'
import { LITERAL_SEED, mixed } from './token-hashes.ts'
import type { LineCounter } from './line-counter.ts'
import type { Syntax } from './syntax.ts'
import type { TokenHashes } from './token-hashes.ts'

export class StringLiterals {
  readonly #lines: LineCounter
  readonly #tokens: TokenHashes
  #bytes: Buffer = Buffer.alloc(0)

  constructor(lines: LineCounter, tokens: TokenHashes) {
    this.#lines = lines
    this.#tokens = tokens
  }

  start(bytes: Buffer): void {
    this.#bytes = bytes
  }

  /** Reads what the quote at `at` opens, and gives where it ends; `at` when it opens nothing. */
  quoted(at: number, quote: number, rule: Syntax['quotes']): number {
    switch (rule) {
      case 'none':
        return at
      case 'line':
        return this.#string(at, quote, false, true)
      case 'many':
        return this.#string(at, quote, true, quote === DOUBLE_QUOTE)
      case 'char':
        return quote === QUOTE ? this.#character(at) : this.#string(at, quote, false, true)
      case 'python':
        return this.python(at, quote)
    }
  }

  /** A string that may span lines and in which nothing is escaped. */
  raw(at: number, quote: number): number {
    return this.#string(at, quote, true, false)
  }

  /** A string of Python from its quotes on: one or three of them. */
  python(at: number, quote: number): number {
    const bytes = this.#bytes
    const end = bytes.length
    if (bytes[at + 1] !== quote || bytes[at + 2] !== quote) return this.#string(at, quote, false, true)
    let hash = LITERAL_SEED
    this.#lines.markCode()
    let to = at + 3
    while (to < end) {
      const byte = bytes[to]!
      if (byte === quote && bytes[to + 1] === quote && bytes[to + 2] === quote) {
        to += 3
        break
      }
      if (byte === NL) this.#nextLine()
      else if (byte === BACKSLASH && to + 1 < end && bytes[to + 1] !== NL) to++
      hash = mixed(hash, bytes[to]!)
      to++
    }
    this.#tokens.push(hash)
    return to
  }

  /** Takes [from, to), which has no newline, for one token. */
  whole(from: number, to: number): number {
    const bytes = this.#bytes
    let hash = LITERAL_SEED
    for (let at = from; at < to; at++) hash = mixed(hash, bytes[at]!)
    this.#lines.markCode()
    this.#tokens.push(hash)
    return to
  }

  /** A string from the quote at `at`. It ends with its line unless `isLong` or the line's end is escaped. */
  #string(at: number, quote: number, isLong: boolean, hasEscapes: boolean): number {
    const bytes = this.#bytes
    const end = bytes.length
    let hash = LITERAL_SEED
    this.#lines.markCode()
    let to = at + 1
    while (to < end) {
      const byte = bytes[to]!
      if (byte === quote) {
        to++
        break
      }
      if (byte === NL) {
        if (!isLong) break
        this.#nextLine()
      } else if (byte === BACKSLASH && hasEscapes && to + 1 < end) {
        hash = mixed(hash, byte)
        to++
        if (bytes[to] === CR && bytes[to + 1] === NL) to++
        if (bytes[to] === NL) this.#nextLine()
      }
      hash = mixed(hash, bytes[to]!)
      to++
    }
    this.#tokens.push(hash)
    return to
  }

  /** `'x'` or `'\n'`; an apostrophe that closes on nothing is a lifetime of Rust or plain punctuation. */
  #character(at: number): number {
    const bytes = this.#bytes
    const first = bytes[at + 1]
    if (first === BACKSLASH) return this.#string(at, QUOTE, false, true)
    // One character of UTF-8 has up to four bytes.
    const width = first === undefined || first < 0xc0 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4
    return bytes[at + 1 + width] === QUOTE && first !== NL ? this.whole(at, at + 2 + width) : at
  }

  #nextLine(): void {
    this.#lines.end()
    this.#lines.markCode()
  }
}
