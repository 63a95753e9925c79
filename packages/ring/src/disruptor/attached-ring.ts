/**
 * A ring of slots as one thread works with it: its words, its places, and who is to be woken. Producers, consumers and the root
 * attach through this; internal.
 */
import { PlaceTable } from '../places/place-table.ts'
import { Waker } from '../places/waker.ts'
import { sharedWordsOf } from '../shared-words.ts'
import type { SharedWords } from '../shared-words.ts'
import { CURSOR, PLACE_BLOCK, PRODUCER_BELL, PRODUCER_WORDS } from './slot-ring-layout.ts'
import { openSlotRing, shiftOf } from './slot-ring.ts'
import type { OpenSlotRing, SlotRingDescriptor } from './slot-ring.ts'

export interface AttachedRing extends OpenSlotRing {
  readonly words: SharedWords
  readonly table: PlaceTable
  readonly waker: Waker
  /** Words of the whole memory. */
  readonly cursorWord: number
  readonly placeBlock: number
  readonly flagsWord: number
  /** Bits of a slot's number in a sequence. */
  readonly shift: number
  /** The word at which a producer's place begins. */
  readonly producerWord: (producer: number) => number
}

/** @throws `ERR_RING_MEMORY`, `ERR_RING_MAGIC`, `ERR_RING_VERSION`, `ERR_RING_CORRUPT` */
export function attachRing(descriptor: SlotRingDescriptor): AttachedRing {
  const ring = openSlotRing(descriptor)
  const { int32, base, parts } = ring
  const placeBlock = base + PLACE_BLOCK
  const producerWord = (producer: number): number => base + parts.producers + producer * PRODUCER_WORDS
  const waker = new Waker(int32, placeBlock, ring, (producer) => producerWord(producer) + PRODUCER_BELL)
  return {
    ...ring,
    words: sharedWordsOf(descriptor.memory),
    table: new PlaceTable(int32, placeBlock, ring.places, base + CURSOR, () => waker.all()),
    waker,
    cursorWord: base + CURSOR,
    placeBlock,
    flagsWord: base + parts.flags,
    shift: shiftOf(ring.capacity),
    producerWord,
  }
}
