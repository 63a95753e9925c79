/**
 * Large data that is not copied: `share` lets a SharedArrayBuffer travel by reference, `transfer` lets an ArrayBuffer be moved. Both mark a buffer and give
 * back what they were given, so that on one core, where messages go by reference, there is nothing else to do.
 *
 * Bytes cannot hold a buffer. So the encoder collects those of a message into a {@link Parcel}, which goes beside the record by whatever can carry it,
 * and the bytes hold a buffer's index in it.
 */
import { CambiumError } from '@cambium/base'

/** Smaller ones are copied through the ring, which is faster; their sender loses them all the same. */
export const TRANSFER_BYTES_MIN: number = 32 * 1024
/** Buffers of one message. */
export const PARCEL_BUFFERS_MAX = 64

const NONE: readonly ArrayBufferLike[] = []

const shared = new WeakSet<object>()
const movable = new WeakSet<object>()

type Viewed<B extends ArrayBufferLike> = B | ArrayBufferView<B>

/**
 * Lets a SharedArrayBuffer, or a view of one, be part of messages: the receiver gets the same memory, on whichever core. It has no owner, and nothing has
 * to be given back: the memory goes when the last core has let go of it.
 *
 * @returns what it was given
 * @throws `ERR_SHARE` for anything else
 */
export function share<T extends Viewed<SharedArrayBuffer>>(data: T): T {
  const buffer = bufferOf(data)
  if (!(buffer instanceof SharedArrayBuffer)) {
    throw new CambiumError(
      'ERR_SHARE',
      `data cannot be shared: found ${kindOf(data)}, expected a SharedArrayBuffer or a view of one`,
    )
  }
  shared.add(buffer)
  return data
}

/**
 * Lets an ArrayBuffer, or the whole buffer of a view, be moved by the next message to another core that it is part of: the receiver gets the memory, and here it is
 * detached. On one core it goes by reference, like everything.
 *
 * @returns what it was given
 * @throws `ERR_TRANSFER` for anything else, `ERR_TRANSFERRED` for what has been moved already
 */
export function transfer<T extends Viewed<ArrayBuffer>>(data: T): T {
  const buffer = bufferOf(data)
  if (!(buffer instanceof ArrayBuffer)) {
    throw new CambiumError(
      'ERR_TRANSFER',
      `data cannot be moved: found ${kindOf(data)}, expected an ArrayBuffer or a view of one`,
    )
  }
  if (buffer.detached) throw new CambiumError('ERR_TRANSFERRED', 'data has been moved already: its buffer is detached')
  if (ArrayBuffer.isView(data) && isPooled(data, buffer)) {
    throw new CambiumError(
      'ERR_TRANSFER',
      `data cannot be moved: it is a Buffer in a larger one that others may use, bytes=${data.byteLength}, of=${buffer.byteLength}, expected a buffer of its own`,
    )
  }
  movable.add(buffer)
  return data
}

export function isShared(buffer: ArrayBufferLike): boolean {
  return shared.has(buffer)
}

export function isMovable(buffer: ArrayBufferLike): boolean {
  return movable.has(buffer)
}

/** Whether an ArrayBuffer goes beside the record. */
export function goesBeside(buffer: ArrayBufferLike, packer: ParcelPacker | undefined): boolean {
  return movable.has(buffer) || (packer !== undefined && packer.copied.includes(buffer))
}

/** The buffers of one message, in the order in which its bytes name them. */
export class Parcel {
  #buffers: readonly ArrayBufferLike[]
  readonly #small: readonly ArrayBuffer[]
  #isSeized = false

  /** `small`: what the bytes hold as a copy, and the sender loses too. */
  constructor(buffers: readonly ArrayBufferLike[], small: readonly ArrayBuffer[]) {
    this.#buffers = buffers
    this.#small = small
  }

  /** Whether anything has to go beside the record. */
  get isEmpty(): boolean {
    return this.#buffers.length === 0
  }

