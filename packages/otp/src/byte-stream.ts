/**
 * Feeds a server from a stream of bytes, a socket for instance (R1.4): frames in, `decode`, ask, `encode`, bytes out. One input at a time a
 * stream, so answers come in the order of the inputs and a slow server slows its clients, not the memory down.
 */
import type { Duplex } from 'node:stream'
import type { Ref } from '@cambium/actor'
import { CambiumError, checkDuration, checkFields, checkInteger, checkOneOf } from '@cambium/base'
import type { Server } from './define-server.ts'

export interface ByteStreamOptions {
  /** How inputs are told apart: by line feeds, or by a big-endian 32-bit length before each. Outputs are framed likewise. @default 'line' */
  readonly frame?: 'line' | 'length32'
  /** A longer frame is not an input; its bytes are skipped. @default 65536 */
  readonly frameBytesMax?: number
  /** Limit of each ask, in milliseconds. @default 5000 */
  readonly askTimeoutMs?: number
}

export interface ByteStreamReport {
  /** Inputs that were answered. */
  readonly answered: number
  /** Frames that did not decode. */
  readonly skipped: number
  /** Inputs whose ask failed: the server crashed on them, or did not answer in time. */
  readonly failed: number
}

const LINE_FEED = 10

/**
 * Serves one stream until it ends and resolves with the counts. A frame that does not decode and an input that crashes the server are
 * counted, and the loop goes on. Rejects with `ERR_NO_CODEC` when the server has no `decode` or `encode`, or with the stream's error.
 */
export async function serveStream<Argument, State, Input, Output>(
  server: Server<Argument, State, Input, Output>,
  ref: Ref<Input, Output>,
  stream: Duplex,
  options: ByteStreamOptions = {},
): Promise<ByteStreamReport> {
  const { decode, encode } = server.definition
  if (decode === undefined || encode === undefined) {
    throw new CambiumError('ERR_NO_CODEC', `server cannot be fed bytes: name=${server.name}, missing ${decode === undefined ? 'decode' : 'encode'}`)
  }
  checkFields('options', options, ['frame', 'frameBytesMax', 'askTimeoutMs'])
  const frame = checkOneOf('frame', options.frame, ['line', 'length32'] as const, 'line')
  const bytesMax = checkInteger('frameBytesMax', options.frameBytesMax, { default: 65_536, min: 1, max: 1 << 28 })
  const timeoutMs = checkDuration('askTimeoutMs', options.askTimeoutMs, { default: 5000, min: 1, max: 86_400_000 })
  const report = { answered: 0, skipped: 0, failed: 0 }
  const frames = frame === 'line' ? splitLines(stream, bytesMax) : splitLengths(stream, bytesMax)
  for await (const bytes of frames) {
    const input = bytes === 'too long' ? undefined : tryDecode(decode.bind(server.definition), bytes)
    if (input === undefined) {
      report.skipped += 1
      continue
    }
    let output: Output
    try {
      output = (await ref.ask(input, { timeoutMs })) as Output
    } catch {
      report.failed += 1
      continue
    }
    report.answered += 1
    const answer = encode.call(server.definition, output)
    if (stream.writable && !stream.write(framed(answer, frame))) await drained(stream)
  }
  return report
}

function tryDecode<Input>(decode: (bytes: Uint8Array) => Input | undefined, bytes: Uint8Array): Input | undefined {
  try {
    return decode(bytes)
  } catch {
    return undefined
  }
}

/** Lines without their line feed; a last line without one counts too. */
async function* splitLines(stream: AsyncIterable<Uint8Array>, bytesMax: number): AsyncGenerator<Uint8Array | 'too long'> {
  let rest: Uint8Array = new Uint8Array(0)
  let isTooLong = false
  for await (const chunk of stream) {
    let from = 0
    for (let end = chunk.indexOf(LINE_FEED, from); end >= 0; end = chunk.indexOf(LINE_FEED, from)) {
      const line = joined(rest, chunk.subarray(from, end))
      rest = new Uint8Array(0)
      from = end + 1
      if (isTooLong || line.length > bytesMax) yield 'too long'
      else yield line
      isTooLong = false
    }
    rest = isTooLong ? rest : joined(rest, chunk.subarray(from))
    if (rest.length > bytesMax) {
      isTooLong = true
      rest = new Uint8Array(0)
    }
  }
  if (isTooLong) yield 'too long'
  else if (rest.length > 0) yield rest
}

/** Frames by length; a frame that the stream's end cuts off is dropped. */
async function* splitLengths(stream: AsyncIterable<Uint8Array>, bytesMax: number): AsyncGenerator<Uint8Array | 'too long'> {
  let rest: Uint8Array = new Uint8Array(0)
  let toSkip = 0
  for await (const chunk of stream) {
    const skipped = Math.min(toSkip, chunk.length)
    toSkip -= skipped
    rest = joined(rest, chunk.subarray(skipped))
    while (toSkip === 0 && rest.length >= 4) {
      const length = new DataView(rest.buffer, rest.byteOffset).getUint32(0)
      if (length > bytesMax) {
        yield 'too long'
        toSkip = Math.max(0, length - (rest.length - 4))
        rest = rest.subarray(Math.min(rest.length, 4 + length))
        continue
      }
      if (rest.length < 4 + length) break
      yield rest.subarray(4, 4 + length)
      rest = rest.subarray(4 + length)
    }
  }
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  if (a.length === 0) return b.slice()
  const both = new Uint8Array(a.length + b.length)
  both.set(a)
  both.set(b, a.length)
  return both
}

function framed(bytes: Uint8Array, frame: 'line' | 'length32'): Uint8Array {
  if (frame === 'line') return joined(bytes, Uint8Array.of(LINE_FEED))
  const out = new Uint8Array(4 + bytes.length)
  new DataView(out.buffer).setUint32(0, bytes.length)
  out.set(bytes, 4)
  return out
}

function drained(stream: Duplex): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      stream.off('drain', done)
      stream.off('close', done)
      resolve()
    }
    stream.on('drain', done)
    stream.on('close', done)
  })
}
