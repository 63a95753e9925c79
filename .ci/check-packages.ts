/**
 * Checks the packages as their users get them.
 *
 * 1. Pack every public package as it would be published.
 * 2. Look into each tarball: compiled files only import compiled files, every target of the manifest is there, no build
 *    state and no tests travel along.
 * 3. publint and attw on each tarball.
 * 4. Install all tarballs in an empty folder outside the repository, check the consumer's types against the published
 *    declarations, and run its programs on the pinned Node and on the oldest one supported.
 *
 * Run it after `npm run build`; `npm run packages` does both.
 */
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join, resolve } from 'node:path'

interface Manifest {
  readonly name: string
  readonly version: string
  readonly private?: boolean
  readonly engines?: Readonly<Record<string, string>>
  readonly exports?: unknown
  readonly imports?: unknown
  readonly dependencies?: Readonly<Record<string, string>>
  /** In the root manifest only. */
  readonly devEngines?: { readonly packageManager: { readonly version: string } }
}

interface Packed {
  readonly manifest: Manifest
  readonly tarball: string
  /** The unpacked tarball. */
  readonly folder: string
}

const REPOSITORY = resolve(import.meta.dirname, '..')
/** The oldest Node that `engines` of the packages promises. */
const NODE_OLDEST = '22.18.0'
/** Every consumer program ends by printing this; an exit before that is a failure even with status 0. */
const CONSUMER_SUCCESS = 'consumer: ok'
/** What every thread pays before its first line. */
const IMPORT_MS =
  "const before = process.cpuUsage(); await import('cambium'); const { user, system } = process.cpuUsage(before); console.log((user + system) / 1000)"
const STEP_TIMEOUT_MS = 180_000

const scratch = mkdtempSync(join(tmpdir(), 'cambium-packages-'))
try {
  const packed = packAll(join(scratch, 'tarballs'))
  for (const one of packed) {
    checkContents(one)
    run(REPOSITORY, join(REPOSITORY, 'node_modules/.bin/publint'), [one.tarball, '--strict'])
    run(REPOSITORY, join(REPOSITORY, 'node_modules/.bin/attw'), [one.tarball, '--profile', 'esm-only', '--format', 'ascii'])
    console.log(`packed: ${one.manifest.name}@${one.manifest.version}`)
  }
  runConsumer(join(scratch, 'consumer'), packed)
} finally {
  rmSync(scratch, { recursive: true, force: true })
}

function packAll(folder: string): Packed[] {
  mkdirSync(folder)
  const pnpm = `pnpm@${readManifest(REPOSITORY).devEngines?.packageManager.version}`
  const packed: Packed[] = []
  for (const directory of readdirSync(join(REPOSITORY, 'packages'))) {
    const source = join(REPOSITORY, 'packages', directory)
    const manifest = readManifest(source)
    if (manifest.private === true) continue
    demand(manifest.engines?.['node'] === '>=22.18', `${manifest.name}: engines.node does not state ${NODE_OLDEST}`)
    demand(existsSync(join(source, 'dist/index.js')), `${manifest.name} is not built: run npm run build`)
    const tarball = join(folder, `${directory}.tgz`)
    run(source, 'npx', ['--yes', pnpm, 'pack', '--out', tarball])
    const unpacked = join(folder, directory)
    mkdirSync(unpacked)
    run(unpacked, 'tar', ['-xzf', tarball, '--strip-components=1'])
    packed.push({ manifest: readManifest(unpacked), tarball, folder: unpacked })
  }
  demand(packed.length > 0, 'no package was packed')
  return packed
}

