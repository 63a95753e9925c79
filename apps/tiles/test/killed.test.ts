/** The load figure with cores that are killed, as the command runs it: nothing fails, and the error rate is printed (R3.1, R3.3). */
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const MAIN = join(import.meta.dirname, '../src/load/main.ts')
const run = (...args: readonly string[]) => promisify(execFile)(process.execPath, [MAIN, ...args], { timeout: 100_000 })

test('a core is killed each second: every request is served all the same', { timeout: 110_000 }, async () => {
  const { stdout, stderr } = await run('--kill-each-second', '4')
  expect(stderr).toBe('')
  expect(stdout).toMatch(/^1 s: core 2 was killed, \d+ served, 0 failed\n2 s: core 1 was killed, /)
  expect(stdout).toMatch(/^\d+ requests in [\d.]+ s, 0\.00 % failed, 4 deaths of cores, longest wait \d+ ms\n$/m)
})

test.each([['--kill-each-second', '0'], ['--kill-each-second', '3', '--rounds', '2'], ['--rounds', '51'], ['--often']])(
  'wrong arguments are told: %s %s %s %s',
  async (...args) => {
    await expect(run(...args)).rejects.toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringContaining('tiles:load: expected'),
    })
  },
)
