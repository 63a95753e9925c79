/**
 * What had been written before a moment, and whether all of it has been taken: what an actor says from another core must come behind what it said from this one.
 */
import { watchPositions } from '@cambium/ring'
import type { OutboundLink } from './outbound-link.ts'
import type { SystemMemory } from './system-memory.ts'

/** By this core, on all of its ways or on all but the one to `except`. Nothing of it waits for room. */
export function writtenHere(links: readonly (OutboundLink | undefined)[], except?: number): () => number | undefined {
  const ways = links.flatMap((link) =>
    link === undefined || link.core === except ? [] : [{ link, data: link.data.position, control: link.control.position }],
  )
  return () => {
    for (let way = ways[0]; way !== undefined; way = ways[0]) {
      if (!way.link.data.hasConsumed(way.data) || !way.link.control.hasConsumed(way.control)) return way.link.core
      ways.shift()
    }
    return undefined
  }
}

/** Where this core has written its data rings up to, by their readers. */
export function positionsOf(links: readonly (OutboundLink | undefined)[]): number[] {
  return links.map((link) => link?.data.ringPosition ?? 0)
}

/** By a core that has died: its rings outlive it. What is returned answers who has still to take something. */
export function writtenBy(memory: Pick<SystemMemory, 'cores' | 'dataRing'>, core: number): () => number | undefined {
  const ways: { readonly reader: number; readonly ring: ReturnType<typeof watchPositions>; readonly position: number }[] = []
  for (let reader = 0; reader < memory.cores; reader += 1) {
    if (reader === core) continue
    const ring = watchPositions(memory.dataRing(core, reader))
    ways.push({ reader, ring, position: ring.producer })
  }
  return () => {
    for (let way = ways[0]; way !== undefined; way = ways[0]) {
      if (((way.ring.consumer - way.position) | 0) < 0) return way.reader
      ways.shift()
    }
    return undefined
  }
}
