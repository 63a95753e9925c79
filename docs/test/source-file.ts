/** Source files of the workspace as the tidy tests see them: text, syntax tree, imports, and uses of the outside world. */
import { globSync, readFileSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { parseAst } from 'vitest/node'

export const REPOSITORY: string = resolve(import.meta.dirname, '../..')

export interface SourceFile {
  /** Relative to the repository, with forward slashes. */
  readonly path: string
  readonly text: string
  readonly program: SyntaxNode
}

export interface SyntaxNode {
  readonly type: string
  readonly [field: string]: unknown
}

/** The files that match the patterns, in order of their paths. */
export function readSources(patterns: readonly string[]): SourceFile[] {
  return globSync([...patterns], { cwd: REPOSITORY, exclude: ['**/node_modules', '**/dist'] })
    .map((path) => relative('.', path).replaceAll('\\', '/'))
    .toSorted()
    .map((path) => parseSource(path, readFileSync(join(REPOSITORY, path), 'utf8')))
}

export function parseSource(path: string, text: string): SourceFile {
  return { path, text, program: parseAst(text, { lang: 'ts' }) as unknown as SyntaxNode }
}

/** Every module the file names: imports, re-exports, `import()`, `import type`, `import.meta.resolve` and `new URL`. */
export function importsOf(file: SourceFile): string[] {
  const found: string[] = []
  walk(file.program, (node) => {
    const source =
      node['source'] ?? (isCallTo(node, 'resolve') || isNew(node, 'URL') ? (node['arguments'] as SyntaxNode[])[0] : undefined)
    const value = isNode(source) && source.type === 'Literal' ? source['value'] : undefined
    if (typeof value === 'string') found.push(value)
  })
  return found
}

/** What reads a clock, rolls dice, sets a timer or starts a thread. */
const OUTSIDE_MEMBERS = new Set([
  'Math.random',
  'Date.now',
  'performance.now',
  'performance.timeOrigin',
  'process.hrtime',
  'process.uptime',
  'crypto.randomUUID',
  'crypto.getRandomValues',
  'AbortSignal.timeout',
])
const OUTSIDE_NAMES = new Set(['setTimeout', 'setInterval', 'setImmediate', 'randomUUID', 'randomBytes', 'randomInt'])
const OUTSIDE_CLASSES = new Set(['Worker', 'Date'])

/** The uses of the outside world in the file's code; types and comments do not count. */
export function outsideUsesOf(file: SourceFile): string[] {
  const found: string[] = []
  walk(file.program, (node) => {
    if (node.type === 'MemberExpression') {
      const member = `${nameOf(node['object'])}.${nameOf(node['property'])}`
      if (OUTSIDE_MEMBERS.has(member)) found.push(member)
      if (nameOf(node['object']) === 'globalThis' && OUTSIDE_NAMES.has(nameOf(node['property']))) found.push(member)
    }
    if (node.type === 'NewExpression' && OUTSIDE_CLASSES.has(nameOf(node['callee']))) {
      const fixedDate = nameOf(node['callee']) === 'Date' && (node['arguments'] as unknown[]).length > 0
      if (!fixedDate) found.push(`new ${nameOf(node['callee'])}`)
    }
    // A name counts wherever it stands as a value: called, passed on, or given another name.
    if (node.type === 'Identifier' && OUTSIDE_NAMES.has(nameOf(node))) found.push(nameOf(node))
  })
  return found
}

/** Calls `visit` for every node but names of members, keys and what stands in types only. */
function walk(node: SyntaxNode, visit: (node: SyntaxNode) => void): void {
  visit(node)
  for (const [field, child] of Object.entries(node)) {
    if ((field === 'property' || field === 'key') && node['computed'] !== true) continue
    if (field === 'exprName') continue
    for (const one of Array.isArray(child) ? child : [child]) if (isNode(one)) walk(one, visit)
  }
}

function isNode(value: unknown): value is SyntaxNode {
  return typeof value === 'object' && value !== null && typeof (value as SyntaxNode).type === 'string'
}

function isCallTo(node: SyntaxNode, method: string): boolean {
  return node.type === 'CallExpression' && isNode(node['callee']) && nameOf(node['callee']['property']) === method
}

function isNew(node: SyntaxNode, name: string): boolean {
  return node.type === 'NewExpression' && nameOf(node['callee']) === name
}

function nameOf(node: unknown): string {
  return isNode(node) && node.type === 'Identifier' ? String(node['name']) : ''
}
