/**
 * The memory of one channel, its own: it belongs to the incarnation that publishes, travels to the readers by `share`, and goes when the last thread has let
 * go of it.
 *
 *   wanted   1 while the publisher waits for its readers   the publisher, Atomics.store   readers, after each store of their position
 *   ring     a broadcast ring, see `ring`
 */
import { broadcastRingBytes, createBroadcastRing, createRegionCursor, measureRegion } from '@cambium/ring'
import type { BroadcastDescriptor, RegionCursor } from '@cambium/ring'

/** Cores that read one channel at the same time. */
export const CHANNEL_READERS_MAX = 32

export interface ChannelMemory {
  readonly memory: SharedArrayBuffer
  readonly wanted: Int32Array
  readonly ring: BroadcastDescriptor
}

/** `ringBytes`: a power of two from 1 KiB to 1 GiB. Throws `ERR_RING_CAPACITY`. */
export function createChannelMemory(ringBytes: number): ChannelMemory {
  const bytes = measureRegion((cursor) => {
    cursor.int32(1)
    cursor.bytes(broadcastRingBytes(ringBytes, CHANNEL_READERS_MAX))
  })
  const channel = attachChannelMemory(new SharedArrayBuffer(bytes))
  createBroadcastRing({ capacity: ringBytes, readers: CHANNEL_READERS_MAX, ...channel.ring })
  return channel
}

/** The same memory in another thread. */
export function attachChannelMemory(memory: SharedArrayBuffer): ChannelMemory {
  const cursor: RegionCursor = createRegionCursor(memory)
  return { memory, wanted: cursor.int32(1), ring: { memory, byteOffset: cursor.byteOffset } }
}
