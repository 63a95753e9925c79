/**
 * Divides one SharedArrayBuffer into parts, in order. The same sequence of takes gives the same places in every thread,
 * so threads agree on a layout by running the same function, and nothing but the buffer travels between them.
 *
 * 1. Every part begins on a multiple of 128 bytes: parts with different writers never share a pair of cache lines.
 * 2. A take only computes a place and makes a view over it; it never writes.
 * 3. `measureRegion` runs the same function on a dry cursor, which counts and hands out empty views.
 */
import { checkInteger, optionError } from '@cambium/base'
import { regionFullError } from './errors.ts'
import { LINE_PAIR_BYTES } from './spsc-layout.ts'
import { spscRingBytes } from './spsc-ring.ts'
import type { SpscRingDescriptor } from './spsc-ring.ts'

/** Hands out the parts of a memory, one behind the other. */
export interface RegionCursor {
  readonly memory: SharedArrayBuffer
  /** Where the next part begins. */
  readonly byteOffset: number
  /** @throws `ERR_REGION_FULL`, `ERR_OPTION` */
  int32(count: number): Int32Array
  /** @throws `ERR_REGION_FULL`, `ERR_OPTION` */
  float64(count: number): Float64Array
  /** @throws `ERR_REGION_FULL`, `ERR_OPTION` */
  bytes(count: number): Uint8Array
  /**
   * The place of a ring. It does not create the ring: the owner of the memory passes the descriptor to `createSpscRing`
   * once, every thread then attaches to it.
   *
   * @throws `ERR_REGION_FULL`, `ERR_RING_CAPACITY`
   */
  ring(capacity: number): SpscRingDescriptor
}

/** A cursor over `memory` from `byteOffset` (default 0), rounded up to the next multiple of 128. @throws `ERR_OPTION` */
export function createRegionCursor(memory: SharedArrayBuffer, byteOffset?: number): RegionCursor {
  if (!(memory instanceof SharedArrayBuffer)) throw optionError('memory', memory, 'a SharedArrayBuffer')
  const start = checkInteger('byteOffset', byteOffset, { default: 0, min: 0, max: memory.byteLength })
  return new MemoryCursor(memory, start, memory.byteLength, false)
}

/**
 * Bytes that a sequence of takes needs, a multiple of 128. `take` runs once on a dry cursor: its views are empty (a plain
 * write to them is ignored, an Atomics call throws), and the descriptors it gives name places in a memory of no bytes.
 *
 * @throws `ERR_OPTION`
 */
export function measureRegion(take: (cursor: RegionCursor) => void): number {
  if (typeof take !== 'function') throw optionError('take', take, 'a function that takes its parts from a cursor')
  const cursor = new MemoryCursor(new SharedArrayBuffer(0), 0, Number.MAX_SAFE_INTEGER, true)
  take(cursor)
  return cursor.byteOffset
}

class MemoryCursor implements RegionCursor {
  readonly memory: SharedArrayBuffer
  readonly #limit: number
  readonly #dry: boolean
  #next: number

  constructor(memory: SharedArrayBuffer, byteOffset: number, limit: number, dry: boolean) {
    this.memory = memory
    this.#limit = limit
    this.#dry = dry
    this.#next = alignPart(byteOffset)
  }

  get byteOffset(): number {
    return this.#next
  }

  int32(count: number): Int32Array {
    const start = this.#take(count, Int32Array.BYTES_PER_ELEMENT)
    return this.#dry ? new Int32Array(this.memory) : new Int32Array(this.memory, start, count)
  }

  float64(count: number): Float64Array {
    const start = this.#take(count, Float64Array.BYTES_PER_ELEMENT)
    return this.#dry ? new Float64Array(this.memory) : new Float64Array(this.memory, start, count)
  }

  bytes(count: number): Uint8Array {
    const start = this.#take(count, 1)
    return this.#dry ? new Uint8Array(this.memory) : new Uint8Array(this.memory, start, count)
  }

  ring(capacity: number): SpscRingDescriptor {
    return { memory: this.memory, byteOffset: this.#take(spscRingBytes(capacity), 1), capacity }
  }

  #take(count: number, unitBytes: number): number {
    const start = this.#next
    if (!Number.isInteger(count) || count < 0) throw optionError('count', count, 'an integer of 0 or more')
    const bytes = count * unitBytes
    if (start + bytes > this.#limit) throw regionFullError(start, bytes, this.#limit)
    this.#next = alignPart(start + bytes)
    return start
  }
}

function alignPart(byteOffset: number): number {
  return Math.ceil(byteOffset / LINE_PAIR_BYTES) * LINE_PAIR_BYTES
}