function checkContents({ manifest, folder }: Packed): void {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  for (const file of files) {
    demand(!/(^|\/)(test|node_modules)\/|\.tsbuildinfo$/.test(file), `${manifest.name}: ${file} should not be published`)
    if (!file.endsWith('.js')) continue
    demand(
      isEntry(folder, file) || isImported(folder, files, file),
      `${manifest.name}: ${file} is left over from an earlier build`,
    )
    // Node refuses .ts files under node_modules, so a compiled file that names one breaks only at the user's.
    // This includes workers, whose URL no compiler rewrites.
    const named = /(['"`])[^'"`\s]*[^'"`\s.]\.ts\1/.exec(
      readFileSync(join(folder, file), 'utf8').replace(/^\s*(\*|\/\*|\/\/).*$/gm, ''),
    )
    demand(named === null, `${manifest.name}: ${file} names a TypeScript file: ${named?.[0]}`)
  }
  for (const target of [...targetsOf(manifest.exports), ...targetsOf(manifest.imports)]) {
    demand(/\.(js|d\.ts|json)$/.test(target), `${manifest.name}: a target is not compiled: ${target}`)
    demand(existsSync(join(folder, target)), `${manifest.name}: a target is missing: ${target}`)
  }
  for (const [dependency, range] of Object.entries(manifest.dependencies ?? {})) {
    demand(!range.startsWith('workspace:'), `${manifest.name}: ${dependency} still points into the workspace`)
  }
}

/** An entry of the bundle has the name of its source; a file that entries share has a name of its own. */
function isEntry(folder: string, file: string): boolean {
  return existsSync(join(folder, file.replace(/^dist/, 'src').replace(/js$/, 'ts')))
}

function isImported(folder: string, files: readonly string[], file: string): boolean {
  const name = `/${basename(file)}"`
  return files.some((other) => other.endsWith('.js') && readFileSync(join(folder, other), 'utf8').includes(name))
}

/** The relative paths in an `exports` or `imports` map. */
function targetsOf(map: unknown): string[] {
  if (typeof map === 'string') return map.startsWith('./') ? [map] : []
  return typeof map === 'object' && map !== null ? Object.values(map).flatMap(targetsOf) : []
}

function runConsumer(folder: string, packed: readonly Packed[]): void {
  cpSync(join(REPOSITORY, '.ci/consumer'), folder, { recursive: true })
  const dependencies = Object.fromEntries(packed.map(({ manifest, tarball }) => [manifest.name, `file:${tarball}`]))
  // Without overrides npm would look for the packages' own dependencies on each other in the registry.
  const overrides = Object.fromEntries(packed.map(({ manifest }) => [manifest.name, `$${manifest.name}`]))
  writeJson(join(folder, 'package.json'), {
    private: true,
    type: 'module',
    dependencies,
    overrides,
    devDependencies: { node: NODE_OLDEST },
  })
  writeJson(join(folder, 'tsconfig.json'), {
    compilerOptions: {
      target: 'es2024',
      lib: ['es2024', 'esnext.disposable'],
      module: 'nodenext',
      strict: true,
      noEmit: true,
      allowJs: true,
      checkJs: true,
      erasableSyntaxOnly: true,
      verbatimModuleSyntax: true,
      allowImportingTsExtensions: true,
      // The published declarations are what is checked here.
      skipLibCheck: false,
      types: ['node'],
      typeRoots: [join(REPOSITORY, 'node_modules/@types')],
    },
    include: ['*.ts', '*.js'],
  })
  run(folder, 'npm', ['install', '--no-audit', '--no-fund', '--loglevel=error'])
  run(folder, join(REPOSITORY, 'node_modules/.bin/tsc'), ['-p', '.'])
  for (const node of [process.execPath, join(folder, 'node_modules/.bin/node')]) {
    const version = run(folder, node, ['--version']).trim()
    for (const program of ['typed.ts', 'plain.js']) {
      const output = run(folder, node, [program])
      demand(output.trimEnd().endsWith(CONSUMER_SUCCESS), `consumer ${program} ended early on Node ${version}:\n${output}`)
      console.log(`consumer: program=${program}, node=${version}`)
    }
    const times = Array.from({ length: 5 }, () => Number(run(folder, node, ['--input-type=module', '-e', IMPORT_MS])))
    console.log(
      `import of cambium: ${times.toSorted((a, b) => a - b)[2]?.toFixed(0)} ms of processor time, median of 5, node=${version}`,
    )
  }
}

/** Runs a program and gives its output; a failure shows all of it. */
function run(cwd: string, command: string, args: readonly string[]): string {
  const { status, signal, error, stdout, stderr } = spawnSync(command, args, {
    cwd,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: STEP_TIMEOUT_MS,
  })
  demand(
    status === 0,
    `${command} ${args.join(' ')} failed: status=${status}, signal=${signal}, error=${error?.message}\n${stdout}${stderr}`,
  )
  return stdout
}

function readManifest(folder: string): Manifest {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest
}

function writeJson(path: string, value: unknown): void {
  writeFileSync(path, `${JSON.stringify(value, null, 2)}\n`)
}

function demand(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(message)
}
