/** For a thread that may become any core: what messages look like by now, compiled ahead. */
import { createEntryArea, createReadAhead } from '@cambium/codec'
import type { SystemMemory } from './system-memory.ts'

/** Each call compiles the layouts that cores have published since the one before, for reading and for writing. */
export function createLayoutsAhead(memory: SystemMemory): () => void {
  const areas = memory.blocks.map(({ layouts }) => createReadAhead(createEntryArea(layouts)))
  return () => {
    for (const readOn of areas) readOn()
  }
}
