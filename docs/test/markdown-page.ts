/**
 * A page of the documentation as the tests see it: its fenced blocks, and the program they make.
 *
 * 1. A `ts` block begins with a comment that names its file: `// main.ts`. Blocks of one page with the same name are one file, in the
 *    order of the page; a later one says `// main.ts, continued`.
 * 2. A name that is a path (`// docs/examples/hits/hits.ts`) quotes that file of the repository, which is there beside the page's own.
 * 3. `text` blocks, one after the other, are what `node main.ts` prints.
 * 4. `sh` blocks are commands for the root of the repository.
 * 5. `mermaid` blocks draw what the program has printed.
 */
import { readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { REPOSITORY } from './source-file.ts'

export interface MarkdownPage {
  /** Relative to the repository. */
  readonly path: string
  readonly text: string
  /** The files of the page's program, by name. */
  readonly files: ReadonlyMap<string, string>
  /** Quotations with the files they are from. */
  readonly quotations: readonly { readonly path: string; readonly text: string }[]
  /** What the program prints; undefined when the page does not say. */
  readonly output: string | undefined
  readonly commands: readonly string[]
}

const FENCE = /^```(\w*)\n([\s\S]*?)^```$/gm
const FILE_NAME = /^\/\/ ([\w./-]+\.ts)(, continued)?\n/

/** Throws for a block that the tests would not look at: what is shown is proven. */
export function readPage(path: string): MarkdownPage {
  const text = readFileSync(join(REPOSITORY, path), 'utf8')
  const files = new Map<string, string>()
  const quotations: { path: string; text: string }[] = []
  const output: string[] = []
  const commands: string[] = []
  const drawings: string[] = []
  for (const [, language, body = ''] of text.matchAll(FENCE)) {
    if (language === 'text') output.push(body)
    else if (language === 'mermaid') drawings.push(body)
    else if (language === 'sh') commands.push(...body.split('\n').filter((line) => line !== ''))
    else if (language === 'ts') {
      const [header = '', name = '', continued] = FILE_NAME.exec(body) ?? []
      const code = body.slice(header.length)
      if (name === '') throw new Error(`block names no file: page=${path}, block=${body.slice(0, 60)}`)
      if (name.includes('/')) {
        quotations.push({ path: name, text: code.trim() })
        files.set(basename(name), readFileSync(join(REPOSITORY, name), 'utf8'))
      } else {
        if (files.has(name) !== (continued !== undefined))
          throw new Error(`block begins or continues another: page=${path}, file=${name}`)
        files.set(name, (files.get(name) ?? '') + code)
      }
    } else throw new Error(`block of an unknown kind: page=${path}, language=${language}`)
  }
  const printed = output.join('')
  for (const drawing of drawings) {
    if (!printed.includes(drawing)) throw new Error(`drawing that the program does not print: page=${path}`)
  }
  return { path, text, files, quotations, output: output.length === 0 ? undefined : output.join(''), commands }
}
