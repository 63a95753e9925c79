/**
 * The sending side of one ring: records with a four-word header, larger ones in fragments, and what does not fit yet in a queue behind which
 * every later record waits, so order holds. Publishes in batches; at once when the consumer looks for work (D2).
 *
 *   record payload:  int32 a, int32 b, int32 c, int32 layout, bytes      `layout`: the encoder's, with the bytes; or a parcel's number, negated
 *     tell, ask      slot, generation, correlation (0 for a tell); stamped ones have a stamp before the message (message-stamp.ts), and no layout here
 *     reply          0, 0, correlation
 *     signal         epoch of the receiving core, 0, 0
 *     fragment       fragment header and chunk of a whole whose bytes are int32 type, a, b, c, 0, layout and the message
 */
import { Fifo } from '@cambium/base'
import { fragmentBytes, fragmentCount, writeFragment } from '@cambium/codec'
import type { Encoder, MessageLayouts, Parcel } from '@cambium/codec'
import { BELL_BUSY } from '@cambium/ring'
import type { Doorbell, RingProducer } from '@cambium/ring'
import type { ParcelSender } from './parcels.ts'

export const TELL = 1
export const ASK = 2
export const REPLY = 3
/** An error in place of a reply. */
export const REPLY_ERROR = 4
export const FRAGMENT = 5
export const SIGNAL = 6
/** Messages with a stamp before their bytes. */
export const TELL_STAMPED = 7
export const ASK_STAMPED = 8
/** A message that its target's home passes on, or gets back: forwarding.ts. */
export const FORWARDED = 9

export const HEADER_BYTES = 16
/** Bytes that a whole in fragments has before its message, which begins at a multiple of 8. */
export const WHOLE_HEADER_BYTES = 24
/** A message that layouts write takes at least so much; the claim is cut to what it took. */
const CLAIM_BYTES_MIN = 64

const SHORT_BYTES_MAX = 64
/** Records committed before they are published, unless the turn ends or the consumer is looking. */
const BATCH_MAX = 64

/** A record that waits for room in the ring. */
export interface QueuedRecord {
  readonly type: number
  readonly a: number
  readonly b: number
  readonly c: number
  readonly bytes: Buffer
  readonly layout: number
  /** Seized already. */
  readonly parcel: Parcel | undefined
  readonly sinceMs: number
  /** Called once when the first fragment of a larger record is in the ring: from there on its fate is tied to the receiver's. */
  readonly onBegun: (() => void) | undefined
  /** Called once when the record is in the ring, before it is published; {@link RecordLane.position} is then where it ends. */
  readonly onWritten: (() => void) | undefined
  /** Called once when the record has waited too long, instead of {@link onWritten}. */
  readonly onExpired: (() => void) | undefined
  /** Asked when its turn comes: true when nobody waits for it any more, and neither is called. */
  readonly isDropped: (() => boolean) | undefined
  /** Present once it is being written in fragments. */
  whole?: { readonly bytes: Buffer; readonly id: number; readonly count: number; next: number }
}

/** A record that waits for as long as it takes, and that nobody asks after. `bytes` are copied. */
export function plainRecord(
  type: number,
  a: number,
  c: number,
  bytes: Buffer,
  layout: number,
  parcel: Parcel | undefined,
): QueuedRecord {
  parcel?.seize()
  const nobody = { isDropped: undefined, onBegun: undefined, onWritten: undefined, onExpired: undefined }
  return { type, a, b: 0, c, bytes: Buffer.from(bytes), layout, parcel, sinceMs: Infinity, ...nobody }
}

/** Who counts what is published; the protocol is in books-recovery.ts. */
export interface PublishCount {
  /** So many whole records are about to be published, up to this position. */
  begin(records: number, position: number): void
  /** They are. */
  end(): void
}

export class RecordLane {
  readonly #ring: RingProducer
  readonly #bell: Doorbell
  readonly #composedBytesMax: number
  readonly #count: PublishCount | undefined
  readonly #parcels: ParcelSender
  readonly #ahead: RecordLane | undefined
  readonly #queue: Fifo<QueuedRecord> = new Fifo()
  /** Whole records committed and not yet published; a message in fragments counts with its last. */
  #pending = 0
  #publishedInTurn = 0
  #messageId = 0
  /** Bytes that had gone into the ring when it was last looked at, and its position then. */
  #gone = 0
  #goneAt: number

  /**
   * `messageBytesMax`: of a message that is composed in place. While a record of the lane `ahead` waits for room nothing of this one is published, or it
   * would overtake that record.
   */
  constructor(
    ring: RingProducer,
    bell: Doorbell,
    messageBytesMax: number,
    count: PublishCount | undefined,
    parcels: ParcelSender,
    ahead?: RecordLane,
  ) {
    this.#ring = ring
    this.#bell = bell
    this.#composedBytesMax = HEADER_BYTES + messageBytesMax
    this.#count = count
    this.#parcels = parcels
    this.#ahead = ahead
    this.#goneAt = ring.position
  }

  get queued(): number {
    return this.#queue.length
  }

