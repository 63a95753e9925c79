/** Files that people write and programs read at their start: at once, since nothing runs yet that could wait for it. */
import { readFileSync, statSync } from 'node:fs'

/** The text of a file. Throws what Node throws, and for a file of more than `bytesMax` bytes. */
export function readSmallFile(file: string | URL, bytesMax: number): string {
  const { size } = statSync(file)
  if (size > bytesMax) throw new RangeError(`it has ${size} bytes, expected ${bytesMax} at most`)
  return readFileSync(file, 'utf8')
}

/** What is at that path; undefined for nothing. */
export function entryAt(path: string): 'file' | 'folder' | 'other' | undefined {
  const entry = statSync(path, { throwIfNoEntry: false })
  if (entry === undefined) return undefined
  return entry.isFile() ? 'file' : entry.isDirectory() ? 'folder' : 'other'
}
