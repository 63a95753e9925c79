/**
 * Feeds a server from a stream of bytes, a socket for instance (R1.4): frames in, `decode`, ask, `encode`, bytes out. One input at a time a
 * stream, so answers come in the order of the inputs and a slow server slows its clients, not the memory down.
 */
import type { Duplex } from 'node:stream'
import type { Ref } from '@cambium/actor'
import { CambiumError, checkDuration, checkFields, checkInteger, checkOneOf, optionError } from '@cambium/base'
import type { Server } from './define-server.ts'
import { createFrameSplitter, frameOf } from './frame-splitter.ts'
import type { Frame, FrameKind } from './frame-splitter.ts'

export interface ByteStreamOptions {
  /** How inputs are told apart: by line feeds, or by a big-endian 32-bit length before each. Outputs are framed likewise. @default 'line' */
  readonly frame?: FrameKind
  /** A longer frame is not an input; its bytes are skipped. @default 65536 */
  readonly frameBytesMax?: number
  /** Limit of each ask, in milliseconds. @default 5000 */
  readonly askTimeoutMs?: number
}

export interface ByteStreamReport {
  /** Inputs that were answered. */
  readonly answered: number
  /** Frames that did not decode, or were too long. */
  readonly skipped: number
  /** Inputs whose ask failed: the server crashed on them, or did not answer in time. They have no answer in the stream. */
  readonly failed: number
}

/**
 * Serves one stream until it ends and resolves with the counts. A frame that does not decode and an input that crashes the server are
 * counted, and the loop goes on. The writable side is left open: a client that only closed its own side still gets its last answers, if
 * the server of `node:net` was made with `allowHalfOpen`; end the stream after that.
 *
 * Rejects with `ERR_NO_CODEC` when the server has no `decode` or `encode`, with `ERR_OPTION`, with what `encode` threw, or with the stream's
 * error; the stream is then destroyed. A client that does not read its answers is waited for: give the socket a timeout if it must not.
 */
export async function serveStream<Argument, State, Input, Output>(
  server: Server<Argument, State, Input, Output>,
  ref: Ref<Input, Output>,
  stream: Duplex,
  options: ByteStreamOptions = {},
): Promise<ByteStreamReport> {
  for (const method of ['on', 'write', 'destroy'] as const)
    if (typeof Object(stream)[method] !== 'function') throw optionError('stream', stream, 'a duplex stream')
  // An error that comes when nobody iterates any more, a reset after the last answer for instance, would end the process otherwise.
  stream.on('error', () => {})
  try {
    return await serve(server, ref, stream, options)
  } catch (error) {
    stream.destroy()
    throw error
  }
}

async function serve<Argument, State, Input, Output>(
  server: Server<Argument, State, Input, Output>,
  ref: Ref<Input, Output>,
  stream: Duplex,
  options: ByteStreamOptions,
): Promise<ByteStreamReport> {
  const { definition } = server
  if (definition.decode === undefined || definition.encode === undefined) {
    const missing = definition.decode === undefined ? 'decode' : 'encode'
    throw new CambiumError('ERR_NO_CODEC', `server cannot be fed bytes: name=${server.name}, missing ${missing}`, {
      fields: { name: server.name, missing },
    })
  }
  if (stream.readableObjectMode || stream.readableEncoding !== null) throw optionError('stream', stream, 'a stream of bytes')
  checkFields('options', options, ['frame', 'frameBytesMax', 'askTimeoutMs'])
  const kind = checkOneOf('frame', options.frame, ['line', 'length32'] as const, 'line')
  const bytesMax = checkInteger('frameBytesMax', options.frameBytesMax, { default: 65_536, min: 1, max: 1 << 28 })
  const timeoutMs = checkDuration('askTimeoutMs', options.askTimeoutMs, { default: 5000, min: 1, max: 86_400_000 })
  const decode = definition.decode.bind(definition)
  const encode = definition.encode.bind(definition)
  const report = { answered: 0, skipped: 0, failed: 0 }

  const take = async (frame: Frame): Promise<void> => {
    const input = frame === 'too long' ? undefined : tryDecode(decode, frame)
    if (input === undefined) {
      report.skipped += 1
      return
    }
    let output: Output
    try {
      output = (await ref.ask(input, { timeoutMs })) as Output
    } catch {
      report.failed += 1
      return
    }
    report.answered += 1
    const answer = frameOf(kind, encode(output))
    if (stream.writable && !stream.write(answer)) await drained(stream)
  }

  const splitter = createFrameSplitter(kind, bytesMax)
  // By default the end of an iteration destroys the stream, and answers that are still to be written with it.
  for await (const chunk of stream.iterator({ destroyOnReturn: false })) {
    for (const frame of splitter.push(chunk as Uint8Array)) await take(frame)
  }
  for (const frame of splitter.end()) await take(frame)
  return report
}

function tryDecode<Input>(decode: (bytes: Uint8Array) => Input | undefined, bytes: Uint8Array): Input | undefined {
  try {
    return decode(bytes)
  } catch {
    return undefined
  }
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
