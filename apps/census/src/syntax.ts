/**
 * How each language is cut into tokens: its comments, its quotes, the bytes of its words, and its keywords.
 *
 * Not recognised, and read as ordinary tokens: raw strings of C++ and Rust, here-documents of the shell, code within HTML
 * and Markdown, and the text between the tags of JSX.
 */
import type { Language } from './classify.ts'

/** `'` and `"`: `line` ends at the line's end, `many` may span lines, `char` lets `'` hold one character only. */
type QuoteRule = 'none' | 'line' | 'many' | 'char' | 'python'

export interface Syntax {
  /** `slashes_not_after_colon`: in SCSS `url(http://…)` needs no quotes. */
  readonly lineComment: 'none' | 'slashes' | 'slashes_not_after_colon' | 'hash' | 'hash_after_space'
  readonly blockComment: 'none' | 'slash_star' | 'markup'
  readonly quotes: QuoteRule
  /** What a back-quote opens. */
  readonly backQuote: 'none' | 'template' | 'raw'
  /** Whether a slash may open a regular expression. */
  readonly regex: boolean
  /** In prose and data no word is an identifier, though words make up the shingles. */
  readonly countsIdentifiers: boolean
  /** Class of each byte: one of SPACE, NEWLINE, WORD, DIGIT, PUNCTUATION, INNER. */
  readonly classes: Uint8Array
  readonly keywords: ReadonlySet<string>
}

export const SPACE = 0
export const NEWLINE = 1
export const WORD = 2
export const DIGIT = 3
const PUNCTUATION = 4
/** Punctuation that goes on a word but does not start one: the dash of CSS. */
export const INNER = 5

const C_KEYWORDS =
  'auto bool break case char const continue default do double else enum extern false float for goto if inline int long ' +
  'register restrict return short signed sizeof static struct switch true typedef union unsigned void volatile while ' +
  'define include ifdef ifndef endif elif undef pragma'
const JAVASCRIPT_KEYWORDS =
  'async await break case catch class const continue debugger default delete do else export extends false finally for ' +
  'from function if import in instanceof let new null of return static super switch this throw true try typeof ' +
  'undefined var void while with yield'

const SYNTAX_OF: Readonly<Record<Language, Syntax>> = {
  C: cLike(C_KEYWORDS),
  'C++': cLike(
    `${C_KEYWORDS} catch class constexpr consteval delete explicit export friend mutable namespace new noexcept nullptr ` +
      'operator override private protected public template this throw try typename using virtual',
  ),
  CSS: syntax({ blockComment: 'slash_star', quotes: 'line', countsIdentifiers: true }, '', '', '-'),
  Go: syntax(
    { lineComment: 'slashes', blockComment: 'slash_star', quotes: 'char', backQuote: 'raw', countsIdentifiers: true },
    '',
    'break case chan const continue default defer else fallthrough false for func go goto if import interface map nil ' +
      'package range return select struct switch true type var',
  ),
  HTML: syntax({ blockComment: 'markup' }, '', '', '-'),
  JSON: syntax({ lineComment: 'slashes', blockComment: 'slash_star', quotes: 'line' }, '', ''),
  Java: cLike(
    'abstract assert boolean break byte case catch char class const continue default do double else enum extends false ' +
      'final finally float for if implements import instanceof int interface long native new null package private ' +
      'protected public return short static super switch synchronized this throw throws transient true try var void ' +
      'volatile while',
  ),
  JavaScript: javaScript(JAVASCRIPT_KEYWORDS),
  Markdown: syntax({ blockComment: 'markup' }, '', ''),
  Python: syntax(
    { lineComment: 'hash', quotes: 'python', countsIdentifiers: true },
    '',
    'False None True and as assert async await break class continue def del elif else except finally for from global if ' +
      'import in is lambda nonlocal not or pass raise return try while with yield',
  ),
  Rust: cLike(
    'as async await break const continue crate dyn else enum extern false fn for if impl in let loop match mod move mut ' +
      'pub ref return self Self static struct super trait true type unsafe use where while',
  ),
  SCSS: syntax(
    { lineComment: 'slashes_not_after_colon', blockComment: 'slash_star', quotes: 'line', countsIdentifiers: true },
    '',
    '',
    '-',
  ),
  Shell: syntax(
    { lineComment: 'hash_after_space', quotes: 'many', countsIdentifiers: true },
    '',
    'case do done elif else esac exit export fi for function if in local return set shift then unset until while',
  ),
  TOML: syntax({ lineComment: 'hash', quotes: 'python', countsIdentifiers: true }, '', 'false true', '-'),
  TypeScript: javaScript(
    `${JAVASCRIPT_KEYWORDS} abstract any as asserts bigint boolean declare enum get implements infer interface is keyof ` +
      'namespace never number object private protected public readonly satisfies set string symbol type unique unknown',
  ),
  // Quotes in YAML open a string only where a value starts, and an apostrophe is common in plain text: they open none.
  YAML: syntax({ lineComment: 'hash_after_space', countsIdentifiers: true }, '', 'false null true', '-'),
}

export function syntaxOf(language: Language): Syntax {
  return SYNTAX_OF[language]
}

function javaScript(keywords: string): Syntax {
  return syntax(
    {
      lineComment: 'slashes',
      blockComment: 'slash_star',
      quotes: 'line',
      backQuote: 'template',
      regex: true,
      countsIdentifiers: true,
    },
    '$',
    keywords,
  )
}

function cLike(keywords: string): Syntax {
  return syntax({ lineComment: 'slashes', blockComment: 'slash_star', quotes: 'char', countsIdentifiers: true }, '', keywords)
}

function syntax(rules: Partial<Syntax>, wordBytes: string, keywords: string, innerBytes = ''): Syntax {
  return {
    lineComment: 'none',
    blockComment: 'none',
    quotes: 'none',
    backQuote: 'none',
    regex: false,
    countsIdentifiers: false,
    ...rules,
    classes: classesOf(wordBytes, innerBytes),
    keywords: new Set(keywords.split(' ')),
  }
}

function classesOf(wordBytes: string, innerBytes: string): Uint8Array {
  const classes = new Uint8Array(256).fill(PUNCTUATION)
  classes.fill(SPACE, 0, 0x21)
  classes[0x0a] = NEWLINE
  classes.fill(DIGIT, 0x30, 0x3a)
  classes.fill(WORD, 0x41, 0x5b)
  classes.fill(WORD, 0x61, 0x7b)
  // Every byte of a character beyond ASCII counts as a letter: words need no decoding to be found.
  classes.fill(WORD, 0x80)
  for (const byte of `_${wordBytes}`) classes[byte.charCodeAt(0)] = WORD
  for (const byte of innerBytes) classes[byte.charCodeAt(0)] = INNER
  return classes
}
