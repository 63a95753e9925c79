/**
 * Layouts compiled ahead: for a thread that may become the reader of an area, or go on as its writer, in a moment when time matters. What is made here is
 * thrown away; the engine and `generated-code.ts` keep what they have compiled for each source, so whoever needs it later finds it.
 */
import { checkArea } from './argument-checks.ts'
import type { EntryArea } from './entry-area.ts'
import { canGenerateCode } from './generated-code.ts'
import { TextReader } from './layout-memory.ts'
import { generateReader } from './layout-reader.ts'
import { generateWriter } from './layout-writer.ts'
import { parseLayout, placeLayout } from './message-layout.ts'

/** Layouts of one area: more than a program's messages have, fewer than the cache keeps. */
const LAYOUTS_AHEAD_MAX = 64

/** Each call compiles what has been published in the area since the one before. @throws `ERR_OPTION` */
export function createReadAhead(area: EntryArea): () => void {
  checkArea('area', area)
  let seenBytes = 0
  let left = canGenerateCode ? LAYOUTS_AHEAD_MAX : 0
  return () => {
    const publishedBytes = area.publishedBytes()
    if (left === 0 || publishedBytes === seenBytes) return
    for (const text of area.read(seenBytes, publishedBytes)) {
      const fields = text === undefined ? undefined : parseLayout(text)
      if (fields === undefined || left === 0) continue
      left -= 1
      const layout = placeLayout(fields)
      generateReader(layout, { texts: new TextReader(), unpackRef: undefined })
      generateWriter(layout, {})
    }
    seenBytes = publishedBytes
  }
}
