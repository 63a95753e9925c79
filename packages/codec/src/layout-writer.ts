/**
 * Generates the writer of a layout: one straight function that checks that a message is exactly of the layout, and writes it as it goes.
 *
 * Every property is read once. A message that differs in a name, their order, their number, a kind or a prototype is no match; the caller then
 * tries another layout or the general codec, and what was written so far means nothing, since nobody was told of it.
 */
import { BINARY_TYPES } from './boxed.ts'
import { generate, literal } from './generated-code.ts'
import { ELEMENTS_MAX, TAG_FALSE, TAG_NULL, TAG_NUMBER, TAG_STRING, TAG_TRUE, TAG_UNDEFINED } from './message-layout.ts'
import type { FieldKind, PlacedField, PlacedLayout } from './message-layout.ts'
import { writeText } from './layout-memory.ts'
import { textBytes } from './message-layouts.ts'
import { isMovable } from './shared-data.ts'
import type { RefHooks } from './travel-check.ts'

/** The message is not of the layout. */
export const NO_MATCH: number = -1
/** It is, but there is no room for it, or a part of it is too large to be compiled. */
const NO_ROOM = -2

/** Writes `message` between `at`, a multiple of 8, and `limit`; gives the end of its bytes, {@link NO_MATCH} or {@link NO_ROOM}. Getters may throw. */
export type LayoutWriter = (
  message: object,
  int32: Int32Array,
  float64: Float64Array,
  buffer: Buffer,
  at: number,
  limit: number,
) => number

export function generateWriter(layout: PlacedLayout, hooks: RefHooks): LayoutWriter {
  const source = new WriterSource()
  source.object('message', 'at', layout.fields)
  return generateFrom(source, layout, hooks)
}

/** The same for a declared layout: the names may come in any order. What does not fit is no match; `fitMessage` says why. */
export function generateDeclaredWriter(layout: PlacedLayout): LayoutWriter {
  const source = new WriterSource()
  source.declared('message', 'at', layout.fields)
  return generateFrom(source, layout, {})
}

function generateFrom(source: WriterSource, layout: PlacedLayout, hooks: RefHooks): LayoutWriter {
  const body = `
    return (function writeMessage(message, int32, float64, buffer, at, limit) {
      let p = at + ${layout.fixedBytes}
      if (p > limit) return ${NO_ROOM}
      ${source.text}
      return p
    })`
  return generate(body, {
    prototypeOf: Object.getPrototypeOf,
    plain: Object.prototype,
    isArray: Array.isArray,
    writeText,
    isRef: hooks.isRef ?? (() => false),
    packRef: hooks.packRef ?? ((ref: object) => ref),
    layoutsNumber: hooks.layoutsNumber ?? (() => 0),
    textBytes,
    fround: Math.fround,
    prototypes: prototypesOfBinary(),
    bytesOf: (view: ArrayBufferView) => new Uint8Array(view.buffer, view.byteOffset, view.byteLength),
    isSharedMemory: (buffer: ArrayBufferLike) => buffer instanceof SharedArrayBuffer,
    isMovable,
  }) as LayoutWriter
}

function prototypesOfBinary(): (object | undefined)[] {
  return BINARY_TYPES.map((name) => (globalThis as unknown as Record<string, { prototype: object } | undefined>)[name]?.prototype)
}

/**
 * The prototype of an object, in source text. The accessor costs nothing in compiled code, the function 12 ns (Node 26). An object with a property of
 * that name of its own fails at its names. Where the accessor was taken away (`--disable-proto`), the function it is.
 */
const PROTOTYPE: (object: string) => string = hasPrototypeAccessor()
  ? (object) => `${object}.__proto__`
  : (object) => `prototypeOf(${object})`

function hasPrototypeAccessor(): boolean {
  try {
    return ({} as { __proto__?: unknown }).__proto__ === Object.prototype
  } catch {
    return false
  }
}

