/**
 * The layouts that one encoder writes with: finds the one that fits a message, and gets new ones from the learner.
 *
 * A layout is published in the core's layout area before the first record that uses it is written. Its number is the position of its entry plus
 * one; 0 is a message without layout. The area, and with it the number of layouts, is bounded; what came first stays.
 */
import { canGenerateCode } from './generated-code.ts'
import type { EntryWriter } from './entry-writer.ts'
import { LayoutLearner } from './layout-learner.ts'
import { generateWriter, NO_MATCH } from './layout-writer.ts'
import type { LayoutWriter } from './layout-writer.ts'
import { parseLayout, placeLayout } from './message-layout.ts'
import type { LayoutField } from './message-layout.ts'
import type { LayoutMemory } from './layout-memory.ts'
import type { RefHooks } from './travel-check.ts'

/** Size of a layout area: some 500 layouts of five fields. */
export const LAYOUT_AREA_BYTES: number = 64 * 1024
/** Layouts whose first field is alike, tried one after the other. */
const CANDIDATES_MAX = 8

interface Compiled {
  readonly number: number
  readonly fields: readonly LayoutField[]
  /** Made when it is first tried. */
  writer: LayoutWriter | undefined
}

export class LayoutWriters {
  /** Of the layout that the latest message was written with. */
  number = 0
  readonly #entries: EntryWriter | undefined
  readonly #hooks: RefHooks
  readonly #learner: LayoutLearner
  readonly #byFirstText = new Map<string, Compiled[]>()
  readonly #byFirstName = new Map<string, Compiled[]>()
  #last: Compiled | undefined = undefined

  constructor(entries: EntryWriter | undefined, hooks: RefHooks) {
    this.#entries = canGenerateCode ? entries : undefined
    this.#hooks = hooks
    this.#learner = new LayoutLearner(hooks.isRef)
    for (const [i, text] of (this.#entries?.found ?? []).entries()) {
      const fields = text === undefined ? undefined : parseLayout(text)
      if (fields !== undefined) this.#add(fields, i + 1)
    }
  }

  /** Writes `message` with the layout that fits: the end of its bytes, or a negative number. Getters may throw. */
  write(message: object, memory: LayoutMemory, at: number, limit: number): number {
    const { int32, float64, buffer } = memory
    const last = this.#last
    if (last === undefined) return NO_MATCH
    const end = (last.writer as LayoutWriter)(message, int32, float64, buffer, at, limit)
    return end === NO_MATCH ? this.#search(message, memory, at, limit) : end
  }

  /** Shows the learner a message that was encoded without a layout. */
  learn(message: unknown): void {
    if (this.#entries === undefined || this.#entries.isFull) return
    const proposal = this.#learner.look(message)
    if (proposal === undefined) return
    const number = this.#entries.numberOf(JSON.stringify(proposal.fields))
    if (number === 0) return
    if (proposal.replaces !== undefined) this.#remove(proposal.replaces)
    this.#add(proposal.fields, number)
  }

  #search(message: object, memory: LayoutMemory, at: number, limit: number): number {
    for (const name in message) {
      // By what comes first in the message: its text, if a layout has it for an enum, then its name.
      const value = (message as Readonly<Record<string, unknown>>)[name]
      const byText = typeof value === 'string' ? this.#byFirstText.get(value) : undefined
      const end = byText === undefined ? NO_MATCH : this.#try(byText, message, memory, at, limit)
      if (end !== NO_MATCH) return end
      const byName = this.#byFirstName.get(name)
      return byName === undefined ? NO_MATCH : this.#try(byName, message, memory, at, limit)
    }
    return NO_MATCH
  }

  #try(candidates: readonly Compiled[], message: object, memory: LayoutMemory, at: number, limit: number): number {
    const { int32, float64, buffer } = memory
    for (const compiled of candidates) {
      if (compiled === this.#last) continue
      compiled.writer ??= generateWriter(placeLayout(compiled.fields), this.#hooks)
      const end = compiled.writer(message, int32, float64, buffer, at, limit)
      if (end === NO_MATCH) continue
      this.#last = compiled
      this.number = compiled.number
      return end
    }
    return NO_MATCH
  }

  #add(fields: readonly LayoutField[], number: number): void {
    const compiled: Compiled = { number, fields, writer: undefined }
    for (const list of this.#listsOf(fields)) {
      if (list.length >= CANDIDATES_MAX) list.shift()
      list.push(compiled)
    }
    if (this.#last !== undefined) return
    compiled.writer = generateWriter(placeLayout(fields), this.#hooks)
    this.#last = compiled
    this.number = number
  }

  #remove(fields: readonly LayoutField[]): void {
    for (const list of this.#listsOf(fields)) {
      const at = list.findIndex((compiled) => compiled.fields === fields)
      if (at >= 0) list.splice(at, 1)
    }
    if (this.#last?.fields === fields) this.#last = undefined
  }

  #listsOf(fields: readonly LayoutField[]): Compiled[][] {
    const [name, kind] = fields[0] as LayoutField
    if (typeof kind === 'object' && 'enum' in kind) return kind.enum.map((text) => listIn(this.#byFirstText, text))
    return [listIn(this.#byFirstName, name)]
  }
}

function listIn(map: Map<string, Compiled[]>, key: string): Compiled[] {
  let list = map.get(key)
  if (list === undefined) {
    list = []
    map.set(key, list)
  }
  return list
}
