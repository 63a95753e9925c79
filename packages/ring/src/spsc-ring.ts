/**
 * A bounded ring of variable-length records between two threads, one that writes and one that reads, over shared memory
 * that outlives both. After the one-producer ring buffer of Agrona and the sequences of the LMAX Disruptor; the hand word
 * is our own.
 *
 * Protocol
 * 1. Positions are Int32 byte positions that wrap at 2^32; a distance is `(a - b) | 0`, an index `position & (capacity - 1)`.
 * 2. A record lies in one piece; a padding record fills the end when the next one does not fit there.
 * 3. The producer writes behind a private cursor. `publish()` is one Atomics.store of the producer position; a record that
 *    it does not cover does not exist.
 * 4. The consumer reads up to the producer position it loaded, and gives room back by one Atomics.store of the consumer
 *    position per batch.
 * 5. In hand: before a record is handed out the hand word becomes `start | 1`; when it is finished, its end.
 * 6. Successor of a consumer: bit 0 set → goes on behind the record at `start`; else goes on at the hand. The consumer
 *    position is never beyond the hand.
 * 7. Successor of a producer: goes on at the published producer position.
 *
 * Memory order: the two positions are sequentially consistent (Atomics), which orders the plain stores and loads of the
 * records around them. The hand is plain: whoever reads it does so after the consumer's thread has ended, and the end of a
 * thread orders everything before it.
 */
import { checkFields, checkInteger, optionError } from '@cambium/base'
import { ringCapacityError, ringExistsError, ringMagicError, ringMemoryError, ringVersionError } from './errors.ts'
import { RECORD_ALIGNMENT } from './record-layout.ts'
import { checkDescriptor } from './ring-memory.ts'
import {
  CAPACITY_BYTES_MAX,
  CAPACITY_BYTES_MIN,
  CAPACITY_INDEX,
  CONSUMER_INDEX,
  CONTROL_BYTES,
  HAND_INDEX,
  LINE_PAIR_BYTES,
  MAGIC_INDEX,
  PRODUCER_INDEX,
  RING_LAYOUT_VERSION,
  RING_MAGIC,
  VERSION_INDEX,
} from './spsc-layout.ts'

/** Where a ring lies. Plain data: it can be sent to another thread as it is. */
export interface SpscRingDescriptor {
  readonly memory: SharedArrayBuffer
  /** Begin of the control block, a multiple of 128. */
  readonly byteOffset: number
  /** Bytes of the data area: a power of two from 1 KiB to 1 GiB. */
  readonly capacity: number
}

export interface SpscRingOptions {
  /** Bytes of the data area: a power of two from 1 KiB to 1 GiB. */
  readonly capacity: number
  /** Where the ring goes. @default a new SharedArrayBuffer of exactly the bytes needed */
  readonly memory?: SharedArrayBuffer
  /** Begin of the ring in `memory`, a multiple of 128. @default 0 */
  readonly byteOffset?: number
  /** Int32 multiple of 8 at which both positions begin; for tests of their wrap. @default 0 */
  readonly startPosition?: number
}

/**
 * Makes a ring. Once per ring, by the thread that owns the memory, which must be zero there; producer and consumer then
 * attach to the descriptor. A descriptor taken from a region cursor can be passed as the options.
 *
 * @throws `ERR_RING_CAPACITY`, `ERR_RING_MEMORY`, `ERR_RING_EXISTS`, `ERR_OPTION`
 */
