/**
 * The layout of a compiled message: names and kinds of the fields of a plain object whose shape repeats (D7), and where each of them lies in the
 * bytes. Writer and reader are generated from it, and it travels to the readers as one JSON entry of the sending core's layout area.
 *
 *   fixed part      float64 fields, then int32 fields, then byte fields, each group in the order of the fields; nested objects lie flat in it
 *   variable part   contents of strings, arrays and binary data, in the order of the fields
 *
 *   int32       int32                         an integer that fits, never -0
 *   float64     float64                       any number
 *   boolean     byte
 *   uint8 int8 int16 uint16 uint32 float32    declared ones only: a byte, an int32 word, or a float64 that was rounded
 *   text        as string                     declared ones only, of so many bytes at most
 *   bytes       as binary                     declared ones only: a Uint8Array of so many bytes at most
 *   string      int32 length << 1 | wide      then a byte a character (Latin-1), or two when `wide`
 *   enum        byte, index of the value      a string out of few
 *   primitive   byte tag and float64          null, undefined, boolean, number, or a string (length as above) with its content
 *   ref         4 × int32                     core, slot, generation, number of the layouts that are declared for it
 *   binary      int32 bytes                   then the bytes
 *   array       int32 count                   then the elements; numbers aligned to their size, objects each as a layout of their own, aligned to 8
 *
 * Everything is bounded: fields, depth, names, layouts. What lies beyond travels by the general codec.
 */
import { BINARY_TYPES } from './boxed.ts'

export type FieldKind =
  | 'int32'
  | 'float64'
  | 'boolean'
  | 'string'
  | 'primitive'
  | 'ref'
  | DeclaredKind
  | { readonly enum: readonly string[] }
  | { readonly object: readonly LayoutField[] }
  | { readonly array: FieldKind | null }
  | { readonly binary: string }

/** Kinds that are declared, and never learned. */
export type DeclaredKind = WordKind | { readonly text: number } | { readonly bytes: number }

/** Numbers of a declared width. */
export type WordKind = 'int8' | 'uint8' | 'int16' | 'uint16' | 'uint32' | 'float32'

export type LayoutField = readonly [name: string, kind: FieldKind]

/** Fields of one layout, those of nested objects included. */
export const FIELDS_MAX = 64
/** Levels of objects and arrays. */
export const LAYOUT_DEPTH_MAX = 6
/** Values of an enum. */
export const ENUM_MAX = 16
/** Characters of a value of an enum. */
export const ENUM_TEXT_MAX = 64
/** Elements of an array in a compiled message. */
export const ELEMENTS_MAX = 4096

export const TAG_UNDEFINED = 0
export const TAG_NULL = 1
export const TAG_FALSE = 2
export const TAG_TRUE = 3
export const TAG_NUMBER = 4
export const TAG_STRING = 5

/** A field with its place. Offsets are bytes from the begin of its fixed part. */
export interface PlacedField {
  readonly name: string
  readonly kind: FieldKind
  /** Of its word, byte or float64; of the first of its four words for a ref; unused for an object. */
  readonly at: number
  /** Of the tag of a primitive. */
  readonly tagAt: number
  /** Of a nested object. */
  readonly fields: readonly PlacedField[]
  /** Of an array of objects. */
  readonly element: PlacedLayout | undefined
}

export interface PlacedLayout {
  readonly fields: readonly PlacedField[]
  /** Bytes of the fixed part. */
  readonly fixedBytes: number
}

/** Whether a name can stand in a layout: not the two that mean something else in a literal or to msgpackr, and none that is an array index, which changes places. */
export function isLayoutName(name: string): boolean {
  return name !== '__proto__' && name !== '__keys__' && !/^\d/.test(name) && name.length <= 128 && name.isWellFormed()
}

/** Gives every field its place. */
export function placeLayout(fields: readonly LayoutField[]): PlacedLayout {
  const sizes = { float64: 0, int32: 0, byte: 0 }
  count(fields, sizes)
  const next = { float64: 0, int32: sizes.float64 * 8, byte: sizes.float64 * 8 + sizes.int32 * 4 }
  const placed = place(fields, next)
  // A byte at least, so that no number of messages fits into nothing.
  return { fields: placed, fixedBytes: Math.max(1, next.byte) }
}

/** The layout in the text of an entry; undefined for anything that no encoder writes. */
export function parseLayout(text: string): readonly LayoutField[] | undefined {
  try {
    const parsed: unknown = JSON.parse(text)
    return checkFields(parsed, 0, { left: FIELDS_MAX }) ? parsed : undefined
  } catch {
    return undefined
  }
}

