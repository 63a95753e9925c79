/**
 * What a message says, as a number: equal for equal messages in any process and version of Node. Bounded, for it is taken of every message of a run: of a
 * large one the first values count, of a long text or buffer its length and its beginning.
 */
import { isRef } from '@cambium/actor'

const PRIME = 0x01000193
/** Values of one message. */
const VALUES_MAX = 32
const DEPTH_MAX = 6
/** Characters of a text, bytes of a buffer. */
const BEGINNING_MAX = 24

const float = new Float64Array(1)
const words = new Int32Array(float.buffer)

/** Values that are left to count; one message at a time. */
let left = 0

/** `hash` with `message` mixed in (after FNV-1a). A message that cannot be looked at counts as one without content. */
export function mixContent(hash: number, message: unknown): number {
  left = VALUES_MAX
  try {
    return mix(hash, message, 0)
  } catch {
    return step(hash, 1)
  }
}

/** A text with its length. */
export function mixText(hash: number, text: string, charsMax: number = text.length): number {
  let h = step(hash, text.length)
  const end = Math.min(text.length, charsMax)
  for (let i = 0; i < end; i += 1) h = step(h, text.charCodeAt(i))
  return h
}

function mix(hash: number, value: unknown, depth: number): number {
  if (left === 0) return hash
  left -= 1
  switch (typeof value) {
    case 'number':
      return mixNumber(hash, value)
    case 'string':
      return mixText(step(hash, 2), value, BEGINNING_MAX)
    case 'boolean':
      return step(hash, value ? 3 : 4)
    case 'bigint':
      return mixText(step(hash, 5), value.toString(16), BEGINNING_MAX)
    case 'object':
      return value === null ? step(hash, 6) : mixObject(hash, value, depth)
    default:
      return step(hash, 7)
  }
}

function mixNumber(hash: number, value: number): number {
  if ((value | 0) === value) return step(hash, value)
  float[0] = value
  return Number.isNaN(value) ? step(hash, 8) : step(step(hash, words[0] as number), words[1] as number)
}

function mixObject(hash: number, value: object, depth: number): number {
  // Most messages are plain objects, and most of the time of looking at one was to find that it is nothing else.
  if (depth < DEPTH_MAX && Object.getPrototypeOf(value) === Object.prototype) return mixFields(hash, value, depth)
  if (isRef(value)) return step(step(step(hash, value.core), value.slot), value.generation)
  if (depth >= DEPTH_MAX) return step(hash, 9)
  if (Array.isArray(value)) return mixAll(step(hash, value.length), value, depth)
  if (isView(value)) return mixFields(hash, value.$copy(), depth)
  if (ArrayBuffer.isView(value)) {
    const bytes = new Uint8Array(value.buffer, value.byteOffset, Math.min(value.byteLength, BEGINNING_MAX))
    return bytes.reduce(step, step(hash, value.byteLength))
  }
  if (value instanceof Date) return mixNumber(step(hash, 10), value.getTime())
  // Texts of errors differ between versions of Node.
  if (value instanceof Error) return mixText(hash, value.name)
  if (value instanceof Map) return mixAll(step(hash, value.size), [...value.keys(), ...value.values()], depth)
  if (value instanceof Set) return mixAll(step(hash, value.size), value, depth)
  return mixFields(hash, value, depth)
}

function mixAll(hash: number, values: Iterable<unknown>, depth: number): number {
  let h = hash
  for (const value of values) {
    if (left === 0) break
    h = mix(h, value, depth + 1)
  }
  return h
}

function mixFields(hash: number, value: object, depth: number): number {
  let h = hash
  for (const name in value) {
    if (left === 0) break
    if (name === 'stack') continue // of an error record: it says where the files lie, and each version of Node writes it in its own way
    h = mix(step(step(h, name.length), name.charCodeAt(0)), (value as Record<string, unknown>)[name], depth + 1)
  }
  return h
}

/** A message that is read in place (`codec/src/message-view.ts`): its record is in hand as long as it is looked at here. */
function isView(value: object): value is { $copy(): object } {
  return '$copy' in value && typeof value.$copy === 'function'
}

function step(hash: number, part: number): number {
  return Math.imul(hash ^ part, PRIME)
}
