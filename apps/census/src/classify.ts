/**
 * What a file is: its language by the name alone (so that the walk need not open it), and whether its bytes are text.
 */

export type Language =
  | 'C'
  | 'C++'
  | 'CSS'
  | 'Go'
  | 'HTML'
  | 'JSON'
  | 'Java'
  | 'JavaScript'
  | 'Markdown'
  | 'Python'
  | 'Rust'
  | 'SCSS'
  | 'Shell'
  | 'TOML'
  | 'TypeScript'
  | 'YAML'

/** Bytes at the start of a file that are searched for a NUL; git and grep look at as many. */
export const BINARY_PROBE_BYTES = 8192

const EXTENSIONS: Readonly<Record<Language, string>> = {
  C: 'c h',
  'C++': 'cc cpp cxx hh hpp hxx',
  CSS: 'css',
  Go: 'go',
  HTML: 'htm html svg vue xhtml xml',
  JSON: 'json json5 jsonc',
  Java: 'java',
  JavaScript: 'cjs js jsx mjs',
  Markdown: 'markdown md mdx',
  Python: 'py pyi',
  Rust: 'rs',
  SCSS: 'less scss',
  Shell: 'bash sh zsh',
  TOML: 'toml',
  TypeScript: 'cts mts ts tsx',
  YAML: 'yaml yml',
}

// A Map, not an object: a file named `x.constructor` must find nothing.
const LANGUAGE_OF: ReadonlyMap<string, Language> = new Map(
  Object.entries(EXTENSIONS).flatMap(([language, extensions]) =>
    extensions.split(' ').map((extension): [string, Language] => [extension, language as Language]),
  ),
)

/** The language of a file name, or undefined where it is not source. `.gitignore` has a name and no extension. */
export function languageOf(fileName: string): Language | undefined {
  const dot = fileName.lastIndexOf('.')
  return dot <= 0 ? undefined : LANGUAGE_OF.get(fileName.slice(dot + 1).toLowerCase())
}

/** True when the first {@link BINARY_PROBE_BYTES} hold a NUL, which no text in UTF-8 or Latin-1 does. */
export function isBinary(bytes: Uint8Array): boolean {
  return bytes.subarray(0, BINARY_PROBE_BYTES).includes(0)
}
