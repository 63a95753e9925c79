/**
 * Declared layouts: named, typed fields at fixed places, read and written where they lie. Nothing here knows of rings: a layout
 * works on any buffer, shared or not.
 *
 * 1. Fields are placed by falling alignment, in their declared order among equals; so there is no padding but at the end.
 * 2. A layout's bytes are a multiple of 8, so that layouts can lie one behind the other.
 * 3. The fingerprint is a hash of all names, types and places (FNV-1a, 32 bits). Two threads that have the same one agree on
 *    every byte; it is stored with the data and compared at attach.
 * 4. Integers are wrapped as typed arrays wrap them; nothing checks a number on its way into a field.
 */
import { types } from 'node:util'
import { layoutError } from '../errors.ts'
import { isFieldType } from './field-type.ts'
import type { FieldType } from './field-type.ts'
import { defineLayoutView } from './layout-view.ts'
import type { LayoutView } from './layout-view.ts'

/** The declaration of a layout: names with their types. */
export type LayoutFields = Readonly<Record<string, FieldType<unknown>>>

/** A record of a layout as a plain object. */
export type LayoutValues<F extends LayoutFields> = {
  -readonly [K in keyof F]: F[K] extends FieldType<infer T> ? T : never
}

/** Where one field lies. */
export interface PlacedField {
  readonly name: string
  readonly type: FieldType<unknown>
  /** Bytes from the begin of the record. */
  readonly offset: number
}

/** A declared layout; made by {@link layout}. */
export interface Layout<F extends LayoutFields> {
  /** Bytes of one record, a multiple of 8. */
  readonly bytes: number
  /** Int32, never 0; equal for equal layouts, and as good as never for others. */
  readonly fingerprint: number
  /** In the order of their declaration. */
  readonly fields: readonly PlacedField[]
  /**
   * A view of records in `memory`: one object, moved from record to record.
   *
   * @param byteOffset where the first record begins, a multiple of 8. @default 0
   * @param count records that lie there, a power of two. @default 1
   * @throws `ERR_LAYOUT` when they do not fit, or take 2 GiB or more
   */
  view(memory: ArrayBufferLike, byteOffset?: number, count?: number): LayoutView<F>
}

/** Names that a view has for itself. */
const RESERVED: ReadonlySet<string> = new Set(['at', 'base', 'set', 'toObject', 'constructor', '__proto__'])
const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/
const FIELDS_MAX = 1024
/** A layout's bytes are a multiple of it. */
export const RECORD_ALIGNMENT = 8
/** Byte offsets within a view stay exact in an Int32. */
const VIEW_BYTES_MAX = 2 ** 31 - 1

/**
 * Declares a layout: `layout({ id: u32, price: f64, name: text(16) })`. Do it once per shape, in a module that all threads import.
 *
 * Source of the hash: Fowler, Noll and Vo, FNV-1a.
 *
 * @throws `ERR_LAYOUT` for a name that cannot be a field, something that is no type, or no field at all.
 */
export function layout<const F extends LayoutFields>(fields: F): Layout<F> {
  const placed = place(fields)
  const end = placed.reduce((last, { offset, type }) => Math.max(last, offset + type.bytes), 0)
  const bytes = Math.ceil(end / RECORD_ALIGNMENT) * RECORD_ALIGNMENT
  const View = defineLayoutView<F>(placed, bytes)
  return Object.freeze({
    bytes,
    fingerprint: fingerprintOf(placed, bytes),
    fields: Object.freeze(placed.map((field) => Object.freeze(field))),
    view: (memory: ArrayBufferLike, byteOffset: number = 0, count: number = 1) => {
      checkPlace(memory, byteOffset, count, bytes)
      return new View(memory, byteOffset, count)
    },
  })
}

function place(fields: LayoutFields): PlacedField[] {
  if (typeof fields !== 'object' || fields === null) throw layoutError('no fields', { fields: typeof fields })
  const declared = Object.entries(fields)
  if (declared.length === 0 || declared.length > FIELDS_MAX) {
    throw layoutError(`there are not 1 to ${FIELDS_MAX} fields`, { fields: declared.length })
  }
  for (const [name, type] of declared) {
    if (!NAME.test(name) || RESERVED.has(name)) throw layoutError('a field cannot have this name', { field: name })
    if (!isFieldType(type)) throw layoutError('this is no type', { field: name })
  }
  const offsets = new Map<string, number>()
  let end = 0
  for (const [name, type] of declared.toSorted(([, a], [, b]) => b.alignment - a.alignment)) {
    // A text of odd size may be followed by another one.
    const offset = Math.ceil(end / type.alignment) * type.alignment
    offsets.set(name, offset)
    end = offset + type.bytes
  }
  return declared.map(([name, type]) => ({ name, type, offset: offsets.get(name)! }))
}

function fingerprintOf(fields: readonly PlacedField[], bytes: number): number {
  const description = fields.map(({ name, type, offset }) => `${name}:${type.kind}(${type.limit})@${offset}`).join(';')
  let hash = 0x811c9dc5
  for (const byte of Buffer.from(`1;${description};${bytes}`)) hash = Math.imul(hash ^ byte, 0x01000193)
  return hash | 0 || 1
}

function checkPlace(memory: ArrayBufferLike, byteOffset: number, count: number, bytes: number): void {
  if (!types.isAnyArrayBuffer(memory)) {
    throw layoutError('the memory is no ArrayBuffer or SharedArrayBuffer', { memory: typeof memory })
  }
  const isPlace = Number.isInteger(byteOffset) && byteOffset >= 0 && byteOffset % RECORD_ALIGNMENT === 0
  if (!isPlace || !Number.isInteger(count) || count < 1 || (count & (count - 1)) !== 0) {
    throw layoutError('offset is no multiple of 8, or count no power of two', { offset: byteOffset, count })
  }
  if (count * bytes > VIEW_BYTES_MAX) throw layoutError('records take 2 GiB or more', { count, bytes })
  if (byteOffset + count * bytes > memory.byteLength) {
    throw layoutError('records do not fit', { offset: byteOffset, count, bytes, memory: memory.byteLength })
  }
}
