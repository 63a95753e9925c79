/** The table of errors names every code that users of `cambium` can meet, and no other. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readPage } from './markdown-page.ts'
import { REPOSITORY, readSources } from './source-file.ts'

const CODE = /'(ERR_[A-Z\d_]+)'/g

/** Folders of the package and of all it depends on here, but for the testkit, which the command line runs: its codes are told by the guide to it. */
function withDependencies(folder: string, found: Set<string> = new Set()): Set<string> {
  if (found.has(folder)) return found
  found.add(folder)
  const manifest = JSON.parse(readFileSync(join(REPOSITORY, 'packages', folder, 'package.json'), 'utf8')) as {
    dependencies?: Record<string, string>
  }
  for (const [name, range] of Object.entries(manifest.dependencies ?? {})) {
    if (range.startsWith('workspace:') && name !== '@cambium/testkit') withDependencies(name.replace('@cambium/', ''), found)
  }
  return found
}

const patterns = Array.from(withDependencies('cambium'), (folder) => `packages/${folder}/src/**/*.ts`)
const inSources = new Set(readSources(patterns).flatMap(({ text }) => Array.from(text.matchAll(CODE), ([, code = '']) => code)))
const inTable = Array.from(readPage('docs/errors.md').text.matchAll(/^\| `(ERR_[A-Z\d_]+)` \|/gm), ([, code = '']) => code)

test('docs/errors.md has one row for every code of the packages', () => {
  expect(inTable.length).toBeGreaterThan(40)
  expect(inTable.toSorted()).toEqual([...inSources].toSorted())
})
