/**
 * Values that msgpackr alone would lose, mix up or refuse travel in a box: an array of the kind and its parts, under one
 * extension type. A Map is boxed because without it the bytes of a Map and of an object are the same.
 *
 *   map         key, value, key, value, …
 *   set         value, …
 *   object      name, value, …             names that msgpackr cannot carry, or too many of them
 *   error       name, message, stack, code, cause?
 *   regexp      source, flags
 *   binary      index into BINARY_TYPES, bytes
 *   minus zero
 *   utf16       bytes                      a string with a lone surrogate, which UTF-8 has no bytes for
 *   ref         core, slot, generation, name?, number of its declared layouts?
 *   shared      index in the parcel        a SharedArrayBuffer, or an ArrayBuffer that is moved
 *   sharedView  index in the parcel, index into BINARY_TYPES, byte offset, length
 */
import { CORES_MAX, SLOTS_MAX } from '@cambium/base'
import type { MessageLayouts } from './message-layouts.ts'
import { arrivedBuffer } from './shared-data.ts'

export const BOX_MAP = 0
export const BOX_SET = 1
export const BOX_OBJECT = 2
export const BOX_ERROR = 3
export const BOX_REGEXP = 4
const BOX_BINARY = 5
export const BOX_MINUS_ZERO = 6
const BOX_UTF16 = 7
export const BOX_REF = 8
export const BOX_SHARED = 9
export const BOX_SHARED_VIEW = 10

/** What a box of kind `binary` can hold; its number is its position, so new ones go to the end. */
export const BINARY_TYPES: readonly string[] = [
  'ArrayBuffer',
  'DataView',
  'Int8Array',
  'Uint8Array',
  'Uint8ClampedArray',
  'Int16Array',
  'Uint16Array',
  'Int32Array',
  'Uint32Array',
  'Float16Array',
  'Float32Array',
  'Float64Array',
  'BigInt64Array',
  'BigUint64Array',
]

/** Wraps the kind and the parts for msgpackr, which finds an extension by class. */
export class Boxed {
  readonly parts: readonly unknown[]

  constructor(parts: readonly unknown[]) {
    this.parts = parts
  }
}

export function boxUtf16(value: string): Boxed {
  return new Boxed([BOX_UTF16, Buffer.from(value, 'utf16le')])
}

export function boxName(value: string): string | Boxed {
  return value.isWellFormed() ? value : boxUtf16(value)
}

const typedArrayTag: PropertyDescriptor | undefined = Object.getOwnPropertyDescriptor(
  Object.getPrototypeOf(Uint8Array.prototype),
  Symbol.toStringTag,
)

/** The name of a typed array's type whatever its subclass says; a DataView has none. */
export function binaryType(view: ArrayBufferView): string {
  return (typedArrayTag?.get?.call(view) as string | undefined) ?? 'DataView'
}

export function boxBytes(type: string, buffer: ArrayBuffer, byteOffset: number, byteLength: number): Boxed {
  return new Boxed([BOX_BINARY, BINARY_TYPES.indexOf(type), Buffer.from(buffer, byteOffset, byteLength)])
}

/** The ref to an actor; `layouts` are those that are declared for its messages. */
export type UnpackRef = (core: number, slot: number, generation: number, name?: string, layouts?: MessageLayouts) => unknown

/** The same from what a record holds: the number of the layouts in the sender's area, 0 for none. */
export type UnpackPacked = (core: number, slot: number, generation: number, name: string | undefined, layouts: number) => unknown

/** Where what the bytes do not hold comes from. */
export interface BoxHost {
  readonly unpackRef: UnpackPacked | undefined
  /** What came beside the record. */
  readonly buffers: readonly ArrayBufferLike[] | undefined
}

/** The value in a box that was read. Throws on anything that no encoder writes. */
export function unbox(parts: unknown, host: BoxHost | undefined): unknown {
  if (!Array.isArray(parts)) throw new TypeError('a box without parts')
  switch (parts[0]) {
    case BOX_MAP:
      return unboxMap(parts)
    case BOX_SET:
      return new Set(parts.slice(1))
    case BOX_OBJECT:
      return unboxObject(parts)
    case BOX_ERROR:
      return unboxError(parts)
    case BOX_REGEXP:
      return new RegExp(text(parts[1]), text(parts[2]))
    case BOX_BINARY:
      return unboxBinary(parts[1], bytes(parts[2]))
    case BOX_MINUS_ZERO:
      return -0
    case BOX_UTF16:
      return bytes(parts[1]).toString('utf16le')
    case BOX_REF:
      return unboxRef(parts, host?.unpackRef)
    case BOX_SHARED:
      return arrivedBuffer(host?.buffers, parts[1])
    case BOX_SHARED_VIEW:
      return unboxView(parts, arrivedBuffer(host?.buffers, parts[1]))
    default:
      throw new TypeError('a box of an unknown kind')
  }
}

