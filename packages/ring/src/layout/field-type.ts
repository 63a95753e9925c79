/**
 * The types that a field of a declared layout can have. A type says how many bytes a field takes, how it is aligned, and what
 * JavaScript sees: a number, a boolean, a string or bytes.
 *
 * | type | bytes | JavaScript |
 * |---|---|---|
 * | `i8` `u8` `i16` `u16` `i32` `u32` | 1, 2 or 4 | an integer, wrapped as a typed array wraps it |
 * | `f32` `f64` | 4, 8 | a number |
 * | `bool` | 1 | true or false |
 * | `text(n)` | 2 + n | a string of at most n bytes: one byte a character up to U+00FF, else UTF-8 |
 * | `bytes(n)` | 2 + n | at most n bytes |
 */
import { layoutError } from '../errors.ts'

/** The name of a type. */
export type FieldKind = 'i8' | 'u8' | 'i16' | 'u16' | 'i32' | 'u32' | 'f32' | 'f64' | 'bool' | 'text' | 'bytes'

/** The type of one field; `T` is what JavaScript reads and writes. */
export interface FieldType<T> {
  readonly kind: FieldKind
  /** Bytes that a field takes, its length word included. */
  readonly bytes: number
  /** A power of two; the field's offset is a multiple of it. */
  readonly alignment: number
  /** Bytes of content at most, for `text` and `bytes`; 0 for the others. */
  readonly limit: number
  /** Never there: it only carries `T`. */
  readonly value?: T
}

/** Longest `text` or `bytes` field, in bytes: bit 15 of the length word says how a text is encoded. */
const FIELD_BYTES_MAX = 0x7fff
/** Bytes of the length word before the content of a `text` or `bytes` field. */
export const LENGTH_BYTES = 2

export const i8: FieldType<number> = plain('i8', 1)
export const u8: FieldType<number> = plain('u8', 1)
export const i16: FieldType<number> = plain('i16', 2)
export const u16: FieldType<number> = plain('u16', 2)
export const i32: FieldType<number> = plain('i32', 4)
export const u32: FieldType<number> = plain('u32', 4)
export const f32: FieldType<number> = plain('f32', 4)
export const f64: FieldType<number> = plain('f64', 8)
export const bool: FieldType<boolean> = plain('bool', 1)

/**
 * A string of at most `bytesMax` bytes, 1 to 32,767. A longer one, or one with half a surrogate pair, is `ERR_LAYOUT_VALUE` where it
 * is written.
 *
 * @throws `ERR_LAYOUT`
 */
export function text(bytesMax: number): FieldType<string> {
  return bounded('text', bytesMax)
}

/**
 * At most `bytesMax` bytes, 1 to 32,767. Writing copies them; reading gives a view of the place, valid as long as the place is.
 *
 * @throws `ERR_LAYOUT`
 */
export function bytes(bytesMax: number): FieldType<Uint8Array> {
  return bounded('bytes', bytesMax)
}

const PLAIN: ReadonlyMap<unknown, FieldType<unknown>> = new Map(
  [i8, u8, i16, u16, i32, u32, f32, f64, bool].map((type) => [type.kind, type]),
)

/** Whether it says what one of the types above says. Internal. */
export function isFieldType(type: FieldType<unknown> | null | undefined): boolean {
  if (typeof type !== 'object' || type === null) return false
  const { kind, bytes: size, alignment, limit } = type
  if (kind === 'text' || kind === 'bytes') return isLimit(limit) && size === LENGTH_BYTES + limit && alignment === LENGTH_BYTES
  const known = PLAIN.get(kind)
  return known !== undefined && size === known.bytes && alignment === known.alignment && limit === known.limit
}

function isLimit(limit: unknown): boolean {
  return Number.isInteger(limit) && (limit as number) >= 1 && (limit as number) <= FIELD_BYTES_MAX
}

function plain<T>(kind: FieldKind, size: number): FieldType<T> {
  return Object.freeze({ kind, bytes: size, alignment: size, limit: 0 })
}

function bounded<T>(kind: FieldKind, limit: number): FieldType<T> {
  if (!isLimit(limit)) {
    throw layoutError(`${kind} has no size from 1 to ${FIELD_BYTES_MAX}`, { size: limit })
  }
  return Object.freeze({ kind, bytes: LENGTH_BYTES + limit, alignment: LENGTH_BYTES, limit })
}
