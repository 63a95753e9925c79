/**
 * Declared layouts of the messages of one kind of actor: `layout({ … })` for all of them, or `byTag('type', { … })` for members of a union.
 *
 * A message whose tag is declared must fit its layout: the same names, in any order, each with a value that its field can hold. One that does not
 * is a mistake of its sender, who is told the field. Messages with another tag travel as if nothing were declared.
 */
import { CambiumError, optionError } from '@cambium/base'
import type { FieldType, Layout, LayoutFields, PlacedField } from '@cambium/ring'
import { layoutMisfit } from './errors.ts'
import { FIELDS_MAX, isLayoutName } from './message-layout.ts'
import type { FieldKind, LayoutField } from './message-layout.ts'
import { isMovable } from './shared-data.ts'

/** Any layout of `@cambium/ring`. */
export type AnyLayout = Pick<Layout<LayoutFields>, 'bytes' | 'fields'>

/** Layouts by the tag that tells the members of a union apart; made by {@link byTag}. */
export interface TaggedLayouts<Tag extends string = string, Shapes = Readonly<Record<string, AnyLayout>>> {
  readonly tag: Tag
  readonly shapes: Shapes
}

/** What may be declared for messages of type `Messages`. */
export type LayoutsFor<Messages> = unknown extends Messages ? AnyLayout | TaggedLayouts : OneLayout<Messages> | Tagged<Messages>

type Names<M> = keyof M & string
/** A field that may be missing has none: a layout has no place for what is not there. */
type FieldFor<M, K extends keyof M> = FieldType<
  object extends Pick<M, K> ? never : undefined extends M[K] ? never : Carried<M[K]>
>
type Carried<V> = V extends string
  ? string
  : V extends number
    ? number
    : V extends boolean
      ? boolean
      : V extends Uint8Array
        ? Uint8Array
        : never
type FieldsFor<M, Tag extends string> = { readonly [K in Exclude<Names<M>, Tag>]: FieldFor<M, K> }
type OneLayout<M> = Layout<FieldsFor<M, never>>
type TagOf<M> = { [K in Names<M>]: M[K] extends string ? K : never }[Names<M>]
type ShapesOf<M, Tag extends keyof M & string> = {
  readonly [V in M[Tag] & string]?: Layout<FieldsFor<Extract<M, { readonly [T in Tag]: V }>, Tag>>
}
type Tagged<M> = { [Tag in TagOf<M>]: TaggedLayouts<Tag, ShapesOf<M, Tag>> }[TagOf<M>]

/** Tags of one declaration. */
const SHAPES_MAX = 64
const TAG_CHARS_MAX = 64

/**
 * Declares layouts for members of a union: `byTag('type', { place: layout({ id: u32, price: f64 }), cancel: layout({ id: u32 }) })`. The layouts leave
 * the tag itself out.
 *
 * @throws `ERR_LAYOUT`
 */
export function byTag<const Tag extends string, const Shapes extends Readonly<Record<string, AnyLayout>>>(
  tag: Tag,
  shapes: Shapes,
): TaggedLayouts<Tag, Shapes> {
  const tagged = Object.freeze({ tag, shapes: Object.freeze({ ...shapes }) })
  declareMessageLayouts(tagged)
  return tagged
}

/** The layout of one member, its tag included. */
export interface MessageShape {
  /** Undefined where all messages have this one. */
  readonly value: string | undefined
  /** The tag first. */
  readonly fields: readonly LayoutField[]
}

/** A declaration, checked. */
export class MessageLayouts {
  readonly tag: string | undefined
  /** By the value of the tag; by nothing where there is none. */
  readonly shapes: ReadonlyMap<string | undefined, MessageShape>

  constructor(tag: string | undefined, shapes: readonly MessageShape[]) {
    this.tag = tag
    this.shapes = new Map(shapes.map((shape) => [shape.value, shape]))
  }

