/**
 * Declared layouts in an area: an entry for each member, and one entry that lists the members of a declaration. Records of refs carry the number of the
 * latter, so whoever gets a ref knows what its actor's messages look like before it has loaded any of its code.
 *
 *   { "declared": [field, …] }                    one member
 *   { "tag": "type", "of": [1, 2] }               a declaration: its tag, if it has one, and the numbers of its members
 */
import type { EntryWriter } from './entry-writer.ts'
import { declaredEntry, parseDeclared } from './message-layout.ts'
import { MessageLayouts } from './message-layouts.ts'
import type { MessageShape } from './message-layouts.ts'

/** The number of a declaration's own entry; 0 when the area has no room for it and its members. */
export function publishLayouts(layouts: MessageLayouts, entries: EntryWriter): number {
  const of: number[] = []
  for (const shape of layouts.shapes.values()) {
    const number = entries.numberOf(declaredEntry(shape.fields))
    if (number === 0) return 0
    of.push(number)
  }
  return entries.numberOf(JSON.stringify({ tag: layouts.tag, of }))
}

/** The declaration of an entry; `textOf` gives the others. Throws a RangeError for anything that {@link publishLayouts} does not write. */
export function readLayouts(text: string | undefined, textOf: (number: number) => string | undefined): MessageLayouts {
  const { tag, of } = parse(text)
  if ((tag !== undefined && typeof tag !== 'string') || !Array.isArray(of)) throw unknown()
  const shapes = (of as readonly unknown[]).map((number): MessageShape => {
    const member = typeof number === 'number' ? textOf(number) : undefined
    const fields = member === undefined ? undefined : parseDeclared(member)
    if (fields === undefined) throw unknown()
    if (tag === undefined) return { value: undefined, fields }
    const kind = fields[0]?.[0] === tag ? fields[0][1] : undefined
    if (typeof kind !== 'object' || !('enum' in kind)) throw unknown()
    return { value: kind.enum[0], fields }
  })
  return new MessageLayouts(tag, shapes)
}

function parse(text: string | undefined): { readonly tag?: unknown; readonly of?: unknown } {
  const parsed: unknown = text === undefined ? undefined : JSON.parse(text)
  if (typeof parsed !== 'object' || parsed === null) throw unknown()
  return parsed
}

function unknown(): RangeError {
  return new RangeError('declared layouts that are not in the area')
}
