/**
 * The memory of a ring: a SharedArrayBuffer, or the shared memory of WebAssembly, in which atomic accesses are much cheaper (see
 * `shared-words.ts`). Both can be sent to another thread as they are.
 */
import { ringMemoryError } from './errors.ts'

/** A `WebAssembly.Memory` that is shared; its own type is not part of every TypeScript configuration. */
export interface WasmMemory {
  readonly buffer: ArrayBufferLike
}

/** What a ring can lie in. */
export type RingMemory = SharedArrayBuffer | WasmMemory

/** The part of `WebAssembly` that is used here. Internal. */
export interface WasmEngine {
  readonly Memory: new (options: { initial: number; maximum: number; shared: true }) => WasmMemory
  readonly Module: new (code: Uint8Array) => object
  readonly Instance: new (module: object, imports: object) => { readonly exports: Readonly<Record<string, unknown>> }
}

const PAGE_BYTES = 65_536

/** Undefined where the engine was started without WebAssembly (`--jitless`). Internal. */
export const wasmEngine: WasmEngine | undefined = (globalThis as { WebAssembly?: WasmEngine }).WebAssembly

/**
 * Zeroed memory of at least `bytes` bytes. An engine reserves some GiB of addresses for each memory of WebAssembly, which a process
 * may not be given; then it is a plain SharedArrayBuffer of exactly `bytes`.
 */
export function createRingMemory(bytes: number): RingMemory {
  if (wasmEngine !== undefined) {
    const pages = Math.ceil(bytes / PAGE_BYTES)
    try {
      return new wasmEngine.Memory({ initial: pages, maximum: pages, shared: true })
    } catch {
      // Too large, or no addresses left: the plain buffer says so itself if it cannot be had either.
    }
  }
  return new SharedArrayBuffer(bytes)
}

/** A descriptor is an object; what it says is looked at elsewhere. @throws `ERR_RING_MEMORY` */
export function checkDescriptor<D extends object>(descriptor: D, bytes: number): D {
  if (typeof descriptor !== 'object' || descriptor === null)
    throw ringMemoryError('not the descriptor of a ring', undefined, bytes, 0)
  return descriptor
}

/** The bytes of a ring's memory. @throws `ERR_RING_MEMORY` */
export function bufferOf(memory: RingMemory): SharedArrayBuffer {
  const buffer: unknown = memory instanceof SharedArrayBuffer ? memory : (memory as Partial<WasmMemory> | null)?.buffer
  if (buffer instanceof SharedArrayBuffer) return buffer
  throw ringMemoryError('neither a SharedArrayBuffer nor a shared WebAssembly.Memory', 0, 0, 0)
}

/** All whole words of a memory. @throws `ERR_RING_MEMORY` */
export function int32Of(memory: RingMemory): Int32Array {
  const buffer = bufferOf(memory)
  return new Int32Array(buffer, 0, Math.floor(buffer.byteLength / Int32Array.BYTES_PER_ELEMENT))
}
