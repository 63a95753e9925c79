/** Comments: which bytes open one by the rules of a syntax, and where it ends. They leave a mark on their lines and no token. */
import { BANG, BLANK, COLON, CR, DASH, GREATER, HASH, LESS, NL, SLASH, STAR, TAB } from './ascii.ts'
import type { LineCounter } from './line-counter.ts'
import type { Syntax } from './syntax.ts'

/** The end of the comment that the `/`, `#` or `<` at `at` opens; `at` when it opens none. */
export function skipComment(bytes: Buffer, at: number, syntax: Syntax, lines: LineCounter): number {
  const byte = bytes[at]!
  const next = bytes[at + 1]
  switch (byte) {
    case SLASH:
      if (next === STAR && syntax.blockComment === 'slash_star') return skipBlockComment(bytes, at + 2, STAR, SLASH, lines)
      if (next === SLASH && slashesOpen(bytes, at, syntax)) return skipLineComment(bytes, at, lines)
      break
    case HASH:
      if (hashOpens(bytes, at, syntax)) return skipLineComment(bytes, at, lines)
      break
    case LESS:
      if (syntax.blockComment === 'markup' && next === BANG && bytes[at + 2] === DASH && bytes[at + 3] === DASH) {
        return skipBlockComment(bytes, at + 4, DASH, GREATER, lines)
      }
      break
  }
  return at
}

/** The newline that ends the line of `at`, or the end of the file. */
export function skipLineComment(bytes: Buffer, at: number, lines: LineCounter): number {
  lines.markComment()
  const newline = bytes.indexOf(NL, at)
  return newline < 0 ? bytes.length : newline
}

/** Skips to behind `*` and `/`, or `-`, `-` and `>`. */
function skipBlockComment(bytes: Buffer, at: number, first: number, last: number, lines: LineCounter): number {
  const end = bytes.length
  lines.markComment()
  for (let to = at; to < end; to++) {
    const byte = bytes[to]!
    if (byte === first) {
      if (last === SLASH && bytes[to + 1] === SLASH) return to + 2
      if (last === GREATER && bytes[to + 1] === DASH && bytes[to + 2] === GREATER) return to + 3
    } else if (byte === NL) {
      lines.end()
      lines.markComment()
    }
  }
  return end
}

function slashesOpen(bytes: Buffer, at: number, syntax: Syntax): boolean {
  if (syntax.lineComment === 'slashes') return true
  return syntax.lineComment === 'slashes_not_after_colon' && bytes[at - 1] !== COLON
}

function hashOpens(bytes: Buffer, at: number, syntax: Syntax): boolean {
  if (syntax.lineComment === 'hash') return true
  if (syntax.lineComment !== 'hash_after_space') return false
  const before = at === 0 ? NL : bytes[at - 1]!
  return before === NL || before === BLANK || before === TAB || before === CR
}
