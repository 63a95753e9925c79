/** The README's example runs and prints what the README says, and the README names all that is exported. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import * as otp from '../src/index.ts'

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
const block = (language: string): string => new RegExp(`\`\`\`${language}\\n(.*?)\`\`\``, 's').exec(readme)?.[1] ?? ''

test('the example prints what it says', () => {
  const folder = mkdtempSync(join(tmpdir(), 'otp-readme-'))
  try {
    const file = join(folder, 'example.mts')
    writeFileSync(file, block('ts').replaceAll('@cambium/otp', new URL('../src/index.ts', import.meta.url).href))
    expect(execFileSync(process.execPath, [file], { encoding: 'utf8', timeout: 20_000 })).toBe(block('text'))
    expect(block('text')).not.toBe('')
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test('everything exported is named', () => {
  expect(Object.keys(otp).filter((name) => !readme.includes(name))).toEqual([])
})
