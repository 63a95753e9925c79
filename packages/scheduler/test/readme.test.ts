/** The README's example runs and prints what the README says, and every file of the table is there. */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
const block = (language: string): string => new RegExp(`\`\`\`${language}\\n(.*?)\`\`\``, 's').exec(readme)?.[1] ?? ''

test('the example prints what it says', () => {
  const folder = mkdtempSync(join(tmpdir(), 'scheduler-readme-'))
  try {
    const file = join(folder, 'example.mts')
    writeFileSync(file, block('ts').replaceAll('@cambium/scheduler', new URL('../src/index.ts', import.meta.url).href))
    expect(execFileSync(process.execPath, [file], { encoding: 'utf8', timeout: 20_000 })).toBe(block('text'))
    expect(block('text')).not.toBe('')
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test('the files it names exist', () => {
  const names = [...readme.matchAll(/`([a-z-]+\.ts)`/g)].map((match) => match[1] as string)
  expect(names.length).toBeGreaterThan(15)
  expect(names.filter((name) => !existsSync(new URL(`../src/${name}`, import.meta.url)))).toEqual([])
})
