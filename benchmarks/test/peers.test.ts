/** `cambium-bench peers` as users run it: with the peers that are here, without any of them, and interrupted. No test looks at a time. */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, test } from 'vitest'
import { runPeer } from '../src/cases/peers/peer-process.ts'
import type { Report } from '../src/report.ts'

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url))
const RUN_MS_MAX = 120_000
const directory = mkdtempSync(join(tmpdir(), 'cambium-peers-'))
afterAll(() => rmSync(directory, { recursive: true }))

interface Run {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
  readonly report: Report
}

function peers(names: readonly string[], flags: readonly string[], env: NodeJS.ProcessEnv = {}): Run {
  const json = join(directory, 'report.json')
  const only = names.flatMap((name) => ['--only', name])
  const args = [MAIN, 'peers', ...only, '--rounds', '1', '--scale', '0.001', '--json', json, ...flags]
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    encoding: 'utf8',
    timeout: RUN_MS_MAX,
    env: { ...process.env, ...env },
  })
  return { status, stdout, stderr, report: JSON.parse(readFileSync(json, 'utf8')) as Report }
}

function failuresOf({ stderr }: Run): string[] {
  return stderr.split('\n').filter((line) => line.startsWith('case failed'))
}

test(
  'the peers that are here do their work and prove it; one that is not here is a row that says so',
  () => {
    const svg = join(directory, 'peers.svg')
    const fromNpm = ['nact', 'xstate', 'in-flight/comlink', 'ask.remote/piscina', 'in-flight/tinypool', 'ringbuf.js']
    const programs = [
      'tell.remote.general/beam',
      'ask.local/beam',
      'ask.remote/beam',
      'spawn/beam',
      'memory/beam',
      'restart/beam',
    ]
    const run = peers([...fromNpm, ...programs, 'disruptor', 'ring.rtt'], ['--svg', svg])
    expect({ status: run.status, failures: failuresOf(run) }).toEqual({ status: 0, failures: [] })
    const { results, ratios } = run.report
    for (const { case: name, rounds, median, params } of results) {
      if (rounds === 0)
        expect([median, String(params['notRun'])]).toEqual([null, expect.stringMatching(/apt-get install -y \S+/)])
      else expect([rounds, median]).toEqual([1, expect.any(Number)])
      expect(run.stdout).toContain(name)
    }
    const measured = results.filter(({ rounds }) => rounds > 0).map((result) => result.case)
    for (const name of [
      'tell.local/nact',
      'ask.local/nact',
      'tell.local/xstate',
      'ask.remote.in-flight/comlink',
      'ask.remote/piscina/p50',
      'ask.remote.in-flight/tinypool',
      'ring.1p1c.32B/ringbuf.js',
      'ring.rtt/ring/p99',
    ]) {
      expect(measured).toContain(name)
    }
    expect(ratios.some(({ name }) => name === 'ring/floor.rtt')).toBe(measured.includes('ring.rtt/c/p50'))
    for (const ratio of ratios) expect(ratio.value).toBeGreaterThan(0)
    expect(readFileSync(svg, 'utf8')).not.toMatch(/NaN|Infinity|undefined|null/)
  },
  RUN_MS_MAX,
)

test(
  'without its programs a peer is a row with the command that installs it: no figure, no ratio, no failure',
  () => {
    const nothing = join(directory, 'nothing')
    mkdirSync(nothing, { recursive: true })
    const jar = join(nothing, 'disruptor.jar')
    const names = ['restart/beam', 'single/disruptor', 'ring.rtt/']
    const run = peers(names, ['--check'], { PATH: nothing, DISRUPTOR_JAR: jar })
    expect({ status: run.status, failures: failuresOf(run) }).toEqual({ status: 0, failures: [] })
    const reasons = {
      'restart/beam': 'Erlang is not installed (no erl, erlc): apt-get install -y erlang-base',
      'ring.1p1c.single/disruptor': `the Java Disruptor is not installed (no java, javac, ${jar}): apt-get install -y default-jdk-headless libdisruptor-java`,
      'ring.rtt/c': 'a C compiler is not installed (no cc): apt-get install -y gcc libc6-dev',
    }
    const absent = run.report.results.filter(({ rounds }) => rounds === 0)
    expect(Object.fromEntries(absent.map((result) => [result.case, result.params['notRun']]))).toEqual(reasons)
    for (const [name, reason] of Object.entries(reasons)) {
      expect(run.stdout).toMatch(new RegExp(`^${RegExp.escape(name)} .*not run: ${RegExp.escape(reason)}$`, 'm'))
      expect(run.stderr).toContain(`not run: case=${name}, ${reason}\n`)
    }
    expect(run.report.results.map((result) => result.case)).toContain('ring.rtt/ring/p50')
    expect(run.report.ratios).toEqual([])
    expect(run.stderr).toContain('goals not measured in this run: ring/disruptor.1p1c.single, ring/floor.rtt, restart/beam\n')
    // The report keeps its documented form: a row without figures is a result like the others.
    expect(Object.keys(run.report)).toEqual(['command', 'machine', 'commit', 'results', 'ratios'])
    for (const result of run.report.results) {
      expect(Object.keys(result).toSorted()).toEqual(['case', 'max', 'median', 'min', 'params', 'rounds', 'unit'])
    }
  },
  RUN_MS_MAX,
)

test('unknown flags and cases are refused before anything is measured', () => {
  const bench = (...args: string[]): { status: number | null; stderr: string } =>
    spawnSync(process.execPath, [MAIN, 'peers', ...args], { encoding: 'utf8', timeout: RUN_MS_MAX })
  expect(bench('--fast')).toMatchObject({ status: 2, stderr: "cambium-bench: Unknown option '--fast'\n" })
  expect(bench('--only', 'cobol')).toMatchObject({
    status: 2,
    stderr: 'cambium-bench: no case has such a name: only=cobol; see --list\n',
  })
})

test('a program that fails is told with its last words', async () => {
  const script = 'console.error("first"); console.error("out of luck"); process.exit(3)'
  await expect(runPeer(process.execPath, ['-e', script], directory)).rejects.toThrow(
    /failed: code=3, signal=null, first \| out of luck$/,
  )
  await expect(runPeer(join(directory, 'no-such-program'), [], directory)).rejects.toThrow('ENOENT')
})

test(
  'an interrupt leaves no program of a peer behind',
  async () => {
    // A compiler whose programs say who they are and then never end.
    const tools = join(directory, 'tools')
    const pidFile = join(directory, 'pid')
    mkdirSync(tools, { recursive: true })
    const hanging = `#!/bin/sh\\necho $$ > ${pidFile}.new && mv ${pidFile}.new ${pidFile}\\nexec sleep 1000\\n`
    const compiler = `#!/bin/sh\nfor last in "$@"; do :; done\nprintf '${hanging}' > "$last"\nchmod +x "$last"\n`
    writeFileSync(join(tools, 'cc'), compiler)
    chmodSync(join(tools, 'cc'), 0o755)
    const command = spawn(process.execPath, [MAIN, 'peers', '--only', 'ring.rtt/c', '--rounds', '1', '--scale', '0.001'], {
      env: { ...process.env, PATH: `${tools}${delimiter}${process.env['PATH'] ?? ''}` },
      stdio: 'ignore',
    })
    const ended = once(command, 'exit')
    await until(() => existsSync(pidFile))
    command.kill('SIGINT')
    expect(await ended).toEqual([130, null])
    const pid = Number(readFileSync(pidFile, 'utf8'))
    await until(() => !isAlive(pid))
  },
  RUN_MS_MAX,
)

/** Looks again and again; what never comes is the time limit of the test. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(10)
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
