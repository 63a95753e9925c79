/**
 * What a package publishes as JavaScript, beside the declarations that `tsc -b` writes: few files instead of one for each source file. Node spends a third of
 * a millisecond on each module that it loads, and every core loads them all.
 *
 * A package has these entries, each with the exports of its source file and nothing else:
 *
 * 1. The targets of its manifest: exports, commands, and the threads that it starts.
 * 2. Every source file that defines an actor: a core finds it by the URL of its module and the name of its export.
 *
 * What several entries use is in files that they share. Every source file that is reached stays, with what it does when it is loaded.
 */
import { globSync, readFileSync, rmSync } from 'node:fs'
import { defineConfig } from 'rolldown'

interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>
  readonly publishConfig: Readonly<Record<'exports' | 'imports' | 'bin', unknown>>
}

const DEFINES_ACTOR = /^(?!\s*\*).*\bdefine\w+(<.*>)?\(\s*import\.meta\.url\b/m

/** `dist/cli/main.js` of each such path in a part of a manifest. */
function compiledIn(part: unknown): string[] {
  if (typeof part === 'string') return part.endsWith('.js') ? [part.replace('./', '')] : []
  return typeof part === 'object' && part !== null ? Object.values(part).flatMap(compiledIn) : []
}

const { dependencies = {}, publishConfig } = JSON.parse(readFileSync('package.json', 'utf8')) as Manifest
const targets = compiledIn([publishConfig.exports, publishConfig.imports, publishConfig.bin]).map((path) =>
  path.replace(/^dist(.*)js$/, 'src$1ts'),
)
const actors = globSync('src/**/*.ts').filter((path) => DEFINES_ACTOR.test(readFileSync(path, 'utf8')))
const externals = Object.keys(dependencies)
const isExternal = (id: string): boolean =>
  id.startsWith('node:') || externals.some((name) => id === name || id.startsWith(`${name}/`))

// Shared files are named for their content: those of an earlier build would be published too.
for (const path of globSync('dist/**/*.{js,js.map}')) rmSync(path)

export default defineConfig({
  input: Object.fromEntries([...new Set([...targets, ...actors])].map((path) => [path.replace(/^src\/(.*)\.ts$/, '$1'), path])),
  platform: 'node',
  external: isExternal,
  treeshake: { moduleSideEffects: true },
  preserveEntrySignatures: 'strict',
  output: {
    dir: 'dist',
    format: 'esm',
    sourcemap: true,
    entryFileNames: '[name].js',
    chunkFileNames: '[name]-[hash].js',
    hashCharacters: 'hex',
  },
})
