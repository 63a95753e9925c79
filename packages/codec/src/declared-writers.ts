/** Writes messages by the layouts that are declared for their receiver, from the first one on. */
import type { EntryWriter } from './entry-writer.ts'
import { canGenerateCode } from './generated-code.ts'
import type { LayoutMemory } from './layout-memory.ts'
import { publishLayouts } from './layout-sets.ts'
import { generateDeclaredWriter, NO_MATCH } from './layout-writer.ts'
import type { LayoutWriter } from './layout-writer.ts'
import { declaredEntry, placeLayout } from './message-layout.ts'
import type { MessageLayouts, MessageShape } from './message-layouts.ts'

/** One member, compiled. */
interface Member {
  readonly shape: MessageShape
  /** Of its entry; 0 when there is none, and nothing is compiled. */
  readonly number: number
  readonly writer: LayoutWriter | undefined
}

/** One declaration as this encoder has met it. */
interface Known {
  readonly members: Map<MessageShape, Member>
  last: Member | undefined
  /** Of the entry of the whole; undefined until a ref needs it. */
  number: number | undefined
}

export class DeclaredWriters {
  /** Of the layout that the latest message was written with. */
  number = 0
  readonly #entries: EntryWriter | undefined
  readonly #known = new WeakMap<MessageLayouts, Known>()
  #lastLayouts: MessageLayouts | undefined = undefined
  #last: Known | undefined = undefined

  constructor(entries: EntryWriter | undefined) {
    this.#entries = entries
  }

  /**
   * The end of the message's bytes, or a negative number: it does not fit, or has no room, or nothing is compiled. Undefined when nothing is declared for
   * it. Getters may throw.
   */
  write(layouts: MessageLayouts, message: object, memory: LayoutMemory, at: number, limit: number): number | undefined {
    const known = layouts === this.#lastLayouts ? (this.#last as Known) : this.#meet(layouts)
    const { tag } = layouts
    const value = tag === undefined ? undefined : (message as Readonly<Record<string, unknown>>)[tag]
    let member = known.last
    if (member === undefined || member.shape.value !== value) {
      const shape = layouts.shapeOf(message)
      if (shape === undefined) return undefined
      member = known.members.get(shape) ?? this.#compile(known, shape)
      known.last = member
    }
    if (member.writer === undefined) return NO_MATCH
    this.number = member.number
    return member.writer(message, memory.int32, memory.float64, memory.buffer, at, limit)
  }

  /** The number that a ref carries for its declaration; 0 when the area has no room. */
  numberOf(layouts: MessageLayouts | undefined): number {
    if (layouts === undefined || this.#entries === undefined) return 0
    const known = this.#meet(layouts)
    known.number ??= publishLayouts(layouts, this.#entries)
    return known.number
  }

  #meet(layouts: MessageLayouts): Known {
    let known = this.#known.get(layouts)
    if (known === undefined) {
      known = { members: new Map(), last: undefined, number: undefined }
      this.#known.set(layouts, known)
    }
    this.#lastLayouts = layouts
    this.#last = known
    return known
  }

  #compile(known: Known, shape: MessageShape): Member {
    const number = canGenerateCode ? (this.#entries?.numberOf(declaredEntry(shape.fields)) ?? 0) : 0
    const writer = number === 0 ? undefined : generateDeclaredWriter(placeLayout(shape.fields))
    const member = { shape, number, writer }
    known.members.set(shape, member)
    return member
  }
}
