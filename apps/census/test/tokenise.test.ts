/** The tokeniser by small cases: what counts as an identifier, what is hidden in strings and comments, and which line is what. */
import { expect, test } from 'vitest'
import { syntaxOf } from '../src/syntax.ts'
import { createTokeniser, IDENTIFIER_BYTES_MAX } from '../src/tokenise.ts'
import type { Language } from '../src/classify.ts'
import type { TokenCounts } from '../src/tokenise.ts'

const tokeniser = createTokeniser()

function scan(language: Language, source: string): TokenCounts {
  return tokeniser.scan(Buffer.from(source), syntaxOf(language))
}

function identifiers(language: Language, source: string): Record<string, number> {
  scan(language, source)
  return Object.fromEntries([...tokeniser.identifiers()].sort(([left], [right]) => (left < right ? -1 : 1)))
}

test.each<[string, string, string]>([
  ['keywords and strings', `const alpha = 'beta' + "gamma" // delta`, 'alpha'],
  ['escaped quotes', String.raw`f('it\'s', "\"x\\") + g`, 'f g'],
  ['a string without an end ends with its line', `one = 'two\nthree`, 'one three'],
  ['a string that goes on in the next line', `one = 'two\\\nthree' + four`, 'four one'],
  ['the same with CRLF', `one = 'two\\\r\nthree' + four`, 'four one'],
  ['comments of both kinds', `a /* b ' */ c // d '\ne`, 'a c e'],
  ['a comment without an end', `a /* b`, 'a'],
  ['templates with code', 'a`text ${b + `inner ${c} text`} more` + d', 'a b c d'],
  ['braces within the code of a template', 'x`${ {k: [y].map((z) => { w }) } } text`', 'k map w x y z'],
  ['an escaped template', 'a`\\` ${b} \\${c}` + d', 'a b d'],
  ['a template of several lines', 'a`\n text \n` + b', 'a b'],
  ['a regular expression', `a = /b'c"[/]d\\/e/gi.exec(f)`, 'a exec f'],
  ['a regular expression after return', `return /a'/.test(b)`, 'b test'],
  ['a regular expression after the head of an if', `if (a) /b'/.test(c)`, 'a c test'],
  ['a regular expression in a line after a block', `{ a }\n/b'/.test(c)`, 'a c test'],
  ['divisions', `a / b / c; (d) / e / f; g[0] / h / 2; i++ / j / 'k'`, 'a b c d e f g h i j'],
  ['a division after an object', `x = {a: 1} / b / c`, 'a b c x'],
  ['a keyword as a property does not open a regular expression', `a.in / b / c`, 'a b c'],
  ['a slash alone is no regular expression', `a = /\nb`, 'a b'],
  ['private names, dollars and letters beyond ASCII', `#secret; $el; über; 名前`, '$el secret über 名前'],
  ['a shebang', '#!/usr/bin/env node\na', 'a'],
  ['a byte order mark', '\uFEFFa', 'a'],
  [
    'names of object prototypes',
    'constructor.__proto__.hasOwnProperty(toString)',
    '__proto__ constructor hasOwnProperty toString',
  ],
])('JavaScript: %s', (_, source, expected) => {
  expect(Object.keys(identifiers('JavaScript', source)).join(' ')).toBe(expected)
})

test.each<[string, Language, string, string]>([
  ['characters and lifetimes', 'Rust', `fn f<'a>(x: &'a str) { '"' ; '\\'' ; 'é' ; y }`, 'a f str x y'],
  ['characters', 'C', `char c = '"'; d = '\\''; e`, 'c d e'],
  ['raw strings', 'Go', 'a := `b "\n c\\` + d', 'a d'],
  ['strings of three quotes', 'Python', `a = """b 'c' "d"\n# e\n""" + f # g`, 'a f'],
  ['prefixes of strings', 'Python', `a = rb'b' + f"c" + d`, 'a d'],
  ['an apostrophe in a comment', 'Python', `# don't\na`, 'a'],
  ['a hash within a word', 'Shell', 'echo $# ${#list} a#b # c', 'a b echo list'],
  ['strings over lines', 'Shell', `a='b\nc' d \\'e`, 'a d e'],
  ['dashes', 'CSS', `.a-b { --c-d: e "f" } /* g */`, 'a-b c-d e'],
  ['a line comment, and an address', 'SCSS', `$a: url(http://b.c) // d\ne`, 'a b c e http url'],
  ['a comment right after a colon', 'C', 'case a:// b\nc', 'a c'],
  ['apostrophes in plain text', 'YAML', `a-b: it's fine # c\nd: e`, 'a-b d e fine it s'],
])('%s in %s', (_, language, source, expected) => {
  expect(Object.keys(identifiers(language, source)).join(' ')).toBe(expected)
})

