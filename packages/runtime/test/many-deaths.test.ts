/** Many deaths of cores leave nothing behind (R3.3, R3.10). The job of a thousand is `npm run deaths`. */
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'

const DEATHS = 50

interface Count {
  readonly heapMb: number
  readonly [name: string]: unknown
}

it(`${DEATHS} deaths of cores leave no thread, file, handle, actor or memory behind`, { timeout: 120_000 }, async () => {
  const args = ['--expose-gc', 'run.ts', '--deaths', String(DEATHS)]
  const { stdout } = await promisify(execFile)(process.execPath, args, {
    cwd: join(import.meta.dirname, 'many-deaths'),
    timeout: 110_000,
  })
  const { before, after, books } = JSON.parse(stdout) as { before: Count; after: Count; books: Record<string, number> }
  const { heapMb: heapBefore, ...countedBefore } = before
  const { heapMb: heapAfter, ...countedAfter } = after
  expect(countedAfter).toEqual(countedBefore)
  expect(heapAfter - heapBefore).toBeLessThan(3) // a core that stays behind has several MiB
  expect(books['queued']).toBe(0)
})
