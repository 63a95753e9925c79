/** What the command line asks for, checked before anything is measured. Every mistake is one line and exit status 2. */
import { accessSync, constants, realpathSync, statSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { parseArgs } from 'node:util'

export interface Request {
  readonly kind: 'run' | 'list' | 'help'
  readonly subcommand: string
  readonly json: string | undefined
  readonly svg: string | undefined
  readonly quick: boolean
  readonly check: boolean
  /** Parts of case names; empty means all cases. */
  readonly only: readonly string[]
  readonly rounds: number
  readonly scale: number
}

/** A mistake on the command line. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

export const ROUNDS_DEFAULT = 5
const ROUNDS_MAX = 1_000
const SCALE_MIN = 0.0001
const SCALE_MAX = 100
/** Amount of work of a `--quick` run, over the full one. */
export const QUICK_SCALE = 0.15

const FLAGS = {
  json: { type: 'string' },
  svg: { type: 'string' },
  quick: { type: 'boolean', default: false },
  check: { type: 'boolean', default: false },
  only: { type: 'string', multiple: true, default: [] as string[] },
  neighbour: { type: 'boolean', default: false },
  rounds: { type: 'string' },
  scale: { type: 'string' },
  list: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const

export function parseCommandLine(args: readonly string[], known: readonly string[]): Request {
  const { values, positionals } = parseFlags(args)
  const [subcommand = known[0] ?? '', ...rest] = positionals
  if (!known.includes(subcommand)) throw new UsageError(`unknown subcommand: name=${subcommand}, known: ${known.join(', ')}`)
  if (rest.length > 0) throw new UsageError(`too many arguments: ${rest.join(' ')}`)
  const only = [...values.only.map((name) => name.trim()), ...(values.neighbour ? ['neighbour/'] : [])]
  if (only.includes('')) throw new UsageError('flag --only is wrong: value="", expected a part of a case name')
  const json = checkOutputFile('--json', values.json)
  const svg = checkOutputFile('--svg', values.svg)
  if (json !== undefined && svg !== undefined && realPathOf(json) === realPathOf(svg)) {
    throw new UsageError(`flags --json and --svg are wrong: both name ${svg}, expected two files`)
  }
  return {
    kind: values.help ? 'help' : values.list ? 'list' : 'run',
    subcommand,
    json,
    svg,
    quick: values.quick,
    check: values.check,
    only,
    rounds: checkNumber('--rounds', values.rounds, { default: ROUNDS_DEFAULT, min: 1, max: ROUNDS_MAX, integer: true }),
    scale: checkNumber('--scale', values.scale, {
      default: values.quick ? QUICK_SCALE : 1,
      min: SCALE_MIN,
      max: SCALE_MAX,
      integer: false,
    }),
  }
}

export function helpText(subcommands: readonly { readonly name: string; readonly summary: string }[]): string {
  const width = Math.max(...subcommands.map(({ name }) => name.length))
  return `Usage: cambium-bench [subcommand] [flags]

Subcommands (the first is the default)
${subcommands.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`).join('\n')}

Flags
  --quick       fewer cases with less work: under 60 s in all
  --json FILE   write the results and ratios as one JSON object
  --svg FILE    write bars (throughput) and percentile curves (latency)
  --check       exit with status 1 when a ratio misses its goal
  --only NAME   only cases whose name contains NAME; may be repeated
  --neighbour   of actors: latency beside a core that computes without end (as --only neighbour/)
  --rounds N    rounds of each case, each in a fresh process (default ${ROUNDS_DEFAULT}; fewer are a trial, not a figure)
  --scale X     multiplies the work of a round (default 1, with --quick ${QUICK_SCALE})
  --list        print the names of the cases and their parameters, and measure nothing
  --help        print this text

Exit status: 0 done, 1 a case failed or a goal was missed, 2 wrong arguments, 130 interrupted.
`
}

function parseFlags(args: readonly string[]): ReturnType<typeof parseArgs<{ options: typeof FLAGS; allowPositionals: true }>> {
  try {
    return parseArgs({ args: [...args], options: FLAGS, allowPositionals: true, strict: true })
  } catch (error) {
    // The first sentence names the mistake; the rest is advice on `--` that does not apply here.
    throw new UsageError(String((error as Error).message).split(/\.\s/)[0] ?? 'wrong arguments')
  }
}

function checkNumber(
  flag: string,
  text: string | undefined,
  range: { readonly default: number; readonly min: number; readonly max: number; readonly integer: boolean },
): number {
  if (text === undefined) return range.default
  const value = text.trim() === '' ? Number.NaN : Number(text)
  if (!(value >= range.min && value <= range.max) || (range.integer && !Number.isInteger(value))) {
    const kind = range.integer ? 'an integer' : 'a number'
    throw new UsageError(`flag ${flag} is wrong: value=${text}, expected ${kind} from ${range.min} to ${range.max}`)
  }
  return value
}

/** Minutes of measuring must not end in a file that cannot be written. */
function checkOutputFile(flag: string, file: string | undefined): string | undefined {
  if (file === undefined) return undefined
  if (file === '') throw new UsageError(`flag ${flag} is wrong: value="", expected a file name`)
  try {
    const existing = statSync(file, { throwIfNoEntry: false })
    if (existing?.isDirectory()) throw new UsageError(`flag ${flag} is wrong: ${file} is a directory`)
    accessSync(existing === undefined ? dirname(file) : file, constants.W_OK)
  } catch (error) {
    if (error instanceof UsageError) throw error
    throw new UsageError(
      `flag ${flag} is wrong: ${file} cannot be written (${(error as NodeJS.ErrnoException).code ?? 'unknown'})`,
    )
  }
  return file
}

/** Of a file that can be written, there or not. */
function realPathOf(file: string): string {
  const isThere = statSync(file, { throwIfNoEntry: false }) !== undefined
  return isThere ? realpathSync(file) : join(realpathSync(dirname(file)), basename(file))
}
