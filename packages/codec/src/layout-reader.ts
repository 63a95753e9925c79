/**
 * Generates the reader of a layout: one straight function that builds the message as an object literal.
 *
 * The bytes may be damaged: nothing is read beyond `end`, every count is compared with the bytes that are left before anything is made for it, and
 * whatever no writer writes throws a RangeError.
 */
import { generate, literal } from './generated-code.ts'
import type { TextReader } from './layout-memory.ts'
import { ELEMENTS_MAX, TAG_FALSE, TAG_NULL, TAG_NUMBER, TAG_STRING, TAG_TRUE, TAG_UNDEFINED } from './message-layout.ts'
import type { FieldKind, PlacedField, PlacedLayout } from './message-layout.ts'
import type { UnpackPacked } from './boxed.ts'

/** The message between `at`, a multiple of 8, and `end`. It shares no memory with the buffer. Throws on damaged bytes. */
export type LayoutReader = (int32: Int32Array, float64: Float64Array, buffer: Buffer, at: number, end: number) => unknown

export interface ReaderHooks {
  readonly texts: TextReader
  readonly unpackRef: UnpackPacked | undefined
}

export function generateReader(layout: PlacedLayout, hooks: ReaderHooks): LayoutReader {
  const source = new ReaderSource()
  const value = source.object('at', layout.fields)
  const body = `
    return (function readMessage(int32, float64, buffer, at, end) {
      let p = at + ${layout.fixedBytes}
      if (p > end) damaged()
      ${source.text}
      const message = ${value}
      if (p !== end) damaged()
      return message
    })`
  return generate(body, {
    texts: hooks.texts,
    damaged,
    enums: source.enums,
    unpackRef:
      hooks.unpackRef ??
      (() => {
        throw new TypeError('a ref, but this decoder has no unpackRef')
      }),
    binary: (Type: new (buffer: ArrayBuffer) => unknown, elementBytes: number, bytes: Uint8Array) => {
      if (bytes.length % elementBytes !== 0) damaged()
      const own = new Uint8Array(bytes).buffer
      return (Type as unknown) === ArrayBuffer ? own : new Type(own)
    },
  }) as LayoutReader
}

export function damaged(): never {
  throw new RangeError('bytes that no writer of the layout wrote')
}

/** Source text that reads the parts of a message into constants, in the order of the variable part. */
class ReaderSource {
  text = ''
  readonly enums: (readonly string[])[] = []
  #names = 0

  /** Emits what reads the fields; gives the expression of the object. `base`: the begin of its fixed part. */
  object(base: string, fields: readonly PlacedField[]): string {
    const parts = fields.map((field) => `${literal(field.name)}: ${this.#value(base, field)}`)
    return `{ ${parts.join(', ')} }`
  }

