/**
 * Many deaths of cores in one process: `node --expose-gc run.ts [--deaths N]`. Cores are killed from outside and end themselves, in turns; each is waited for, and
 * its actors asked. Fails when anything is left behind, or recovery becomes slower; the last line is JSON with what was counted.
 *
 * What is counted before and after, once everything has come to rest: threads and open files of the process, what keeps its event loop alive, heap and shared
 * memory after a collection, actors, and the slots that the cores have given.
 */
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { isDeepStrictEqual, parseArgs } from 'node:util'
import { startSystem } from '@cambium/runtime'
import { counter } from '../fixtures/counter.ts'
import { perilous } from '../fixtures/perilous.ts'

const CORES = 2
/** Deaths before the first count: by then the engine has compiled what recovers, and tables have their size. */
const WARM_UP = 10
/** A count is taken when it has been the same for so many looks, or at the last. */
const REST_LOOKS = 5
const REST_LOOKS_MAX = 200
const REST_LOOK_MS = 50
const QUARTERS = 4
/** What the engine compiles meanwhile grows the heap by a mebibyte or two; a core that stays behind has several. */
const HEAP_MB_MAX = 3
/** Recovery is compared where a quarter is long enough for what else the machine does to even out. */
const QUARTER_MIN = 100
const SLOWER_MAX = 3

interface Count {
  readonly threads: number
  readonly files: number
  readonly resources: number
  readonly actors: readonly number[]
  readonly heapMb: number
  readonly sharedMb: number
}

const { values } = parseArgs({ options: { deaths: { type: 'string', default: '1000' } } })
const deaths = Number(values.deaths)
const system = await startSystem({ cores: CORES, handleSignals: false, coreIntensity: 1_000_000 })
const actors = await Promise.all(
  Array.from({ length: CORES }, async (_, i) => ({
    counter: await system.spawn(counter, i, { core: i + 1, intensity: 1_000_000 }),
    perilous: await system.spawn(perilous, undefined, { core: i + 1, intensity: 1_000_000 }),
  })),
)

async function die(number: number): Promise<number> {
  const core = 1 + (number % CORES)
  const there = actors[core - 1] as (typeof actors)[0]
  const restarted = once(system.events, 'core_restarted')
  if (number % 4 < 2) system.killCore(core)
  else there.perilous.tell({ type: 'exit', code: 3 })
  const [{ tookMs }] = (await restarted) as [{ readonly tookMs: number }]
  await there.counter.ask({ type: 'read' }, { timeoutMs: 60_000 })
  await there.perilous.ask({ type: 'where' }, { timeoutMs: 60_000 })
  return tookMs
}

async function count(): Promise<Count> {
  globalThis.gc?.()
  await sleep(REST_LOOK_MS)
  globalThis.gc?.()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return {
    threads: readdirSync('/proc/self/task').length,
    files: readdirSync('/proc/self/fd').length,
    resources: process.getActiveResourcesInfo().length,
    actors: (await system.report()).map((report) => report.actors),
    heapMb: round(heapUsed / 2 ** 20),
    sharedMb: round(arrayBuffers / 2 ** 20),
  }
}

/** Threads that have ended are gone a moment later, and the next spare has to be there. */
async function atRest(): Promise<Count> {
  let last = await count()
  let same = 0
  for (let look = 0; look < REST_LOOKS_MAX && same < REST_LOOKS; look += 1) {
    const now = await count()
    same = now.threads === last.threads && now.files === last.files ? same + 1 : 0
    last = now
  }
  return last
}

function round(value: number): number {
  return Math.round(value * 100) / 100
}

function median(all: readonly number[]): number {
  return round([...all].sort((a, b) => a - b)[all.length >> 1] ?? 0)
}

for (let number = 0; number < WARM_UP; number += 1) await die(number)
const before = await atRest()
const quarters: { readonly medianMs: number; readonly heapMb: number }[] = []
for (let quarter = 0, number = 0; quarter < QUARTERS; quarter += 1) {
  const times: number[] = []
  for (; number < (deaths * (quarter + 1)) / QUARTERS; number += 1) times.push(await die(number))
  quarters.push({ medianMs: median(times), heapMb: (await count()).heapMb })
}
const after = await atRest()
const { books } = await system.shutdown()
console.log(
  JSON.stringify({
    deaths,
    before,
    after,
    quarters,
    books: { sent: books.sent, processed: books.processed, dead: books.deadTotal, queued: books.queued },
  }),
)

const { heapMb: heapBefore, ...countedBefore } = before
const { heapMb: heapAfter, ...countedAfter } = after
if (!isDeepStrictEqual(countedAfter, countedBefore) || heapAfter - heapBefore > HEAP_MB_MAX) fail('something was left behind')
const [first, last] = [quarters[0]?.medianMs ?? 0, quarters.at(-1)?.medianMs ?? 0]
if (deaths / QUARTERS >= QUARTER_MIN && last > SLOWER_MAX * first) fail('recovery has become slower')

function fail(what: string): void {
  console.error(`many deaths: ${what}`)
  process.exitCode = 1
}
