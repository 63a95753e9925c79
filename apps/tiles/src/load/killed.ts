/**
 * What `npm run tiles:load -- --kill-each-second N` does: the service under load for N seconds while its cores are killed in turn, one each second,
 * the next when the last is back. Pictures are asked for over HTTP, none twice. Prints what was served and what failed in each
 * second and in all.
 */
import { once } from 'node:events'
import { setTimeout as pass } from 'node:timers/promises'
import { parseArguments } from '../options.ts'
import { PALETTES } from '../palettes.ts'
import { startService } from '../service.ts'

const CONNECTIONS = 16
/** The middle of the set, in an order in which what is dear to draw and what is not come mixed. Then the same in other colours. */
const [ZOOM, LEFT, TOP, COLUMNS, ROWS, STRIDE] = [8, 60, 100, 128, 50, 1597]
/** Longer than the service's own: a busy machine is slow, and no failure. How long anybody waited is printed. */
const DEADLINE_MS = 60_000
/** Requests served before the first core is killed. */
const WARM = 32

interface Tally {
  served: number
  longestMs: number
  /** By status of HTTP, or by the error of a request that had no answer. */
  readonly failed: Map<string, number>
}

/** Answers the exit status: 1 when a request failed, or a core did not die or come back. */
export async function loadWhileKilled(seconds: number, print: (line: string) => void): Promise<number> {
  const parsed = parseArguments(['--port', '0', '--cores', '2', '--deadline-ms', String(DEADLINE_MS)])
  if (parsed.kind !== 'run') return 1
  const service = await startService(parsed.options)
  const { system } = service.tiles
  const all: Tally = { served: 0, longestMs: 0, failed: new Map() }
  let [deaths, next] = [0, 0]
  let isOver = false
  system.events.on('core_lost', () => (deaths += 1))

  const client = async (): Promise<void> => {
    while (!isOver) {
      const index = next
      next += 1
      const askedMs = performance.now()
      const outcome = await askFor(`${service.address}${pathOf(index)}`)
      all.longestMs = Math.max(all.longestMs, performance.now() - askedMs)
      if (outcome === '200') all.served += 1
      else all.failed.set(outcome, (all.failed.get(outcome) ?? 0) + 1)
    }
  }
  const clients = Array.from({ length: CONNECTIONS }, client)
  while (all.served < WARM && failures(all) === 0) await pass(50)

  let kills = 0
  let isBack: Promise<unknown> = Promise.resolve()
  let [servedBefore, failedBefore] = [all.served, failures(all)]
  const startedMs = performance.now()
  for (let second = 1; second <= seconds; second += 1) {
    await isBack
    isBack = once(system.events, 'core_restarted')
    system.killCore(1 + (second % system.cores))
    kills += 1
    await pass(1000)
    const [served, failed] = [all.served - servedBefore, failures(all) - failedBefore]
    print(`${second} s: core ${1 + (second % system.cores)} was killed, ${served} served, ${failed} failed`)
    servedBefore += served
    failedBefore += failed
  }
  isOver = true
  await Promise.all(clients)
  const tookS = (performance.now() - startedMs) / 1000
  await isBack
  await service.stop()
  const failed = failures(all)
  const requests = all.served + failed
  const kinds = [...all.failed].map(([kind, count]) => `, ${count} × ${kind}`).join('')
  print(
    `${requests} requests in ${tookS.toFixed(1)} s, ${((100 * failed) / requests).toFixed(2)} % failed${kinds}, ${deaths} deaths of cores, longest wait ${Math.round(all.longestMs)} ms`,
  )
  return failed === 0 && deaths === kills ? 0 : 1
}

function pathOf(index: number): string {
  const tile = (index * STRIDE) % (COLUMNS * ROWS)
  const palettes = Object.keys(PALETTES)
  const palette = palettes[Math.floor(index / (COLUMNS * ROWS)) % palettes.length]
  return `/tiles/julia/${ZOOM}/${LEFT + (tile % COLUMNS)}/${TOP + Math.floor(tile / COLUMNS)}.png?palette=${palette}`
}

async function askFor(url: string): Promise<string> {
  try {
    const response = await fetch(url)
    await response.arrayBuffer()
    return String(response.status)
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

function failures({ failed }: Tally): number {
  return [...failed.values()].reduce((sum, count) => sum + count, 0)
}
