/** The command as users run it: real processes, real threads, tiny amounts of work. No test looks at a time. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, test, vi } from 'vitest'
import type { Report } from '../src/report.ts'

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url))
/** The longest takes half a minute on a quiet machine, a process for each round. */
const TIMEOUT_MS = 180_000
vi.setConfig({ testTimeout: TIMEOUT_MS })
const directory = mkdtempSync(join(tmpdir(), 'cambium-bench-'))
afterAll(() => rmSync(directory, { recursive: true }))

function bench(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, [MAIN, ...args], { encoding: 'utf8', timeout: TIMEOUT_MS })
}

/** Cases that failed; all that was said if the command itself did. */
function troubleIn(status: number | null, stderr: string): readonly string[] {
  const lines = stderr.split('\n')
  const failures = lines.filter((line) => line.startsWith('case failed'))
  return failures.length > 0 || status === 0 ? failures : lines.slice(-30)
}

test('a wrong argument is one line on stderr and exit status 2', () => {
  const { status, stdout, stderr } = bench('peer')
  expect(status).toBe(2)
  expect(stdout).toBe('')
  expect(stderr).toMatch(
    /^cambium-bench: unknown subcommand: name=peer, known: queue-vs-ring, actors, peers, failover, micro.*\n$/,
  )
})

test('a name that no case has is a wrong argument', () => {
  const { status, stderr } = bench('--only', 'rtt', '--only', 'no-such-case')
  expect(status).toBe(2)
  expect(stderr).toBe('cambium-bench: no case has such a name: only=no-such-case; see --list\n')
})

test('--help and --list measure nothing', () => {
  expect(bench('--help')).toMatchObject({ status: 0, stderr: '' })
  const { status, stdout, stderr } = bench('--list')
  expect(status).toBe(0)
  expect(stderr).toBe('')
  const names = stdout.split('\n').map((line) => line.split('  ')[0])
  expect(new Set(names).size).toBe(names.length)
  for (const name of [
    'throughput.8B/ring',
    'throughput.64KiB/postMessage',
    'throughput.32B.batch-256/array',
    'throughput.32B.wait/blocking',
    'throughput.32B.diamond/ring',
    'rtt/postMessage',
    'rtt.8B/ring',
    'rtt.64KiB/postMessage-hot',
    'rtt.wait/yielding',
    'latency.10k/ring',
  ]) {
    expect(names).toContain(name)
  }
})

test('cases of every kind of link and role run end to end and prove their messages', () => {
  const json = join(directory, 'flows.json')
  const svg = join(directory, 'flows.svg')
  const names = [
    'throughput.32B.batch-16/',
    'throughput.32B.diamond/',
    'throughput.64KiB/',
    'rtt/ring',
    'rtt/postMessage',
    'rtt.256B/',
    'rtt.wait/blocking',
    'latency.10k/ring',
    'latency.10k/postMessage',
  ]
  const { status, stdout, stderr } = bench(
    ...names.flatMap((name) => ['--only', name]),
    '--rounds',
    '1',
    '--scale',
    '0.001',
    '--json',
    json,
    '--svg',
    svg,
  )
  expect(stderr).toContain('fewer than 5 rounds')
  expect({ status, trouble: troubleIn(status, stderr) }).toEqual({ status: 0, trouble: [] })
  const report = JSON.parse(readFileSync(json, 'utf8')) as Report
  expect(report.command).toContain('--scale 0.001')
  expect(report.machine.node).toBe(process.versions.node)
  expect(report.commit).toMatch(/^(unknown|[0-9a-f]{40}(-dirty)?)$/)
  for (const result of report.results) {
    expect(result.rounds).toBe(1)
    expect(result.median).toBeGreaterThan(0)
    expect(result.params).not.toEqual({})
  }
  expect(report.ratios.map((ratio) => ratio.name)).toContain('ring/postMessage.rtt')
  for (const result of report.results) expect(stdout).toContain(result.case)
  expect(readFileSync(svg, 'utf8')).toContain('class="curve"')
})

test('failover: a core is killed under a stream, and every message is accounted for', () => {
  const file = join(directory, 'failover.json')
  const { status, stderr } = bench('failover', '--rounds', '1', '--scale', '0.02', '--json', file)
  expect(troubleIn(status, stderr)).toEqual([])
  const { ratios } = JSON.parse(readFileSync(file, 'utf8')) as Report
  expect(ratios.find(({ name }) => name === 'failover.lost')?.value).toBe(0)
  expect(ratios.map(({ name }) => name)).toContain('failover.p99')
})

test('actors --neighbour measures the neighbour of a hog, and nothing else', () => {
  const file = join(directory, 'neighbour.json')
  const { status, stderr } = bench('actors', '--neighbour', '--rounds', '1', '--scale', '0.01', '--json', file)
  expect(troubleIn(status, stderr)).toEqual([])
  const { ratios } = JSON.parse(readFileSync(file, 'utf8')) as Report
  expect(ratios.map(({ name }) => name)).toEqual(['neighbour.p99'])
})

test('micro cases run end to end', () => {
  const { status, stdout, stderr } = bench(
    'micro',
    '--only',
    'ring.write',
    '--only',
    'codec.flat',
    '--only',
    'micro.slots',
    '--only',
    'micro.broadcast',
    '--only',
    'micro.dispatch',
    '--rounds',
    '1',
    '--scale',
    '0.01',
  )
  expect({ status, trouble: troubleIn(status, stderr) }).toEqual({ status: 0, trouble: [] })
  for (const name of [
    'micro.ring.write/publish-each',
    'micro.ring.write/publish-64',
    'micro.codec.flat/general-encode-copy',
    'micro.codec.flat/compiled-read',
    'micro.slots/single-producer',
    'micro.slots/multi-producer',
    'micro.broadcast/publish-poll',
    'micro.dispatch/tell-turn',
  ]) {
    expect(stdout).toContain(name)
  }
})

test('actors cases run end to end over the public package and prove their messages', () => {
  const json = join(directory, 'actors.json')
  const svg = join(directory, 'actors.svg')
  const names = [
    'tell.',
    'ask.',
    'spawn/',
    'memory/',
    'restart/',
    'timers/',
    'backpressure/',
    'idle/',
    'scale/',
    'share/',
    'children/',
  ]
  const { status, stderr } = bench(
    'actors',
    ...names.flatMap((name) => ['--only', name]),
    '--rounds',
    '1',
    '--scale',
    '0.003',
    '--json',
    json,
    '--svg',
    svg,
  )
  expect({ status, trouble: troubleIn(status, stderr) }).toEqual({ status: 0, trouble: [] })
  const report = JSON.parse(readFileSync(json, 'utf8')) as Report
  const results = report.results.map((result) => result.case)
  for (const name of [
    'tell.remote/tell',
    'tell.remote/tell-declared',
    'tell.remote.general/postMessage',
    'ask.remote/postMessage-hot/p50',
    'ask.remote.in-flight/ask-outside',
    'spawn/system.spawn/stop',
    'memory/ctx.spawn/heap',
    'restart/worker/p99',
    'timers/setTimer/fire',
    'backpressure/flood/rss.max',
    'idle/system',
    'scale/live',
  ]) {
    expect(results).toContain(name)
  }
  const ratios = report.ratios.map((ratio) => ratio.name)
  for (const name of ['tell.remote/postMessage', 'tell.local', 'ask.remote/postMessage.rtt', 'idle.cpu', 'scale.live'])
    expect(ratios).toContain(name)
  expect(readFileSync(svg, 'utf8')).not.toMatch(/NaN|Infinity|undefined/)
})
