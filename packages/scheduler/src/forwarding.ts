/**
 * Messages that the home of a guest passes on, and gets back: with their asker and their stamp, under the priority that they had.
 *
 *   float64 expires at, float64 chain, int32 priority, int32 kind, int32 core of the asker, int32 correlation, int32 0, int32 layout, bytes
 *
 * What was moved to this core with a message (`transfer`) is moved on, whatever its size. Of what a handler has had in hand before it put the message aside a copy
 * goes: others may hold it by now. Neither goes through the ring.
 *
 * No book counts one anew: it leaves one core's as `put` and enters the other's as `taken`, as every message does. The asker is answered directly.
 */
import { UNSET } from '@cambium/actor'
import type { ActorAddress } from '@cambium/base'
import { checkMessageBytes, transfer } from '@cambium/codec'
import type { ActorCell } from './actor-cell.ts'
import { ANSWERED, PendingAsk, RemoteAsker } from './asks.ts'
import type { Asker } from './asks.ts'
import type { InboundRecord } from './inbound-link.ts'
import { Stamp, stampCargo } from './message-stamp.ts'
import type { Cargo } from './message-stamp.ts'
import { FORWARDED } from './record-lane.ts'
import type { MovesHost } from './moves-host.ts'
import { movedHere } from './parcels.ts'
import { sentPriority, waitingMessage } from './waiting-message.ts'

/** What stands before the message. */
export const PREFIX_BYTES = 40

/** To a guest; to it, and it had put it aside; and the same on the way back. */
export const PASSED_ON = 0
export const PASSED_STASHED = 1
export const RETURNED = 2
export const RETURNED_STASHED = 3

/** There was no asker. */
const NOBODY = -1

export interface ForwardedHead {
  readonly kind: number
  readonly beside: Asker | Stamp | undefined
}

export class Forwarding {
  readonly #host: MovesHost

  constructor(host: MovesHost) {
    this.#host = host
  }

  /** Sends a message of `cell`, which is in this core's books, to that place. What cannot travel becomes a dead letter. */
  send(cell: ActorCell, place: ActorAddress, kind: number, message: unknown, beside: Asker | Stamp | undefined): void {
    const { encoder, links, sender } = this.#host
    const link = links[place.core]
    if (link === undefined) return // severed
    const stamp = beside instanceof Stamp ? beside : undefined
    const asker = stamp === undefined ? (beside as Asker | undefined) : stamp.asker
    let bytes: Buffer
    try {
      const encoded = stamp?.cargo === undefined ? encoder.encode(message, cell.layouts) : this.#encodeCargo(message, stamp.cargo)
      checkMessageBytes(encoded.length + PREFIX_BYTES, this.#host.limits.messageBytesMax + PREFIX_BYTES)
      bytes = this.#frame(kind, stamp, asker, encoded)
    } catch (error) {
      const detail = `it cannot travel: ${(error as Error).message}`
      this.#host.deadLetters.bury('not_decodable', cell, { name: cell.name, message, detail })
      if (asker !== undefined) this.#host.replyError(asker, error as Error)
      return
    }
    const { layout, parcel } = encoder
    const isHeld = kind === PASSED_ON && link.holdsBack(place.slot, sentPriority(stamp))
    this.#host.requestTurn()
    if (!isHeld && link.data.write(FORWARDED, place.slot, place.generation, 0, bytes, layout, parcel)) {
      link.data.flushIfDue()
      return
    }
    const waiting = waitingMessage(
      { target: place, message, bytes, layout, parcel, stamp, ask: undefined, charge: cell },
      Infinity, // its sender is held back instead
      FORWARDED,
    )
    if (isHeld) sender.outbox.hold(waiting, link)
    else sender.outbox.enqueue(link, waiting)
  }

  /** Reads what stands before the message of a record, which is cut to the message. */
  take(record: InboundRecord): ForwardedHead {
    const { buffer, offset } = record
    record.offset += PREFIX_BYTES
    record.length -= PREFIX_BYTES
    const asker = this.#askerOf(buffer.readInt32LE(offset + 24), buffer.readInt32LE(offset + 28))
    const expiresAt = buffer.readDoubleLE(offset)
    const chain = buffer.readDoubleLE(offset + 8)
    const priority = buffer.readInt32LE(offset + 16)
    const isStamped = priority !== UNSET || chain !== 0 || expiresAt !== Infinity
    const stamp = isStamped ? new Stamp(priority, expiresAt, chain, asker) : undefined
    const moved = movedHere(record.parcel)
    return {
      kind: buffer.readInt32LE(offset + 20),
      beside: moved === undefined ? (stamp ?? asker) : stampCargo(stamp, asker, moved),
    }
  }

  /** It has come as bytes of no declared layout, and goes as such. */
  #encodeCargo(message: unknown, { buffers, isSeen }: Cargo): Buffer {
    const { encoder } = this.#host
    if (isSeen) return encoder.encodeBeside(message, buffers)
    for (const buffer of buffers) transfer(buffer)
    return encoder.encode(message)
  }

  #frame(kind: number, stamp: Stamp | undefined, asker: Asker | undefined, encoded: Uint8Array): Buffer {
    const bytes = Buffer.allocUnsafe(PREFIX_BYTES + encoded.length)
    bytes.writeDoubleLE(stamp?.expiresAt ?? Infinity, 0)
    bytes.writeDoubleLE(stamp?.chain ?? 0, 8)
    bytes.writeInt32LE(stamp?.priority ?? UNSET, 16)
    bytes.writeInt32LE(kind, 20)
    const remote = asker === undefined || asker === ANSWERED ? undefined : this.#remote(asker)
    bytes.writeInt32LE(remote?.core ?? NOBODY, 24)
    bytes.writeInt32LE(remote?.correlation ?? 0, 28)
    bytes.writeInt32LE(0, 32)
    bytes.writeInt32LE(this.#host.encoder.layout, 36)
    bytes.set(encoded, PREFIX_BYTES)
    return bytes
  }

  /** An asker as every core can answer it. An ask of this core that has ended is found by nobody. */
  #remote(asker: Asker): RemoteAsker {
    if (!(asker instanceof PendingAsk)) return asker
    if (asker.correlation === 0 && !asker.isSettled) this.#host.asks.add(asker)
    return new RemoteAsker(this.#host.coreNumber, asker.correlation)
  }

  #askerOf(core: number, correlation: number): Asker | undefined {
    if (core === NOBODY) return undefined
    if (core !== this.#host.coreNumber) return new RemoteAsker(core, correlation)
    return this.#host.asks.find(correlation) ?? endedAsk(core)
  }
}

/** In place of an ask of this core that has ended: what is answered to it comes too late. */
function endedAsk(core: number): PendingAsk {
  const none = (): void => {}
  const ask = new PendingAsk({ core, slot: 0, generation: 0 }, 0, none, none, none, undefined)
  ask.abandon()
  return ask
}