function unboxMap(parts: readonly unknown[]): Map<unknown, unknown> {
  if (parts.length % 2 === 0) throw new TypeError('a map with half an entry')
  const map = new Map<unknown, unknown>()
  for (let i = 1; i < parts.length; i += 2) map.set(parts[i], parts[i + 1])
  return map
}

function unboxObject(parts: readonly unknown[]): Record<string, unknown> {
  if (parts.length % 2 === 0) throw new TypeError('an object with half a property')
  const object: Record<string, unknown> = {}
  for (let i = 1; i < parts.length; i += 2) {
    const key = text(parts[i])
    // An assignment to `__proto__` would set the prototype; a definition makes a property of that name.
    if (key === '__proto__') define(object, key, parts[i + 1], true)
    else object[key] = parts[i + 1]
  }
  return object
}

const ERROR_CLASSES: ReadonlyMap<string, new (message: string) => Error> = new Map(
  [Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError].map((Class) => [Class.name, Class]),
)

function unboxError(parts: readonly unknown[]): Error {
  const name = text(parts[1])
  const message = text(parts[2])
  const error = new (ERROR_CLASSES.get(name) ?? Error)(message)
  if (error.name !== name) define(error, 'name', name, false)
  // Its own stack would tell where it was decoded, which helps nobody.
  define(error, 'stack', typeof parts[3] === 'string' ? parts[3] : `${name}: ${message}`, false)
  if (parts[4] !== undefined) define(error, 'code', parts[4], true)
  if (parts.length > 5) define(error, 'cause', parts[5], false)
  return error
}

function unboxBinary(index: unknown, content: Buffer): unknown {
  const name = typeof index === 'number' ? BINARY_TYPES[index] : undefined
  // msgpackr copies bytes into memory of their own; checked, because a view of a pool would not be aligned.
  const own =
    content.byteOffset === 0 && content.buffer.byteLength === content.byteLength ? content.buffer : new Uint8Array(content).buffer
  if (name === 'ArrayBuffer') return own
  const Class = name === undefined ? undefined : (globalThis as Record<string, unknown>)[name]
  if (typeof Class !== 'function') throw new TypeError('binary data of an unknown type')
  return new (Class as new (buffer: ArrayBufferLike) => unknown)(own)
}

function unboxView(parts: readonly unknown[], buffer: ArrayBufferLike): unknown {
  const name = typeof parts[2] === 'number' ? BINARY_TYPES[parts[2]] : undefined
  const Class = name === undefined || name === 'ArrayBuffer' ? undefined : (globalThis as Record<string, unknown>)[name]
  if (typeof Class !== 'function') throw new TypeError('a view of an unknown type')
  const offset = integer(parts[3], 0, Number.MAX_SAFE_INTEGER)
  const length = integer(parts[4], 0, Number.MAX_SAFE_INTEGER)
  return new (Class as new (buffer: ArrayBufferLike, offset: number, length: number) => unknown)(buffer, offset, length)
}

function unboxRef(parts: readonly unknown[], unpackRef: UnpackPacked | undefined): unknown {
  if (unpackRef === undefined) throw new TypeError('a ref, but this decoder has no unpackRef')
  const name = parts[4]
  if (name !== undefined && typeof name !== 'string') throw new TypeError('a ref whose name is no string')
  const core = integer(parts[1], 0, CORES_MAX - 1)
  const slot = integer(parts[2], 0, SLOTS_MAX - 1)
  const generation = integer(parts[3], -0x8000_0000, 0xffff_ffff)
  const layouts = parts[5] === undefined ? 0 : integer(parts[5], 1, 0x7fff_ffff)
  return unpackRef(core, slot, generation, name, layouts)
}

function define(object: object, key: string, value: unknown, enumerable: boolean): void {
  Object.defineProperty(object, key, { value, enumerable, writable: true, configurable: true })
}

function text(value: unknown): string {
  if (typeof value !== 'string') throw new TypeError('a box with no string where one belongs')
  return value
}

function bytes(value: unknown): Buffer {
  if (!Buffer.isBuffer(value)) throw new TypeError('a box with no bytes where they belong')
  return value
}

function integer(value: unknown, min: number, max: number): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < min || value > max)
    throw new TypeError('a number out of range')
  return value
}
