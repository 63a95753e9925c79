/**
 * Whether a slash of JavaScript divides or opens a regular expression. That is judged by the token before it, with two
 * refinements: a `)` that closes the head of `if`, `while`, `for` or `with` is followed by a statement, and so is a `}` with
 * the slash on a later line. To know it, every token must be told here, in order.
 */
import { CLOSE_BRACE, CLOSE_BRACKET, CLOSE_PAREN, DASH, DOT, OPEN_PAREN, PLUS } from './ascii.ts'
import { ROLE_BEFORE_HEAD, ROLE_PLAIN } from './word-roles.ts'

/** Open parentheses whose head is remembered. */
const PAREN_DEPTH_MAX = 1024

export class SlashContext {
  #afterValue = false
  /** What the last token means if it is a word. */
  #role: number = ROLE_PLAIN
  /** The last token if it is punctuation, else 0; with its place. */
  #mark = 0
  #markAt = 0
  #markLine = 0
  #parenDepth = 0
  #parenIsHead: Uint8Array = new Uint8Array(PAREN_DEPTH_MAX)

  start(): void {
    this.#parenDepth = 0
    this.beforeExpression()
  }

  opensRegex(line: number): boolean {
    return !this.#afterValue || (this.#mark === CLOSE_BRACE && this.#markLine !== line)
  }

  /** Code begins: that of the file, or that within a template literal. */
  beforeExpression(): void {
    this.#afterValue = false
    this.#role = ROLE_PLAIN
    this.#mark = 0
  }

  afterLiteral(): void {
    this.#afterValue = true
    this.#role = ROLE_PLAIN
    this.#mark = 0
  }

  afterWord(role: number): void {
    // After a dot it is the name of a property, whatever it would mean elsewhere.
    this.#role = this.#mark === DOT ? ROLE_PLAIN : role
    this.#afterValue = this.#role === ROLE_PLAIN
    this.#mark = 0
  }

  afterMark(byte: number, at: number, line: number): void {
    let afterValue = byte === CLOSE_BRACKET || byte === CLOSE_BRACE
    if (byte === OPEN_PAREN) {
      if (this.#parenDepth < PAREN_DEPTH_MAX) this.#parenIsHead[this.#parenDepth] = this.#role === ROLE_BEFORE_HEAD ? 1 : 0
      this.#parenDepth++
    } else if (byte === CLOSE_PAREN) {
      afterValue = !this.#closesHead()
    } else if ((byte === PLUS || byte === DASH) && this.#mark === byte && this.#markAt === at - 1) {
      // `i++ / 2` divides; `++ /x/` is no program.
      afterValue = true
    }
    this.#afterValue = afterValue
    this.#role = ROLE_PLAIN
    this.#mark = byte
    this.#markAt = at
    this.#markLine = line
  }

  // What an earlier file or pair left at a depth says nothing about a `)` that nothing opened.
  #closesHead(): boolean {
    if (this.#parenDepth === 0) return false
    this.#parenDepth--
    return this.#parenDepth < PAREN_DEPTH_MAX && this.#parenIsHead[this.#parenDepth] === 1
  }
}
