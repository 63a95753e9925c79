/** What the command line asks for, checked before anything runs. Every mistake is one line and exit status 2. */
import { accessSync, constants, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { parseArgs } from 'node:util'
import { WORKLOADS } from '@cambium/testkit'

export interface SimulateRequest {
  readonly kind: 'simulate'
  /** Of the first run; undefined draws one. */
  readonly seed: number | undefined
  /** Undefined: until the time is up. */
  readonly runs: number | undefined
  /** Real milliseconds; undefined: until the runs are done. */
  readonly forMs: number | undefined
  /** Names; in turn. */
  readonly workloads: readonly string[]
  readonly hasFaults: boolean
  readonly json: string | undefined
}

export type Request = SimulateRequest | { readonly kind: 'help' }

/** A mistake on the command line. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

const RUNS_DEFAULT = 100
const RUNS_MAX = 10_000_000
const FOR_MS_MAX = 7 * 24 * 3_600_000
const HOUR_MS = 3_600_000
const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: HOUR_MS }

const SEED_MAX = 2 ** 32 - 1

const FLAGS = {
  seed: { type: 'string' },
  runs: { type: 'string' },
  for: { type: 'string' },
  minutes: { type: 'string' },
  workload: { type: 'string', multiple: true, default: [] as string[] },
  'no-faults': { type: 'boolean', default: false },
  json: { type: 'string' },
  help: { type: 'boolean', short: 'h', default: false },
} as const

const KNOWN = WORKLOADS.map(({ name }) => name)

export const HELP: string = `cambium simulate [--seed N] [--runs N] [--for TIME] [--workload NAME] [--no-faults] [--json FILE]

Runs Cambium's own workloads on the simulated platform, each run under its own seed, with faults drawn from it.

  --seed N         seed of the first run, 0 to ${SEED_MAX}; the next runs count up from it; drawn and printed without
  --runs N         so many runs; ${RUNS_DEFAULT} without --for
  --for TIME       goes on until the time is up, or --runs are done: 30s, 5m, 8h
  --minutes M      the same in minutes

  --workload NAME  may be repeated; all of them in turn without
  --no-faults      nothing is killed, paused or crashed
  --json FILE      writes the results

Exit status: 0 all is well, 1 a run failed, 2 a flag is wrong, 3 the file of --json could not be written.

Workloads:
${WORKLOADS.map(({ name, summary }) => `  ${name.padEnd(15)}  ${summary}`).join('\n')}
`

export function parseCommandLine(args: readonly string[]): Request {
  const { values, positionals } = parseFlags(args)
  const [subcommand, ...rest] = positionals
  if (values.help || (subcommand === 'help' && rest.length === 0)) return { kind: 'help' }
  if (subcommand === undefined) throw new UsageError('subcommand is missing: expected simulate')
  if (subcommand !== 'simulate') throw new UsageError(`unknown subcommand: name=${subcommand}, known: simulate`)
  if (rest.length > 0) throw new UsageError(`too many arguments: ${rest.join(' ')}`)
  for (const name of values.workload)
    if (!KNOWN.includes(name)) throw new UsageError(`unknown workload: name=${name}, known: ${KNOWN.join(', ')}`)
  const forMs = checkTime(values.for, values.minutes)

  const runs = checkNumber('--runs', values.runs, { min: 1, max: RUNS_MAX, isInteger: true })
  return {
    kind: 'simulate',
    seed: checkNumber('--seed', values.seed, { min: 0, max: SEED_MAX, isInteger: true }),
    runs: runs ?? (forMs === undefined ? RUNS_DEFAULT : undefined),
    forMs,
    workloads: values.workload.length > 0 ? values.workload : KNOWN,
    hasFaults: !values['no-faults'],
    json: checkOutputFile('--json', values.json),
  }
}

function parseFlags(args: readonly string[]): ReturnType<typeof parseArgs<{ options: typeof FLAGS; allowPositionals: true }>> {
  try {
    return parseArgs({ args: [...args], options: FLAGS, allowPositionals: true })
  } catch (error) {
    // Node explains a wrong flag in several sentences; the first one says what is wrong.
    throw new UsageError(error instanceof Error ? error.message.split(/[.\n] ?/, 1)[0] : String(error))
  }
}

function checkNumber(
  flag: string,
  text: string | undefined,
  limits: { min: number; max: number; isInteger: boolean },
): number | undefined {
  if (text === undefined) return undefined
  const value = text.trim() === '' ? Number.NaN : Number(text)
  if (!Number.isFinite(value) || value < limits.min || value > limits.max || (limits.isInteger && !Number.isInteger(value))) {
    throw new UsageError(
      `flag ${flag} is wrong: value=${JSON.stringify(text)}, expected ${limits.isInteger ? 'an integer' : 'a number'} from ${limits.min} to ${limits.max}`,
    )
  }
  return value
}

/** Milliseconds. */
function checkTime(text: string | undefined, minutes: string | undefined): number | undefined {
  if (text === undefined) {
    const given = checkNumber('--minutes', minutes, { min: 0.001, max: FOR_MS_MAX / 60_000, isInteger: false })
    return given === undefined ? undefined : given * 60_000
  }
  if (minutes !== undefined) throw new UsageError('flags --for and --minutes say the same: expected one of them')
  const [, number = '', unit = ''] = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(text) ?? []
  const ms = Number(number) * (UNITS[unit] ?? 0)
  if (ms < 1 || ms > FOR_MS_MAX)
    throw new UsageError(
      `flag --for is wrong: value=${JSON.stringify(text)}, expected a time such as 30s, 5m or 8h, ${FOR_MS_MAX / HOUR_MS}h at most`,
    )
  return ms
}

/** The run may take long: whether its result can be written is found out before it. */
function checkOutputFile(flag: string, file: string | undefined): string | undefined {
  if (file === undefined) return undefined
  if (file === '') throw new UsageError(`flag ${flag} is wrong: value="", expected a file`)
  try {
    const folder = dirname(file)
    if (!statSync(folder).isDirectory()) throw new Error('no folder')
    accessSync(folder, constants.W_OK)
    if (statSync(file, { throwIfNoEntry: false })?.isDirectory() === true) throw new Error('a folder')
  } catch {
    throw new UsageError(
      `flag ${flag} is wrong: value=${JSON.stringify(file)}, expected a file in a folder that can be written to`,
    )
  }
  return file
}
