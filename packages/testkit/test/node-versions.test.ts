/** R1.10 across versions of Node: a seed is the same run, message by message, in the oldest Node that the packages promise and in this one. */
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { beforeAll, expect, test } from 'vitest'
import { WORKLOADS } from '../src/workloads/all-workloads.ts'
import { installNode } from './fixtures/other-node.ts'
import type { OtherNode } from './fixtures/other-node.ts'

const execute = promisify(execFile)
const PACKAGE = resolve(import.meta.dirname, '..')
const INSTALL_MS_MAX = 300_000
const RUN_MS_MAX = 120_000

const { engines } = JSON.parse(readFileSync(join(PACKAGE, 'package.json'), 'utf8')) as { engines: { node: string } }
const oldest = `${engines.node.replace('>=', '')}.0`
let other: OtherNode

beforeAll(async () => {
  other = await installNode(oldest)
}, INSTALL_MS_MAX)

/** What the program prints, on this Node and on the other. */
async function printedByBoth(path: string, args: readonly string[]): Promise<readonly string[]> {
  const run = async (node: string): Promise<string> => (await execute(node, [path, ...args], { timeout: RUN_MS_MAX })).stdout
  return [await run(process.execPath), await run((other as { path: string }).path)]
}

test('the two versions are two', async (context) => {
  if ('unreachable' in other) return context.skip(other.unreachable)
  const { stdout } = await execute(other.path, ['--version'])
  expect(stdout.trim()).toBe(`v${oldest}`)
  expect(process.version).not.toBe(stdout.trim())
})

test(
  'R1.10 seeds of scenarios give equal hashes, with timers, promises, clocks and randomness of Node',
  { timeout: RUN_MS_MAX },
  async (context) => {
    if ('unreachable' in other) return context.skip(other.unreachable)
    const [here, there] = await printedByBoth(join(PACKAGE, 'test/fixtures/print-hashes.ts'), ['11', '12', '13'])
    const hashes = JSON.parse(here as string) as unknown[]
    expect(hashes).toHaveLength(3)
    expect(JSON.parse(there as string)).toEqual(hashes)
  },
)

test('R1.10 seeds of the workloads give equal hashes', { timeout: RUN_MS_MAX }, async (context) => {
  if ('unreachable' in other) return context.skip(other.unreachable)
  const args = ['simulate', '--seed', '7', '--runs', String(WORKLOADS.length)]
  const lines = await printedByBoth(resolve(PACKAGE, '../cambium/src/cli/main.ts'), args)
  const [here, there] = lines.map((text) => text.replace(/seconds=[\d.]+, runsPerMinute=\d+, /, ''))
  expect(here).toMatch(/hash=[0-9a-f]{16}\n$/)
  expect(there).toBe(here)
})