/** An entry of the area that tells a declared layout. */
export function declaredEntry(fields: readonly LayoutField[]): string {
  return JSON.stringify({ declared: fields })
}

/** The declared layout in the text of an entry; undefined for any other entry. */
export function parseDeclared(text: string): readonly LayoutField[] | undefined {
  try {
    const { declared } = JSON.parse(text) as { declared?: unknown }
    return checkFields(declared, 0, { left: FIELDS_MAX }) ? declared : undefined
  } catch {
    return undefined
  }
}

interface Slots {
  float64: number
  int32: number
  byte: number
}

function count(fields: readonly LayoutField[], sizes: Slots): void {
  for (const [, kind] of fields) {
    if (kind === 'float64' || kind === 'float32') sizes.float64 += 1
    else if (kind === 'boolean' || kind === 'int8' || kind === 'uint8') sizes.byte += 1
    else if (kind === 'ref') sizes.int32 += 4
    else if (kind === 'primitive') {
      sizes.float64 += 1
      sizes.byte += 1
    } else if (typeof kind === 'string') sizes.int32 += 1
    else if ('enum' in kind) sizes.byte += 1
    else if ('object' in kind) count(kind.object, sizes)
    else sizes.int32 += 1
  }
}

function place(fields: readonly LayoutField[], next: Slots): PlacedField[] {
  const take = (slot: keyof Slots, bytes: number): number => {
    const at = next[slot]
    next[slot] += bytes
    return at
  }
  return fields.map(([name, kind]) => {
    const placed = { name, kind, at: 0, tagAt: 0, fields: [], element: undefined }
    if (kind === 'float64' || kind === 'float32') return { ...placed, at: take('float64', 8) }
    if (kind === 'boolean' || kind === 'int8' || kind === 'uint8') return { ...placed, at: take('byte', 1) }
    if (kind === 'ref') return { ...placed, at: take('int32', 16) }
    if (kind === 'primitive') return { ...placed, at: take('float64', 8), tagAt: take('byte', 1) }
    if (typeof kind === 'string') return { ...placed, at: take('int32', 4) }
    if ('enum' in kind) return { ...placed, at: take('byte', 1) }
    if ('object' in kind) return { ...placed, fields: place(kind.object, next) }
    const item = 'array' in kind ? kind.array : null
    const element = item !== null && typeof item === 'object' && 'object' in item ? placeLayout(item.object) : undefined
    return { ...placed, at: take('int32', 4), element }
  })
}

function checkFields(value: unknown, depth: number, budget: { left: number }): value is readonly LayoutField[] {
  if (!Array.isArray(value) || depth >= LAYOUT_DEPTH_MAX) return false
  budget.left -= value.length
  if (budget.left < 0) return false
  const names = new Set<unknown>()
  return value.every((field: unknown) => {
    if (!Array.isArray(field) || field.length !== 2) return false
    const [name, kind] = field as [unknown, unknown]
    if (typeof name !== 'string' || !isLayoutName(name) || names.has(name)) return false
    names.add(name)
    return checkKind(kind, depth, budget)
  })
}

const SIMPLE_KINDS: ReadonlySet<unknown> = new Set(
  'int32 float64 boolean string primitive ref int8 uint8 int16 uint16 uint32 float32'.split(' '),
)
/** Longest content of a declared field, in bytes. */
const DECLARED_BYTES_MAX = 0x7fff
/** Kinds that an array can hold. */
const ELEMENT_KINDS: ReadonlySet<unknown> = new Set(['int32', 'float64', 'boolean', 'string'])

function checkKind(kind: unknown, depth: number, budget: { left: number }): boolean {
  if (typeof kind === 'string') return SIMPLE_KINDS.has(kind)
  if (typeof kind !== 'object' || kind === null) return false
  if ('enum' in kind) {
    const values = kind.enum
    return (
      Array.isArray(values) &&
      values.length > 0 &&
      values.length <= ENUM_MAX &&
      values.every((text) => typeof text === 'string' && text.length <= ENUM_TEXT_MAX)
    )
  }
  if ('object' in kind) return checkFields(kind.object, depth + 1, budget)
  if ('text' in kind) return isDeclaredSize(kind.text)
  if ('bytes' in kind) return isDeclaredSize(kind.bytes)
  if ('binary' in kind) return typeof kind.binary === 'string' && BINARY_TYPES.includes(kind.binary)
  if (!('array' in kind)) return false
  const item = kind.array
  if (item === null || ELEMENT_KINDS.has(item)) return true
  return typeof item === 'object' && 'object' in item && checkKind(item, depth + 1, budget)
}

function isDeclaredSize(value: unknown): boolean {
  return typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= DECLARED_BYTES_MAX
}
