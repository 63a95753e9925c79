/**
 * The way from this core to another: its two lanes, and the messages that wait for congested targets there.
 *
 * Protocol for room (numbered in ARCHITECTURE.md, Sending):
 * 1. Before a message is written, the target's bucket in the receiver's congestion table is loaded; not zero means hold back.
 * 2. When anything waits, this core stores 1 in its waiting word at the receiver, then looks again (before it parks).
 * 3. The receiver, after it has given room (its consumer position or a congestion counter stored), loads the waiting words; a set one
 *    is cleared and that core's bell rung. Both sides store before they load, sequentially consistent: no room goes unnoticed.
 */
import type { Doorbell, RingProducer } from '@cambium/ring'
import { holdsBack, refuses, saysFull } from './congestion-table.ts'
import { CONTROL_LANE, DATA_LANE } from './parcels.ts'
import type { ParcelSender } from './parcels.ts'
import { RecordLane } from './record-lane.ts'
import type { PublishCount } from './record-lane.ts'
import { CONGESTION_BUCKETS } from './system-memory.ts'
import type { CoreBlock } from './system-memory.ts'
import { WaitingQueue } from './waiting-message.ts'
import type { WaitingMessage } from './waiting-message.ts'

/** Step 3 of the protocol: whoever waits for this core looks again. `waiting` are its words for its peers. */
export function announceRoom(links: readonly (OutboundLink | undefined)[], waiting: readonly Int32Array[]): void {
  for (const link of links) {
    if (link === undefined) continue
    const word = waiting[link.core] as Int32Array
    if (Atomics.load(word, 0) === 0) continue
    Atomics.store(word, 0, 0)
    link.bell.ring()
  }
}

const BUCKET_MASK = CONGESTION_BUCKETS - 1

export class OutboundLink {
  readonly core: number
  readonly data: RecordLane
  readonly control: RecordLane
  readonly bell: Doorbell
  /** By slot. */
  readonly waiting: Map<number, WaitingQueue> = new Map()
  readonly #congestion: Int32Array
  readonly #waitingWord: Int32Array

  constructor(options: {
    core: number
    source: number
    block: CoreBlock
    bell: Doorbell
    data: RingProducer
    control: RingProducer
    messageBytesMax: number
    count: PublishCount
    /** One for each lane. */
    parcels: (lane: number) => ParcelSender
  }) {
    this.core = options.core
    this.bell = options.bell
    const { bell, parcels } = options
    this.control = new RecordLane(options.control, bell, 0, undefined, parcels(CONTROL_LANE))
    this.data = new RecordLane(options.data, bell, options.messageBytesMax, options.count, parcels(DATA_LANE), this.control)
    this.#congestion = options.block.congestion
    this.#waitingWord = options.block.waiting[options.source] as Int32Array
  }

  /** Whether a message of this priority has to wait for its target. */
  holdsBack(slot: number, priority: number): boolean {
    if (this.waiting.size > 0 && this.waiting.get(slot)?.has(priority) === true) return true // order holds within a priority
    return this.isShutFor(slot, priority)
  }

  /** The same for the first of those that wait. */
  isShutFor(slot: number, priority: number): boolean {
    return holdsBack(this.#word(slot), slot, priority)
  }

  /** The target takes nothing now and lets nobody wait. */
  refuses(slot: number): boolean {
    return refuses(this.#word(slot), slot)
  }

  /** What a `trySend` has to look at. */
  saysFull(slot: number, priority: number): boolean {
    return saysFull(this.#word(slot), slot, priority) || (this.waiting.size > 0 && this.waiting.get(slot)?.has(priority) === true)
  }

  #word(slot: number): number {
    return Atomics.load(this.#congestion, slot & BUCKET_MASK)
  }

  /**
   * The same by a plain read of what the receiver stores with Atomics.store, at a tenth of the cost, for the look before each message: one that
   * just misses the news is as one that came just before it. Whoever waits looks with {@link OutboundLink.isShutFor}.
   */
  seemsCongested(slot: number): boolean {
    return this.#congestion[slot & BUCKET_MASK] !== 0
  }

  /** Whether anything waits for room at the receiver. */
  get hasWaiting(): boolean {
    return this.waiting.size > 0 || this.data.queued > 0 || this.control.queued > 0
  }

  /** Parcels of this core that the receiver may still need. */
  get keptParcels(): number {
    return this.data.keptParcels + this.control.keptParcels
  }

  /** There is a new way for parcels: what the receiver may still need is posted again, and it is told to look. */
  connected(): void {
    if (this.keptParcels === 0) return
    this.data.connected()
    this.control.connected()
    this.bell.ring()
  }

  hold(message: WaitingMessage): void {
    let queue = this.waiting.get(message.target.slot)
    if (queue === undefined) {
      queue = new WaitingQueue()
      this.waiting.set(message.target.slot, queue)
    }
    queue.push(message)
  }

  /** Step 2 of the protocol: true when there is room to use after all. */
  announceWaiting(): boolean {
    if (!this.hasWaiting) return false
    Atomics.store(this.#waitingWord, 0, 1)
    if (this.data.hasRoomForNext || this.control.hasRoomForNext) return true
    for (const [slot, { first }] of this.waiting)
      if (first !== undefined && !this.isShutFor(slot, first.priority)) return this.data.queued === 0
    return false
  }

  /** Moves on what there is room for now; `write` is given each held message whose target has room, in order. */
  drain(write: (message: WaitingMessage) => void): void {
    if (this.control.queued > 0) {
      this.control.drain()
      this.control.flush() // before the messages that were sent after them
    }
    if (!this.data.drain()) return
    for (const [slot, queue] of this.waiting) {
      while (queue.first !== undefined && (queue.first.isWithdrawn || !this.isShutFor(slot, queue.first.priority))) {
        if (this.data.queued > 0) return // the ring is full: a congested mailbox is not the only thing to wait for
        const message = queue.first
        queue.shift()
        write(message)
      }
      if (queue.length === 0) this.waiting.delete(slot)
    }
  }
}
