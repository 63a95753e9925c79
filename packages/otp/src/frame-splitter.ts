/**
 * Frames out of a stream of bytes: lines, or bodies with a big-endian 32-bit length before each. A frame longer than the bound gives
 * `'too long'`, and its bytes are skipped without being kept, so a stream holds at most one frame of `bytesMax` in memory.
 */
const LINE_FEED = 10
const LENGTH_BYTES = 4
const INITIAL_BYTES = 256

export type FrameKind = 'line' | 'length32'

/** A frame, or the place of one that was skipped. */
export type Frame = Uint8Array | 'too long'

export interface FrameSplitter {
  /** The frames that end in this chunk, in order. They may be views of the chunk. */
  push(chunk: Uint8Array): Iterable<Frame>
  /** What the end of the stream ends: the last line without its line feed; a body that was cut off is dropped. */
  end(): Iterable<Frame>
}

export function createFrameSplitter(kind: FrameKind, bytesMax: number): FrameSplitter {
  return kind === 'line' ? new LineSplitter(bytesMax) : new LengthSplitter(bytesMax)
}

/** The bytes of one frame as they go into a stream. */
export function frameOf(kind: FrameKind, bytes: Uint8Array): Uint8Array {
  const isLine = kind === 'line'
  const out = new Uint8Array(bytes.length + (isLine ? 1 : LENGTH_BYTES))
  out.set(bytes, isLine ? 0 : LENGTH_BYTES)
  if (isLine) out[bytes.length] = LINE_FEED
  else new DataView(out.buffer).setUint32(0, bytes.length)
  return out
}

class LineSplitter implements FrameSplitter {
  readonly #bytesMax: number
  readonly #partial = new PartialFrame()
  #isTooLong = false

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax
  }

  *push(chunk: Uint8Array): Iterable<Frame> {
    let from = 0
    for (let end = chunk.indexOf(LINE_FEED); end >= 0; end = chunk.indexOf(LINE_FEED, from)) {
      const piece = chunk.subarray(from, end)
      from = end + 1
      if (this.#isTooLong || this.#partial.length + piece.length > this.#bytesMax) yield 'too long'
      else yield this.#partial.length === 0 ? piece : this.#partial.with(piece)
      this.#isTooLong = false
      this.#partial.clear()
    }
    const rest = chunk.subarray(from)
    if (this.#isTooLong) return
    if (this.#partial.length + rest.length > this.#bytesMax) {
      this.#isTooLong = true
      this.#partial.clear()
    } else this.#partial.add(rest)
  }

  *end(): Iterable<Frame> {
    if (this.#isTooLong) yield 'too long'
    else if (this.#partial.length > 0) yield this.#partial.with(new Uint8Array(0))
  }
}

class LengthSplitter implements FrameSplitter {
  readonly #bytesMax: number
  /** The length while it is read, then the body. */
  readonly #partial = new PartialFrame()
  /** Bytes that the body has; undefined while its length is read. */
  #body: number | undefined = undefined
  #toSkip = 0

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax
  }

  *push(chunk: Uint8Array): Iterable<Frame> {
    let from = Math.min(this.#toSkip, chunk.length)
    this.#toSkip -= from
    while (from < chunk.length) {
      const wanted = this.#body ?? LENGTH_BYTES
      const piece = chunk.subarray(from, from + wanted - this.#partial.length)
      from += piece.length
      if (this.#partial.length + piece.length < wanted) {
        this.#partial.add(piece)
        return
      }
      const whole = this.#partial.length === 0 ? piece : this.#partial.with(piece)
      this.#partial.clear()
      if (this.#body !== undefined) {
        this.#body = undefined
        yield whole
        continue
      }
      const length = new DataView(whole.buffer, whole.byteOffset, LENGTH_BYTES).getUint32(0)
      if (length > this.#bytesMax) {
        const skipped = Math.min(length, chunk.length - from)
        from += skipped
        this.#toSkip = length - skipped
        yield 'too long'
      } else if (length === 0) yield new Uint8Array(0)
      else this.#body = length
    }
  }

  end(): Iterable<Frame> {
    return []
  }
}

/** The beginning of a frame whose end has not come. It doubles, so a frame that comes byte by byte costs no more than its length. */
class PartialFrame {
  length = 0
  #bytes: Uint8Array = new Uint8Array(0)

  add(piece: Uint8Array): void {
    const length = this.length + piece.length
    if (length > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(length, this.#bytes.length * 2, INITIAL_BYTES))
      grown.set(this.#bytes.subarray(0, this.length))
      this.#bytes = grown
    }
    this.#bytes.set(piece, this.length)
    this.length = length
  }

  /** A copy of all there is, with one more piece. */
  with(piece: Uint8Array): Uint8Array {
    const whole = new Uint8Array(this.length + piece.length)
    whole.set(this.#bytes.subarray(0, this.length))
    whole.set(piece, this.length)
    return whole
  }

  clear(): void {
    this.length = 0
    if (this.#bytes.length > INITIAL_BYTES) this.#bytes = new Uint8Array(0) // or one long frame would be held for as long as the stream lives
  }
}
