/**
 * Faults of the codec on simulated cores. What is tampered with are the objects of one core, and bytes in its rings; the code under test is as
 * it is in production.
 *
 * 1. An encoder that throws, when an actor tells, asks or answers: its sender has the error, and nothing of the message may be counted.
 * 2. A record that is damaged while its receiver has it in hand, so that decoding it fails.
 * 3. Deaths in the middle: before and after the bytes of a message are made, with the shapes that the message brought written and not yet
 *    published; and between a record's being taken and its message's being there.
 *
 * What the runtime says to itself (signals, errors in place of replies) is plain data that it made itself: no encoder ever refuses it.
 */
import type { RefHost } from '@cambium/actor'
import { CambiumError } from '@cambium/base'
import { inspectRing } from '@cambium/ring'
import type { Core, SystemMemory } from '@cambium/scheduler'
import type { FaultPlan } from './fault-plan.ts'

export interface CodecFaultsOptions {
  readonly faults: FaultPlan
  /** A place in the codec where the core's thread may end; `tear` is called when it does. */
  readonly point: (tear?: () => void) => void
}

/** Of a cell (`scheduler/src/actor-cell.ts`). */
const STARTING = 0
/** The type of a record that is only part of a message, and where in the others the number of the layout lies (`scheduler/src/record-lane.ts`). */
const FRAGMENT = 5
const LAYOUT_OFFSET = 12
/** No message has this layout, so none can be decoded. */
const DAMAGE = 0x7fff_ffff
const NOTHING = Symbol('nothing is sent')

/** Takes the codec of a new core in hand. Not of core 0, which no fault ends. */
export function watchCodec(core: Core, { faults, point }: CodecFaultsOptions): void {
  const { asks, block, encoder, sender, slots } = core
  /** What an actor is just sending. On its way the runtime may encode things of its own. */
  let sent: unknown = NOTHING
  /** What `write` has left to `encode` to refuse. */
  let refused: unknown = NOTHING
  let isEncoding = false

  const mayCrash = (message: unknown): boolean => {
    if (!Object.is(message, sent)) return false
    const cell = core.dispatcher.sending
    // A first start is spared: whoever spawns would have to expect it.
    return cell !== undefined && !(cell.status === STARTING && cell.incarnation === 0)
  }
  const watched =
    (encode: Core['encoder']['encode']): Core['encoder']['encode'] =>
    (message, declared) => {
      point()
      const isRefused = refused !== NOTHING && Object.is(message, refused)
      refused = NOTHING
      if (isRefused || (mayCrash(message) && faults.crashes('encodeCrash')))
        throw new CambiumError('ERR_SIM_CRASH', 'crashed by the simulation: encodeCrash', { severity: 'crash' })
      const published = areas.map((area) => Atomics.load(area, 0))
      isEncoding = true
      let bytes: Buffer
      try {
        bytes = encode(message, declared)
      } finally {
        isEncoding = false
      }
      point(() => {
        for (const [i, area] of areas.entries()) Atomics.store(area, 0, published[i] as number)
      })
      return bytes
    }
  /** Word 0 of each says how many bytes of shapes, or of layouts, are published (`codec/src/entry-area.ts`). */
  const areas = [block.shapes, block.layouts].map((area) => new Int32Array(area.buffer, area.byteOffset, 1))
  const write = encoder.write.bind(encoder)

  // In place: to die before it or after it is to die inside it, for nothing is published yet. It never throws: an encoder that refuses does so in `encode`.
  encoder.write = (message, memory, at, limit, declared) => {
    if (isEncoding) return write(message, memory, at, limit, declared)
    point()
    if (mayCrash(message) && faults.crashes('encodeCrash')) refused = message
    const end = Object.is(message, refused) ? -1 : write(message, memory, at, limit, declared)
    point()
    return end
  }
  encoder.encode = watched(encoder.encode.bind(encoder))

  const noting =
    <To, Options, T>(send: (to: To, message: unknown, options?: Options) => T) =>
    (to: To, message: unknown, options?: Options): T => {
      sent = message
      try {
        return send(to, message, options)
      } finally {
        sent = NOTHING
      }
    }
  for (const host of [sender.inside, sender.outside] satisfies RefHost[]) {
    host.tell = noting(host.tell.bind(host))
    host.trySend = noting(host.trySend.bind(host))
    host.send = noting(host.send.bind(host))
    host.ask = noting(host.ask.bind(host))
  }
  const { replies } = sender
  replies.reply = noting(replies.reply.bind(replies))

  // Decoding writes no shared memory: to die here, before it or after it, is to die inside it.
  const find = slots.find.bind(slots)
  slots.find = (slot, generation) => {
    if (core.dispatcher.current === undefined) point()
    return find(slot, generation)
  }
  const take = asks.take.bind(asks)
  asks.take = (correlation) => {
    point()
    return take(correlation)
  }
}

/** Damages the message that a core has in hand, from whichever peer. False when there is none in one piece. */
export function damageInHand(memory: SystemMemory, core: number): boolean {
  for (let peer = 0; peer < memory.cores; peer += 1) {
    if (peer === core) continue
    const { inHand } = inspectRing(memory.dataRing(peer, core))
    if (inHand === undefined || inHand.type === FRAGMENT) continue
    inHand.buffer.writeInt32LE(DAMAGE, inHand.payloadOffset + LAYOUT_OFFSET)
    return true
  }
  return false
}
