/** The README's example runs, and prints what the README says. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'

it('prints what it says', () => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
  const block = (language: string): string => new RegExp(`\`\`\`${language}\\n(.*?)\`\`\``, 's').exec(readme)?.[1] ?? ''
  const folder = mkdtempSync(join(tmpdir(), 'supervision-readme-'))
  try {
    const file = join(folder, 'example.mts')
    writeFileSync(file, block('ts').replaceAll('@cambium/supervision', new URL('../src/index.ts', import.meta.url).href))
    const printed = execFileSync(process.execPath, [file], { encoding: 'utf8' })
    expect(printed).toBe(block('text'))
    expect(printed).not.toBe('')
  } finally {
    rmSync(folder, { recursive: true })
  }
})