  /** The shape that a message must fit; undefined for one whose tag is not declared. */
  shapeOf(message: unknown): MessageShape | undefined {
    if (this.tag === undefined) return this.shapes.get(undefined)
    if (typeof message !== 'object' || message === null) return undefined
    const value = (message as Readonly<Record<string, unknown>>)[this.tag]
    return typeof value === 'string' ? this.shapes.get(value) : undefined
  }
}

const declared = new WeakMap<object, MessageLayouts>()

/** What a user declared, checked; the same for the same object. Throws `ERR_LAYOUT`. */
export function declareMessageLayouts(given: AnyLayout | TaggedLayouts): MessageLayouts {
  if (typeof given !== 'object' || given === null)
    throw wrong('neither a layout nor what byTag returned', { found: typeof given })
  let layouts = declared.get(given)
  if (layouts === undefined) {
    layouts = 'shapes' in given ? fromTagged(given) : new MessageLayouts(undefined, [shapeFrom(given, undefined, undefined)])
    declared.set(given, layouts)
  }
  return layouts
}

function fromTagged({ tag, shapes }: TaggedLayouts): MessageLayouts {
  if (typeof tag !== 'string' || !isLayoutName(tag) || tag === '') throw wrong('no field can be the tag', { tag })
  if (typeof shapes !== 'object' || shapes === null) throw wrong('no layouts by tag', { found: typeof shapes })
  const entries = Object.entries(shapes)
  if (entries.length === 0 || entries.length > SHAPES_MAX) {
    throw wrong(`there are not 1 to ${SHAPES_MAX} layouts`, { layouts: entries.length })
  }
  return new MessageLayouts(
    tag,
    entries.map(([value, layout]) => shapeFrom(layout, tag, value)),
  )
}

function shapeFrom(layout: AnyLayout, tag: string | undefined, value: string | undefined): MessageShape {
  const at = value === undefined ? {} : { [tag as string]: value }
  if (typeof layout !== 'object' || layout === null || !Array.isArray(layout.fields)) throw wrong('this is no layout', at)
  if (value !== undefined && (value.length > TAG_CHARS_MAX || !value.isWellFormed())) {
    throw wrong(`a tag has more than ${TAG_CHARS_MAX} characters, or half a surrogate pair`, at)
  }
  const fields: LayoutField[] = value === undefined ? [] : [[tag as string, { enum: [value] }]]
  for (const field of layout.fields) {
    const { name, type } = (field ?? {}) as Partial<PlacedField>
    if (typeof name !== 'string' || typeof type !== 'object' || type === null) throw wrong('this is no layout', at)
    if (name === tag) throw wrong('the tag is declared as a field too', { ...at, field: name })
    if (!isLayoutName(name)) throw wrong('no field of a message can have this name', { ...at, field: name })
    fields.push([name, kindOf(type)])
  }
  if (fields.length > FIELDS_MAX) throw wrong(`a message has more than ${FIELDS_MAX} fields`, { ...at, fields: fields.length })
  return { value, fields }
}

function kindOf({ kind, limit }: FieldType<unknown>): FieldKind {
  switch (kind) {
    case 'i8':
      return 'int8'
    case 'u8':
      return 'uint8'
    case 'i16':
      return 'int16'
    case 'u16':
      return 'uint16'
    case 'i32':
      return 'int32'
    case 'u32':
      return 'uint32'
    case 'f32':
      return 'float32'
    case 'f64':
      return 'float64'
    case 'bool':
      return 'boolean'
    case 'text':
      return { text: limit }
    case 'bytes':
      return { bytes: limit }
  }
}

/**
 * The message as its layout has it: a plain object with the fields in their order. Undefined for one whose tag is not declared. Throws
 * `ERR_MESSAGE_LAYOUT`, which names the field, and `ERR_OPTION` for layouts that are none. Getters may throw.
 */
