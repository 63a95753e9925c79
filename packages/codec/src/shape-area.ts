/**
 * The shape area of one core: the lists of property names that its encoder replaced by a number, each a JSON array of strings in an entry area
 * (`entry-area.ts`). The number of a shape is the position of its entry.
 */
import { areaEntry, createEntryArea, ENTRIES_MAX } from './entry-area.ts'
import type { EntryArea } from './entry-area.ts'

/** Size of a shape area: some 1,500 shapes of five short names. */
export const SHAPE_AREA_BYTES: number = 64 * 1024

/** Shapes in one area; beyond it, objects travel with their names. */
export const SHAPES_MAX: number = ENTRIES_MAX

export type Shape = readonly string[]

export interface ShapeArea extends Omit<EntryArea, 'read'> {
  /** Reads the shapes between two values of `publishedBytes`, in order; `undefined` for one that cannot be parsed. */
  read(fromBytes: number, toBytes: number): (Shape | undefined)[]
}

/** The entry of a shape, its length included; `undefined` when it is too long for an area. */
export function shapeEntry(shape: Shape): Uint8Array | undefined {
  return areaEntry(JSON.stringify(shape))
}

/** A view of the area in `bytes`: see {@link createEntryArea}. */
export function createShapeArea(bytes: Uint8Array): ShapeArea {
  const area = createEntryArea(bytes)
  return { ...area, read: (fromBytes, toBytes) => area.read(fromBytes, toBytes).map(parseShape) }
}

function parseShape(text: string | undefined): Shape | undefined {
  if (text === undefined) return undefined
  try {
    const parsed: unknown = JSON.parse(text)
    return Array.isArray(parsed) && parsed.every((name) => typeof name === 'string') ? parsed : undefined
  } catch {
    return undefined
  }
}
