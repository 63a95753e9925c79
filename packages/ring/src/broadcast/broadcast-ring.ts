/**
 * A ring of variable-length records with one producer and many readers, each of which gets every record. Lossless readers hold the
 * producer back; lossy ones do not: it laps them, they notice, count, and go on at a valid record. After Agrona's broadcast buffer;
 * lossless readers, record numbers and the check word are our own.
 *
 * Protocol
 * 1. Positions are Int32 byte positions that wrap; a distance is `(a - b) | 0`, an index `position & (capacity - 1)`.
 * 2. The producer writes behind a private cursor, no further than the least of the lossless readers plus the capacity. `publish` stores
 *    where the last record begins (*latest*) and then the tail; everything before the tail is visible at once.
 * 3. Before it writes any byte up to a position it stores that position as *intent*, and, when that passes a multiple of 2^30,
 *    the *epoch* before it. So a reader that sees an intent not beyond its own position plus the capacity, after it has read, has read what
 *    was published and not what is being written over it.
 * 4. A lossless reader gives room back by one store of its position per batch; its hand names the record that it is at.
 * 5. A lossy reader copies, then looks at the intent, and only then believes what it copied.
 *
 * Who writes which word in which order: `broadcast-layout.ts`.
 */
import { checkFields, checkInteger, optionError } from '@cambium/base'
import type { Doorbell } from '../doorbell.ts'
import {
  ringCapacityError,
  ringCorruptError,
  ringExistsError,
  ringMagicError,
  ringMemoryError,
  ringVersionError,
} from '../errors.ts'
import { createPlaceBell } from '../places/place-bell.ts'
import { PARKED_PRODUCERS, PLACES_MAX } from '../places/place-layout.ts'
import { PlaceTable } from '../places/place-table.ts'
import { Waker } from '../places/waker.ts'
import { bufferOf, checkDescriptor, createRingMemory, int32Of } from '../ring-memory.ts'
import type { RingMemory } from '../ring-memory.ts'
import { sharedWordsOf } from '../shared-words.ts'
import type { SharedWords } from '../shared-words.ts'
import { LINE_PAIR_BYTES } from '../spsc-layout.ts'
import * as word from './broadcast-layout.ts'

/** Where a broadcast ring lies. Plain data: it can be sent to another thread as it is. */
export interface BroadcastDescriptor {
  readonly memory: RingMemory
  /** Begin of the ring, a multiple of 128. */
  readonly byteOffset: number
}

export interface BroadcastOptions {
  /** Bytes of the data area: a power of two from 1 KiB to 1 GiB. */
  readonly capacity: number
  /** Readers at the same time, of both kinds: 1 to 32. @default 8 */
  readonly readers?: number
  /** Where the ring goes. @default memory of its own, of WebAssembly if there is any */
  readonly memory?: RingMemory
  /** Begin of the ring in `memory`, a multiple of 128. @default 0 */
  readonly byteOffset?: number
  /** Int32 multiple of 8 at which all positions begin; for tests of their wrap. @default 0 */
  readonly startPosition?: number
}

const READERS_DEFAULT = 8

/**
 * Makes a broadcast ring. Once per ring, by the thread that owns the memory, which must be zero there; all others attach to the
 * descriptor.
 *
 * @throws `ERR_RING_CAPACITY`, `ERR_RING_MEMORY`, `ERR_RING_EXISTS`, `ERR_OPTION`
 */
export function createBroadcastRing(options: BroadcastOptions): BroadcastDescriptor {
  checkFields('options', options, ['capacity', 'readers', 'memory', 'byteOffset', 'startPosition'])
  const { capacity } = options
  const places = checkReaders(options.readers)
  const bytes = broadcastRingBytes(capacity, places)
  const start = checkInteger('startPosition', options.startPosition, { default: 0, min: -(2 ** 31), max: 2 ** 31 - 1 })
  if (start % word.RECORD_ALIGNMENT !== 0) throw optionError('startPosition', start, `a multiple of ${word.RECORD_ALIGNMENT}`)

  const descriptor = { memory: options.memory ?? createRingMemory(bytes), byteOffset: options.byteOffset ?? 0 }
  const base = baseOf(descriptor, bytes)
  const int32 = int32Of(descriptor.memory)
  if (Atomics.load(int32, base + word.MAGIC) === word.BROADCAST_MAGIC) throw ringExistsError(descriptor.byteOffset)
  int32[base + word.VERSION] = word.BROADCAST_VERSION
  int32[base + word.CAPACITY] = capacity
  int32[base + word.PLACES] = places
  int32[base + word.TAIL] = start
  int32[base + word.LATEST] = start
  int32[base + word.INTENT] = start
  int32[base + word.EPOCH] = start >>> word.EPOCH_SHIFT
  // Last, so that whoever sees the magic sees a complete ring.
  Atomics.store(int32, base + word.MAGIC, word.BROADCAST_MAGIC)
  return descriptor
}

