/**
 * Finds the layouts of messages that repeat (D7). It is shown messages that no layout fits, remembers by their names what their fields held, and
 * proposes a layout when enough of one kind have come. Later messages with the same names that do not fit it widen it, a few times at most.
 *
 * Bounds: SIGHTINGS_MAX kinds of messages at a time; VERSIONS_MAX layouts for one; a kind with a part that cannot be compiled is not looked at
 * again; and after many looks that led nowhere only one message in SAMPLE_EVERY is looked at.
 */
import { BINARY_TYPES } from './boxed.ts'
import { ENUM_MAX, ENUM_TEXT_MAX, FIELDS_MAX, isLayoutName, LAYOUT_DEPTH_MAX } from './message-layout.ts'
import type { FieldKind, LayoutField } from './message-layout.ts'

/** Messages of one kind before a layout is proposed, and before it is widened. */
const REPEATS_MIN = 8
const VERSIONS_MAX = 4
const SIGHTINGS_MAX = 256
/** Looks without a proposal before messages are sampled. */
const LOOKS_MAX = 256
const SAMPLE_EVERY = 32
/** Strings that repeat this many times for each of their values are an enum. Each version asks for more. */
const ENUM_REPEATS_MIN = 4
/** Elements of an array that are looked at. */
const ELEMENTS_LOOKED_MAX = 64

export interface Proposal {
  readonly fields: readonly LayoutField[]
  /** The layout that this one widens. */
  readonly replaces: readonly LayoutField[] | undefined
}

const INT32 = 1
const FLOAT64 = 2
const BOOLEAN = 4
const STRING = 8
const NOTHING = 16
const REF = 32
const OBJECT = 64
const ARRAY = 128
const BINARY = 256
const OTHER = 512
const PRIMITIVES: number = INT32 | FLOAT64 | BOOLEAN | STRING | NOTHING

/** What one field has held so far. */
interface Seen {
  types: number
  strings: number
  /** Undefined once there were too many. */
  texts: Set<string> | undefined
  binary: string
  object: SeenObject | undefined
  item: Seen | undefined
}

interface SeenObject {
  readonly names: readonly string[]
  readonly fields: readonly Seen[]
}

interface Sighting {
  readonly seen: SeenObject
  repeats: number
  versions: number
  isOver: boolean
  current: readonly LayoutField[] | undefined
}

export class LayoutLearner {
  readonly #isRef: (value: object) => boolean
  readonly #sightings = new Map<string, Sighting>()
  #looks = 0
  #skip = 0

  constructor(isRef: ((value: object) => boolean) | undefined) {
    this.#isRef = isRef ?? (() => false)
  }

  /** Shows a message that was encoded without a layout. May throw what its getters throw. */
  look(message: unknown): Proposal | undefined {
    if (this.#looks >= LOOKS_MAX) {
      this.#skip = (this.#skip + 1) % SAMPLE_EVERY
      if (this.#skip !== 0) return undefined
    } else this.#looks += 1
    if (!isPlain(message)) return undefined
    const names = Object.keys(message)
    if (names.length > FIELDS_MAX || names.length === 0 || !names.every(isLayoutName)) return undefined
    const sighting = this.#sighting(names)
    if (sighting.isOver) return undefined
    const isWorthIt = this.#observeObject(sighting.seen, message, 0)
    sighting.repeats += 1
    if (!isWorthIt) sighting.isOver = true
    if (!isWorthIt || sighting.repeats < REPEATS_MIN) return undefined
    return this.#propose(sighting)
  }

  #propose(sighting: Sighting): Proposal | undefined {
    sighting.repeats = 0
    const fields = fieldsOf(sighting.seen, sighting.versions)
    if (fields === undefined || countFields(fields) > FIELDS_MAX || sighting.versions >= VERSIONS_MAX) {
      sighting.isOver = true
      return undefined
    }
    const replaces = sighting.current
    sighting.current = fields
    sighting.versions += 1
    this.#looks = 0
    return { fields, replaces }
  }

  #sighting(names: readonly string[]): Sighting {
    const key = names.join('\0')
    let sighting = this.#sightings.get(key)
    if (sighting === undefined) {
      if (this.#sightings.size >= SIGHTINGS_MAX) this.#forget()
      sighting = { seen: newObject(names), repeats: 0, versions: 0, isOver: false, current: undefined }
      this.#sightings.set(key, sighting)
    }
    return sighting
  }

  /** Keeps those that have a layout, unless they are all. */
  #forget(): void {
    for (const [key, { current }] of this.#sightings) if (current === undefined) this.#sightings.delete(key)
    if (this.#sightings.size >= SIGHTINGS_MAX) this.#sightings.clear()
  }

  /** Answers whether it can still become a layout. */
  #observeObject(seen: SeenObject, value: Readonly<Record<string, unknown>>, depth: number): boolean {
    let isWorthIt = true
    for (const [i, name] of seen.names.entries()) {
      if (!this.#observe(seen.fields[i] as Seen, value[name], depth)) isWorthIt = false
    }
    return isWorthIt
  }

  #observe(seen: Seen, value: unknown, depth: number): boolean {
    const type = this.#typeOf(value)
    seen.types |= type
    if (type === STRING) observeText(seen, value as string)
    else if (type === OBJECT) return this.#observeNested(seen, value as Record<string, unknown>, depth)
    else if (type === ARRAY) return this.#observeArray(seen, value as readonly unknown[], depth)
    else if (type === BINARY) {
      const name = binaryName(value as object)
      if (seen.binary !== '' && seen.binary !== name) return false
      seen.binary = name
    }
    return isOneKind(seen.types)
  }

