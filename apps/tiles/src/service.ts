/** The service: actors, gateway and HTTP put together, started and stopped as one. */
import type { AddressInfo } from 'node:net'
import { Drills, DRILLS } from './drills.ts'
import { Gateway } from './gateway.ts'
import { addDrillRoutes } from './http/drill-routes.ts'
import { addHealthRoutes } from './http/health-routes.ts'
import { addLiveRoutes } from './http/live-routes.ts'
import { addPageRoutes, PAGE_PATHS } from './http/page-routes.ts'
import { createServer } from './http/server.ts'
import { addTileRoutes } from './http/tile-routes.ts'
import { whatHinders } from './readiness.ts'
import { createSnapshot } from './snapshot.ts'
import { startTileSystem } from './tile-system.ts'
import type { TileSystem } from './tile-system.ts'
import { VitalSigns } from './vital-signs.ts'

export interface ServiceOptions {
  /** Worker threads, one core each. */
  readonly cores: number
  readonly host: string
  /** 0 takes any that is free. */
  readonly port: number
  /** Bytes of each core's cache. */
  readonly cacheBytesMax: number
  /** Bytes of pictures kept on the main thread. */
  readonly frontBytesMax: number
  /** Longest time of a request, and its time when it names none. */
  readonly deadlineMsMax: number
  readonly turnTimeoutMs: number
  /** Heap of each core, in MiB. */
  readonly heapMb: number
  readonly renderersPerCore: number
  /** Pictures that may wait to be drawn, for each core. */
  readonly queuePerCore: number
  readonly inFlightMax: number
  /** Whether failures can be had on request. */
  readonly drills: boolean
}

export interface Service {
  /** `http://127.0.0.1:8080` */
  readonly address: string
  readonly tiles: TileSystem
  readonly gateway: Gateway
  readonly signs: VitalSigns
  /** Takes no more requests, answers those that are open, ends the actors. Again, it gives the same promise. */
  stop(): Promise<void>
  /** Resolves with what ended the system when nobody stopped it. */
  readonly failed: Promise<Error>
}

const MAX_AGE_S = 3600
/** What takes longer to be answered when the service stops is cut off. */
const STOP_GRACE_MS = 2000
const IDLE_LOOK_MS = 25

export async function startService(options: ServiceOptions): Promise<Service> {
  const tiles = await startTileSystem(options)
  const { system, desk, regions, renderers } = tiles
  const signs = new VitalSigns(system)
  const gateway = new Gateway(regions, { frontBytesMax: options.frontBytesMax, inFlightMax: options.inFlightMax })
  let stopping: Promise<void> | undefined

  const app = createServer((path) => methodsOf(path, options.drills))
  addTileRoutes(app, {
    source: gateway,
    deadlineMsMax: options.deadlineMsMax,
    maxAgeS: MAX_AGE_S,
    onAnswer: (status, tookMs, outcome) => {
      signs.answered(status, tookMs)
      if (outcome?.kind === 'picture' && outcome.source === 'drawn') signs.drawn()
    },
  })
  addHealthRoutes(app, {
    async obstacle() {
      return stopping === undefined ? whatHinders(desk, signs) : 'the service stops'
    },
  })
  addPageRoutes(app)
  const live = addLiveRoutes(app, { snapshot: createSnapshot(tiles, gateway, signs, options.drills) })
  if (options.drills) addDrillRoutes(app, new Drills({ system, signs, regions, renderers }))

  try {
    await app.listen({ host: options.host, port: options.port })
  } catch (error) {
    await app.close()
    await system.shutdown()
    throw error
  }

  async function end(): Promise<void> {
    live.close()
    // What has been answered is idle then, and would otherwise be kept open for a next request.
    const idle = setInterval(() => app.server.closeIdleConnections(), IDLE_LOOK_MS)
    const cut = setTimeout(() => app.server.closeAllConnections(), options.deadlineMsMax + STOP_GRACE_MS)
    try {
      await app.close()
    } finally {
      clearInterval(idle)
      clearTimeout(cut)
    }
    await system.shutdown()
  }

  const bound = app.server.address() as AddressInfo
  return {
    address: `http://${bound.family === 'IPv6' ? `[${bound.address}]` : bound.address}:${bound.port}`,
    tiles,
    gateway,
    signs,
    stop() {
      stopping ??= end()
      return stopping
    },
    failed: new Promise((resolve) => {
      void system.terminated.then(({ reason, error }) => {
        if (reason === 'failed') resolve(error ?? new Error('system failed'))
      })
    }),
  }
}

function methodsOf(path: string, withDrills: boolean): string | undefined {
  if (/^\/tiles\/[^/]+\/[^/]+\/[^/]+\/[^/]+$/.test(path)) return 'GET, HEAD, OPTIONS'
  if (PAGE_PATHS.includes(path) || path === '/healthz' || path === '/readyz') return 'GET, HEAD, OPTIONS'
  if (path === '/live') return 'GET, OPTIONS'
  if (withDrills && DRILLS.some((drill) => path === `/drill/${drill}`)) return 'POST, OPTIONS'
  return undefined
}
