/**
 * Template literals of JavaScript: a token for each stretch of text. The code between `${` and `}` is read by the tokeniser,
 * which says so for every brace, because only a count of the braces tells which `}` leads back into the text.
 */
import { BACK_QUOTE, BACKSLASH, DOLLAR, NL, OPEN_BRACE } from './ascii.ts'
import { LITERAL_SEED, mixed } from './token-hashes.ts'
import type { LineCounter } from './line-counter.ts'
import type { TokenHashes } from './token-hashes.ts'

/** Template literals within template literals; deeper ones are read as text. */
const DEPTH_MAX = 64

export class TemplateLiterals {
  readonly #lines: LineCounter
  readonly #tokens: TokenHashes
  #bytes: Buffer = Buffer.alloc(0)
  #braces = 0
  #depth = 0
  /** Number of open braces at which each open literal goes on. */
  #resumeAt: Int32Array = new Int32Array(DEPTH_MAX)

  constructor(lines: LineCounter, tokens: TokenHashes) {
    this.#lines = lines
    this.#tokens = tokens
  }

  start(bytes: Buffer): void {
    this.#bytes = bytes
    this.#braces = this.#depth = 0
  }

  openBrace(): void {
    this.#braces++
  }

  /** True when the brace ends the code within a literal, whose text then goes on. */
  closeBrace(): boolean {
    if (this.#depth > 0 && this.#braces === this.#resumeAt[this.#depth - 1]) {
      this.#depth--
      return true
    }
    if (this.#braces > 0) this.#braces--
    return false
  }

  /** Reads text from `at` to behind the back-quote that ends it or the `${` that opens code. */
  text(at: number): number {
    const bytes = this.#bytes
    const end = bytes.length
    let hash = LITERAL_SEED
    this.#lines.markCode()
    let to = at
    while (to < end) {
      const byte = bytes[to]!
      if (byte === BACK_QUOTE) {
        this.#tokens.push(hash)
        return to + 1
      }
      if (byte === DOLLAR && bytes[to + 1] === OPEN_BRACE && this.#depth < DEPTH_MAX) {
        this.#tokens.push(hash)
        this.#tokens.push(OPEN_BRACE)
        this.#resumeAt[this.#depth++] = this.#braces
        return to + 2
      }
      if (byte === NL) {
        this.#lines.end()
        this.#lines.markCode()
      } else if (byte === BACKSLASH && to + 1 < end && bytes[to + 1] !== NL) {
        to++
      }
      hash = mixed(hash, bytes[to]!)
      to++
    }
    this.#tokens.push(hash)
    return end
  }
}
