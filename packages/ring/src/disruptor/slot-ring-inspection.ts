/** A look at a ring of slots from outside: how far everybody has come, who waits for whom, and what dead threads had in hand. */
import { placesOf } from '../places/place-bits.ts'
import {
  AFTER,
  CLAIMED,
  FINISHED,
  HALT,
  HOLDING,
  KIND,
  KIND_CONSUMER,
  KIND_POOL,
  KIND_WORKER,
  OWNER_SHIFT,
  SEQUENCE,
  STARTED,
  STATE,
  STATE_FREE,
  STATE_MASK,
  STATE_MEMBER,
} from '../places/place-layout.ts'
import { attachRing } from './attached-ring.ts'
import type { AttachedRing } from './attached-ring.ts'
import { ABORTED, HALTED, PRODUCER_STATE } from './slot-ring-layout.ts'
import type { SlotRingDescriptor } from './slot-ring.ts'

/** A record that a reader may have half handled; meaningful once its thread has ended. */
export interface SequenceInHand {
  readonly sequence: number
  /** False for a worker that ended between taking the record and noting it: it may be another worker's. */
  readonly isCertain: boolean
}

export interface SlotReaderInspection {
  readonly place: number
  readonly kind: 'consumer' | 'pool' | 'worker'
  /** False for a thread that is just joining, or ended while it did. */
  readonly isMember: boolean
  readonly owner: number
  /** Last sequence that those behind know to be finished; of a pool the last one taken. */
  readonly sequence: number
  /** How far it is behind the cursor; 0 for a worker, which has its pool's. */
  readonly backlog: number
  readonly after: readonly number[]
  /** Whether the producer waits for it. */
  readonly gates: boolean
  /** Of a worker: the place of its pool. */
  readonly pool: number | undefined
  readonly isHalted: boolean
  readonly inHand: SequenceInHand | undefined
}

export interface SlotRingInspection {
  readonly capacity: number
  readonly producers: 'single' | 'multi'
  /** Last published sequence, with several producers the last claimed one. */
  readonly cursor: number
  /** Slots that were given up so far; an Int32 that wraps. */
  readonly aborted: number
  /** Whether `haltRing` was called. */
  readonly isHalted: boolean
  readonly readers: readonly SlotReaderInspection[]
  /** Attached producers of a ring for several. */
  readonly attached: readonly { readonly place: number; readonly owner: number }[]
}

/** @throws `ERR_RING_MEMORY`, `ERR_RING_MAGIC`, `ERR_RING_VERSION`, `ERR_RING_CORRUPT` */
export function inspectSlotRing(descriptor: SlotRingDescriptor): SlotRingInspection {
  const ring = attachRing(descriptor)
  const states = Array.from({ length: ring.isMulti ? ring.producers : 0 }, (_, place) =>
    Atomics.load(ring.int32, ring.producerWord(place) + PRODUCER_STATE),
  )
  const places = Array.from({ length: ring.places }, (_, place) => place)
  return {
    capacity: ring.capacity,
    producers: ring.isMulti ? 'multi' : 'single',
    cursor: Atomics.load(ring.int32, ring.cursorWord),
    aborted: Atomics.load(ring.int32, ring.base + ABORTED),
    isHalted: Atomics.load(ring.int32, ring.base + HALTED) !== 0,
    readers: places.filter((place) => ring.table.read(place, STATE) !== STATE_FREE).map((place) => readerAt(ring, place)),
    attached: states
      .map((state, place) => ({ state, place, owner: state >>> OWNER_SHIFT }))
      .filter(({ state }) => state !== STATE_FREE)
      .map(({ place, owner }) => ({ place, owner })),
  }
}

const KINDS: Readonly<Record<number, SlotReaderInspection['kind']>> = {
  [KIND_CONSUMER]: 'consumer',
  [KIND_POOL]: 'pool',
  [KIND_WORKER]: 'worker',
}

function readerAt(ring: AttachedRing, place: number): SlotReaderInspection {
  const { table, int32 } = ring
  const state = table.read(place, STATE)
  const kind = table.read(place, KIND)
  const sequence = table.read(place, SEQUENCE)
  return {
    place,
    kind: KINDS[kind] ?? 'consumer',
    isMember: (state & STATE_MASK) === STATE_MEMBER,
    owner: state >>> OWNER_SHIFT,
    sequence,
    backlog: kind === KIND_WORKER ? 0 : (Atomics.load(int32, ring.cursorWord) - sequence) | 0,
    after: placesOf(table.read(place, AFTER)),
    gates: (table.gates & (1 << place)) !== 0,
    pool: kind === KIND_WORKER ? table.poolOf(place) : undefined,
    isHalted: table.read(place, HALT) !== 0,
    inHand: kind === KIND_WORKER ? workerInHand(ring, place) : consumerInHand(ring, place),
  }
}

function consumerInHand({ table }: AttachedRing, place: number): SequenceInHand | undefined {
  const started = table.read(place, STARTED)
  return started === table.read(place, FINISHED) ? undefined : { sequence: started, isCertain: true }
}

function workerInHand({ table }: AttachedRing, place: number): SequenceInHand | undefined {
  if (table.read(place, HOLDING) === 0) return undefined
  const sequence = (table.read(place, SEQUENCE) + 1) | 0
  if (table.read(place, CLAIMED) === sequence) return { sequence, isCertain: true }
  // Said that it would hold it; if the pool has not come so far, its CAS had not happened.
  const taken = table.read(table.poolOf(place), SEQUENCE)
  return ((taken - sequence) | 0) < 0 ? undefined : { sequence, isCertain: false }
}
