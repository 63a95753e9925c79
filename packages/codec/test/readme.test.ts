/** The README's example is a file of its own, runs as it stands, and prints what the README says it does. */
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import * as codec from '../src/index.ts'

const readme = await readFile(new URL('../README.md', import.meta.url), 'utf8')
const example = new URL('./fixtures/readme-example.ts', import.meta.url)

test('the README shows the example that is run here, and its output', async () => {
  expect(/```ts\n([\s\S]*?)```/.exec(readme)?.[1]).toBe(await readFile(example, 'utf8'))
  const { stdout } = await promisify(execFile)(process.execPath, [fileURLToPath(example)], { timeout: 20_000 })
  expect(/```\n\nprints\n\n```\n([\s\S]*?)```/.exec(readme)?.[1]).toBe(stdout)
})

test('the README names everything that the package exports', () => {
  expect(Object.keys(codec).filter((name) => !readme.includes(`\`${name}`))).toEqual([])
})
