/** The table of errors names every code that the packages have, and no other. */
import { expect, test } from 'vitest'
import { readPage } from './markdown-page.ts'
import { readSources } from './source-file.ts'

const CODE = /'(ERR_[A-Z\d_]+)'/g

const inSources = new Set(
  readSources(['packages/*/src/**/*.ts']).flatMap(({ text }) => Array.from(text.matchAll(CODE), ([, code = '']) => code)),
)
const inTable = Array.from(readPage('docs/errors.md').text.matchAll(/^\| `(ERR_[A-Z\d_]+)` \|/gm), ([, code = '']) => code)

test('docs/errors.md has one row for every code of the packages', () => {
  expect(inTable.length).toBeGreaterThan(40)
  expect(inTable.toSorted()).toEqual([...inSources].toSorted())
})