function isDeclaredKind(kind: FieldKind): boolean {
  if (typeof kind === 'string') return DECLARED_WORDS.has(kind)
  return 'text' in kind || 'bytes' in kind
}

const DECLARED_WORDS: ReadonlySet<string> = new Set(['int8', 'uint8', 'int16', 'uint16', 'int32', 'uint32', 'float32'])

/** That a number does not fit, in source text. An integer of -0 is 0. */
function notOf(kind: string, value: string): string {
  switch (kind) {
    case 'int8':
      return `${value} << 24 >> 24 !== ${value}`
    case 'uint8':
      return `(${value} & 255) !== ${value}`
    case 'int16':
      return `${value} << 16 >> 16 !== ${value}`
    case 'uint16':
      return `(${value} & 65535) !== ${value}`
    case 'int32':
      return `(${value} | 0) !== ${value}`
    case 'uint32':
      return `${value} >>> 0 !== ${value}`
    default:
      return 'false'
  }
}

/** Source text of the checks and stores of a message. */
class WriterSource {
  text = ''
  #names = 0

  /** `message`: the expression of the object; `base`: that of the begin of its fixed part. */
  object(message: string, base: string, fields: readonly PlacedField[]): void {
    const count = this.#name('n')
    this.#line(`if (${PROTOTYPE(message)} !== plain) return ${NO_MATCH}`)
    this.#line(`let ${count} = 0`)
    const cases = fields.map(({ name }, i) => `case ${i}: if (name !== ${literal(name)}) return ${NO_MATCH}; break`)
    this.#line(`for (const name in ${message}) switch (${count}++) { ${cases.join('\n')}\n default: return ${NO_MATCH} }`)
    this.#line(`if (${count} !== ${fields.length}) return ${NO_MATCH}`)
    this.#values(message, base, fields, false)
  }

  /** Names in any order: as many as there are fields, and each field is there. */
  declared(message: string, base: string, fields: readonly PlacedField[]): void {
    this.#line(`if (${PROTOTYPE(message)} !== plain) return ${NO_MATCH}`)
    this.#line(`let count = 0`)
    this.#line(`for (const name in ${message}) count++`)
    this.#line(`if (count !== ${fields.length}) return ${NO_MATCH}`)
    this.#values(message, base, fields, true)
  }

