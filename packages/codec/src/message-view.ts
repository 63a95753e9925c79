/**
 * Messages that are read in place: an object whose fields are read from the record when they are asked for. It belongs to one message; once the handler
 * that was given it has returned, the record is the ring's again, and every field throws `ERR_MESSAGE_GONE`.
 *
 * The constructor looks at all that a reader would look at, so damaged bytes are refused before a handler sees them.
 */
import { inspect } from 'node:util'
import { messageGone } from './errors.ts'
import { generate, literal } from './generated-code.ts'
import type { LayoutMemory, TextReader } from './layout-memory.ts'
import { damaged } from './layout-reader.ts'
import { placeLayout } from './message-layout.ts'
import type { LayoutField, PlacedField } from './message-layout.ts'

/** Names with a `$`, which no field has. */
export abstract class MessageView {
  abstract $close(): void
  abstract $copy(): Record<string, unknown>

  toJSON(): unknown {
    return this.$copy()
  }
}

Object.defineProperty(MessageView.prototype, inspect.custom, {
  value(this: MessageView): unknown {
    return this.$copy()
  },
})

/** A message to keep: a plain object with memory of its own, if `message` is one that is read in place; else `message` itself. */
export function keepMessage<M>(message: M): M {
  return isView(message) ? (message.$copy() as M) : message
}

/** The record of a message is given back: if it was read in place, nothing more can be read. */
export function closeMessage(message: unknown): void {
  if (isView(message)) message.$close()
}

function isView(message: unknown): message is MessageView {
  try {
    return message instanceof MessageView
  } catch {
    return false // a proxy that was revoked, or that throws: whoever looks into it will name it
  }
}

/** Opens the message between `at`, a multiple of 8, and `end`. Throws on damaged bytes. */
export type ViewOpener = (at: number, end: number) => MessageView

/** Views of the messages of a declared layout in `memory`. */
export function generateViews(fields: readonly LayoutField[], memory: LayoutMemory, texts: TextReader): ViewOpener {
  const { fields: placed, fixedBytes } = placeLayout(fields)
  const contents = placed.filter(({ kind }) => isContent(kind))
  const getters = placed.map((field) => {
    const before = contents.slice(0, Math.max(0, contents.indexOf(field)))
    return `get ${literal(field.name)}() {
      const at = this.#at
      if (at < 0) gone(${literal(field.name)})
      ${read(field, before, fixedBytes)}
    }`
  })
  const copies = placed.map(({ name, kind }) => `${literal(name)}: this[${literal(name)}]${hasBytes(kind) ? '.slice()' : ''}`)
  const body = `
    class View extends MessageView {
      #at
      constructor(at, end) {
        super()
        let p = at + ${fixedBytes}
        if (p > end) damaged()
        ${placed.map(check).join('\n')}
        if (p !== end) damaged()
        this.#at = at
      }
      ${getters.join('\n')}
      $close() { this.#at = -1 }
      $copy() { return { ${copies.join(', ')} } }
    }
    return (at, end) => new View(at, end)`
  return generate(body, {
    ...memory,
    MessageView,
    texts,
    damaged,
    gone: messageGone,
  }) as ViewOpener
}

function isContent(kind: PlacedField['kind']): boolean {
  return typeof kind === 'object' && ('text' in kind || 'bytes' in kind)
}

function hasBytes(kind: PlacedField['kind']): boolean {
  return typeof kind === 'object' && 'bytes' in kind
}

/** Bytes of content that a length word stands for: of a text it is the length twice, and whether a character takes two bytes. */
function contentBytes(kind: PlacedField['kind'], word: string): string {
  return hasBytes(kind) ? `${word} >>> 0` : `(${word} >>> 1) * (1 + (${word} & 1))`
}

function check({ kind, at }: PlacedField): string {
  const byte = `buffer[at + ${at}]`
  const word = `int32[at + ${at} >> 2]`
  if (isContent(kind)) return `{ const n = ${contentBytes(kind, word)}; if (n > end - p) damaged(); p += n }`
  if (typeof kind === 'object') return `if (${byte} !== 0) damaged()` // a tag: its only value is number 0
  if (kind === 'boolean') return `if (${byte} > 1) damaged()`
  if (kind === 'int16') return `if (${word} << 16 >> 16 !== ${word}) damaged()`
  if (kind === 'uint16') return `if (${word} >>> 16 !== 0) damaged()`
  return ''
}

function read({ kind, at }: PlacedField, before: readonly PlacedField[], fixedBytes: number): string {
  const byte = `buffer[at + ${at}]`
  const word = `int32[at + ${at} >> 2]`
  switch (kind) {
    case 'int8':
      return `return ${byte} << 24 >> 24`
    case 'uint8':
      return `return ${byte}`
    case 'boolean':
      return `return ${byte} === 1`
    case 'int16':
    case 'uint16':
    case 'int32':
      return `return ${word}`
    case 'uint32':
      return `return ${word} >>> 0`
    case 'float32':
    case 'float64':
      return `return float64[at + ${at} >> 3]`
    default:
  }
  if (typeof kind === 'object' && 'enum' in kind) return `return ${literal(kind.enum[0] as string)}`
  const skips = before.map((each) => `p += ${contentBytes(each.kind, `int32[at + ${each.at} >> 2]`)}`).join('; ')
  const begin = `let p = at + ${fixedBytes}; ${skips}`
  if (hasBytes(kind)) return `${begin}; return new Uint8Array(buffer.buffer, buffer.byteOffset + p, ${word})`
  return `${begin}; const n = ${word} >>> 1
    return (${word} & 1) === 0 ? texts.read(buffer, p, n) : texts.readWide(buffer, p, n)`
}
