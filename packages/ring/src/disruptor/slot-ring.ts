/**
 * A ring of fixed-size slots with sequences: what producers, consumers and accessors attach to. After the ring buffer of the LMAX
 * Disruptor; places in shared memory, successors and aborted claims are our own.
 *
 * Protocol
 * 1. Sequences are Int32 and wrap; a distance is `(a - b) | 0`, a slot `sequence & (capacity - 1)`. Capacity is a power of two.
 * 2. The first sequence is `startSequence`; everybody begins at the one before it.
 * 3. A producer claims sequences no further than the least of the gates plus the capacity, writes the slots, and publishes.
 * 4. A consumer handles what is published and what those before it have finished, and says by its own sequence how far it has come.
 * 5. Only the leaves of the graph gate the producer: nobody overtakes those before it, so the last ones are the slowest.
 *
 * Who writes which word in which order: `slot-ring-layout.ts` and `places/place-layout.ts`.
 */
import { checkFields, checkInteger, checkOneOf, optionError } from '@cambium/base'
import {
  ringCapacityError,
  ringCorruptError,
  ringExistsError,
  ringLayoutError,
  ringMagicError,
  ringMemoryError,
  ringVersionError,
} from '../errors.ts'
import { RECORD_ALIGNMENT } from '../layout/layout.ts'
import type { Layout, LayoutFields } from '../layout/layout.ts'
import { placesBeyond } from '../places/place-bits.ts'
import { PlaceTable } from '../places/place-table.ts'
import { KIND_CONSUMER, KIND_POOL, PLACES_MAX } from '../places/place-layout.ts'
import { bufferOf, checkDescriptor, createRingMemory, int32Of } from '../ring-memory.ts'
import type { RingMemory } from '../ring-memory.ts'
import { LINE_PAIR_BYTES } from '../spsc-layout.ts'
import * as word from './slot-ring-layout.ts'
import { slotRingParts } from './slot-ring-layout.ts'
import type { SlotRingParts, SlotRingShape } from './slot-ring-layout.ts'

/** Where a ring lies. Plain data: it can be sent to another thread as it is. */
export interface SlotRingDescriptor {
  readonly memory: RingMemory
  /** Begin of the ring, a multiple of 128. */
  readonly byteOffset: number
}

/** A consumer that is there from the beginning: nothing is published past it before it has attached. */
export interface FixedPlace {
  readonly kind: 'consumer' | 'pool'
  /** Numbers of the places before it, each less than its own; none: it comes after the producer. */
  readonly after: readonly number[]
}

export interface SlotRingOptions {
  /** Slots: a power of two from 2 to 2^30, and so many that all of them take less than 2 GiB: a view finds its fields by an Int32. */
  readonly capacity: number
  /** What lies in a slot. */
  readonly layout: Layout<LayoutFields>
  /** `single` is several times faster; `multi` for more than one at a time. @default 'single' */
  readonly producers?: 'single' | 'multi'
  /** Producers that may be attached at the same time, 1 to 32; for `multi`. @default 8 */
  readonly producersMax?: number
  /** Consumers and pools that are there from the beginning; their numbers are their places. @default none */
  readonly fixed?: readonly FixedPlace[]
  /** Places for them and for those that join later, workers included: 1 to 32. @default 8, or as many as `fixed` needs */
  readonly places?: number
  /** First sequence, an Int32; for tests of the wrap. @default 0 */
  readonly startSequence?: number
  /** Where the ring goes. @default memory of its own, of WebAssembly if there is any */
  readonly memory?: RingMemory
  /** Begin of the ring in `memory`, a multiple of 128. @default 0 */
  readonly byteOffset?: number
}

/** Options of a ring. Internal. */
export const SLOT_RING_FIELDS: readonly string[] = [
  'capacity',
  'layout',
  'producers',
  'producersMax',
  'fixed',
  'places',
  'startSequence',
  'memory',
  'byteOffset',
]
const PLACES_DEFAULT = 8
const PRODUCERS_DEFAULT = 8

/**
 * Makes a ring. Once per ring, by the thread that owns the memory, which must be zero there; all others attach to the descriptor.
 *
 * @throws `ERR_RING_CAPACITY`, `ERR_RING_MEMORY`, `ERR_RING_EXISTS`, `ERR_OPTION`
 */
