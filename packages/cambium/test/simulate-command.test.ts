/** `cambium simulate` as a process: its output, its file, its exit status, and equal results for equal seeds in two processes. */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'

const MAIN = join(import.meta.dirname, '../src/cli/main.ts')
const folder = mkdtempSync(join(tmpdir(), 'cambium-simulate-'))
afterAll(() => {
  rmSync(folder, { recursive: true })
})

const cambium = (...args: string[]): { status: number | null; stdout: string; stderr: string } =>
  spawnSync(process.execPath, [MAIN, ...args], { encoding: 'utf8' })

test.skipIf(!existsSync('/dev/full'))('results that cannot be written are on stdout all the same', () => {
  const { status, stdout, stderr } = cambium('simulate', '--seed', '1', '--runs', '1', '--json', '/dev/full')
  expect(status).toBe(3)
  expect(stdout).toMatch(/^seed=1, runs=1, .*hash=[0-9a-f]{16}$/m)
  expect(stderr).toMatch(
    /^seed 1\n(?:\d+ runs, \d+ a minute\n)*cambium: results cannot be written: file="\/dev\/full", ENOSPC.*\n$/,
  )
})

// Three processes, one after the other: on a busy machine they take longer than a test has otherwise.
test('R1.10 the same seed gives the same hash in another process, another seed another one', { timeout: 120_000 }, () => {
  const hashes = ['41', '41', '42'].map((seed, i) => {
    const file = join(folder, `${i}.json`)
    const { status, stdout, stderr } = cambium('simulate', '--seed', seed, '--runs', '9', '--json', file)
    expect(status).toBe(0)
    expect(stderr).toMatch(new RegExp(`^seed ${seed}\\n`))
    const results = JSON.parse(readFileSync(file, 'utf8')) as {
      hash: string
      runs: number
      seed: number
      workloads: Record<string, { runs: number }>
    }
    expect(results).toMatchObject({ runs: 9, seed: Number(seed) })
    expect(Object.values(results.workloads).map(({ runs }) => runs)).toEqual([1, 1, 1, 1, 1, 1, 1, 1, 1])
    expect(stdout).toContain(`hash=${results.hash}`)
    return results.hash
  })
  expect(hashes[1]).toBe(hashes[0])
  expect(hashes[2]).not.toBe(hashes[0])
})

test.each([
  ['--for', '300ms'],
  ['--minutes', '0.005'],
])('one workload without faults, for a time: %s', (flag, time) => {
  const { status, stdout } = cambium('simulate', '--workload', 'banking', '--no-faults', flag, time)
  expect(status).toBe(0)
  expect(stdout).toMatch(/^banking: runs=\d+, turns=\d+, virtualSeconds=\d+, coreDeaths=0, messages=\d+, deadLetters=0$/m)
})

test('--runs ends it before its time', () => {
  const { status, stdout } = cambium('simulate', '--workload', 'floods', '--for', '1h', '--runs', '2')
  expect(status).toBe(0)
  expect(stdout).toMatch(/^seed=\d+, runs=2, /m)
})

test('help', () => {
  const { status, stdout } = cambium('--help')
  expect(status).toBe(0)
  for (const word of ['--seed', '--runs', '--for', '--minutes', '--workload', '--json', 'banking', 'telephone', 'trees'])
    expect(stdout).toContain(word)
})

test.each([
  [['simulate', '--seed', 'x'], 'flag --seed is wrong: value="x", expected an integer from 0 to 4294967295'],
  [['simulate', '--runs', '0'], 'flag --runs is wrong: value="0", expected an integer from 1 to 10000000'],
  [['simulate', '--minutes', '-1'], "Option '--minutes' argument is ambiguous"],
  [['simulate', '--for', '30'], 'flag --for is wrong: value="30", expected a time such as 30s, 5m or 8h, 168h at most'],
  [['simulate', '--for', '0s'], 'flag --for is wrong: value="0s", expected a time such as 30s, 5m or 8h, 168h at most'],
  [['simulate', '--for', '1s', '--minutes', '1'], 'flags --for and --minutes say the same: expected one of them'],
  [
    ['simulate', '--workload', 'nope'],
    'unknown workload: name=nope, known: banking, nomads, telephone, pipeline, floods, trees, kinship, gallery, standard',
  ],
  [
    ['simulate', '--json', '/nowhere/at/all.json'],
    'flag --json is wrong: value="/nowhere/at/all.json", expected a file in a folder that can be written to',
  ],
  [['simulate', 'more'], 'too many arguments: more'],
  [['simulate', '--bogus'], "Unknown option '--bogus'"],
  [['fly'], 'unknown subcommand: name=fly, known: simulate'],
  [[], 'subcommand is missing: expected simulate'],
])('%j is a mistake: one line, status 2', (args, line) => {
  expect(cambium(...args)).toMatchObject({ status: 2, stdout: '', stderr: `cambium: ${line}\n` })
})
