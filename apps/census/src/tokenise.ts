/**
 * Cuts the bytes of a source file into tokens: words are counted, every token leaves a 32-bit hash for the shingles, comments
 * leave nothing, and each line is found to be code, comment or blank. It scans bytes, not text: a word is decoded once.
 *
 * Strings are one token each, whatever they hold; a string without an end ends with its line, so one stray apostrophe
 * does not swallow the file. A template literal is a token for each stretch of text, with the code between `${` and `}` read
 * as code. A docstring of Python is a string, hence code.
 *
 * Whether a slash opens a regular expression is judged by the token before it, with two refinements: a `)` that closes the head
 * of `if`, `while`, `for` or `with` is followed by a statement, and so is a `}` with the slash on a later line.
 */
import { DIGIT, INNER, NEWLINE, SPACE, WORD } from './syntax.ts'
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
/** Template literals within template literals; deeper ones are read as text. */
const TEMPLATE_DEPTH_MAX = 64
/** A longer one is taken for a division. Without a limit, slashes in one long line would each be looked at to its end. */
const REGEX_BYTES_MAX = 2048
/** Open parentheses whose head is remembered. */
const PAREN_DEPTH_MAX = 1024

const FNV_BASIS = 0x811c9dc5 | 0
const FNV_PRIME = 0x01000193
const NUMBER_SEED = 0x2c1b3c6d
const STRING_SEED = 0x297a2d39

const TAB = 0x09
const NL = 0x0a
const CR = 0x0d
const BLANK = 0x20
const BANG = 0x21
const DOUBLE_QUOTE = 0x22
const HASH = 0x23
const DOLLAR = 0x24
const QUOTE = 0x27
const OPEN_PAREN = 0x28
const CLOSE_PAREN = 0x29
const STAR = 0x2a
const PLUS = 0x2b
const DASH = 0x2d
const DOT = 0x2e
const SLASH = 0x2f
const COLON = 0x3a
const LESS = 0x3c
const GREATER = 0x3e
const OPEN_BRACKET = 0x5b
const BACKSLASH = 0x5c
const CLOSE_BRACKET = 0x5d
const BACK_QUOTE = 0x60
const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d

/** Words of JavaScript after which an expression starts, so a slash opens a regular expression. */
const BEFORE_EXPRESSION: ReadonlySet<string> = new Set(
  'await case delete do else extends in instanceof new of return throw typeof void yield'.split(' '),
)
const BEFORE_HEAD: ReadonlySet<string> = new Set(['for', 'if', 'while', 'with'])
const STRING_PREFIXES: ReadonlySet<string> = new Set('b br f fr r rb rf u'.split(' '))

const ROLE_PLAIN = 0
const ROLE_BEFORE_EXPRESSION = 1
const ROLE_BEFORE_HEAD = 2

export function createTokeniser(): Tokeniser {
  const scanner = new Scanner()
  return {
    scan: (bytes, syntax) => scanner.scan(bytes, syntax),
    tokens: () => scanner.tokens(),
    identifiers: () => scanner.identifiers(),
  }
}

class Scanner {
  #words = new WordTable()
  /** By word entry: what the word means for a slash after it. */
  #roles: Uint8Array = new Uint8Array(512)
  #hashes: Int32Array = new Int32Array(4096)
  #count = 0
  #bytes: Buffer = Buffer.alloc(0)
  #end = 0
  #syntax: Syntax | undefined = undefined

  #lines = 0
  #codeLines = 0
  #commentLines = 0
  #hasCode = false
  #hasComment = false

  /** A value was read last, so a slash divides. */
  #afterValue = false
  #afterClosingBrace = false
  #lastRole: number = ROLE_PLAIN
  #lastByte = 0
  #parenDepth = 0
  #parenIsHead: Uint8Array = new Uint8Array(PAREN_DEPTH_MAX)
  #braceDepth = 0
  #templateDepth = 0
  /** Brace depth at which each open template literal goes on. */
  #templates: Int32Array = new Int32Array(TEMPLATE_DEPTH_MAX)

