/** The census as it is run: the real program in a process of its own, on real cores. */
import { spawn } from 'node:child_process'
import { readFileSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import type { ReportInput } from '../src/report.ts'
import { makeFolder } from './folder.ts'

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url))

interface Ended {
  readonly code: number | null
  readonly signal: string | null
  readonly out: string
  readonly err: string
}

/** Of its two seconds: what arrives is checked however long it takes. */
const BRIEFLY = ['--throughput', '100']

/** `onOutput` sees all of the standard output so far. */
function census(args: readonly string[], onOutput: (out: string, interrupt: () => void) => void = () => {}): Promise<Ended> {
  const child = spawn(process.execPath, [MAIN, ...BRIEFLY, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  onTestFinished(() => {
    child.kill('SIGKILL')
  })
  let out = ''
  let err = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text
    onOutput(out, () => {
      child.kill('SIGINT')
      child.kill('SIGTERM') // of one press of a key, as npm passes it on; a second SIGINT might arrive as one with the first
    })
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    err += text
  })
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code, signal) => resolve({ code, signal, out, err }))
  })
}

function makeTree(files: number): string {
  const source = (index: number): string =>
    Array.from({ length: 60 }, (_, line) => `function name${index}_${line}(argument) { return argument * ${line} }`).join('\n')
  return makeFolder(
    Object.fromEntries(Array.from({ length: files }, (_, index) => [`d${index % 7}/f${index}.js`, source(index)])),
  )
}

function jsonOf(file: string): ReportInput {
  return JSON.parse(readFileSync(file, 'utf8')) as ReportInput
}

function expectBalanced({ run: { books } }: ReportInput): void {
  const dead = Object.values(books.dead).reduce((sum, count) => sum + count, 0)
  expect(books.sent).toBe(books.processed + dead + books.queued)
  expect(books.queued).toBe(0)
}

test('an actor crashes, a core dies, and the result is that of the plain loop', async () => {
  const folder = makeTree(200)
  symlinkSync('..', join(folder, 'd0/up'))
  const file = join(makeFolder({}), 'out.json')
  const { code, out, err } = await census([folder, '--cores', '2', '--json', file])
  expect([code, err]).toEqual([0, ''])
  expect(out).toContain('verified      yes')
  expect(out).toContain(': balanced')
  expect(out).toMatch(/cycle link\s+1\n\s+d0\/up/)
  const report = jsonOf(file)
  expect(report.result.files).toBe(200)
  const { events, messagesByCore, cores, filesNotCounted, ringVsQueue, speedUp } = report.run
  expect(events.map(({ kind }) => kind)).toEqual(['actor_crash', 'core_death'])
  for (const { recoveredInMs, redone, lost } of events) {
    expect(recoveredInMs).toBeGreaterThan(0)
    expect(redone).toBeGreaterThanOrEqual(1)
    expect(lost).toBeGreaterThanOrEqual(1)
  }
  expect(events[0]).toMatchObject({ redone: 1, lost: 1 })
  expect([cores, filesNotCounted]).toEqual([2, 0])
  expect(messagesByCore).toHaveLength(3)
  for (const count of [...messagesByCore, ringVsQueue.ringPerSecond, ringVsQueue.queuePerSecond, speedUp]) {
    expect(count).toBeGreaterThan(0)
  }
  expectBalanced(report)
})

test('one file and one core see both failures as well', async () => {
  const folder = makeTree(1)
  const file = join(folder, 'out.json.txt')
  const { code, out } = await census([folder, '--cores', '1', '--json', file])
  expect(code).toBe(0)
  expect(out).toContain('verified      yes')
  const report = jsonOf(file)
  expect(report.run.events.map(({ kind, redone }) => [kind, redone])).toEqual([
    ['actor_crash', 1],
    ['core_death', 1],
  ])
  expectBalanced(report)
})

test('without chaos nothing fails and nothing is lost', async () => {
  const folder = makeTree(40)
  const file = join(folder, 'out.json.txt')
  const { code, out } = await census([folder, '--no-chaos', '--cores', '2', '--json', file])
  expect(code).toBe(0)
  expect(out).toContain('failures      none')
  const { run } = jsonOf(file)
  expect(run.verified).toBe(true)
  expect(run.books.processed).toBe(run.books.sent)
})

test('an empty folder is a census too', async () => {
  const { code, out, err } = await census([makeFolder({}), '--cores', '1'])
  expect([code, err]).toEqual([0, ''])
  expect(out).toContain('0 files, 0.0 MB, 0 lines')
  expect(out).toContain('failures      none')
})

test('wrong arguments are one line and exit code 2; help is exit code 0', async () => {
  const wrong = await census(['--cores', 'many'])
  expect([wrong.code, wrong.out]).toEqual([2, ''])
  expect(wrong.err).toMatch(/^census: --cores must be a whole number .*\n$/)
  const help = await census(['--help'])
  expect([help.code, help.err]).toEqual([0, ''])
  expect(help.out).toContain('--no-chaos')
})

test.each([
  ['the plain loop', 'read once'],
  ['the actors', 'crashed on purpose'],
])(
  'an interrupt during %s ends it at once, with everything it started, under a runner that passes it on too',
  async (_, line) => {
    let isInterrupted = false
    const { code, signal, out, err } = await census([makeTree(150), '--cores', '2'], (soFar, interrupt) => {
      if (isInterrupted || !soFar.includes(line)) return
      isInterrupted = true
      interrupt()
    })
    // Which of the two that belong to one press comes first is the kernel's to say.
    const ends = [
      [130, null, 'census: ended by SIGINT\n'],
      [143, null, 'census: ended by SIGTERM\n'],
    ]
    expect(ends).toContainEqual([code, signal, err])
    expect(out).not.toContain('verified')
  },
)