  #values(message: string, base: string, fields: readonly PlacedField[], isDeclared: boolean): void {
    for (const field of fields) {
      const value = this.#name('v')
      this.#line(`const ${value} = ${message}[${literal(field.name)}]`)
      if (isDeclared && isDeclaredKind(field.kind)) this.#declaredValue(value, base, field)
      else this.#value(value, base, field)
    }
  }

  #declaredValue(value: string, base: string, { kind, at }: PlacedField): void {
    const byte = `buffer[${base} + ${at}]`
    const word = `int32[${base} + ${at} >> 2]`
    if (typeof kind === 'string') {
      this.#line(`if (typeof ${value} !== 'number' || ${notOf(kind, value)}) return ${NO_MATCH}`)
      if (kind === 'float32') this.#line(`float64[${base} + ${at} >> 3] = fround(${value})`)
      else this.#line(`${kind === 'int8' || kind === 'uint8' ? byte : word} = ${value}`)
    } else if ('text' in kind) {
      this.#line(`if (typeof ${value} !== 'string' || ${value}.length > ${kind.text}) return ${NO_MATCH}`)
      const begin = this.#name('b')
      this.#line(`const ${begin} = p`)
      this.#string(value, word)
      // Only what took two bytes a character can be more than its length, or ill-formed.
      this.#line(
        `if (p - ${begin} > ${value}.length && (textBytes(${value}) > ${kind.text} || !${value}.isWellFormed())) return ${NO_MATCH}`,
      )
    } else if ('bytes' in kind) {
      this.#binary(value, word, 'Uint8Array')
      this.#line(`if (${value}.length > ${kind.bytes}) return ${NO_MATCH}`)
    }
  }

  #value(value: string, base: string, field: PlacedField): void {
    const { kind, at } = field
    if (kind === 'int32') {
      this.#checkInt32(value)
      this.#line(`int32[${base} + ${at} >> 2] = ${value}`)
    } else if (kind === 'float64') {
      this.#line(`if (typeof ${value} !== 'number') return ${NO_MATCH}`)
      this.#line(`float64[${base} + ${at} >> 3] = ${value}`)
    } else if (kind === 'boolean') {
      this.#line(`if (typeof ${value} !== 'boolean') return ${NO_MATCH}`)
      this.#line(`buffer[${base} + ${at}] = ${value} ? 1 : 0`)
    } else if (kind === 'string') {
      this.#line(`if (typeof ${value} !== 'string') return ${NO_MATCH}`)
      this.#string(value, `int32[${base} + ${at} >> 2]`)
    } else if (kind === 'primitive') this.#primitive(value, base, field)
    else if (kind === 'ref') this.#ref(value, `${base} + ${at} >> 2`)
    else if (typeof kind === 'string') return // a width that is only declared
    else if ('enum' in kind) this.#enum(value, `buffer[${base} + ${at}]`, kind.enum)
    else if ('object' in kind) {
      this.#line(`if (typeof ${value} !== 'object' || ${value} === null) return ${NO_MATCH}`)
      this.object(value, base, field.fields)
    } else if ('array' in kind) this.#array(value, `int32[${base} + ${at} >> 2]`, kind.array, field.element)
    else if ('binary' in kind) this.#binary(value, `int32[${base} + ${at} >> 2]`, kind.binary)
  }

  #checkInt32(value: string): void {
    this.#line(`if (typeof ${value} !== 'number' || (${value} | 0) !== ${value}) return ${NO_MATCH}`)
    this.#line(`if (${value} === 0 && 1 / ${value} < 0) return ${NO_MATCH}`)
  }

  #string(value: string, target: string): void {
    const end = this.#name('e')
    this.#line(`const ${end} = writeText(buffer, p, limit, ${value})`)
    this.#line(`if (${end} < 0) return ${NO_ROOM}`)
    this.#line(`${target} = ${value}.length << 1 | (${end} - p > ${value}.length ? 1 : 0)`)
    this.#line(`p = ${end}`)
  }

  #enum(value: string, target: string, values: readonly string[]): void {
    const index = values.map((text, i) => `${value} === ${literal(text)} ? ${i} : `).join('')
    const found = this.#name('x')
    this.#line(`const ${found} = ${index}-1`)
    this.#line(`if (${found} < 0) return ${NO_MATCH}`)
    this.#line(`${target} = ${found}`)
  }

  #primitive(value: string, base: string, { at, tagAt }: PlacedField): void {
    const tag = `buffer[${base} + ${tagAt}]`
    const word = `float64[${base} + ${at} >> 3]`
    this.#line(`switch (typeof ${value}) {`)
    this.#line(`case 'number': ${tag} = ${TAG_NUMBER}; ${word} = ${value}; break`)
    this.#line(`case 'boolean': ${tag} = ${value} ? ${TAG_TRUE} : ${TAG_FALSE}; break`)
    this.#line(`case 'undefined': ${tag} = ${TAG_UNDEFINED}; break`)
    this.#line(`case 'object': if (${value} !== null) return ${NO_MATCH}; ${tag} = ${TAG_NULL}; break`)
    this.#line(`case 'string': { ${tag} = ${TAG_STRING}`)
    this.#string(value, word)
    this.#line(`break }`)
    this.#line(`default: return ${NO_MATCH} }`)
  }

  #ref(value: string, word: string): void {
    const packed = this.#name('r')
    this.#line(`if (typeof ${value} !== 'object' || ${value} === null || !isRef(${value})) return ${NO_MATCH}`)
    this.#line(`const ${packed} = packRef(${value})`)
    this.#line(`if (${packed}.name !== undefined) return ${NO_MATCH}`)
    for (const [i, part] of ['core', 'slot', 'generation'].entries()) this.#line(`int32[(${word}) + ${i}] = ${packed}.${part}`)
    this.#line(`int32[(${word}) + 3] = ${packed}.layouts === undefined ? 0 : layoutsNumber(${packed}.layouts)`)
  }

  #array(value: string, target: string, item: FieldKind | null, element: PlacedLayout | undefined): void {
    const length = this.#name('l')
    this.#line(`if (!isArray(${value})) return ${NO_MATCH}`)
    this.#line(`const ${length} = ${value}.length`)
    this.#line(`if (${length} > ${item === null ? 0 : ELEMENTS_MAX}) return ${item === null ? NO_MATCH : NO_ROOM}`)
    this.#line(`${target} = ${length}`)
    if (item === null) return
    const i = this.#name('i')
    const entry = this.#name('v')
    const bytes = item === 'int32' ? 4 : item === 'float64' ? 8 : item === 'boolean' ? 1 : 0
    if (bytes > 0) {
      this.#align(bytes)
      this.#line(`if (p + ${length} * ${bytes} > limit) return ${NO_ROOM}`)
    }
    this.#line(`for (let ${i} = 0; ${i} < ${length}; ${i}++) { const ${entry} = ${value}[${i}]`)
    if (item === 'int32') {
      this.#checkInt32(entry)
      this.#line(`int32[p >> 2] = ${entry}; p += 4`)
    } else if (item === 'float64') {
      this.#line(`if (typeof ${entry} !== 'number') return ${NO_MATCH}`)
      this.#line(`float64[p >> 3] = ${entry}; p += 8`)
    } else if (item === 'boolean') {
      this.#line(`if (typeof ${entry} !== 'boolean') return ${NO_MATCH}`)
      this.#line(`buffer[p] = ${entry} ? 1 : 0; p += 1`)
    } else if (item === 'string') {
      const word = this.#name('w')
      this.#line(`if (typeof ${entry} !== 'string') return ${NO_MATCH}`)
      this.#align(4)
      this.#line(`const ${word} = p >> 2; p += 4; if (p > limit) return ${NO_ROOM}`)
      this.#string(entry, `int32[${word}]`)
    } else if (element !== undefined) {
      const begin = this.#name('b')
      this.#line(`if (typeof ${entry} !== 'object' || ${entry} === null) return ${NO_MATCH}`)
      this.#align(8)
      this.#line(`const ${begin} = p; p += ${element.fixedBytes}; if (p > limit) return ${NO_ROOM}`)
      this.object(entry, begin, element.fields)
    }
    this.#line('}')
  }

  #binary(value: string, target: string, type: string): void {
    const bytes = this.#name('y')
    const expected = `prototypes[${BINARY_TYPES.indexOf(type)}]`
    this.#line(
      `if (typeof ${value} !== 'object' || ${value} === null || prototypeOf(${value}) !== ${expected}) return ${NO_MATCH}`,
    )
    if (type === 'ArrayBuffer')
      this.#line(`if (${value}.detached || isMovable(${value})) return ${NO_MATCH}; const ${bytes} = new Uint8Array(${value})`)
    else {
      this.#line(
        `if (isSharedMemory(${value}.buffer) || ${value}.buffer.detached || isMovable(${value}.buffer)) return ${NO_MATCH}`,
      )
      this.#line(`const ${bytes} = ${type === 'Uint8Array' ? value : `bytesOf(${value})`}`)
    }
    this.#line(`if (p + ${bytes}.length > limit) return ${NO_ROOM}`)
    this.#line(`${target} = ${bytes}.length; buffer.set(${bytes}, p); p += ${bytes}.length`)
  }

  /** To a multiple of `bytes`. */
  #align(bytes: number): void {
    if (bytes > 1) this.#line(`p = (p + ${bytes - 1}) & -${bytes}`)
  }

  #name(prefix: string): string {
    this.#names += 1
    return `${prefix}${this.#names}`
  }

  #line(text: string): void {
    this.text += `${text}\n`
  }
}
