/** The README's program runs as it stands there, and prints what the README says. */
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'

const read = (path: string): Promise<string> => readFile(new URL(path, import.meta.url), 'utf8')

it('the README shows the files that are run here, and their output', async () => {
  const readme = await read('../README.md')
  const shown = Array.from(readme.matchAll(/```ts\n([\s\S]*?)```/g), ([, code]) => code)
  expect(shown).toEqual([await read('./fixtures/readme/counter.ts'), await read('./fixtures/readme/main.ts')])
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [fileURLToPath(new URL('./fixtures/readme/main.ts', import.meta.url))],
    {
      timeout: 20_000,
    },
  )
  expect(/prints\n\n```\n([\s\S]*?)```/.exec(readme)?.[1]).toBe(stdout)
})