export function createSlotRing(options: SlotRingOptions): SlotRingDescriptor {
  const shape = shapeOf(options)
  const { fixed = [] } = options
  const start = checkInteger('startSequence', options.startSequence, { default: 0, min: -(2 ** 31), max: 2 ** 31 - 1 })
  const parts = slotRingParts(shape)
  const descriptor = { memory: options.memory ?? createRingMemory(parts.bytes), byteOffset: options.byteOffset ?? 0 }
  const base = baseOf(descriptor, parts.bytes)
  const int32 = int32Of(descriptor.memory)
  if (Atomics.load(int32, base + word.MAGIC) === word.SLOT_RING_MAGIC) throw ringExistsError(descriptor.byteOffset)

  const before = (start - 1) | 0
  int32[base + word.VERSION] = word.SLOT_RING_VERSION
  int32[base + word.CAPACITY] = shape.capacity
  int32[base + word.SLOT_BYTES] = shape.slotBytes
  int32[base + word.FINGERPRINT] = options.layout.fingerprint
  int32[base + word.MULTI] = shape.isMulti ? 1 : 0
  int32[base + word.PLACES] = shape.places
  int32[base + word.PRODUCERS] = shape.producers
  int32[base + word.POOLS] = fixed.reduce((pools, { kind }, place) => (kind === 'pool' ? pools | (1 << place) : pools), 0)
  int32[base + word.CURSOR] = before
  int32[base + word.LIMIT] = before
  if (shape.isMulti) foundLaps(int32.subarray(base + parts.flags, base + parts.flags + shape.capacity), start)
  foundPlaces(int32, base, shape.places, fixed, before)
  // Last, so that whoever sees the magic sees a complete ring.
  Atomics.store(int32, base + word.MAGIC, word.SLOT_RING_MAGIC)
  return descriptor
}

/** Bytes that a ring with these options takes, a multiple of 128. @throws `ERR_RING_CAPACITY`, `ERR_OPTION` */
export function slotRingBytes(options: SlotRingOptions): number {
  return slotRingParts(shapeOf(options)).bytes
}

/** A ring as one thread has opened it; internal. */
export interface OpenSlotRing extends SlotRingShape {
  readonly int32: Int32Array
  /** Word at which the ring begins. */
  readonly base: number
  readonly parts: SlotRingParts
  readonly fingerprint: number
  readonly pools: number
}

/** Checks that a ring lies at the descriptor's place. @throws `ERR_RING_MEMORY`, `ERR_RING_MAGIC`, `ERR_RING_VERSION`, `ERR_RING_CORRUPT` */
export function openSlotRing(descriptor: SlotRingDescriptor): OpenSlotRing {
  const base = baseOf(descriptor, word.PLACE_BLOCK * 4)
  const int32 = int32Of(descriptor.memory)
  const magic = Atomics.load(int32, base + word.MAGIC)
  if (magic !== word.SLOT_RING_MAGIC) throw ringMagicError(descriptor.byteOffset, magic)
  // Plain reads: written once, before the Atomics.store of the magic that was loaded above.
  const version = int32[base + word.VERSION]!
  if (version !== word.SLOT_RING_VERSION) throw ringVersionError(descriptor.byteOffset, version, word.SLOT_RING_VERSION)
  const multi = int32[base + word.MULTI]!
  const shape = {
    capacity: int32[base + word.CAPACITY]!,
    slotBytes: int32[base + word.SLOT_BYTES]!,
    isMulti: multi === 1,
    places: int32[base + word.PLACES]!,
    producers: int32[base + word.PRODUCERS]!,
  }
  const pools = int32[base + word.POOLS]!
  checkWritten(shape, multi, pools)
  const parts = slotRingParts(shape)
  baseOf(descriptor, parts.bytes)
  return { ...shape, int32, base, parts, fingerprint: int32[base + word.FINGERPRINT]!, pools }
}

/** Places and sizes are computed from these, and all threads rely on them. @throws `ERR_RING_CORRUPT` */
function checkWritten({ capacity, slotBytes, isMulti, places, producers }: SlotRingShape, multi: number, pools: number): void {
  const isCount = (count: number, max: number): boolean => count >= 1 && count <= max
  const areSlots = isCapacity(capacity) && isSlotSize(slotBytes) && capacity * slotBytes <= word.SLOT_AREA_BYTES_MAX
  const areProducers = isCount(producers, isMulti ? word.PRODUCERS_MAX : 1) && (isMulti || multi === 0)
  if (areSlots && areProducers && isCount(places, PLACES_MAX) && (pools & placesBeyond(places)) === 0) return
  throw ringCorruptError('no ring is made like this', { capacity, slotBytes, multi, places, producers, pools })
}

function isCapacity(capacity: number): boolean {
  const inRange = Number.isInteger(capacity) && capacity >= word.SLOTS_MIN && capacity <= word.SLOTS_MAX
  return inRange && (capacity & (capacity - 1)) === 0
}

function isSlotSize(bytes: number | undefined): bytes is number {
  return Number.isInteger(bytes) && bytes! > 0 && bytes! % RECORD_ALIGNMENT === 0
}

