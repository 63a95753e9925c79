/**
 * The load figure: what `npm run tiles:load` runs. The same tiles by three contenders in turn, in a fresh process each, for some rounds; requests per
 * second (median, lowest and highest of the rounds) and the 99th percentile of all rounds. Every answer is checked against the others'.
 */
import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { runLoad } from './client.ts'
import { loadWhileKilled } from './killed.ts'
import { CONTENDERS, THREADS } from './contenders.ts'
import type { Contender } from './contenders.ts'
import { createPhases, warmUpPaths } from './workload.ts'
import type { Phase } from './workload.ts'

interface Cell {
  readonly perSecond: number[]
  readonly latencies: number[]
}

const ROUNDS = 5
const CONNECTIONS = 16
const EXIT_WRONG_ARGUMENTS = 2
const START_TIMEOUT_MS = 30_000

async function main(): Promise<number> {
  const { rounds, killed } = parse(process.argv.slice(2))
  if (killed !== undefined) return loadWhileKilled(killed, (line) => process.stdout.write(`${line}\n`))
  if (rounds === undefined) {
    process.stderr.write(
      'tiles:load: expected no arguments but --rounds N, from 1 to 50, or --kill-each-second N, from 1 to 3600 seconds\n',
    )
    return EXIT_WRONG_ARGUMENTS
  }
  const phases = createPhases()
  const cells = new Map(phases.map(({ name }) => [name, new Map(CONTENDERS.map((each) => [each, emptyCell()]))]))
  const seen = new Map<string, string>()
  for (let round = 1; round <= rounds; round += 1) {
    for (const contender of CONTENDERS) {
      if (process.stderr.isTTY) process.stderr.write(`\r  round ${round} of ${rounds}: ${contender.padEnd(12)}`)
      await withServer(contender, async (port) => {
        await runLoad(port, warmUpPaths(), CONNECTIONS, seen)
        for (const phase of phases) {
          const { seconds, latencies } = await runLoad(port, phase.paths, CONNECTIONS, seen)
          const cell = cells.get(phase.name)?.get(contender) as Cell
          cell.perSecond.push(phase.paths.length / seconds)
          cell.latencies.push(...latencies)
        }
      })
    }
  }
  if (process.stderr.isTTY) process.stderr.write(`\r${' '.repeat(40)}\r`)
  process.stdout.write(
    `${THREADS} threads, ${CONNECTIONS} connections, ${rounds} rounds, each contender in a fresh process and warmed up with other tiles; ${cpus()[0]?.model ?? 'unknown CPU'}, Node ${process.version}\n`,
  )
  for (const phase of phases) process.stdout.write(tableOf(phase, cells.get(phase.name) as Map<Contender, Cell>))
  return 0
}

function emptyCell(): Cell {
  return { perSecond: [], latencies: [] }
}

async function withServer(contender: Contender, use: (port: number) => Promise<void>): Promise<void> {
  const child = fork(new URL('contender-server.ts', import.meta.url), [contender], {
    env: { ...process.env, NODE_ENV: 'production' },
  })
  try {
    await use(await portOf(child, contender))
    child.send('end')
    await once(child, 'exit')
  } finally {
    child.kill('SIGKILL')
  }
}

async function portOf(child: ChildProcess, contender: Contender): Promise<number> {
  const ended = once(child, 'exit').then(() => {
    throw new Error(`server ended before it had started: contender=${contender}`)
  })
  const [message] = (await Promise.race([once(child, 'message', { signal: AbortSignal.timeout(START_TIMEOUT_MS) }), ended])) as [
    { readonly port: number },
  ]
  ended.catch(() => {}) // later it may end as it likes
  return message.port
}

function tableOf({ name, about, paths }: Phase, cells: ReadonlyMap<Contender, Cell>): string {
  const rows = CONTENDERS.map((contender) => {
    const { perSecond, latencies } = cells.get(contender) as Cell
    const figures = [median(perSecond), Math.min(...perSecond), Math.max(...perSecond)].map((figure) =>
      figure.toFixed(1).padStart(9),
    )
    return `  ${contender.padEnd(12)}${figures.join('')}${percentile(latencies, 0.5).toFixed(1).padStart(9)}${percentile(latencies, 0.99).toFixed(1).padStart(9)}`
  })
  const head = `  ${''.padEnd(12)}${['median/s', 'min/s', 'max/s', 'p50 ms', 'p99 ms'].map((text) => text.padStart(9)).join('')}`
  const ours = median((cells.get('cambium') as Cell).perSecond)
  const ratio = (other: Contender): string => (ours / median((cells.get(other) as Cell).perSecond)).toFixed(2)
  return `\n${name}: ${about}, ${paths.length} requests\n${head}\n${rows.join('\n')}\n  cambium over piscina ${ratio('piscina')}, over the main thread ${ratio('main thread')}\n`
}

function median(values: readonly number[]): number {
  return percentile(values, 0.5)
}

function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}

/** Neither, for arguments that are wrong. */
function parse(args: readonly string[]): { readonly rounds?: number; readonly killed?: number } {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: { rounds: { type: 'string' }, 'kill-each-second': { type: 'string' } },
    })
    const { rounds, 'kill-each-second': killed } = values
    if (killed === undefined) return rounds === undefined ? { rounds: ROUNDS } : { ...within('rounds', rounds, 50) }
    return rounds === undefined ? { ...within('killed', killed, 3600) } : {}
  } catch {
    return {}
  }
}

function within(name: string, given: string, max: number): Readonly<Record<string, number>> {
  const value = /^\d{1,4}$/.test(given) ? Number(given) : 0
  return value >= 1 && value <= max ? { [name]: value } : {}
}

process.exitCode = await main()