  #observeNested(seen: Seen, value: Readonly<Record<string, unknown>>, depth: number): boolean {
    const names = Object.keys(value)
    if (depth + 1 >= LAYOUT_DEPTH_MAX || names.length > FIELDS_MAX || !names.every(isLayoutName)) return false
    seen.object ??= newObject(names)
    const known = seen.object.names
    if (known.length !== names.length || known.some((name, i) => name !== names[i])) return false
    return this.#observeObject(seen.object, value, depth + 1) && isOneKind(seen.types)
  }

  #observeArray(seen: Seen, values: readonly unknown[], depth: number): boolean {
    const looked = Math.min(values.length, ELEMENTS_LOOKED_MAX)
    for (let i = 0; i < looked; i += 1) {
      seen.item ??= newSeen()
      if (!this.#observe(seen.item, values[i], depth + 1)) return false
    }
    return isOneKind(seen.types)
  }

  #typeOf(value: unknown): number {
    switch (typeof value) {
      case 'number':
        return (value | 0) === value && !Object.is(value, -0) ? INT32 : FLOAT64
      case 'string':
        return STRING
      case 'boolean':
        return BOOLEAN
      case 'undefined':
        return NOTHING
      case 'object':
        if (value === null) return NOTHING
        if (Array.isArray(value)) return ARRAY
        if (isPlain(value)) return OBJECT
        if (this.#isRef(value)) return REF
        return binaryName(value) === '' ? OTHER : BINARY
      default:
        return OTHER
    }
  }
}

function isPlain(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype
}

/** The name of the very type of an ArrayBuffer or a view; empty for all else, subclasses included. */
function binaryName(value: object): string {
  const name = (value.constructor as { name?: unknown } | undefined)?.name
  if (typeof name !== 'string' || !BINARY_TYPES.includes(name)) return ''
  const type = (globalThis as unknown as Record<string, { prototype: object } | undefined>)[name]
  return type !== undefined && Object.getPrototypeOf(value) === type.prototype ? name : ''
}

function newSeen(): Seen {
  return { types: 0, strings: 0, texts: new Set(), binary: '', object: undefined, item: undefined }
}

function newObject(names: readonly string[]): SeenObject {
  return { names, fields: names.map(newSeen) }
}

function observeText(seen: Seen, text: string): void {
  seen.strings += 1
  if (seen.texts === undefined) return
  if (text.length > ENUM_TEXT_MAX || (seen.texts.size >= ENUM_MAX && !seen.texts.has(text))) seen.texts = undefined
  else seen.texts.add(text)
}

function isOneKind(types: number): boolean {
  if ((types & ~PRIMITIVES) === 0) return true
  return types === REF || types === OBJECT || types === ARRAY || types === BINARY
}

function fieldsOf(seen: SeenObject, versions: number): readonly LayoutField[] | undefined {
  const fields: LayoutField[] = []
  for (const [i, name] of seen.names.entries()) {
    const kind = kindOf(seen.fields[i] as Seen, versions)
    if (kind === undefined) return undefined
    fields.push([name, kind])
  }
  return fields
}

function kindOf(seen: Seen, versions: number): FieldKind | undefined {
  switch (seen.types) {
    case INT32:
      return 'int32'
    case FLOAT64:
    case INT32 | FLOAT64:
      return 'float64'
    case BOOLEAN:
      return 'boolean'
    case REF:
      return 'ref'
    case BINARY:
      return { binary: seen.binary }
    case STRING: {
      const repeats = seen.texts === undefined ? 0 : seen.strings / seen.texts.size
      const texts = [...(seen.texts ?? [])]
      return repeats >= ENUM_REPEATS_MIN << (2 * versions) && texts.every((text) => text.isWellFormed())
        ? { enum: texts }
        : 'string'
    }
    case OBJECT: {
      const object = fieldsOf(seen.object as SeenObject, versions)
      return object === undefined ? undefined : { object }
    }
    case ARRAY:
      return arrayOf(seen.item, versions)
    default:
      return (seen.types & ~PRIMITIVES) === 0 ? 'primitive' : undefined
  }
}

function arrayOf(item: Seen | undefined, versions: number): FieldKind | undefined {
  if (item === undefined) return { array: null }
  const kind = kindOf(item, versions)
  if (kind === undefined) return undefined
  if (typeof kind === 'string') return kind === 'primitive' || kind === 'ref' ? undefined : { array: kind }
  if ('enum' in kind) return { array: 'string' }
  return 'object' in kind ? { array: kind } : undefined
}

function countFields(fields: readonly LayoutField[]): number {
  let sum = fields.length
  for (const [, kind] of fields) {
    const nested = typeof kind === 'object' && 'array' in kind ? kind.array : kind
    if (nested !== null && typeof nested === 'object' && 'object' in nested) sum += countFields(nested.object)
  }
  return sum
}