  scan(bytes: Buffer, syntax: Syntax): TokenCounts {
    this.#bytes = bytes
    this.#end = bytes.length
    this.#syntax = syntax
    this.#words.start(bytes)
    this.#count = this.#lines = this.#codeLines = this.#commentLines = 0
    this.#hasCode = this.#hasComment = this.#afterValue = this.#afterClosingBrace = false
    this.#lastRole = ROLE_PLAIN
    this.#lastByte = this.#parenDepth = this.#braceDepth = this.#templateDepth = 0

    this.#run(syntax)

    if (bytes.length > 0 && bytes[bytes.length - 1] !== NL) this.#endLine()
    return {
      lines: this.#lines,
      codeLines: this.#codeLines,
      commentLines: this.#commentLines,
      blankLines: this.#lines - this.#codeLines - this.#commentLines,
      tokens: this.#count,
    }
  }

  tokens(): Int32Array {
    return this.#hashes.subarray(0, this.#count)
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
    const end = this.#end
    const classes = syntax.classes
    const hasByteOrderMark = end >= 3 && bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf
    let at = hasByteOrderMark ? 3 : 0
    if (bytes[at] === HASH && bytes[at + 1] === BANG && syntax.regex) at = this.#skipLineComment(at)
    while (at < end) {
      const byte = bytes[at]!
      switch (classes[byte]) {
        case SPACE:
          at++
          break
        case NEWLINE:
          this.#endLine()
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
    const end = this.#end
    const classes = syntax.classes
    let hash = FNV_BASIS
    let at = start
    while (at < end) {
      const byte = bytes[at]!
      const kind = classes[byte]
      if (kind !== WORD && kind !== DIGIT && kind !== INNER) break
      hash = Math.imul(hash ^ byte, FNV_PRIME)
      at++
    }
    if (syntax.quotes === 'python' && at - start <= 2 && (bytes[at] === QUOTE || bytes[at] === DOUBLE_QUOTE)) {
      if (STRING_PREFIXES.has(bytes.toString('latin1', start, at).toLowerCase())) return this.#pythonString(at, bytes[at]!)
    }
    const words = this.#words
    const known = words.size
    const entry = words.entryOf(start, at, hash)
    if (entry === known && syntax.regex) this.#roles = withRole(this.#roles, entry, roleOf(words, entry))
    words.count(entry)
    // After a dot it is the name of a property, whatever it would mean elsewhere.
    const role = syntax.regex && this.#lastByte !== DOT ? this.#roles[entry]! : ROLE_PLAIN
    this.#push(hash)
    this.#afterValue = role === ROLE_PLAIN
    this.#lastRole = role
    return at
  }

  #number(start: number, classes: Uint8Array): number {
    const bytes = this.#bytes
    const end = this.#end
    let hash = NUMBER_SEED
    let at = start
    while (at < end) {
      const byte = bytes[at]!
      const kind = classes[byte]
      if (kind !== DIGIT && kind !== WORD && byte !== DOT) break
      hash = Math.imul(hash ^ byte, FNV_PRIME)
      at++
    }
    this.#push(hash)
    this.#afterValue = true
    return at
  }

  #punctuation(at: number, byte: number, syntax: Syntax): number {
    const next = this.#bytes[at + 1]
    switch (byte) {
      case SLASH:
        if (next === STAR && syntax.blockComment === 'slash_star') return this.#skipBlockComment(at + 2, STAR, SLASH, 0)
        if (next === SLASH && this.#slashesComment(at, syntax)) return this.#skipLineComment(at)
        if (syntax.regex && (!this.#afterValue || this.#afterClosingBrace)) {
          const close = this.#regexEnd(at)
          if (close > 0) return this.#text(at, close)
        }
        break
      case HASH:
        if (syntax.lineComment === 'hash' || (syntax.lineComment === 'hash_after_space' && this.#startsWord(at))) {
          return this.#skipLineComment(at)
        }
        break
      case LESS:
        if (syntax.blockComment === 'markup' && next === BANG && this.#bytes[at + 2] === DASH && this.#bytes[at + 3] === DASH) {
          return this.#skipBlockComment(at + 4, DASH, DASH, GREATER)
        }
        break
      case QUOTE:
        if (syntax.quotes === 'char') return this.#character(at)
        if (syntax.quotes === 'python') return this.#pythonString(at, byte)
        if (syntax.quotes !== 'none') return this.#string(at, byte, syntax.quotes === 'many', syntax.quotes !== 'many')
        break
      case DOUBLE_QUOTE:
        if (syntax.quotes === 'python') return this.#pythonString(at, byte)
        if (syntax.quotes !== 'none') return this.#string(at, byte, syntax.quotes === 'many', true)
        break
      case BACK_QUOTE:
        if (syntax.backQuote === 'template') return this.#template(at + 1)
        if (syntax.backQuote === 'raw') return this.#string(at, byte, true, false)
        break
      case BACKSLASH:
        // An escaped quote or hash of the shell opens nothing.
        if (syntax.quotes === 'many' && next !== undefined && next !== NL) {
          this.#push(byte)
          return at + 2
        }
        break
      case OPEN_BRACE:
        this.#braceDepth++
        break
      case CLOSE_BRACE:
        if (this.#templateDepth > 0 && this.#braceDepth === this.#templates[this.#templateDepth - 1]) {
          this.#templateDepth--
          this.#push(byte)
          return this.#template(at + 1)
        }
        if (this.#braceDepth > 0) this.#braceDepth--
        break
    }
    return this.#operator(at, byte)
  }

  #operator(at: number, byte: number): number {
    let afterValue = byte === CLOSE_BRACKET || byte === CLOSE_BRACE
    if (byte === OPEN_PAREN) {
      if (this.#parenDepth < PAREN_DEPTH_MAX) this.#parenIsHead[this.#parenDepth] = this.#lastRole === ROLE_BEFORE_HEAD ? 1 : 0
      this.#parenDepth++
    } else if (byte === CLOSE_PAREN) {
      if (this.#parenDepth > 0) this.#parenDepth--
      afterValue = this.#parenDepth >= PAREN_DEPTH_MAX || this.#parenIsHead[this.#parenDepth] === 0
    } else if ((byte === PLUS || byte === DASH) && this.#lastByte === byte && this.#bytes[at - 1] === byte) {
      // `i++ / 2` divides; `++ /x/` is no program.
      afterValue = true
    }
    this.#push(byte)
    this.#afterValue = afterValue
    this.#lastByte = byte
    return at + 1
  }

  /** A string from the quote at `at`. It ends with its line unless `isLong` or the line's end is escaped. */
  #string(at: number, quote: number, isLong: boolean, hasEscapes: boolean): number {
    const bytes = this.#bytes
    const end = this.#end
    let hash = STRING_SEED
    this.#hasCode = true
    let to = at + 1
    while (to < end) {
      const byte = bytes[to]!
      if (byte === quote) {
        to++
        break
      }
      if (byte === NL) {
        if (!isLong) break
        this.#endLine()
        this.#hasCode = true
      } else if (byte === BACKSLASH && hasEscapes && to + 1 < end) {
        hash = Math.imul(hash ^ byte, FNV_PRIME)
        to++
        if (bytes[to] === CR && bytes[to + 1] === NL) to++
        if (bytes[to] === NL) {
          this.#endLine()
          this.#hasCode = true
        }
      }
      hash = Math.imul(hash ^ bytes[to]!, FNV_PRIME)
      to++
    }
    this.#push(hash)
    this.#afterValue = true
    return to
  }

  #pythonString(at: number, quote: number): number {
    const bytes = this.#bytes
    if (bytes[at + 1] !== quote || bytes[at + 2] !== quote) return this.#string(at, quote, false, true)
    let hash = STRING_SEED
    this.#hasCode = true
    let to = at + 3
    while (to < this.#end) {
      const byte = bytes[to]!
      if (byte === quote && bytes[to + 1] === quote && bytes[to + 2] === quote) {
        to += 3
        break
      }
      if (byte === NL) {
        this.#endLine()
        this.#hasCode = true
      } else if (byte === BACKSLASH && to + 1 < this.#end && bytes[to + 1] !== NL) {
        to++
      }
      hash = Math.imul(hash ^ bytes[to]!, FNV_PRIME)
      to++
    }
    this.#push(hash)
    this.#afterValue = true
    return to
  }

  /** `'x'` or `'\n'`; an apostrophe that closes on nothing is a lifetime of Rust or plain punctuation. */
  #character(at: number): number {
    const bytes = this.#bytes
    const first = bytes[at + 1]
    if (first === BACKSLASH) return this.#string(at, QUOTE, false, true)
    // One character of UTF-8 has up to four bytes.
    const width = first === undefined || first < 0xc0 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4
    if (bytes[at + 1 + width] === QUOTE && first !== NL) return this.#text(at, at + 2 + width)
    return this.#operator(at, QUOTE)
  }

  /** Text of a template literal from `at`, up to its end or to the code within it. */
  #template(at: number): number {
    const bytes = this.#bytes
    const end = this.#end
    let hash = STRING_SEED
    this.#hasCode = true
    let to = at
    while (to < end) {
      const byte = bytes[to]!
      if (byte === BACK_QUOTE) {
        this.#push(hash)
        this.#afterValue = true
        return to + 1
      }
      if (byte === DOLLAR && bytes[to + 1] === OPEN_BRACE && this.#templateDepth < TEMPLATE_DEPTH_MAX) {
        this.#push(hash)
        this.#push(OPEN_BRACE)
        this.#templates[this.#templateDepth++] = this.#braceDepth
        this.#afterValue = false
        return to + 2
      }
      if (byte === NL) {
        this.#endLine()
        this.#hasCode = true
      } else if (byte === BACKSLASH && to + 1 < end && bytes[to + 1] !== NL) {
        to++
      }
      hash = Math.imul(hash ^ bytes[to]!, FNV_PRIME)
      to++
    }
    this.#push(hash)
    return end
  }

  /** Where the regular expression at `at` ends, flags left out; 0 when its line ends first, so it is a division. */
  #regexEnd(at: number): number {
    const bytes = this.#bytes
    let inClass = false
    const end = Math.min(this.#end, at + REGEX_BYTES_MAX)
    for (let to = at + 1; to < end; to++) {
      const byte = bytes[to]!
      if (byte === NL) return 0
      if (byte === BACKSLASH) to++
      else if (byte === OPEN_BRACKET) inClass = true
      else if (byte === CLOSE_BRACKET) inClass = false
      else if (byte === SLASH && !inClass) return this.#flagsEnd(to + 1)
      if (bytes[to] === NL) return 0
    }
    return 0
  }

  #flagsEnd(at: number): number {
    let to = at
    while (to < this.#end && this.#bytes[to]! >= 0x61 && this.#bytes[to]! <= 0x7a) to++
    return to
  }

  /** One token over [from, to), which has no newline. */
  #text(from: number, to: number): number {
    let hash = STRING_SEED
    for (let at = from; at < to; at++) hash = Math.imul(hash ^ this.#bytes[at]!, FNV_PRIME)
    this.#push(hash)
    this.#afterValue = true
    return to
  }

  #skipLineComment(at: number): number {
    this.#hasComment = true
    const newline = this.#bytes.indexOf(NL, at)
    return newline < 0 ? this.#end : newline
  }