export function createSpscRing(options: SpscRingOptions): SpscRingDescriptor {
  checkFields('options', options, ['capacity', 'memory', 'byteOffset', 'startPosition'])
  const capacity = options.capacity
  const bytes = spscRingBytes(capacity)
  const start = checkInteger('startPosition', options.startPosition, { default: 0, min: -(2 ** 31), max: 2 ** 31 - 1 })
  if (start % RECORD_ALIGNMENT !== 0) throw optionError('startPosition', start, `a multiple of ${RECORD_ALIGNMENT}`)

  const descriptor = {
    memory: options.memory ?? new SharedArrayBuffer(bytes),
    byteOffset: options.byteOffset ?? 0,
    capacity,
  }
  const control = controlView(descriptor)
  if (Atomics.load(control, MAGIC_INDEX) === RING_MAGIC) throw ringExistsError(descriptor.byteOffset)
  control[VERSION_INDEX] = RING_LAYOUT_VERSION
  control[CAPACITY_INDEX] = capacity
  control[PRODUCER_INDEX] = start
  control[CONSUMER_INDEX] = start
  control[HAND_INDEX] = start
  // Last, so that whoever sees the magic sees a complete ring.
  Atomics.store(control, MAGIC_INDEX, RING_MAGIC)
  return descriptor
}

/** Bytes that a ring of this capacity takes, control block included. @throws `ERR_RING_CAPACITY` */
export function spscRingBytes(capacity: number): number {
  const inRange = Number.isInteger(capacity) && capacity >= CAPACITY_BYTES_MIN && capacity <= CAPACITY_BYTES_MAX
  if (!inRange || (capacity & (capacity - 1)) !== 0) {
    throw ringCapacityError(capacity, `a power of two from ${CAPACITY_BYTES_MIN} to ${CAPACITY_BYTES_MAX}`)
  }
  return CONTROL_BYTES + capacity
}

/** Views over one ring. Internal: nothing outside this package computes with them. */
export interface SpscViews {
  readonly control: Int32Array
  readonly buffer: Buffer
  readonly int32: Int32Array
  readonly float64: Float64Array
}

/**
 * Checks that a ring of this capacity and layout lies at the descriptor's place, and gives views over it.
 *
 * @throws `ERR_RING_CAPACITY`, `ERR_RING_MEMORY`, `ERR_RING_MAGIC`, `ERR_RING_VERSION`
 */
export function openSpscRing(descriptor: SpscRingDescriptor): SpscViews {
  const control = controlView(descriptor)
  const { memory, byteOffset, capacity } = descriptor
  const magic = Atomics.load(control, MAGIC_INDEX)
  if (magic !== RING_MAGIC) throw ringMagicError(byteOffset, magic)
  // Plain reads: written once, before the Atomics.store of the magic that was loaded above.
  const version = control[VERSION_INDEX]!
  if (version !== RING_LAYOUT_VERSION) throw ringVersionError(byteOffset, version, RING_LAYOUT_VERSION)
  const created = control[CAPACITY_INDEX]!
  if (created !== capacity) throw ringCapacityError(capacity, `${created}, with which the ring was created`)
  return {
    control,
    buffer: Buffer.from(memory, byteOffset + CONTROL_BYTES, capacity),
    int32: new Int32Array(memory, byteOffset + CONTROL_BYTES, capacity / 4),
    float64: new Float64Array(memory, byteOffset + CONTROL_BYTES, capacity / 8),
  }
}

function controlView(descriptor: SpscRingDescriptor): Int32Array {
  const { memory, byteOffset, capacity } = checkDescriptor(descriptor, CONTROL_BYTES)
  const bytes = spscRingBytes(capacity)
  if (!(memory instanceof SharedArrayBuffer)) throw ringMemoryError('not a SharedArrayBuffer', byteOffset, bytes, 0)
  if (!Number.isInteger(byteOffset) || byteOffset < 0 || byteOffset % LINE_PAIR_BYTES !== 0) {
    throw ringMemoryError(`offset is not a multiple of ${LINE_PAIR_BYTES}`, byteOffset, bytes, memory.byteLength)
  }
  if (byteOffset + bytes > memory.byteLength) {
    throw ringMemoryError('ring does not fit', byteOffset, bytes, memory.byteLength)
  }
  return new Int32Array(memory, byteOffset, CONTROL_BYTES / 4)
}
