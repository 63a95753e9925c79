/**
 * The memory that all cores of one system share: one SharedArrayBuffer, owned by the root, that outlives every worker. Each part starts on
 * a 128-byte boundary of its own, so words of different writers lie two cache lines apart. Who writes what:
 *
 *   header                magic, version, cores, ring sizes       root, once, before any other thread attaches
 *   core k  bell          doorbell word                           core k; a peer only by CAS parked -> rung (see ring's doorbell)
 *           state         CORE_*                                  root
 *           epoch         incarnations of the core                root, while the core is down, or to fence it off
 *           beat          looks at the clock                            core k, plain stores; the root only compares two readings
 *           handler               callback that runs, see handler-in-hand.ts  core k, plain stores
 *           attention     control plane has posted something      root sets, core k clears
 *           generation    last generation given to a slot         core k
 *           congestion    congested mailboxes by slot & mask      core k; the root clears it while the core is down
 *           waiting[s]    core s waits for room at core k         core s sets, core k clears
 *           queued[slot]  messages in its mailbox, see mailbox-entry.ts  core k, plain stores; the root only once its thread has ended
 *           books         see books.ts                            core k; root while the core is down
 *           shapes        codec structures, append only           core k
 *           layouts       layouts of compiled messages, likewise  core k
 *   pair s,d data, control   two rings                            producer words core s, consumer words core d
 *
 * All words but `beat`, `handler`, `queued` and `books` are written by Atomics.store and read by Atomics.load: sequentially consistent.
 */
import { assert, CambiumError } from '@cambium/base'
import { LAYOUT_AREA_BYTES, SHAPE_AREA_BYTES } from '@cambium/codec'
import { createRegionCursor, createSpscRing, measureRegion, spscRingBytes } from '@cambium/ring'
import type { RegionCursor, SpscRingDescriptor } from '@cambium/ring'
import { BOOK_LANES } from './books.ts'
import { HANDLER_WORDS } from './handler-in-hand.ts'

export const CORE_DOWN = 0
export const CORE_STARTING = 1
export const CORE_UP = 2
export const CORE_STOPPING = 3

/** Slots whose mailboxes are counted one by one, the first of a core. */
const QUEUED_SLOTS: number = 1 << 14

/** Buckets of the congestion table of a core. Two slots that share one are held back together. */
export const CONGESTION_BUCKETS: number = 1 << 14

const MAGIC = 0x43414d42 // CAMB
const VERSION = 4
const HEADER_WORDS = 8

export interface SystemMemoryShape {
  /** Cores in all, the main thread included. */
  readonly cores: number
  /** Power of two. */
  readonly dataRingBytes: number
  /** Power of two. */
  readonly controlRingBytes: number
}

export interface CoreBlock {
  readonly bell: Int32Array
  readonly state: Int32Array
  readonly epoch: Int32Array
  readonly beat: Int32Array
  /** See `handler-in-hand.ts`. */
  readonly handler: Int32Array
  readonly attention: Int32Array
  readonly generation: Int32Array
  readonly congestion: Int32Array
  /** One single-word view per peer. */
  readonly waiting: readonly Int32Array[]
  /** By slot. */
  readonly queued: Int32Array
  readonly books: Float64Array
  readonly shapes: Uint8Array
  readonly layouts: Uint8Array
}

export interface SystemMemory extends SystemMemoryShape {
  readonly memory: SharedArrayBuffer
  readonly blocks: readonly CoreBlock[]
  dataRing(source: number, destination: number): SpscRingDescriptor
  controlRing(source: number, destination: number): SpscRingDescriptor
}

/** Allocates and initialises; called once, by the root. */
export function createSystemMemory(shape: SystemMemoryShape, allocate: (bytes: number) => SharedArrayBuffer): SystemMemory {
  const bytes = measureRegion((cursor) => {
    takeParts(cursor, shape)
  })
  const memory = allocate(bytes)
  const parts = takeParts(createRegionCursor(memory), shape)
  for (const descriptor of [...parts.data, ...parts.control]) {
    if (descriptor !== undefined) createSpscRing(descriptor)
  }
  parts.header.set([MAGIC, VERSION, shape.cores, shape.dataRingBytes, shape.controlRingBytes])
  return view(memory, shape, parts)
}

