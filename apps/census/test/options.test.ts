/** The command line: defaults, every option, and one clear line for whatever is wrong. */
import { chmodSync, readdirSync, readFileSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { HELP, parseArguments } from '../src/options.ts'
import { makeFolder } from './folder.ts'

test('without arguments the installed packages are counted, with crashes on the way', () => {
  const parsed = parseArguments([], '/')
  if (parsed.kind !== 'run') throw new Error(`not a run: ${JSON.stringify(parsed)}`)
  expect(parsed.options).toMatchObject({ filesMax: 10_000, bytesMax: 80_000_000, chaos: true, top: 20, throughputMs: 2000 })
  expect(parsed.options.folder).toMatch(/node_modules.\.pnpm$/)
  expect(parsed.options.cores).toBeGreaterThanOrEqual(1)
  expect('json' in parsed.options).toBe(false)
})

test('every option is taken, and paths are relative to the directory', () => {
  const directory = makeFolder({ 'sub/a.js': '' })
  const args = [
    'sub',
    '--limit',
    '5',
    '--megabytes=2',
    '--cores',
    '3',
    '--no-chaos',
    '--top',
    '7',
    '--throughput',
    '50',
    '--json',
    'out.json',
  ]
  expect(parseArguments(args, directory)).toEqual({
    kind: 'run',
    options: {
      folder: join(directory, 'sub'),
      filesMax: 5,
      bytesMax: 2_000_000,
      cores: 3,
      chaos: false,
      top: 7,
      throughputMs: 50,
      json: join(directory, 'out.json'),
    },
  })
})

test('help is help, and names every option', () => {
  expect(parseArguments(['--help'], '/')).toEqual({ kind: 'help', text: HELP })
  for (const name of ['limit', 'megabytes', 'cores', 'no-chaos', 'top', 'throughput', 'json', 'help'])
    expect(HELP).toContain(`--${name}`)
})

test.each<[string[], RegExp]>([
  [['--nonsense'], /Unknown option '--nonsense'/],
  [['--limit'], /--limit.*argument missing/],
  [['--limit', '0'], /--limit must be a whole number from 1 to 100000: got=0/],
  [['--limit', '1e3'], /--limit must be a whole number/],
  [['--limit', '99999999999999999999'], /--limit must be a whole number/],
  [['--cores=-1'], /--cores must be a whole number from 1 to 64: got=-1/],
  [['--cores', '65'], /--cores must be/],
  [['--top', ''], /--top must be/],
  [['--throughput', '60001'], /--throughput must be/],
  [['--megabytes', '1.5'], /--megabytes must be/],
  [['--no-chaos=yes'], /does not take an argument/],
  [['nowhere'], /the folder does not exist: folder=.*nowhere/],
  [['file.js'], /not a folder: folder=.*file\.js/],
  [['.', 'again'], /one folder at most: got=\., again/],
  [['--json', ''], /--json needs a file name/],
  [['--json', '.'], /--json is a folder/],
  [['--json', 'nowhere/out.json'], /the folder does not exist/],
])('%j is one line that says what is wrong', (args, expected) => {
  const parsed = parseArguments(args, makeFolder({ 'file.js': '' }))
  if (parsed.kind !== 'wrong') throw new Error(`not wrong: ${JSON.stringify(parsed)}`)
  expect(parsed.message).toMatch(expected)
  expect(parsed.message).toMatch(/^census: .*\(--help shows the options\)$/)
  expect(parsed.message).not.toContain('\n')
})

describe('a file for the result that cannot be written is told before the census', () => {
  const parse = (args: string[], directory: string): string => {
    const parsed = parseArguments(args, directory)
    return parsed.kind === 'wrong' ? parsed.message : parsed.kind
  }

  test('a link that leads nowhere', () => {
    const directory = makeFolder({})
    symlinkSync(join(directory, 'nowhere/out.json'), join(directory, 'out.json'))
    expect(parse(['.', '--json', 'out.json'], directory)).toMatch(
      /^census: --json cannot be written: file=.*out\.json, cause=ENOENT /,
    )
  })

  test.skipIf(process.getuid?.() === 0)('a folder that is read-only (not for root, who may write there)', () => {
    const directory = makeFolder({})
    chmodSync(directory, 0o555)
    onTestFinished(() => chmodSync(directory, 0o755))
    expect(parse(['.', '--json', 'out.json'], directory)).toMatch(/--json cannot be written: file=.*, cause=EACCES /)
  })

  test('one that can is left as it was', () => {
    const directory = makeFolder({ 'old.json': 'as it was' })
    symlinkSync(join(directory, 'target.json'), join(directory, 'link.json'))
    for (const file of ['new.json', 'old.json', 'link.json']) expect(parse(['.', '--json', file], directory)).toBe('run')
    expect(readdirSync(directory).toSorted()).toEqual(['link.json', 'old.json'])
    expect(readFileSync(join(directory, 'old.json'), 'utf8')).toBe('as it was')
  })
})
