/**
 * What a message has besides its content, for the few that have anything: how urgent it is, until when it is wanted, of which chain of
 * calls it is part, and what was moved here with it. In a mailbox the stamp takes the asker's place, so a message without one costs nothing for it.
 *
 * To another core it travels before the bytes of the message, in records of types of their own:
 *
 *   float64 expires at, float64 chain, int32 priority, int32 layout, bytes      `layout`: the encoder's, with the bytes
 *
 * Times are of the platform's clock, which is one for all cores of a system.
 */
import { priorityNumber, PRIORITIES, UNSET } from '@cambium/actor'
import type { SendOptions } from '@cambium/actor'
import { checkDuration, optionError } from '@cambium/base'
import type { Asker, PendingAsk } from './asks.ts'
import type { InboundRecord } from './inbound-link.ts'
import { ASK, ASK_STAMPED, TELL, TELL_STAMPED } from './record-lane.ts'

/** Longest time until a message expires, in milliseconds. */
const EXPIRES_MS_MAX = 2 ** 31
/** A multiple of 8, as the header before it. */
export const STAMP_BYTES = 24

/** Buffers that were moved to this core with a message: its actor may move, and they are to go along. */
export interface Cargo {
  readonly buffers: readonly ArrayBuffer[]
  /** A handler has had the message: others may hold them by now. */
  readonly isSeen: boolean
}

export class Stamp {
  /** 0 when the sender gave none. */
  readonly priority: number
  /** Infinity for ever. */
  readonly expiresAt: number
  /** Number of the chain of calls; 0 for none. */
  readonly chain: number
  readonly asker: Asker | undefined
  readonly cargo: Cargo | undefined

  constructor(priority: number, expiresAt: number, chain: number, asker: Asker | undefined, cargo?: Cargo) {
    this.priority = priority
    this.expiresAt = expiresAt
    this.chain = chain
    this.asker = asker
    this.cargo = cargo
  }
}

/** The stamp that the options ask for; undefined when they ask for nothing. Throws `ERR_OPTION`. Fields that are not of {@link SendOptions} are the caller's to check. */
export function stampOf(options: SendOptions, now: () => number): Stamp | undefined {
  const { expiresMs } = options
  const priority = priorityNumber(options.priority)
  if (priority === UNSET && options.priority !== undefined)
    throw optionError('options.priority', options.priority, `one of ${PRIORITIES.join(', ')}`)
  if (priority === UNSET && expiresMs === undefined) return undefined
  const range = { default: Infinity, min: 0, max: EXPIRES_MS_MAX }
  return new Stamp(
    priority,
    expiresMs === undefined ? Infinity : now() + checkDuration('options.expiresMs', expiresMs, range),
    0,
    undefined,
  )
}

/** The same stamp, or none, for an ask that goes on with a chain of calls. */
export function stampChain(stamp: Stamp | undefined, chain: number): Stamp | undefined {
  return chain === 0 ? stamp : new Stamp(stamp?.priority ?? UNSET, stamp?.expiresAt ?? Infinity, chain, undefined)
}

/** The same stamp for an ask. */
export function stampAsk(stamp: Stamp, asker: Asker | undefined): Stamp {
  return new Stamp(stamp.priority, stamp.expiresAt, stamp.chain, asker)
}

/** The same stamp, or one that says nothing else, for a message that has come with these buffers. */
export function stampCargo(stamp: Stamp | undefined, asker: Asker | undefined, buffers: readonly ArrayBuffer[]): Stamp {
  const cargo = { buffers, isSeen: false }
  return new Stamp(stamp?.priority ?? UNSET, stamp?.expiresAt ?? Infinity, stamp?.chain ?? 0, asker, cargo)
}

/** The same stamp for a message that is put aside. */
export function stampStashed(stamp: Stamp, asker: Asker | undefined): Stamp {
  const cargo = stamp.cargo && { buffers: stamp.cargo.buffers, isSeen: true }
  return new Stamp(stamp.priority, stamp.expiresAt, stamp.chain, asker, cargo)
}

/** The bytes of a message with its stamp before them; a copy. */
export function stampBytes(stamp: Stamp, bytes: Uint8Array, layout: number): Buffer {
  const stamped = Buffer.allocUnsafe(STAMP_BYTES + bytes.length)
  stamped.writeDoubleLE(stamp.expiresAt, 0)
  stamped.writeDoubleLE(stamp.chain, 8)
  stamped.writeInt32LE(stamp.priority, 16)
  stamped.writeInt32LE(layout, 20)
  stamped.set(bytes, STAMP_BYTES)
  return stamped
}

/** Reads the stamp of a record, which is cut to the message behind it. */
export function takeStamp(record: InboundRecord, asker: Asker | undefined): Stamp {
  const { buffer, offset } = record
  record.offset += STAMP_BYTES // the layout lies right before the message, as in a record without a stamp
  record.length -= STAMP_BYTES
  return new Stamp(buffer.readInt32LE(offset + 16), buffer.readDoubleLE(offset), buffer.readDoubleLE(offset + 8), asker)
}

export function recordType(ask: PendingAsk | undefined, stamp: Stamp | undefined): number {
  if (stamp === undefined) return ask === undefined ? TELL : ASK
  return ask === undefined ? TELL_STAMPED : ASK_STAMPED
}
