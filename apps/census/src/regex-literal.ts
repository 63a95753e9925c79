/** Where a regular expression of JavaScript ends, given that the slash before it opens one. */
import { BACKSLASH, CLOSE_BRACKET, LOWER_A, LOWER_Z, NL, OPEN_BRACKET, SLASH } from './ascii.ts'

/** A longer one is taken for a division. Without a limit, slashes in one long line would each be looked at to its end. */
const REGEX_BYTES_MAX = 2048

// Kinds of bytes. Slashes in long lines make this the hottest loop of all, and it is twice as fast with no imported names in it.
const ORDINARY = 0
const ESCAPE = 1
const CLASS_START = 2
const CLASS_END = 3
const CLOSE = 4
const LINE_END = 5
const KINDS: Uint8Array = new Uint8Array(256).fill(ORDINARY)
KINDS[BACKSLASH] = ESCAPE
KINDS[OPEN_BRACKET] = CLASS_START
KINDS[CLOSE_BRACKET] = CLASS_END
KINDS[SLASH] = CLOSE
KINDS[NL] = LINE_END

/** The end of the regular expression at `at`, behind its flags; `at` when its line ends first, so it is a division after all. */
export function regexEnd(bytes: Buffer, at: number): number {
  let inClass = false
  const end = Math.min(bytes.length, at + REGEX_BYTES_MAX)
  for (let to = at + 1; to < end; to++) {
    const kind = KINDS[bytes[to]!]!
    if (kind === ORDINARY) continue
    if (kind === CLOSE) {
      if (!inClass) return flagsEnd(bytes, to + 1)
    } else if (kind === CLASS_START) inClass = true
    else if (kind === CLASS_END) inClass = false
    else if (kind === LINE_END) return at
    // An escaped byte means nothing, except that no escape leads over the line's end.
    else if (KINDS[bytes[++to]!] === LINE_END) return at
  }
  return at
}

function flagsEnd(bytes: Buffer, at: number): number {
  let to = at
  while (to < bytes.length && bytes[to]! >= LOWER_A && bytes[to]! <= LOWER_Z) to++
  return to
}
