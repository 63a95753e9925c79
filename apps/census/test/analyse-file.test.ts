/** One file and everything that may have become of it since the walk. */
import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, truncateSync } from 'node:fs'
import { join } from 'node:path'
import { getuid } from 'node:process'
import { expect, test } from 'vitest'
import { createFileAnalyser, FILE_BYTES_MAX } from '../src/analyse-file.ts'
import { BINARY_PROBE_BYTES, isBinary, languageOf } from '../src/classify.ts'
import { HASHES } from '../src/min-hash.ts'
import { makeFolder } from './folder.ts'

test('a source file is measured', () => {
  const source = Array.from({ length: 20 }, (_, index) => `call${index}(constructor)`).join('\n')
  const folder = makeFolder({ 'a.js': source, 'b.js': source, 'c.js': 'small' })
  const analyser = createFileAnalyser(folder)
  const first = analyser.analyse('a.js', 'JavaScript')
  const second = analyser.analyse('b.js', 'JavaScript')
  expect(first).toMatchObject({ outcome: 'analysed', path: 'a.js', bytes: source.length, lines: 20, codeLines: 20, tokens: 80 })
  if (first.outcome !== 'analysed' || second.outcome !== 'analysed') throw new Error('both are source')
  expect(first.identifiers.get('constructor')).toBe(20)
  expect(first.signature).toHaveLength(HASHES)
  expect(second.contentHash).toBe(first.contentHash)
  expect(analyser.analyse('c.js', 'JavaScript')).toMatchObject({ outcome: 'analysed', signature: new Int32Array(0) })
})

test('what is no source file any more is an outcome with a name', () => {
  const folder = makeFolder({ 'binary.js': new Uint8Array([97, 0, 98]), 'empty.js': '', 'large.js': '' })
  mkdirSync(join(folder, 'directory.js'))
  execFileSync('mkfifo', [join(folder, 'pipe.js')])
  truncateSync(join(folder, 'large.js'), FILE_BYTES_MAX + 1)
  const analyser = createFileAnalyser(folder)
  const reasonOf = (path: string): unknown => {
    const file = analyser.analyse(path, 'JavaScript')
    return file.outcome === 'skipped' ? file.reason : file
  }
  expect(reasonOf('binary.js')).toBe('binary')
  expect(reasonOf('empty.js')).toBe('empty')
  expect(reasonOf('large.js')).toBe('too_large')
  expect(reasonOf('directory.js')).toBe('not_a_file')
  expect(reasonOf('pipe.js')).toBe('not_a_file')
  expect(reasonOf('gone.js')).toBe('vanished')
  expect(reasonOf('empty.js/below.js')).toBe('unreadable')
})

test.skipIf(getuid?.() === 0)('a file without permission is unreadable', () => {
  const folder = makeFolder({ 'a.js': 'a' })
  chmodSync(join(folder, 'a.js'), 0)
  expect(createFileAnalyser(folder).analyse('a.js', 'JavaScript')).toMatchObject({ outcome: 'skipped', reason: 'unreadable' })
})

test('the language is told by the extension, whatever its case', () => {
  expect(languageOf('a.b.TS')).toBe('TypeScript')
  expect(languageOf('a.d.mts')).toBe('TypeScript')
  expect([languageOf('.js'), languageOf('js'), languageOf('a.'), languageOf('a.constructor')]).toEqual(Array(4).fill(undefined))
})

test('a NUL within the probe makes a file binary, one behind it does not', () => {
  const bytes = new Uint8Array(BINARY_PROBE_BYTES + 1).fill(97)
  bytes[BINARY_PROBE_BYTES] = 0
  expect(isBinary(bytes)).toBe(false)
  bytes[BINARY_PROBE_BYTES - 1] = 0
  expect(isBinary(bytes)).toBe(true)
})
