/** The publishing end of a channel. The protocol is in `channels.ts`. */
import { CambiumError } from '@cambium/base'
import { share } from '@cambium/codec'
import type { Encoder } from '@cambium/codec'
import { attachBroadcastProducer, joinBroadcast, RING_FULL } from '@cambium/ring'
import type { BroadcastProducer, BroadcastReader } from '@cambium/ring'
import { CHANNEL_READERS_MAX, createChannelMemory } from './channel-memory.ts'
import type { ChannelMemory } from './channel-memory.ts'
import type { Fence } from './fence.ts'
import type { OutboundLink } from './outbound-link.ts'

/** Layout of the message, and four bytes so that it begins at a multiple of 8. */
export const CHANNEL_HEADER_BYTES = 8
/** Records committed before they are published, unless the turn ends. */
const BATCH_MAX = 64

export interface ChannelWriterHost {
  readonly fence: Fence
  readonly encoder: Encoder
  readonly links: readonly (OutboundLink | undefined)[]
  readonly sender: { hasSettled: boolean }
  requestTurn(): void
  /** What readers' cores said before they read on is taken first. */
  takeAllSignals(): void
}

/** Who waits until all readers have come to a position. */
interface ReadWait {
  readonly position: number
  readonly done: () => void
}

export class ChannelWriter {
  readonly #host: ChannelWriterHost
  readonly #channel: ChannelMemory
  readonly #producer: BroadcastProducer
  /** By place: the core that it is kept for. An actor reads there; this end only gives it back. */
  readonly #places = new Map<number, { readonly core: number; readonly reader: BroadcastReader }>()
  /** Bytes that there was no room for. */
  #wanted = 0
  #onRoom: (() => void) | undefined = undefined
  #reads: ReadWait[] = []
  #isClosed = false

  constructor(host: ChannelWriterHost, ringBytes: number) {
    this.#host = host
    this.#channel = createChannelMemory(ringBytes)
    this.#producer = attachBroadcastProducer(this.#channel.ring)
  }

  /** For the readers: it may travel. */
  get memory(): SharedArrayBuffer {
    return share(this.#channel.memory)
  }

  /** Takes a place for a core: what is written from now on waits there to be read. Throws `ERR_CHANNEL_READERS`. */
  join(core: number): number {
    this.flush()
    const reader = joinBroadcast(this.#channel.ring)
    if (reader === undefined) {
      const message = `as many cores read the channel as may: core=${core}, limit=${CHANNEL_READERS_MAX}`
      throw new CambiumError('ERR_CHANNEL_READERS', message, { fields: { core, limit: CHANNEL_READERS_MAX } })
    }
    this.#places.set(reader.place, { core, reader })
    return reader.place
  }

  /** Nobody reads at that place any more. */
  leave(place: number): void {
    if (!this.#isClosed) this.#places.get(place)?.reader.leave()
    this.#places.delete(place)
    this.#host.requestTurn()
  }

  /**
   * Writes one value; false when there is no room for it now ({@link whenRoom}). Throws `ERR_CANNOT_TRAVEL`, also for what is shared or moved, and
   * `ERR_MESSAGE_TOO_LARGE`.
   */
  write(value: unknown): boolean {
    if (this.#isClosed || this.#places.size === 0) return true
    this.#host.fence.pass()
    const { encoder } = this.#host
    const producer = this.#producer
    const encoded = encoder.encode(value)
    if (encoder.parcel !== undefined)
      throw new CambiumError('ERR_CANNOT_TRAVEL', 'what is read in many places cannot be shared or moved with a message')
    const bytes = encoded.length + CHANNEL_HEADER_BYTES
    if (bytes > producer.recordBytesMax) {
      const limit = producer.recordBytesMax - CHANNEL_HEADER_BYTES
      throw new CambiumError(
        'ERR_MESSAGE_TOO_LARGE',
        `message is too large for its channel: bytes=${encoded.length}, limit=${limit}`,
        {
          fields: { bytes: encoded.length, limit },
        },
      )
    }
    const offset = producer.claim(0, bytes)
    if (offset === RING_FULL) {
      this.#wanted = bytes
      this.flush()
      return false
    }
    producer.int32[offset >> 2] = encoder.layout
    encoded.copy(producer.buffer, offset + CHANNEL_HEADER_BYTES)
    producer.commit()
    if (producer.unpublished >= BATCH_MAX) this.flush()
    this.#host.requestTurn()
    return true
  }

  /** Resolves when what found no room may be written. One at a time. */
  whenRoom(): Promise<void> {
    return new Promise((resolve) => {
      this.#onRoom = resolve
      this.#want()
    })
  }

  /** Calls back when all readers have read what is written up to now. */
  whenRead(done: () => void): void {
    this.flush()
    this.#reads.push({ position: this.#producer.position, done })
    this.#want()
  }

  flush(): void {
    if (this.#isClosed || !this.#producer.publish()) return
    for (const { core } of this.#places.values()) this.#host.links[core]?.bell.ring()
  }

  get hasWork(): boolean {
    return this.#isWaiting && (this.#hasRoom || this.#isRead)
  }

  look(): number {
    if (!this.#isWaiting || !this.hasWork) return 0
    this.#host.takeAllSignals()
    let done = 0
    if (this.#hasRoom) {
      const onRoom = this.#onRoom as () => void
      this.#onRoom = undefined
      done += 1
      this.#host.sender.hasSettled = true // what goes on with it comes before the next look
      onRoom()
    }
    while (this.#isRead) {
      done += 1
      ;(this.#reads.shift() as ReadWait).done()
    }
    if (!this.#isWaiting) Atomics.store(this.#channel.wanted, 0, 0)
    return done
  }

  close(): void {
    this.#isClosed = true
    this.#onRoom = undefined
    this.#reads = []
  }

  get #isWaiting(): boolean {
    return this.#onRoom !== undefined || this.#reads.length > 0
  }

  get #hasRoom(): boolean {
    return this.#onRoom !== undefined && this.#producer.hasRoom(this.#wanted)
  }

  /** Whether the first that waits for readers need wait no more. */
  get #isRead(): boolean {
    const first = this.#reads[0]
    if (first === undefined) return false
    const { position, capacity, free } = this.#producer
    return ((position - (capacity - free) - first.position) | 0) >= 0
  }

  /** Step 4 of the protocol. */
  #want(): void {
    if (this.#isClosed) return
    Atomics.store(this.#channel.wanted, 0, 1)
    this.#host.requestTurn()
  }
}