  #value(base: string, field: PlacedField): string {
    const { kind, at } = field
    const word = `int32[${base} + ${at} >> 2]`
    if (kind === 'int32') return word
    if (kind === 'float64') return `float64[${base} + ${at} >> 3]`
    if (kind === 'boolean') return this.#boolean(`buffer[${base} + ${at}]`)
    if (kind === 'string') return this.#string(word)
    if (kind === 'uint8') return `buffer[${base} + ${at}]`
    if (kind === 'int8') return `buffer[${base} + ${at}] << 24 >> 24`
    if (kind === 'uint32') return `${word} >>> 0`
    if (kind === 'float32') return `float64[${base} + ${at} >> 3]`
    if (kind === 'int16' || kind === 'uint16') {
      this.#line(`if (${kind === 'int16' ? `${word} << 16 >> 16 !== ${word}` : `${word} >>> 16 !== 0`}) damaged()`)
      return word
    }
    if (kind === 'primitive') return this.#primitive(base, field)
    if (kind === 'ref') {
      const at0 = `${base} + ${at} >> 2`
      return this.#keep(`unpackRef(int32[${at0}], int32[(${at0}) + 1], int32[(${at0}) + 2], undefined, int32[(${at0}) + 3])`)
    }
    if ('enum' in kind) return this.#enum(`buffer[${base} + ${at}]`, kind.enum)
    if ('object' in kind) return this.object(base, field.fields)
    if ('array' in kind) return this.#array(word, kind.array, field.element)
    if ('text' in kind) return this.#string(word)
    return this.#binary(word, 'bytes' in kind ? 'Uint8Array' : kind.binary)
  }

  #boolean(byte: string): string {
    const value = this.#keep(byte)
    this.#line(`if (${value} > 1) damaged()`)
    return `${value} === 1`
  }

  #enum(byte: string, values: readonly string[]): string {
    const index = this.#keep(byte)
    this.#line(`if (${index} >= ${values.length}) damaged()`)
    if (values.length === 1) return literal(values[0] as string)
    this.enums.push(values)
    return `enums[${this.enums.length - 1}][${index}]`
  }

  /** `header`: expression of the length and its mark. Unsigned, so a negative one is beyond every end. */
  #string(header: string): string {
    const mark = this.#keep(header)
    const length = this.#keep(`${mark} >>> 1`)
    const text = this.#name('t')
    this.#line(`let ${text}`)
    this.#line(
      `if ((${mark} & 1) === 0) { if (${length} > end - p) damaged(); ${text} = texts.read(buffer, p, ${length}); p += ${length} }`,
    )
    this.#line(
      `else { if (${length} * 2 > end - p) damaged(); ${text} = texts.readWide(buffer, p, ${length}); p += ${length} * 2 }`,
    )
    return text
  }

  #primitive(base: string, { at, tagAt }: PlacedField): string {
    const value = this.#name('v')
    const word = `float64[${base} + ${at} >> 3]`
    this.#line(`let ${value}`)
    this.#line(`switch (buffer[${base} + ${tagAt}]) {`)
    this.#line(`case ${TAG_UNDEFINED}: break`)
    this.#line(`case ${TAG_NULL}: ${value} = null; break`)
    this.#line(`case ${TAG_FALSE}: ${value} = false; break`)
    this.#line(`case ${TAG_TRUE}: ${value} = true; break`)
    this.#line(`case ${TAG_NUMBER}: ${value} = ${word}; break`)
    this.#line(`case ${TAG_STRING}: {`)
    this.#line(`${value} = ${this.#string(`${word} | 0`)}; break }`)
    this.#line(`default: damaged() }`)
    return value
  }

  #array(word: string, item: FieldKind | null, element: PlacedLayout | undefined): string {
    const length = this.#keep(word)
    const array = this.#name('a')
    if (item === null) {
      this.#line(`if (${length} !== 0) damaged()`)
      return '[]'
    }
    const i = this.#name('i')
    const bytes = item === 'int32' ? 4 : item === 'float64' ? 8 : item === 'boolean' ? 1 : 0
    if (bytes > 0) this.#align(bytes)
    // Elements of other kinds take a byte or more each, or are compared one by one: an object of no fields takes nothing, so the limit counts.
    this.#line(`if (${length} >>> 0 > ${ELEMENTS_MAX}) damaged()`)
    if (bytes > 0) this.#line(`if (p + ${length} * ${bytes} > end) damaged()`)
    this.#line(`const ${array} = []`)
    this.#line(`for (let ${i} = 0; ${i} < ${length}; ${i}++) {`)
    let entry: string
    if (item === 'int32') entry = 'int32[p >> 2]'
    else if (item === 'float64') entry = 'float64[p >> 3]'
    else if (item === 'boolean') entry = this.#boolean('buffer[p]')
    else if (element !== undefined) {
      this.#align(8)
      const begin = this.#keep('p')
      this.#line(`p += ${element.fixedBytes}; if (p > end) damaged()`)
      entry = this.object(begin, element.fields)
    } else {
      this.#align(4)
      const header = this.#name('h')
      this.#line(`if (p + 4 > end) damaged(); const ${header} = int32[p >> 2]; p += 4`)
      entry = this.#string(header)
    }
    this.#line(`${array}.push(${entry})${bytes > 0 ? `; p += ${bytes}` : ''} }`)
    return array
  }

  #binary(word: string, type: string): string {
    const length = this.#keep(word)
    this.#line(`if (${length} >>> 0 > end - p) damaged()`)
    const elementBytes = type === 'ArrayBuffer' || type === 'DataView' ? '1' : `${type}.BYTES_PER_ELEMENT`
    const value = this.#keep(`binary(${type}, ${elementBytes}, buffer.subarray(p, p + ${length}))`)
    this.#line(`p += ${length}`)
    return value
  }

  #align(bytes: number): void {
    if (bytes > 1) this.#line(`p = (p + ${bytes - 1}) & -${bytes}`)
  }

  #keep(expression: string): string {
    const name = this.#name('k')
    this.#line(`const ${name} = ${expression}`)
    return name
  }

  #name(prefix: string): string {
    this.#names += 1
    return `${prefix}${this.#names}`
  }

  #line(text: string): void {
    this.text += `${text}\n`
  }
}