  /** The message is on its way: what it moves is detached now, whatever becomes of it. */
  seize(): void {
    if (this.#isSeized) return
    this.#isSeized = true
    for (const buffer of this.#small) moveOut(buffer)
    this.#buffers = this.#buffers.map((buffer) => (buffer instanceof ArrayBuffer ? moveOut(buffer) : buffer))
  }

  /** After {@link seize}. */
  get buffers(): readonly ArrayBufferLike[] {
    return this.#buffers
  }

  /** Those that are moved. After {@link seize}. */
  get moved(): ArrayBuffer[] {
    return this.#buffers.filter((buffer) => buffer instanceof ArrayBuffer)
  }
}

/** Collects the buffers of the message that is being encoded. */
export class ParcelPacker {
  /** What would be moved is copied. */
  isKeeping = false
  /** Of these a copy goes beside the record, unless they are moved. */
  copied: readonly ArrayBufferLike[] = NONE
  #buffers: ArrayBufferLike[] = []
  #small: ArrayBuffer[] = []

  begin(): void {
    if (this.#buffers.length > 0) this.#buffers = []
    if (this.#small.length > 0) this.#small = []
  }

  /** The index of a buffer that goes beside the record; undefined for one whose bytes are copied. Negative: there are too many. */
  add(buffer: ArrayBufferLike): number | undefined {
    if (this.isKeeping && buffer instanceof ArrayBuffer) return undefined
    if (buffer instanceof ArrayBuffer && buffer.byteLength < TRANSFER_BYTES_MIN) {
      if (!this.#small.includes(buffer)) this.#small.push(buffer)
      return this.#small.length > PARCEL_BUFFERS_MAX ? -1 : undefined
    }
    const known = this.#buffers.indexOf(buffer)
    if (known >= 0) return known
    return this.#buffers.length < PARCEL_BUFFERS_MAX ? this.#buffers.push(buffer) - 1 : -1
  }

  /** What was collected; undefined for nothing. */
  finish(): Parcel | undefined {
    if (this.#buffers.length === 0 && this.#small.length === 0) return undefined
    const { copied } = this
    const isCopied = (buffer: ArrayBufferLike): boolean => copied.includes(buffer) && !movable.has(buffer)
    const buffers = copied.length === 0 ? this.#buffers : this.#buffers.map((each) => (isCopied(each) ? each.slice(0) : each))
    return new Parcel(buffers, this.#small)
  }
}

/** The buffer that arrived as number `index`, which may be forwarded like any that is shared. Throws for one that did not. */
export function arrivedBuffer(buffers: readonly ArrayBufferLike[] | undefined, index: unknown): ArrayBufferLike {
  const buffer = typeof index === 'number' ? buffers?.[index] : undefined
  if (buffer === undefined) throw new RangeError('a buffer that did not come with the message')
  if (buffer instanceof SharedArrayBuffer) shared.add(buffer)
  return buffer
}

/**
 * Not `buffer.transfer()`, which would take Node's pool of small Buffers from under it. Memory that is not given away, that pool or a module's of
 * WebAssembly, is copied.
 */
function moveOut(buffer: ArrayBuffer): ArrayBuffer {
  try {
    return structuredClone(buffer, { transfer: [buffer] })
  } catch {
    return buffer.slice(0)
  }
}

function bufferOf(data: unknown): unknown {
  return ArrayBuffer.isView(data) ? data.buffer : data
}

/** Node gives small Buffers a piece of a common one. */
function isPooled(view: ArrayBufferView, buffer: ArrayBuffer): boolean {
  return Buffer.isBuffer(view) && view.byteLength < buffer.byteLength
}

function kindOf(data: unknown): string {
  if (typeof data !== 'object' || data === null) return data === null ? 'null' : typeof data
  const tag = Object.prototype.toString.call(data).slice('[object '.length, -1)
  return ArrayBuffer.isView(data) ? `${tag} of ${kindOf(data.buffer)}` : tag
}
