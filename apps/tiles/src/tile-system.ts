/**
 * The actors of the service and what restarts them. On core 0 the desk; on each other core a cache and a renderer, and the regions whose key leads
 * there. Each actor has a supervisor and a budget of restarts of its own, so no failure of one counts against another; and cores may die as
 * often as somebody presses a button.
 */
import { once } from 'node:events'
import { CambiumError, startSystem } from 'cambium'
import type { Ref, System } from 'cambium'
import { cache } from './cache.ts'
import { desk } from './desk.ts'
import type { CacheMessage, DeskMessage, RendererMessage } from './protocol.ts'
import { RegionDirectory } from './region-directory.ts'
import { renderer } from './renderer.ts'

export interface TileSystemOptions {
  /** Worker threads. */
  readonly cores: number
  /** Bytes of each core's cache. */
  readonly cacheBytesMax: number
  /** A core whose turn takes longer is stuck, and is replaced. */
  readonly turnTimeoutMs: number
  /** Heap of each core, in MiB; buffers, and so pictures and fields, are not part of it. */
  readonly heapMb: number
  /** Two keep a core busy while one of them waits for its next job, and take turns otherwise. */
  readonly renderersPerCore: number
  /** Pictures that may wait to be drawn, for each core. */
  readonly queuePerCore: number
}

export interface TileSystem {
  readonly system: System
  readonly desk: Ref<DeskMessage>
  readonly renderers: readonly Ref<RendererMessage>[]
  /** By core. */
  readonly caches: readonly (Ref<CacheMessage> | undefined)[]
  readonly regions: RegionDirectory
  /** Resolves when the thread that waits to succeed a core is warm: from then on nothing is started in the background. */
  readonly spareReady: Promise<unknown>
}

/** Regions with an actor of their own at a time. */
const REGIONS_MAX = 256
/** Failures of one actor, or of all cores together, that are borne within ten seconds. */
const INTENSITY = 1000
const PERIOD_MS = 10_000
const START_ATTEMPTS_MAX = 10
const OFTEN = { restart: 'permanent', intensity: INTENSITY, periodMs: PERIOD_MS } as const

export async function startTileSystem(options: TileSystemOptions): Promise<TileSystem> {
  const { cores, cacheBytesMax, turnTimeoutMs, heapMb, renderersPerCore, queuePerCore } = options
  const system = await startSystem({
    cores,
    turnTimeoutMs,
    heapMb,
    coreIntensity: INTENSITY,
    corePeriodMs: PERIOD_MS,
    // Open requests are to be answered before the actors stop: that is the service's to arrange.
    handleSignals: false,
  })
  const spareReady = once(system.events, 'spare_ready')
  try {
    const workers = Array.from({ length: cores }, (_, index) => index + 1)
    const front = await system.spawn(desk, { capacity: queuePerCore * cores }, { core: 0, name: 'desk', ...OFTEN })
    const caches = await Promise.all(
      workers.map((core) =>
        insist(() => system.spawn(cache, { bytesMax: cacheBytesMax }, { core, name: `cache ${core}`, ...OFTEN })),
      ),
    )
    const renderers = await Promise.all(
      Array.from({ length: cores * renderersPerCore }, (_, index) => {
        const core = 1 + (index % cores)
        const name = `renderer ${core}.${1 + Math.floor(index / cores)}`
        return insist(() => system.spawn(renderer, { renderer: index, desk: front }, { core, name, ...OFTEN }))
      }),
    )
    const byCore = [undefined, ...caches]
    const regions = new RegionDirectory(system, { desk: front, caches: byCore }, REGIONS_MAX)
    return { system, desk: front, renderers, caches: byCore, regions, spareReady }
  } catch (error) {
    await system.shutdown()
    throw error
  }
}

/** A core may die while its first actors start; its successor takes them as well. */
async function insist<T>(start: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await start()
    } catch (error) {
      const isPassing = error instanceof CambiumError && (error.code === 'ERR_CORE_LOST' || error.code === 'ERR_INIT_TIMEOUT')
      if (!isPassing || attempt >= START_ATTEMPTS_MAX) throw error
    }
  }
}
