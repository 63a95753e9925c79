/**
 * What each word of JavaScript means for a slash after it, found out once per distinct word: a word that occurs again costs an
 * array access and no comparison of text.
 */
import type { WordTable } from './word-table.ts'

export const ROLE_PLAIN = 0
/** An expression starts after it, so a slash opens a regular expression. */
const ROLE_BEFORE_EXPRESSION = 1
/** A head in parentheses follows, and a statement after that. */
export const ROLE_BEFORE_HEAD = 2

const BEFORE_EXPRESSION: ReadonlySet<string> = new Set(
  'await case delete do else extends in instanceof new of return throw typeof void yield'.split(' '),
)
const BEFORE_HEAD: ReadonlySet<string> = new Set(['for', 'if', 'while', 'with'])
const LENGTH_MAX = Math.max(...[...BEFORE_EXPRESSION, ...BEFORE_HEAD].map((word) => word.length))

export class WordRoles {
  #roles: Uint8Array = new Uint8Array(512)

  /** To be called for each new entry, in order. */
  learn(words: WordTable, entry: number): void {
    if (entry >= this.#roles.length) {
      const larger = new Uint8Array(this.#roles.length * 2)
      larger.set(this.#roles)
      this.#roles = larger
    }
    this.#roles[entry] = roleOf(words, entry)
  }

  of(entry: number): number {
    return this.#roles[entry]!
  }
}

function roleOf(words: WordTable, entry: number): number {
  if (words.lengthOf(entry) > LENGTH_MAX) return ROLE_PLAIN
  const text = words.textOf(entry)
  return BEFORE_EXPRESSION.has(text) ? ROLE_BEFORE_EXPRESSION : BEFORE_HEAD.has(text) ? ROLE_BEFORE_HEAD : ROLE_PLAIN
}