/** The layout is the one that the ring was made for. @throws `ERR_RING_LAYOUT`, `ERR_OPTION` Internal. */
export function checkLayout(descriptor: SlotRingDescriptor, fingerprint: number, layout: Layout<LayoutFields>): void {
  if (!Number.isInteger(layout?.fingerprint)) throw optionError('layout', layout, 'a declared layout')
  if (fingerprint !== layout.fingerprint) throw ringLayoutError(descriptor.byteOffset, fingerprint, layout.fingerprint)
}

function shapeOf(options: SlotRingOptions): SlotRingShape {
  checkFields('options', options, SLOT_RING_FIELDS)
  const capacity = options.capacity
  if (!isCapacity(capacity)) {
    throw ringCapacityError(capacity, `a power of two from ${word.SLOTS_MIN} to ${word.SLOTS_MAX}`)
  }
  const slotBytes = slotBytesOf(options.layout)
  if (capacity * slotBytes > word.SLOT_AREA_BYTES_MAX) {
    throw ringCapacityError(capacity, `slots of ${slotBytes} bytes that take less than 2 GiB together`)
  }
  const { fixed: places = [] } = options
  checkFixed(places)
  const fixed = places.length
  const isMulti = checkOneOf('producers', options.producers, ['single', 'multi'], 'single') === 'multi'
  const producersMax = { default: PRODUCERS_DEFAULT, min: 1, max: word.PRODUCERS_MAX }
  return {
    capacity,
    slotBytes,
    isMulti,
    places: checkInteger('places', options.places, {
      default: Math.max(PLACES_DEFAULT, fixed),
      min: Math.max(fixed, 1),
      max: PLACES_MAX,
    }),
    producers: isMulti ? checkInteger('producersMax', options.producersMax, producersMax) : 1,
  }
}

/** A layout that was not declared here, by its bytes and fingerprint alone, will do. */
function slotBytesOf(layout: Partial<Layout<LayoutFields>> | null | undefined): number {
  const { bytes, fingerprint } = layout ?? {}
  if (!isSlotSize(bytes) || !Number.isInteger(fingerprint)) throw optionError('layout', layout, 'a declared layout')
  return bytes
}

function checkFixed(fixed: readonly FixedPlace[]): void {
  if (!Array.isArray(fixed)) throw optionError('fixed', fixed, 'an array of places')
  for (const [place, declared] of fixed.entries()) {
    checkFields(`fixed[${place}]`, declared, ['kind', 'after'])
    const { kind, after } = declared
    if (kind !== 'consumer' && kind !== 'pool') throw optionError(`fixed[${place}].kind`, kind, 'consumer or pool')
    const isBefore = (one: number): boolean => Number.isInteger(one) && one >= 0 && one < place
    if (!Array.isArray(after) || !after.every(isBefore))
      throw optionError(`fixed[${place}].after`, after, 'numbers of places before it')
  }
}

function foundPlaces(int32: Int32Array, base: number, count: number, fixed: readonly FixedPlace[], sequence: number): void {
  const table = new PlaceTable(int32, base + word.PLACE_BLOCK, count, base + word.CURSOR, () => undefined)
  const followed = new Set(fixed.flatMap(({ after }) => after))
  for (const [place, { kind, after }] of fixed.entries()) {
    const mask = after.reduce((places, one) => places | (1 << one), 0)
    table.found(place, kind === 'pool' ? KIND_POOL : KIND_CONSUMER, mask, !followed.has(place), sequence)
  }
}

/** Each slot says that it was published one lap before the sequence that it will hold first. */
function foundLaps(flags: Int32Array, start: number): void {
  const capacity = flags.length
  const shift = shiftOf(capacity)
  for (let ahead = 0; ahead < capacity; ahead++) {
    const previous = (start + ahead - capacity) | 0
    flags[previous & (capacity - 1)] = (previous >>> shift) << 1
  }
}

function baseOf(descriptor: SlotRingDescriptor, bytes: number): number {
  const { memory, byteOffset } = checkDescriptor(descriptor, bytes)
  const buffer = bufferOf(memory)
  if (!Number.isInteger(byteOffset) || byteOffset < 0 || byteOffset % LINE_PAIR_BYTES !== 0) {
    throw ringMemoryError(`offset is not a multiple of ${LINE_PAIR_BYTES}`, byteOffset, bytes, buffer.byteLength)
  }
  if (byteOffset + bytes > buffer.byteLength) throw ringMemoryError('ring does not fit', byteOffset, bytes, buffer.byteLength)
  return byteOffset / 4
}

/** Bits of a slot's number in a sequence; those above them are the lap. */
export function shiftOf(capacity: number): number {
  return 31 - Math.clz32(capacity)
}
