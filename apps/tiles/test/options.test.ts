/** The command line: defaults, limits, and one clear line for what is wrong. */
import { expect, test } from 'vitest'
import { HELP, parseArguments } from '../src/options.ts'

test('defaults: loopback only, drills on', () => {
  expect(parseArguments([])).toMatchObject({
    kind: 'run',
    options: { host: '127.0.0.1', port: 8080, cacheBytesMax: 64 * 1024 * 1024, deadlineMsMax: 10_000, drills: true },
  })
})

test('every option of the help can be given', () => {
  const names = Array.from(HELP.matchAll(/^ {2}(--[\w-]+)( N| NAME)?/gm), ([, name = '', value]) => ({ name, value }))
  const args = names
    .filter(({ name }) => name !== '--help')
    .flatMap(({ name, value }) => (value === undefined ? [name] : [name, name === '--cores' ? '3' : '127']))
  expect(parseArguments(args)).toMatchObject({
    kind: 'run',
    options: { port: 127, host: '127', queuePerCore: 127, drills: false },
  })
  expect(names.length).toBeGreaterThan(10)
  expect(parseArguments(['--help'])).toEqual({ kind: 'help', text: HELP })
})

test.each([
  [['--port', '65536'], '--port must be a whole number from 0 to 65535: got=65536'],
  [['--port', '-1'], "Option '--port' argument is ambiguous"],
  [['--port='], '--port must be a whole number'],
  [['--cores', '0'], '--cores must be a whole number from 1 to 64: got=0'],
  [['--cores', 'many'], '--cores must be a whole number'],
  [['--deadline-ms', '1e9'], '--deadline-ms must be a whole number'],
  [['--host='], '--host needs an address'],
  [['--fast'], "Unknown option '--fast'"],
  [['here'], 'Unexpected argument'],
])('%j is wrong', (args, message) => {
  const parsed = parseArguments(args)
  expect(parsed.kind).toBe('wrong')
  expect('message' in parsed && parsed.message).toContain(message)
  expect('message' in parsed && parsed.message).toMatch(/^tiles: [^\n]* \(--help shows the options\)$/)
})
