/**
 * The ends of channels on one core. A channel carries what one actor publishes to actors of other cores: written once, into a broadcast ring, and read there by each of
 * them (R1.7).
 *
 * 1. The publisher takes a place in the ring for each core that is to read, and gives it back when nobody there reads any more. So membership has one owner;
 *    a reader takes its place over, and so does its successor: from the record behind the one that was in hand.
 * 2. Readers are lossless: the slowest holds the publisher back, and that its callers.
 * 3. Records are published at the end of the turn, or in batches. Then the bell of each reading core is rung (D12): publish, look at the bell. A core that parks says
 *    so, then looks at its channels. So no record lies unseen.
 * 4. A publisher that waits, for room or until all has been read, stores 1 in the word *wanted*, then looks at the positions, and once more before its core parks. A reader
 *    stores its position, then looks at that word, and rings. Both store before they load, sequentially consistent: no room goes unnoticed (`test/channel-protocol.test.ts`).
 * 5. When the publisher's core has died, its readers end with its stations. When a reader's core has died, its place holds the publisher back until it is taken over
 *    or given back.
 */
import type { ActorCell } from './actor-cell.ts'
import { ChannelReader } from './channel-reader.ts'
import type { ChannelReaderHost, ReadableChannel } from './channel-reader.ts'
import { ChannelWriter } from './channel-writer.ts'
import type { ChannelWriterHost } from './channel-writer.ts'

/** One end, on the core of its actor. */
interface ChannelEnd {
  /** Part of each turn: answers how much there was to do. */
  look(): number
  /** The last look before parking. */
  readonly hasWork: boolean
  /** At the end of each turn. */
  flush(): void
  /** Its incarnation has ended: it touches the memory no more. */
  close(): void
}

export class Channels {
  readonly #host: ChannelReaderHost & ChannelWriterHost
  readonly #ends = new Set<ChannelEnd>()
  readonly #byCell = new Map<ActorCell, ChannelEnd[]>()

  constructor(host: ChannelReaderHost & ChannelWriterHost) {
    this.#host = host
  }

  /** Throws `ERR_RING_CAPACITY`. */
  open(cell: ActorCell, ringBytes: number): ChannelWriter {
    return this.#add(cell, new ChannelWriter(this.#host, ringBytes))
  }

  /** The actor is sent `wake` when there is something to read, unless that lies in its mailbox already. */
  read(cell: ActorCell, channel: ReadableChannel, wake: unknown): ChannelReader {
    return this.#add(cell, new ChannelReader(this.#host, cell, channel, wake))
  }

  get size(): number {
    return this.#ends.size
  }

  look(): number {
    let done = 0
    for (const end of this.#ends) done += end.look()
    return done
  }

  get hasWork(): boolean {
    for (const end of this.#ends) if (end.hasWork) return true
    return false
  }

  flush(): void {
    for (const end of this.#ends) end.flush()
  }

  /** The incarnation has ended. */
  ended(cell: ActorCell): void {
    const ends = this.#byCell.get(cell)
    if (ends === undefined) return
    this.#byCell.delete(cell)
    for (const end of ends) {
      end.close()
      this.#ends.delete(end)
    }
  }

  /** The core has. */
  sever(): void {
    for (const cell of this.#byCell.keys()) this.ended(cell)
  }

  #add<E extends ChannelEnd>(cell: ActorCell, end: E): E {
    this.#ends.add(end)
    const ends = this.#byCell.get(cell)
    if (ends === undefined) this.#byCell.set(cell, [end])
    else ends.push(end)
    return end
  }
}
