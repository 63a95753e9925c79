/**
 * The command line. What it says is either a service to run, a request for help, or wrong; wrong is one line, for the caller to print before it
 * exits with {@link EXIT_WRONG_ARGUMENTS}.
 */
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import type { ServiceOptions } from './service.ts'

export type ParsedArguments =
  | { readonly kind: 'run'; readonly options: ServiceOptions }
  | { readonly kind: 'help'; readonly text: string }
  | { readonly kind: 'wrong'; readonly message: string }

export const EXIT_WRONG_ARGUMENTS = 2
const CORES_MAX = 64
const MIB = 1024 * 1024
export const RENDERERS_PER_CORE = 2

export const HELP: string = `Usage: npm run tiles -- [options]

Serves map tiles of fractals, and a page to look at them, while its actors crash and its cores die.

  --port N          listen there; 0 takes any free port (default 8080)
  --host NAME       listen at this address (default 127.0.0.1: this machine only)
  --cores N         use N worker threads, a core each (default: as many as the machine has cores)
  --heap-mb N       replace a core that needs more heap than N MiB (default 128)
  --cache-mb N      keep N MiB of fields and pictures on each core (default 64)
  --front-mb N      keep N MiB of pictures on the main thread (default 32)
  --queue N         let N pictures for each core wait to be drawn; more are refused with 503 (default 32)
  --in-flight N     let N requests be under way at once; more are refused with 503 (default 512)
  --deadline-ms N   answer 504 after N milliseconds (default 10000)
  --turn-ms N       replace a core that hangs for N milliseconds (default 2000)
  --no-drills       offer no failures on request: no buttons, no /drill
  --help            show this`

export function parseArguments(args: readonly string[]): ParsedArguments {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        port: { type: 'string' },
        host: { type: 'string' },
        cores: { type: 'string' },
        'heap-mb': { type: 'string' },
        'cache-mb': { type: 'string' },
        'front-mb': { type: 'string' },
        queue: { type: 'string' },
        'in-flight': { type: 'string' },
        'deadline-ms': { type: 'string' },
        'turn-ms': { type: 'string' },
        'no-drills': { type: 'boolean' },
        help: { type: 'boolean' },
      },
    })
    if (values.help) return { kind: 'help', text: HELP }
    if (values.host === '') throw new WrongArgument('--host needs an address')
    return {
      kind: 'run',
      options: {
        port: wholeNumber('--port', values.port, 8080, 0, 65_535),
        host: values.host ?? '127.0.0.1',
        cores: wholeNumber('--cores', values.cores, Math.min(availableParallelism(), CORES_MAX), 1, CORES_MAX),
        heapMb: wholeNumber('--heap-mb', values['heap-mb'], 128, 32, 65_536),
        cacheBytesMax: wholeNumber('--cache-mb', values['cache-mb'], 64, 1, 65_536) * MIB,
        frontBytesMax: wholeNumber('--front-mb', values['front-mb'], 32, 0, 65_536) * MIB,
        queuePerCore: wholeNumber('--queue', values.queue, 32, 1, 10_000),
        inFlightMax: wholeNumber('--in-flight', values['in-flight'], 512, 1, 100_000),
        renderersPerCore: RENDERERS_PER_CORE,
        deadlineMsMax: wholeNumber('--deadline-ms', values['deadline-ms'], 10_000, 100, 600_000),
        turnTimeoutMs: wholeNumber('--turn-ms', values['turn-ms'], 2000, 100, 600_000),
        drills: values['no-drills'] !== true,
      },
    }
  } catch (error) {
    if (!isWrongArgument(error)) throw error
    // Node adds advice in further sentences; the first says what is wrong.
    const [sentence = ''] = error.message.split(/\.\s/)
    return { kind: 'wrong', message: `tiles: ${sentence.replaceAll(/\s+/g, ' ')} (--help shows the options)` }
  }
}

class WrongArgument extends Error {}

function isWrongArgument(error: unknown): error is Error {
  if (error instanceof WrongArgument) return true
  return error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS_')
}

function wholeNumber(name: string, text: string | undefined, byDefault: number, least: number, most: number): number {
  if (text === undefined) return byDefault
  const value = /^\d{1,9}$/.test(text) ? Number(text) : -1
  if (value < least || value > most)
    throw new WrongArgument(`${name} must be a whole number from ${least} to ${most}: got=${text}`)
  return value
}
