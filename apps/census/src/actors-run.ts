/**
 * The census on all cores. Dispatcher and aggregator live on the main thread, which has time for both; two analysers live on
 * every other core, so that one of them works while the other's result is on its way and its next batch comes back.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { formatExitReason, startSystem } from 'cambium'
import type { Ref, System, WaitOptions } from 'cambium'
import { aggregator } from './aggregator.ts'
import { analyser } from './analyser.ts'
import { dispatcher } from './dispatcher.ts'
import { watchIncidents } from './incidents.ts'
import type { Incidents } from './incidents.ts'
import type { Completion, Counted, DispatcherMessage, DispatcherReply, Total } from './protocol.ts'
import type { RunBooks, RunEvent } from './report.ts'
import type { SourceLimits } from './source-files.ts'

export interface ActorsOrder {
  readonly folder: string
  readonly limits: SourceLimits
  readonly top: number
  /** Worker threads. */
  readonly cores: number
  /** With it, an actor crashes and a core is killed on the way; `files` is the number of files there are, and not 0. */
  readonly drill?: { readonly files: number }
}

export interface ActorsWatcher {
  readonly signal: AbortSignal
  readonly onProgress: (counted: Counted) => void
  /** A line about something that failed, or came back. */
  readonly onNews: (line: string) => void
}

export interface ActorsOutcome extends Completion, Total {
  /** From before the cores were started to the result. */
  readonly elapsedMs: number
  readonly messagesByCore: readonly number[]
  readonly events: readonly RunEvent[]
  readonly books: RunBooks
}

const ANALYSERS_PER_CORE = 2
const PROGRESS_INTERVAL_MS = 100
/** Without a batch counted for so long something is wrong, in milliseconds. A batch takes a fraction of a second. */
const STALL_MS = 60_000
/** How long the last recovery may take when the result is there already, in milliseconds. */
const SETTLE_MS = 10_000
const DAY_MS = 86_400_000

/** Rejects with the reason of `signal`, or with what ended the census; the system is shut down in any case. */
export async function runActors(order: ActorsOrder, watcher: ActorsWatcher): Promise<ActorsOutcome> {
  const startedAt = performance.now()
  // Signals are the caller's business: it has more to end than this system. A file of the largest size takes a slow machine a while.
  const system = await startSystem({ cores: order.cores, handleSignals: false, turnTimeoutMs: 60_000 })
  const over = new AbortController()
  const signal = AbortSignal.any([watcher.signal, over.signal])
  try {
    const failed = failureOf(system, signal)
    const outcome = await Promise.race([census(system, order, watcher, signal, startedAt), failed])
    over.abort() // what still waits for an answer gives up
    const { books } = await system.shutdown()
    const { sent, processed, queued, dead } = books
    return { ...outcome, books: { sent, processed, queued, dead } }
  } finally {
    over.abort()
    await system.shutdown()
  }
}

async function census(
  system: System,
  order: ActorsOrder,
  watcher: ActorsWatcher,
  signal: AbortSignal,
  startedAt: number,
): Promise<Omit<ActorsOutcome, 'books'>> {
  const { folder, limits, top, cores, drill } = order
  const roster = Array.from({ length: cores * ANALYSERS_PER_CORE }, (_, index) => ({
    name: `analyser ${index + 1}`,
    core: 1 + (index % cores),
  }))
  const wait = { timeoutMs: DAY_MS, signal }

  const desk = await system.spawn(
    dispatcher,
    { folder, limits, analysers: roster.length, ...(drill === undefined ? {} : { drill }) },
    { core: 0, name: 'dispatcher', restart: 'temporary' },
  )
  const sum = await system.spawn(aggregator, { dispatcher: desk }, { core: 0, name: 'aggregator', restart: 'temporary' })
  const incidents: Incidents = watchIncidents(system, roster, watcher.onNews, (number) => {
    desk.tell({ type: 'gone', analyser: number })
  })
  await Promise.all(
    roster.map(({ name, core }, number) =>
      system.spawn(
        analyser,
        { analyser: number, folder, dispatcher: desk, aggregator: sum },
        { core, name, restart: 'permanent', intensity: 10, periodMs: 60_000 },
      ),
    ),
  )
  const drilled = drill === undefined ? Promise.resolve() : killWhenAsked(system, desk, wait)
  const stalled = reportProgress(desk, signal, watcher.onProgress)
  const done = await Promise.race([desk.ask({ type: 'run' }, wait), stalled])
  const total = await sum.ask({ type: 'finish', top }, wait)
  const elapsedMs = performance.now() - startedAt

  await Promise.race([drilled.then(incidents.settled), sleep(SETTLE_MS, undefined, { signal })])
  return {
    ...done,
    ...total,
    elapsedMs,
    messagesByCore: Array.from({ length: cores + 1 }, (_, core) => system.booksOf(core).processed),
    events: incidents.events(done.losses),
  }
}

/** Rejects when the system ends, or when an actor of which there is only one does. */
function failureOf(system: System, signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    system.events.on('actor_exited', ({ name = '', reason }) => {
      if (name === 'dispatcher' || name === 'aggregator') reject(new Error(`${name} ended: ${formatExitReason(reason)}`))
    })
    void system.terminated.then(({ error }) => reject(error ?? new Error('system was shut down')))
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true })
  })
}

type Dispatcher = Ref<DispatcherMessage, DispatcherReply>

async function killWhenAsked(system: System, desk: Dispatcher, wait: WaitOptions): Promise<void> {
  try {
    const { core } = await desk.ask({ type: 'drill' }, wait)
    system.killCore(core)
  } catch {
    // The census is over, or has failed, which its caller hears elsewhere; the drill is no part of it.
  }
}

/** Rejects when nothing has been counted for {@link STALL_MS}; ends, without ever resolving, with the signal. */
async function reportProgress(desk: Dispatcher, signal: AbortSignal, onProgress: (counted: Counted) => void): Promise<never> {
  let files = -1
  let countedAt = performance.now()
  while (!signal.aborted) {
    // Without the signal: an answer that nobody waits for any more would be a dead letter.
    const counted = await desk.ask({ type: 'progress' })
    onProgress(counted)
    if (counted.files !== files) countedAt = performance.now()
    files = counted.files
    if (performance.now() - countedAt > STALL_MS)
      throw new Error(`nothing was counted for ${STALL_MS} ms: counted=${files} files`)
    await sleep(PROGRESS_INTERVAL_MS, undefined, { signal })
  }
  throw signal.reason
}
