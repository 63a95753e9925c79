/** Tidiness that no tool checks: headers, leftovers, sizes, plain indexes, and where the outside world may be touched. */
import { describe, expect, test } from 'vitest'
import { outsideUsesOf, parseSource, readSources, type SyntaxNode } from './source-file.ts'

const LINES_MAX = 400
const HEADER_LENGTH_MIN = 40
/** Written so that this file does not find itself. */
const LEFTOVER = /\b(TOD[O]|FIXM[E]|XX[X])\b/
const NAMELESS = /(^|\/)(utils?|helpers?|common|misc|types)\.ts$/

/**
 * The real platform (D11), and where the simulated one takes its place: the only files of the packages that may read a clock, roll dice, set a
 * timer or start a thread.
 * Each with what it is for; an entry whose file is gone, or no longer needs it, fails.
 */
const REAL_PLATFORM: Readonly<Record<string, string>> = {
  'packages/runtime/src/core-loop.ts': 'drives a core on the event loop of its thread',
  'packages/runtime/src/core-worker.ts': 'the randomness of a worker thread',
  'packages/runtime/src/process-clock.ts': 'the clock of all threads',
  'packages/runtime/src/worker-platform.ts': 'the randomness of the main thread, and the threads themselves',
  'packages/pipeline/src/stage-threads.ts': 'the threads of a pipeline of stages, its timers and its clock',
  'packages/pipeline/src/stage-worker.ts': 'the clock of the thread of a stage',
  'packages/cambium/src/cli/simulate-command.ts':
    'the command line: draws a seed when none is given, and stops when its time is up',
  'packages/testkit/src/fake-timers.ts': 'takes over the clock and timers of the process for simulations, and gives them back',
}

const sources = readSources(['packages/*/src/**/*.ts', 'apps/*/src/**/*.ts', 'benchmarks/src/**/*.ts'])
const packageSources = sources.filter(({ path }) => path.startsWith('packages/'))
const everything = [
  ...sources,
  ...readSources(['{packages,apps}/*/test/**/*.ts', 'benchmarks/test/**/*.ts', 'docs/**/*.ts', '.ci/**/*.ts']),
]

/** Paths that break a rule; an empty list is what every rule wants to see. */
function offenders(files: typeof sources, broken: (file: (typeof sources)[number]) => boolean): string[] {
  return files.filter(broken).map(({ path }) => path)
}

describe('source files', () => {
  test('are found at all', () => {
    expect(packageSources.map(({ path }) => path)).toContain('packages/base/src/cambium-error.ts')
  })

  test('begin with a header comment that says what they are', () => {
    const noHeader = offenders(
      sources,
      ({ path, text }) => !path.endsWith('/index.ts') && headerOf(text).length < HEADER_LENGTH_MIN,
    )
    expect(noHeader).toEqual([])
  })

  test('carry no leftover markers', () => {
    expect(offenders(everything, ({ text }) => LEFTOVER.test(text))).toEqual([])
  })

  test(`have at most ${LINES_MAX} lines`, () => {
    expect(offenders(sources, ({ text }) => text.split('\n').length > LINES_MAX + 1)).toEqual([])
  })

  test('are named for what they hold', () => {
    expect(offenders(everything, ({ path }) => NAMELESS.test(path))).toEqual([])
  })
})

describe('index.ts', () => {
  test('only re-exports, by an explicit list', () => {
    const indexes = packageSources.filter(({ path }) => path.endsWith('/index.ts'))
    expect(indexes.length).toBeGreaterThan(0)
    expect(offenders(indexes, ({ program }) => !(program['body'] as SyntaxNode[]).every(isReExport))).toEqual([])
  })
})

describe('the outside world', () => {
  test('is touched by the real platform only', () => {
    const uses = packageSources
      .filter(({ path }) => !(path in REAL_PLATFORM))
      .flatMap((file) => outsideUsesOf(file).map((use) => `${file.path}: ${use}`))
    expect(uses).toEqual([])
  })

  test('is needed by every file of the real platform', () => {
    const users = new Set(packageSources.filter((file) => outsideUsesOf(file).length > 0).map(({ path }) => path))
    expect(Object.keys(REAL_PLATFORM).filter((path) => !users.has(path))).toEqual([])
    expect(
      Object.keys(REAL_PLATFORM).filter(
        (path) => !/^packages\/(runtime\/src|pipeline\/src|testkit\/src|cambium\/src\/cli)\//.test(path),
      ),
    ).toEqual([])
  })

  test.each([
    ['const t = Math.random()', ['Math.random']],
    ['const t = Date.now() + performance.now()', ['Date.now', 'performance.now']],
    ['const d = new Date()', ['new Date']],
    ['const d = new Date(0)', []],
    ['new Worker(url)', ['new Worker']],
    ['const later = setTimeout', ['setTimeout']],
    ['globalThis.setTimeout(f, 1)', ['globalThis.setTimeout']],
    ['import { setTimeout as sleep } from "node:timers/promises"', ['setTimeout']],
    ['const t = `${Date.now()}`', ['Date.now']],
    ['platform.now(); clock.setTimeout(f)', []],
    ['let handle: ReturnType<typeof setTimeout>', []],
    ['const s = "Math.random()" // Date.now()', []],
  ])('is recognised in %s', (text, uses) => {
    expect([...new Set(outsideUsesOf(parseSource('example.ts', text)))]).toEqual(uses)
  })
})

/** The text of the comment at the top of a file. */
function headerOf(text: string): string {
  return /^(?:#!.*\n)?\s*(\/\*[\s\S]*?\*\/|(?:\/\/.*\n)+)/.exec(text)?.[1] ?? ''
}

function isReExport(statement: SyntaxNode): boolean {
  return statement.type === 'ExportNamedDeclaration' && statement['source'] !== null
}
