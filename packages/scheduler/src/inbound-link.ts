/** The receiving side of the two rings from one peer: records back to messages and signals. */
import { CambiumError } from '@cambium/base'
import { createDecoder, createReassembler, MESSAGE_BYTES_MAX, readFragment } from '@cambium/codec'
import type { Decoder, EntryArea, Reassembler, ShapeArea, UnpackRef } from '@cambium/codec'
import type { RingConsumer } from '@cambium/ring'
import { CONTROL_LANE, DATA_LANE } from './parcels.ts'
import type { ParcelOutcome, ParcelReceiver } from './parcels.ts'
import { FRAGMENT, HEADER_BYTES, WHOLE_HEADER_BYTES } from './record-lane.ts'

/**
 * Largest signal in encoded bytes, for both ends of every control ring. It does not follow `messageBytesMax`: what the runtime says to itself
 * grows with the number of actors, not with their messages.
 */
export const SIGNAL_BYTES_MAX: number = MESSAGE_BYTES_MAX

/** Larger than any limit: whether a fragment is the last of its message can be read even when the message is refused. */
const ANY_BYTES = 0x7fff_ffff

/** One record, or whole put together from fragments. The object is reused: take what you need before the next one. */
export interface InboundRecord {
  type: number
  a: number
  b: number
  c: number
  buffer: Buffer
  offset: number
  length: number
  /** What came beside it; undefined for nothing. */
  parcel: ParcelOutcome | undefined
}

export class InboundLane {
  readonly #ring: RingConsumer
  readonly #reassembler: Reassembler
  readonly #wholeBytesMax: number
  readonly record: InboundRecord
  readonly #parcels: ParcelReceiver
  readonly #lane: number
  #isHeld = false

  constructor(ring: RingConsumer, messageBytesMax: number, parcels: ParcelReceiver, lane: number) {
    this.#parcels = parcels
    this.#lane = lane
    this.#ring = ring
    this.#wholeBytesMax = messageBytesMax + WHOLE_HEADER_BYTES
    this.#reassembler = createReassembler({ messageBytesMax: this.#wholeBytesMax })
    this.record = { type: 0, a: 0, b: 0, c: 0, buffer: ring.buffer, offset: 0, length: 0, parcel: undefined }
  }

  /** Begin of the record in hand. */
  get position(): number {
    return this.#ring.position
  }

  /** Nothing has come. A record that waits for its parcel is nothing that has come: whoever posts the parcel rings. */
  get isEmpty(): boolean {
    return this.#isHeld || this.#ring.isEmpty
  }

  /** A record is in hand that waits for its parcel. */
  get isHeld(): boolean {
    return this.#isHeld
  }

  /**
   * Fetches what goes beside the record in hand. False while that has still to come: the record stays in hand then, and {@link next} gives it again.
   * With `isOver` it is waited for no longer.
   */
  fetchParcel(isOver: boolean): boolean {
    const { record } = this
    this.#isHeld = false
    record.parcel = undefined
    if ((record.buffer[record.offset - 1] as number) < 0x80) return true // its layout is not negative
    const outcome = this.#parcels.take(this.#lane, -layoutOf(record))
    record.parcel = outcome === 'pending' && isOver ? 'unknown' : outcome
    this.#isHeld = record.parcel === 'pending'
    return !this.#isHeld
  }

  get isSpent(): boolean {
    return this.#ring.isSpent
  }

  look(): boolean {
    return this.#ring.look()
  }

  get capacity(): number {
    return this.#ring.capacity
  }

