/**
 * The command line. What it says is either a run, a request for help, or wrong; wrong is one line, for the caller to print
 * before it exits with {@link EXIT_WRONG_ARGUMENTS}.
 */
import { closeSync, openSync, realpathSync, rmSync, statSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { dirname, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

export interface CensusOptions {
  /** Absolute. @default the workspace's node_modules/.pnpm */
  readonly folder: string
  /** Source files at most. @default 10,000 */
  readonly filesMax: number
  /** Bytes of source at most. @default 80,000,000: ten to twelve seconds of one 2026 server core */
  readonly bytesMax: number
  /** Worker threads, a core each; the main thread hands out and adds up. @default os.availableParallelism(), at most 64 */
  readonly cores: number
  /** Whether an actor and a core are crashed on the way. @default true */
  readonly chaos: boolean
  /** Identifiers in the report. @default 20 */
  readonly top: number
  /** How long the two ways from core to core are measured, together, in milliseconds. @default 2000 */
  readonly throughputMs: number
  /** File that takes the result as JSON; absolute. @default none */
  readonly json?: string
}

export type ParsedArguments =
  | { readonly kind: 'run'; readonly options: CensusOptions }
  | { readonly kind: 'help'; readonly text: string }
  | { readonly kind: 'wrong'; readonly message: string }

export const EXIT_WRONG_ARGUMENTS = 2
const CORES_MAX = 64
/** The store and not all of node_modules: tools leave their caches beside it while a census runs. */
const DEFAULT_FOLDER = fileURLToPath(new URL('../../../node_modules/.pnpm', import.meta.url))

export const HELP: string = `Usage: npm start -- [folder] [options]

Counts identifiers, lines by language and duplicate files of a folder's source, on all cores, and checks the
result against a plain loop. Without a folder: the packages this workspace has installed.

  --limit N        read at most N source files, in the order of the walk (default 10000)
  --megabytes N    read at most N million bytes of source (default 80)
  --cores N        use N worker threads, a core each (default: as many as the machine has cores)
  --no-chaos       crash nothing on the way
  --top N          show N identifiers (default 20)
  --throughput N   measure the two ways from core to core for N milliseconds (default 2000)
  --json FILE      write the result to FILE as JSON as well
  --help           show this`

/** `args` without the program and the script; paths are relative to `directory`. */
export function parseArguments(args: readonly string[], directory: string): ParsedArguments {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        limit: { type: 'string' },
        megabytes: { type: 'string' },
        cores: { type: 'string' },
        'no-chaos': { type: 'boolean' },
        top: { type: 'string' },
        throughput: { type: 'string' },
        json: { type: 'string' },
        help: { type: 'boolean' },
      },
    })
    if (values.help) return { kind: 'help', text: HELP }
    if (positionals.length > 1) throw new WrongArgument(`one folder at most: got=${positionals.join(', ')}`)
    return {
      kind: 'run',
      options: {
        folder: folderAt(resolve(directory, positionals[0] ?? DEFAULT_FOLDER)),
        filesMax: wholeNumber('--limit', values.limit, 10_000, 100_000),
        bytesMax: wholeNumber('--megabytes', values.megabytes, 80, 100_000) * 1_000_000,
        cores: wholeNumber('--cores', values.cores, Math.min(availableParallelism(), CORES_MAX), CORES_MAX),
        chaos: values['no-chaos'] !== true,
        top: wholeNumber('--top', values.top, 20, 1000),
        throughputMs: wholeNumber('--throughput', values.throughput, 2000, 60_000),
        ...(values.json === undefined ? {} : { json: jsonFileAt(values.json, directory) }),
      },
    }
  } catch (error) {
    if (!isWrongArgument(error)) throw error
    // Node adds advice in further sentences; the first says what is wrong.
    const [sentence = ''] = error.message.split(/\.\s/)
    return { kind: 'wrong', message: `census: ${sentence.replaceAll(/\s+/g, ' ')} (--help shows the options)` }
  }
}

class WrongArgument extends Error {}

function isWrongArgument(error: unknown): error is Error {
  if (error instanceof WrongArgument) return true
  return error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS_')
}

function wholeNumber(name: string, text: string | undefined, byDefault: number, most: number): number {
  if (text === undefined) return byDefault
  const value = /^\d+$/.test(text) ? Number(text) : 0
  if (value < 1 || value > most) throw new WrongArgument(`${name} must be a whole number from 1 to ${most}: got=${text}`)
  return value
}

function folderAt(path: string): string {
  const stats = statSync(path, { throwIfNoEntry: false })
  if (stats === undefined) throw new WrongArgument(`the folder does not exist: folder=${path}`)
  if (!stats.isDirectory()) throw new WrongArgument(`not a folder: folder=${path}`)
  return path
}

// Found out now, not after the whole census.
function jsonFileAt(path: string, directory: string): string {
  if (path === '') throw new WrongArgument('--json needs a file name')
  const file = resolve(directory, path)
  if (statSync(file, { throwIfNoEntry: false })?.isDirectory()) throw new WrongArgument(`--json is a folder: file=${file}`)
  folderAt(dirname(file))
  checkWritable(file)
  return file
}

/** By opening it: what is permitted says neither that of a file system that is read-only, nor that of a link which leads nowhere. */
function checkWritable(file: string): void {
  const isThere = statSync(file, { throwIfNoEntry: false }) !== undefined
  try {
    closeSync(openSync(file, 'a'))
  } catch (error) {
    throw new WrongArgument(`--json cannot be written: file=${file}, cause=${(error as NodeJS.ErrnoException).code}`)
  }
  if (!isThere) rmSync(realpathSync(file))
}