/** Bytes that a broadcast ring takes, a multiple of 128. @throws `ERR_RING_CAPACITY`, `ERR_OPTION` */
export function broadcastRingBytes(capacity: number, readers?: number): number {
  if (!isCapacity(capacity)) {
    throw ringCapacityError(capacity, `a power of two from ${word.CAPACITY_MIN} to ${word.CAPACITY_MAX}`)
  }
  return word.controlBytes(checkReaders(readers)) + capacity
}

function isCapacity(capacity: number): boolean {
  const inRange = Number.isInteger(capacity) && capacity >= word.CAPACITY_MIN && capacity <= word.CAPACITY_MAX
  return inRange && (capacity & (capacity - 1)) === 0
}

function checkReaders(readers: number | undefined): number {
  return checkInteger('readers', readers, { default: READERS_DEFAULT, min: 1, max: PLACES_MAX })
}

/** A broadcast ring as one thread works with it; internal. */
export interface AttachedBroadcast {
  readonly words: SharedWords
  readonly int32: Int32Array
  /** Word at which the ring begins. */
  readonly base: number
  readonly capacity: number
  readonly places: number
  readonly placeBlock: number
  readonly table: PlaceTable
  readonly waker: Waker
  /** The data area. */
  readonly buffer: Buffer
  /** The same bytes as `buffer`. */
  readonly data: Int32Array
  producerBell(): Doorbell
}

/** Checks that a broadcast ring lies at the descriptor's place. @throws `ERR_RING_MEMORY`, `ERR_RING_MAGIC`, `ERR_RING_VERSION`, `ERR_RING_CORRUPT` */
export function attachBroadcast(descriptor: BroadcastDescriptor): AttachedBroadcast {
  const base = baseOf(descriptor, word.controlBytes(1))
  const int32 = int32Of(descriptor.memory)
  const magic = Atomics.load(int32, base + word.MAGIC)
  if (magic !== word.BROADCAST_MAGIC) throw ringMagicError(descriptor.byteOffset, magic)
  // Plain reads: written once, before the Atomics.store of the magic that was loaded above.
  const version = int32[base + word.VERSION]!
  if (version !== word.BROADCAST_VERSION) throw ringVersionError(descriptor.byteOffset, version, word.BROADCAST_VERSION)
  const capacity = int32[base + word.CAPACITY]!
  const places = int32[base + word.PLACES]!
  if (!isCapacity(capacity) || places < 1 || places > PLACES_MAX)
    throw ringCorruptError('no ring is made like this', { capacity, places })
  baseOf(descriptor, broadcastRingBytes(capacity, places))
  const placeBlock = base + word.PLACE_BLOCK
  const dataOffset = descriptor.byteOffset + word.controlBytes(places)
  const waker = new Waker(int32, placeBlock, { places, producers: 1 }, () => base + word.PRODUCER_BELL)
  return {
    words: sharedWordsOf(descriptor.memory),
    int32,
    base,
    capacity,
    places,
    placeBlock,
    table: new PlaceTable(int32, placeBlock, places, base + word.TAIL, () => waker.all()),
    waker,
    buffer: Buffer.from(bufferOf(descriptor.memory) as unknown as ArrayBuffer, dataOffset, capacity),
    data: new Int32Array(bufferOf(descriptor.memory), dataOffset, capacity / 4),
    producerBell: () => createPlaceBell(int32, base + word.PRODUCER_BELL, placeBlock + PARKED_PRODUCERS, 1),
  }
}

function baseOf(descriptor: BroadcastDescriptor, bytes: number): number {
  const { memory, byteOffset } = checkDescriptor(descriptor, bytes)
  const buffer = bufferOf(memory)
  if (!Number.isInteger(byteOffset) || byteOffset < 0 || byteOffset % LINE_PAIR_BYTES !== 0) {
    throw ringMemoryError(`offset is not a multiple of ${LINE_PAIR_BYTES}`, byteOffset, bytes, buffer.byteLength)
  }
  if (byteOffset + bytes > buffer.byteLength) throw ringMemoryError('ring does not fit', byteOffset, bytes, buffer.byteLength)
  return byteOffset / 4
}