/** Views of a memory made by {@link createSystemMemory}, in whatever thread. Throws `ERR_SYSTEM_MEMORY` for any other. */
export function attachSystemMemory(memory: SharedArrayBuffer): SystemMemory {
  const header = createRegionCursor(memory).int32(HEADER_WORDS)
  // Plain reads: written once before the memory was handed to this thread.
  const [magic, version, cores, dataRingBytes, controlRingBytes] = header as unknown as [number, number, number, number, number]
  if (magic !== MAGIC || version !== VERSION) {
    throw new CambiumError(
      'ERR_SYSTEM_MEMORY',
      `system memory is of another kind: magic=${magic}, version=${version}, expected ${MAGIC}, ${VERSION}`,
    )
  }
  const shape = { cores, dataRingBytes, controlRingBytes }
  return view(memory, shape, takeParts(createRegionCursor(memory), shape))
}

interface Parts {
  readonly header: Int32Array
  readonly blocks: CoreBlock[]
  readonly data: (SpscRingDescriptor | undefined)[]
  readonly control: (SpscRingDescriptor | undefined)[]
}

function takeParts(cursor: RegionCursor, shape: SystemMemoryShape): Parts {
  const header = cursor.int32(HEADER_WORDS)
  const blocks = Array.from({ length: shape.cores }, () => ({
    bell: cursor.int32(1),
    state: cursor.int32(1),
    epoch: cursor.int32(1),
    beat: cursor.int32(1),
    handler: cursor.int32(HANDLER_WORDS),
    attention: cursor.int32(1),
    generation: cursor.int32(1),
    congestion: cursor.int32(CONGESTION_BUCKETS),
    waiting: Array.from({ length: shape.cores }, () => cursor.int32(1)),
    queued: cursor.int32(QUEUED_SLOTS),
    books: cursor.float64(BOOK_LANES),
    shapes: cursor.bytes(SHAPE_AREA_BYTES),
    layouts: cursor.bytes(LAYOUT_AREA_BYTES),
  }))
  const pairs = Array.from({ length: shape.cores ** 2 }, (_, i) => i)
  const isPair = (i: number): boolean => Math.floor(i / shape.cores) !== i % shape.cores
  const data = pairs.map((i) => (isPair(i) ? cursor.ring(shape.dataRingBytes) : undefined))
  const control = pairs.map((i) => (isPair(i) ? cursor.ring(shape.controlRingBytes) : undefined))
  return { header, blocks, data, control }
}

function view(memory: SharedArrayBuffer, shape: SystemMemoryShape, parts: Parts): SystemMemory {
  const ringOf = (rings: (SpscRingDescriptor | undefined)[], source: number, destination: number): SpscRingDescriptor => {
    const ring = rings[source * shape.cores + destination]
    assert(
      ring !== undefined,
      `a ring joins two different cores: source=${source}, destination=${destination}, cores=${shape.cores}`,
    )
    return ring
  }
  return {
    ...shape,
    memory,
    blocks: parts.blocks,
    dataRing: (source, destination) => ringOf(parts.data, source, destination),
    controlRing: (source, destination) => ringOf(parts.control, source, destination),
  }
}

/** Sizes of the rings for so many cores: as large as 64 MiB for all data rings allow, from 64 KiB to 1 MiB each. */
export function defaultDataRingBytes(cores: number): number {
  const pairs = Math.max(1, cores * (cores - 1))
  const share = (64 << 20) / pairs
  let bytes = 64 << 10
  while (bytes < 1 << 20 && bytes * 2 <= share) bytes *= 2
  assert(spscRingBytes(bytes) >= bytes, 'a ring holds its capacity')
  return bytes
}
