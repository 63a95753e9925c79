/** The reading end of a channel: one actor of a core reads what the publisher of another has written. The protocol is in `channels.ts`. */
import { createDecoder, createEntryArea, createShapeArea } from '@cambium/codec'
import type { Decoder } from '@cambium/codec'
import { succeedBroadcastReader } from '@cambium/ring'
import type { BroadcastReader } from '@cambium/ring'
import type { ActorCell } from './actor-cell.ts'
import { attachChannelMemory } from './channel-memory.ts'
import type { ChannelMemory } from './channel-memory.ts'
import { CHANNEL_HEADER_BYTES } from './channel-writer.ts'
import type { Dispatcher } from './dispatcher.ts'
import type { Fence } from './fence.ts'
import { notDecodable } from './inbound-link.ts'
import { MessageTimer } from './message-timer.ts'
import type { OutboundLink } from './outbound-link.ts'
import { refMaker } from './ref-codec.ts'
import type { RefHosts } from './ref-codec.ts'
import type { CoreBlock } from './system-memory.ts'

export interface ChannelReaderHost {
  readonly fence: Fence
  readonly blocks: readonly CoreBlock[]
  readonly dispatcher: Dispatcher
  readonly links: readonly (OutboundLink | undefined)[]
  readonly sender: RefHosts
  reportFault(where: string, error: unknown): void
}

/** What a reader is told of its channel. Plain data; the memory is to be shared. */
export interface ReadableChannel {
  readonly memory: SharedArrayBuffer
  /** The publisher's core. */
  readonly core: number
  /** Kept for this reader by the publisher. */
  readonly place: number
}

export class ChannelReader {
  /** What the record that {@link next} has found says. */
  value: unknown = undefined
  readonly #host: ChannelReaderHost
  readonly #channel: ChannelMemory
  readonly #core: number
  readonly #reader: BroadcastReader
  readonly #decoder: Decoder
  /** Lies in the mailbox as a timer does: in one place at most, beyond every capacity, and in no book. */
  readonly #wake: MessageTimer
  #isClosed = false

  constructor(host: ChannelReaderHost, cell: ActorCell, { memory, core, place }: ReadableChannel, wake: unknown) {
    this.#host = host
    this.#core = core
    this.#channel = attachChannelMemory(memory)
    this.#reader = succeedBroadcastReader(this.#channel.ring, place)
    const { shapes, layouts } = host.blocks[core] as CoreBlock
    this.#decoder = createDecoder({
      area: createShapeArea(shapes),
      layouts: createEntryArea(layouts),
      unpackRef: refMaker(() => host.sender),
    })
    this.#wake = new MessageTimer(cell, '', wake, 0, () => {})
    this.#ring() // it may have passed over what its predecessor had in hand
  }

  /** Finishes the record in hand, if any, and takes the next one. What cannot be decoded is reported and passed over. */
  next(): boolean {
    this.#host.fence.pass()
    const reader = this.#reader
    while (!this.#isClosed && reader.next()) {
      const { buffer, offset, length, int32 } = reader
      try {
        const at = offset + CHANNEL_HEADER_BYTES
        this.value = this.#decoder.decode(buffer, at, length - CHANNEL_HEADER_BYTES, int32[offset >> 2])
        return true
      } catch (error) {
        this.#host.reportFault(`channel of core ${this.#core}`, notDecodable(this.#core, error))
      }
    }
    this.value = undefined
    return false
  }

  /** The record in hand is finished; the publisher may use the room of what is. */
  release(): void {
    this.#host.fence.pass()
    if (this.#isClosed) return
    this.#reader.done()
    if (this.#reader.release()) this.#ring()
  }

  get hasWork(): boolean {
    return !this.#wake.isQueued && !this.#reader.isEmpty
  }

  look(): number {
    if (!this.hasWork) return 0
    this.#host.dispatcher.deliverTimer(this.#wake)
    return 1
  }

  flush(): void {
    // It writes nothing that others wait for.
  }

  close(): void {
    this.#isClosed = true
  }

  /** Step 4 of the protocol. */
  #ring(): void {
    if (Atomics.load(this.#channel.wanted, 0) !== 0) this.#host.links[this.#core]?.bell.ring()
  }
}
