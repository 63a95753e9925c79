/** With which flags of Node threads start: as the process has them, but for what says what the process is to run. */
import { expect, test } from 'vitest'
import { WorkerFlags } from '../src/index.ts'

test('threads inherit what the process has', () => {
  for (const own of [[], ['--conditions', 'x', '--import', './hooks.ts'], ['-e', 'code'], ['--test', '--expose-gc']])
    expect(new WorkerFlags(own).options).toEqual({})
})

test.for([
  ['--input-type=module', '-e', 'code'],
  ['--input-type', 'module', '--eval', 'code'],
  ['--eval=code', '--input-type=module'],
  ['-p', '--input-type', 'module', '--print=code'],
  ['--input-type=module-typescript', '-pe', 'code'],
  ['--input-type=module', '--watch', '--watch-path', './src', '--test-reporter=tap'],
])('what the process is to run is no flag of its threads, all else is: %o', (command) => {
  const rest = [
    '-C',
    'x',
    '--conditions=y',
    '-r',
    './a.cjs',
    '--import',
    './b.ts',
    '--experimental-loader=./c.ts',
    '--no-warnings',
  ]
  for (const own of [
    [...command, ...rest],
    [...rest, ...command],
  ])
    expect(new WorkerFlags(own).options).toEqual({ execArgv: rest })
  expect(new WorkerFlags(command).options).toEqual({ execArgv: [] })
})

test('what Node refuses is left out from then on; whatever else it says is told', () => {
  const flags = new WorkerFlags(['--input-type=module', '--expose-gc', '-C', 'x', '--max-old-space-size=100'])
  const tried: unknown[] = []
  const create = (options: object): string => {
    tried.push(options)
    if (tried.length === 1) throw new Error('Initiated Worker with invalid execArgv flags: --expose-gc, --max-old-space-size=100')
    return 'worker'
  }
  expect(flags.start(create)).toBe('worker')
  expect(flags.start(create)).toBe('worker')
  expect(tried.slice(1)).toEqual([{ execArgv: ['-C', 'x'] }, { execArgv: ['-C', 'x'] }])

  for (const message of ['no memory', 'Initiated Worker with invalid execArgv flags: --other'])
    for (const own of [[], ['--input-type=module', '--expose-gc']])
      expect(() =>
        new WorkerFlags(own).start(() => {
          throw new Error(message)
        }),
      ).toThrow(message)
})
