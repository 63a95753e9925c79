/**
 * The layouts of one sending core as its decoder reads them: each is made from the entry of its number when its first record comes.
 */
import type { UnpackRef } from './boxed.ts'
import type { EntryArea } from './entry-area.ts'
import { layoutMemory, TextReader } from './layout-memory.ts'
import type { LayoutMemory } from './layout-memory.ts'
import { generateReader } from './layout-reader.ts'
import type { LayoutReader } from './layout-reader.ts'
import { parseLayout, placeLayout } from './message-layout.ts'

export class LayoutReaders {
  readonly #area: EntryArea
  readonly #unpackRef: UnpackRef | undefined
  readonly #texts: TextReader = new TextReader()
  /** By number; number 0 is none. */
  readonly #readers: (LayoutReader | undefined)[] = [undefined]
  readonly #entries: (string | undefined)[] = [undefined]
  #seenBytes = 0
  /** Views of the buffer that records came from last: a ring's, nearly always. */
  #buffer: Buffer | undefined = undefined
  #memory: LayoutMemory | undefined = undefined

  constructor(area: EntryArea, unpackRef: UnpackRef | undefined) {
    this.#area = area
    this.#unpackRef = unpackRef
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
    const publishedBytes = this.#area.publishedBytes()
    this.#entries.push(...this.#area.read(this.#seenBytes, publishedBytes))
    this.#seenBytes = publishedBytes
    const text = this.#entries[number]
    const fields = text === undefined ? undefined : parseLayout(text)
    if (fields === undefined) throw new RangeError('a layout that is not in the area')
    const reader = generateReader(placeLayout(fields), { texts: this.#texts, unpackRef: this.#unpackRef })
    this.#readers[number] = reader
    return reader
  }
}
