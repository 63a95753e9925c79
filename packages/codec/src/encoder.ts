/**
 * Messages to bytes: one encoder for each sending core. A message whose shape repeats is written by a function made for its layout
 * (`layout-writers.ts`); every other one by the general codec (`general-encoder.ts`), which names what cannot travel.
 */
import { checkArea, checkHook, checkOptions } from './argument-checks.ts'
import { DeclaredWriters } from './declared-writers.ts'
import type { EntryArea } from './entry-area.ts'
import { EntryWriter } from './entry-writer.ts'
import { createGeneralEncoder, encodeGuard } from './general-encoder.ts'
import type { GeneralEncoder, GeneralEncoderOptions } from './general-encoder.ts'
import { layoutMemory } from './layout-memory.ts'
import type { LayoutMemory } from './layout-memory.ts'
import { NO_MATCH } from './layout-writer.ts'
import { LayoutWriters } from './layout-writers.ts'
import { fitMessage } from './message-layouts.ts'
import type { MessageLayouts } from './message-layouts.ts'
import { keepMessage } from './message-view.ts'
import { ParcelPacker } from './shared-data.ts'
import type { Parcel } from './shared-data.ts'

export interface EncoderOptions extends Omit<GeneralEncoderOptions, 'layoutsNumber' | 'packer'> {
  /** The layout area of the sending core; only one encoder may use it at a time. @default messages are not compiled */
  readonly layouts?: EntryArea
}

export interface Encoder {
  /** Number of the layout that the latest message was written with; 0 is none. It belongs to the bytes: the decoder needs it. */
  readonly layout: number
  /** What the latest message shares or moves; it belongs to the bytes, and is to be seized once they are on their way. Undefined for nothing. */
  readonly parcel: Parcel | undefined
  /**
   * The bytes of `message`, in a buffer of the encoder's own: valid until its next call. Throws `ERR_CANNOT_TRAVEL`,
   * which names the path: `message cannot travel: path=order.items[3].callback, found function`; and `ERR_MESSAGE_LAYOUT`, which names the field, for a
   * message that does not fit what is `declared` for its receiver; `ERR_OPTION` when `declared` is nothing that `declareMessageLayouts` gives.
   */
  encode(message: unknown, declared?: MessageLayouts): Buffer
  /** The same of what its owner keeps, whatever it says: what it wants moved is copied, and what is shared is shared. */
  encodeKept(message: unknown): Buffer
  /** As {@link encode}; but of these buffers, which others may hold as well, a copy goes beside the bytes, unless they are to be moved. */
  encodeBeside(message: unknown, copied: readonly ArrayBuffer[]): Buffer
  /** As {@link encode}, in memory of its own. */
  encodeCopy(message: unknown, declared?: MessageLayouts): Buffer
  /**
   * Writes `message` in place if a layout fits it: gives the end of its bytes, or a negative number when none fits or it would pass `limit`, and
   * then {@link encode} is for it. What lies between `at` and `limit` may have been written over. Never throws. `at` is a multiple of 8.
   */
  write(message: unknown, memory: LayoutMemory, at: number, limit: number, declared?: MessageLayouts): number
}

/** Messages that layouts write for {@link Encoder.encode}; larger ones travel by the general codec. */
const COMPILED_BYTES_MAX = 8 * 1024
/** Results up to this length are views made once and used again. */
const VIEW_BYTES_MAX = 512

/** @throws `ERR_OPTION` */
export function createEncoder(options: EncoderOptions): Encoder {
  checkOptions(options)
  checkArea('area', options.area)
  if (options.layouts !== undefined) checkArea('layouts', options.layouts)
  checkHook('isRef', options.isRef)
  checkHook('packRef', options.packRef)
  return new MessageEncoder(options)
}

class MessageEncoder implements Encoder {
  layout = 0
  parcel: Parcel | undefined = undefined
  readonly #writers: LayoutWriters
  readonly #declared: DeclaredWriters
  readonly #general: GeneralEncoder
  readonly #packer = new ParcelPacker()
  readonly #compiled: LayoutMemory = layoutMemory(Buffer.allocUnsafeSlow(COMPILED_BYTES_MAX)) as LayoutMemory
  readonly #views: (Buffer | undefined)[] = []

  constructor(options: EncoderOptions) {
    const entries = options.layouts === undefined ? undefined : new EntryWriter(options.layouts)
    this.#declared = new DeclaredWriters(entries)
    const packer = this.#packer
    const hooks = { ...options, packer, layoutsNumber: (layouts: MessageLayouts) => this.#declared.numberOf(layouts) }
    this.#writers = new LayoutWriters(entries, hooks)
    this.#general = createGeneralEncoder(hooks)
  }

  encode(message: unknown, declared?: MessageLayouts): Buffer {
    const kept = keepMessage(message)
    this.parcel = undefined
    let end = this.write(kept, this.#compiled, 0, COMPILED_BYTES_MAX, declared)
    if (end < 0) {
      const fitted = declared === undefined ? undefined : fitMessage(declared, kept)
      if (fitted === undefined) return this.#encodeGeneral(kept, end === NO_MATCH)
      end = this.write(fitted, this.#compiled, 0, COMPILED_BYTES_MAX, declared)
      if (end < 0) return this.#encodeGeneral(fitted, false)
    }
    const { buffer } = this.#compiled
    if (end > VIEW_BYTES_MAX) return buffer.subarray(0, end)
    return (this.#views[end] ??= buffer.subarray(0, end))
  }

  encodeKept(message: unknown): Buffer {
    this.#packer.isKeeping = true
    try {
      return this.encode(message)
    } finally {
      this.#packer.isKeeping = false
    }
  }

  encodeBeside(message: unknown, copied: readonly ArrayBuffer[]): Buffer {
    const before = this.#packer.copied
    this.#packer.copied = copied
    try {
      return this.encode(message)
    } finally {
      this.#packer.copied = before
    }
  }

  encodeCopy(message: unknown, declared?: MessageLayouts): Buffer {
    return Buffer.from(this.encode(message, declared))
  }

  write(message: unknown, memory: LayoutMemory, at: number, limit: number, declared?: MessageLayouts): number {
    if (typeof message !== 'object' || message === null || encodeGuard.isEncoding) return NO_MATCH
    encodeGuard.isEncoding = true
    let end: number | undefined
    try {
      end = declared === undefined ? undefined : this.#declared.write(declared, message, memory, at, limit)
      if (end === undefined) {
        end = this.#writers.write(message, memory, at, limit)
        this.layout = this.#writers.number
      } else this.layout = this.#declared.number
    } catch {
      end = NO_MATCH // a getter or a proxy threw: the general codec will name it
    }
    encodeGuard.isEncoding = false
    return end
  }

  #encodeGeneral(message: unknown, isNew: boolean): Buffer {
    const bytes = this.#general(message)
    this.layout = 0
    this.parcel = this.#packer.finish()
    if (isNew) this.#learn(message)
    return bytes
  }

  /** Guarded like the encoding itself: a getter that sends would overwrite what was encoded. */
  #learn(message: unknown): void {
    encodeGuard.isEncoding = true
    try {
      this.#writers.learn(message)
    } catch {
      // A getter that threw this time: there is nothing to learn from it.
    } finally {
      encodeGuard.isEncoding = false
    }
  }
}
