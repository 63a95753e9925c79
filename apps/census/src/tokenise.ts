/**
 * Cuts the bytes of a source file into tokens: words are counted, every token leaves a 32-bit hash for the shingles, comments
 * leave nothing, and each line is found to be code, comment or blank. It scans bytes, not text: a word is decoded once.
 */
import { BACK_QUOTE, BACKSLASH, BANG, CLOSE_BRACE, DOT, DOUBLE_QUOTE, HASH, LESS, NL, OPEN_BRACE, QUOTE, SLASH } from './ascii.ts'
import { skipComment, skipLineComment } from './comments.ts'
import { LineCounter } from './line-counter.ts'
import { regexEnd } from './regex-literal.ts'
import { SlashContext } from './slash-context.ts'
import { StringLiterals } from './string-literals.ts'
import { DIGIT, INNER, NEWLINE, SPACE, WORD } from './syntax.ts'
import { TemplateLiterals } from './template-literals.ts'
import { mixed, NUMBER_SEED, TokenHashes, WORD_SEED } from './token-hashes.ts'
import { WordRoles } from './word-roles.ts'
import { WordTable } from './word-table.ts'
import type { Syntax } from './syntax.ts'

export interface TokenCounts {
  readonly lines: number
  readonly codeLines: number
  /** Lines with a comment and nothing else. */
  readonly commentLines: number
  readonly blankLines: number
  readonly tokens: number
}

export interface Tokeniser {
  /** Reads one file. What {@link tokens} and {@link identifiers} give holds until the next scan. */
  readonly scan: (bytes: Buffer, syntax: Syntax) => TokenCounts
  /** Hashes of the tokens in order. */
  readonly tokens: () => Int32Array
  /** Words that are no keywords, with their counts. Empty for prose and data. */
  readonly identifiers: () => Map<string, number>
}

/** Longer words (encoded data, mostly) are tokens and no identifiers. In bytes. */
export const IDENTIFIER_BYTES_MAX = 128

const STRING_PREFIXES: ReadonlySet<string> = new Set('b br f fr r rb rf u'.split(' '))

export function createTokeniser(): Tokeniser {
  const scanner = new Scanner()
  return {
    scan: (bytes, syntax) => scanner.scan(bytes, syntax),
    tokens: () => scanner.tokens(),
    identifiers: () => scanner.identifiers(),
  }
}

class Scanner {
  readonly #words = new WordTable()
  readonly #roles = new WordRoles()
  readonly #slash = new SlashContext()
  readonly #lines = new LineCounter()
  readonly #tokens = new TokenHashes()
  readonly #strings = new StringLiterals(this.#lines, this.#tokens)
  readonly #templates = new TemplateLiterals(this.#lines, this.#tokens)
  #bytes: Buffer = Buffer.alloc(0)
  #syntax: Syntax | undefined = undefined

  scan(bytes: Buffer, syntax: Syntax): TokenCounts {
    const lines = this.#lines
    this.#bytes = bytes
    this.#syntax = syntax
    this.#words.start(bytes)
    this.#slash.start()
    lines.start()
    this.#tokens.start()
    this.#strings.start(bytes)
    this.#templates.start(bytes)

    this.#run(syntax)

    if (bytes.length > 0 && bytes[bytes.length - 1] !== NL) lines.end()
    return {
      lines: lines.ended,
      codeLines: lines.code,
      commentLines: lines.comment,
      blankLines: lines.ended - lines.code - lines.comment,
      tokens: this.#tokens.size,
    }
  }

  tokens(): Int32Array {
    return this.#tokens.inOrder()
  }

  identifiers(): Map<string, number> {
    const found = new Map<string, number>()
    const syntax = this.#syntax
    if (syntax === undefined || !syntax.countsIdentifiers) return found
    const words = this.#words
    for (let entry = 0; entry < words.size; entry++) {
      const count = words.countOf(entry)
      if (count === 0 || words.lengthOf(entry) > IDENTIFIER_BYTES_MAX) continue
      const text = words.textOf(entry)
      // Two byte sequences that are not UTF-8 may decode to one text, so this adds.
      if (!syntax.keywords.has(text)) found.set(text, (found.get(text) ?? 0) + count)
    }
    return found
  }