  /** Skips to behind the closing bytes; `third` is 0 where two close it. */
  #skipBlockComment(at: number, first: number, second: number, third: number): number {
    const bytes = this.#bytes
    const end = this.#end
    this.#hasComment = true
    for (let to = at; to < end; to++) {
      const byte = bytes[to]!
      if (byte === first && bytes[to + 1] === second && (third === 0 || bytes[to + 2] === third)) {
        return to + (third === 0 ? 2 : 3)
      }
      if (byte === NL) {
        this.#endLine()
        this.#hasComment = true
      }
    }
    return end
  }

  #slashesComment(at: number, syntax: Syntax): boolean {
    if (syntax.lineComment === 'slashes') return true
    return syntax.lineComment === 'slashes_not_after_colon' && this.#bytes[at - 1] !== COLON
  }

  #startsWord(at: number): boolean {
    const before = at === 0 ? NL : this.#bytes[at - 1]!
    return before === NL || before === BLANK || before === TAB || before === CR
  }

  #push(hash: number): void {
    if (this.#count === this.#hashes.length) {
      const larger = new Int32Array(this.#hashes.length * 2)
      larger.set(this.#hashes)
      this.#hashes = larger
    }
    this.#hashes[this.#count++] = hash
    this.#hasCode = true
    this.#lastRole = ROLE_PLAIN
    this.#lastByte = 0
    this.#afterClosingBrace = false
  }

  #endLine(): void {
    this.#lines++
    if (this.#hasCode) this.#codeLines++
    else if (this.#hasComment) this.#commentLines++
    this.#hasCode = this.#hasComment = false
    this.#afterClosingBrace = this.#lastByte === CLOSE_BRACE
  }
}

function roleOf(words: WordTable, entry: number): number {
  if (words.lengthOf(entry) > 10) return ROLE_PLAIN
  const text = words.textOf(entry)
  return BEFORE_EXPRESSION.has(text) ? ROLE_BEFORE_EXPRESSION : BEFORE_HEAD.has(text) ? ROLE_BEFORE_HEAD : ROLE_PLAIN
}

function withRole(roles: Uint8Array, entry: number, role: number): Uint8Array {
  let roomy = roles
  if (entry >= roles.length) {
    roomy = new Uint8Array(roles.length * 2)
    roomy.set(roles)
  }
  roomy[entry] = role
  return roomy
}
