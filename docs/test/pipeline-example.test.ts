/** The example of docs/examples/pipeline runs: every item goes through every stage, one thread for all, one each, two each. */
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { REPOSITORY } from './source-file.ts'

test('R1.8 the pipeline on real time', async () => {
  // A tenth of the time by hand. It fails by itself when an item misses a stage; how long it takes is the machine's business.
  const run = promisify(execFile)(process.execPath, [join(REPOSITORY, 'docs/examples/pipeline/main.ts'), '20'], {
    timeout: 20_000,
  })
  const { stdout, stderr } = await run
  expect(stderr).toBe('')
  expect(stdout).toMatch(/^sequential +\d+\.\d s\npipelined +\d+\.\d s\nsharded over two workers +\d+\.\d s\n$/)
})
