/** What the command line accepts, and the one line that each mistake gets. */
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { helpText, parseCommandLine, QUICK_SCALE, UsageError } from '../src/command-line.ts'

const KNOWN = ['queue-vs-ring', 'micro']
const directory = mkdtempSync(join(tmpdir(), 'cambium-bench-'))
afterAll(() => rmSync(directory, { recursive: true }))

function mistakeOf(...args: string[]): string {
  try {
    parseCommandLine(args, KNOWN)
  } catch (error) {
    expect(error).toBeInstanceOf(UsageError)
    return (error as Error).message
  }
  throw new Error(`accepted: ${args.join(' ')}`)
}

test('without arguments the first subcommand runs with its defaults', () => {
  expect(parseCommandLine([], KNOWN)).toEqual({
    kind: 'run',
    subcommand: 'queue-vs-ring',
    json: undefined,
    svg: undefined,
    quick: false,
    check: false,
    only: [],
    rounds: 5,
    scale: 1,
  })
})

test('every flag is read', () => {
  const json = join(directory, 'out.json')
  const request = parseCommandLine(
    ['micro', '--quick', '--json', json, '--only', 'ring', '--only', 'codec', '--rounds=7', '--scale', '0.5', '--check'],
    KNOWN,
  )
  expect(request).toMatchObject({
    subcommand: 'micro',
    quick: true,
    json,
    only: ['ring', 'codec'],
    rounds: 7,
    scale: 0.5,
    check: true,
  })
  expect(parseCommandLine(['--quick'], KNOWN).scale).toBe(QUICK_SCALE)
  expect(parseCommandLine(['--list'], KNOWN).kind).toBe('list')
  expect(parseCommandLine(['-h', '--list'], KNOWN).kind).toBe('help')
})

test.each([
  [['peers'], 'unknown subcommand: name=peers, known: queue-vs-ring, micro'],
  [['micro', 'extra'], 'too many arguments: extra'],
  [['--fast'], "Unknown option '--fast'"],
  [['--json'], "Option '--json <value>' argument missing"],
  [['--quick=yes'], "Option '--quick' does not take an argument"],
  [['--rounds', '0'], 'flag --rounds is wrong: value=0, expected an integer from 1 to 1000'],
  [['--rounds', '2.5'], 'flag --rounds is wrong: value=2.5, expected an integer from 1 to 1000'],
  [['--rounds', ''], 'flag --rounds is wrong: value=, expected an integer from 1 to 1000'],
  [['--scale', 'NaN'], 'flag --scale is wrong: value=NaN, expected a number from 0.0001 to 100'],
  [['--scale', '0'], 'flag --scale is wrong: value=0, expected a number from 0.0001 to 100'],
  [['--only', ' '], 'flag --only is wrong: value="", expected a part of a case name'],
  [['--svg', ''], 'flag --svg is wrong: value="", expected a file name'],
])('%j is refused', (args, message) => {
  expect(mistakeOf(...args)).toBe(message)
})

test('a file that cannot be written is refused before anything is measured', () => {
  expect(mistakeOf('--json', directory)).toBe(`flag --json is wrong: ${directory} is a directory`)
  const missing = join(directory, 'no', 'such.svg')
  expect(mistakeOf('--svg', missing)).toBe(`flag --svg is wrong: ${missing} cannot be written (ENOENT)`)
})

test('one file for both outputs is refused, however it is named', () => {
  const file = join(directory, 'both')
  const again = `${directory}/../${basename(directory)}/both`
  const message = `flags --json and --svg are wrong: both name ${again}, expected two files`
  expect(mistakeOf('--json', file, '--svg', again)).toBe(message)
  writeFileSync(file, '')
  expect(mistakeOf('--json', file, '--svg', again)).toBe(message)
  symlinkSync(file, join(directory, 'link'))
  expect(mistakeOf('--json', join(directory, 'link'), '--svg', file)).toBe(message.replace(again, file))
})

test('the help names every subcommand and every flag', () => {
  const text = helpText([
    { name: 'queue-vs-ring', summary: 'first' },
    { name: 'micro', summary: 'second' },
  ])
  for (const part of [
    'queue-vs-ring',
    'micro',
    '--quick',
    '--json',
    '--svg',
    '--check',
    '--only',
    '--rounds',
    '--scale',
    '--list',
    '--help',
  ]) {
    expect(text).toContain(part)
  }
})
