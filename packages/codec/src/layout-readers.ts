/**
 * The layouts of one sending core as its decoder reads them: each is made from the entry of its number when its first record comes.
 */
import type { UnpackPacked, UnpackRef } from './boxed.ts'
import type { EntryArea } from './entry-area.ts'
import { layoutMemory, TextReader } from './layout-memory.ts'
import type { LayoutMemory } from './layout-memory.ts'
import { generateReader } from './layout-reader.ts'
import type { LayoutReader } from './layout-reader.ts'
import { readLayouts } from './layout-sets.ts'
import { parseDeclared, parseLayout, placeLayout } from './message-layout.ts'
import type { MessageLayouts } from './message-layouts.ts'
import { generateViews } from './message-view.ts'
import type { ViewOpener } from './message-view.ts'

export class LayoutReaders {
  readonly #area: EntryArea
  /** Makes a ref of what a record says of it. */
  readonly unpack: UnpackPacked | undefined
  readonly #texts: TextReader = new TextReader()
  /** By number; number 0 is none. */
  readonly #readers: (LayoutReader | undefined)[] = [undefined]
  readonly #entries: (string | undefined)[] = [undefined]
  readonly #layouts = new Map<number, MessageLayouts>()
  /** Of the declared layouts, over one memory; null for those that are none. */
  #views: (ViewOpener | null | undefined)[] = []
  #viewed: LayoutMemory | undefined = undefined
  #seenBytes = 0
  /** Views of the buffer that records came from last: a ring's, nearly always. */
  #buffer: Buffer | undefined = undefined
  #memory: LayoutMemory | undefined = undefined

  constructor(area: EntryArea, unpackRef: UnpackRef | undefined) {
    this.#area = area
    this.unpack = unpackRef && unpackerOf(unpackRef, (number) => this.layouts(number))
  }

  /** The message between `at` and `end`, to be read in place if its layout is a declared one; else like {@link read}. */
  open(number: number, buffer: Buffer, at: number, end: number): unknown {
    if (buffer !== this.#buffer) {
      this.#buffer = buffer
      this.#memory = layoutMemory(buffer)
    }
    const memory = this.#memory
    if (memory === undefined || at % 8 !== 0) return this.read(number, buffer, at, end)
    if (memory !== this.#viewed) {
      this.#viewed = memory
      this.#views = []
    }
    const open = this.#views[number] ?? this.#loadView(number, memory)
    return open === null ? this.read(number, buffer, at, end) : open(at, end)
  }

  /** The declaration of that number. Throws for a number that has none. */
  layouts(number: number): MessageLayouts {
    let layouts = this.#layouts.get(number)
    if (layouts === undefined) {
      layouts = readLayouts(this.#entry(number), (member) => this.#entry(member))
      this.#layouts.set(number, layouts)
    }
    return layouts
  }

  /** The message between `at` and `end`. Throws for a number that has no layout and for damaged bytes. */
  read(number: number, buffer: Buffer, at: number, end: number): unknown {
    const reader = this.#readers[number] ?? this.#load(number)
    if (buffer !== this.#buffer) {
      this.#buffer = buffer
      this.#memory = layoutMemory(buffer)
    }
    const memory = this.#memory
    if (memory === undefined || at % 8 !== 0) {
      const own = layoutMemory(Buffer.from(Uint8Array.prototype.slice.call(buffer, at, end).buffer)) as LayoutMemory
      return reader(own.int32, own.float64, own.buffer, 0, end - at)
    }
    return reader(memory.int32, memory.float64, buffer, at, end)
  }

  #load(number: number): LayoutReader {
    const text = this.#entry(number)
    const fields = text === undefined ? undefined : (parseLayout(text) ?? parseDeclared(text))
    if (fields === undefined) throw new RangeError('a layout that is not in the area')
    const reader = generateReader(placeLayout(fields), { texts: this.#texts, unpackRef: this.unpack })
    this.#readers[number] = reader
    return reader
  }

  #loadView(number: number, memory: LayoutMemory): ViewOpener | null {
    const text = this.#entry(number)
    const fields = text === undefined ? undefined : parseDeclared(text)
    const views = fields === undefined ? null : generateViews(fields, memory, this.#texts)
    this.#views[number] = views
    return views
  }

  #entry(number: number): string | undefined {
    if (number >= this.#entries.length) {
      const publishedBytes = this.#area.publishedBytes()
      this.#entries.push(...this.#area.read(this.#seenBytes, publishedBytes))
      this.#seenBytes = publishedBytes
    }
    return this.#entries[number]
  }
}

/** For a decoder without layouts too, whose records name none. */
export function unpackerOf(unpackRef: UnpackRef, layoutsOf: (number: number) => MessageLayouts): UnpackPacked {
  return (core, slot, generation, name, number) => {
    if (number !== 0) return unpackRef(core, slot, generation, name, layoutsOf(number))
    return name === undefined ? unpackRef(core, slot, generation) : unpackRef(core, slot, generation, name)
  }
}
