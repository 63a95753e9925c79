/**
 * The three ways to serve the same tiles through the same HTTP routes: on the main thread, on a Piscina pool, on Cambium. Each keeps pictures at the
 * front as well as it can, which is on the main thread; each may keep the same bytes of fields in all, where it draws.
 */
import { availableParallelism } from 'node:os'
import { Piscina } from 'piscina'
import { ByteLru } from '../byte-lru.ts'
import { computeField } from '../escape-field.ts'
import { Gateway } from '../gateway.ts'
import type { PictureSource } from '../gateway.ts'
import { RENDERERS_PER_CORE } from '../options.ts'
import type { PictureOutcome } from '../protocol.ts'
import { pictureKey, tileKey } from '../tile-address.ts'
import type { Picture } from '../tile-address.ts'
import { encodePicture } from '../tile-image.ts'
import { startTileSystem } from '../tile-system.ts'

export const CONTENDERS = ['main thread', 'piscina', 'cambium'] as const
export type Contender = (typeof CONTENDERS)[number]

export interface Contest extends PictureSource {
  close(): Promise<void>
}

export const THREADS: number = availableParallelism()
const MIB = 1024 * 1024
const FRONT_BYTES = 64 * MIB
/** Of each thread; the working set takes about 80 % of what all of them have for fields. */
const CACHE_BYTES = Math.ceil(40 / 0.75 / THREADS) * MIB
const QUEUE = 512
/** As much as the others may have, which have no limit. V8 sizes its young generation by it, and collects more often with less: see the README. */
const HEAP_MB = 4096
/** Share of a core's cache that is for fields: see `cache.ts`. */
const FIELD_SHARE = 0.75
const FIELD_BYTES = CACHE_BYTES * FIELD_SHARE

export async function startContender(name: Contender): Promise<Contest> {
  switch (name) {
    case 'main thread':
      return fronted(mainThread())
    case 'piscina':
      return fronted(piscina())
    case 'cambium':
      return cambium()
  }
}

interface Drawer {
  draw(picture: Picture, signal: AbortSignal): Promise<Uint8Array>
  close(): Promise<void>
}

function mainThread(): Drawer {
  const fields = new ByteLru<Float32Array>(FIELD_BYTES * THREADS)
  return {
    async draw({ tile, palette }) {
      const key = tileKey(tile)
      const field = fields.get(key) ?? computeField(tile)
      fields.set(key, field)
      return encodePicture(field, palette)
    },
    async close() {},
  }
}

function piscina(): Drawer {
  const pool = new Piscina({
    filename: new URL('piscina-worker.ts', import.meta.url).href,
    minThreads: THREADS,
    maxThreads: THREADS,
    maxQueue: QUEUE,
    workerData: { fieldBytes: FIELD_BYTES },
  })
  return {
    draw: (picture, signal) => pool.run(picture, { signal }) as Promise<Uint8Array>,
    close: () => pool.destroy(),
  }
}

/** Pictures at the front, and one drawing for all who wait for the same picture. */
function fronted(drawer: Drawer): Contest {
  const front = new ByteLru<Uint8Array>(FRONT_BYTES)
  const underWay = new Map<string, Promise<Uint8Array>>()
  const outcome = (png: Uint8Array): PictureOutcome => ({ kind: 'picture', png, core: 0, source: 'drawn' })
  return {
    atHand(picture) {
      const png = front.get(pictureKey(picture))
      return png === undefined ? undefined : outcome(png)
    },
    async picture(picture, _deadlineMs, signal) {
      const key = pictureKey(picture)
      let drawing = underWay.get(key)
      if (drawing === undefined) {
        drawing = drawer.draw(picture, signal).finally(() => underWay.delete(key))
        underWay.set(key, drawing)
      }
      const png = await drawing
      front.set(key, png)
      return outcome(png)
    },
    close: () => drawer.close(),
  }
}

async function cambium(): Promise<Contest> {
  const { system, regions, spareReady } = await startTileSystem({
    cores: THREADS,
    cacheBytesMax: CACHE_BYTES,
    turnTimeoutMs: 10_000,
    heapMb: HEAP_MB,
    renderersPerCore: RENDERERS_PER_CORE,
    queuePerCore: QUEUE,
  })
  await spareReady
  const gateway = new Gateway(regions, { frontBytesMax: FRONT_BYTES, inFlightMax: QUEUE })
  return {
    atHand: (picture) => gateway.atHand(picture),
    picture: (picture, deadlineMs, signal) => gateway.picture(picture, deadlineMs, signal),
    close: async () => {
      await system.shutdown()
    },
  }
}