export function fitMessage(layouts: MessageLayouts, message: unknown): Record<string, unknown> | undefined {
  if (!(layouts instanceof MessageLayouts)) throw optionError('layouts', layouts, 'what declareMessageLayouts returned')
  const shape = layouts.shapeOf(message)
  if (shape === undefined) return undefined
  const where = shape.value === undefined ? '' : `${layouts.tag}=${shape.value}`
  if (typeof message !== 'object' || message === null || Array.isArray(message)) {
    throw layoutMisfit(where, '(root)', 'an object', message)
  }
  const names = new Set(Object.keys(message))
  const fitted: Record<string, unknown> = {}
  for (const [name, kind] of shape.fields) {
    const value = (message as Readonly<Record<string, unknown>>)[name]
    const expected = names.delete(name) ? misfit(kind, value) : expectation(kind)
    if (expected !== undefined) throw layoutMisfit(where, name, expected, value)
    fitted[name] = carried(kind, value)
  }
  for (const name of names) {
    throw layoutMisfit(where, name, 'no such field', (message as Readonly<Record<string, unknown>>)[name])
  }
  return fitted
}

const INTEGERS: Readonly<Record<string, readonly [min: number, max: number]>> = {
  int8: [-0x80, 0x7f],
  uint8: [0, 0xff],
  int16: [-0x8000, 0x7fff],
  uint16: [0, 0xffff],
  int32: [-0x8000_0000, 0x7fff_ffff],
  uint32: [0, 0xffff_ffff],
}

/** What would have been expected instead of `value`; undefined when it fits. */
function misfit(kind: FieldKind, value: unknown): string | undefined {
  return isFit(kind, value) ? undefined : expectation(kind)
}

function isFit(kind: FieldKind, value: unknown): boolean {
  if (typeof kind === 'string') {
    const range = INTEGERS[kind]
    if (range !== undefined) return Number.isInteger(value) && (value as number) >= range[0] && (value as number) <= range[1]
    return kind === 'boolean' ? typeof value === 'boolean' : typeof value === 'number'
  }
  if ('text' in kind) return typeof value === 'string' && value.isWellFormed() && textBytes(value) <= kind.text
  if ('bytes' in kind) {
    if (!(value instanceof Uint8Array) || value.length > kind.bytes) return false
    return !(value.buffer instanceof SharedArrayBuffer) && !value.buffer.detached && !isMovable(value.buffer)
  }
  return 'enum' in kind && kind.enum.includes(value as string)
}

function expectation(kind: FieldKind): string {
  if (typeof kind === 'string') {
    const range = INTEGERS[kind]
    if (range !== undefined) return `an integer from ${range[0]} to ${range[1]}`
    return kind === 'boolean' ? 'true or false' : 'a number'
  }
  if ('text' in kind) return `a well-formed string of at most ${kind.text} bytes`
  if ('bytes' in kind) return `a Uint8Array of at most ${kind.bytes} bytes in memory of its own, neither shared nor moved`
  return 'enum' in kind ? JSON.stringify(kind.enum[0]) : 'another value'
}

function carried(kind: FieldKind, value: unknown): unknown {
  if (kind === 'float32') return Math.fround(value as number)
  if (typeof kind === 'string') return value === 0 && INTEGERS[kind] !== undefined ? 0 : value // integers have no -0
  if (!('bytes' in kind)) return value
  const { buffer, byteOffset, byteLength } = value as Uint8Array
  return new Uint8Array(buffer, byteOffset, byteLength)
}

/** As `text(n)` counts: a byte a character up to U+00FF, else UTF-8. */
export function textBytes(text: string): number {
  for (let i = 0; i < text.length; i += 1) if (text.charCodeAt(i) > 0xff) return Buffer.byteLength(text, 'utf8')
  return text.length
}

function wrong(cause: string, fields: Readonly<Record<string, unknown>>): CambiumError {
  const values = Object.entries(fields)
    .map(([name, value]) => `${name}=${typeof value === 'string' || typeof value === 'bigint' ? value : JSON.stringify(value)}`)
    .join(', ')
  return new CambiumError('ERR_LAYOUT', `layouts of messages are wrong: ${cause}${values === '' ? '' : `: ${values}`}`, {
    fields,
  })
}