test('identifiers are counted, and keywords of another language are identifiers', () => {
  expect(identifiers('JavaScript', 'a; b; a; interface')).toEqual({ a: 2, b: 1, interface: 1 })
  expect(identifiers('TypeScript', 'a; b; a; interface')).toEqual({ a: 2, b: 1 })
})

test('prose and data have tokens and no identifiers', () => {
  expect(scan('Markdown', 'some words <!-- hidden --> here').tokens).toBe(3)
  expect(tokeniser.identifiers().size).toBe(0)
  expect(scan('JSON', '{"a": [1, true]}').tokens).toBe(9)
  expect(tokeniser.identifiers().size).toBe(0)
})

test('words beyond the limit are tokens and no identifiers', () => {
  const longest = 'a'.repeat(IDENTIFIER_BYTES_MAX)
  expect(identifiers('JavaScript', `${longest}; ${longest}b`)).toEqual({ [longest]: 1 })
})

test('lines are code, comment or blank, and the last needs no newline', () => {
  const source = ['/* one', '', ' two */', 'code() // three', '', '`text', '', '`', '// four'].join('\n')
  expect(scan('JavaScript', source)).toMatchObject({ lines: 9, codeLines: 4, commentLines: 4, blankLines: 1 })
  expect(scan('JavaScript', `${source}\n`)).toMatchObject({ lines: 9 })
  expect(scan('JavaScript', '')).toMatchObject({ lines: 0, tokens: 0 })
  expect(scan('JavaScript', '\r\na\r\n')).toMatchObject({ lines: 2, codeLines: 1, blankLines: 1 })
})

test('comments and layout leave no trace in the tokens, strings do', () => {
  const tokensOf = (source: string): string => {
    scan('JavaScript', source)
    return tokeniser.tokens().join()
  }
  const plain = tokensOf('f(a, "x")')
  expect(tokensOf('f( a,\n /* b */ "x" ) // c')).toBe(plain)
  expect(tokensOf('f(a, "y")')).not.toBe(plain)
})

test('a file with more words and tokens than any buffer starts with is counted in full, and leaves nothing to the next', () => {
  const names = Array.from({ length: 20_000 }, (_, index) => `name${index}`)
  const counts = scan('JavaScript', names.join(' ') + names.slice(0, 100).join(' ').padStart(5000))
  expect(counts.tokens).toBe(20_100)
  expect(tokeniser.identifiers().size).toBe(20_000)
  expect(tokeniser.identifiers().get('name99')).toBe(2)
  expect(identifiers('JavaScript', 'name1')).toEqual({ name1: 1 })
})

test('a closing parenthesis that nothing opened ends a value, whatever file was read before', () => {
  scan('JavaScript', 'if (a) b')
  expect(identifiers('JavaScript', ') / b / c')).toEqual({ b: 1, c: 1 })
  expect(identifiers('JavaScript', 'if (a) d) / b / c')).toEqual({ a: 1, b: 1, c: 1, d: 1 })
})

test('the search for the end of a regular expression is bounded, so many slashes in one long line do not cost its square', () => {
  const longest = 'word '.repeat(400)
  expect(identifiers('JavaScript', `a = /${longest}/`)).toEqual({ a: 1 })
  expect(identifiers('JavaScript', `a = /${longest.repeat(2)}/`)).toEqual({ a: 1, word: 800 })
  expect(scan('JavaScript', '(/['.repeat(20_000)).tokens).toBe(60_000)
})

test('nesting beyond every limit still ends', () => {
  expect(scan('JavaScript', '`${'.repeat(500) + '('.repeat(5000) + ')'.repeat(6000) + '}`'.repeat(900)).lines).toBe(1)
})
