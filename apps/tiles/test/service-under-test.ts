/** A service for a test: on a free port, with few cores, stopped when the test is over. */
import { setTimeout as pause } from 'node:timers/promises'
import { onTestFinished } from 'vitest'
import type { DeskState } from '../src/protocol.ts'
import { startService } from '../src/service.ts'
import type { Service, ServiceOptions } from '../src/service.ts'

const MIB = 1024 * 1024
const LOOK_MS = 5

export async function serve(options: Partial<ServiceOptions> = {}): Promise<Service> {
  const service = await startShared(options)
  onTestFinished(() => service.stop())
  return service
}

/** The same for several tests; whoever starts it stops it. */
export function startShared(options: Partial<ServiceOptions> = {}): Promise<Service> {
  return startService({
    cores: 2,
    host: '127.0.0.1',
    port: 0,
    cacheBytesMax: 64 * MIB,
    frontBytesMax: 32 * MIB,
    // A busy machine is slow, and no failure: what a test is not about must not end in it.
    deadlineMsMax: 60_000,
    turnTimeoutMs: 10_000,
    heapMb: 64,
    renderersPerCore: 1,
    queuePerCore: 32,
    inFlightMax: 512,
    drills: true,
    ...options,
  })
}

export function ask(service: Service, path: string, init?: RequestInit): Promise<Response> {
  return fetch(`${service.address}${path}`, init)
}

export async function bytesOf(response: Response): Promise<Uint8Array> {
  return new Uint8Array(await response.arrayBuffer())
}

/** Tiles that take more than half a second each on a fast core: in a valley of the set, where hardly a pixel escapes early. */
export const SLOW_TILES: readonly string[] = Array.from(
  { length: 8 },
  (_, index) => `/tiles/mandelbrot/20/${462_530 + index}/561589.png`,
)

export async function deskState(service: Service): Promise<DeskState> {
  return service.tiles.desk.ask({ type: 'state' })
}

/** Looks again and again until it is so; the test's own timeout is the limit. */
export async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isSo())) await pause(LOOK_MS)
}
