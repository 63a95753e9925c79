/**
 * The layers (D11's arrows point down only). Four places state them, and this test holds them together: the table in
 * ARCHITECTURE.md, each package.json, each tsconfig.json, and the lint configuration.
 */
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { REPOSITORY, importsOf, parseSource, readSources } from './source-file.ts'

interface PackageManifest {
  readonly name: string
  readonly dependencies?: Readonly<Record<string, string>>
}

interface ProjectConfig {
  readonly references: readonly { readonly path: string }[]
}

interface LintConfig {
  readonly overrides: readonly {
    readonly files: readonly string[]
    readonly rules?: {
      readonly 'no-restricted-imports'?: readonly [
        string,
        { readonly patterns: readonly { readonly group?: readonly string[] }[] },
      ]
    }
  }[]
}

interface Layer {
  readonly directory: string
  readonly name: string
  /** Names of all dependencies, external ones included. */
  readonly dependencies: readonly string[]
}

/** Directories of the packages from top to bottom, as ARCHITECTURE.md has them. */
const order = Array.from(sectionOf('ARCHITECTURE.md', 'Packages').matchAll(/^\| `([\w-]+)` \|/gm), (row) => row[1] ?? '')

const layers: readonly Layer[] = readdirSync(join(REPOSITORY, 'packages')).map((directory) => {
  const manifest = readJson(`packages/${directory}/package.json`) as PackageManifest
  return { directory, name: manifest.name, dependencies: Object.keys(manifest.dependencies ?? {}) }
})
const names = new Set(layers.map(({ name }) => name))
const lint = readJson('.oxlintrc.json') as LintConfig

test('the table of packages in ARCHITECTURE.md is complete', () => {
  expect(order.toSorted()).toEqual(layers.map(({ directory }) => directory).toSorted())
})

describe.each(layers)('$name', ({ directory, name, dependencies }) => {
  const below = new Set(order.slice(order.indexOf(directory) + 1))
  const inWorkspace = dependencies.filter((dependency) => names.has(dependency))

  test('depends on lower layers only', () => {
    expect(inWorkspace.filter((dependency) => !below.has(directoryOf(dependency)))).toEqual([])
  })

  test('imports only what it declares', () => {
    const files = readSources([`packages/${directory}/src/**/*.ts`])
    expect(files.length).toBeGreaterThan(0)
    const strange = files.flatMap((file) =>
      importsOf(file)
        .filter((specifier) => !isAllowed(specifier, dependencies))
        .map((specifier) => `${file.path}: ${specifier}`),
    )
    expect(strange).toEqual([])
  })

  test('has one project reference per dependency', () => {
    const { references } = readJson(`packages/${directory}/tsconfig.json`) as ProjectConfig
    expect(references.map(({ path }) => path).toSorted()).toEqual(inWorkspace.map((one) => `../${directoryOf(one)}`).toSorted())
  })

  test('is linted for the same arrows', () => {
    const rules = lint.overrides.find(({ files }) => files.includes(`packages/${directory}/src/**`))?.rules
    const group = rules?.['no-restricted-imports']?.[1].patterns.flatMap((pattern) => pattern.group ?? []) ?? []
    const closed = name === 'cambium' ? ['@cambium/*'] : ['cambium', '@cambium/*']
    expect(group.toSorted()).toEqual([...closed, ...inWorkspace.map((one) => `!${one}`)].toSorted())
  })
})

test('the root project references every package', () => {
  const { references } = readJson('tsconfig.json') as ProjectConfig
  expect(references.map(({ path }) => path).toSorted()).toEqual(layers.map(({ directory }) => `packages/${directory}`).toSorted())
})

test.each([
  ["import { a } from '@cambium/ring'", '@cambium/ring'],
  ["export type { A } from '@cambium/ring'", '@cambium/ring'],
  ["const a = await import('@cambium/ring')", '@cambium/ring'],
  ["let a: import('@cambium/ring').A", '@cambium/ring'],
  ["const url = import.meta.resolve('@cambium/ring')", '@cambium/ring'],
  ["const url = new URL('../../ring/src/a.ts', import.meta.url)", '../../ring/src/a.ts'],
])('imports are found in %s', (text, specifier) => {
  expect(importsOf(parseSource('example.ts', text))).toEqual([specifier])
})

/** Own files, own `imports`, Node, and declared packages by their bare name: internals are closed off. */
function isAllowed(specifier: string, dependencies: readonly string[]): boolean {
  if (specifier.startsWith('./') || specifier.startsWith('#') || specifier.startsWith('node:')) return true
  // A folder inside src may reach up into src, not out of the package.
  if (specifier.startsWith('../')) return !specifier.startsWith('../../')
  return dependencies.some(
    (dependency) => specifier === dependency || (!names.has(dependency) && specifier.startsWith(`${dependency}/`)),
  )
}

function directoryOf(name: string): string {
  return name.replace('@cambium/', '')
}

function sectionOf(file: string, heading: string): string {
  const text = readFileSync(join(REPOSITORY, file), 'utf8')
  return new RegExp(`^## ${heading}\\n([\\s\\S]*?)(?=^## )`, 'm').exec(text)?.[1] ?? ''
}

/** JSON with whole-line comments and trailing commas, as tools write their configuration. */
function readJson(path: string): unknown {
  const text = readFileSync(join(REPOSITORY, path), 'utf8')
  return JSON.parse(text.replaceAll(/^\s*\/\/.*$/gm, '').replaceAll(/,(\s*[\]}])/g, '$1'))
}