  /**
   * Takes the next record in hand. `none` when the ring is empty; `part` for a fragment that completes nothing. For the last fragment of a message
   * that its sender has counted and nobody will see: `torn` when its beginning died with this core's predecessor, `too_large` when it is larger
   * than this lane takes.
   */
  next(): 'record' | 'part' | 'torn' | 'too_large' | 'none' {
    if (this.#isHeld) return 'record'
    const ring = this.#ring
    if (!ring.next()) return 'none'
    const record = this.record
    if (ring.type === FRAGMENT) return this.#nextFragment(record)
    const at = ring.offset >> 2
    const words = ring.int32
    record.type = ring.type
    record.a = words[at] as number
    record.b = words[at + 1] as number
    record.c = words[at + 2] as number
    record.buffer = ring.buffer
    record.offset = ring.offset + HEADER_BYTES
    record.length = ring.length - HEADER_BYTES
    return 'record'
  }

  /** The record in hand is finished; its room goes back to the producer. True when any went. */
  release(): boolean {
    if (!this.#isHeld) this.#ring.done()
    return this.#ring.release()
  }

  #nextFragment(record: InboundRecord): 'record' | 'part' | 'torn' | 'too_large' {
    const ring = this.#ring
    const whole = this.#reassembler.add(ring.buffer, ring.offset, ring.length)
    if (whole === undefined) {
      const fragment = readFragment(ring.buffer, ring.offset, ring.length, ANY_BYTES)
      if (fragment === undefined || fragment.index < fragment.count - 1) return 'part'
      return fragment.totalBytes > this.#wholeBytesMax ? 'too_large' : 'torn'
    }
    record.type = whole.readInt32LE(0)
    record.a = whole.readInt32LE(4)
    record.b = whole.readInt32LE(8)
    record.c = whole.readInt32LE(12)
    record.buffer = whole
    record.offset = WHOLE_HEADER_BYTES
    record.length = whole.length - WHOLE_HEADER_BYTES
    return 'record'
  }
}

export class InboundLink {
  readonly core: number
  readonly data: InboundLane
  readonly control: InboundLane
  /** Messages have been seen, and signals that may have been sent before them are still to be taken. */
  isBehind = false
  readonly #decoder: Decoder
  readonly #parcels: ParcelReceiver

  constructor(options: {
    core: number
    data: RingConsumer
    control: RingConsumer
    shapes: ShapeArea
    layouts: EntryArea
    messageBytesMax: number
    unpackRef: UnpackRef
    parcels: ParcelReceiver
  }) {
    this.core = options.core
    this.#parcels = options.parcels
    this.data = new InboundLane(options.data, options.messageBytesMax, options.parcels, DATA_LANE)
    this.control = new InboundLane(options.control, SIGNAL_BYTES_MAX, options.parcels, CONTROL_LANE)
    this.#decoder = createDecoder({ area: options.shapes, layouts: options.layouts, unpackRef: options.unpackRef })
  }

  /** Parcels that came before their records. */
  get parcelsWaiting(): number {
    return this.#parcels.waiting
  }

  /** There is a way from a successor of the peer: parcels of messages that died unpublished are dropped. False when it is too early to tell. */
  dropOrphans(): boolean {
    return this.#parcels.dropOrphans(() => [this.data, this.control].every((lane) => lane.isEmpty && !lane.isHeld))
  }

  /** The message of a record. Throws `ERR_NOT_DECODABLE`, `ERR_SHARE_LOST`. */
  decode(record: InboundRecord): unknown {
    const { buffer, offset, length, parcel } = record
    if (parcel === undefined) return this.#decoder.decode(buffer, offset, length, layoutOf(record))
    if (parcel === 'lost') throw shareLost(this.core)
    if (typeof parcel === 'string') throw new RangeError('what the message shares or moves never came')
    return this.#decoder.decode(buffer, offset, length, 0, parcel)
  }

  /** The same, read in place if it has a declared layout: until `closeMessage`, and for as long as the record is in hand. */
  open(record: InboundRecord): unknown {
    if (record.parcel !== undefined) return this.decode(record)
    return this.#decoder.open(record.buffer, record.offset, record.length, layoutOf(record))
  }
}

/** The message is whole, but what it shared or moved was with a core that has died. */
function shareLost(core: number): CambiumError {
  return new CambiumError('ERR_SHARE_LOST', `message lost what it shared or moved: from=core-${core}`, { severity: 'crash' })
}

export function notDecodable(core: number, cause: unknown): CambiumError {
  return new CambiumError('ERR_NOT_DECODABLE', `message cannot be decoded: from=core-${core}`, { severity: 'crash', cause })
}

/** The word before the message, in a record as in a whole: a layout, or the number of a parcel, negated. */
function layoutOf({ buffer, offset }: InboundRecord): number {
  return (
    (buffer[offset - 4] as number) |
    ((buffer[offset - 3] as number) << 8) |
    ((buffer[offset - 2] as number) << 16) |
    ((buffer[offset - 1] as number) << 24)
  )
}