  #run(syntax: Syntax): void {
    const bytes = this.#bytes
    const end = bytes.length
    const classes = syntax.classes
    const hasByteOrderMark = end >= 3 && bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf
    let at = hasByteOrderMark ? 3 : 0
    if (bytes[at] === HASH && bytes[at + 1] === BANG && syntax.regex) at = skipLineComment(bytes, at, this.#lines)
    while (at < end) {
      const byte = bytes[at]!
      switch (classes[byte]) {
        case SPACE:
          at++
          break
        case NEWLINE:
          this.#lines.end()
          at++
          break
        case WORD:
          at = this.#word(at, syntax)
          break
        case DIGIT:
          at = this.#number(at, classes)
          break
        default:
          at = this.#punctuation(at, byte, syntax)
      }
    }
  }

  #word(start: number, syntax: Syntax): number {
    const bytes = this.#bytes
    const end = bytes.length
    const classes = syntax.classes
    let hash = WORD_SEED
    let at = start
    while (at < end) {
      const byte = bytes[at]!
      const kind = classes[byte]
      if (kind !== WORD && kind !== DIGIT && kind !== INNER) break
      hash = mixed(hash, byte)
      at++
    }
    if (syntax.quotes === 'python' && at - start <= 2 && (bytes[at] === QUOTE || bytes[at] === DOUBLE_QUOTE)) {
      if (STRING_PREFIXES.has(bytes.toString('latin1', start, at).toLowerCase())) return this.#strings.python(at, bytes[at]!)
    }
    const words = this.#words
    const known = words.size
    const entry = words.entryOf(start, at, hash)
    words.count(entry)
    this.#push(hash)
    if (syntax.regex) {
      if (entry === known) this.#roles.learn(words, entry)
      this.#slash.afterWord(this.#roles.of(entry))
    }
    return at
  }

  #number(start: number, classes: Uint8Array): number {
    const bytes = this.#bytes
    const end = bytes.length
    let hash = NUMBER_SEED
    let at = start
    while (at < end) {
      const byte = bytes[at]!
      const kind = classes[byte]
      if (kind !== DIGIT && kind !== WORD && byte !== DOT) break
      hash = mixed(hash, byte)
      at++
    }
    this.#push(hash)
    this.#slash.afterLiteral()
    return at
  }

  #punctuation(at: number, byte: number, syntax: Syntax): number {
    const bytes = this.#bytes
    let to = at
    switch (byte) {
      case SLASH:
        to = skipComment(bytes, at, syntax, this.#lines)
        if (to > at) return to
        if (syntax.regex && this.#slash.opensRegex(this.#lines.ended)) to = regexEnd(bytes, at)
        return to > at ? this.#literal(this.#strings.whole(at, to)) : this.#mark(at, byte, syntax)
      case HASH:
      case LESS:
        to = skipComment(bytes, at, syntax, this.#lines)
        return to > at ? to : this.#mark(at, byte, syntax)
      case QUOTE:
      case DOUBLE_QUOTE:
        to = this.#strings.quoted(at, byte, syntax.quotes)
        return to > at ? this.#literal(to) : this.#mark(at, byte, syntax)
      case BACK_QUOTE:
        if (syntax.backQuote === 'template') return this.#template(at + 1)
        return syntax.backQuote === 'raw' ? this.#strings.raw(at, byte) : this.#mark(at, byte, syntax)
      case BACKSLASH:
        // An escaped quote or hash of the shell opens nothing.
        if (syntax.quotes !== 'many' || at + 1 === bytes.length || bytes[at + 1] === NL) return this.#mark(at, byte, syntax)
        this.#push(byte)
        return at + 2
      case OPEN_BRACE:
        this.#templates.openBrace()
        return this.#mark(at, byte, syntax)
      case CLOSE_BRACE:
        if (!this.#templates.closeBrace()) return this.#mark(at, byte, syntax)
        this.#push(byte)
        return this.#template(at + 1)
      default:
        return this.#mark(at, byte, syntax)
    }
  }

  #mark(at: number, byte: number, syntax: Syntax): number {
    this.#push(byte)
    if (syntax.regex) this.#slash.afterMark(byte, at, this.#lines.ended)
    return at + 1
  }

  #literal(end: number): number {
    this.#slash.afterLiteral()
    return end
  }

  #template(at: number): number {
    const to = this.#templates.text(at)
    if (this.#bytes[to - 1] === OPEN_BRACE) this.#slash.beforeExpression()
    else this.#slash.afterLiteral()
    return to
  }

  #push(hash: number): void {
    this.#tokens.push(hash)
    this.#lines.markCode()
  }
}
