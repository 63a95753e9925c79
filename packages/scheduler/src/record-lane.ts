/**
 * The sending side of one ring: records with a three-word header, larger ones in fragments, and what does not fit yet in a queue behind which
 * every later record waits, so order holds. Publishes in batches; at once when the consumer looks for work (D2).
 *
 *   record payload:  int32 a, int32 b, int32 c, bytes
 *     tell, ask      slot, generation, correlation (0 for a tell)
 *     reply          0, 0, correlation
 *     signal         epoch of the receiving core, 0, 0
 *     fragment       fragment header and chunk of a whole whose bytes are int32 type, a, b, c and the message
 */
import { fragmentBytes, fragmentCount, writeFragment } from '@cambium/codec'
import { BELL_BUSY } from '@cambium/ring'
import type { Doorbell, RingProducer } from '@cambium/ring'

export const TELL = 1
export const ASK = 2
export const REPLY = 3
/** An error in place of a reply. */
export const REPLY_ERROR = 4
export const FRAGMENT = 5
export const SIGNAL = 6

export const HEADER_BYTES = 12
/** Bytes that a whole in fragments has before its message: int32 type, a, b, c. */
export const WHOLE_HEADER_BYTES = 16

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
  readonly sinceMs: number
  /** Called once when the first fragment of a larger record is in the ring: from there on its fate is tied to the receiver's. */
  readonly onBegun: (() => void) | undefined
  /** Called once when the record is in the ring; {@link RecordLane.position} is then where it ends. */
  readonly onWritten: (() => void) | undefined
  /** Called once when the record has waited too long, instead of {@link onWritten}. */
  readonly onExpired: (() => void) | undefined
  /** Asked when its turn comes: true when nobody waits for it any more, and neither is called. */
  readonly isDropped: (() => boolean) | undefined
  /** Present once it is being written in fragments. */
  whole?: { readonly bytes: Buffer; readonly id: number; readonly count: number; next: number }
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
  readonly #count: PublishCount | undefined
  #queue: QueuedRecord[] = []
  #queueHead = 0
  /** Whole records committed and not yet published; a message in fragments counts with its last. */
  #pending = 0
  #messageId = 0
  /** Bytes waiting in the queue. */
  queuedBytes = 0

  constructor(ring: RingProducer, bell: Doorbell, count: PublishCount | undefined) {
    this.#ring = ring
    this.#bell = bell
    this.#count = count
  }

  get queued(): number {
    return this.#queue.length - this.#queueHead
  }

  /** Where the latest record ends. */
  get position(): number {
    return this.#ring.position
  }

  /** Writes a record if it fits now; false when it has to wait, and nothing was written. */
  write(type: number, a: number, b: number, c: number, bytes: Uint8Array): boolean {
    if (this.queued > 0) return false
    const payload = HEADER_BYTES + bytes.length
    if (payload > this.#ring.recordBytesMax) return false
    return this.#put(type, a, b, c, bytes)
  }

  /** Queues a record behind all that wait. `bytes` must be the queue's to keep. */
  enqueue(record: QueuedRecord): void {
    this.#queue.push(record)
    this.queuedBytes += record.bytes.length
  }

  /** Moves what waits into the ring as far as there is room; answers whether the queue is empty now. */
  drain(): boolean {
    while (this.#queueHead < this.#queue.length) {
      const record = this.#queue[this.#queueHead] as QueuedRecord
      const isSkipped = record.whole === undefined && record.isDropped?.() === true
      if (!isSkipped && !this.#drainOne(record)) {
        this.flush()
        return false
      }
      this.#queueHead += 1
      this.queuedBytes -= record.bytes.length
      if (!isSkipped) record.onWritten?.()
    }
    this.#queue.length = 0
    this.#queueHead = 0
    return true
  }

  /** Takes out the records that have waited since before `sinceMs`; with Infinity all that somebody waits for. One that is partly written stays, or its reader would see a torso. */
  expire(sinceMs: number): void {
    const expired: QueuedRecord[] = []
    const kept: QueuedRecord[] = []
    let at = this.#queueHead
    for (; at < this.#queue.length; at += 1) {
      const record = this.#queue[at] as QueuedRecord
      const isOver = record.sinceMs < sinceMs || (sinceMs === Infinity && record.onExpired !== undefined)
      if (record.whole === undefined && isOver) expired.push(record)
      else if (record.whole !== undefined || record.sinceMs === Infinity) kept.push(record)
      else break // they lie in order of arrival: the rest is younger
    }
    if (expired.length === 0) return
    this.#queue = [...kept, ...this.#queue.slice(at)]
    this.#queueHead = 0
    for (const record of expired) {
      this.queuedBytes -= record.bytes.length
      if (record.isDropped?.() !== true) record.onExpired?.()
    }
  }

  /** Whether a message of so many bytes takes more than one record. */
  isLarge(bytes: number): boolean {
    return HEADER_BYTES + bytes > this.#ring.recordBytesMax
  }

  /** Nothing more is written: all that waits is expired, partly written or not. */
  end(): void {
    const left = this.#queue.slice(this.#queueHead)
    this.#queue = []
    this.#queueHead = 0
    this.queuedBytes = 0
    for (const record of left) if (record.isDropped?.() !== true) record.onExpired?.()
  }

  /** Whether the oldest waiting record, or its next fragment, would fit now. */
  get hasRoomForNext(): boolean {
    const record = this.#queue[this.#queueHead]
    if (record === undefined) return false
    return this.#ring.hasRoom(Math.min(HEADER_BYTES + record.bytes.length, this.#ring.recordBytesMax))
  }

  /** Publishes what is committed and wakes the consumer if it is parked. */
  flush(): void {
    const records = this.#pending
    const count = records > 0 ? this.#count : undefined
    this.#pending = 0
    count?.begin(records, this.#ring.position)
    if (!this.#ring.publish()) return
    count?.end()
    this.#bell.ring()
  }

  #drainOne(record: QueuedRecord): boolean {
    const chunk = this.#ring.recordBytesMax
    if (!this.isLarge(record.bytes.length)) return this.#put(record.type, record.a, record.b, record.c, record.bytes)
    if (record.whole === undefined) {
      const bytes = Buffer.allocUnsafe(WHOLE_HEADER_BYTES + record.bytes.length)
      bytes.writeInt32LE(record.type, 0)
      bytes.writeInt32LE(record.a, 4)
      bytes.writeInt32LE(record.b, 8)
      bytes.writeInt32LE(record.c, 12)
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
      if (whole.next === whole.count) this.#pending += 1
      // Each fragment is published by itself: the consumer frees its room while the next ones are written.
      this.flush()
    }
    return true
  }

  #put(type: number, a: number, b: number, c: number, bytes: Uint8Array): boolean {
    const ring = this.#ring
    const length = bytes.length
    const offset = ring.claim(type, HEADER_BYTES + length)
    if (offset < 0) return false
    const words = ring.int32
    const at = offset >> 2
    words[at] = a
    words[at + 1] = b
    words[at + 2] = c
    const { buffer } = ring
    const from = offset + HEADER_BYTES
    // Setting a few bytes one by one is faster than the call that sets many.
    if (length <= SHORT_BYTES_MAX) for (let i = 0; i < length; i += 1) buffer[from + i] = bytes[i] as number
    else buffer.set(bytes, from)
    ring.commit()
    this.#pending += 1
    if (this.#pending >= BATCH_MAX || this.#bell.state !== BELL_BUSY) this.flush()
    return true
  }
}