  /** Nothing waits for room, and nothing is written that is not published: what this core has said here outlives it. */
  get isPublished(): boolean {
    return this.#queue.length === 0 && this.#pending === 0
  }

  /** Where the latest record ends, in bytes from the beginning of this lane. It does not wrap, as the ring's position does: an ask may wait for long. */
  get position(): number {
    // Between two looks, and there is one at each flush, no more than a ring can have gone.
    return this.#gone + ((this.#ring.position - this.#goneAt) >>> 0)
  }

  /** Where the latest record ends in the ring: what its consumer's position is compared with. */
  get ringPosition(): number {
    return this.#ring.position
  }

  /** {@link position} for a position of the ring that is no farther than its capacity from the present one. */
  positionOf(ringPosition: number): number {
    return this.position + ((ringPosition - this.#ring.position) | 0)
  }

  /** Whether the consumer has taken all that was written up to a {@link position}, and given its room back. */
  hasConsumed(position: number): boolean {
    return this.#consumed >= position
  }

  /**
   * Writes a record if it fits now; false when it has to wait, and nothing was written. The record is committed only: the caller counts it as sent,
   * if it has not, and then calls {@link flushIfDue}. A thread that ended between publishing and counting would leave one message too few in the books.
   */
  write(type: number, a: number, b: number, c: number, bytes: Uint8Array, layout: number, parcel?: Parcel): boolean {
    if (this.queued > 0) return false
    const payload = HEADER_BYTES + bytes.length
    if (payload > this.#ring.recordBytesMax) return false
    return this.#put(type, a, b, c, bytes, layout, parcel)
  }

  /**
   * Encodes a message straight into the ring, if a layout fits it and there is room; false when it does not, and nothing was written. As with
   * {@link write} the record is committed only.
   */
  compose(type: number, a: number, b: number, c: number, message: unknown, encoder: Encoder, layouts?: MessageLayouts): boolean {
    if (this.queued > 0) return false
    const ring = this.#ring
    const offset = ring.claimUpTo(type, CLAIM_BYTES_MIN)
    if (offset < 0) return false
    const room = ring.claimed < this.#composedBytesMax ? ring.claimed : this.#composedBytesMax
    const end = encoder.write(message, ring, offset + HEADER_BYTES, offset + room, layouts)
    if (end < 0) {
      ring.abort()
      return false
    }
    const words = ring.int32
    const at = offset >> 2
    words[at] = a
    words[at + 1] = b
    words[at + 2] = c
    words[at + 3] = encoder.layout
    ring.commit(end - offset)
    this.#pending += 1
    return true
  }

  /**
   * Publishes when enough has been written, or the consumer looks for work (D2): then the first records of a turn at once, later ones in batches
   * that grow with their number. A publish for each of thousands costs more than they do, and has their reader wake for each.
   */
  flushIfDue(): void {
    const pending = this.#pending
    if (pending >= BATCH_MAX) this.flush()
    else if (pending > this.#publishedInTurn >> 1 && this.#bell.hint !== BELL_BUSY) this.flush()
  }

  /** Publishes what is left at the end of a turn. */
  endTurn(): void {
    this.flush()
    if (this.#parcels.kept > 0) this.#parcels.trim(this.#consumed)
    this.#publishedInTurn = 0
  }

  /** Parcels that the consumer may still need. */
  get keptParcels(): number {
    return this.#parcels.kept
  }

  /** There is a new way for parcels. What the last consumer has given back is not posted again: nobody would take it. */
  connected(): void {
    this.#parcels.trim(this.#consumed)
    this.#parcels.connected()
  }

  /** Queues a record behind all that wait. `bytes` must be the queue's to keep. */
  enqueue(record: QueuedRecord): void {
    this.#queue.push(record)
  }

  /** Moves what waits into the ring as far as there is room; answers whether the queue is empty now. */
  drain(): boolean {
    for (let record = this.#queue.first; record !== undefined; record = this.#queue.first) {
      if (record.whole === undefined && record.isDropped?.() === true) this.#queue.shift()
      else if (!this.#drainOne(record)) {
        this.flush()
        return false
      }
    }
    return true
  }

  /** Takes out the records that have waited since before `sinceMs`; with Infinity all that somebody waits for. One that is partly written stays, or its reader would see a torso. */
  expire(sinceMs: number): void {
    const expired = this.#queue.extract((record) => {
      const isOver = record.sinceMs < sinceMs || (sinceMs === Infinity && record.onExpired !== undefined)
      if (record.whole === undefined && isOver) return 'take'
      // They lie in order of arrival: the rest is younger.
      return record.whole !== undefined || record.sinceMs === Infinity ? 'keep' : 'rest'
    })
    for (const record of expired) {
      if (record.isDropped?.() !== true) record.onExpired?.()
    }
  }

  /** Whether a message of so many bytes takes more than one record. */
  isLarge(bytes: number): boolean {
    return HEADER_BYTES + bytes > this.#ring.recordBytesMax
  }

  /** Nothing more is written: all that waits is expired, partly written or not. */
  end(): void {
    const left = this.#queue.extract(() => 'take')
    for (const record of left) if (record.isDropped?.() !== true) record.onExpired?.()
  }

  /** Whether a message of so many bytes is taken now: there is room, or it goes in parts and nothing waits before it. */
  takes(bytes: number): boolean {
    return this.queued === 0 && (this.isLarge(bytes) || this.#ring.hasRoom(HEADER_BYTES + bytes))
  }

  /** Whether the oldest waiting record, or its next fragment, would fit now. */
  get hasRoomForNext(): boolean {
    const record = this.#queue.first
    if (record === undefined) return false
    if (record.whole === undefined && record.parcel !== undefined && !this.#hasRoomFor(record.parcel)) return false
    return this.#ring.hasRoom(Math.min(HEADER_BYTES + record.bytes.length, this.#ring.recordBytesMax))
  }

  /** Publishes what is committed and wakes the consumer if it is parked. */
  flush(): void {
    this.#gone = this.position
    this.#goneAt = this.#ring.position
    if (this.#ahead !== undefined && this.#ahead.queued > 0) return
    const records = this.#pending
    this.#publishedInTurn += records
    const count = records > 0 ? this.#count : undefined
    this.#pending = 0
    count?.begin(records, this.#ring.position)
    if (!this.#ring.publish()) return
    count?.end()
    this.#bell.ring()
  }

  #drainOne(record: QueuedRecord): boolean {
    const chunk = this.#ring.recordBytesMax
    if (!this.isLarge(record.bytes.length)) {
      if (!this.#put(record.type, record.a, record.b, record.c, record.bytes, record.layout, record.parcel)) return false
      this.#written(record)
      this.flushIfDue()
      return true
    }
    if (record.whole === undefined) {
      if (record.parcel !== undefined && !this.#hasRoomFor(record.parcel)) return false
      const bytes = Buffer.allocUnsafe(WHOLE_HEADER_BYTES + record.bytes.length)
      bytes.writeInt32LE(record.type, 0)
      bytes.writeInt32LE(record.a, 4)
      bytes.writeInt32LE(record.b, 8)
      bytes.writeInt32LE(record.c, 12)
      bytes.writeInt32LE(0, 16)
      bytes.writeInt32LE(record.parcel === undefined ? record.layout : this.#handOver(record.parcel, record.layout), 20)
      record.bytes.copy(bytes, WHOLE_HEADER_BYTES)
      this.#messageId = (this.#messageId + 1) | 0
      record.whole = { bytes, id: this.#messageId, count: fragmentCount(bytes.length, chunk), next: 0 }
    }
    const whole = record.whole
    while (whole.next < whole.count) {
      const offset = this.#ring.claim(FRAGMENT, fragmentBytes(whole.bytes.length, chunk, whole.next))
      if (offset < 0) return false
      writeFragment(this.#ring.buffer, offset, whole.bytes, chunk, whole.id, whole.next)
      this.#ring.commit()
      whole.next += 1
      if (whole.next === 1) record.onBegun?.()
      if (whole.next === whole.count) {
        this.#pending += 1
        if (record.parcel?.isEmpty === false) this.#parcels.written(this.position)
        this.#written(record)
      }
      // Each fragment is published by itself: the consumer frees its room while the next ones are written.
      this.flush()
    }
    return true
  }

  /** The first that waits is in the ring, and not published yet. */
  #written(record: QueuedRecord): void {
    this.#queue.shift()
    record.onWritten?.()
  }

  /** Up to where the consumer has given room back; as {@link position}, it does not wrap. */
  get #consumed(): number {
    return this.position - (this.#ring.capacity - this.#ring.free)
  }

  #hasRoomFor(parcel: Parcel): boolean {
    if (parcel.isEmpty || !this.#parcels.isFull) return true
    this.#parcels.trim(this.#consumed)
    return !this.#parcels.isFull
  }

  /** Posts the parcel of the record that is being written; gives what stands for its layout. */
  #handOver(parcel: Parcel, layout: number): number {
    if (!parcel.isEmpty) return -this.#parcels.send(parcel)
    parcel.seize()
    return layout
  }

  #put(type: number, a: number, b: number, c: number, bytes: Uint8Array, layout: number, parcel: Parcel | undefined): boolean {
    if (parcel !== undefined && !this.#hasRoomFor(parcel)) return false
    const ring = this.#ring
    const length = bytes.length
    const offset = ring.claim(type, HEADER_BYTES + length)
    if (offset < 0) return false
    const words = ring.int32
    const at = offset >> 2
    words[at] = a
    words[at + 1] = b
    words[at + 2] = c
    words[at + 3] = parcel === undefined ? layout : this.#handOver(parcel, layout)
    const { buffer } = ring
    const from = offset + HEADER_BYTES
    // Setting a few bytes one by one is faster than the call that sets many.
    if (length <= SHORT_BYTES_MAX) for (let i = 0; i < length; i += 1) buffer[from + i] = bytes[i] as number
    else buffer.set(bytes, from)
    ring.commit()
    if (parcel?.isEmpty === false) this.#parcels.written(this.position)
    this.#pending += 1
    return true
  }
}
